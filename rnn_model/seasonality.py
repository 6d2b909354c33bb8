"""Which season a series has, judged from its values.

For a candidate period p the series is detrended by a centred moving average of one period.  With SST the squares left
and SSE what remains beside the p phase means, n values,

    g = n log(SST / SSE)

has about the mean p - 1 when there is no season, whatever the errors, since a mean over c seasons keeps 1 / c of their
variance.  Independent errors make it chi-squared.  Where neighbours are alike, as in a random walk, the phase means
move together and g varies more, as if it had fewer degrees of freedom,

    f = (p - 1) / (1 + 2 sum over k < p of (1 - k / p) rho_k^2)

with rho_k the autocorrelations of what remains (Greenhouse & Geisser 1959, for a stationary process).  The period with
the largest g - (p - 1) (1 + z sqrt(2 / f)) wins, if that is positive; z is lower for the periods of clocks and
calendars than for any other, since many are tried.

A sequence that repeats itself exactly, perhaps on a slope, needs no statistics: 1 2 3 1 2 3 goes on with 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from rnn_model.decomposition import filled

# Days inside weeks: a series sampled this often within a day usually has a weekly season too.
WEEKLY_COMPANION = {24: 168, 48: 336, 96: 672}
SHORTEST = 4  # an alternation of 2 or 3 steps is more often a part of a longer season than one of its own
LONGEST = 384  # two of them fit in what the packaged network reads
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
    recent = recent - np.nanmean(recent)  # how far from zero a series lies says nothing about its season
    candidates = np.arange(SHORTEST, largest + 1)
    customary = np.isin(candidates, CUSTOMARY)
    seen_enough = customary | (candidates <= len(recent) // REPEATS)
    margins = [
        _margin(recent, int(period), CUSTOMARY_Z if usual else OTHER_Z)
        for period, usual in zip(candidates[seen_enough], customary[seen_enough], strict=True)
    ]
    best = int(np.argmax(margins))
    return int(candidates[seen_enough][best]) if margins[best] > 0 else 1


def _margin(values: np.ndarray, period: int, z: float) -> float:
    """How far the evidence for a period goes beyond what chance might make of it."""
    told = evidence(values, period)
    expected = period - 1
    least = told.gain - expected - z * (2 * expected) ** 0.5
    if least <= 0:  # dependence can only make it less
        return least
    return told.gain - expected * (1 + z * (2 / told.freedom(period)) ** 0.5)


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


class Evidence(NamedTuple):
    """What speaks for a period.

    Attributes:
        gain: n log(SST / SSE); 0 when it cannot be told.
        left: (T',) what remains beside the phase means, 0 where `used` is not.
        used: (T',) bool, a value and its moving average are there.
    """

    gain: float
    left: np.ndarray
    used: np.ndarray

    def freedom(self, period: int) -> float:
        """Degrees of freedom f of the gain, p - 1 at most."""
        lags = np.arange(1, period)
        spectra = np.abs(np.fft.rfft((self.left, self.used), 2 * len(self.left))) ** 2
        products, pairs = np.fft.irfft(spectra)[:, :period]
        pairs = np.maximum(pairs, 1.0)
        rho = products[1:] / pairs[1:] / max(products[0] / pairs[0], 1e-300)
        # the square of an estimate of zero from n pairs is 1 / n on average
        dependence = 2 * float(((1 - lags / period) * (rho**2 - 1 / pairs[1:])).sum())
        return (period - 1) / (1 + max(dependence, 0.0))


def evidence(values: np.ndarray, period: int) -> Evidence:
    """Of the phase means of a period.

    Args:
        values: (T,) with nan where missing.
        period: at least 2.
    """
    seen = np.isfinite(values)
    observed = torch.from_numpy(seen)[None]
    whole, there = (
        part[0].numpy()
        for part in filled(torch.from_numpy(np.where(seen, values, 0.0))[None], observed, torch.tensor([period]))
    )
    sums = np.concatenate(([0.0], np.cumsum(whole)))
    counts = np.concatenate(([0], np.cumsum(there)))
    start = np.arange(len(values) - period + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (sums[start + period] - sums[start]) / (counts[start + period] - counts[start])
    if period % 2 == 0:
        mean = (mean[:-1] + mean[1:]) / 2
    first = period // 2
    rest = values[first : first + len(mean)] - mean
    used = np.isfinite(rest)
    nothing = Evidence(0.0, np.zeros_like(rest), used)
    if used.sum() <= period + 1:
        return nothing
    phase = (np.arange(first, first + len(rest)) % period)[used]
    beside = rest[used] - rest[used].mean()
    total = float(beside @ beside)
    if total <= (1e-6 * float(np.nanmax(np.abs(values)))) ** 2:
        return nothing
    repeats = np.bincount(phase, minlength=period)
    means = np.bincount(phase, beside, minlength=period) / np.maximum(repeats, 1)
    left = np.zeros_like(rest)
    left[used] = beside - means[phase]
    residual = float(left @ left)
    return Evidence(len(beside) * float(np.log(total / max(residual, 1e-12 * total))), left, used)
