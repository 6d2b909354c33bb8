"""Classical forecasts: their quantiles, what happens when a method fails, and that the cache tells the truth."""

from __future__ import annotations

import numpy as np
import pytest

from rnn_model.baselines import seasonal_naive
from training.benchmarks import BenchmarkSet
from training.classical import METHODS, classical_forecasts

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def quarterly(length: int, seed: int = 0) -> np.ndarray:
    steps = np.arange(length)
    return 1000 + steps + 10 * np.sin(np.pi * steps / 2) + np.random.default_rng(seed).normal(size=length)


def quarterly_set(*histories: np.ndarray) -> BenchmarkSet:
    return BenchmarkSet("quarterly", 4, 8, histories, (np.zeros(8),) * len(histories), "made up here", "CC0-1.0")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_follows_trend_and_season_with_quantiles_in_order(method, tmp_path):
    history = quarterly(48)
    made = classical_forecasts(method, quarterly_set(history), LEVELS, tmp_path)
    assert made.quantiles.shape == (1, 8, 9)
    assert made.fallbacks == 0
    assert (np.diff(made.quantiles, axis=2) >= 0).all()
    # noise of standard deviation 1 about a line and a wave: a method that misses either is off by 4 or more
    np.testing.assert_allclose(
        made.quantiles[0, :, 4], 1000 + np.arange(48, 56) + 10 * np.tile([0, 1, 0, -1], 2), atol=4
    )


@pytest.mark.parametrize(
    ("innermost", "expected"), [((11.0, 12.0), (10.0, 10.0, 12.0)), ((8.0, 9.0), (8.0, 10.0, 10.0))]
)
def test_simulated_ends_that_pass_the_point_forecast_are_moved_back_to_it(innermost, expected, tmp_path, monkeypatch):
    class Simulated:
        def __init__(self, season_length):
            pass

        def forecast(self, y, h, level):
            ends = {f"{side}-20": np.full(h, end) for side, end in zip(("lo", "hi"), innermost, strict=True)}
            return {"mean": np.full(h, 10.0)} | ends

    monkeypatch.setattr("statsforecast.models.AutoTheta", Simulated)
    made = classical_forecasts("AutoTheta", quarterly_set(quarterly(40)), (0.4, 0.5, 0.6), tmp_path)
    np.testing.assert_array_equal(made.quantiles[0], np.tile(expected, (8, 1)))


def test_a_series_under_two_seasons_or_with_gaps_gets_seasonal_naive_and_is_counted(tmp_path):
    short, gappy = quarterly(7), quarterly(40)
    gappy[20] = np.nan
    made = classical_forecasts("AutoTheta", quarterly_set(short, quarterly(40), gappy), LEVELS, tmp_path)
    assert made.fallbacks == 2
    for index, history in ((0, short), (2, gappy)):
        np.testing.assert_array_equal(made.quantiles[index], np.tile(seasonal_naive(history, 8, 4)[:, None], 9))


def test_the_cache_returns_the_same_forecasts_and_the_seconds_of_the_first_run(tmp_path, monkeypatch):
    sets = quarterly_set(quarterly(40))
    first = classical_forecasts("AutoTheta", sets, LEVELS, tmp_path)
    monkeypatch.setattr("training.classical._quantiles", None)  # a second fit would now fail
    again = classical_forecasts("AutoTheta", sets, LEVELS, tmp_path)
    np.testing.assert_array_equal(first.quantiles, again.quantiles)
    assert (first.wall_seconds, first.cpu_seconds) == (again.wall_seconds, again.cpu_seconds)
    assert first.wall_seconds > 0


def test_other_data_levels_or_versions_do_not_meet_an_old_cache_file(tmp_path, monkeypatch):
    history = quarterly(40)
    classical_forecasts("AutoTheta", quarterly_set(history), LEVELS, tmp_path)
    changed = history.copy()
    changed[-1] += 1
    classical_forecasts("AutoTheta", quarterly_set(changed), LEVELS, tmp_path)
    classical_forecasts("AutoTheta", quarterly_set(history), (0.25, 0.5, 0.75), tmp_path)
    monkeypatch.setattr("training.classical.version", lambda package: "0.0")
    classical_forecasts("AutoTheta", quarterly_set(history), LEVELS, tmp_path)
    assert len(list(tmp_path.iterdir())) == 4


def test_a_damaged_cache_file_is_made_again(tmp_path):
    sets = quarterly_set(quarterly(40))
    first = classical_forecasts("AutoTheta", sets, LEVELS, tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"not an archive"):
        file.write_bytes(damaged)
        np.testing.assert_array_equal(
            classical_forecasts("AutoTheta", sets, LEVELS, tmp_path).quantiles, first.quantiles
        )
        assert file.stat().st_size > len(damaged)
