"""Which season a series has, judged from its values.

For a candidate period p the series is detrended by a centred moving average of one period.  With SST the squares left
and SSE what remains beside the p phase means, n values,

    g = n log(SST / SSE)

is about chi-squared with p - 1 degrees of freedom when there is no season, so mean p - 1 and variance 2 (p - 1).  The
period with the largest (g - (p - 1)) - z sqrt(2 (p - 1)) wins, if that is positive; z is lower for the periods of
clocks and calendars than for any other, since many are tried.

A sequence that repeats itself exactly, perhaps on a slope, needs no statistics: 1 2 3 1 2 3 goes on with 1.
"""

from __future__ import annotations

import numpy as np

# Days inside weeks: a series sampled this often within a day usually has a weekly season too.
WEEKLY_COMPANION = {24: 168, 48: 336, 96: 672}
SHORTEST = 4  # an alternation of 2 or 3 steps is more often a part of a longer season than one of its own
LONGEST = 400
RECENT = 2000  # values looked at; a season that cannot be seen in them is not used either
CUSTOMARY = (4, 5, 7, 12, 24, 48, 52, 96, 168)
CUSTOMARY_Z = 5.0
OTHER_Z = 9.0
FEWEST_REPEATED = 6  # values
SAME = 1e-9  # of their range, as a difference between two values that are alike
REPEATS = 5  # times that an unusual period must have been seen


def periods(values: np.ndarray, season: int | None) -> tuple[int, ...]:
    """The periods to use for a series: the given one, or the detected one, with its weekly companion.

    Args:
        values: (T,) with nan where missing.
        season: steps in a season as known from the user or the calendar; 1 means none; None to look for one.

    Returns:
        Periods longer than 1, shortest first; empty without a season.
    """
    found = detect(values) if season is None else season
    if found <= 1:
        return ()
    companion = WEEKLY_COMPANION.get(found)
    return (found,) if companion is None else (found, companion)


def detect(values: np.ndarray) -> int:
    """The period with the most evidence; 1 if none has enough.

    Args:
        values: (T,) with nan where missing.
    """
    recent = np.asarray(values, np.float64)[-RECENT:]
    largest = min(len(recent) // 3, LONGEST)
    size = np.nanmax(np.abs(recent), initial=0.0)
    recent = recent / (size or 1.0)  # squares of 1e300 would overflow
    if (repeated := repetition(recent)) > 1:
        return repeated
    if np.isfinite(recent).sum() < 9 or largest < SHORTEST:
        return 1
    candidates = np.arange(SHORTEST, largest + 1)
    gain = np.array([evidence(recent, int(period)) for period in candidates])
    z = np.where(np.isin(candidates, CUSTOMARY), CUSTOMARY_Z, OTHER_Z)
    gain -= (candidates - 1) + z * np.sqrt(2 * (candidates - 1))
    gain[(candidates > len(recent) // REPEATS) & ~np.isin(candidates, CUSTOMARY)] = -np.inf
    return int(candidates[gain.argmax()]) if gain.max() > 0 else 1


def repetition(values: np.ndarray) -> int:
    """The shortest period that values without a gap, or their changes, repeat exactly; 1 if none or if all are alike.

    They must have done so for a whole period.

    Args:
        values: (T,) with nan where missing.
    """
    if len(values) < FEWEST_REPEATED or not np.isfinite(values).all() or not np.ptp(values) > 0:
        return 1
    tiny = SAME * float(np.ptp(values))
    for moves in (values, np.diff(values)):
        for period in range(1, min(len(moves) // 2, LONGEST) + 1):
            # most candidates fail at the last step already
            if abs(moves[-1] - moves[-1 - period]) <= tiny and np.all(np.abs(moves[period:] - moves[:-period]) <= tiny):
                return period
    return 1


def evidence(values: np.ndarray, period: int) -> float:
    """n log(SST / SSE) of the phase means of a period; 0 when it cannot be told.

    Args:
        values: (T,) with nan where missing.
        period: at least 2.
    """
    seen = np.isfinite(values)
    sums = np.concatenate(([0.0], np.cumsum(np.where(seen, values, 0.0))))
    counts = np.concatenate(([0], np.cumsum(seen)))
    start = np.arange(len(values) - period + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (sums[start + period] - sums[start]) / (counts[start + period] - counts[start])
    if period % 2 == 0:
        mean = (mean[:-1] + mean[1:]) / 2
    first = period // 2
    inner = slice(first, first + len(mean))
    rest = values[inner] - mean
    used = np.isfinite(rest)
    phase = (np.arange(len(values)) % period)[inner][used]
    rest = rest[used]
    if len(rest) <= period + 1:
        return 0.0
    rest = rest - rest.mean()
    total = float(rest @ rest)
    if total <= (1e-6 * float(np.nanmax(np.abs(values)))) ** 2:
        return 0.0
    repeats = np.bincount(phase, minlength=period)
    means = np.bincount(phase, rest, minlength=period) / np.maximum(repeats, 1)
    residual = float(np.sum((rest - means[phase]) ** 2))
    return len(rest) * float(np.log(total / max(residual, 1e-12 * total)))
