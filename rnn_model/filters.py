"""A grid of exponential smoothing filters at once, as one differentiable product of matrices.

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

from rnn_model.decomposition import TINY

# Likelihoods of neighbouring steps are not independent under a wrong model; tempering keeps the average broad.
TEMPERATURE = 0.6
# One pseudo-observation of a twentieth of the series' own spread keeps sigma positive on short or exact series.
PRIOR_ERROR = 0.05
SIGMA_PER_MAE = math.sqrt(math.pi / 2)  # of a normal error; the mean absolute one minds wild errors less
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


# A year brings more news than a month, and that more than an hour, so levels and slopes of long steps change faster,
# and a slope set by the first ten of them would be that of a generation.
COARSE = Grid((0.1, 0.2, 0.35, 0.55, 0.8, 1.0), (0.4, 0.7, 1.0), (0.2, 0.8), 4)
MIDDLE = Grid((0.1, 0.3, 0.6, 0.9), (0.05, 0.2, 0.5, 0.9), (0.2,), 10)
FINE = Grid((0.01, 0.05, 0.2, 0.6), (0.02, 0.3), (0.1, 0.3), 20)
LONGEST_COARSE = 4  # steps in a season of the coarse: quarters, and what has no season that is used, as years
A_YEAR = 12  # in months
MOST_YEARS = 72  # for which something is recorded, mostly
FORGOTTEN = 1e-12  # part of a value that an error still holds
BLOCK = 512  # rows that are filtered at a time, so that their errors are still in the cache when they are judged


def high_frequency(period: Tensor, count: Tensor) -> Tensor:
    """Whether steps are weeks, days or hours, judged by a season that does not divide twelve, or by none in a series of
    more steps than years are recorded for, (B,) bool.

    Args:
        period: (B,) steps in the shorter season, 1 for none.
        count: (B,) steps that are read.
    """
    return (A_YEAR % period > 0) | ((period == 1) & (count >= MOST_YEARS))


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


@lru_cache(maxsize=16)
@torch.inference_mode(False)
def damped_table(phis: tuple[float, ...], most: int) -> Tensor:
    """(F, most + 1) `damped_steps` of 0 ... `most` steps, for each phi; those of phi 0 are as for 1."""
    return damped_steps(torch.arange(most + 1.0), torch.tensor([phi or 1.0 for phi in phis]))


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
    # what has died away is nothing: numbers too small for float32's exponent are slow to multiply with
    impulse = torch.where(impulse.abs() < FORGOTTEN, 0.0, impulse)
    toeplitz = torch.where(lag >= 0, impulse[:, :, lag.clamp(min=0)], 0.0)  # (F, G, W out, W in)
    final = torch.stack(states, 1).flip(1)  # (F, W, G, 2)
    return toeplitz.permute(0, 3, 1, 2).flatten(2).float(), final.flatten(2).float(), alpha.float()


def damped_steps(steps: Tensor, phi: Tensor) -> Tensor:
    """phi + phi^2 + ... + phi^steps, (F, ...) for phi (F,) in (0, 1] and any shape of steps."""
    phi = phi.reshape(-1, *(1,) * steps.ndim)
    damped = phi * (1 - (steps * phi.log()).exp()) / (1 - phi).clamp(min=TINY)
    return torch.where(phi == 1, steps, damped)


def line(y: Tensor, used: Tensor) -> tuple[Tensor, Tensor]:
    """Least-squares slope and value at the last column, (..., B, 1) each.

    Args:
        y: (B, W).
        used: (..., B, W) the columns that count.
    """
    column = torch.arange(1 - y.shape[1], 1, dtype=y.dtype)
    count = used.sum(-1, keepdim=True).clamp(min=1)
    middle = (used * column).sum(-1, keepdim=True) / count
    mean = (used * y).sum(-1, keepdim=True) / count
    deviation = used * (column - middle)
    slope = (deviation * (y - mean)).sum(-1, keepdim=True) / deviation.square().sum(-1, keepdim=True).clamp(min=TINY)
    return slope, mean - slope * middle


class Growth(NamedTuple):
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
    def expected(cls, period: Tensor, doubling: Tensor, positive: Tensor) -> Growth:
        """For periods (B,), 1 for none, growth by 100 % (B,) in the unit of the series, and whether it is positive."""
        steps, seasons = GROWTH_AFTER
        after = steps + seasons * period.to(doubling.dtype)
        up = USUAL_GROWTH * (after / period).sqrt() * doubling
        return cls(after, up, torch.where(positive, up / FALL, up))

    def log_prior(self, growth: Tensor) -> Tensor:
        """(F, B, G) logarithm of the density of growth (F, B, G) beside that of none."""
        share = growth / torch.where(growth < 0, self.down[:, None], self.up[:, None])
        return -(GROWTH_FREEDOM + 1) / 2 * torch.log1p(share.square() / GROWTH_FREEDOM)


class Rows(NamedTuple):
    """Adjusted series to be filtered.

    Attributes:
        y: (B, W), carried forward over missing values.
        seen: (B, W) bool, read.
        counts: (B, W) how much an error counts, 1 at most; 0 where there is none.
        gain: (B, W) by which an error on the adjusted scale is multiplied on the original one; 0 where not used.
        after, up, down: (B,) the expected growth, see `Growth`, in the unit of y.
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

    @property
    def growth(self) -> Growth:
        """What the rows are expected to grow."""
        return Growth(self.after, self.up, self.down)


