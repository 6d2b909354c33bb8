"""A bank of classical forecasts, weighted by their evidence, in one differentiable pass.

The filters of `rnn_model/filters.py` run on a series itself and on four seasonal adjustments of it (additive or
multiplicative, all years alike or recent ones heavier), which are averaged by evidence too.  An autoregression
(`rnn_model/autoregression.py`) reads what is left when the season, so averaged, is taken off: for oscillations that no
calendar explains, which a level and a slope cannot follow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from rnn_model.autoregression import autoregression
from rnn_model.config import AUTOREGRESSION, FILTERS
from rnn_model.decomposition import SMALLEST_FACTOR, seasonal
from rnn_model.filters import (
    PRIOR_ERROR,
    SIGMA_PER_MAE,
    TEMPERATURE,
    Growth,
    Rows,
    filtered,
    judged,
    mean_errors,
)
from rnn_model.memory import keep_freed_memory

FORGETTINGS = (0.0, 0.35)
UNVARYING = 3.2  # times its level are the spread of a series without variation: an error of a tenth after one value
# Penalty of a way that cannot be gone: its weight is exactly 0, as with inf, whose gradient would be nan.
CLOSED = 1e9
# Growth of a generation ago is no guide to that of the next two years, and one-step errors hardly tell two slopes
# apart: the filters read so many seasons at most, and an error counts by exp(-age / memory) in the likelihood.
SEASONS_READ = 12
LEAST_TOLD = 144  # steps from which a season is told, if twelve seasons are fewer
SEASONS_REMEMBERED = 4
LEAST_REMEMBERED, MOST_REMEMBERED = 24, 48  # steps
# Prior log odds of the autoregression: where it is right it foretells a step so much better that this is nothing, and
# where it is one of many it does not help.
ODDS_OF_AUTOREGRESSION = -2.0


@dataclass(frozen=True)
class Scale:
    """A batch of series as one bank reads it, F families.

    Attributes:
        x: (B, T) right-aligned, about unit spread, zero where not observed.
        level: (B,) such that x + level is the series in multiples of its spread (for multiplicative seasons); None to
            try additive ones alone.
        families: names from `rnn_model.config.FAMILIES`, at least one filter among them.
        doubling: (B,) growth by 100 % in the unit of x; None for the level that was reached where the series is
            positive and that is more than its spread, else the spread.
    """

    x: Tensor
    level: Tensor | None
    families: tuple[str, ...]
    doubling: Tensor | None = None

    @property
    def kinds(self) -> tuple[bool, ...]:
        """Whether a season is multiplicative, of those that are tried."""
        return (False,) if self.level is None else (False, True)

    @property
    def base(self) -> Tensor:
        """(B,) the level, 0 for none."""
        return torch.zeros_like(self.x[:, 0]) if self.level is None else self.level


@dataclass(frozen=True)
class Bank:
    """What the classical methods say about a batch; F families, W the last steps that are filtered.

    Attributes:
        forecasts: (B, F, K) point forecasts, season included.
        evidence: (B, F) tempered log-likelihood of a family, with its prior.
        sigma: (B, F) one-step error, the standard deviation of a normal one of the same mean size.
        errors: (B, F, W) one-step errors in time order; zero where nothing was read.
        read: (B, W) bool, the steps that the filters read: observed, and not too long ago.
        counts: (B, W) how much the error of a step counts as evidence; 0 where there is none.
        adjusted: (B, W) the series without its season, carried forward over missing values.
        season: (B, W) what was taken off.
        season_ahead: (B, K) what is put back on.
        strength: (B,) 0 ... 1 of the season.
        alpha: (B,) mean smoothing weight; error variance grows like 1 + (h - 1) alpha^2.
        factor: (B, K) how much larger errors are at a step ahead than on average (multiplicative season).
    """

    forecasts: Tensor
    evidence: Tensor
    sigma: Tensor
    errors: Tensor
    read: Tensor
    counts: Tensor
    adjusted: Tensor
    season: Tensor
    season_ahead: Tensor
    strength: Tensor
    alpha: Tensor
    factor: Tensor


def recent(observed: Tensor, period: Tensor) -> tuple[Tensor, Tensor]:
    """Which of the last steps are read, (B, W) bool, and how much each counts, (B, W), 1 for the last.

    Args:
        observed: (B, W) bool, the last column is the present.
        period: (B, 1) steps in the shorter season, 1 for none.
    """
    age = torch.arange(observed.shape[1] - 1, -1, -1)[None]
    read = _of_late(observed, period, 1)
    return read, (-age / (SEASONS_REMEMBERED * period).clamp(LEAST_REMEMBERED, MOST_REMEMBERED)).exp()


def _of_late(observed: Tensor, period: Tensor, least: int) -> Tensor:
    """(B, T) bool, what of `observed` is at most SEASONS_READ seasons or `least` steps old.

    Everything where there is no season, or where a gap would leave nothing.

    Args:
        observed: (B, T) bool.
        period: (B, 1) steps, 1 for no season.
        least: steps that are read in any case.
    """
    age = torch.arange(observed.shape[1] - 1, -1, -1)[None]
    read = observed & ((age < (SEASONS_READ * period).clamp(min=least)) | (period == 1))
    return torch.where(read.any(1, keepdim=True), read, observed)  # a long gap leaves nothing recent


def carried_forward(y: Tensor, observed: Tensor) -> Tensor:
    """Missing values replaced by the last observed one; columns before the first observation stay zero."""
    column = torch.arange(y.shape[1])[None].expand_as(y)
    latest = torch.where(observed, column, 0).cummax(1).values
    return torch.where(observed, y, 0.0).gather(1, latest)


def smooth(scales: Sequence[Scale], observed: Tensor, periods: Tensor, horizon: int, window: int) -> list[Bank]:
    """Runs the bank on some scales of the same batch at once.

    Args:
        scales: of B series and T steps each.
        observed: (B, T) bool.
        periods: (B, 2) int; the shorter season first, 1 for none.
        horizon: K.
        window: W, last steps that are filtered at most.
    """
    keep_freed_memory()
    rows, length = observed.shape
    window = min(window, length)
    seen, weights = recent(observed[:, -window:], periods[:, :1])
    used = seen & (seen.cumsum(1) > 1)  # the first value starts the filters, it cannot be foretold
    counts = used * weights
    told = _of_late(observed, periods.amax(1, keepdim=True), max(LEAST_TOLD, window))
    parts = _adjustments(scales, told, periods, horizon)
    # the indices were paid for on all that told of them, the likelihood is that of the window
    share = counts.sum(1, keepdim=True).clamp(min=1) / told.sum(1, keepdim=True).clamp(min=1)

    sizes = [part.penalty.numel() for part in parts]
    owner = torch.cat([_repeat(torch.arange(rows), part.penalty.shape[1]) for part in parts])
    adjusted = carried_forward(torch.cat([part.adjusted.flatten(0, 1) for part in parts]), observed[owner])[:, -window:]
    factor_past = torch.cat([part.factor_past[..., -window:].flatten(0, 1) for part in parts])
    period = periods[owner, 0]
    growth = Growth.expected(period, *_doubling(scales, observed, adjusted.split(sizes)))
    flat = Rows(adjusted, seen[owner], counts[owner], factor_past * used[owner], *growth, period == 1)
    families = tuple(name for name in FILTERS if any(name in scale.families for scale in scales))
    found = filtered(families, flat, period, horizon)
    of_scale = zip(*(part.split(sizes) for part in (*found, *flat)), strict=True)
    return [
        _bank(scale, part, families, [tensor.unflatten(0, (rows, -1)) for tensor in tensors], share, seen, counts)
        for scale, part, tensors in zip(scales, parts, of_scale, strict=True)
    ]


def _doubling(scales: Sequence[Scale], observed: Tensor, adjusted: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Growth by 100 % (R,), and whether a series is positive, of the rows of all scales one after the other."""
    doublings, positives = [], []
    for scale, lines in zip(scales, adjusted, strict=True):
        ways = len(lines) // len(observed)
        if scale.doubling is not None:
            doubling, positive = _repeat(scale.doubling, ways), torch.ones_like(lines[:, 0], dtype=torch.bool)
        else:
            base = scale.base
            positive = _repeat(((scale.x + base[:, None] > 0) | ~observed).all(1), ways)
            doubling = torch.where(positive, lines[:, -1] + _repeat(base, ways), 1.0).clamp(min=1.0)
        doublings.append(doubling)
        positives.append(positive)
    return torch.cat(doublings), torch.cat(positives)


