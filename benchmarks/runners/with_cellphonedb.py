"""CellPhoneDB's statistical method, from an AnnData in memory; it writes its tables to a folder."""

import importlib.metadata
import tempfile

import measure
from cellphonedb.src.core.methods import cpdb_statistical_analysis_method as method


def call(adata, task):
    with tempfile.TemporaryDirectory() as folder:
        meta = f"{folder}/meta.tsv"
        adata.obs["group"].rename_axis("Cell").rename("cell_type").reset_index().to_csv(meta, sep="\t", index=False)
        result = method.call(
            cpdb_file_path=task["database_zip"], meta_file_path=meta, counts_file_path=adata, threads=1,
            counts_data="hgnc_symbol", output_path=folder, iterations=task["n_perms"], threshold=0.1,
        )  # fmt: skip
    return (result["pvalues"].filter(like="|") <= 1).to_numpy().sum()


measure.run(call, version=importlib.metadata.version("cellphonedb"))
