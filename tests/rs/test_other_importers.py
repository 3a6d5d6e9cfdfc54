"""LIANA, OmniPath, ConnectomeDB."""

from __future__ import annotations

import builtins
import importlib
import importlib.util

import pandas as pd
import pytest

from commscore import rs
from commscore.rs.io import liana


def chosen(name):
    return pd.DataFrame({"ligand": ["LGALS9", "TGFB1"], "receptor": ["PTPRC", "TGFBR1_TGFBR2"], "asked": name})


def test_liana_frames_are_read_and_written_back():
    res = rs.from_liana("consensus", select=chosen)
    assert res.name == "liana:consensus"
    assert set(res.interactions["asked"]) == {"consensus"}
    assert set(res.interactions["basis"]) == {"listed"}
    pd.testing.assert_frame_equal(res.to_liana(), chosen("x")[["ligand", "receptor"]])
    assert list(res.to_liana().columns) == ["ligand", "receptor"]
    assert rs.from_liana("mouseconsensus", select=chosen).species == "mouse"


def test_without_liana_the_extra_is_named(monkeypatch):
    def refuse(name, package=None):
        if name.startswith("liana"):
            raise ImportError(name)
        return builtins.__import__(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(ImportError, match=r"pip install liana"):
        rs.from_liana("consensus")


@pytest.mark.skipif(importlib.util.find_spec("liana") is None, reason="liana is not installed")
def test_the_installed_liana():
    res = rs.from_liana("consensus")
    assert len(res) > 4000
    assert res.version == liana.installed_version()
    assert "liana:consensus" in set(rs.show()["name"])
    with pytest.raises(ValueError, match=r"name='consensu' is not a resource of liana: .*did you mean 'consensus'"):
        rs.from_liana("consensu")


def test_omnipath():
    df = pd.DataFrame(
        {
            "source": ["P1", "P2", "COMPLEX:P3_P4", "P1"],
            "target": ["Q1", "Q2", "Q3", "Q1"],
            "source_genesymbol": ["A", "B", "COMPLEX:C_D", "A"],
            "target_genesymbol": ["R", "S", "T_U", "R"],
            "is_stimulation": [True, False, 1, True],
            "is_inhibition": [False, True, 1, False],
            "references": ["HPRD:1", None, "x", "CellPhoneDB:2"],
            "sources": ["HPRD", "SIGNOR", "x", "CellPhoneDB"],
            "category_intercell_source": ["ligand", "cell_surface_ligand", "ecm", "ligand"],
        }
    )
    res = rs.from_omnipath(df)
    table = res.interactions.set_index("interaction")
    assert table["effect"].to_dict() == {"A^R": "activating", "B^S": "inhibiting", "C_D^T_U": "unknown"}
    assert table["mode"].to_dict() == {"A^R": "paracrine", "B^S": "contact", "C_D^T_U": "ecm"}
    assert table.loc["A^R", "databases"] == "HPRD;CellPhoneDB"
    assert table.loc["A^R", "source_id"] == "P1"
    assert (table.loc["A^R", "n_evidence"], table.loc["A^R", "sources"]) == (2, "omnipath")
    assert sorted(res.evidence["cited"]) == ["", "CellPhoneDB:2", "HPRD:1", "x"]


def test_omnipath_intercell_names_and_errors():
    df = pd.DataFrame({"genesymbol_intercell_source": ["A"], "genesymbol_intercell_target": ["B"]})
    assert rs.from_omnipath(df).interactions["interaction"].tolist() == ["A^B"]
    with pytest.raises(ValueError, match=r"df, column 'target_genesymbol': missing; found source_genesymbol"):
        rs.from_omnipath(pd.DataFrame({"source_genesymbol": ["A"]}))
    with pytest.raises(ValueError, match=r"df\['receptor'\], row 0 \(number 0\): missing"):
        rs.from_omnipath(pd.DataFrame({"source_genesymbol": ["A"], "target_genesymbol": [None]}))
    with pytest.raises(TypeError, match=r"df must be a pandas DataFrame, found .*dict"):
        rs.from_omnipath({})


def test_connectomedb_of_both_years():
    old = pd.DataFrame(
        {
            "Ligand gene symbol": ["A2M", "CD274"],
            "Receptor gene symbol": ["LRP1", "PDCD1"],
            "Ligand location": ["secreted", "plasma membrane"],
            "PMID support": [10652313, 11015443],
        }
    )
    res = rs.from_connectomedb(old)
    table = res.interactions.set_index("interaction")
    assert table["mode"].to_dict() == {"A2M^LRP1": "paracrine", "CD274^PDCD1": "contact"}
    assert table.loc["A2M^LRP1", "Ligand location"] == "secreted"
    assert res.evidence["cited"].tolist() == ["10652313", "11015443"]
    new = pd.DataFrame({"Ligand Symbols": ["CCN2 (CTGF)"], "Receptor Symbols": ["LRP6"], "Evidence": ["Direct"]})
    assert rs.from_connectomedb(new).interactions["interaction"].tolist() == ["CCN2^LRP6"]
    with pytest.raises(ValueError, match=r"df has no column 'Receptor gene symbol' or 'Receptor Symbols'"):
        rs.from_connectomedb(old.drop(columns="Receptor gene symbol"))
    with pytest.raises(TypeError, match=r"df must be a pandas DataFrame, found None"):
        rs.from_connectomedb(None)