def _bank(
    scale: Scale,
    parts: _Adjustments,
    families: tuple[str, ...],
    tensors: Sequence[Tensor],
    share: Tensor,
    seen: Tensor,
    counts: Tensor,
) -> Bank:
    """The ways of a scale averaged by evidence.

    Args:
        scale: F families.
        parts: the ways of taking its season off.
        families: those that were filtered.
        tensors: what `filtered` returned, and the `Rows` it read, each (B, ways, ...).
        share: (B, 1) of the evidence that told of the season, what is in the window.
        seen: (B, W) bool.
        counts: (B, W).
    """
    mine = [families.index(name) for name in scale.families if name in FILTERS]
    forecasts, evidence, sigma, errors, alpha = (
        tensor if mine == [*range(len(families))] else tensor[:, :, mine] for tensor in tensors[:5]
    )
    rows = Rows(*tensors[5:])
    # (forecast + base) * factor - base + offset, ordered so that a large base does not cost float32 its digits
    shift = scale.base[:, None, None] * (parts.factor - 1) + parts.offset
    forecasts = forecasts * parts.factor[:, :, None] + shift[:, :, None]
    price = TEMPERATURE * share * parts.penalty
    evidence = evidence - price[..., None]

    way_in_family = evidence.softmax(1)
    way = evidence.logsumexp(2).softmax(1)
    family = evidence.logsumexp(1).softmax(1)

    def of_ways(values: Tensor) -> Tensor:
        """(B, ways, ...) -> (B, ...)."""
        return (way.reshape(*way.shape, *(1,) * (values.ndim - 2)) * values).sum(1)

    families_say = (way_in_family[..., None] * forecasts).sum(1)
    point = (family[..., None] * families_say).sum(1)
    level_line = of_ways(rows.y)
    bank = Bank(
        forecasts=families_say,
        evidence=evidence.logsumexp(1),
        sigma=(way_in_family * sigma).sum(1),
        errors=(way_in_family[..., None] * errors).sum(1),
        read=seen,
        counts=counts,
        adjusted=level_line,
        season=torch.where(seen, scale.x[:, -seen.shape[1] :] - level_line, 0.0),
        season_ahead=point - of_ways((point[:, None] - shift) / parts.factor),
        strength=of_ways(parts.strength),
        alpha=(family * (way_in_family * alpha).sum(1)).sum(1),
        factor=of_ways(parts.factor),
    )
    if AUTOREGRESSION not in scale.families:
        return bank
    averaged = {name: of_ways(getattr(rows, name)) for name in ("gain", "up", "down")}
    same = {"after": rows.after[:, 0], "laplace": rows.laplace[:, 0]}
    line = Rows(y=level_line, seen=seen, counts=counts, **averaged, **same)
    return _with_autoregression(bank, scale.families.index(AUTOREGRESSION), line, of_ways(shift), of_ways(price))


