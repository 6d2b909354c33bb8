"""Which season a series has: planted ones are found, noise and random walks mostly have none."""

from __future__ import annotations

import numpy as np
import pytest

from rnn_model import Model, forecast
from rnn_model.seasonality import detect, evidence, periods, repetition


def seasonal(period: int, cycles: int, noise: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shape = rng.normal(size=period)
    length = period * cycles
    return 50 + 0.1 * np.arange(length) + np.tile(shape, cycles) + noise * rng.normal(size=length)


@pytest.mark.parametrize("period", [4, 7, 12, 24, 52])
def test_customary_seasons_are_found(period: int) -> None:
    found = [detect(seasonal(period, 6, 0.3, seed)) for seed in range(10)]
    assert found.count(period) >= 9


@pytest.mark.parametrize("period", [10, 15, 30])
def test_other_seasons_are_found_when_seen_often_enough(period: int) -> None:
    assert [detect(seasonal(period, 8, 0.2, seed)) for seed in range(5)].count(period) >= 4
    assert all(detect(seasonal(period, 4, 0.2, seed)) != period for seed in range(5))


def test_noise_and_random_walks_mostly_have_none() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(20, 200, 100)
    noise = [detect(rng.normal(size=length)) for length in lengths]
    walks = [detect(rng.normal(size=length).cumsum()) for length in lengths]
    assert noise.count(1) >= 90
    assert walks.count(1) >= 90


@pytest.mark.parametrize("length", [300, 800])
def test_what_depends_on_its_past_mostly_has_none(length: int) -> None:
    rng = np.random.default_rng(1)
    walks = [detect(rng.normal(size=length).cumsum()) for _ in range(40)]
    assert walks.count(1) >= 34


def test_gaps_are_tolerated() -> None:
    values = seasonal(12, 8, 0.2, 3)
    values[np.random.default_rng(0).random(len(values)) < 0.05] = np.nan
    assert evidence(values, 12).gain > 0


@pytest.mark.parametrize("share", [0.2, 0.4])
def test_a_season_with_gaps_is_not_taken_for_two(share: float) -> None:
    found = []
    for seed in range(20):
        values = seasonal(12, 10, 0.2, seed)
        values[np.random.default_rng(seed).random(len(values)) < share] = np.nan
        found.append(detect(values))
    assert found.count(12) >= 19


def test_dependent_errors_leave_less_freedom() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=600)
    assert evidence(noise, 24).freedom(24) > 18
    assert evidence(noise.cumsum(), 24).freedom(24) < 8


def test_a_high_level_hides_no_season() -> None:
    assert detect(seasonal(12, 8, 0.2, 0) + 1e10) == 12


@pytest.mark.parametrize(
    "values", [np.full(50, 3.0), np.zeros(50), np.arange(50.0), np.array([1.0, 2.0]), np.array([])]
)
def test_constants_lines_and_short_series_have_none(values: np.ndarray) -> None:
    assert detect(values) == 1


@pytest.mark.parametrize("size", [1e300, 1e-300, 1e6])
def test_the_unit_does_not_matter(size: float) -> None:
    assert detect(seasonal(12, 8, 0.1, 0) * size) == 12


def test_a_given_season_wins_and_brings_its_weekly_companion() -> None:
    noise = np.random.default_rng(0).normal(size=100)
    assert periods(noise, 12) == (12,)
    assert periods(noise, 1) == ()
    assert periods(noise, 24) == (24, 168)
    assert periods(noise, None) == ()
    assert periods(seasonal(12, 8, 0.1, 0), None) == (12,)


@pytest.mark.parametrize(
    ("values", "period"),
    [
        ([1, 2, 3, 1, 2, 3], 3),
        ([1, 2, 1, 2, 1, 2, 1], 2),
        ([5, 5, 6, 5, 5, 6, 5], 3),
        ([1, 2, 4, 2, 3, 5, 3, 4, 6], 3),
        ([0.1, 0.2, 0.3] * 3, 3),
        ([7, 1e9, 3, 2] * 2, 4),
        (list(range(20)), 1),
        ([3] * 12, 1),
        ([1, 2, 1, 2], 1),
        ([1, 2, 3, 1, 2, 4], 1),
        ([1, 1, 2, 3, 5, 8, 13, 21], 1),
        ([1, 2, 3, 1, 2, np.nan], 1),
        ([], 1),
    ],
    ids=str,
)
def test_what_repeats_itself_exactly_needs_no_statistics(values: list[float], period: int) -> None:
    assert repetition(np.array(values, float)) == period
    if len(values) > 5:
        assert detect(np.array(values, float)) == period


def test_a_pattern_may_be_huge_and_a_high_level_is_no_pattern() -> None:
    assert detect(np.array([1e308, -1e308, 0.0] * 3)) == 3
    assert detect(1e9 + np.random.default_rng(0).normal(0, 0.4, 40)) == 1


def test_a_typed_pattern_goes_on(model: Model) -> None:
    made = forecast(model, "1 2 3 1 2 3", 6)
    np.testing.assert_allclose(made.median, [1, 2, 3, 1, 2, 3], atol=0.02)
    np.testing.assert_allclose(forecast(model, "1 2 4 2 3 5 3 4 6", 3).median, [4, 5, 7], atol=0.1)
