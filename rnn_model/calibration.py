"""Bands set by what was counted: widened or narrowed, horizon by horizon, by the errors of the back-test.

The score of an error is its size as a share of the way from the median to that edge of the 80 % band,

    z = (y - median) / (q90 - median) above the median, (median - y) / (median - q10) below it

so the band would have held 80 % if it were as many times wider as the 0.8 quantile of z (split conformal prediction:
Papadopoulos et al. 2002; Vovk et al. 2005; for time series its guarantee is approximate).  Errors of neighbouring
horizons count too, less the further away they are.  Of n errors the quantile 0.8 (1 + 1 / n) is taken, and the factor
is shrunk towards 1 by n / (n + PRIOR).  Errors of one window are alike, so n is their effective number (Kish 1965)
over the square root of the horizon.  The constants were chosen on M1 and the development sets; what they gain there
and cost is measured by python -m training.honesty.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnn_model.records import Backtest, Forecast
from rnn_model.report import percent

COVERAGE = 0.8
ENOUGH = 12  # held-out values below which the bands are left as they are
PRIOR = 8.0
NEIGHBOURS = 1.0  # standard deviation of the weight of another horizon, in log steps
HIGHEST = 0.98  # quantile of the scores that is taken at most
MOST = 3.0  # no factor is larger, or smaller than its inverse


def factors(checked: Backtest, horizon: int) -> np.ndarray:
    """(horizon,) by how much the bands of each step ahead should be wider; all 1 without enough errors.

    Steps further ahead than were checked take the factor of the furthest that was.
    """
    if checked.points < ENOUGH:
        return np.ones(horizon)
    scores = _scores(checked)
    known = np.isfinite(scores)
    step = np.broadcast_to(np.log(np.arange(1, scores.shape[1] + 1)), scores.shape)[known]
    order = np.argsort(scores[known])
    scores, step = scores[known][order], step[order]

    found = np.ones(checked.actual.shape[1])
    for ahead in range(1, len(found) + 1):
        weight = np.exp(-0.5 * ((step - np.log(ahead)) / NEIGHBOURS) ** 2)
        count = weight.sum() ** 2 / (weight @ weight) / np.sqrt(ahead)
        level = min(COVERAGE * (1 + 1 / count), HIGHEST)
        quantile = np.interp(level, weight.cumsum() / weight.sum(), scores)
        shrunk = max(float(quantile), 1e-9) ** (count / (count + PRIOR))
        found[ahead - 1] = np.clip(shrunk, 1 / MOST, MOST)
    return found[np.minimum(np.arange(horizon), len(found) - 1)]


def calibrate(forecast: Forecast, checked: Backtest) -> Forecast:
    """The forecast with every quantile's distance from the median multiplied by `factors`; the median stays.

    Args:
        forecast: of the series that was checked.
        checked: its back-test, of the network's own bands.

    Returns:
        The same forecast when there were too few errors; otherwise one that says by how much its bands were changed.
    """
    change = factors(checked, len(forecast.quantiles))
    if (change == 1).all():
        return forecast
    median = forecast.median[:, None]
    said = _in_words(change)
    note = f"Of your last {checked.points} points the network's own 80 % band caught {checked.caught}: {said}."
    return replace(
        forecast,
        quantiles=median + change[:, None] * (forecast.quantiles - median),
        notes=(*forecast.notes, note),
        stated=(*forecast.stated, said),
    )


def _scores(checked: Backtest) -> np.ndarray:
    """(N, K) z of every error, nan where nothing came; a band without width that missed scores infinite."""
    low, high = checked.edges
    median = checked.median
    above = checked.actual >= median
    error = np.abs(checked.actual - median)
    reach = np.where(above, high - median, median - low)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = error / reach
    score = np.where((error == 0) & (reach == 0), 1.0, score)  # an exact forecast asks for no change
    return np.minimum(score, MOST**4)  # finite, and beyond what any shrunk factor can follow


def _in_words(change: np.ndarray) -> str:
    low, high = (round(float(edge) - 1, 2) for edge in (change.min(), change.max()))
    if low == high == 0:
        return "bands confirmed"
    if low < 0 < high:
        return f"bands set from {percent(-low)} narrower to {percent(high)} wider"
    smallest, largest = sorted((abs(low), abs(high)))
    share = percent(largest) if smallest == largest else f"{100 * smallest:.0f} to {percent(largest)}"
    return f"bands {share} {'wider' if high > 0 else 'narrower'}"
