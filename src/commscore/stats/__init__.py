"""Statistics on plain arrays: p-values, multiple testing, analytic nulls."""
