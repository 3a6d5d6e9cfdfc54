"""Slow and obvious versions of what the package computes fast, in plain Python and NumPy.

Nothing here is imported from the package: the random numbers, the labellings and the statistics are written
again from their definitions.
"""

from __future__ import annotations

import numpy as np

M64 = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return z ^ (z >> 31)


def shuffled(values, key, stream):
    """Fisher–Yates with SplitMix64 and Lemire's bounded integers."""
    values = list(values)
    state = mix(key ^ mix((stream + GOLDEN) & M64))
    for i in range(len(values) - 1, 0, -1):
        n = i + 1
        while True:
            state = (state + GOLDEN) & M64
            m = (mix(state) >> 32) * n
            if (m & 0xFFFFFFFF) >= (2**32 - n) % n:
                break
        j = m >> 32
        values[i], values[j] = values[j], values[i]
    return np.array(values)


def number_groups(labels):
    """Groups by size, ties by first cell: label -> number."""
    names = list(dict.fromkeys(labels))
    return {name: k for k, name in enumerate(sorted(names, key=lambda g: (list(labels).count(g), names.index(g))))}


def labellings(labels, n_perms, key, scheme):
    """All permuted labellings, n_perms × n_cells, of integer labels."""
    labels = np.asarray(labels)
    n, k = labels.size, int(labels.max()) + 1
    if scheme == "ring":
        return ring(labels, n_perms, key)
    turns = 1 if scheme == "independent" else min(20, k, n_perms, n)
    n_orders = -(-n_perms // turns)
    in_order = np.sort(labels)  # the groups as intervals
    cells = shuffled(range(n), key, 2**64 - 1) if scheme == "rotation" else np.arange(n)  # in the order of the ring
    circle = np.array(shuffled(range(n), key, 2**64 - 3))
    out = []
    for r in range(n_orders):
        # the position in random order r of each cell: shuffling position by position is the same shuffle
        apart = turns == 1 or 2 * n_orders > n  # too few cells to turn the ring
        position = np.array(shuffled(range(n), key, r)) if apart else np.roll(circle, -r)
        for j in range(turns):
            labelling = np.empty(n, int)
            labelling[cells] = in_order[(position - (j * n) // turns) % n]
            out.append(labelling)
    return np.array(out[:n_perms])


def ring(labels, n_perms, key):
    n = labels.size
    cells = shuffled(range(n), key, 2**64 - 1)  # in the order of the ring
    rng = np.random.Generator(np.random.Philox(key=np.array([key, 2**64 - 2], np.uint64)))
    place = int(rng.integers(n_perms + 1))
    out = []
    for r in range(n_perms + 1):
        turned = np.empty(n, int)
        turned[cells] = np.roll(labels[cells], place - r)
        out.append(turned)
    assert (out[place] == labels).all()  # what is left out is the observed labelling
    return np.array(out[:place] + out[place + 1 :])


def group_means(x, labels, k):
    return np.stack([x[labels == g].mean(axis=0) for g in range(k)])


def join(values, rule):
    """Members × anything -> joined."""
    if rule == "min":
        return values.min(axis=0)
    if rule == "mean":
        return values.mean(axis=0)
    return np.prod(values, axis=0) ** (1 / len(values))


SCORES = {
    "mean": lambda left, right: 0.0 if left == 0 or right == 0 else (left + right) / 2,
    "product": lambda left, right: left * right,
    "geometric": lambda left, right: (left * right) ** 0.5,
}


def score(x, genes, labels, interactions, *, method, labels_permuted, rule="min", expr_prop=0.1, strict=False):
    """Brute force over a dense matrix: dict (source, target, interaction) -> (score, exceedances, L, R)."""
    k = int(np.max(labels)) + 1
    at = {g: i for i, g in enumerate(genes)}
    prop = group_means(x > 0, labels, k)
    means = group_means(x, labels, k)
    permuted = [group_means(x, p, k) for p in labels_permuted]
    out = {}
    for ligand, receptor in interactions:
        sides = [[at[g] for g in e.split("_") if g in at] for e in (ligand, receptor)]
        if any(len(s) < len(e.split("_")) for s, e in zip(sides, (ligand, receptor))):
            continue
        for s in range(k):
            for t in range(k):
                if (prop[s, sides[0]] < expr_prop).any() or (prop[t, sides[1]] < expr_prop).any():
                    continue
                one = lambda m: SCORES[method](join(m[s, sides[0]], rule), join(m[t, sides[1]], rule))  # noqa: B023, E731
                observed = one(means)
                null = np.array([one(m) for m in permuted])
                slack = 1e-12 * abs(observed)
                hits = int((null > observed + slack).sum() if strict else (null >= observed - slack).sum())
                out[s, t, f"{ligand}^{receptor}"] = (
                    observed,
                    hits,
                    join(means[s, sides[0]], rule),
                    join(means[t, sides[1]], rule),
                )
    return out
