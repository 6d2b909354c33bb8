"""How good a forecast or a classification was, in numbers.  Plain numpy; a missing value (nan) is left out.

A measure that cannot be computed (nothing observed, no variation to scale by) is nan, never 0 and never an error.
Axes: `K` steps ahead, `Q` quantile levels, `T` steps of history, `N` rows of a table, `C` classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np

RESIDUE = 1e-9  # of the range of a series: differences below it are what rounding leaves of equal values


def pinball_loss(actual: np.ndarray, quantiles: np.ndarray, levels: np.ndarray | Sequence[float]) -> np.ndarray:
    """Pinball loss of each quantile at each step; its mean is smallest at the true quantile.

        L(y, q) = level * (y - q) if y >= q, else (1 - level) * (q - y)

    Args:
        actual: (K,) what happened; nan where missing.
        quantiles: (K, Q) what was forecast, in the same unit.
        levels: (Q,) quantile levels in (0, 1).

    Returns:
        (K, Q) in the unit of the series, nan where the actual value is missing; lower is better, 0 is exact.

    Source: Koenker and Bassett (1978), "Regression quantiles", Econometrica 46, 33-50.
    """
    error = np.asarray(actual, dtype=np.float64)[:, None] - np.asarray(quantiles, dtype=np.float64)
    level = np.asarray(levels, dtype=np.float64)
    return np.maximum(level * error, (level - 1) * error)


def seasonal_scale(history: np.ndarray, season: int) -> float:
    """Mean absolute change of a history from one season to the next, by which MASE divides.

        scale = mean over t of |y[t] - y[t - m]|, over the pairs of which both values are observed

    Args:
        history: (T,) what was known when the forecast was made; nan where missing.
        season: m, steps in the season; 1 means none.

    Returns:
        In the unit of the series; nan when no pair is observed (T <= m) or when nothing changed but by what rounding
        leaves (RESIDUE of the range).

    Source: Hyndman and Koehler (2006), "Another look at measures of forecast accuracy", International Journal of
    Forecasting 22, 679-688.
    """
    values = np.asarray(history, dtype=np.float64)
    scale = mean_observed(np.abs(values[season:] - values[:-season]))
    observed = values[np.isfinite(values)]
    return scale if scale > 0 and scale > RESIDUE * np.ptp(observed) else float("nan")


def mase(actual: np.ndarray, point: np.ndarray, history: np.ndarray, season: int) -> float:
    """Mean absolute scaled error of one forecast.

        MASE = mean over k of |y[k] - p[k]| / scale, with the scale of `seasonal_scale`

    Args:
        actual: (K,) what happened; nan where missing.
        point: (K,) point forecast; the median is the one that makes the expected error smallest.
        history: (T,) what was known when the forecast was made.
        season: m, steps in the season; 1 means none.

    Returns:
        Without unit; lower is better, 0 is exact; 1 is as far off as last season's value was, on average, within the
        history.  nan when the scale is undefined or no actual value is observed.

    Source: Hyndman and Koehler (2006), see `seasonal_scale`.
    """
    return mean_observed(np.abs(np.asarray(actual, dtype=np.float64) - point)) / seasonal_scale(history, season)


def scaled_quantile_loss(
    actual: np.ndarray,
    quantiles: np.ndarray,
    levels: np.ndarray | Sequence[float],
    history: np.ndarray,
    season: int,
) -> float:
    """Pinball loss of one forecast in units of its series' own changes: what MASE is to a point, for all quantiles.

        SQL = mean over k and levels of 2 * L(y, q) / scale, with the scale of `seasonal_scale`

    Series of any size weigh alike.  For a point forecast repeated over symmetric levels it is MASE.

    Args:
        actual: (K,) what happened; nan where missing.
        quantiles: (K, Q) what was forecast.
        levels: (Q,) quantile levels.
        history: (T,) what was known when the forecast was made.
        season: m, steps in the season; 1 means none.

    Returns:
        Without unit; lower is better, 0 is exact; nan as for `mase`.

    Source: Makridakis et al. (2022), "The M5 uncertainty competition", International Journal of Forecasting 38,
    1365-1385, there as scaled pinball loss, without the 2.
    """
    return 2 * mean_observed(pinball_loss(actual, quantiles, levels)) / seasonal_scale(history, season)


def weighted_quantile_loss(
    actuals: Sequence[np.ndarray], quantiles: Sequence[np.ndarray], levels: np.ndarray | Sequence[float]
) -> float:
    """Pinball loss of a whole set of forecasts relative to the size of what was forecast.

        WQL = mean over levels of 2 * sum L(y, q) / sum |y|, both sums over all series and steps of the set

    Large series weigh more than small ones.  For a point forecast repeated over the levels it is sum |y - p| / sum |y|.

    Args:
        actuals: one (K,) array a series, nan where missing; K may differ.
        quantiles: one (K, Q) array a series.
        levels: (Q,) quantile levels.

    Returns:
        Without unit; lower is better, 0 is exact; nan when nothing is observed or all that is observed is 0.

    Source: Ansari et al. (2024), "Chronos: Learning the Language of Time Series", arXiv:2403.07815.
    """
    loss = sum(float(np.nansum(pinball_loss(y, q, levels))) for y, q in zip(actuals, quantiles, strict=True)) / len(
        levels
    )
    size = sum(float(np.nansum(np.abs(y))) for y in actuals)
    return 2 * loss / size if size > 0 else float("nan")


def coverage(actual: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> float:
    """Share of the actual values inside a band, its ends included.

    Args:
        actual: what happened, any shape; nan where missing.
        lower, upper: the ends of the band, in the same shape and unit.

    Returns:
        0 ... 1; best when equal to the share the band promises (0.8 for the 0.1 and 0.9 quantiles), so neither higher
        nor lower is better.  nan when nothing is observed.

    Source: Gneiting, Balabdaoui and Raftery (2007), "Probabilistic forecasts, calibration and sharpness", Journal of
    the Royal Statistical Society B 69, 243-268.
    """
    y = np.asarray(actual, dtype=np.float64)
    inside = (y >= lower) & (y <= upper)
    return mean_observed(np.where(np.isnan(y), np.nan, inside))


def calibration(actual: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """Share of the actual values at or below each quantile.

    Args:
        actual: (K,) what happened, or the values of many series joined; nan where missing.
        quantiles: (K, Q) what was forecast.

    Returns:
        (Q,) shares in 0 ... 1; best when equal to the levels.  nan when nothing is observed.

    Source: Gneiting, Balabdaoui and Raftery (2007), see `coverage`.
    """
    y = np.asarray(actual, dtype=np.float64)[:, None]
    below = np.where(np.isnan(y), np.nan, y <= quantiles)
    return np.array([mean_observed(column) for column in below.T])


def accuracy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Share of the rows whose likeliest class is the right one.

    Args:
        labels: (N,) the right classes as indices.
        probabilities: (N, C) what was said of each class; of equals the first counts.

    Returns:
        0 ... 1, higher is better; nan without rows.
    """
    return mean_observed((np.argmax(probabilities, axis=1) == labels).astype(np.float64))


