"""The resource: what talks to what, who says so, and what follows."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from commscore.check import GeneNames, checked
from commscore.tables.resource import DROPPED, TABLES

from . import _describe, _filter, _match, _merge, _species
from ._derive import join_distinct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BY_NAME = {t.name: t for t in TABLES} | {DROPPED.name: DROPPED}


def empty_tables() -> dict[str, pd.DataFrame]:
    """Return every table of a resource, without rows."""
    return {name: pd.DataFrame(columns=list(t.names)) for name, t in _BY_NAME.items()}


_no_rows = functools.cache(empty_tables)  # shared: tables are handed out as copies


def content_sha256(tables: Mapping[str, pd.DataFrame]) -> str:
    """Hash the content of tables: the same facts give the same hash, whatever made them and in whatever order."""
    digest = hashlib.sha256()
    for name in sorted(tables):
        digest.update(f"{name}\n".encode())
        table = tables[name][sorted(tables[name].columns, key=str)]
        lines = table.to_csv(sep="\t", index=False, header=False, lineterminator="\n").splitlines(keepends=True)
        digest.update("".join(("\t".join(map(str, table.columns)), "\n", *sorted(lines))).encode())
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Resource:
    """Ligand–receptor interactions with the statements they rest on.

    Every attribute that is a table is handed out as a copy: writing into it changes nothing here. A resource
    is made by :func:`commscore.rs.load` or an importer, not by hand.

    Attributes
    ----------
    name, version, licence
        What it is called, its version, and the licence of its content.
    sha256
        Hash of the shipped files (:func:`load`), of the file read (importers), or of the content (a resource
        made from others by :meth:`filter`, :meth:`merge`, :meth:`to_species`).
    species
        ``"human"``, ``"mouse"``, another, or ``"unknown"``.

    Examples
    --------
    >>> import commscore as cs
    >>> res = cs.rs.load("breast")
    >>> list(res.interactions.columns[:3])
    ['interaction', 'ligand', 'receptor']
    >>> set(res.filter(mode="gap_junction").interactions["mode"])
    {'gap_junction'}
    """

    name: str
    version: str
    sha256: str
    licence: str
    species: str = "human"
    _tables: Mapping[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        tables = _no_rows() | dict(self._tables)
        object.__setattr__(self, "_tables", MappingProxyType(tables))
        if not self.sha256:
            object.__setattr__(self, "sha256", content_sha256(tables))

    def __repr__(self) -> str:
        n = len(self._tables["interactions"])
        version = f", version {self.version}" if self.version else ""
        return f"Resource({self.name!r}, {n} interactions, {self.species}{version})"

    def __len__(self) -> int:
        return len(self._tables["interactions"])

    def __reduce__(self) -> tuple[Any, ...]:  # a read-only view of a dict is not taken to other processes
        facts = (self.name, self.version, self.sha256, self.licence, self.species)
        return Resource, (*facts, {name: frame.copy() for name, frame in self._tables.items()})

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by its name."""
        return {name: frame.copy() for name, frame in self._tables.items()}

    @property
    def interactions(self) -> pd.DataFrame:
        """One row per ligand and receptor (see :data:`commscore.tables.resource.INTERACTIONS`)."""
        return self._tables["interactions"].copy()

    @property
    def evidence(self) -> pd.DataFrame:
        """One row per statement."""
        return self._tables["evidence"].copy()

    @property
    def molecules(self) -> pd.DataFrame:
        """Genes that make, move and sense the molecules written ``met:name``, with signs, steps and origin."""
        return self._tables["molecules"].copy()

    @property
    def circuits(self) -> pd.DataFrame:
        """One row per step of a circuit, beside the columns of the circuit as a whole."""
        return self._tables["circuits"].copy()

    @property
    def therapies(self) -> pd.DataFrame:
        """One row per drug or intervention as one source reports it."""
        return self._tables["therapies"].copy()

    @property
    def expectations(self) -> pd.DataFrame:
        """One row per shift that a comparison of two contexts should show."""
        return self._tables["expectations"].copy()

    @property
    def references(self) -> pd.DataFrame:
        """The bibliographies of the sources."""
        return self._tables["references"].copy()

    @property
    def sources(self) -> pd.DataFrame:
        """The sources themselves."""
        return self._tables["sources"].copy()

    @property
    def roles(self) -> pd.DataFrame:
        """Cell roles and the names people give them."""
        return self._tables["roles"].copy()

    @property
    def symbols(self) -> pd.DataFrame:
        """Identifiers, aliases and mouse orthologs of the genes."""
        return self._tables["symbols"].copy()

    @property
    def dropped(self) -> pd.DataFrame:
        """What a conversion to another species lost, and why."""
        return self._tables["dropped"].copy()

    @property
    def genes(self) -> list[str]:
        """Genes whose expression the interactions need, sorted: subunits, and the genes of the molecules."""
        return _match.genes_of(self._tables)

    @checked
    def evidence_for(self, interaction: str) -> pd.DataFrame:
        """Return the statements about one interaction.

        Raises
        ------
        ValueError
            If the resource has no such interaction.
        """
        return _describe.evidence_for(self._tables, interaction)

    @checked
    def describe(self) -> pd.DataFrame:
        """Count interactions and statements by mode, direction, source, basis, effect, outcome, certainty and model.

        Returns
        -------
        pandas.DataFrame
            Columns ``by, value, interactions, statements``.
        """
        return _describe.describe(self._tables)

    @checked
    def filter(
        self,
        *,
        mode: str | Sequence[str] | None = None,
        direction: str | Sequence[str] | None = None,
        basis: str | Sequence[str] | None = None,
        sources: str | Sequence[str] | None = None,
        kind: str | Sequence[str] | None = None,
        directness: str | Sequence[str] | None = None,
        effect: str | Sequence[str] | None = None,
        outcome: str | Sequence[str] | None = None,
        certainty: str | Sequence[str] | None = None,
        model: str | Sequence[str] | None = None,
    ) -> Resource:
        """Keep the statements that match, and the interactions that still rest on one.

        Each argument is a value or a list of values; several arguments must all hold. The interactions are
        derived again from the statements that remain, so ``filter(mode="ecm")`` gives interactions whose mode
        is ``ecm`` and finds every one that some statement calls so.

        Parameters
        ----------
        mode, kind, directness, effect, outcome, certainty, model, sources
            Values of the statements. ``effect`` is the one on the receptor, ``outcome`` the one on the receiving cell.
        direction
            Values of the statements; ``"dual"`` also keeps the interactions that are dual because some of
            their statements say pro and others anti.
        basis
            Values of the interactions that remain, kept with all their statements: ``"stated"`` (a review names
            both partners), ``"inferred"``, ``"family"``, ``"listed"``.

        Returns
        -------
        Resource
            Circuits that lose one of their communication steps, and therapies, expectations and molecules
            that concern only removed interactions, go too. What concerns no interaction stays; ``sources``
            applies to every table.

        Raises
        ------
        ValueError
            For a value that the resource cannot have.
        """
        criteria = {
            "mode": mode,
            "direction": direction,
            "basis": basis,
            "source": sources,
            "kind": kind,
            "directness": directness,
            "effect": effect,
            "outcome": outcome,
            "certainty": certainty,
            "model": model,
        }
        tables = _filter.filter_tables(self._tables, {k: v for k, v in criteria.items() if v is not None})
        return self._with(tables)

    @checked
    def merge(self, other: Resource) -> Resource:
        """Join two resources of one species: evidence of both, one row per interaction, no pair twice.

        A complex is the same in whatever order its subunits are, a pair with its sides exchanged too; the better
        founded way to write them stays. What reviews say of a pair (``basis`` ``stated`` or ``inferred``) is never
        outvoted by a rule about its family, nor that by a list. Where lists say neither mode nor effect of a pair, they
        follow from its molecules: by the rules about families (human genes), else, for the mode, by the other pairs
        of the ligand where these agree. The column ``carried`` names the cells that were filled so.

        Returns
        -------
        Resource
            Named ``a+b``, with the versions of both and their licences; the hash is that of the content. Statements
            that both contain are kept once. A resource merged with itself is itself.

        Raises
        ------
        TypeError
            If ``other`` is no Resource.
        ValueError
            If the species differ.
        """
        if not isinstance(other, Resource):
            msg = f"other must be a Resource, found {type(other).__name__}; make one with from_table"
            raise TypeError(msg)
        if self.species != other.species:
            msg = f"other is of species {other.species!r}, this one of {self.species!r}; use to_species first"
            raise ValueError(msg)
        if self.sha256 == other.sha256:
            return self
        merged = Resource(
            name=f"{self.name}+{other.name}",
            version=f"{self.version}+{other.version}",
            sha256="",
            licence=join_distinct([self.licence, other.licence], " AND "),
            species=self.species,
            _tables=_merge.merge_tables(self._tables, other._tables, self.species),
        )
        return self if merged.sha256 == self.sha256 else merged

    @checked
    def to_species(
        self, species: str | pd.DataFrame, *, orthologs: pd.DataFrame | str | Path | None = None
    ) -> Resource:
        """Translate human genes by one-to-one orthologs.

        Parameters
        ----------
        species
            ``"mouse"``, or any other of which ``orthologs`` has a column (``"human"`` changes nothing); or that table,
            with the column ``human`` and one more, which is the species.
        orthologs
            Table with the columns ``human`` and ``species`` (symbols), or the path of one (csv, tsv or parquet), as
            Ensembl BioMart exports it. For mouse it is used instead of the shipped one, which knows the genes of the
            shipped resources only. Pairs that are not one to one are ignored.

        Returns
        -------
        Resource
            A complex needs an ortholog of every subunit. Names ``met:...`` stay. What was lost is listed in
            :attr:`dropped`.

        Raises
        ------
        ValueError
            For a species other than mouse without ``orthologs``, if this resource is not human, or for a table without
            these columns or without any gene of the resource.
        FileNotFoundError
            If ``orthologs`` names no file.

        Notes
        -----
        The shipped orthologs are one to one in HomoloGene or Ensembl, or chosen with a reason where one gene has
        several (CD8B → Cd8b1, INS → Ins2; `resources/orthologs.tsv`).

        Examples
        --------
        >>> import pandas as pd
        >>> import commscore as cs
        >>> pairs = pd.DataFrame({"ligand": ["CXCL12"], "receptor": ["CXCR4"]})
        >>> orthologs = pd.DataFrame({"human": ["CXCL12", "CXCR4"], "zebrafish": ["cxcl12a", "cxcr4b"]})
        >>> cs.rs.from_table(pairs).to_species("zebrafish", orthologs=orthologs).interactions["interaction"].tolist()
        ['cxcl12a^cxcr4b']
        """
        species, orthologs = _species.named(species, orthologs)
        if _species.check(self.species, species):
            return self
        return self._with(_species.convert(self._tables, orthologs, species=species), species=species)

    @checked
    def match(self, var_names: GeneNames, *, genes: GeneNames | None = None) -> pd.DataFrame:
        """Find the genes of the resource among the names of a data set.

        Parameters
        ----------
        var_names
            Names of the data set's genes: symbols, old symbols or Ensembl ids (a version suffix is ignored), each
            also behind the name of a genome of the species (``GRCh38_CXCL12``), as where several were sequenced.
        genes
            Genes to look up; default :attr:`genes`.

        Returns
        -------
        pandas.DataFrame
            Columns ``gene``, ``found_as`` (name in the data, empty if missing) and ``how``
            (``symbol | alias | ensembl | genome | missing``). A name that could mean two genes is never used, nor
            is one that is found beside another name of the same gene: those genes are ``missing``.

        Examples
        --------
        >>> import commscore as cs
        >>> res = cs.rs.load()
        >>> res.match(["CX43", "CDH1"], genes=["GJA1", "CDH1"])["how"].tolist()
        ['alias', 'symbol']
        """
        return _match.match(self._tables, var_names, species=self.species, genes=genes)

    @checked
    def to_liana(self) -> pd.DataFrame:
        """Return the columns ``ligand`` and ``receptor`` that LIANA's ``resource=`` takes.

        :func:`commscore.rs.from_table` reads them back.
        """
        return self._tables["interactions"][["ligand", "receptor"]].copy()

    def _with(self, tables: dict[str, pd.DataFrame], **changes: Any) -> Resource:
        identity = {"name": self.name, "version": self.version, "licence": self.licence, "species": self.species}
        return Resource(**(identity | changes), sha256=content_sha256(empty_tables() | tables), _tables=tables)
