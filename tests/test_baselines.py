"""The simple forecasts against values worked out by hand, with gaps, and on histories that are too short."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rnn_model.baselines import drift, mean, naive, repeat_over_levels, seasonal_naive
from rnn_model.errors import InputError

NAN = float("nan")

METHODS = {
    "naive": naive,
    "mean": mean,
    "drift": drift,
    "seasonal naive": lambda history, horizon: seasonal_naive(history, horizon, 4),
}


def test_naive_repeats_the_last_value():
    np.testing.assert_array_equal(naive(np.array([5.0, 1.0, 7.0]), 3), [7, 7, 7])


def test_mean_repeats_the_mean():
    np.testing.assert_array_equal(mean(np.array([5.0, 1.0, NAN, 6.0]), 2), [4, 4])


def test_drift_continues_the_line_from_first_to_last():
    np.testing.assert_allclose(drift(np.array([1.0, 9.0, 5.0]), 3), [7, 9, 11])


def test_drift_counts_its_steps_from_the_last_observed_value():
    np.testing.assert_allclose(drift(np.array([NAN, 2.0, NAN, 6.0, NAN]), 2), [10, 12])


def test_drift_of_one_value_is_naive():
    np.testing.assert_array_equal(drift(np.array([NAN, 3.0]), 2), [3, 3])


def test_seasonal_naive_repeats_the_last_season():
    np.testing.assert_array_equal(seasonal_naive(np.array([9.0, 9.0, 1.0, 2.0, 3.0]), 5, 3), [1, 2, 3, 1, 2])


def test_seasonal_naive_starts_at_the_right_place_in_the_season():
    np.testing.assert_array_equal(seasonal_naive(np.array([1.0, 2.0, 3.0, 4.0]), 4, 3), [2, 3, 4, 2])


def test_seasonal_naive_takes_the_season_before_for_a_missing_value():
    np.testing.assert_array_equal(seasonal_naive(np.array([1.0, 2.0, 3.0, 4.0, NAN, 6.0]), 3, 3), [4, 2, 6])


def test_seasonal_naive_without_a_full_season_uses_the_last_value_for_unseen_places():
    np.testing.assert_array_equal(seasonal_naive(np.array([1.0, 2.0]), 4, 4), [2, 2, 1, 2])


@given(hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e9, 1e9)), st.integers(1, 30))
def test_a_season_of_one_step_is_naive(history, horizon):
    np.testing.assert_array_equal(seasonal_naive(history, horizon, 1), naive(history, horizon))


@given(
    hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e9, 1e9) | st.just(NAN)),
    st.integers(1, 30),
    st.sampled_from(sorted(METHODS)),
)
def test_every_method_answers_whenever_one_value_is_observed(history, horizon, method):
    if np.isnan(history).all():
        with pytest.raises(InputError, match="at least one observed value"):
            METHODS[method](history, horizon)
    else:
        forecast = METHODS[method](history, horizon)
        assert forecast.shape == (horizon,)
        assert np.isfinite(forecast).all()


@pytest.mark.parametrize("method", sorted(METHODS))
def test_an_empty_history_is_refused_in_words(method):
    with pytest.raises(InputError, match="found 0 values"):
        METHODS[method](np.array([]), 3)


def test_repeated_points_are_equal_at_every_level():
    np.testing.assert_array_equal(repeat_over_levels(np.array([1.0, 2.0]), [0.1, 0.5, 0.9]), [[1, 1, 1], [2, 2, 2]])
