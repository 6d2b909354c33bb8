"""Which past values mattered, by one backward pass through time, and what the hidden units followed.

    gradient[t] = d mean over k of median[k] / d y[t]

through the whole path: scale, seasonal adjustment, bank of smoothing filters, recurrent layers, and back to the unit of
the series.  A forecast that takes its unit from the series has sum over t of gradient[t] y[t] equal to itself (Euler),
which is tested.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from rnn_model import encode, seasonality
from rnn_model.checkpoint import Model
from rnn_model.forecaster import forecast, series_of
from rnn_model.records import FOLLOWED, Trace

TREND_STEPS = 4  # the trend is the change of the level over one season, or over so many steps without one


def explain(model: Model, sequence: Any, horizon: int = 12, season: int | None = None) -> Trace:
    """What moved a forecast.

    Args:
        model: from `load`.
        sequence: as for `forecast`.
        horizon: steps ahead K.
        season: as for `forecast`.

    Returns:
        A Trace.  For a series without variation, whose value is repeated, no value stands out and the gradient is 0.

    Raises:
        InputError: as for `forecast`.
    """
    series = series_of(sequence)
    made = forecast(model, series, horizon, season)
    config = model.forecaster[0]
    periods = seasonality.periods(series.values, series.season if season is None else season)
    history, gap = encode.until_last(series.values)
    read = encode.scale([history], [periods], config.context)
    values = torch.from_numpy(history[None, -config.context :].copy()).requires_grad_()
    with torch.enable_grad():
        scaled = encode.standardised(values, read.periods)
        inputs = encode.inputs(scaled, gap + horizon, config)
        quantiles, hidden = model.network(inputs)
        target = encode.unscaled(quantiles, scaled)[0, gap:, len(config.levels) // 2].mean()
        (slope,) = torch.autograd.grad(target, values)
    read_values = history[-config.context :]
    seen = read_values[np.isfinite(read_values)]
    varies = len(seen) == 1 or bool((seen != seen[0]).any())
    gradient = np.zeros(len(series))
    if len(seen) == 1:  # it is the forecast
        gradient[len(history) - 1] = 1.0
    elif varies:
        gradient[len(history) - slope.shape[1] : len(history)] = slope[0].nan_to_num().numpy()

    length = int(inputs.lengths[0]) if hidden is not None else 0
    states = np.zeros((0, 0, 0), np.float32) if hidden is None else hidden[0, :length].detach().numpy()
    past = inputs.past[0, :length].detach().numpy()
    units = states.reshape(length, -1)
    return Trace(
        forecast=made,
        gradient=gradient,
        hidden=states,
        steps=np.arange(len(history) - length, len(history)),
        order=order_of_units(units),
        follows=_correlations(_followed(past, made.season), units),
        notes=() if varies else ("No variation seen, so no value stands out.",),
    )


def _followed(past: np.ndarray, season: int) -> np.ndarray:
    """(3, W) what units are compared with, from the features they read."""
    level, seasonal = past[:, encode.LEVEL], past[:, encode.SEASON]
    back = np.maximum(np.arange(len(level)) - (season if season > 1 else TREND_STEPS), 0)
    rows = {"season": seasonal, "trend": level - level[back], "level": level}
    return np.stack([rows[name] for name in FOLLOWED])


def _correlations(rows: np.ndarray, units: np.ndarray) -> np.ndarray:
    """(len(rows), U) Pearson correlation over time of rows (R, W) and units (W, U); nan where one does not vary."""
    if not units.size:
        return np.empty((len(rows), 0))
    rows, columns = rows - rows.mean(1, keepdims=True), units - units.mean(0)
    sizes = np.linalg.norm(rows, axis=1)[:, None] * np.linalg.norm(columns, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(sizes > 1e-6, rows @ columns / sizes, np.nan)


def order_of_units(units: np.ndarray) -> np.ndarray:
    """Units (W, U) by their angle in the plane of the two main directions of their movement, which puts units that move
    alike side by side (Friendly 2002, "Corrgrams", The American Statistician 56, 316-324)."""
    if not units.size:
        return np.empty(0, int)
    columns = units - units.mean(0)
    columns = columns / np.maximum(np.linalg.norm(columns, axis=0), 1e-9)
    _, _, directions = np.linalg.svd(columns, full_matrices=False)  # of few steps and many units, far less than U x U
    first, second = directions[0], directions[1] if len(directions) > 1 else 0 * directions[0]
    return np.argsort(np.arctan2(second, first), kind="stable")
