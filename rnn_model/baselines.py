"""What a forecast must beat: four forecasts that anybody can make by hand.

Each returns point forecasts (K,) in the unit of the history.  Missing values (nan) are stepped over, the last observed
value standing in for a later one.  A history too short for a method gets the forecast of the simpler one, as stated.

Source of all four: Hyndman and Athanasopoulos (2021), "Forecasting: Principles and Practice", 3rd ed., section 5.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnn_model.errors import InputError, Problem
from rnn_model.metrics import mean_observed


def naive(history: np.ndarray, horizon: int) -> np.ndarray:
    """The last observed value, for ever: p[k] = y[T].

    Args:
        history: (T,) values in time order, nan where missing.
        horizon: steps ahead K.

    Raises:
        InputError: no value is observed.
    """
    return np.full(horizon, _observed(history)[1][-1])


def mean(history: np.ndarray, horizon: int) -> np.ndarray:
    """The mean of all observed values, for ever: p[k] = mean y.

    Args:
        history: (T,) values in time order, nan where missing.
        horizon: steps ahead K.

    Raises:
        InputError: no value is observed.
    """
    return np.full(horizon, mean_observed(_observed(history)[1]))


def drift(history: np.ndarray, horizon: int) -> np.ndarray:
    """The straight line through the first and the last observed value, drawn on.

        p[k] = y[T] + k (y[T] - y[1]) / (T - 1)

    With a single observed value it is the naive forecast.

    Args:
        history: (T,) values in time order, nan where missing.
        horizon: steps ahead K.

    Raises:
        InputError: no value is observed.
    """
    times, values = _observed(history)
    if len(values) == 1:
        return naive(history, horizon)
    slope = (values[-1] - values[0]) / (times[-1] - times[0])
    steps_from_last_observed = len(history) - 1 - times[-1] + np.arange(1, horizon + 1)
    return values[-1] + slope * steps_from_last_observed


def seasonal_naive(history: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """The last observed value of the same place in the season: p[k] = y[T + k - m ceil(k / m)].

    A place in the season that was never observed (always so for some when T < m) gets the naive forecast.

    Args:
        history: (T,) values in time order, nan where missing.
        horizon: steps ahead K.
        season: m, steps in the season; 1 gives the naive forecast.

    Raises:
        InputError: no value is observed.
    """
    times, values = _observed(history)
    last_of_place = np.full(season, values[-1])
    last_of_place[times % season] = values  # in time order, so the latest value of a place stays
    return last_of_place[(len(history) + np.arange(horizon)) % season]


def repeat_over_levels(point: np.ndarray, levels: np.ndarray | Sequence[float]) -> np.ndarray:
    """A point forecast (K,) as quantiles (K, Q), the same at every level.

    This is how published tables score the weighted quantile loss of a method that gives no uncertainty; the band it
    spans is empty, so coverage and calibration say nothing about it.
    """
    return np.repeat(np.asarray(point, dtype=np.float64)[:, None], len(levels), axis=1)


def _observed(history: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions (N,) and values (N,) of what was observed, N >= 1."""
    values = np.asarray(history, dtype=np.float64)
    times = np.flatnonzero(~np.isnan(values))
    if len(times) == 0:
        raise InputError(
            Problem(
                found=f"{len(values)} values, none of them observed",
                expected="at least one observed value",
                fix="Give a history with a number in it.",
            )
        )
    return times, values[times]
