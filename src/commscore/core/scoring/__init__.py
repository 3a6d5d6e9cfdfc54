"""Scores of interactions on arrays: tables of statistics, permuted counts, the analytic null."""
