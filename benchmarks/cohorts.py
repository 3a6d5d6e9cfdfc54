"""Cohorts for a comparison of methods: pseudobulk counts in which it is known what changed.

``make(setting, seed)`` gives one cohort; ``SETTINGS`` lists the simulated ones, ``REAL`` those made of real donors.

*Simulated.* Gene shares are log-normal over the genes and differ between groups of cells, so that counts span less than
one to thousands; a donor multiplies every gene of a group by a gamma variable, in part common to his groups, whose
variance (``dispersion``) differs between genes, in part common to the groups; cells within a donor are gamma-Poisson.
The counts of a sample are thus negative binomial, with a dispersion of donors + cells/number of cells, unless the
setting says otherwise. A tenth of the genes of every group (not the same ones) changes, half of them up.

*Real.* Summed counts of the cells of real donors, thinned binomially; the donors of one condition are relabelled at
random, within the true condition where there are two, which then is a covariate; that leaves kang2018_muscat, two
patients with and without interferon, one relabelling. A change of log2 c is planted by thinning the counts of the other
arm binomially by 2^−c, which leaves the variation between donors as it is.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import gammaincinv, ndtr

N_GROUPS = 5
N_GENES = 800  # half of them ligands, the others receptors
N_INTERACTIONS = 300
MOVED = 0.1
SHARE_SD = 1.7  # of the log gene shares
GROUP_SD = 0.7  # of what differs between groups in them
COMMON_DF, OWN_DF = 10.0, 20.0  # of the chi-squares that make dispersions differ by gene, and by gene × group
DONOR_CORRELATION = 0.25  # of the groups of one donor
CELL_DISPERSION = 1.0  # of one cell; of a sum of n cells it is the n-th part
COVERAGE = 500.0  # counts per cell over these genes
LEAST_COUNTS = 5  # of a gene in all samples of a group: fewer are not compared


@dataclass(frozen=True)
class Setting:
    """How simulated cohorts are made.

    ``sizes``: samples per arm. ``cells``: fewest and most per sample × group, uniform in the logarithm. ``effect``: the
    same for log2 changes. ``dispersion``: mean variance of donors. ``both``: ligands and receptors move together.
    ``depth_ratio``: of the second arm. ``t3``: donors vary as a t-distribution with 3 degrees of freedom in the
    logarithm. ``donor_sd``: log-normal donors with this standard deviation in each group. ``outlier_sd``: of one donor
    per arm, on top. ``outlier_genes``: share of the genes of which one sample has ten times as much.
    ``trend``: dispersion falls with the count. ``patient_sd``: of the log rates of patients that are in both arms.
    ``covariate_sd``: of the log rates per unit of a covariate. ``biopsies`` per patient. ``dominant``: share of one
    gene in each arm. ``overdispersion``: variance over mean of counting, as of reads. ``without``: a sample that is
    lost. ``total``: counts of the first sample in every group. ``n_tested``: genes per group that are compared.
    """

    sizes: tuple[int, int] = (4, 4)
    cells: tuple[int, int] = (100, 100)
    coverage: float = COVERAGE
    effect: tuple[float, float] = (1.0, 1.5)
    dispersion: float = 0.12
    both: bool = False
    depth_ratio: float = 1.0
    t3: bool = False
    donor_sd: tuple[float, ...] = ()
    outlier_sd: float = 0.0
    outlier_genes: float = 0.0
    trend: bool = False
    patient_sd: float = 0.0
    covariate_sd: float = 0.0
    biopsies: int = 1
    dominant: tuple[float, float] | None = None
    overdispersion: float = 1.0
    without: int | None = None
    total: float | None = None
    n_tested: int | None = None


SETTINGS = {
    "4 v 4": Setting(),
    "4 v 4, 10-1000 cells": Setting(cells=(10, 1000)),
    "10 v 10, 10-1000 cells": Setting(sizes=(10, 10), cells=(10, 1000), effect=(0.6, 1.0)),
    "low counts": Setting(coverage=20.0, effect=(1.5, 2.0)),
    "4 v 4, both sides": Setting(both=True, effect=(0.6, 1.0)),
    "3 v 3": Setting(sizes=(3, 3)),
    "6 v 6": Setting(sizes=(6, 6), effect=(0.8, 1.2)),
    "2 v 6": Setting(sizes=(2, 6)),
    "10 v 10": Setting(sizes=(10, 10), effect=(0.5, 0.8)),
    "outlier donors": Setting(outlier_sd=0.8),
    "t3 donors": Setting(t3=True),
    "outlier genes": Setting(outlier_genes=0.05),
    "donor SD 1.5, .2, .2, .2, .2": Setting(donor_sd=(1.5, 0.2, 0.2, 0.2, 0.2)),
    "mean-dependent dispersion": Setting(trend=True),
    "quarter of the depth": Setting(coverage=80.0, depth_ratio=0.25),
    "dominant gene 5 to 30 %": Setting(dominant=(0.05, 0.30)),
    "paired 5": Setting(sizes=(5, 5), patient_sd=0.5),
    "covariate, 5 v 5": Setting(sizes=(5, 5), covariate_sd=0.5),
    "3 biopsies of 3 v 3 patients": Setting(biopsies=3, sizes=(3, 3)),
}
MAIN = tuple(SETTINGS)[:4]
DEGENERATE = {
    "2 v 2": Setting(sizes=(2, 2)),
    "1 v 7": Setting(sizes=(1, 7)),
    "paired 5, one sample lost": Setting(sizes=(5, 5), patient_sd=0.5, without=0),
    "counting 20 times as variable": Setting(overdispersion=20.0, coverage=5000.0),
    "one sample with 30 counts": Setting(total=30.0),
    "4 genes compared per group": Setting(n_tested=4),
}
"""For the null only: what a study can look like at worst."""


@dataclass(frozen=True)
class RealSetting:
    """A file, its column of conditions, the donors and groups used, and what is left of the counts by thinning."""

    file: str
    condition: str
    groups: tuple[str, ...]
    thinned: tuple[float, float]
    only: str = ""
    n_genes: int = 2000
    effect: tuple[float, float] = (1.0, 1.5)


REAL = {
    "skin, 3 + 3 donors": RealSetting(
        "skin_ctcl_gse128531", "condition", ("Keratinocyte", "Fibroblast", "T cell"), (0.5, 1.0), effect=(1.5, 2.5)
    ),
    "chung2017, 10 donors": RealSetting(
        "breast_chung2017", "stage", ("Tumor",), (0.0005, 0.002), only="primary", effect=(2.0, 3.0)
    ),
    "kang2018_muscat, 2 + 2 donors": RealSetting(
        "kang2018_muscat",
        "condition",
        ("B cells", "CD14+ Monocytes", "CD4 T cells", "CD8 T cells", "FCGR3A+ Monocytes"),
        (0.5, 1.0),
        effect=(1.0, 2.0),
    ),
}


@dataclass(frozen=True)
class Truth:
    """What was planted: log2 changes (n_groups, n_genes), and rows of interactions as positions of genes and groups.

    ``moved`` is True, ``null`` is True, or neither for rows that count as neither.
    """

    log2: np.ndarray
    source: np.ndarray
    target: np.ndarray
    ligand: np.ndarray
    receptor: np.ndarray
    moved: np.ndarray
    null: np.ndarray


@dataclass(frozen=True)
class DrawnCohort:
    """Samples × groups × genes. The tested coefficient is the last column of ``design``, that of the second arm.

    ``patient``: codes where several samples come from one patient, else None. With ``nested`` the condition is constant
    within patients and ``design`` does not name them; otherwise it has a column per patient. ``dominant``: the gene
    that changes the composition, neither planted nor unchanged. ``tested``: (n_groups, n_genes), if not all are.
    """

    setting: str
    seed: int
    counts: np.ndarray
    library: np.ndarray
    n_cells: np.ndarray
    condition: np.ndarray
    design: np.ndarray
    truth: Truth
    patient: np.ndarray | None = None
    nested: bool = False
    dominant: int | None = None
    tested: np.ndarray | None = None

    @property
    def compared(self):
        """(n_groups, n_genes): genes with enough counts, for every method the same ones."""
        enough = self.counts.sum(axis=0) >= LEAST_COUNTS
        return enough if self.tested is None else enough & self.tested


def make(setting, seed, *, null=False):
    """Draw one cohort; without any change if ``null``."""
    rng = np.random.default_rng([zlib.crc32(setting.encode()), seed, int(null)])
    if setting in REAL:
        return _real(rng, setting, seed, null=null)
    return _simulated(rng, setting, seed, null=null)


def names():
    """All settings that can be made here: the simulated ones, and the real ones whose file is there."""
    return [*SETTINGS, *(name for name, real in REAL.items() if _path(real.file).exists())]


def _simulated(rng, name, seed, *, null):
    s = SETTINGS[name] if name in SETTINGS else DEGENERATE[name]
    condition, patient = _arms(s)
    log2, interactions = _planted(rng, s)
    log2[:, 0] = 0.0  # of the gene that may be dominant; it is in no interaction
    log2 *= not null
    covariate = rng.normal(size=condition.size) + 0.5 * condition if s.covariate_sd else None
    n_cells = np.exp(rng.uniform(*np.log(s.cells), (condition.size, N_GROUPS))).round().astype(np.int64)
    depth = s.coverage * rng.lognormal(0, 0.3, condition.size) * np.where(condition == 1, s.depth_ratio, 1.0)
    share = _shares(rng, s, condition)
    rate = (
        share * 2.0 ** (log2 * (condition[:, None, None] - 0.5)) * _others(rng, s, patient=patient, covariate=covariate)
    )
    library = n_cells * depth[:, None]
    if s.total is not None:
        library[0] = s.total
    mean = rate * library[:, :, None]
    rates = mean * _donors(rng, s, condition=condition, patient=patient, mean=mean.mean(axis=0))
    shape = n_cells[:, :, None] / CELL_DISPERSION
    rates = rates * rng.gamma(shape, 1.0 / shape, rates.shape)
    if s.overdispersion > 1.0:
        rates = rng.gamma(rates / (s.overdispersion - 1.0), s.overdispersion - 1.0)
    counts = rng.poisson(rates).astype(np.float64)
    columns = _design(condition, covariate, patient if s.patient_sd else None)
    truth = _rows(log2, interactions, both=s.both)
    drawn = DrawnCohort(
        setting=name,
        seed=seed,
        counts=counts,
        library=counts.sum(axis=2),
        n_cells=n_cells,
        condition=condition,
        design=columns,
        truth=truth,
        patient=patient,
        nested=s.biopsies > 1,
        dominant=None if s.dominant is None else 0,
        tested=None if s.n_tested is None else np.argsort(rng.random(log2.shape), axis=1) < s.n_tested,
    )
    return drawn if s.without is None else without(drawn, np.arange(condition.size) != s.without)


def _arms(s):
    """Condition of every sample, and the patient where several samples have one."""
    condition = np.repeat([0, 1], s.sizes)
    if s.biopsies > 1:
        patients = np.arange(condition.size)
        return np.repeat(condition, s.biopsies), np.repeat(patients, s.biopsies)
    return condition, np.tile(np.arange(s.sizes[0]), 2) if s.patient_sd else None


def _planted(rng, s):
    """log2 changes (n_groups, n_genes) of the second arm, and the interactions: every gene is in one at most."""
    half = N_GENES // 2
    interactions = 1 + rng.permutation(half - 1)[:N_INTERACTIONS], half + rng.permutation(half)[:N_INTERACTIONS]
    size = np.exp(rng.uniform(*np.log(s.effect), (N_GROUPS, N_GENES))) * rng.choice([-1.0, 1.0], (N_GROUPS, N_GENES))
    if not s.both:
        return np.where(rng.random(size.shape) < MOVED, size, 0.0), interactions
    log2 = np.zeros(size.shape)
    for i in range(int(2 * MOVED * N_INTERACTIONS)):  # ligands in some groups, their receptors in the others
        groups = rng.permutation(N_GROUPS)
        direction = rng.choice([-1.0, 1.0])
        for some, gene in (
            (groups[: N_GROUPS // 2], interactions[0][i]),
            (groups[N_GROUPS // 2 :], interactions[1][i]),
        ):
            log2[some, gene] = direction * np.abs(size[some, gene])
    return log2, interactions


def _shares(rng, s, condition):
    """Share of every gene in the counts: (n_samples or 1, n_groups, n_genes)."""
    log_share = rng.normal(0, SHARE_SD, N_GENES) + rng.normal(0, GROUP_SD, (N_GROUPS, N_GENES))
    share = np.exp(log_share)
    if s.dominant is None:
        return (share / share.sum(axis=1, keepdims=True))[None]
    share[:, 0] = 0.0
    share /= share.sum(axis=1, keepdims=True)
    first = np.asarray(s.dominant)[condition]
    out = share[None] * (1.0 - first)[:, None, None]
    out[:, :, 0] = first[:, None]
    return out


def _others(rng, s, *, patient, covariate):
    """Factors of patients that are in both arms and of the covariate, (n_samples or 1, n_groups or 1, n_genes)."""
    log = np.zeros((1, 1, N_GENES))
    if s.patient_sd:
        log = log + s.patient_sd * rng.normal(size=(patient.max() + 1, N_GROUPS, N_GENES))[patient]
    if covariate is not None:
        slope = s.covariate_sd * rng.normal(size=(N_GROUPS, N_GENES)) * (rng.random((N_GROUPS, N_GENES)) < 0.5)
        log = log + covariate[:, None, None] * slope
    return np.exp(log)


def _donors(rng, s, *, condition, patient, mean):
    """Factors of the donors (n_samples, n_groups, n_genes)."""
    n = condition.size
    common = COMMON_DF / rng.chisquare(COMMON_DF, N_GENES) * (COMMON_DF - 2) / COMMON_DF
    own = OWN_DF / rng.chisquare(OWN_DF, (N_GROUPS, N_GENES)) * (OWN_DF - 2) / OWN_DF
    dispersion = s.dispersion * common * own
    if s.trend:
        dispersion = dispersion * (0.4 + 3.0 / np.sqrt(1.0 + mean))
    z = _correlated(rng, n)
    if s.donor_sd:
        sd = np.asarray(s.donor_sd)[:, None] * np.sqrt(dispersion / s.dispersion)
        factor = np.exp(sd * z - sd**2 / 2)
    elif s.t3:
        t = np.clip(z / np.sqrt(rng.chisquare(3, z.shape) / 3) / np.sqrt(3.0), -6.0, 6.0)
        factor = np.exp(np.sqrt(dispersion) * t)
    else:
        factor = _gamma(z, dispersion)
    if s.biopsies > 1:  # patients as donors vary elsewhere, and what biopsies of one patient differ by
        factor = _gamma(_correlated(rng, patient.max() + 1), dispersion)[patient] * _gamma(z, dispersion / 3.0)
    if s.outlier_sd:
        for arm in (0, 1):
            one = rng.choice(np.flatnonzero(condition == arm))
            factor[one] *= np.exp(s.outlier_sd * rng.normal(size=factor[one].shape))
    if s.outlier_genes:
        where = np.argwhere(rng.random((N_GROUPS, N_GENES)) < s.outlier_genes)
        factor[rng.integers(0, n, len(where)), where[:, 0], where[:, 1]] *= 10.0
    return factor


def _correlated(rng, n):
    shared = rng.normal(size=(n, 1, N_GENES))
    return np.sqrt(DONOR_CORRELATION) * shared + np.sqrt(1 - DONOR_CORRELATION) * rng.normal(
        size=(n, N_GROUPS, N_GENES)
    )


def _gamma(z, variance):
    """Gamma variables of mean 1 from standard normal ones."""
    return gammaincinv(1.0 / variance, np.clip(ndtr(z), 1e-12, 1 - 1e-12)) * variance


def _design(condition, *others):
    """Intercept, other columns (codes as indicators, the first left out), condition last."""
    columns = [np.ones(condition.size)]
    for other in others:
        if other is None:
            continue
        if np.issubdtype(other.dtype, np.integer):
            columns += [(other == code).astype(float) for code in np.unique(other)[1:]]
        else:
            columns.append(other - other.mean())
    return np.column_stack([*columns, condition.astype(float)])


def _rows(log2, interactions, *, both, autocrine=False):
    """Every interaction in every pair of two groups (of one group with itself if that is all there is)."""
    n_groups = log2.shape[0]
    source, target = np.divmod(np.arange(n_groups**2), n_groups)
    kept = np.ones(source.size, bool) if autocrine else source != target
    ligand, receptor = (np.tile(side, kept.sum()) for side in interactions)
    source, target = (np.repeat(side[kept], interactions[0].size) for side in (source, target))
    sides = np.stack([log2[source, ligand] != 0, log2[target, receptor] != 0])
    moved = sides.all(axis=0) if both else sides.any(axis=0)
    return Truth(log2, source, target, ligand, receptor, moved, ~sides.any(axis=0))


def _path(file):
    return Path(os.environ.get("COMMSCORE_DATA", "no folder")) / f"{file}.h5ad"


@cache
def _summed(name):
    """Counts summed over the cells of sample × group, numbers of cells, true condition and patient of the samples."""
    import anndata as ad

    real = REAL[name]
    a = ad.read_h5ad(_path(real.file))
    obs = a.obs[[real.condition, "sample", "patient", "cell_type"]].astype(str)
    if real.only:
        obs = obs[obs[real.condition] == real.only]
    x = a[obs.index].X
    n_cells = obs.groupby(["sample", "cell_type"]).size().unstack(fill_value=0)
    n_cells = n_cells.loc[(n_cells[list(real.groups)] >= 5).all(axis=1), list(real.groups)]
    counts = np.zeros((*n_cells.shape, a.n_vars))
    for i, sample in enumerate(n_cells.index):
        for k, group in enumerate(real.groups):
            inside = ((obs["sample"] == sample) & (obs["cell_type"] == group)).to_numpy()
            counts[i, k] = np.asarray(x[np.flatnonzero(inside)].sum(axis=0)).ravel()
    genes = np.flatnonzero((counts * np.mean(real.thinned)).sum(axis=(0, 1)) >= 10)
    rng = np.random.default_rng(0)
    genes = np.sort(rng.permutation(genes)[: real.n_genes])
    of_sample = obs.groupby("sample").first().loc[n_cells.index]
    truly, patient = (np.unique(of_sample[key], return_inverse=True)[1] for key in (real.condition, "patient"))
    return counts[:, :, genes].astype(np.int64), n_cells.to_numpy(), truly, patient


def _real(rng, name, seed, *, null):
    real = REAL[name]
    whole, n_cells, truly, patient = _summed(name)
    condition = _relabelled(rng, truly, patient)
    n_genes = whole.shape[2]
    log2 = np.exp(rng.uniform(*np.log(real.effect), whole.shape[1:])) * rng.choice([-1.0, 1.0], whole.shape[1:])
    log2 = np.where(rng.random(log2.shape) < (0.0 if null else MOVED), log2, 0.0)
    kept = rng.uniform(*real.thinned, (condition.size, 1, 1)) * np.where(
        (log2 > 0) == (condition == 0)[:, None, None], 2.0 ** -np.abs(log2), 1.0
    )
    counts = rng.binomial(whole, kept).astype(np.float64)
    order = rng.permutation(n_genes)
    interactions = order[: n_genes // 2][:N_INTERACTIONS], order[n_genes // 2 :][:N_INTERACTIONS]
    design = _design(condition, truly.astype(np.int64))
    truth = _rows(log2, interactions, both=False, autocrine=whole.shape[1] == 1)
    return DrawnCohort(name, seed, counts, counts.sum(axis=2), n_cells, condition, design, truth)


def _relabelled(rng, truly, patient):
    """Two arms that share out the donors of every true condition as evenly as can be.

    Patients with a sample in both conditions have one in either arm, which half of them swap: an arm of whole patients
    would differ from the other by what patients differ by, and the residuals would not.
    """
    if np.unique(patient).size < patient.size:
        n = patient.max() + 1
        return truly ^ rng.permutation(np.arange(n) % 2)[patient]
    condition = np.zeros(truly.size, np.int64)
    more = rng.integers(2)
    for code in np.unique(truly):
        donors = rng.permutation(np.flatnonzero(truly == code))
        condition[donors[: (donors.size + more) // 2]] = 1
        more = 1 - more
    return condition


def without(cohort, keep):
    """Only these samples of a cohort."""
    return replace(
        cohort,
        counts=cohort.counts[keep],
        library=cohort.library[keep],
        n_cells=cohort.n_cells[keep],
        condition=cohort.condition[keep],
        design=cohort.design[keep],
        patient=None if cohort.patient is None else cohort.patient[keep],
    )


def by_patient(cohort):
    """Counts of a nested cohort summed over the samples of each patient."""
    first = np.unique(cohort.patient, return_index=True)[1]
    summed = without(cohort, first)

    def total(x):
        return np.add.reduceat(x, first, axis=0)

    return replace(
        summed,
        counts=total(cohort.counts),
        library=total(cohort.library),
        n_cells=total(cohort.n_cells),
        nested=False,
        patient=None,
    )
