"""``--resource``: a name, or a file with the format before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ..rs import Resource

HELP = (
    "breast, general, breast+general, liana:NAME, a table with the columns ligand and receptor (.csv, .tsv, .csv.gz, "
    ".parquet), or FORMAT:PATH with cellphonedb (folder or zip), cellchatdb (folder or zip with the three tables as "
    "CSV), connectomedb, omnipath or table; several, joined by +, are merged."
)


def open_resource(
    text: str, *, species: str = "human", orthologs: Path | None = None, file_species: str = "human"
) -> Resource:
    """Return the resource that ``text`` names, for the genes of ``species``.

    Parameters
    ----------
    text
        What :data:`HELP` says.
    species
        Species of the data.
    orthologs
        Table with the columns human and the species; of mouse there is a shipped one.
    file_species
        Species of the genes in a file.
    """
    from ..rs._named import open_named
    from ..rs._tabular import read_table

    resource = open_named(text, argument="--resource", species=file_species)
    pairs = None if orthologs is None else read_table(orthologs, argument="--orthologs")
    return resource.to_species(species, orthologs=pairs)
