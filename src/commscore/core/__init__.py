"""The engine on arrays: columns, complexes, tests, blocks of permutations. It knows no AnnData and no score."""