def _with_autoregression(bank: Bank, place: int, line: Rows, shift: Tensor, paid: Tensor) -> Bank:
    """The bank with an autoregression of what remains without the season.

    Args:
        bank: of F - 1 families.
        place: of the autoregression among the F.
        line: the remaining series.
        shift: (B, K) such that the series is the remaining one times `bank.factor`, plus this.
        paid: (B,) evidence that the season cost.
    """
    horizon = shift.shape[1]
    farthest = max(horizon, math.ceil(line.after.max().item()))
    paths, errors, tame = autoregression(line.y, line.seen, farthest, PRIOR_ERROR**2)
    likelihood, size, weighted = judged(errors, line)
    asked = line.after.long()[:, None, None].expand(-1, paths.shape[1], 1) - 1
    grown = paths.gather(2, asked)[..., 0] - line.y[:, -1:]
    posterior = likelihood + line.growth.log_prior(grown) + torch.where(tame, 0.0, -CLOSED)
    weight = posterior.softmax(1)
    forecast = (weight[..., None] * paths[..., :horizon]).sum(1) * bank.factor + shift
    evidence = posterior.logsumexp(1) - math.log(weight.shape[1]) - paid + ODDS_OF_AUTOREGRESSION

    def joined(values: Tensor, own: Tensor) -> Tensor:
        return torch.cat((values[:, :place], own[:, None], values[:, place:]), 1)

    return replace(
        bank,
        forecasts=joined(bank.forecasts, forecast),
        evidence=joined(bank.evidence, evidence),
        sigma=joined(bank.sigma, (weight * size).sum(1) * SIGMA_PER_MAE),
        errors=joined(bank.errors, mean_errors(weight, weighted, line)),
    )


class _Adjustments(NamedTuple):
    """The ways of taking the season off: series = (adjusted + level) * factor - level + offset."""

    adjusted: Tensor  # (B, ways, T)
    factor_past: Tensor  # (B, ways, T)
    factor: Tensor  # (B, ways, K)
    offset: Tensor  # (B, ways, K)
    penalty: Tensor  # (B, ways) log-likelihood that the indices cost; CLOSED where a way cannot be gone
    strength: Tensor  # (B, ways)


