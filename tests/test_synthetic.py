"""The prior over series: reproducible, finite, seasonal where asked."""

from __future__ import annotations

import numpy as np
import pytest

from rnn_model.seasonality import evidence
from training.synthetic import _KINDS_OF_SHAPES, draw, shapes, waves


@pytest.mark.parametrize("periods", [(1, 1), (4, 1), (12, 1), (24, 168), (52, 1)])
def test_finite_and_reproducible(periods: tuple[int, int]) -> None:
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
    gain = [np.median([evidence(row, 12).gain for row in rows]) for rows in (monthly, yearly)]
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


@pytest.mark.parametrize("periods", [(1, 1), (7, 1), (24, 1)])
def test_shapes_are_finite_reproducible_and_of_many_distributions(periods: tuple[int, int]) -> None:
    asked = np.tile(periods, (400, 1))
    values = shapes(np.random.default_rng(3), asked, 150)
    assert values.shape == (400, 150)
    assert np.isfinite(values).all()
    np.testing.assert_array_equal(values, shapes(np.random.default_rng(3), asked, 150))
    zeros = (values == 0).mean(1)
    assert ((zeros > 0.3) & (zeros < 1)).mean() > 0.1
    few = np.array([len(np.unique(row)) for row in values]) < 10
    assert 0.1 < few.mean() < 0.6
    varied = values[np.ptp(values, axis=1) > 0]
    skewness = ((varied - varied.mean(1, keepdims=True)) ** 3).mean(1) / varied.std(1) ** 3
    assert (skewness > 1).mean() > 0.2 > (skewness < -1).mean() > 0.05


def test_shapes_have_the_season_that_was_asked_for() -> None:
    rows = shapes(np.random.default_rng(0), np.tile((7, 1), (300, 1)), 140)
    gain = np.array([evidence(row, 7).gain for row in rows])
    assert 0.2 < (gain > 30).mean() < 0.8


@pytest.mark.parametrize("drawn", [drawn for drawn, _ in _KINDS_OF_SHAPES])
def test_shapes_grow_with_what_they_are_drawn_from(drawn) -> None:
    """A quantile function rises, or falls where it is upside down: the order of the latent process is kept."""
    latent = np.sort(np.random.default_rng(1).normal(size=(200, 60)), axis=1)
    values = drawn(np.random.default_rng(2), latent)
    first, last = values[:, :20].mean(1), values[:, -20:].mean(1)
    assert (first != last).mean() > 0.8


def test_no_shapes_are_no_shapes() -> None:
    assert shapes(np.random.default_rng(0), np.empty((0, 2), int), 50).shape == (0, 50)
