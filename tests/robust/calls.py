"""One valid call of every public function: what a bad value is put into."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

import commscore as cs

PAIRS = [("CSF1", "CSF1R"), ("CDH1", "CDH1"), ("TGFB1", "TGFBR1_TGFBR2"), ("IL6", "IL6R_IL6ST"), ("CXCL12", "CXCR4")]
CONTEXTS = {"control": "stage=normal", "case": "stage=invasive"}
KEYS = {"condition_key": "condition", "sample_key": "sample", "min_cells": 5}


class World:
    """A cohort of 360 cells with every kind of result, and files of every format."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        a = self.adata = cs.ds.simulate(
            n_samples=3,
            n_cells=60,
            groups=("tumour", "CAF", "macrophage"),
            interactions=PAIRS,
            n_background=20,
            rng=0,
            shifts=[cs.ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=6)],
        )
        a.layers["counts"] = a.X.copy()
        a.X = a.X.multiply(1e4 / np.asarray(a.X.sum(axis=1)).ravel()[:, None]).tocsr()
        a.X.data = np.log1p(a.X.data)
        self.targets = pd.DataFrame({"source": "P", "target": list(a.var_names[:20]), "weight": 1.0})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # few samples; what the tools say of them is tested elsewhere
            cs.tl.score(a, "cell_type", n_perms=20)
            cs.tl.compare(a, "cell_type", order=["control", "case"], **KEYS)
            cs.tl.balance(a, "cell_type", **KEYS)
            cs.tl.circuits(a, "cell_type", n_perms=20, **KEYS)
            cs.tl.therapies(a)
            cs.tl.expectations(a, "cell_type", contexts=CONTEXTS, **KEYS)
            genes = cs.get.table(a)[["receptor", "ligand"]].drop_duplicates()
            self.net = pd.DataFrame({"source": genes["receptor"], "target": genes["ligand"], "weight": 1.0})
            cs.tl.loops(a, net=self.net, max_padj=None, n_perms=5)
            cs.tl.recessive(a, max_padj=None, n_boot=5)
            cs.tl.response(a, "cell_type", net=self.targets, **KEYS)
            cs.tl.leave_one_out(a)
            self.samples = cs.tl.profile(a, "cell_type", sample_key="sample", min_cells=5)
        self.table = pd.DataFrame(PAIRS, columns=["ligand", "receptor"])
        self.tissue = cs.ds.simulate_tissue(n_cells=600, interactions=PAIRS, n_background=20)
        self.tissue.X = self.tissue.X.multiply(1e4 / np.asarray(self.tissue.X.sum(axis=1)).ravel()[:, None]).tocsr()
        self.tissue.X.data = np.log1p(self.tissue.X.data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it says of decoys
            cs.tl.spatial(self.tissue, "cell_type", um_per_unit=1, resource=self.table, min_cells=3)
        self.edge = cs.get.table(a, "commscore_compare").iloc[0]
        self._files()

    def _files(self) -> None:
        interactions = "interaction_name,ligand,receptor,agonist,antagonist,co_A_receptor,co_I_receptor,annotation\n"
        (self.folder / "i.csv").write_text(f",{interactions}A_B,A_B,A,B,,,,,Secreted Signaling\n")
        (self.folder / "x.csv").write_text(",subunit_1,subunit_2\n")
        (self.folder / "c.csv").write_text(",cofactor1,cofactor2\n")
        with zipfile.ZipFile(self.folder / "cpdb.zip", "w") as archive:
            archive.writestr("interaction_input.csv", "id_cp_interaction,partner_a,partner_b\nI1,P01137,P36897\n")
            archive.writestr(
                "gene_input.csv",
                "gene_name,uniprot,hgnc_symbol,ensembl\nTGFB1,P01137,TGFB1,E1\nTGFBR1,P36897,TGFBR1,E2\n",
            )
            archive.writestr("complex_input.csv", "complex_name,uniprot_1,uniprot_2\n")
            archive.writestr(
                "protein_input.csv",
                "uniprot,protein_name,secreted,receptor,integrin\nP01137,a,True,False,False\nP36897,b,False,True,False\n",
            )


def calls(w: World) -> dict[str, dict[str, object]]:
    """Name -> keyword arguments of a call that works."""
    a = w.adata
    on = {"adata": a, "groupby": "cell_type"}
    off = {"inplace": False}
    plot = {"data": a}
    samples = {"condition_key": "condition", "sample_key": "sample", "min_cells": 5}
    return {
        "tl.score": on | off | {"n_perms": 5, "resource": w.table},
        "tl.compare": on | off | samples,
        "tl.calibrate": {"adata": a, "n_shuffles": 2},
        "tl.power": {"adata": a},
        "tl.profile": on | {"sample_key": "sample", "min_cells": 5},
        "tl.balance": on | off | samples,
        "tl.circuits": on | off | samples | {"n_perms": 5},
        "tl.loops": {"adata": a, "net": w.net, "max_padj": None, "n_perms": 5} | off,
        "tl.response": on | off | samples | {"net": w.targets},
        "tl.recessive": {"adata": a, "max_padj": None, "n_boot": 3} | off,
        "tl.roles": on,
        "tl.therapies": {"adata": a} | off,
        "tl.expectations": on | off | samples | {"contexts": CONTEXTS},
        "tl.leave_one_out": {"adata": a} | off,
        "tl.spatial": on | off | {"adata": w.tissue, "um_per_unit": 1, "resource": w.table, "min_cells": 3},
        "tl.method": {"name": "hill"},
        "tl.methods": {},
        "get.load": {"adata": a},
        "get.store": {"adata": a.copy(), "key": "again", "result": cs.get.load(a)},
        "get.params": {"adata": a},
        "get.pvalue_error": {"adata": a},
        "get.table": {"adata": a},
        "get.untested": {"adata": a},
        "get.matrix": {"adata": a, "max_padj": None},
        "get.columns": {"key": "commscore_compare"},
        "get.to_liana": {"adata": a, "sample": "s1"},
        "get.to_networkx": {"adata": a},
        "get.Result.counted": {},
        "get.factors": {"adata": a},
        "get.totals": {"adata": a},
        "pl.balance": plot,
        "pl.clustermap": plot | {"key": "commscore_compare", "value": "effect", "max_padj": None},
        "pl.chord": plot | {"max_padj": None}, "pl.diff_network": plot,
        "pl.circuit": plot | {"circuit": str(a.uns["commscore_circuits"]["table"]["circuit"].iloc[0])},
        "pl.dotplot": plot, "pl.drivers": plot | {"max_padj": None}, "pl.expectations": plot,
        "pl.heatmap": plot | {"max_padj": None}, "pl.influence": plot,
        "pl.loops": plot, "pl.network": plot | {"max_padj": None}, "pl.quadrant": plot,
        "pl.proximity": {"data": w.tissue}, "pl.calibration": {"adata": w.tissue},
        "pl.spatial": {"adata": w.tissue, "interaction": "CSF1^CSF1R"},
        "pl.roles": plot | {"later": a} | {"max_padj": None}, "pl.sankey": plot | {"max_padj": None},
        "pl.shift_heatmap": plot, "pl.spectrum": plot | {"max_padj": None}, "pl.therapies": plot,
        "pl.volcano": plot, "pl.shapes": plot | {"order": ["control", "case"]},
        "pl.response": plot | {"max_padj": 1.0},
        "pl.by_sample": {"samples": w.samples, "condition_key": "condition", "comparison": a, "response": a},
        "pl.trend": {
            "samples": w.samples, "interaction": w.edge["interaction"], "source": w.edge["source"],
            "target": w.edge["target"], "stage_key": "condition", "comparison": a,
        },
        "rs.load": {}, "rs.aliases": {}, "rs.progeny": {}, "rs.receptor_pathways": {}, "rs.show": {},
        "rs.as_resource": {"resource": w.table},
        "rs.from_table": {"df": w.table},
        "rs.from_omnipath": {"df": w.table.set_axis(["source_genesymbol", "target_genesymbol"], axis=1)},
        "rs.from_connectomedb": {"df": w.table.set_axis(["Ligand gene symbol", "Receptor gene symbol"], axis=1)},
        "rs.from_liana": {"name": "consensus", "select": lambda _: w.table},
        "rs.from_cellphonedb": {"path": w.folder / "cpdb.zip"},
        "rs.from_cellchatdb": {
            "interaction_csv": w.folder / "i.csv", "complex_csv": w.folder / "x.csv", "cofactor_csv": w.folder / "c.csv"
        },
        "rs.Resource.evidence_for": {"interaction": "CSF1^CSF1R"},
        "rs.Resource.describe": {}, "rs.Resource.to_liana": {},
        "rs.Resource.filter": {"mode": "ecm"},
        "rs.Resource.merge": {"other": cs.rs.from_table(w.table)},
        "rs.Resource.to_species": {"species": "mouse"},
        "rs.Resource.match": {"var_names": ["CSF1"], "genes": ["CSF1"]},
        "ds.Shift": {"interaction": "CSF1^CSF1R", "source": "tumour", "target": "macrophage"},
        "ds.simulate": {"n_samples": 1, "n_cells": 10, "interactions": PAIRS, "n_background": 3},
        "ds.TissueEffect": {"source": "CAF", "target": "tumour", "interaction": "CSF1^CSF1R"},
        "ds.simulate_tissue": {"n_cells": 30, "interactions": PAIRS, "n_background": 3},
        "ds.fetch": {"name": "kang2018_muscat", "cache_dir": w.folder},
        "ds.path": {"name": "kang2018_muscat", "cache_dir": w.folder},
        "ds.list": {"cache_dir": w.folder},
        "ds.pbmc": {},
        "report.write": {"adata": a, "path": w.folder / "r.html", "figures": False},
    }  # fmt: skip
