"""A guard that finds series which also stand in a closed benchmark: copied, rescaled, cut out, summed up or revised.

Two tests, both blind to the unit and to where in time a series was cut:

exact: `RUN` consecutive differences, divided by the largest and rounded to three digits, are the same.  One match
    convicts; runs that repeat too few different steps (counts, smooth growth) say nothing and are left out.
near: the innovations, log(1 - B)(1 - B^m) x with m the season, correlate above `CORRELATION` over a whole window,
    also without the most extreme step, so that a shared jump alone is not enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

RUN = 7
DIGITS = 1000
DIFFERENT = 6
WINDOW = {1: 13, 4: 24, 12: 24}
STRIDE = {1: 4, 4: 6, 12: 12}  # between protected windows; those of a candidate start at every step
CORRELATION = 0.97
CORRELATION_WITHOUT_EXTREME = 0.94
BLOCK = 256  # candidate windows compared at once, so that the correlations stay in the cache
_MIX = np.array(
    [
        0x9E3779B97F4A7C15,
        0xC2B2AE3D27D4EB4F,
        0x165667B19E3779F9,
        0x27D4EB2F165667C5,
        0x85EBCA77C2B2AE63,
        0xFF51AFD7ED558CCD,
        0xA0761D6478BD642F,
    ],
    dtype=np.uint64,
)


def signatures(values: np.ndarray) -> np.ndarray:
    """(N,) uint64, one for each run of differences in (T,) `values` that tells series apart; N may be 0."""
    if len(values) <= RUN:
        return np.empty(0, dtype=np.uint64)
    runs = sliding_window_view(np.diff(values), RUN)
    scale = np.abs(runs).max(axis=1)
    runs = runs[np.isfinite(scale) & (scale > 0)]
    scale = np.abs(runs).max(axis=1, keepdims=True) if len(runs) else np.ones((0, 1))
    steps = np.rint(runs / scale * DIGITS).astype(np.int64)
    ordered = np.sort(np.abs(steps), axis=1)
    different = (np.diff(ordered, axis=1) > 0).sum(axis=1) + (ordered[:, 0] > 0)
    steps = steps[different >= DIFFERENT].astype(np.uint64)
    hashed = np.zeros(len(steps), dtype=np.uint64)
    for column, factor in enumerate(_MIX):
        hashed = (hashed ^ (steps[:, column] * factor)) * _MIX[0]
        hashed ^= hashed >> np.uint64(29)
    return hashed


def innovations(values: np.ndarray, season: int) -> np.ndarray:
    """(T',) what is new at each step: the first difference of the seasonal one, of logarithms where they exist."""
    observed = values[np.isfinite(values)]
    change = np.log(values) if len(observed) and observed.min() > 0 else values
    if season > 1:
        change = change[season:] - change[:-season]
    return np.diff(change)


def blocks(values: np.ndarray, size: int, how: str) -> Iterable[np.ndarray]:
    """Every way to make coarser steps of `size` finer ones: summed or the last one taken, from each phase."""
    for phase in range(size):
        count = (len(values) - phase) // size
        whole = values[phase : phase + count * size].reshape(count, size)
        yield whole.sum(axis=1) if how == "sum" else whole[:, -1]


class LeakGuard:
    """Knows the protected series and says which others come too close.

    Args:
        protected: pairs of (T,) values and season; seasons 4 and 12 are also protected in coarser steps.
    """

    def __init__(self, protected: Iterable[tuple[np.ndarray, int]]) -> None:
        protected = list(protected)
        summed = [*protected, *_coarser(protected, "sum")]
        ends = _coarser(protected, "last")
        gap = np.array([np.nan])  # no run of differences reaches from one series into the next
        joined = [part for values, _ in (*summed, *ends) for part in (values, gap)]
        self._signatures = np.unique(signatures(np.concatenate(joined))) if joined else np.empty(0, dtype=np.uint64)
        self._windows = {
            season: _windows([values for values, of in summed if of == season], season, STRIDE[season])[0]
            for season in WINDOW
        }

    def copies(self, values: np.ndarray) -> int:
        """How many runs of (T,) `values` also stand in a protected series."""
        found = signatures(values)
        place = np.searchsorted(self._signatures, found)
        place = np.minimum(place, max(len(self._signatures) - 1, 0))
        return int((self._signatures[place] == found).sum()) if len(self._signatures) else 0

    def lookalikes(self, candidates: Sequence[np.ndarray], season: int) -> np.ndarray:
        """(len(candidates),) bool: which candidates follow a protected series of the same season step by step."""
        flagged = np.zeros(len(candidates), dtype=bool)
        if season not in WINDOW or len(self._windows[season]) == 0:
            return flagged
        windows, owner = _windows(candidates, season, stride=1)
        target = self._windows[season]
        for first in range(0, len(windows), BLOCK):
            correlation = windows[first : first + BLOCK] @ target.T
            close = np.flatnonzero(correlation.max(axis=1) > CORRELATION)
            mine, theirs = np.nonzero(correlation[close] > CORRELATION)
            mine = first + close[mine]
            firm = _without_extreme(windows[mine], target[theirs]) > CORRELATION_WITHOUT_EXTREME
            flagged[owner[mine[firm]]] = True
        return flagged


def _coarser(protected: Sequence[tuple[np.ndarray, int]], how: str) -> list[tuple[np.ndarray, int]]:
    """The protected monthly and quarterly series in quarters and years, from every phase."""
    return [
        (block, coarser)
        for values, season in protected
        for coarser in (4, 1)
        if season in (4, 12) and coarser < season
        for block in blocks(values, season // coarser, how)
    ]


def _windows(series: Sequence[np.ndarray], season: int, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, W) float32 unit-norm windows of the innovations, and (N,) the index of the series of each."""
    size = WINDOW[season]
    parts, owners = [np.empty((0, size), dtype=np.float32)], [np.empty(0, dtype=np.int64)]
    for index, values in enumerate(series):
        change = innovations(values, season)
        if len(change) < size:
            continue
        with np.errstate(invalid="ignore"):
            window = sliding_window_view(change, size)[::stride]
            centred = window - window.mean(axis=1, keepdims=True)
            norm = np.linalg.norm(centred, axis=1, keepdims=True)
        good = np.isfinite(norm[:, 0]) & (norm[:, 0] > 1e-9)
        parts.append((centred[good] / norm[good]).astype(np.float32))
        owners.append(np.full(int(good.sum()), index))
    return np.concatenate(parts), np.concatenate(owners)


def _without_extreme(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N,) correlation of (N, W) rows with the step of the largest product left out."""
    keep = np.ones(first.shape, dtype=bool)
    keep[np.arange(len(first)), np.argmax(first * second, axis=1)] = False
    rows = (len(first), first.shape[1] - 1)
    a, b = first[keep].reshape(rows), second[keep].reshape(rows)
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return (a * b).sum(axis=1) / np.maximum(norm, 1e-12)
