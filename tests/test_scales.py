"""The bank on the series and on its logarithms: which scale wins, what it says, and when logarithms are closed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnn_model import encode, scales
from rnn_model.config import FAMILIES, LOG_FAMILIES
from rnn_model.filters import TEMPERATURE
from rnn_model.scales import BEYOND, HIGHEST_LEVEL, Candidates
from rnn_model.smoothing import LEAST_REMEMBERED, Scale, smooth

F = len(FAMILIES)
DRIFT = F + LOG_FAMILIES.index("drift")
CLOSE = {"rtol": 1e-4, "atol": 1e-4}  # float32, logarithms and their way back; measured 2e-5


def both(
    *series: np.ndarray, period: int = 1, horizon: int = 6, log_families: tuple[str, ...] = LOG_FAMILIES
) -> tuple[Candidates, encode.Scaled]:
    scaled = encode.scale(series, [(period,)] * len(series), 768)
    level = (scaled.anchor / scaled.scale).float()
    said = scales.candidates(scaled.x, scaled.observed, level, scaled.periods, horizon, 96, FAMILIES, log_families)
    return said, scaled


def in_unit(said: Candidates, scaled: encode.Scaled, family: int) -> np.ndarray:
    """(K,) what a family says of the first series, in its unit."""
    return (scaled.anchor[0] + scaled.scale[0] * said.forecasts[0, family]).numpy()


def noise(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=length)


def test_steady_growth_goes_on_as_it_was() -> None:
    values = 50 * 1.07 ** np.arange(40.0)
    said, scaled = both(values)
    np.testing.assert_allclose(in_unit(said, scaled, DRIFT), 50 * 1.07 ** np.arange(40.0, 46), rtol=1e-3)
    assert in_unit(said, scaled, FAMILIES.index("drift"))[-1] < 0.95 * 50 * 1.07**45
    assert said.odds[0] > 0


def test_the_scale_on_which_errors_are_alike_wins() -> None:
    grown = np.exp(0.03 * np.arange(80) + 0.1 * noise(80))
    added = 20 + 2.0 * np.arange(80) + 12 * noise(80).clip(-1.5, 1.5)
    odds = both(grown, added)[0].odds
    assert odds[0] > 3
    assert odds[1] < -1


def test_logarithms_say_what_the_bank_says_of_the_logarithms() -> None:
    """The same numbers by hand: smooth the logarithms, take the forecasts back, pay log y for the change of unit."""
    values = np.exp(0.02 * np.arange(50) + 0.2 * noise(50, 3).cumsum())
    said, scaled = both(values)
    logs = np.log(values / float(scaled.scale[0]))
    unit = np.abs(logs - logs.mean()).mean()
    in_logarithms = Scale(
        torch.from_numpy((logs - logs.mean()) / unit)[None].float(),
        None,
        LOG_FAMILIES,
        doubling=torch.tensor([1 / unit], dtype=torch.float32),
    )
    (by_hand,) = smooth((in_logarithms,), torch.ones(1, 50, dtype=torch.bool), scaled.periods, 6, 96)
    expected = np.exp(logs.mean() + unit * by_hand.forecasts[0].double().numpy())
    found = (said.forecasts[0, F:].double() + scaled.anchor[0] / scaled.scale[0]).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    counts = np.exp(-np.arange(48, -1, -1) / LEAST_REMEMBERED)
    density = by_hand.evidence.logsumexp(1)[0] - TEMPERATURE * float((counts * (logs[1:] + np.log(unit))).sum())
    assert float(said.odds[0]) == pytest.approx(float(density - said.plain.evidence.logsumexp(1)[0]), abs=1e-2)


@pytest.mark.parametrize("factor", [1e-6, 1e3, 1e12])
def test_neither_forecasts_nor_odds_know_the_unit(factor: float) -> None:
    values = np.exp(0.02 * np.arange(60) + 0.1 * noise(60))
    one, other = both(values)[0], both(factor * values)[0]
    torch.testing.assert_close(one.forecasts, other.forecasts, **CLOSE)
    torch.testing.assert_close(one.evidence, other.evidence, rtol=1e-3, atol=1e-3)


def night_and_day(days: int) -> np.ndarray:
    """Hours of which some are a thousandth of the others."""
    day = np.where(np.arange(24) < 6, 1.0, 1000.0)
    return np.tile(day, days) * np.exp(0.1 * noise(24 * days))


@pytest.mark.parametrize(
    ("values", "period"),
    [
        (noise(40), 1),
        (np.r_[0.0, 5 + noise(40)], 1),
        (np.full(30, 7.0), 1),
        (1e6 + noise(40), 1),
        (night_and_day(8), 24),
        (np.array([3.0]), 1),
    ],
    ids=["negative", "zero", "constant", "far above its variation", "a season that vanishes", "one value"],
)
def test_without_sensible_logarithms_the_series_alone_is_heard(values: np.ndarray, period: int) -> None:
    said, _ = both(values, period=period)
    if bool(said.closed[0]):
        assert said.evidence[0, F:].exp().sum() == 0
        assert said.odds[0] == 0
    else:  # logarithms exist, but say the same
        torch.testing.assert_close(
            said.forecasts[0, F:], said.forecasts[0, :1].expand(len(LOG_FAMILIES), -1), rtol=0, atol=0.2
        )
    assert all(part.isfinite().all() for part in (said.forecasts, said.evidence, said.sigma, said.odds))
    assert (said.sigma > 0).all()


def test_which_series_are_closed() -> None:
    closed = both(noise(40), np.r_[0.0, 5 + noise(40)], (HIGHEST_LEVEL + 500) + noise(40), 5 + noise(40).clip(-2, 2))[0]
    assert closed.closed.tolist() == [True, True, True, False]
    assert both(night_and_day(8), period=24)[0].closed.tolist() == [True]


def test_growth_that_runs_away_is_stopped() -> None:
    values = np.exp(np.r_[np.zeros(20), np.arange(8.0)])
    said, scaled = both(values, horizon=48)
    highest = (scaled.anchor[0] + scaled.scale[0] * said.forecasts[0, F:].max()).item()
    assert highest <= np.exp(7 + (7 + BEYOND)) * (1 + 1e-3)


def test_without_families_on_logarithms_it_is_the_bank() -> None:
    said, _ = both(5 + noise(40).clip(-2, 2), log_families=())
    assert torch.equal(said.forecasts, said.plain.forecasts)
    assert torch.equal(said.evidence, said.plain.evidence.log_softmax(1))
    assert not said.closed.any()


def test_a_batch_says_what_each_series_says_alone() -> None:
    series = [np.exp(0.05 * noise(length, length).cumsum()) for length in (12, 40, 70)] + [noise(20)]
    together, _ = both(*series, period=4)
    for row, one in enumerate(series):
        alone, _ = both(one, period=4)
        torch.testing.assert_close(together.forecasts[row], alone.forecasts[0], **CLOSE)
        torch.testing.assert_close(together.evidence[row].exp(), alone.evidence[0].exp(), **CLOSE)
