"""The prior over series: reproducible, finite, seasonal where asked."""

from __future__ import annotations

import numpy as np
import pytest

from rnn_model.seasonality import evidence
from training.synthetic import draw, waves


@pytest.mark.parametrize("periods", [(1, 1), (4, 1), (12, 1), (24, 168), (52, 1)])
def test_shapes_finite_and_reproducible(periods: tuple[int, int]) -> None:
    asked = np.tile(periods, (64, 1))
    values = draw(np.random.default_rng(3), asked, 200)
    assert values.shape == (64, 200)
    assert np.isfinite(values).all()
    np.testing.assert_array_equal(values, draw(np.random.default_rng(3), asked, 200))
    assert not np.array_equal(values, draw(np.random.default_rng(4), asked, 200))


def test_seasons_are_where_they_were_asked_for() -> None:
    rng = np.random.default_rng(0)
    monthly = draw(rng, np.tile((12, 1), (100, 1)), 120)
    yearly = draw(rng, np.tile((1, 1), (100, 1)), 120)
    gain = [np.median([evidence(row, 12) for row in rows]) for rows in (monthly, yearly)]
    assert gain[0] > 3 * gain[1]


def test_most_series_are_positive_and_more_rise_than_fall() -> None:
    values = draw(np.random.default_rng(0), np.tile((1, 1), (500, 1)), 40)
    assert (values.min(1) >= 0).mean() > 0.7
    rising = (values[:, -5:].mean(1) > values[:, :5].mean(1)).mean()
    assert 0.55 < rising < 0.85


def test_some_are_counts_and_few_are_constant() -> None:
    values = draw(np.random.default_rng(0), np.tile((1, 1), (500, 1)), 40)
    whole = (values == np.round(values)).all(1).mean()
    assert 0.03 < whole < 0.15
    assert (np.ptp(values, axis=1) == 0).mean() < 0.02


def test_waves_are_finite_reproducible_and_of_many_lengths() -> None:
    values = waves(np.random.default_rng(3), 400, 150)
    assert values.shape == (400, 150)
    assert np.isfinite(values).all()
    np.testing.assert_array_equal(values, waves(np.random.default_rng(3), 400, 150))
    spectrum = np.abs(np.fft.rfft(values - values.mean(1, keepdims=True), axis=1))
    loudest = spectrum.argmax(1)
    # a random walk has nearly all of its loudest tones at the slowest three, a wave has it anywhere
    assert 0.2 < (loudest > 4).mean() < 0.9
    assert len(set(loudest)) > 20


def test_no_waves_are_no_waves() -> None:
    assert waves(np.random.default_rng(0), 0, 50).shape == (0, 50)
