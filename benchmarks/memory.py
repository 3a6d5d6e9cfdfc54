"""Peak memory of whole calls beyond the loaded data, ours and the peers'.

    python benchmarks/memory.py --cells 10000 50000 200000 --tools rotation analytic squidpy liana

Same runs as ``speed.py`` (one process each, after a tiny call), read for memory: the high-water mark of the
resident set during the call, less what was resident before. ``gene block`` is the values and column numbers of the
genes in pairs. Peers keep all permuted means, so their peak grows with the permutations: where fewer than
``--perms`` fit into ``--peer-perms``, their figure is a lower bound.
"""

from __future__ import annotations

import argparse
import shlex
import sys

import peers
from execute import Setting, machine, run


def row(record, *, block, base):
    if "error" in record:
        return (
            f"| {record['cells']:,} | {record['tool']} | {record['n_perms']} | failed: {record['error'][:80]} |"
            + 4 * " |"
        )
    over = f"{record['peak_mb'] / block:.2f}" if block else ""
    total = f"{(record['peak_mb'] + block) / block:.2f}" if block else ""
    share = f"{record['peak_mb'] / base:.1f}" if base else ""
    return (
        f"| {record['cells']:,} | {record['tool']} | {record['n_perms']} | {record['peak_mb']:.0f} "
        f"| {record['peak_total_mb']:.0f} | {over} | {total} | {share} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="+", default=[10_000, 50_000, 200_000])
    parser.add_argument("--tools", nargs="+", default=["rotation", "ring", "analytic", *peers.PINNED])
    parser.add_argument("--perms", type=int, default=1000)
    parser.add_argument("--peer-perms", type=int, default=120)
    parser.add_argument("--memory", type=float, default=14, help="GB that a tool may take")
    options = parser.parse_args()
    print(f"`python {shlex.join(sys.argv)}`\n\n{machine()}\n")
    print("| cells | tool | permutations | MB beyond data | MB of the process | beyond / gene block "
          "| (beyond + block) / block | ratio to rotation |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for cells in options.cells:
        block = base = None
        for tool in options.tools:
            perms = options.perms if tool in peers.OURS else min(options.perms, options.peer_perms)
            record = run(tool, Setting(cells, perms, repeats=1), memory_gb=options.memory)
            block = record.get("block_mb", block)
            base = record.get("peak_mb") if tool == "rotation" else base
            print(row(record, block=block, base=base), flush=True)


if __name__ == "__main__":
    main()
