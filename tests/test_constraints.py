"""What the data say a value can be, and what is done to quantiles because of it."""

from __future__ import annotations

import numpy as np
import pytest

from rnn_model import Model, forecast
from rnn_model.constraints import BELOW_ZERO, POSITIVE, WHOLE, always_whole, constrain, never_negative, noted
from rnn_model.records import Forecast, Series

LEVELS = np.arange(1, 10) / 10


@pytest.mark.parametrize(
    ("values", "positive", "whole"),
    [
        ([1.0, 2.0, 3.0], True, True),
        ([0.0, 2.5], True, False),
        ([-1.0, 2.0], False, True),
        ([np.nan, 4.0], True, True),
        ([0.0, 0.0], False, True),
        ([1e300, 2e300], True, False),
        ([np.nan], False, False),
    ],
)
def test_what_is_offered(values, positive, whole):
    series = Series(np.array(values))
    assert never_negative(series) == positive
    assert always_whole(series) == whole


def test_what_is_done_is_stated_and_keeps_the_order():
    made = Forecast(Series(np.array([1.0])), LEVELS, np.linspace(-1.4, 1.8, 9)[None])
    kept = constrain(made, positive=True)
    np.testing.assert_allclose(kept.quantiles[0], np.maximum(np.linspace(-1.4, 1.8, 9), 0))
    assert kept.stated == (POSITIVE,)
    both = constrain(made, positive=True, whole=True)
    assert both.quantiles[0].tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 2]
    assert both.stated == (POSITIVE, WHOLE)
    assert constrain(made) is made


def test_a_band_below_zero_is_never_silent(model: Model):
    counts = np.random.default_rng(0).poisson(0.8, 40).astype(float)
    made = forecast(model, counts, 6)
    assert made.quantiles.min() < 0
    assert any("below zero" in note for note in made.notes)
    assert not any("below zero" in note for note in forecast(model, counts - 5, 6).notes)
    assert not any("below zero" in note for note in forecast(model, counts + 50, 6).notes)
    assert BELOW_ZERO not in constrain(made, positive=True).notes


@pytest.mark.parametrize(("lowest", "said"), [(-1.0, True), (0.0, False)])
def test_a_note_on_a_band_below_zero_goes_with_the_band(lowest: float, said: bool):
    """Narrowed bands may no longer reach there, widened ones may for the first time."""
    for notes in ((), (BELOW_ZERO,)):
        made = Forecast(Series(np.array([1.0, 2.0])), LEVELS, np.linspace(lowest, 3, 9)[None], notes=("One.", *notes))
        assert noted(made).notes == (("One.", BELOW_ZERO) if said else ("One.",))
