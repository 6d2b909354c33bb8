"""explain(): the gradient is the change a bumped value makes, with its sign; units are ordered and compared rightly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from rnn_model import Model, encode, explain, forecast
from rnn_model.explain import _correlations, order_of_units
from rnn_model.records import FOLLOWED, Series, Trace

STEPS = np.arange(72)
WAVE = 100 + 0.5 * STEPS + 10 * np.sin(STEPS * np.pi / 6) + np.random.default_rng(2).normal(size=72)


def bumped(model: Model, values: np.ndarray, step: int, season: int) -> float:
    """Change of the mean of the median for a change of one unit in one value, by central difference.

    The bump is small, since absolute errors have a kink at zero, and larger than what float32 loses.
    """
    size = 0.001 * np.nanstd(values)
    up, down = values.copy(), values.copy()
    up[step] += size
    down[step] -= size
    high, low = (forecast(model, given, 8, season).median.mean() for given in (up, down))
    return float(high - low) / (2 * size)


def agrees(model: Model, trace: Trace, season: int) -> bool:
    values = trace.forecast.history.values
    looked_at = [5, 30, 50, 60, 64, 69, 70, 71]
    expected = np.array([bumped(model, values, step, season) for step in looked_at])
    return bool(np.abs(trace.gradient[looked_at] - expected).max() < 0.02)


@pytest.mark.parametrize("season", [1, 12])
def test_the_gradient_is_what_a_bumped_value_does(model: Model, season: int) -> None:
    trace = explain(model, WAVE, 8, season)
    assert agrees(model, trace, season)
    assert not agrees(model, replace(trace, gradient=-trace.gradient), season), "a wrong sign must be found"
    assert not agrees(model, replace(trace, gradient=np.roll(trace.gradient, 1)), season)
    np.testing.assert_array_equal(trace.forecast.quantiles, forecast(model, WAVE, 8, season).quantiles)


@pytest.mark.parametrize("season", [1, 12])
def test_values_times_gradient_add_up_to_the_forecast(model: Model, season: int) -> None:
    trace = explain(model, WAVE, 8, season)
    assert trace.gradient @ WAVE == pytest.approx(trace.forecast.median.mean(), rel=1e-6)
    signed = explain(model, WAVE - WAVE.mean(), 8, 1)  # of both signs, so without a growth in per cent
    assert signed.gradient.sum() == pytest.approx(1, abs=1e-4)  # all values a unit higher, all that follows too


def test_missing_values_and_those_before_the_context_have_no_say(model: Model) -> None:
    values = np.tile(WAVE, 12)
    values[[-3, -20]] = np.nan
    trace = explain(model, values, 4, 12)
    assert (trace.gradient[[-3, -20]] == 0).all()
    assert (trace.gradient[: -model.config.forecast.context] == 0).all()
    assert np.isfinite(trace.gradient).all()
    assert trace.gradient.shape == values.shape


def test_a_single_value_is_the_forecast(model: Model) -> None:
    found = explain(model, [50.0], 3)
    assert found.gradient.tolist() == [1.0]
    assert found.forecast.median.tolist() == [50.0] * 3


def test_what_is_missing_at_the_end_is_explained_from_the_last_value_on(model: Model) -> None:
    values = 50 + np.resize([0.0, 3, 5, 3], 40) + np.random.default_rng(0).normal(size=40)
    found = explain(model, np.r_[values, [np.nan] * 3], 2, 4)
    assert found.gradient @ np.nan_to_num(found.forecast.history.values) == pytest.approx(
        found.forecast.median.mean(), rel=1e-4
    )
    assert found.steps[-1] == 39
    assert not found.gradient[40:].any()


@pytest.mark.parametrize("values", [[5.0], [7.0] * 30, [0.0] * 9, [1.0, 2.0], [1e300, 2e300, 1e300], [1e-300, 2e-300]])
def test_odd_series_are_explained_without_nan(model: Model, values: list[float]) -> None:
    trace = explain(model, values, 3)
    assert np.isfinite(trace.gradient).all()
    if len(values) > 8:
        assert (trace.gradient == 0).all()
        assert trace.notes


def test_states_are_those_of_the_last_steps(model: Model) -> None:
    trace = explain(model, np.tile(WAVE, 2), 4, 12)
    window, cell = model.config.forecast.window, model.config.forecast.decoder
    assert trace.hidden.shape == (window, cell.layers, cell.hidden_size)
    np.testing.assert_array_equal(trace.steps, np.arange(144 - window, 144))
    short = explain(model, np.concatenate([[np.nan] * 5, WAVE[:20]]), 4)
    np.testing.assert_array_equal(short.steps, np.arange(5, 25))
    assert sorted(trace.order) == list(range(cell.layers * cell.hidden_size))
    assert trace.follows.shape == (3, len(trace.order))
    assert np.nanmax(np.abs(trace.follows)) <= 1 + 1e-6


def test_a_unit_that_follows_the_season_is_told_from_one_that_follows_the_level() -> None:
    season, level = np.sin(STEPS * np.pi / 6), STEPS / 72
    units = np.stack([season, -level, np.ones(72), level], 1)
    found = _correlations(np.stack([season, np.gradient(level**2), level]), units)
    assert found[0, 0] == pytest.approx(1)
    assert found[2, 1] == pytest.approx(-1)
    assert found[2, 3] == pytest.approx(1)
    assert np.isnan(found[:, 2]).all()
    assert abs(found[0, 3]) < 0.4
    assert FOLLOWED == ("season", "trend", "level")


def test_units_that_move_alike_lie_side_by_side() -> None:
    rng = np.random.default_rng(0)
    kinds = rng.permutation(np.repeat([0, 1, 2], 6))
    waves = np.stack([np.sin(STEPS / 3), np.cos(STEPS / 3), np.sin(STEPS / 3 + 4)])
    units = (waves[kinds] + 0.05 * rng.normal(size=(18, 72))).T
    ordered = kinds[order_of_units(units)]
    changes = (ordered != np.roll(ordered, 1)).sum()
    assert changes == 3


def test_a_reading_is_explained_like_its_series(model: Model) -> None:
    one = explain(model, Series(WAVE), 5)
    text = explain(model, " ".join(f"{value:.12g}" for value in WAVE), 5)
    np.testing.assert_allclose(text.gradient, one.gradient, atol=1e-5)


def test_the_state_carries_on_by_one_step(model: Model) -> None:
    """With the features of a reading held, one more step from the last state is the whole reading, to 1e-5."""
    config = model.config.forecast
    scaled = encode.scale([WAVE], [(12,)], config.context)
    past = encode.inputs(scaled, 8, config).past
    encoder = model.network.encoder
    assert encoder is not None
    one, most = torch.tensor([1]), torch.tensor([past.shape[1] - 1])
    with torch.no_grad():
        _, _, before = encoder(past[:, :-1], most)
        _, _, carried = encoder(past[:, -1:], one, before)
        _, states, whole = encoder(past, most + 1)
    torch.testing.assert_close(carried.hidden, whole.hidden, rtol=0, atol=1e-5)
    torch.testing.assert_close(states[:, -1], whole.hidden, rtol=0, atol=1e-5)
    assert not torch.allclose(before.hidden, whole.hidden, atol=1e-3)
