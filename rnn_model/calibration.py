"""Bands set by what was counted: widened or narrowed, horizon by horizon, by the errors of the back-test.

The score of an error is its size as a share of the way from the median to that edge of the 80 % band,

    z = (y - median) / (q90 - median) above the median, (median - y) / (median - q10) below it

so the band would have held 80 % if it were as many times wider as the 0.8 quantile of z (split conformal prediction:
Papadopoulos et al. 2002; Vovk et al. 2005; for time series its guarantee is approximate).  Errors of neighbouring
horizons count too, less the further away they are.  Errors of one window are alike, so their number n is the effective
one (Kish 1965) over the square root of the horizon.

What is evidence is the count of misses, not their size: a share of n errors is known to sqrt(0.8 * 0.2 / n) only.  So
all quantiles within one such error of 0.8 (1 + 0.5 / n) are as likely, and the one closest to 1 is taken, which is 1
itself where the band caught about what it should.  It is shrunk towards 1 by n / (n + PRIOR).  The constants were
chosen on M1 and the development sets; what they gain there and cost is measured by python -m training.honesty.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnn_model.constraints import noted
from rnn_model.records import Backtest, Forecast
from rnn_model.report import percent

COVERAGE = 0.8
ENOUGH = 12  # held-out values below which the bands are left as they are
CORRECTION = 0.5  # of the 1 / n that errors which could be exchanged would ask for; all of it made bands too wide
PRIOR = 1.0
NEIGHBOURS = 1.0  # standard deviation of the weight of another horizon, in log steps
MOST = 3.0  # no score counts as larger, or smaller than its inverse, and so no factor is


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
        level = COVERAGE * (1 + CORRECTION / count)
        error = np.sqrt(COVERAGE * (1 - COVERAGE) / count)
        least, most = np.interp((level - error, level + error), weight.cumsum() / weight.sum(), scores)
        found[ahead - 1] = np.clip(1.0, least, most) ** (count / (count + PRIOR))
    return found[np.minimum(np.arange(horizon), len(found) - 1)]


def calibrate(forecast: Forecast, checked: Backtest) -> Forecast:
    """The forecast with every quantile's distance from the median multiplied by `factors`; the median stays.

    Args:
        forecast: of the series that was checked.
        checked: its back-test, of the network's own bands.

    Returns:
        The same forecast when there were too few errors; otherwise one that says by how much its bands were changed.
    """
    if checked.points < ENOUGH:
        return forecast
    change = factors(checked, len(forecast.quantiles))
    median = forecast.median[:, None]
    said = _in_words(change)
    note = f"Of your last {checked.points:,} points the network's own 80 % band caught {checked.caught:,}: {said}."
    changed = replace(
        forecast,
        quantiles=median + change[:, None] * (forecast.quantiles - median),
        notes=(*forecast.notes, note),
        stated=(*forecast.stated, said),
    )
    return noted(changed)


def _scores(checked: Backtest) -> np.ndarray:
    """(N, K) z of every error, within its bounds, nan where nothing came."""
    size = float(np.abs(checked.quantiles).max()) or 1.0  # distances between values near 1e308 would overflow
    low, high = (edge / size for edge in checked.edges)
    median, actual = checked.median / size, checked.actual / size
    above = actual >= median
    error = np.abs(actual - median)
    reach = np.where(above, high - median, median - low)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = error / reach
    score = np.where((error == 0) & (reach == 0), 1.0, score)  # an exact forecast asks for no change
    return np.clip(score, 1 / MOST, MOST)


def _in_words(change: np.ndarray) -> str:
    low, high = (round(float(edge) - 1, 2) for edge in (change.min(), change.max()))
    if low == high == 0:
        return "bands confirmed"
    if low < 0 < high:
        return f"bands set from {percent(-low)} narrower to {percent(high)} wider"
    smallest, largest = sorted((abs(low), abs(high)))
    if smallest == 0:
        share = f"up to {percent(largest)}"
    else:
        share = percent(largest) if smallest == largest else f"{100 * smallest:.0f} to {percent(largest)}"
    return f"bands {share} {'wider' if high > 0 else 'narrower'}"
