"""FastCCC with means, minima of complexes and the arithmetic mean; it writes its tables to a folder."""

import tempfile

import fastccc
import measure


def call(adata, task):
    with tempfile.TemporaryDirectory() as folder:
        _, _, tested = fastccc.statistical_analysis_method(
            task["database"], None, adata, style="cpdb", meta_key="group", save_path=folder
        )
    return tested.to_numpy().sum()


measure.run(call, version=fastccc.__version__)
