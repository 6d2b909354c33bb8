"""The bank of smoothing forecasts on two scales: the series as it is, where a trend adds, and its logarithms, where a
trend multiplies and errors grow with the level.

A density of log y is one of y after division by y, so both scales compete in the unit of the series:

    log p(y_t) = log p(log y_t) - log y_t

The odds between the scales are tempered once more than those within one, since one-step errors say little about which
of two trends goes on.  Logarithms are closed to a series that is not positive, that has a level so far above its
variation that both scales are one, or a season that almost vanishes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from rnn_model.decomposition import SMALLEST_FACTOR
from rnn_model.filters import TEMPERATURE
from rnn_model.smoothing import CLOSED, UNVARYING, Bank, Scale, smooth

BETWEEN_SCALES = 0.3
HIGHEST_LEVEL = 1e3  # in multiples of the spread; above it float32 has no digits left for the logarithms' differences
LOWEST = 1e-4  # of the mean; smaller values are as good as zero
BEYOND = 1.0  # how far, beside their own range, logarithmic forecasts may leave it


@dataclass(frozen=True)
class Candidates:
    """Classical forecasts of a batch; F families on the series, then on its logarithms.

    Attributes:
        forecasts: (B, F, K) point forecasts.
        evidence: (B, F) log weights, which add up to 1 as weights.
        sigma: (B, F) one-step error, as in `Bank`.
        plain: the bank on the series as it is.
        odds: (B,) log odds of the logarithms, not yet tempered between the scales; 0 where they are closed.
        closed: (B,) bool, the logarithms are.
    """

    forecasts: Tensor
    evidence: Tensor
    sigma: Tensor
    plain: Bank
    odds: Tensor
    closed: Tensor


def candidates(
    x: Tensor,
    observed: Tensor,
    level: Tensor,
    periods: Tensor,
    horizon: int,
    window: int,
    families: tuple[str, ...],
    log_families: tuple[str, ...],
) -> Candidates:
    """Runs the bank on both scales.

    Args:
        x, observed: (B, T), see `Scale` and `smooth`.
        level: (B,) such that x + level is the series in multiples of its spread.
        periods, horizon, window: see `smooth`.
        families: on the series as it is.
        log_families: on its logarithms; may be empty.
    """
    as_it_is = Scale(x, level, families)
    if not log_families:
        (plain,) = smooth((as_it_is,), observed, periods, horizon, window)
        nothing = torch.zeros_like(level)
        return Candidates(
            plain.forecasts, plain.evidence.log_softmax(1), plain.sigma, plain, nothing, nothing.to(torch.bool)
        )

    values = x + level[:, None]
    count = observed.sum(1)
    mean = torch.where(observed, values.abs(), 0.0).sum(1) / count
    lowest = torch.where(observed, values, torch.inf).amin(1)
    closed = (lowest <= LOWEST * mean) | (level > HIGHEST_LEVEL)
    # where there is no logarithm there must be no gradient either
    logs = torch.where(observed & ~closed[:, None], values, 1.0).log()
    centre = logs.sum(1) / count
    logs = torch.where(observed, logs - centre[:, None], 0.0)
    unit = logs.abs().sum(1) / count
    unit = torch.where(unit <= 1e-9, UNVARYING, unit)
    scaled = logs / unit[:, None]
    # what is multiplicative in the series is additive in its logarithms
    in_logarithms = Scale(scaled, None, log_families, doubling=1 / unit)
    plain, curved = smooth((as_it_is, in_logarithms), observed, periods, horizon, window)

    factors = (curved.season * unit[:, None]).exp()
    closed = closed | (factors.amin(1) <= SMALLEST_FACTOR)
    reach = scaled.amax(1) - scaled.amin(1) + BEYOND / unit
    highest, deepest = (scaled.amax(1) + reach)[:, None, None], (scaled.amin(1) - reach)[:, None, None]
    ahead = torch.minimum(torch.maximum(curved.forecasts, deepest), highest) * unit[:, None, None]
    ahead = (centre[:, None, None] + ahead).exp()
    read = (logs + centre[:, None])[:, -window:] + unit.log()[:, None]
    spent = torch.where(plain.read, plain.counts * read, 0.0).sum(1)
    evidence = curved.evidence - TEMPERATURE * spent[:, None]

    total, total_curved = plain.evidence.logsumexp(1), evidence.logsumexp(1)
    odds = torch.where(closed, 0.0, total_curved - total)
    plain_weights = plain.evidence.log_softmax(1)
    curved_weights = evidence.log_softmax(1) + torch.where(closed, -CLOSED, BETWEEN_SCALES * odds)[:, None]
    shut = closed[:, None]
    at_hand = plain.forecasts.mean(1, keepdim=True)
    return Candidates(
        forecasts=torch.cat((plain.forecasts, torch.where(shut[..., None], at_hand, ahead - level[:, None, None])), 1),
        evidence=torch.cat((plain_weights, curved_weights), 1).log_softmax(1),
        sigma=torch.cat(
            (
                plain.sigma,
                torch.where(shut, plain.sigma.mean(1, keepdim=True), unit[:, None] * curved.sigma * ahead[..., 0]),
            ),
            1,
        ),
        plain=plain,
        odds=odds,
        closed=closed,
    )
