"""A bank of exponential smoothing forecasts, weighted by their evidence, in one differentiable pass.

Every filter is an innovations state-space model of Hyndman et al. (2008), class 1, in error-correction form

    e_t = y_t - l_{t-1} - phi b_{t-1}
    l_t = l_{t-1} + phi b_{t-1} + alpha e_t
    b_t = phi b_{t-1} + beta e_t                y_{T+h|T} = l_T + (phi + ... + phi^h) b_T

which is linear in y, so errors and final states are a product of y with a matrix that depends on
(alpha, beta, phi) only.  A coarse grid of parameters is filtered at once; within a family the filters are averaged
with weights exp(log-likelihood), instead of one being optimised (Bayesian model averaging over a grid).

Families: "level" is simple exponential smoothing; "half_drift" adds half the slope of the least-squares line (the
Theta method, Hyndman & Billah 2003), "drift" the whole; "trend" is Holt's method; "damped" and
"strongly_damped" are Gardner & McKenzie's with phi 0.95 and 0.85.

Each family runs on the series itself and on four seasonal adjustments of it (additive or multiplicative, all
years alike or recent ones heavier), which are averaged by evidence too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from rnn_model.decomposition import TINY, seasonal

LEVEL_ALPHAS = (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)
TREND_ALPHAS = (0.1, 0.3, 0.6, 0.95)
TREND_BETAS = (0.03, 0.1, 0.3)  # as shares of alpha
FORGETTINGS = (0.0, 0.35)
# Likelihoods of neighbouring steps are not independent under a wrong model; tempering keeps the average broad.
TEMPERATURE = 0.5
# One pseudo-observation of a tenth of the series' own spread keeps sigma positive on short or exact series.
PRIOR_ERROR = 0.1
SMALLEST_FACTOR = 0.02


@dataclass(frozen=True)
class Family:
    """One kind of forecast: its damping, and how much of the least-squares slope its path carries."""

    phi: float
    drift: float
    filters: tuple[tuple[float, float], ...]  # (alpha, beta)


_LEVEL = tuple((alpha, 0.0) for alpha in LEVEL_ALPHAS)
_TREND = tuple((alpha, alpha * share) for alpha in TREND_ALPHAS for share in TREND_BETAS)
_FAMILIES = {
    "level": Family(0.0, 0.0, _LEVEL),
    "half_drift": Family(0.0, 0.5, _LEVEL),
    "drift": Family(0.0, 1.0, _LEVEL),
    "trend": Family(1.0, 0.0, _TREND),
    "damped": Family(0.95, 0.0, _TREND),
    "strongly_damped": Family(0.85, 0.0, _TREND),
}


@dataclass(frozen=True)
class Bank:
    """What the classical methods say about a batch; F families, W the last steps that are filtered.

    Attributes:
        forecasts: (B, F, K) point forecasts, season included.
        evidence: (B, F) tempered log-likelihood of a family.
        sigma: (B, F) one-step error, root mean square.
        errors: (B, F, W) one-step errors in time order; zero where nothing was observed.
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
    adjusted: Tensor
    season: Tensor
    season_ahead: Tensor
    strength: Tensor
    alpha: Tensor
    factor: Tensor


@lru_cache(maxsize=16)
def responses(filters: tuple[tuple[float, float], ...], phi: float, window: int) -> tuple[Tensor, Tensor]:
    """Matrices of G filters: errors (G W, W) and final states (G 2, W) as products with y (W,), from zero states."""
    alpha, beta = torch.tensor(filters, dtype=torch.float64).T
    level, slope = torch.zeros_like(alpha), torch.zeros_like(alpha)
    errors, states = [], []
    for step in range(window):
        error = float(step == 0) - level - phi * slope
        level, slope = level + phi * slope + alpha * error, phi * slope + beta * error
        errors.append(error)
        states.append(torch.stack((level, slope), 1))
    impulse = torch.stack(errors, 1)
    lag = torch.arange(window)[:, None] - torch.arange(window)[None]
    toeplitz = torch.where(lag >= 0, impulse[:, lag.clamp(min=0)], 0.0)
    final = torch.stack(states, 2).flip(2)
    return toeplitz.flatten(0, 1).float(), final.flatten(0, 1).float()


