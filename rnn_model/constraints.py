"""What the data say a value can be: at or above zero, a whole number.  Offered, and stated where it is used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnn_model.records import Forecast, Series

POSITIVE, WHOLE = "kept at or above zero", "whole numbers"
BELOW_ZERO = "The band reaches below zero, where no value was: it can be kept at or above zero."


def never_negative(series: Series) -> bool:
    """No observed value lies below zero, and some lie above."""
    seen = series.values[np.isfinite(series.values)]
    return bool(len(seen) and seen.min() >= 0 and seen.max() > 0)


def always_whole(series: Series) -> bool:
    """Every observed value is a whole number that float64 can tell from its neighbours."""
    seen = series.values[np.isfinite(series.values)]
    return bool(len(seen) and (seen == np.round(seen)).all() and np.abs(seen).max() < 2**53)


def noted(forecast: Forecast) -> Forecast:
    """The forecast with BELOW_ZERO among its notes where that is so, and only there.

    A band below zero of a series that never was is possible, but must not pass in silence; nor may it be said of one
    that was narrowed or kept above zero since.
    """
    series = forecast.history
    reaches = len(series) > 1 and never_negative(series) and bool((forecast.quantiles < 0).any())
    if reaches == (BELOW_ZERO in forecast.notes):
        return forecast
    others = tuple(note for note in forecast.notes if note != BELOW_ZERO)
    return replace(forecast, notes=(*others, BELOW_ZERO) if reaches else others)


def constrain(forecast: Forecast, *, positive: bool = False, whole: bool = False) -> Forecast:
    """The forecast with quantiles below zero set to zero, or rounded; what was done is stated in it.

    Both keep the order of the quantiles.  The median of counts that are mostly zero may become zero.
    """
    quantiles = np.maximum(forecast.quantiles, 0.0) if positive else forecast.quantiles
    quantiles = np.round(quantiles) if whole else quantiles
    done = tuple(words for words, asked in ((POSITIVE, positive), (WHOLE, whole)) if asked)
    return noted(replace(forecast, quantiles=quantiles, stated=(*forecast.stated, *done))) if done else forecast
