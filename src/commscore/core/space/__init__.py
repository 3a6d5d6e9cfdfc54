"""Cells in a tissue: who is near whom, what arrives, and whether a receptor follows it."""