def filtered(families: tuple[str, ...], rows: Rows, period: Tensor, horizon: int) -> Sequence[Tensor]:
    """All families on adjusted series, with the grid that goes with the steps of each.

    Args:
        families: F names.
        rows: B series of W steps.
        period: (B,) steps in a season, 1 for none.
        horizon: K.

    Returns:
        forecasts (B, F, K), evidence (B, F), sigma (B, F), errors (B, F, W), alpha (B, F).
    """
    fine = high_frequency(period, rows.seen.sum(1))
    coarse = (period <= LONGEST_COARSE) & ~fine
    groups = [
        (grid, is_one.nonzero()[:, 0])
        for grid, is_one in ((COARSE, coarse), (MIDDLE, ~coarse & ~fine), (FINE, fine))
        if bool(is_one.any())
    ]
    if len(groups) == 1:
        found = _in_blocks(families, rows, groups[0][0], horizon)
    else:
        parts = [_in_blocks(families, Rows(*(part[chosen] for part in rows)), grid, horizon) for grid, chosen in groups]
        back = torch.cat([chosen for _, chosen in groups]).argsort()
        found = [torch.cat(part, 1)[:, back] for part in zip(*parts, strict=True)]
    return [part.transpose(0, 1) for part in found]


def _in_blocks(families: tuple[str, ...], rows: Rows, grid: Grid, horizon: int) -> Sequence[Tensor]:
    """What `_on_grid` returns, of BLOCK rows at a time."""
    blocks = zip(*(part.split(BLOCK) for part in rows), strict=True)
    found = [_on_grid(families, Rows(*block), grid, horizon) for block in blocks]
    return found[0] if len(found) == 1 else [torch.cat(parts, 1) for parts in zip(*found, strict=True)]


def _on_grid(
    families: tuple[str, ...], rows: Rows, grid: Grid, horizon: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """All families on adjusted series.

    Args:
        families: F names.
        rows: B series of W steps.
        grid: of the filters.
        horizon: K.

    Returns:
        as `filtered`, but of each family the rows: (F, B, ...).
    """
    y, seen, growth = rows.y, rows.seen, rows.growth
    kinds = [_FAMILIES[name] for name in families]
    phis = tuple(kind.phi for kind in kinds)
    window = y.shape[1]
    toeplitz, final, alphas = responses(phis, window, grid)
    damped = damped_table(phis, window + horizon)
    sloped = y.new_tensor(phis)[:, None, None] > 0
    column = torch.arange(window)
    first = seen.to(torch.uint8).argmax(1, keepdim=True)
    steps = (column - first + 1).clamp(min=0)
    length = window - first
    start = seen & (steps <= grid.start)

    # The filters start from rest beside a path that carries the initial level and slope, (F, B, ...).
    (early_slope, slope_of_all), (early_last, _) = line(y, torch.stack((start, seen)))
    drift = y.new_tensor([kind.drift for kind in kinds])[:, None, None] * slope_of_all
    slope = torch.where(sloped, early_slope, drift)
    mean = ((y - slope * steps) * start).sum(2, keepdim=True) / start.sum(1, keepdim=True).clamp(min=1)
    base = torch.where(sloped, early_last - early_slope * length, mean)
    coasting = damped.index_select(1, steps.flatten()).unflatten(1, steps.shape)
    deviation = (y - base - slope * coasting) * (steps > 0)

    level, trend = (deviation @ final).unflatten(2, (-1, 2)).unbind(3)
    now = length[:, 0].to(y.dtype)
    bend = y.new_tensor([phi or 1.0 for phi in phis])
    coasted, after = damped_steps(torch.stack((now + growth.after, growth.after)), bend).unbind(1)
    grown = slope * (coasted - damped[:, length[:, 0]])[..., None] + trend * after[..., None]

    likelihood, size, weighted = judged((deviation @ toeplitz).unflatten(2, (-1, window)), rows)
    posterior = growth.log_prior(grown) + likelihood
    weight = posterior.softmax(2)
    flat, rising = ((weight * part).sum(2, keepdim=True) for part in (level, trend))
    leads = torch.arange(1, horizon + 1)
    forecasts = base + slope * damped[:, length + leads] + flat + rising * damped[:, None, 1 : horizon + 1]
    return (
        forecasts,
        posterior.logsumexp(2) - math.log(weight.shape[2]),
        (weight * size).sum(2) * SIGMA_PER_MAE,
        mean_errors(weight, weighted, rows),
        (weight * alphas[:, None]).sum(2),
    )


def judged(errors: Tensor, rows: Rows) -> tuple[Tensor, Tensor, Tensor]:
    """What one-step errors tell of the filters that made them.

    Args:
        errors: (..., B, G, W) on the adjusted scale; overwritten, since so large a tensor is best written once.
        rows: B of them.

    Returns:
        their tempered log-likelihood (..., B, G), their mean size (..., B, G) on the original scale, and themselves
        there, times the root of their weight, (..., B, G, W).
    """
    count = rows.counts.sum(1).clamp(min=1)[:, None]
    root = rows.counts.sqrt()
    weighted = errors.mul_((rows.gain * root)[:, None])
    variance = (torch.linalg.vector_norm(weighted, dim=-1).square() + PRIOR_ERROR**2) / (count + 1)
    size = ((weighted * root[:, None]).abs_().sum(-1) + PRIOR_ERROR) / (count + 1)
    scale = torch.where(rows.laplace[:, None], size, variance.sqrt())
    return -TEMPERATURE * count * scale.log(), size, weighted


def mean_errors(weight: Tensor, weighted: Tensor, rows: Rows) -> Tensor:
    """(..., B, W) errors averaged over the filters, zero where none counts.

    Args:
        weight: (..., B, G) of the filters.
        weighted: (..., B, G, W) from `judged`.
        rows: B of them.
    """
    once = torch.where(rows.counts > 0, rows.counts, torch.inf).rsqrt()
    return (weight[..., None] * weighted).sum(-2) * once
