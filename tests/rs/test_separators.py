"""Tables as spreadsheets write them: other separators, decimal commas, other encodings."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

import commscore as cs
from commscore.cli._open_resource import open_resource
from commscore.rs._tabular import read_table
from commscore.rs.io._read import File, read_csv, separated

PAIRS = pd.DataFrame({"ligand": ["CXCL12", "CSF1"], "receptor": ["CXCR4", "CSF1R"], "weight": [0.5, 2.0]})
EXPECTED = ["CSF1^CSF1R", "CXCL12^CXCR4"]


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".csv.gz"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(("sep", "decimal"), [(",", "."), (";", "."), (";", ","), ("\t", ","), ("\t", "."), ("|", ".")])
def test_the_separator_is_that_of_the_header(tmp_path, ending, encoding, sep, decimal):
    path = tmp_path / f"t{ending}"
    text = PAIRS.to_csv(index=False, sep=sep, decimal=decimal).encode(encoding)
    path.write_bytes(gzip.compress(text) if ending.endswith("gz") else text)
    pd.testing.assert_frame_equal(read_table(path, argument="--resource"), PAIRS)
    assert open_resource(str(path)).interactions["interaction"].tolist() == EXPECTED


def test_the_line_by_which_spreadsheets_name_it(tmp_path):
    for line in ("sep=;\n", "sep=;\r\n"):
        (tmp_path / "t.csv").write_text(line + PAIRS.to_csv(index=False, sep=";"), newline="")
        pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv", argument="--resource"), PAIRS)


def test_text_with_commas_stays_text(tmp_path):
    (tmp_path / "t.csv").write_text("ligand;receptor;note\nCSF1;CSF1R;1,2 and 3\nMIF;CD74;4,5\n")
    assert read_table(tmp_path / "t.csv", argument="--resource")["note"].tolist() == ["1,2 and 3", "4,5"]


def test_what_is_no_unicode_says_so(tmp_path):
    (tmp_path / "t.csv").write_bytes("ligand;receptor;source\nCSF1;CSF1R;Müller\n".encode("cp1252"))
    with pytest.raises(ValueError, match="line 2 is not UTF-8 text; save the table as CSV UTF-8"):
        read_table(tmp_path / "t.csv", argument="--resource")


@pytest.mark.parametrize("text", ['ligand;receptor;"a,b,c,d"\nCSF1;CSF1R;1\n', "\n\nligand;receptor\nCSF1;CSF1R\n"])
def test_quoted_names_and_blank_lines_before_the_header(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    frame = read_table(tmp_path / "t.csv", argument="--resource")
    assert frame.iloc[0, :2].tolist() == ["CSF1", "CSF1R"]
    assert open_resource(str(tmp_path / "t.csv")).interactions["interaction"].tolist() == ["CSF1^CSF1R"]


def test_one_name_in_a_header_keeps_the_likely_separator():
    assert separated("gene\nCSF1\n", "\t") == ("\t", "gene\nCSF1\n")


def test_tables_of_other_tools_too():
    frame = read_csv(File("complex_input.csv", b"complex_name;uniprot_1\nA;P1\n"), ["complex_name", "uniprot_1"])
    assert frame["uniprot_1"].tolist() == ["P1"]


@pytest.mark.parametrize("sep", [";", "\t"])
def test_a_frame_that_was_read_with_the_wrong_one_says_so(tmp_path, sep):
    PAIRS.to_csv(tmp_path / "t.csv", index=False, sep=sep)
    frame = pd.read_csv(tmp_path / "t.csv")
    message = r"wrong separator: pd\.read_csv\(path, sep='" + ("\\\\t" if sep == "\t" else sep)
    for read in (cs.rs.from_table, cs.rs.as_resource, cs.rs.from_omnipath, cs.rs.from_connectomedb):
        with pytest.raises(ValueError, match=message):
            read(frame)