def damped_steps(steps: Tensor, phi: float) -> Tensor:
    """phi + phi^2 + ... + phi^steps."""
    if phi in (0.0, 1.0):
        return steps * phi
    return phi * (1 - phi**steps) / (1 - phi)


def line(y: Tensor, used: Tensor) -> tuple[Tensor, Tensor]:
    """Least-squares slope and value at the last column, (B, 1) each, over the columns in `used`."""
    column = torch.arange(y.shape[1], dtype=y.dtype)[None] - (y.shape[1] - 1)
    count = used.sum(1, keepdim=True).clamp(min=1)
    middle = (used * column).sum(1, keepdim=True) / count
    mean = (used * y).sum(1, keepdim=True) / count
    deviation = used * (column - middle)
    slope = (deviation * (y - mean)).sum(1, keepdim=True) / deviation.square().sum(1, keepdim=True).clamp(min=TINY)
    return slope, mean - slope * middle


def carried_forward(y: Tensor, observed: Tensor) -> Tensor:
    """Missing values replaced by the last observed one; columns before the first observation stay zero."""
    column = torch.arange(y.shape[1])[None].expand_as(y)
    latest = torch.where(observed, column, 0).cummax(1).values
    return torch.where(observed, y, 0.0).gather(1, latest)


def smooth(
    x: Tensor, observed: Tensor, level: Tensor, periods: Tensor, horizon: int, window: int, families: tuple[str, ...]
) -> Bank:
    """Runs the bank.

    Args:
        x: (B, T) right-aligned, about unit spread, zero where not observed.
        observed: (B, T) bool.
        level: (B,) such that x + level is the series in multiples of its spread (for multiplicative seasons).
        periods: (B, 2) int; the shorter season first, 1 for none.
        horizon: K.
        window: W, last steps that are filtered.
        families: names of FAMILIES.
    """
    window = min(window, x.shape[1])
    seen = observed[:, -window:]
    used = seen & (seen.cumsum(1) > 1)  # the first value starts the filters, it cannot be foretold
    parts = _adjustments(x, observed, level, periods, horizon)
    ways = parts.penalty.shape[1]
    base = level[:, None, None]

    adjusted = carried_forward(parts.adjusted.flatten(0, 1), _repeat(observed, ways))[:, -window:]
    gain = torch.where(used[:, None], parts.factor_past[..., -window:], 0.0).flatten(0, 1)
    rows = [
        _filtered(_FAMILIES[name], adjusted, _repeat(seen, ways), _repeat(used, ways), gain, horizon)
        for name in families
    ]
    forecasts, evidence, sigma, errors, alpha = (
        torch.stack(column, 1).unflatten(0, (-1, ways)) for column in zip(*rows, strict=True)
    )  # each (B, ways, F, ...)
    forecasts = (forecasts + base[..., None]) * parts.factor[:, :, None] - base[..., None] + parts.offset[:, :, None]
    evidence = evidence - TEMPERATURE * parts.penalty[..., None]

    way_in_family = evidence.softmax(1)
    way = evidence.logsumexp(2).softmax(1)
    family = evidence.logsumexp(1).softmax(1)
    families_say = (way_in_family[..., None] * forecasts).sum(1)
    point = (family[..., None] * families_say).sum(1)
    flat = (way[..., None] * ((point[:, None] + base - parts.offset) / parts.factor - base)).sum(1)
    level_line = (way[..., None] * adjusted.unflatten(0, (-1, ways))).sum(1)
    return Bank(
        forecasts=families_say,
        evidence=evidence.logsumexp(1),
        sigma=(way_in_family * sigma).sum(1),
        errors=(way_in_family[..., None] * errors).sum(1),
        adjusted=level_line,
        season=torch.where(seen, x[:, -window:] - level_line, 0.0),
        season_ahead=point - flat,
        strength=(way * parts.strength).sum(1),
        alpha=(family * (way_in_family * alpha).sum(1)).sum(1),
        factor=(way[..., None] * parts.factor).sum(1),
    )


@dataclass(frozen=True)
class _Adjustments:
    """The ways of taking the season off: series = (adjusted + level) * factor - level + offset."""

    adjusted: Tensor  # (B, ways, T)
    factor_past: Tensor  # (B, ways, T)
    factor: Tensor  # (B, ways, K)
    offset: Tensor  # (B, ways, K)
    penalty: Tensor  # (B, ways) log-likelihood that the indices cost; infinite where a way cannot be gone
    strength: Tensor  # (B, ways)


