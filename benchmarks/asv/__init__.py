"""Suites of asv: ``asv run --config asv.conf.json`` from the root of the repository."""