def log_loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean negative logarithm of the probability given to the right class.

        L = mean over n of -ln p[n, y[n]]

    Args:
        labels: (N,) the right classes as indices.
        probabilities: (N, C) rows that add up to 1; below the smallest float32 they count as that.

    Returns:
        In nats, 0 is certain and right, ln C is what guessing gives; lower is better; nan without rows.

    Source: Good (1952), "Rational decisions", Journal of the Royal Statistical Society B 14, 107-114.
    """
    return mean_observed(log_losses(labels, probabilities))


def log_losses(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """(N,) the terms of `log_loss`."""
    right = np.asarray(probabilities, dtype=np.float64)[np.arange(len(labels)), labels]
    return -np.log(np.maximum(right, np.finfo(np.float32).tiny))


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray, bins: int = 15) -> float:
    """How far the probability of the likeliest class is from how often that class is right.

        ECE = sum over bins of (rows in bin / N) |share right in bin - mean probability in bin|

    Args:
        labels: (N,) the right classes as indices; -1 for a class that is not among the C.
        probabilities: (N, C).
        bins: intervals of equal width that the probability of the likeliest class falls into.

    Returns:
        0 ... 1, lower is better; nan without rows.

    Source: Guo et al. (2017), "On calibration of modern neural networks", ICML.
    """
    sure = np.max(probabilities, axis=1)
    right = np.argmax(probabilities, axis=1) == labels
    place = np.minimum((sure * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(place, sure, bins) - np.bincount(place, right, bins)
    return float(np.abs(gaps).sum() / len(labels)) if len(labels) else float("nan")


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """(C, C) how many rows of class i (down) were taken for class j (across).

    Args:
        labels, predicted: (N,) classes as indices.
        classes: C.
    """
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (np.asarray(labels), np.asarray(predicted)), 1)
    return counts


def macro_f1(counts: np.ndarray) -> float:
    """Mean over the classes of the harmonic mean of precision and recall, so that rare classes count like others.

        F1 = 2 true positives / (2 true positives + false positives + false negatives)

    Args:
        counts: (C, C) from `confusion`; a class neither there nor predicted is left out.

    Returns:
        0 ... 1, higher is better; nan without rows.

    Source: van Rijsbergen (1979), "Information Retrieval", 2nd ed., chapter 7.
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1).astype(np.float64)
    seen = counts.sum(-1) + counts.sum(-2)
    return mean_observed(np.where(seen > 0, 2 * hits / np.maximum(seen, 1), np.nan))


def wilson_interval(share: float, rows: int, confidence: float = 0.95) -> tuple[float, float]:
    """Where the share in all rows of the kind probably lies, given the share in `rows` of them.

    Args:
        share: 0 ... 1, such as an accuracy.
        rows: N, at least 1.
        confidence: of the interval.

    Returns:
        Lower and upper bound in 0 ... 1; unlike the normal interval it is right near the ends, too.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22, 209-212.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * math.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def bootstrap_interval(
    measure: Callable[[np.ndarray], float], rows: int, confidence: float = 0.95, draws: int = 1000
) -> tuple[float, float]:
    """Where a measure probably lies, from its spread over samples of the rows drawn with replacement.

    Give it the difference of two methods on the same rows to see whether one is really better: rows that are hard for
    both are then hard in both terms of the difference.

    Args:
        measure: of the rows whose indices (N,) it is given.
        rows: N.
        confidence: of the interval.
        draws: samples; the same ones on every call.

    Returns:
        Lower and upper bound in the unit of the measure; samples for which it is nan are left out.

    Source: Efron (1979), "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1-26.
    """
    rng = np.random.default_rng(0)
    values = np.array([measure(rng.integers(0, rows, rows)) for _ in range(draws)])
    low, high = np.nanquantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def mean_observed(values: np.ndarray) -> float:
    """Mean without the missing values; nan, without a warning, when none is left."""
    observed = values[~np.isnan(values)]
    if not observed.size:
        return float("nan")
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(observed.mean())
    return mean if math.isfinite(mean) else float((observed / observed.size).sum())  # a sum near 1e308 overflows
