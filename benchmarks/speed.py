"""CPU time of whole calls, ours and the peers', as ratios in one run.

    python benchmarks/speed.py --cells 10000 50000 200000 --tools rotation ring squidpy liana
    python benchmarks/speed.py --scaling --cells 10000 50000 200000 1000000 --tools rotation ring

Every call runs in its own process on one thread, after import and compilation (a tiny call), from a loaded
AnnData to the tool's table of results. Calls below 15 s run three times and the fastest counts. A peer that
would need more CPU seconds than ``--limit`` is run with 60 and with 120 permutations and extrapolated linearly;
its memory is then that of 120 permutations. FastCCC has no permutations.
"""

from __future__ import annotations

import argparse
import shlex
import sys

import peers
from execute import Setting, machine, run, whole

HEADER = (
    "| cells | tool | permutations | tests | CPU s | wall s | × memcpy | CPU ratio to {base} | MB beyond data |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def row(record, *, base, memcpy):
    if "error" in record:
        return (
            f"| {record['cells']:,} | {record['tool']} | {record['n_perms']} | failed: {record['error'][:80]} |"
            + 5 * " |"
        )
    guess, exact = record.get("extrapolated"), record["tool"] in {"analytic", "fastccc"}
    perms = "none" if exact else f"{record['n_perms']}" + (" (extrapolated)" if guess else "")
    times = f"{record['cpu_s'] / memcpy:.0f}" if memcpy else ""
    ratio = f"{record['cpu_s'] / base:.1f}" if base else ""
    memory = (">= " if guess else "") + f"{record['peak_mb']:.0f}"
    return (
        f"| {record['cells']:,} | {record['tool']} | {perms} | {record['n_tests']:,} | {record['cpu_s']:.2f} "
        f"| {record['wall_s']:.2f} | {times} | {ratio} | {memory} |"
    )


def compare(options):
    """One table: all tools at all numbers of cells."""
    print(HEADER.format(base=options.base), flush=True)
    for cells in options.cells:
        base = memcpy = fresh = None
        for tool in options.tools:
            if tool not in peers.OURS and cells > options.peers_up_to:
                continue
            record = whole(tool, Setting(cells, options.perms), limit=options.limit, memory_gb=options.memory)
            memcpy = min(filter(None, (memcpy, record.get("memcpy_s"))), default=None)
            fresh = min(filter(None, (fresh, record.get("copy_s"))), default=None)
            base = record.get("cpu_s") if tool == options.base else base
            print(row(record, base=base, memcpy=memcpy), flush=True)
        if memcpy:
            print(f"| {cells:,} | memcpy of the gene block | | | {memcpy:.4f} | | 1 | | |")
            print(
                f"| {cells:,} | the same into new memory | | | {fresh:.4f} | | {fresh / memcpy:.1f} | | |", flush=True
            )


def _steps(options):
    middle = options.cells[min(1, len(options.cells) - 1)]
    for cells in options.cells:
        yield "cells", cells, Setting(cells, options.perms)
    for perms in (100, 1000, 10_000):
        yield "permutations", perms, Setting(middle, perms)
    for groups in (5, 10, 20, 40):
        yield "groups", groups, Setting(middle, options.perms, groups)
    for extra in (0, 18_000):
        yield "genes in no pair", extra, Setting(middle, options.perms, extra=extra)


def scaling(options):
    """How our own cost grows with cells, permutations, groups, and genes that are in no pair."""
    print("| of | value | cells | permutations | groups | " + " | ".join(f"{t} CPU s" for t in options.tools) + " |")
    print("|---|---|---|---|---|" + "---|" * len(options.tools))
    for what, value, s in _steps(options):
        costs = [run(t, s) for t in options.tools]
        cells = " | ".join("failed" if "error" in c else f"{c['cpu_s']:.2f}" for c in costs)
        print(f"| {what} | {value:,} | {s.cells:,} | {s.perms:,} | {s.groups} | {cells} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="+", default=[10_000, 50_000, 200_000])
    parser.add_argument("--tools", nargs="+", default=["rotation", "ring", "analytic", *peers.PINNED])
    parser.add_argument("--perms", type=int, default=1000)
    parser.add_argument("--base", default="rotation", help="tool to which CPU ratios are taken")
    parser.add_argument("--limit", type=float, default=600, help="CPU seconds beyond which peers are extrapolated")
    parser.add_argument("--memory", type=float, default=14, help="GB that a tool may take")
    parser.add_argument("--peers-up-to", type=int, default=200_000, help="cells; more only for our own tools")
    parser.add_argument("--scaling", action="store_true", help="our own cost by cells, permutations, groups")
    options = parser.parse_args()
    print(f"`python {shlex.join(sys.argv)}`\n\n{machine()}\n")
    (scaling if options.scaling else compare)(options)


if __name__ == "__main__":
    main()
