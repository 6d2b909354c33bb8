"""The measures against numbers worked out by hand, and the properties their definitions promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rnn_model.baselines import repeat_over_levels
from rnn_model.metrics import (
    accuracy,
    bootstrap_interval,
    calibration,
    confusion,
    coverage,
    log_loss,
    macro_f1,
    mase,
    mean_observed,
    pinball_loss,
    scaled_quantile_loss,
    seasonal_scale,
    weighted_quantile_loss,
    wilson_interval,
)

LEVELS = np.arange(1, 10) / 10
NAN = float("nan")

values = hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e6, 1e6))


def test_pinball_loss_by_hand():
    # y = 10: below the forecast 12 it costs (1 - level) * 2, above the forecast 7 it costs level * 3
    loss = pinball_loss(np.array([10.0, 10.0]), np.array([[12.0, 12.0], [7.0, 7.0]]), [0.1, 0.9])
    np.testing.assert_allclose(loss, [[1.8, 0.2], [0.3, 2.7]])


def test_pinball_loss_of_a_missing_value_is_missing():
    loss = pinball_loss(np.array([NAN, 1.0]), np.zeros((2, 1)), [0.5])
    assert np.isnan(loss[0, 0])
    assert loss[1, 0] == 0.5


@given(values, st.sampled_from(LEVELS.tolist()))
def test_no_constant_has_a_smaller_pinball_loss_than_the_sample_quantile(sample, level):
    def mean_loss(constant):
        return pinball_loss(sample, np.full((len(sample), 1), constant), [level]).mean()

    best = mean_loss(np.quantile(sample, level, method="inverted_cdf"))
    assert all(best <= mean_loss(other) + 1e-9 * (1 + abs(best)) for other in sample)


def test_seasonal_scale_by_hand():
    history = np.array([1.0, 5.0, 2.0, 8.0, 4.0])
    assert seasonal_scale(history, 1) == pytest.approx((4 + 3 + 6 + 4) / 4)
    assert seasonal_scale(history, 2) == pytest.approx((1 + 3 + 2) / 3)


def test_seasonal_scale_uses_only_pairs_that_are_both_observed():
    assert seasonal_scale(np.array([1.0, NAN, 4.0, 6.0]), 1) == 2.0


@pytest.mark.parametrize(
    ("history", "season"),
    [([3.0, 3.0, 3.0], 1), ([1.0, 2.0], 2), ([1.0], 1), ([], 1), ([NAN, NAN, NAN], 1), ([1.0, NAN, 2.0, NAN], 1)],
    ids=["constant", "one season", "one value", "empty", "all missing", "no pair"],
)
def test_the_scale_is_undefined_without_variation_or_pairs(history, season):
    assert np.isnan(seasonal_scale(np.array(history), season))
    assert np.isnan(mase(np.array([1.0]), np.array([2.0]), np.array(history), season))


def test_what_rounding_leaves_is_no_variation():
    wave = np.sin(np.arange(96) * np.pi / 6)
    assert np.abs(wave[12:] - wave[:-12]).max() > 0
    assert np.isnan(seasonal_scale(wave, 12))
    assert np.isnan(seasonal_scale(1e6 + wave, 12))
    assert seasonal_scale(1e13 + np.arange(24.0), 1) == 1
    assert seasonal_scale(np.array([1e308, 1.2e308, 1e308, 1.2e308] * 9), 1) == pytest.approx(0.2e308)


def test_a_mean_of_huge_values_does_not_overflow():
    assert mean_observed(np.array([1.2e308, np.nan, 1.4e308])) == pytest.approx(1.3e308)
    assert abs(mean_observed(np.array([1.2e308, 1.2e308, -1.2e308, -1.2e308] * 9))) < 1e293


def test_mase_by_hand():
    history = np.array([1.0, 3.0, 2.0, 6.0])  # seasonal scale 2 with m = 2: |2 - 1| and |6 - 3|
    assert mase(np.array([4.0, 8.0]), np.array([5.0, 5.0]), history, 2) == pytest.approx(((1 + 3) / 2) / 2)


def test_mase_leaves_missing_actual_values_out():
    history = np.array([1.0, 2.0, 3.0])
    assert mase(np.array([4.0, NAN]), np.array([6.0, 99.0]), history, 1) == 2.0
    assert np.isnan(mase(np.array([NAN, NAN]), np.array([6.0, 99.0]), history, 1))


@given(st.floats(0.01, 1e3), st.floats(-1e3, 1e3))
def test_mase_does_not_depend_on_unit_or_origin(factor, shift):
    rng = np.random.default_rng(0)
    history, actual, point = rng.normal(size=24), rng.normal(size=6), rng.normal(size=6)
    moved = mase(factor * actual + shift, factor * point + shift, factor * history + shift, 4)
    assert moved == pytest.approx(mase(actual, point, history, 4), rel=1e-6)


def test_scaled_quantile_loss_by_hand():
    history = np.array([1.0, 3.0, 2.0, 6.0])  # seasonal scale 2 with m = 2
    # losses at 0.1: .1 * 2; at 0.9: .1 * 1; twice their mean over the scale
    loss = scaled_quantile_loss(np.array([10.0, NAN]), np.array([[8.0, 11.0], [0.0, 0.0]]), [0.1, 0.9], history, 2)
    assert loss == pytest.approx(2 * (0.2 + 0.1) / 2 / 2)


@given(values, st.floats(-1e6, 1e6))
def test_scaled_quantile_loss_of_a_repeated_point_is_mase(actual, point):
    history = np.array([1.0, 4.0, 2.0, 9.0, 3.0])
    repeated = repeat_over_levels(np.full(len(actual), point), LEVELS)
    expected = mase(actual, np.full(len(actual), point), history, 1)
    assert scaled_quantile_loss(actual, repeated, LEVELS, history, 1) == pytest.approx(expected, rel=1e-9)


def test_weighted_quantile_loss_by_hand():
    # two series of one step; losses at 0.1: .1*2 = .2 and .9*1 = .9; at 0.9: .1*1 = .1 and .9*2 = 1.8
    actuals = [np.array([10.0]), np.array([5.0])]
    quantiles = [np.array([[8.0, 11.0]]), np.array([[6.0, 3.0]])]
    expected = (2 * (0.2 + 0.9) / 15 + 2 * (0.1 + 1.8) / 15) / 2
    assert weighted_quantile_loss(actuals, quantiles, [0.1, 0.9]) == pytest.approx(expected)


@given(values, st.floats(-1e6, 1e6))
def test_weighted_quantile_loss_of_a_repeated_point_is_the_weighted_absolute_error(actual, point):
    assume(np.abs(actual).sum() == 0 or np.abs(actual).sum() > 1e-300)  # the quotient has to be a number
    quantiles = repeat_over_levels(np.full(len(actual), point), LEVELS)
    loss = weighted_quantile_loss([actual], [quantiles], LEVELS)
    if np.abs(actual).sum() == 0:
        assert np.isnan(loss)
    else:
        assert loss == pytest.approx(np.abs(actual - point).sum() / np.abs(actual).sum(), rel=1e-9)


def test_weighted_quantile_loss_leaves_missing_values_out_of_both_sums():
    full = weighted_quantile_loss([np.array([10.0])], [np.array([[8.0]])], [0.5])
    gappy = weighted_quantile_loss([np.array([10.0, NAN])], [np.array([[8.0], [1e9]])], [0.5])
    assert gappy == full == pytest.approx(0.2)
    assert np.isnan(weighted_quantile_loss([np.array([NAN])], [np.array([[8.0]])], [0.5]))


def test_weighted_quantile_loss_refuses_forecasts_that_do_not_match_the_actuals():
    with pytest.raises(ValueError, match="zip"):
        weighted_quantile_loss([np.ones(2), np.ones(2)], [np.ones((2, 1))], [0.5])


def test_coverage_counts_the_ends_as_inside_and_missing_values_not_at_all():
    actual = np.array([1.0, 2.0, 3.0, 4.0, NAN])
    assert coverage(actual, np.full(5, 2.0), np.full(5, 3.0)) == 0.5
    assert np.isnan(coverage(np.array([NAN]), np.zeros(1), np.ones(1)))


def test_calibration_by_hand():
    actual = np.array([1.0, 2.0, 3.0, NAN])
    quantiles = np.tile([0.0, 2.0, 9.0], (4, 1))
    np.testing.assert_allclose(calibration(actual, quantiles), [0, 2 / 3, 1])
    assert np.isnan(calibration(np.array([NAN]), np.zeros((1, 2)))).all()


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_true_quantiles_are_calibrated(seed):
    actual = np.random.default_rng(seed).uniform(size=4000)
    shares = calibration(actual, np.tile(LEVELS, (4000, 1)))
    # five standard errors of a share of 4000, sqrt(.25 / 4000) = .008
    np.testing.assert_allclose(shares, LEVELS, atol=0.04)


def test_accuracy_and_log_loss_by_hand():
    labels, said = np.array([0, 1, 1]), np.array([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]])
    assert accuracy(labels, said) == pytest.approx(2 / 3)
    assert log_loss(labels, said) == pytest.approx(-np.log([0.8, 0.4, 0.9]).mean())
    assert log_loss(labels, np.full((3, 4), 0.25)) == pytest.approx(np.log(4))
    certain_and_wrong = log_loss(np.array([1]), np.array([[1.0, 0.0]]))
    assert 80 < certain_and_wrong < 100
    assert np.isnan(accuracy(labels[:0], said[:0]))
    assert np.isnan(log_loss(labels[:0], said[:0]))


def test_confusion_and_macro_f1_by_hand():
    counts = confusion(np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 0]), 4)
    np.testing.assert_array_equal(counts, [[2, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]])
    # F1 of the classes 0, 1, 2: 2 * 2 / (3 + 3), 2 * 2 / (2 + 3), 0; class 3 is neither there nor predicted
    assert macro_f1(counts) == pytest.approx((4 / 6 + 4 / 5 + 0) / 3)
    assert np.isnan(macro_f1(np.zeros((2, 2), int)))


def test_wilson_interval_agrees_with_published_numbers():
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29
    expected = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (hits, rows), bounds in expected.items():
        assert wilson_interval(hits / rows, rows) == pytest.approx(bounds, abs=5e-5)


def test_bootstrap_interval_of_a_mean_is_that_of_its_standard_error():
    values = np.random.default_rng(1).normal(3.0, 2.0, 400)
    low, high = bootstrap_interval(lambda rows: values[rows].mean(), 400)
    error = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - error, abs=0.03)
    assert high == pytest.approx(values.mean() + error, abs=0.03)
    assert bootstrap_interval(lambda rows: values[rows].mean(), 400) == (low, high)
