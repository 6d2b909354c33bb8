"""The ends of the series in the training pool, kept back: what a run is judged by while it goes on

The development sets come from a few sources that differ from the pool; by them alone, a run would be stopped by what
happens to a handful of series.  The ends are many, and of all sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from training.benchmarks import BenchmarkSet
from training.real_series import RealSeries

AHEAD = {1: 6, 4: 8, 12: 18, 52: 13, 7: 14, 24: 48}  # season -> steps kept back
SHORTEST = 4  # times as long as what is kept back: shorter series stay whole
MOST = 12  # ends of a source
LONGEST = 400  # steps of history before an end


def kept_back(pool: Sequence[RealSeries]) -> tuple[tuple[RealSeries, ...], tuple[BenchmarkSet, ...]]:
    """The pool without the ends of its series, and the ends as sets, one a season.

    Args:
        pool: series to train on; those of a season without a horizon, and short ones, stay as they are.
    """
    rng = np.random.default_rng(0)
    counts: dict[tuple[str, int], int] = {}
    windows: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    shortened = list(pool)
    for number in rng.permutation(len(pool)):
        series = pool[number]
        horizon = AHEAD.get(series.season)
        if horizon is None or len(series.values) < SHORTEST * horizon:
            continue
        before, end = series.values[:-horizon], series.values[-horizon:]
        if np.isfinite(before).sum() < horizon or not np.isfinite(end).any():
            continue
        shortened[number] = replace(series, values=before)
        place = (series.source, series.season)
        counts[place] = counts.get(place, 0) + 1
        if counts[place] <= MOST and np.isfinite(before[-LONGEST:]).any():
            windows.setdefault(series.season, []).append((before[-LONGEST:], end))
    sets = [
        BenchmarkSet(
            f"ends_season_{season}",
            season,
            AHEAD[season],
            tuple(history for history, _ in found),
            tuple(end for _, end in found),
            source="the training pool",
            licence="see docs/data-sources.md",
        )
        for season, found in sorted(windows.items())
    ]
    return tuple(shortened), tuple(sets)
