"""A bank of exponential smoothing forecasts, weighted by their evidence, in one differentiable pass.

Every filter is an innovations state-space model of Hyndman et al. (2008), class 1, in error-correction form

    e_t = y_t - l_{t-1} - phi b_{t-1}
    l_t = l_{t-1} + phi b_{t-1} + alpha e_t
    b_t = phi b_{t-1} + beta e_t                y_{T+h|T} = l_T + (phi + ... + phi^h) b_T

which is linear in y, so errors and final states are a product of y with a matrix that depends on
(alpha, beta, phi) only.  A coarse grid of parameters is filtered at once; within a family the filters are averaged
with weights prior x tempered likelihood, instead of one being optimised (Bayesian model averaging over a grid).

Families: "level" is simple exponential smoothing; "half_drift" adds half the slope of the least-squares line (the
Theta method, Hyndman & Billah 2003), "drift" the whole; "trend" is Holt's method; "damped" and
"strongly_damped" are Gardner & McKenzie's with phi 0.95 and 0.85.

Each family runs on the series itself and on four seasonal adjustments of it (additive or multiplicative, all
years alike or recent ones heavier), which are averaged by evidence too.

One-step errors hardly tell a slope that will last from one that is chance, least of all in a volatile series.  So
what a filter expects to grow, as a share of the level, has a prior: Student's t with three degrees of freedom, which
doubts a slope that is large beside what series do in as many seasons, and yields where the errors insist on it.  A
fall is doubted more than a rise, at least of what is positive.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from rnn_model.decomposition import SMALLEST_FACTOR, TINY, seasonal

FORGETTINGS = (0.0, 0.35)
# Likelihoods of neighbouring steps are not independent under a wrong model; tempering keeps the average broad.
TEMPERATURE = 0.6
# One pseudo-observation of a twentieth of the series' own spread keeps sigma positive on short or exact series.
PRIOR_ERROR = 0.05
UNVARYING = 3.2  # times its level are the spread of a series without variation: an error of a tenth after one value
SIGMA_PER_MAE = math.sqrt(math.pi / 2)  # of a normal error; the mean absolute one minds wild errors less
# Penalty of a way that cannot be gone: its weight is exactly 0, as with inf, whose gradient would be nan.
CLOSED = 1e9
# Growth of a generation ago is no guide to that of the next two years, and one-step errors hardly tell two slopes
# apart: the filters read so many seasons at most, and an error counts by exp(-age / memory) in the likelihood.
SEASONS_READ = 12
LEAST_TOLD = 144  # steps from which a season is told, if twelve seasons are fewer
SEASONS_REMEMBERED = 4
LEAST_REMEMBERED, MOST_REMEMBERED = 24, 48  # steps
# The prior of growth: its scale after one season (one step without), which goes with the square root of their number
# as in a random walk, and so many steps ahead, plus so many seasons, at which it is asked.
USUAL_GROWTH = 0.17
GROWTH_AFTER = (4.0, 1.5)
GROWTH_FREEDOM = 3.0
FALL = 2.0  # times as much doubted as a rise


@dataclass(frozen=True)
class Grid:
    """Which filters are tried.

    Attributes:
        level_alphas: smoothing weights of filters without a slope.
        trend_alphas, trend_betas: of filters with one; beta as a share of alpha.
        start: first steps that set a trend's initial level and slope; ten in R's forecast::ets.
    """

    level_alphas: tuple[float, ...]
    trend_alphas: tuple[float, ...]
    trend_betas: tuple[float, ...]
    start: int


# A year brings more news than an hour, so levels and slopes of long steps change faster, and a slope set by the first
# ten of them would be that of a generation.
COARSE = Grid((0.1, 0.2, 0.35, 0.55, 0.8, 1.0), (0.4, 0.7, 1.0), (0.2, 0.8), 4)
FINE = Grid((0.05, 0.15, 0.3, 0.5, 0.75, 1.0), (0.1, 0.3, 0.8), (0.1, 0.3), 10)
LONGEST_COARSE = (
    4  # steps in a season of those that are coarse: quarters, and what has no season that is used, as years
)


@dataclass(frozen=True)
class Family:
    """A kind of forecast: its damping, 0 without a slope of its own, and how much of the least-squares slope it has."""

    phi: float
    drift: float


_FAMILIES = {
    "level": Family(0.0, 0.0),
    "half_drift": Family(0.0, 0.5),
    "drift": Family(0.0, 1.0),
    "trend": Family(1.0, 0.0),
    "damped": Family(0.95, 0.0),
    "strongly_damped": Family(0.85, 0.0),
}


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


@lru_cache(maxsize=16)
@torch.inference_mode(False)  # what is kept may take part in a gradient later, whoever asks for it first
def responses(phis: tuple[float, ...], window: int, grid: Grid) -> tuple[Tensor, Tensor, Tensor]:
    """The filters of families with these dampings, as matrices that act on a series that starts from rest.

    Args:
        phis: (F,); 0 gives the filters without a slope, otherwise those with one.
        window: W.
        grid: of the G filters of a family.

    Returns:
        errors (F, W, G W) and final states (F, W, G 2) as right factors of y (B, W), and alpha (F, G).
    """
    flat = [(alpha, 0.0) for alpha in grid.level_alphas]
    sloped = [(alpha, alpha * share) for alpha in grid.trend_alphas for share in grid.trend_betas]
    alpha, beta = torch.tensor([sloped if phi else flat for phi in phis], dtype=torch.float64).unbind(2)
    phi = torch.tensor(phis, dtype=torch.float64)[:, None]
    level, slope = torch.zeros_like(alpha), torch.zeros_like(alpha)
    errors, states = [], []
    for step in range(window):
        error = float(step == 0) - level - phi * slope
        level, slope = level + phi * slope + alpha * error, phi * slope + beta * error
        errors.append(error)
        states.append(torch.stack((level, slope), 2))
    impulse = torch.stack(errors, 2)
    lag = torch.arange(window)[:, None] - torch.arange(window)[None]
    toeplitz = torch.where(lag >= 0, impulse[:, :, lag.clamp(min=0)], 0.0)  # (F, G, W out, W in)
    final = torch.stack(states, 1).flip(1)  # (F, W, G, 2)
    return toeplitz.permute(0, 3, 1, 2).flatten(2).float(), final.flatten(2).float(), alpha.float()


def damped_steps(steps: Tensor, phi: Tensor) -> Tensor:
    """phi + phi^2 + ... + phi^steps, (F, ...) for phi (F,) in (0, 1] and any shape of steps."""
    phi = phi.reshape(-1, *(1,) * steps.ndim)
    damped = phi * (1 - (steps * phi.log()).exp()) / (1 - phi).clamp(min=TINY)
    return torch.where(phi == 1, steps, damped)


def line(y: Tensor, used: Tensor) -> tuple[Tensor, Tensor]:
    """Least-squares slope and value at the last column, (B, 1) each, over the columns in `used`."""
    column = torch.arange(y.shape[1], dtype=y.dtype)[None] - (y.shape[1] - 1)
    count = used.sum(1, keepdim=True).clamp(min=1)
    middle = (used * column).sum(1, keepdim=True) / count
    mean = (used * y).sum(1, keepdim=True) / count
    deviation = used * (column - middle)
    slope = (deviation * (y - mean)).sum(1, keepdim=True) / deviation.square().sum(1, keepdim=True).clamp(min=TINY)
    return slope, mean - slope * middle


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


def smooth(
    x: Tensor,
    observed: Tensor,
    level: Tensor | None,
    periods: Tensor,
    horizon: int,
    window: int,
    families: tuple[str, ...],
    doubling: Tensor | None = None,
) -> Bank:
    """Runs the bank.

    Args:
        x: (B, T) right-aligned, about unit spread, zero where not observed.
        observed: (B, T) bool.
        level: (B,) such that x + level is the series in multiples of its spread (for multiplicative seasons); None to
            try additive ones alone.
        periods: (B, 2) int; the shorter season first, 1 for none.
        horizon: K.
        window: W, last steps that are filtered at most.
        families: names of FAMILIES.
        doubling: (B,) growth by 100 % in the unit of x; None for the level that was reached where the series is
            positive and that is more than its spread, else the spread.
    """
    window = min(window, x.shape[1])
    kinds = (False,) if level is None else (False, True)
    level = torch.zeros_like(x[:, 0]) if level is None else level
    seen, weights = recent(observed[:, -window:], periods[:, :1])
    used = seen & (seen.cumsum(1) > 1)  # the first value starts the filters, it cannot be foretold
    counts = used * weights
    told = _of_late(observed, periods.amax(1, keepdim=True), max(LEAST_TOLD, window))
    parts = _adjustments(x, told, level, periods, horizon, kinds)
    ways = parts.penalty.shape[1]
    base = level[:, None, None]

    adjusted = carried_forward(parts.adjusted.flatten(0, 1), _repeat(observed, ways))[:, -window:]
    gain = torch.where(used[:, None], parts.factor_past[..., -window:], 0.0).flatten(0, 1)
    if doubling is None:
        positive = _repeat(((x + level[:, None] > 0) | ~observed).all(1), ways)
        doubling = torch.where(positive, adjusted[:, -1] + _repeat(level, ways), 1.0).clamp(min=1.0)
    else:
        doubling = _repeat(doubling, ways)
        positive = torch.ones_like(doubling, dtype=torch.bool)
    period = _repeat(periods[:, 0], ways)
    growth = _Growth.expected(period, doubling, positive)
    rows = _Rows(adjusted, _repeat(seen, ways), _repeat(counts, ways), gain, *growth, period == 1)
    forecasts, evidence, sigma, errors, alpha = (
        part.unflatten(0, (-1, ways)) for part in _on_their_grids(families, rows, period <= LONGEST_COARSE, horizon)
    )  # each (B, ways, F, ...)
    # (forecast + base) * factor - base + offset, ordered so that a large base does not cost float32 its digits
    lift = base * (parts.factor - 1)
    forecasts = forecasts * parts.factor[:, :, None] + (lift + parts.offset)[:, :, None]
    # the indices were paid for on all that told of them, the likelihood is that of the window
    share = counts.sum(1, keepdim=True).clamp(min=1) / told.sum(1, keepdim=True).clamp(min=1)
    evidence = evidence - TEMPERATURE * (share * parts.penalty)[..., None]

    way_in_family = evidence.softmax(1)
    way = evidence.logsumexp(2).softmax(1)
    family = evidence.logsumexp(1).softmax(1)
    families_say = (way_in_family[..., None] * forecasts).sum(1)
    point = (family[..., None] * families_say).sum(1)
    flat = (way[..., None] * (point[:, None] - lift - parts.offset) / parts.factor).sum(1)
    level_line = (way[..., None] * adjusted.unflatten(0, (-1, ways))).sum(1)
    return Bank(
        forecasts=families_say,
        evidence=evidence.logsumexp(1),
        sigma=(way_in_family * sigma).sum(1),
        errors=(way_in_family[..., None] * errors).sum(1),
        read=seen,
        counts=counts,
        adjusted=level_line,
        season=torch.where(seen, x[:, -window:] - level_line, 0.0),
        season_ahead=point - flat,
        strength=(way * parts.strength).sum(1),
        alpha=(family * (way_in_family * alpha).sum(1)).sum(1),
        factor=(way[..., None] * parts.factor).sum(1),
    )


class _Growth(NamedTuple):
    """How much series are expected to grow.

    Attributes:
        after: (B,) steps ahead at which it is asked.
        up: (B,) scale of the growth by then, in the unit of the series.
        down: (B,) the same where it falls.
    """

    after: Tensor
    up: Tensor
    down: Tensor

    @classmethod
    def expected(cls, period: Tensor, doubling: Tensor, positive: Tensor) -> _Growth:
        """For periods (B,), 1 for none, growth by 100 % (B,) in the unit of the series, and whether it is positive."""
        steps, seasons = GROWTH_AFTER
        after = steps + seasons * period.to(doubling.dtype)
        up = USUAL_GROWTH * (after / period).sqrt() * doubling
        return cls(after, up, torch.where(positive, up / FALL, up))

    def log_prior(self, growth: Tensor) -> Tensor:
        """(F, B, G) logarithm of the density of growth (F, B, G) beside that of none."""
        share = growth / torch.where(growth < 0, self.down[:, None], self.up[:, None])
        return -(GROWTH_FREEDOM + 1) / 2 * torch.log1p(share.square() / GROWTH_FREEDOM)


@dataclass(frozen=True)
class _Adjustments:
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


def _adjustments(
    x: Tensor, observed: Tensor, level: Tensor, periods: Tensor, horizon: int, kinds: tuple[bool, ...]
) -> _Adjustments:
    """No adjustment first; then, where the batch has seasons, each kind (multiplicative?) for each forgetting."""
    rows, length = x.shape
    none = _Adjustments(
        adjusted=x[:, None],
        factor_past=x.new_ones(rows, 1, length),
        factor=x.new_ones(rows, 1, horizon),
        offset=x.new_zeros(rows, 1, horizon),
        penalty=x.new_zeros(rows, 1),
        strength=x.new_zeros(rows, 1),
    )
    if int(periods.max()) == 1:
        return none

    ways = len(kinds) * len(FORGETTINGS)
    positive = ((x + level[:, None] > 0) | ~observed).all(1)
    relative = torch.tensor(kinds).repeat(len(FORGETTINGS) * rows)
    forgetting = x.new_tensor(FORGETTINGS).repeat_interleave(len(kinds)).repeat(rows)
    # where ratios make no sense the way is closed, but its numbers stay finite: inf * 0 would spread nan
    closed = relative & ~_repeat(positive, ways)
    relative = relative & ~closed
    x, observed, level, periods = (_repeat(part, ways) for part in (x, observed, level, periods))

    past, ahead = torch.ones_like(x), x.new_ones(len(x), horizon)
    shift_past, shift = torch.zeros_like(x), x.new_zeros(len(x), horizon)
    adjusted, strength = x, x.new_zeros(len(x))
    for period in periods.unbind(1):  # the shorter season of the series, then the longer one of what it leaves
        if int(period.max()) == 1:
            continue
        part = seasonal(adjusted, observed, level, period, horizon, forgetting, relative)
        ratio = relative[:, None]
        past = past * torch.where(ratio, (1 + part.past).clamp(min=SMALLEST_FACTOR), 1.0)
        ahead = ahead * torch.where(ratio, (1 + part.ahead).clamp(min=SMALLEST_FACTOR), 1.0)
        shift_past, shift = (
            total + torch.where(ratio, 0.0, new) for total, new in ((shift_past, part.past), (shift, part.ahead))
        )
        strength = torch.maximum(strength, part.strength)
        adjusted = (x - shift_past - level[:, None] * (past - 1)) / past
        adjusted = torch.where(observed, adjusted, 0.0)
    penalty = (periods.sum(1) - 2) * strength
    # dividing by almost nothing turns the quiet hours of a day into noise
    closed = closed | (past.amin(1) <= SMALLEST_FACTOR)
    penalty = torch.where(closed | (strength == 0), CLOSED, penalty)
    # One-step errors alone would let a random walk pass for a season; many steps ahead it does not.  strength is
    # 1 - 1/F of the test that the indices differ, so log F (m - 1) / 2 is about what a season gains over none.
    plain = strength.unflatten(0, (rows, ways))[:, 0]
    none_penalty = -(periods.unflatten(0, (rows, ways))[:, 0].sum(1) - 2) * (1 - plain).clamp(min=1e-3).log() / 2

    def joined(first: Tensor, others: Tensor) -> Tensor:
        return torch.cat((first, others.unflatten(0, (rows, ways))), 1)

    return _Adjustments(
        adjusted=joined(none.adjusted, adjusted),
        factor_past=joined(none.factor_past, past),
        factor=joined(none.factor, ahead),
        offset=joined(none.offset, shift),
        penalty=joined(none_penalty[:, None], penalty),
        strength=joined(none.strength, strength),
    )


class _Rows(NamedTuple):
    """Adjusted series to be filtered.

    Attributes:
        y: (B, W), carried forward over missing values.
        seen: (B, W) bool, read.
        counts: (B, W) how much an error counts, 1 at most; 0 where there is none.
        gain: (B, W) by which an error on the adjusted scale is multiplied on the original one; 0 where not used.
        after, up, down: (B,) the expected growth, see `_Growth`, in the unit of y.
        laplace: (B,) bool, errors have the likelihood of Laplace's distribution instead of the normal one; without a
            season a series is mostly short, and squares would leave it to its wildest year.
    """

    y: Tensor
    seen: Tensor
    counts: Tensor
    gain: Tensor
    after: Tensor
    up: Tensor
    down: Tensor
    laplace: Tensor


def _on_their_grids(families: tuple[str, ...], rows: _Rows, coarse: Tensor, horizon: int) -> Sequence[Tensor]:
    """What `_filtered` returns, of rows with the grid of coarse steps where `coarse` (B,) and the other elsewhere."""
    if bool(coarse.all()) or not bool(coarse.any()):
        return _filtered(families, rows, COARSE if bool(coarse[0]) else FINE, horizon)
    halves = [
        _filtered(families, _Rows(*(part[chosen] for part in rows)), grid, horizon)
        for chosen, grid in ((coarse, COARSE), (~coarse, FINE))
    ]
    back = torch.cat((coarse.nonzero(), (~coarse).nonzero()))[:, 0].argsort()
    return [torch.cat(parts)[back] for parts in zip(*halves, strict=True)]


def _filtered(
    families: tuple[str, ...], rows: _Rows, grid: Grid, horizon: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """All families on adjusted series.

    Args:
        families: F names.
        rows: B series of W steps.
        grid: of the filters.
        horizon: K.

    Returns:
        forecasts (B, F, K), evidence (B, F), sigma (B, F), errors (B, F, W), alpha (B, F).
    """
    y, seen, counts, gain, *of_growth, laplace = rows
    growth = _Growth(*of_growth)
    kinds = [_FAMILIES[name] for name in families]
    window = y.shape[1]
    toeplitz, final, alphas = responses(tuple(kind.phi for kind in kinds), window, grid)
    phi = y.new_tensor([kind.phi for kind in kinds])
    sloped = (phi > 0)[:, None, None]
    column = torch.arange(window)[None]
    first = seen.to(torch.uint8).argmax(1, keepdim=True)
    start = seen & (column < first + grid.start)
    steps = (column - first + 1).clamp(min=0).to(y.dtype)
    leads = torch.arange(1, horizon + 1, dtype=y.dtype)
    ahead = (window - first).to(y.dtype) + leads

    # The filters start from rest beside a path that carries the initial level and slope, (F, B, ...).
    early_slope, early_last = line(y, start)
    drift = y.new_tensor([kind.drift for kind in kinds])[:, None, None] * line(y, seen)[0]
    slope = torch.where(sloped, early_slope, drift)
    mean = ((y - slope * steps) * start).sum(2, keepdim=True) / start.sum(1, keepdim=True).clamp(min=1)
    base = torch.where(sloped, early_last - early_slope * (window - first), mean)
    bend = torch.where(phi > 0, phi, 1.0)
    deviation = torch.where(column >= first, y - base - slope * damped_steps(steps, bend), 0.0)

    errors = (deviation @ toeplitz).unflatten(2, (-1, window)) * gain[:, None]  # (F, B, G, W)
    level, trend = (deviation @ final).unflatten(2, (-1, 2)).unbind(3)
    path = base + slope * damped_steps(ahead, bend)
    forecasts = path[:, :, None] + level[..., None] + trend[..., None] * damped_steps(leads, bend)[:, None, None]

    now = (window - first)[:, 0].to(y.dtype)
    coasted = damped_steps(now + growth.after, bend) - damped_steps(now, bend)
    grown = slope * coasted[..., None] + trend * damped_steps(growth.after, bend)[..., None]

    count = counts.sum(1).clamp(min=1)[:, None]
    counted = errors * counts[:, None]  # several times as fast as an einsum over the steps
    variance = ((counted * errors).sum(3) + PRIOR_ERROR**2) / (count + 1)
    size = (counted.abs().sum(3) + PRIOR_ERROR) / (count + 1)
    scale = torch.where(laplace[:, None], size, variance.sqrt())
    posterior = growth.log_prior(grown) - TEMPERATURE * count * scale.log()
    weight = posterior.softmax(2)
    return (
        torch.einsum("fbg,fbgk->bfk", weight, forecasts),
        (posterior.logsumexp(2) - math.log(weight.shape[2])).T,
        (weight * size).sum(2).T * SIGMA_PER_MAE,
        torch.einsum("fbg,fbgw->bfw", weight, errors),
        (weight * alphas[:, None]).sum(2).T,
    )