def _repeat(values: Tensor, ways: int) -> Tensor:
    """(B, ...) -> (B * ways, ...), each row `ways` times in a row."""
    return values.repeat_interleave(ways, 0)


def _adjustments(scales: Sequence[Scale], observed: Tensor, periods: Tensor, horizon: int) -> list[_Adjustments]:
    """No adjustment first; then, where the batch has seasons, each kind of a scale for each forgetting."""
    nones = [_unadjusted(scale.x, horizon) for scale in scales]
    if int(periods.max()) == 1:
        return nones

    rows = len(observed)
    ways = [len(scale.kinds) * len(FORGETTINGS) for scale in scales]
    owner = torch.cat([_repeat(torch.arange(rows), count) for count in ways])
    x = torch.cat([_repeat(scale.x, count) for scale, count in zip(scales, ways, strict=True)])
    level = torch.cat([_repeat(scale.base, count) for scale, count in zip(scales, ways, strict=True)])
    relative = torch.cat([torch.tensor(scale.kinds).repeat(len(FORGETTINGS) * rows) for scale in scales])
    forgetting = torch.cat(
        [x.new_tensor(FORGETTINGS).repeat_interleave(len(scale.kinds)).repeat(rows) for scale in scales]
    )
    observed = observed[owner]
    # where ratios make no sense the way is closed, but its numbers stay finite: inf * 0 would spread nan
    closed = relative & ~((x + level[:, None] > 0) | ~observed).all(1)
    relative = relative & ~closed
    ratio = relative[:, None]

    past, ahead = torch.ones_like(x), x.new_ones(len(x), horizon)
    shift_past, shift = torch.zeros_like(x), x.new_zeros(len(x), horizon)
    adjusted, strength = x, x.new_zeros(len(x))
    for period in periods[owner].unbind(1):  # the shorter season of the series, then the longer one of what it leaves
        if int(period.max()) == 1:
            continue
        part = seasonal(adjusted, observed, level, period, horizon, forgetting, relative)
        past = past * torch.where(ratio, (1 + part.past).clamp(min=SMALLEST_FACTOR), 1.0)
        ahead = ahead * torch.where(ratio, (1 + part.ahead).clamp(min=SMALLEST_FACTOR), 1.0)
        shift_past = shift_past + part.past * ~ratio
        shift = shift + part.ahead * ~ratio
        strength = torch.maximum(strength, part.strength)
        adjusted = (x - shift_past - level[:, None] * (past - 1)) / past * observed
    penalty = (periods.sum(1) - 2)[owner] * strength
    # dividing by almost nothing turns the quiet hours of a day into noise
    closed = closed | (past.amin(1) <= SMALLEST_FACTOR)
    penalty = torch.where(closed | (strength == 0), CLOSED, penalty)
    split = zip(
        *(part.split([rows * count for count in ways]) for part in (adjusted, past, ahead, shift, penalty, strength)),
        strict=True,
    )
    return [
        _beside_none(none, _Adjustments(*(part.unflatten(0, (rows, -1)) for part in parts)), periods)
        for none, parts in zip(nones, split, strict=True)
    ]


def _unadjusted(x: Tensor, horizon: int) -> _Adjustments:
    """The way of leaving a series as it is."""
    rows, length = x.shape
    return _Adjustments(
        adjusted=x[:, None],
        factor_past=x.new_ones(rows, 1, length),
        factor=x.new_ones(rows, 1, horizon),
        offset=x.new_zeros(rows, 1, horizon),
        penalty=x.new_zeros(rows, 1),
        strength=x.new_zeros(rows, 1),
    )


def _beside_none(none: _Adjustments, others: _Adjustments, periods: Tensor) -> _Adjustments:
    """None and the others, for none a price of its own, (B, 2) periods.

    One-step errors alone would let a random walk pass for a season; many steps ahead it does not.  Strength is
    1 - 1/F of the test that the indices differ, so log F (m - 1) / 2 is about what a season gains over none.
    """
    unseasonal = (1 - others.strength[:, :1]).clamp(min=1e-3).log()
    none = none._replace(penalty=-(periods.sum(1, keepdim=True) - 2) * unseasonal / 2)
    return _Adjustments(*(torch.cat(both, 1) for both in zip(none, others, strict=True)))
