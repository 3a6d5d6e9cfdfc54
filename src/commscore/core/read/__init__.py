"""The one room that reads matrices: in memory or in blocks, to columns, statistics of groups, and pseudobulks."""
