"""Histories become tensors, network outputs become numbers again.  The scale is returned, never kept.

A batch is right-aligned while classical methods look at it (the present is the last column), and left-aligned for
the recurrent network (which starts at the first real step).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rnn_model.config import ForecastConfig
from rnn_model.filters import high_frequency
from rnn_model.network import ForecastInputs
from rnn_model.scales import Candidates, candidates
from rnn_model.smoothing import UNVARYING, Bank

PAST_FEATURES = 6  # beside one error per family
ROUNDING = 1e-15  # of float64, beside the largest value; differences above it are real, however high the level
LEAST_EVIDENCE = -30.0  # logarithm of a weight that is as good as 0; what is closed has -1e9 and no use for digits
ODDS = 5.0  # log odds of the scales that the network sees as large
LEVEL, SEASON = 0, 3  # where among them the deseasonalised level and the season stand
AHEAD_FEATURES = 14  # beside two per family of either scale


@dataclass(frozen=True)
class Scaled:
    """A batch of histories in units of their own spread.

    Attributes:
        x: (B, T) float32, right-aligned; zero where not observed.
        observed: (B, T) bool.
        anchor: (B,) float64, the mean of each history; value = anchor + scale * x.
        scale: (B,) float64, its mean absolute deviation, positive.
        periods: (B, 2) int; the season in steps, shorter first, 1 for none.
    """

    x: Tensor
    observed: Tensor
    anchor: Tensor
    scale: Tensor
    periods: Tensor


def until_last(history: np.ndarray) -> tuple[np.ndarray, int]:
    """A history (T,) without the missing values at its end, and their number.

    What comes after the end lies so many steps further from the last thing known, which is where a forecast begins.
    """
    seen = np.flatnonzero(np.isfinite(history))
    end = int(seen[-1]) + 1 if len(seen) else len(history)
    return history[:end], len(history) - end


def usable(periods: Sequence[int], length: int) -> tuple[int, ...]:
    """Those of which a history of `length` steps holds two, shorter first, two at most."""
    return tuple(sorted(period for period in periods if 1 < period <= length // 2)[:2])


def scale(histories: Sequence[np.ndarray], seasons: Sequence[tuple[int, ...]], context: int) -> Scaled:
    """Cuts histories to their last `context` steps, right-aligns and scales them.

    Args:
        histories: arrays (T_i,), nan where missing but for the last.
        seasons: periods of each; those are used that are `usable`.
        context: longest history kept.
    """
    recent = [np.asarray(history, np.float64)[-context:] for history in histories]
    lengths = np.array([len(history) for history in recent])
    values = np.full((len(recent), int(lengths.max())), np.nan)
    for row, history in zip(values, recent, strict=True):
        row[len(row) - len(history) :] = history

    periods = np.ones((len(recent), 2), np.int64)
    for row, length, season in zip(periods, lengths, seasons, strict=True):
        used = usable(season, int(length))
        row[: len(used)] = used
    return standardised(torch.from_numpy(values), torch.from_numpy(periods))


def standardised(values: Tensor, periods: Tensor) -> Scaled:
    """Right-aligned histories (B, T) float64, nan where missing, in units of their own spread; differentiable.

    A history without variation is scaled by its level (by 1 if that is 0) such that the bank expects an error of a
    tenth of it after one value, which says nothing about how it varies: this is the assumption made in its place.
    """
    observed = ~values.isnan()
    values = torch.where(observed, values, 0.0)
    count = observed.sum(1)
    # dividing by the largest value first keeps 1e300 from overflowing in a sum
    largest = values.detach().abs().amax(1)
    largest = torch.where(largest == 0, 1.0, largest)
    x = values / largest[:, None]
    mean = x.sum(1) / count
    x = torch.where(observed, x - mean[:, None], 0.0)
    deviation = x.abs().sum(1) / count
    level = torch.where(mean == 0, 1.0, mean.abs())
    deviation = torch.where(deviation <= ROUNDING, UNVARYING * level, deviation)
    return Scaled((x / deviation[:, None]).float(), observed, mean * largest, deviation * largest, periods)


def feature_counts(config: ForecastConfig) -> tuple[int, int]:
    """D and E of the inputs that `inputs` makes."""
    return PAST_FEATURES + len(config.families), AHEAD_FEATURES + 2 * (len(config.families) + len(config.log_families))


def inputs(scaled: Scaled, horizon: int, config: ForecastConfig) -> ForecastInputs:
    """What the network reads of a scaled batch; differentiable with respect to all that was scaled.

    Everything is measured from the last level in units of the classical one-step error, and squashed by asinh, which
    is linear near zero and logarithmic far from it, so that a wild value does not saturate the network.
    """
    # far above its variation a level makes additive and multiplicative seasons alike, but costs float32 its digits
    level = (scaled.anchor / scaled.scale).clamp(-1e4, 1e4).float()
    said = candidates(
        scaled.x,
        scaled.observed,
        level,
        scaled.periods,
        horizon,
        config.window,
        config.families,
        config.log_families,
    )
    bank, weight = said.plain, said.evidence.exp()
    sigma = (weight * said.sigma).sum(1, keepdim=True)
    steps = torch.arange(1, horizon + 1, dtype=scaled.x.dtype)[None]
    growth = (1 + (steps - 1) * bank.alpha[:, None].square()).sqrt()
    centre = (weight[..., None] * said.forecasts).sum(1)
    apart = (weight[..., None] * (said.forecasts - centre[:, None]).square()).sum(1)
    spread = ((sigma * growth * bank.factor.clamp(min=0.1)).square() + apart).sqrt()
    unseasonal = centre[:, :1] - bank.season_ahead[:, :1]
    past, lengths = _left_aligned(_past(bank, unseasonal, sigma), bank.read)
    return ForecastInputs(
        past,
        lengths,
        _ahead(said, scaled, weight, centre, spread, sigma, steps),
        said.forecasts.transpose(1, 2),
        said.evidence.clamp(min=LEAST_EVIDENCE),
        spread,
        high_frequency(scaled.periods[:, 0], bank.read.sum(1)),
    )


def _past(bank: Bank, expected: Tensor, sigma: Tensor) -> Tensor:
    """(B, W, D): where a step stands beside the last one and beside the one that is `expected` next, (B, 1), without
    season; change, season, whether observed, how far back; then each family's one-step error.
    """
    window = bank.adjusted.shape[1]
    distance = bank.adjusted - bank.adjusted[:, -1:]
    age = torch.arange(window, 0, -1, dtype=sigma.dtype)[None].expand_as(distance).log()
    seen = bank.read.to(sigma.dtype)
    change = torch.diff(bank.adjusted, dim=1, prepend=bank.adjusted[:, :1])
    change = change * (seen.cumsum(1) > 1)  # the first value changes from nothing, not from the padding before it
    around = bank.adjusted - expected
    measured = torch.stack((distance, around, change, bank.season), 2) / sigma[..., None]
    errors = bank.errors.transpose(1, 2) / sigma[..., None]
    return torch.cat((measured.asinh(), torch.stack((seen, age / 4), 2), errors.asinh()), 2)


def _ahead(
    said: Candidates, scaled: Scaled, weight: Tensor, centre: Tensor, spread: Tensor, sigma: Tensor, steps: Tensor
) -> Tensor:
    """(B, K, E): what each family says at a step, how likely it is, and what kind of series and step this is."""
    horizon, bank = steps.shape[1], said.plain
    observed = scaled.observed.sum(1, keepdim=True).to(sigma.dtype)
    short, long = scaled.periods.to(sigma.dtype).split(1, 1)
    last = bank.adjusted[:, -1:] + bank.season_ahead
    repeated = torch.where(short > 1, _seasonal_naive(scaled, horizon), last)
    of_step = torch.stack(
        (
            ((last - centre) / spread).asinh(),
            ((repeated - centre) / spread).asinh(),
            (bank.season_ahead / sigma).asinh(),
            bank.factor.clamp(min=0.1).log(),
            steps.log().expand_as(centre) / 2,
            (steps / observed).asinh(),
            (steps / short).clamp(max=4.0),
        ),
        2,
    )
    of_series = torch.cat(
        (
            observed.log() / 4,
            (observed / short).log() / 4,
            short.log() / 4 + long.log() / 8,
            bank.strength[:, None],
            sigma.clamp(min=1e-6).log() / 2,
            (said.odds / ODDS).tanh()[:, None],
            said.closed[:, None].to(sigma.dtype),
        ),
        1,
    )
    apart = ((said.forecasts - centre[:, None]) / spread[:, None]).asinh().transpose(1, 2)
    return torch.cat((of_step, of_series[:, None].expand(-1, horizon, -1), apart, weight[:, None].expand_as(apart)), 2)


def _seasonal_naive(scaled: Scaled, horizon: int) -> Tensor:
    """(B, K) the value one (shorter) season before, the last season repeated; zero where that one is missing."""
    back = torch.arange(horizon)[None].remainder(scaled.periods[:, :1]) - scaled.periods[:, :1]
    return scaled.x.gather(1, scaled.x.shape[1] + back)


def _left_aligned(features: Tensor, observed: Tensor) -> tuple[Tensor, Tensor]:
    """Rolls each row so that its first observed step comes first; returns the lengths too."""
    window = observed.shape[1]
    first = observed.to(torch.uint8).argmax(1)
    column = (torch.arange(window)[None] + first[:, None]).remainder(window)
    return features.gather(1, column[..., None].expand_as(features)), window - first


def unscaled(quantiles: Tensor, scaled: Scaled) -> Tensor:
    """Quantiles (B, K, Q) in scaled units back in the units of the histories, float64; differentiable."""
    return scaled.anchor[:, None, None] + scaled.scale[:, None, None] * quantiles.double()


def decode(quantiles: Tensor, scaled: Scaled) -> np.ndarray:
    """The same as numbers."""
    return unscaled(quantiles, scaled).detach().numpy()
