"""Numba kernels: arrays in, arrays out. Nothing here knows AnnData, a score's name or a thread."""