def _repeat(values: Tensor, ways: int) -> Tensor:
    """(B, ...) -> (B * ways, ...), each row `ways` times in a row."""
    return values.repeat_interleave(ways, 0)


def _adjustments(x: Tensor, observed: Tensor, level: Tensor, periods: Tensor, horizon: int) -> _Adjustments:
    """No adjustment first; then, where the batch has seasons, additive and multiplicative for each forgetting."""
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

    ways = 2 * len(FORGETTINGS)
    positive = ((x + level[:, None] > 0) | ~observed).all(1)
    relative = torch.tensor([False, True]).repeat(len(FORGETTINGS) * rows)
    forgetting = x.new_tensor(FORGETTINGS).repeat_interleave(2).repeat(rows)
    # where ratios make no sense the way is closed, but its numbers stay finite: inf * 0 would spread nan
    relative = relative & _repeat(positive, ways)
    closed = torch.tensor([False, True]).repeat(len(FORGETTINGS) * rows) & ~_repeat(positive, ways)
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
        adjusted = (x - shift_past + level[:, None]) / past - level[:, None]
        adjusted = torch.where(observed, adjusted, 0.0)
    penalty = (periods.sum(1) - 2) * strength
    penalty = torch.where(closed | (strength == 0), torch.inf, penalty)

    def joined(first: Tensor, others: Tensor) -> Tensor:
        return torch.cat((first, others.unflatten(0, (rows, ways))), 1)

    return _Adjustments(
        adjusted=joined(none.adjusted, adjusted),
        factor_past=joined(none.factor_past, past),
        factor=joined(none.factor, ahead),
        offset=joined(none.offset, shift),
        penalty=joined(none.penalty, penalty),
        strength=joined(none.strength, strength),
    )


def _filtered(
    family: Family, y: Tensor, seen: Tensor, used: Tensor, gain: Tensor, horizon: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """One family on adjusted series: forecast (B, K), evidence (B,), sigma (B,), errors (B, W), alpha (B,)."""
    window = y.shape[1]
    toeplitz, final = responses(family.filters, family.phi, window)
    column = torch.arange(window)[None]
    first = seen.to(torch.uint8).argmax(1, keepdim=True)
    start = seen & (column < first + 10)
    steps = (column - first + 1).clamp(min=0).to(y.dtype)
    ahead = (window - first + torch.arange(1, horizon + 1)[None]).to(y.dtype)

    # The filters start from rest beside a path that carries the initial level and slope.
    if family.phi:
        slope, last = line(y, start)
        base = last - slope * (window - first)
        path, path_ahead = (base + slope * damped_steps(travelled, family.phi) for travelled in (steps, ahead))
    else:
        slope = family.drift * line(y, seen)[0]
        base = ((y - slope * steps) * start).sum(1, keepdim=True) / start.sum(1, keepdim=True).clamp(min=1)
        path, path_ahead = (base + slope * travelled for travelled in (steps, ahead))

    deviation = torch.where(column >= first, y - path, 0.0)
    filters = len(family.filters)
    errors = (deviation @ toeplitz.T).reshape(-1, filters, window) * gain[:, None]
    level, trend = (deviation @ final.T).reshape(-1, filters, 2).unbind(2)
    growth = damped_steps(torch.arange(1, horizon + 1, dtype=y.dtype), family.phi)
    forecasts = path_ahead[:, None] + level[..., None] + trend[..., None] * growth

    count = used.sum(1, keepdim=True).clamp(min=1).to(y.dtype)
    variance = (errors.square().sum(2) + PRIOR_ERROR**2) / (count + 1)
    likelihood = -0.5 * TEMPERATURE * count * variance.log()
    weight = likelihood.softmax(1)
    alpha = weight @ y.new_tensor([alpha for alpha, _ in family.filters])
    return (
        (weight[..., None] * forecasts).sum(1),
        likelihood.logsumexp(1) - math.log(filters),
        (weight * variance).sum(1).sqrt(),
        (weight[..., None] * errors).sum(1),
        alpha,
    )
