"""What RNA can show of a circuit, whatever the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

ANY_ROLE = "any"


def why_not_in_rna(step: Mapping[str, Any], mode: str, *, by_genes: Container[str] = ()) -> str:
    """Return why RNA cannot show a step of a circuit; nothing where it can.

    Parameters
    ----------
    step
        A row of the circuits of a resource.
    mode
        Of its interaction; nothing where it has none.
    by_genes
        Molecules that are measured by the genes that make them.
    """
    ends = (step["from"], step["to"])
    if molecules := [end for end in ends if end.startswith("met:") and end not in by_genes]:
        return f"{', '.join(molecules)} is no transcript"
    if micro := [end for end in ends if end.startswith("MIR")]:
        return f"{', '.join(micro)}: microRNA is not in mRNA counts"
    if step["beyond_rna"]:
        return str(step["beyond_rna"])
    if step["protein_only"]:
        return f"what happens to {step['to']} happens to the protein, of which its mRNA says little"
    if mode == "hormone" and step["source_role"] == ANY_ROLE:
        return f"{step['from']} is a hormone that comes with the blood from outside of these cells"
    return ""


def acts_on(gate: Mapping[str, Any], step: Mapping[str, Any]) -> str | None:
    """Return which end of a communication step, ``from`` or ``to``, a gate of the same circuit acts on."""
    if step["edge"] != "communication":
        return None
    acted = gate["to"]
    return next((side for side in ("from", "to") if acted == step[side] or acted in step[side].split("_")), None)


def measurable_steps(steps: Sequence[Mapping[str, Any]], modes: Mapping[str, str]) -> int:
    """Count the steps of one circuit that RNA can show; gates that act on another of its steps are none."""
    own = [s for s in steps if s["edge"] != "gate" or not any(acts_on(s, other) for other in steps)]
    return sum(not why_not_in_rna(s, modes.get(s["interaction"], "")) for s in own)
