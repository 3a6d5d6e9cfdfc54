"""CPU time of whole calls, ours and the peers', as ratios in one run.

    python benchmarks/speed.py --cells 10000 50000 200000 --tools rotation ring squidpy liana
    python benchmarks/speed.py --cells 10000 50000 --tools rotation ring --scaling permutations groups

Every call runs in its own process on one thread, after import and compilation (a tiny call), from a loaded
AnnData to the tool's table of results. Calls below 15 s run three times and the fastest counts. A peer that
would need more CPU seconds than ``--limit`` is run with 60 and with 240 permutations and extrapolated linearly;
its memory is then that of 240 permutations. FastCCC has no permutations.
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
        f"| {'' if guess else format(record['wall_s'], '.2f')} | {times} | {ratio} | {memory} |"
    )


def compare(options):
    """One table: all tools at all numbers of cells."""
    print(HEADER.format(base=options.base), flush=True)
    for cells in options.cells:
        base = memcpy = None
        for tool in options.tools:
            if tool not in peers.OURS and cells > options.peers_up_to:
                continue
            record = whole(tool, Setting(cells, options.perms), limit=options.limit, memory_gb=options.memory)
            memcpy = min(filter(None, (memcpy, record.get("memcpy_s"))), default=None)
            base = record.get("cpu_s") if tool == options.base else base
            print(row(record, base=base, memcpy=memcpy), flush=True)
        if memcpy:
            print(f"| {cells:,} | memcpy of the gene block | | | {memcpy:.4f} | | 1 | | |")


SCALES = ("cells", "permutations", "groups", "genes")


def _steps(options):
    middle = options.cells[min(1, len(options.cells) - 1)]
    steps = [("cells", n, Setting(n, options.perms)) for n in options.cells]
    steps += [("permutations", n, Setting(middle, n)) for n in (100, 1000, 10_000)]
    steps += [("groups", n, Setting(middle, options.perms, n)) for n in (5, 10, 20, 40)]
    steps += [("genes", n, Setting(middle, options.perms, extra=n)) for n in (0, 18_000)]
    return [step for step in steps if step[0] in options.scaling]


def scaling(options):
    """How our own cost grows with cells, permutations, groups, and ``genes`` that are in no pair."""
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
    parser.add_argument(
        "--scaling", nargs="*", choices=SCALES, metavar="WHAT",
        help="our own cost by cells, permutations, groups and genes in no pair, or by some of them",
    )  # fmt: skip
    options = parser.parse_args()
    print(f"`python {shlex.join(sys.argv)}`\n\n{machine()}\n")
    if options.scaling is None:
        compare(options)
    else:
        options.scaling = options.scaling or SCALES
        scaling(options)


if __name__ == "__main__":
    main()
