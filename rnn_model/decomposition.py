"""Classical seasonal decomposition as differentiable tensor operations.

Series in a batch are right-aligned: the last observation of each stands in column T-1, padding on the left.
Every row has its own period.  Phase of column t: (t - (T-1)) mod period, so phase 0 is the last column.
Source: classical decomposition by moving averages (Hyndman & Athanasopoulos, Forecasting: Principles and Practice,
3rd ed., section 3.4), with indices shrunk towards none by the evidence for them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

TINY = 1e-9
SMALLEST_FACTOR = 0.1
LONGEST_HALVED = 24  # steps; of longer seasons, weeks above all, half a season was measured to be worse


@dataclass(frozen=True)
class Seasonal:
    """The seasonal part of a batch.

    Attributes:
        past: (B, T) component at every column; an amount to subtract, or a share of the level.
        ahead: (B, K) component of the steps ahead.
        strength: (B,) 0 ... 1, how far the indices survived shrinking; 0 where there is no season.
    """

    past: Tensor
    ahead: Tensor
    strength: Tensor


def filled(x: Tensor, observed: Tensor, period: Tensor) -> tuple[Tensor, Tensor]:
    """Holes of a series on the line between its values of the same phase before and after, or as the only one of them.

    An average over a season of which a part is missing would be that of the other part.

    Args:
        x: (B, T), zero where not observed.
        observed: (B, T) bool.
        period: (B,) int, at least 1.

    Returns:
        (B, T) the series, and where it has a value now, (B, T) bool: from its first one on, but for phases that have
        none at all.
    """
    column = torch.arange(x.shape[1])[None].expand_as(x)
    inside = observed.cummax(1).values
    if bool((inside == observed).all()):
        return x, observed
    before, after = (_nearest(observed, period, direction) for direction in (-1, 1))
    low, high = torch.where(before < 0, after, before), torch.where(after < 0, before, after)
    share = (column - low).to(x.dtype) / (high - low).clamp(min=1)
    known = inside & (low >= 0)
    line = torch.lerp(x.gather(1, low.clamp(min=0)), x.gather(1, high.clamp(min=0)), share)
    return torch.where(observed, x, torch.where(known, line, 0.0)), known


def _nearest(observed: Tensor, period: Tensor, direction: int) -> Tensor:
    """(B, T) the nearest observed column of the same phase, itself among them, before (-1) or after (1); -1 if none."""
    length = observed.shape[1]
    column = torch.arange(length)[None].expand_as(observed)
    step = direction * period[:, None]
    found = torch.where(observed, column, -1)
    while bool(((step.abs() < length) & (found < 0)).any()):  # each turn looks twice as far as the one before
        other = column + step
        there = (other >= 0) & (other < length)
        found = torch.where((found < 0) & there, found.gather(1, other.clamp(0, length - 1)), found)
        step = 2 * step
    return found


def moving_average(x: Tensor, known: Tensor, period: Tensor) -> tuple[Tensor, Tensor]:
    """Centred moving average over one period (2 x period when it is even) of what is known in it, and where its window
    lies between the first value and the last column and is mostly known.

    Args:
        x: (B, T), zero where not known.
        known: (B, T) bool.
        period: (B,) int, at least 1.
    """
    length = x.shape[1]
    span = period[:, None]
    first = torch.arange(length + 1) - span // 2  # of the window around each column, and of one column further
    low, high = first.clamp(0, length), (first + span).clamp(0, length)

    def in_window(values: Tensor) -> Tensor:
        cumulative = torch.nn.functional.pad(values.cumsum(1), (1, 0))
        return cumulative.gather(1, high) - cumulative.gather(1, low)

    count = in_window(known)
    means = in_window(x.double()) / count.clamp(min=1)  # differences of cumulative sums lose digits
    full = (in_window(known.cummax(1).values) == span) & (2 * count > span)
    even = span % 2 == 0
    mean = torch.where(even, (means[:, :-1] + means[:, 1:]) / 2, means[:, :-1])
    return mean.to(x.dtype), full[:, :-1] & (full[:, 1:] | ~even)


def _second_span(period: Tensor) -> Tensor:
    """(B,) odd steps of the second moving average: about half a season, or a whole one where that is long."""
    half = period // 2 + 1
    span = torch.where(period > LONGEST_HALVED, 2 * (period // 2) + 1, half + (half + 1) % 2)
    return torch.where(period > 1, span, 1)


def carried_on(mean: Tensor, full: Tensor, observed: Tensor) -> tuple[Tensor, Tensor]:
    """A moving average that goes on to the last column, with its slope from first to last.

    Without it the newest half of a season would have no part in the indices, though it tells most of how they change.
    A slope of the last season alone would be steep and wrong where the series turns.

    Args:
        mean, full: what `moving_average` gave, (B, T) each.
        observed: (B, T) bool.
    """
    column = torch.arange(mean.shape[1])[None].expand_as(mean)
    last = torch.where(full, column, 0).amax(1, keepdim=True)
    first = torch.where(full, column, last).amin(1, keepdim=True)
    slope = (mean.gather(1, last) - mean.gather(1, first)) / (last - first).clamp(min=1)
    beyond = (column > last) & full.any(1, keepdim=True)
    told = (full | beyond) & observed
    return torch.where(beyond, mean.gather(1, last) + slope * (column - last), mean), told


def seasonal(
    x: Tensor, observed: Tensor, level: Tensor, period: Tensor, horizon: int, forgetting: Tensor, relative: Tensor
) -> Seasonal:
    """Seasonal indices by averaging what remains beside a moving average, phase by phase, in two passes.

    The first average spans a season.  The second is one of the series without the first indices, so it need not, and
    follows turns of the level that would else be taken for season; as in X-11 (Shiskin, Young and Musgrave 1967).

    Args:
        x: (B, T), zero where not observed.
        observed: (B, T) bool.
        level: (B,) such that x + level is the series whose ratio to its trend is seasonal where `relative`.
        period: (B,) int; 1 means no season.
        horizon: K.
        forgetting: (B,) share by which a year (a period) weighs less than the one after it; 0 weighs all the same.
        relative: (B,) bool; multiplicative indices (shares of the trend) instead of additive ones.

    Indices are shrunk by max(0, 1 - noise variance of an index / variance of the indices), the James-Stein factor with
    the noise that is left beside the second average.
    """
    length = x.shape[1]
    column = torch.arange(length)[None] - (length - 1)
    phase = column.remainder(period[:, None])
    age = torch.div(-column, period[:, None], rounding_mode="floor").to(x.dtype)
    weights = (age * (1.0 - forgetting).log()[:, None]).exp()
    exists = torch.arange(int(period.max()))[None] < period[:, None]

    def by_phase(values: Tensor) -> Tensor:
        return x.new_zeros(x.shape[0], int(period.max())).scatter_add(1, phase, values)

    def beside(trend: Tensor, full: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What remains beside a trend, (B, T), its mean by phase less the mean of all phases, and its weights."""
        unit = torch.where(relative[:, None], (trend + level[:, None]).clamp(min=TINY), 1.0)
        remainder = torch.where(full, (x - trend) / unit, 0.0)
        weight = torch.where(full, weights, 0.0)
        index = by_phase(weight * remainder) / by_phase(weight).clamp(min=TINY)
        return remainder, torch.where(exists, index - index.sum(1, keepdim=True) / period[:, None], 0.0), weight

    whole, known = filled(x, observed, period)
    trend, told = carried_on(*moving_average(whole, known, period), observed)
    _, index, _ = beside(trend, told)
    first = index.gather(1, phase)
    factor = (1 + first).clamp(min=SMALLEST_FACTOR)
    # (x + level) / factor - level, ordered so that a large level does not cost float32 its digits
    flat = torch.where(relative[:, None], (whole - level[:, None] * (factor - 1)) / factor, whole - first)
    flat = torch.where(known, flat, 0.0)
    trend, full = carried_on(*moving_average(flat, known, _second_span(period)), observed)
    remainder, index, weight = beside(trend, full)
    total = by_phase(weight)

    noise = torch.where(full, remainder - index.gather(1, phase), 0.0).square().sum(1)
    noise = noise / (full.sum(1) - period).clamp(min=1)
    repeats = total.square() / by_phase(weight.square()).clamp(min=TINY)
    noise_of_index = torch.where(total > 0, noise[:, None] / repeats.clamp(min=1), 0.0).sum(1) / period
    variance = index.square().sum(1) / (period - 1).clamp(min=1)
    strength = (1 - noise_of_index / variance.clamp(min=TINY)).clamp(0, 1)
    enough = (told.sum(1) >= period) & (full.sum(1) >= period) & (period > 1)
    strength = torch.where(enough, strength, 0.0)

    index = index * strength[:, None]
    ahead = torch.arange(1, horizon + 1)[None].remainder(period[:, None])
    return Seasonal(index.gather(1, phase), index.gather(1, ahead), strength)
