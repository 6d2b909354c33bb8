"""calibrate(): bands that were too narrow widen, too wide ones narrow, by what the errors say and no more."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from rnn_model.calibration import CORRECTION, MOST, PRIOR, calibrate, factors
from rnn_model.records import Backtest, Forecast, Series

LEVELS = np.arange(1, 10) / 10
OFFSETS = np.array([NormalDist().inv_cdf(level) for level in LEVELS])


def checked(errors, spread=1.0) -> Backtest:
    """A back-test whose medians are 0, bands those of a normal distribution of standard deviation `spread`."""
    errors = np.asarray(errors, float)
    windows, steps = errors.shape
    values = np.concatenate([np.zeros(20), errors.ravel()])
    return Backtest(
        history=Series(values),
        levels=LEVELS,
        origins=20 + steps * np.arange(windows),
        actual=errors,
        quantiles=np.broadcast_to(spread * OFFSETS, (windows, steps, 9)).copy(),
        naive=np.zeros_like(errors),
        rival="repeating the last value",
        season=1,
        mase=1.0,
        naive_mase=1.0,
        gain=0.0,
        verdict="",
    )


def made(steps=6) -> Forecast:
    return Forecast(Series(np.arange(30.0)), LEVELS, 50 + np.sqrt(np.arange(1, steps + 1))[:, None] * OFFSETS)


@pytest.mark.parametrize(("truth", "side"), [(2.0, -1), (0.4, 1)])
def test_a_factor_is_the_shrunken_quantile_closest_to_one_within_the_error_of_a_count(truth, side) -> None:
    """One step ahead every window counts alike, so that the whole can be computed by hand."""
    errors = np.random.default_rng(0).normal(size=40) * truth
    scores = np.clip(np.sort(np.abs(errors)) / OFFSETS[8], 1 / MOST, MOST)
    level = 0.8 * (1 + CORRECTION / 40) + side * np.sqrt(0.8 * 0.2 / 40)
    quantile = np.interp(level, np.arange(1, 41) / 40, scores)
    assert factors(checked(errors[:, None]), 1)[0] == pytest.approx(quantile ** (40 / (40 + PRIOR)))


@pytest.mark.parametrize("size", [1.1, 5.0, 1e6])
def test_a_band_that_caught_its_share_stays_however_far_off_the_misses_were(size: float) -> None:
    misses = np.tile([False, True, False, False, False], 8)
    errors = np.where(misses, size, 0.9) * OFFSETS[8]
    np.testing.assert_allclose(factors(checked(errors.reshape(2, 20)), 20), 1.0)


def test_bands_that_stay_are_said_to_be_confirmed() -> None:
    forecast = made(2)
    after = calibrate(forecast, checked(np.tile([0.9, -0.9, 0.9, 0.9, 3.0], 8).reshape(20, 2)))
    assert after.stated == ("bands confirmed",)
    np.testing.assert_allclose(after.quantiles, forecast.quantiles)


def test_where_some_bands_stay_the_largest_change_is_named() -> None:
    growth = np.array([0.2] * 3 + [1.0] * 20)
    errors = np.random.default_rng(8).normal(size=(40, 23)) * growth
    (said,) = calibrate(made(23), checked(errors)).stated
    assert said.startswith("bands up to ")
    assert said.endswith("narrower")


def test_misses_of_one_window_are_little_evidence() -> None:
    """The first of two windows missed nine of twenty by far, so that the count is what a band of 80 % may give."""
    errors = np.full((2, 20), 0.5)
    errors[0, [1, 4, 6, 8, 10, 12, 14, 16, 18]] = 20.0
    change = factors(checked(errors), 20)
    assert change.max() < 1.2


@pytest.mark.parametrize("truth", [0.5, 2.0])
def test_bands_of_the_wrong_width_come_closer_to_the_right_one(truth: float) -> None:
    errors = truth * np.random.default_rng(1).normal(size=(200, 3))
    before, after = made(3), calibrate(made(3), checked(errors))
    change = np.diff(after.interval(0.8), axis=0) / np.diff(before.interval(0.8), axis=0)
    assert np.allclose(change, truth, rtol=0.15)
    np.testing.assert_allclose(after.median, before.median)
    assert (np.diff(after.quantiles, axis=1) > 0).all()
    fresh = truth * np.random.default_rng(2).normal(size=2000)
    edge = OFFSETS[8] * change.mean()
    assert np.mean(np.abs(fresh) <= edge) == pytest.approx(0.8, abs=0.07)


def test_near_and_far_steps_are_set_apart() -> None:
    growth = np.array([0.5, 0.5, 0.5, 0.5, *[2.0] * 20])
    errors = np.random.default_rng(3).normal(size=(60, 24)) * growth
    change = factors(checked(errors), 24)
    assert change[0] < 0.9
    assert change[-1] > 1.5


def test_little_evidence_changes_little() -> None:
    errors = 4 * np.random.default_rng(4).normal(size=(200, 6))
    few, many = (factors(checked(errors[:windows]), 6).mean() for windows in (2, 200))
    assert 1 < few < many <= MOST


def test_steps_beyond_the_check_take_the_furthest_factor() -> None:
    change = factors(checked(2 * np.random.default_rng(5).normal(size=(10, 4))), 9)
    assert (change[4:] == change[3]).all()


def test_above_and_below_are_scored_by_their_own_edge() -> None:
    lopsided = checked(np.full((30, 2), 3.0))
    quantiles = lopsided.quantiles.copy()
    quantiles[..., 5:] *= 3 / quantiles[0, 0, 8]
    high = factors(replace(lopsided, quantiles=quantiles), 2)
    np.testing.assert_allclose(high, 1.0)


def test_too_few_errors_change_nothing() -> None:
    forecast = made()
    assert calibrate(forecast, checked(9 * np.ones((1, 11)))) is forecast
    assert calibrate(forecast, checked(np.empty((0, 0)))) is forecast


@pytest.mark.parametrize(("size", "said"), [(9.0, "wider"), (0.01, "narrower")])
def test_a_change_is_bounded_and_stated(size: float, said: str) -> None:
    after = calibrate(made(2), checked(size * np.random.default_rng(6).normal(size=(500, 2))))
    assert after.stated[0].startswith("bands")
    assert after.stated[0].endswith(said)
    assert "Of your last 1,000 points the network's own 80 % band caught" in after.notes[-1]
    widths = np.diff(after.interval(0.8), axis=0) / np.diff(made(2).interval(0.8), axis=0)
    assert (widths <= MOST + 1e-9).all()
    assert (widths >= 1 / MOST - 1e-9).all()


def test_exact_forecasts_without_a_band_stay_exact() -> None:
    exact = checked(np.zeros((10, 3)), spread=0.0)
    np.testing.assert_allclose(factors(exact, 3), 1.0)
    assert np.isfinite(factors(checked(np.ones((10, 3)), spread=0.0), 3)).all()
