"""Series drawn from a prior over how real ones move; what the forecaster learns from beside real series.

A series is  level + season + noise,  on a linear scale or (as logarithms) on a multiplicative one:

- level: an innovations state-space process (Hyndman et al. 2008) with random smoothing, damping and drift, so anything
  from a straight line over a random walk to a trend that keeps turning; sometimes with a business cycle, a level
  shift or a broken trend;
- season: a random periodic shape, smooth or spiky, whose size and form drift from period to period; a second, longer
  one for hourly data;
- noise: normal or heavy-tailed, sometimes autocorrelated, sometimes growing with the level; rare outliers.

Others know no calendar (`waves`): sums of sines, oscillations that shocks keep alive, growth that saturates, pulses.

Some are then counted (Poisson), floored at zero or rounded, as statistics are.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

WITHIN_A_DAY = 24


def draw(rng: np.random.Generator, periods: np.ndarray, length: int) -> np.ndarray:
    """Draws one series for every row of `periods`.

    Args:
        rng: source of randomness.
        periods: (N, 2) int; the seasons of each series, 1 for none.
        length: values in each, history and future together.

    Returns:
        (N, length) float64, finite.
    """
    count = len(periods)
    signal = _level(rng, periods, length) + _season(rng, periods, length) + _noise(rng, count, length)

    # Most economic series are positive and grow in proportion; the rest live on a linear scale.
    relative = rng.random(count) < 0.55
    step = np.exp(rng.normal(-3.0, 0.8, count))  # typical relative change in one step
    spread = signal.std(1) + 1e-9
    step = np.minimum(step, 1.2 / np.maximum(spread, 1e-9))  # at most about a factor e^2 up or down in all
    centred = signal - signal[:, :1]
    grown = np.exp(np.clip(centred * step[:, None], -12, 12))
    above = np.exp(rng.normal(1.0, 1.2, count)) * spread
    shifted = centred + (above - centred.min(1) * (rng.random(count) < 0.7))[:, None]
    values = np.where(relative[:, None], grown, shifted) * np.exp(rng.normal(5, 2.5, count))[:, None]
    return _as_recorded(rng, values)


def waves(rng: np.random.Generator, count: int, length: int) -> np.ndarray:
    """Draws series that oscillate or grow by a law of their own.

    Args:
        rng: source of randomness.
        count: N.
        length: values in each, history and future together.

    Returns:
        (N, length) float64, finite.
    """
    kind = rng.choice(len(_KINDS_OF_WAVES), count, p=[share for _, share in _KINDS_OF_WAVES])
    values = np.empty((count, length))
    for number, (drawn, _) in enumerate(_KINDS_OF_WAVES):
        values[kind == number] = drawn(rng, int((kind == number).sum()), length)
    values -= values.mean(1, keepdims=True)
    values /= values.std(1, keepdims=True) + 1e-9
    values += rng.normal(size=(count, length)) * np.exp(rng.normal(-2.5, 1.0, (count, 1)))
    above = rng.uniform(-2, 6, (count, 1))
    return _as_recorded(rng, (values + above) * np.exp(rng.normal(4, 2, (count, 1))))


def shapes(rng: np.random.Generator, periods: np.ndarray, length: int) -> np.ndarray:
    """Draws series whose values are far from normal: sales that are mostly zero, counts, peaks, shares, throws of dice.

    A latent normal process (noise, perhaps with memory, a slow level and a season) goes through a quantile function
    that is drawn for each series, so the order of values is that of the process and their distribution is any.

    Args:
        rng: source of randomness.
        periods: (N, 2) int; the seasons of each series, 1 for none.
        length: values in each, history and future together.

    Returns:
        (N, length) float64, finite.
    """
    count = len(periods)
    latent = rng.normal(size=(count, length))
    memory = np.where(rng.random(count) < 0.3, rng.uniform(0.2, 0.9, count), 0.0)
    for t in range(1, length):
        latent[:, t] = memory * latent[:, t - 1] + np.sqrt(1 - memory**2) * latent[:, t]
    slow = np.cumsum(rng.normal(size=(count, length)), 1) * (rng.random((count, 1)) < 0.4)
    for part in (slow / np.sqrt(length), 0.3 * _season(rng, periods, length) * (rng.random((count, 1)) < 0.6)):
        latent += part
    latent -= latent.mean(1, keepdims=True)
    latent /= latent.std(1, keepdims=True) + 1e-9
    latent = latent.clip(-5, 5)
    kind = rng.choice(len(_KINDS_OF_SHAPES), count, p=[share for _, share in _KINDS_OF_SHAPES])
    values = np.empty((count, length))
    for number, (drawn, _) in enumerate(_KINDS_OF_SHAPES):
        values[kind == number] = drawn(rng, latent[kind == number])
    return values


def _mostly_zero(rng: np.random.Generator, latent: np.ndarray) -> np.ndarray:
    """Zero with some probability, and otherwise of a size that varies: counted, or not."""
    count = (len(latent), 1)
    zero = rng.uniform(0.05, 0.95, count)
    above = ((ndtr(latent) - zero) / (1 - zero)).clip(1e-9, 1 - 1e-9)
    size = np.exp(ndtri(above) * rng.uniform(0.0, 1.2, count) + rng.uniform(-0.5, 4, count))
    size = np.where(rng.random(count) < 0.7, np.ceil(size), size)
    return np.where(ndtr(latent) > zero, size, 0.0)


def _counts(rng: np.random.Generator, latent: np.ndarray) -> np.ndarray:
    """Whole numbers, few or many, the more scattered the larger."""
    count = (len(latent), 1)
    mean = np.exp(rng.uniform(np.log(0.3), np.log(30), count))
    scatter = np.sqrt(1 / mean + rng.uniform(0, 1, count) ** 2)  # Poisson's, and more
    size = np.sqrt(np.log1p(scatter**2))
    return np.floor(mean * np.exp(size * latent - size**2 / 2) + rng.uniform(0, 0.5, count))


def _skewed(rng: np.random.Generator, latent: np.ndarray) -> np.ndarray:
    """Tukey's g-and-h: skewed by g, with tails as heavy as h, perhaps upside down."""
    count = (len(latent), 1)
    g, h = rng.uniform(0.05, 1.2, count), rng.uniform(0, 0.3, count) * (rng.random(count) < 0.5)
    values = np.expm1(g * latent) / g * np.exp(h * latent**2 / 2)
    above = np.where(rng.random(count) < 0.5, 1 / g, rng.uniform(0, 100, count))
    return values * np.where(rng.random(count) < 0.7, 1, -1) + above


def _peaks(rng: np.random.Generator, latent: np.ndarray) -> np.ndarray:
    """Mostly the same but for some noise, with peaks or dips now and then."""
    count = (len(latent), 1)
    noise = rng.normal(size=latent.shape) * rng.uniform(0, 1, count)
    often = rng.uniform(0.02, 0.25, count)
    up = np.where(rng.random(count) < 0.6, 1, -1)
    height = rng.uniform(3, 40, count) * rng.uniform(0.3, 1, latent.shape)
    return noise + up * height * (ndtr(latent) > 1 - often) + rng.uniform(0, 100, count)


def _bounded(rng: np.random.Generator, latent: np.ndarray) -> np.ndarray:
    """Kumaraswamy's distribution on 0 ... 1: even, at one of the bounds or at both."""
    count = (len(latent), 1)
    a, b = (np.exp(rng.uniform(np.log(0.4), np.log(4), count)) for _ in range(2))
    share = (1 - (1 - ndtr(latent)) ** (1 / b)) ** (1 / a)
    return np.where(rng.random(count) < 0.5, share, (100 * share).round())


def _few_values(rng: np.random.Generator, latent: np.ndarray) -> np.ndarray:
    """Two to six values, in order or not, each with a probability of its own."""
    values = np.empty_like(latent)
    for row, of_row in enumerate(latent):
        number = int(rng.integers(2, 7))
        bounds = np.cumsum(rng.dirichlet(np.full(number, 2.0)))[:-1]
        levels = np.arange(number) if rng.random() < 0.6 else rng.normal(size=number)
        values[row] = levels[np.searchsorted(bounds, ndtr(of_row))]
    return values * rng.uniform(0.5, 20, (len(latent), 1)) + 0.3 * rng.normal(size=latent.shape) * (
        rng.random((len(latent), 1)) < 0.3
    )


_KINDS_OF_SHAPES = (
    (_mostly_zero, 0.25),
    (_counts, 0.15),
    (_skewed, 0.2),
    (_peaks, 0.15),
    (_bounded, 0.15),
    (_few_values, 0.1),
)


def _sines(rng: np.random.Generator, count: int, length: int) -> np.ndarray:
    """One to three, of any period."""
    total = np.zeros((count, length))
    for there in (1.0, 0.67, 0.33):
        size = rng.normal(size=(count, 1)) * (rng.random((count, 1)) < there)
        period = np.exp(rng.uniform(np.log(4), np.log(60), (count, 1)))
        total += size * np.sin(2 * np.pi * (np.arange(length) / period + rng.random((count, 1))))
    return total


def _resonances(rng: np.random.Generator, count: int, length: int) -> np.ndarray:
    """Autoregressions of two or four lags with complex roots: shocks start oscillations that die away."""
    warm = 100
    values = np.zeros((count, warm + length))
    shocks = rng.normal(size=values.shape)
    for one in range(2):
        radius, period = rng.uniform(0.85, 0.995, count), np.exp(rng.uniform(np.log(3), np.log(40), count))
        first, second = 2 * radius * np.cos(2 * np.pi / period), -(radius**2)
        if one:  # half have the one alone
            first, second = (lag * (rng.random(count) < 0.5) for lag in (first, second))
        values = np.zeros_like(shocks)
        for t in range(warm + length):
            values[:, t] = first * values[:, t - 1] + second * values[:, t - 2] + shocks[:, t]
        shocks = values
    return values[:, warm:]


def _growth(rng: np.random.Generator, count: int, length: int) -> np.ndarray:
    """Logistic and Gompertz curves, and the humps that are the slope of the first, as epidemics are."""
    middle = rng.uniform(0, 1.3, (count, 1)) * length
    width = np.exp(rng.uniform(np.log(0.03), np.log(0.2), (count, 1))) * length
    z = ((np.arange(length) - middle) / width).clip(-30, 30)
    logistic = 1 / (1 + np.exp(-z))
    kind = rng.random((count, 1))
    return np.where(kind < 0.5, logistic, np.where(kind < 0.75, np.exp(-np.exp(-z)), logistic * (1 - logistic)))


def _pulses(rng: np.random.Generator, count: int, length: int) -> np.ndarray:
    """Saws and square waves whose size wanders."""
    phase = (np.arange(length) / rng.uniform(5, 40, (count, 1)) + rng.random((count, 1))) % 1
    duty = rng.uniform(0.1, 0.9, (count, 1))
    saw = np.where(phase < duty, phase / duty, (1 - phase) / (1 - duty))
    shape = np.where(rng.random((count, 1)) < 0.6, saw, phase < duty)
    return shape * np.exp(np.cumsum(rng.normal(0, 0.02, (count, length)), 1))


_KINDS_OF_WAVES = ((_sines, 0.2), (_resonances, 0.4), (_growth, 0.2), (_pulses, 0.2))


def _level(rng: np.random.Generator, periods: np.ndarray, length: int) -> np.ndarray:
    """(N, length), for yearly to monthly series in units of a typical shock; within a day levels move less."""
    count = len(periods)
    kind = rng.random(count)
    alpha = np.where(kind < 0.25, 1.0, np.where(kind < 0.4, 0.0, rng.beta(1.2, 1.2, count)))
    turning = rng.random(count) < 0.45
    beta = np.where(turning, np.exp(rng.normal(-3.2, 1.2, count)), 0.0).clip(max=0.6)
    phi = np.where(rng.random(count) < 0.55, 1.0, rng.uniform(0.75, 1.0, count))
    seasonal = periods[:, 0] > 1
    # per step: a year's growth is spread over its steps; upward more often than downward
    per_step = np.where(seasonal, 1 / np.sqrt(periods[:, 0]), 1.0)
    steep = np.exp(rng.normal(-0.9, 1.1, count)) * per_step
    drift = np.where(rng.random(count) < 0.8, steep, 0.0) * np.where(rng.random(count) < 0.72, 1, -1)
    constant = drift * (rng.random(count) < 0.6)  # a drift that damping does not wear out

    shocks = rng.normal(size=(count, length)) * _volatility(rng, count, length)
    shocks *= np.where(periods[:, :1] >= WITHIN_A_DAY, 0.3, 1.0)
    level, slope = np.zeros(count), np.where(constant == 0, drift, 0.0)
    path = np.empty((count, length))
    for t in range(length):
        level = level + constant + phi * slope + alpha * shocks[:, t]
        slope = phi * slope + beta * shocks[:, t]
        path[:, t] = level

    when = np.arange(length)
    cycle = (rng.random(count) < 0.2) * np.exp(rng.normal(0.8, 0.7, count))
    years = rng.uniform(3, 11, count) * np.where(seasonal, np.minimum(periods[:, 0], 52), 1)
    wobble = np.cumsum(rng.normal(0, 0.08, (count, length)), 1)
    path += cycle[:, None] * np.sin(2 * np.pi * when / years[:, None] + rng.uniform(0, 2 * np.pi, (count, 1)) + wobble)

    broken = rng.random(count) < 0.12
    start = rng.integers(0, length, count)
    path += (broken * rng.normal(0, 0.6, count) * per_step)[:, None] * np.maximum(when - start[:, None], 0)
    shifted = rng.random(count) < 0.08
    path += (shifted * rng.normal(0, 5, count))[:, None] * (when >= rng.integers(0, length, count)[:, None])
    return path


def _volatility(rng: np.random.Generator, count: int, length: int) -> np.ndarray:
    """(N, length) standard deviation of the shocks: mostly steady, for some in slow waves."""
    waves = np.cumsum(rng.normal(0, 0.05, (count, length)), 1)
    return np.exp(waves * (rng.random((count, 1)) < 0.25))


def _season(rng: np.random.Generator, periods: np.ndarray, length: int) -> np.ndarray:
    total = np.zeros((len(periods), length))
    for column in range(periods.shape[1]):
        for period in np.unique(periods[:, column]):
            if period > 1:
                rows = np.flatnonzero(periods[:, column] == period)
                total[rows] += _one_season(rng, len(rows), int(period), length)
    return total


def _one_season(rng: np.random.Generator, count: int, period: int, length: int) -> np.ndarray:
    """(N, length) of unit-variance shapes times a random size, drifting from period to period."""

    def shapes() -> np.ndarray:
        smooth = np.zeros((count, period))
        phase = 2 * np.pi * np.arange(period) / period
        for harmonic in range(1, min(period // 2, 6) + 1):
            weight = rng.normal(size=(count, 2)) / harmonic ** rng.uniform(0.3, 1.5, (count, 1))
            smooth += weight[:, :1] * np.cos(harmonic * phase) + weight[:, 1:] * np.sin(harmonic * phase)
        spiky = rng.standard_t(3, size=(count, period)) * (
            rng.random((count, period)) < rng.uniform(0.1, 1, (count, 1))
        )
        shape = np.where(rng.random((count, 1)) < 0.65, smooth, spiky)
        shape = shape - shape.mean(1, keepdims=True)
        return shape / (shape.std(1, keepdims=True) + 1e-6)

    cycles = -(-length // period) + 1
    first, drifted = shapes(), shapes()
    changing = rng.random(count) < 0.5
    turn = np.cumsum(rng.normal(0, 0.06, (count, cycles)), 1) * changing[:, None]
    growth = np.exp(np.cumsum(rng.normal(0, 0.06, (count, cycles)), 1) * (rng.random((count, 1)) < 0.5))
    by_cycle = (first[:, None] * np.cos(turn)[..., None] + drifted[:, None] * np.sin(turn)[..., None]) * growth[
        ..., None
    ]
    size = np.exp(rng.normal(0.9, 1.0, count)) * (rng.random(count) < 0.85)
    offset = int(rng.integers(0, period))
    return size[:, None] * by_cycle.reshape(count, -1)[:, offset : offset + length]


def _noise(rng: np.random.Generator, count: int, length: int) -> np.ndarray:
    normal = rng.normal(size=(count, length))
    heavy = rng.standard_t(3, size=(count, length)) / np.sqrt(3)
    noise = np.where(rng.random((count, 1)) < 0.7, normal, heavy)
    persistence = np.where(rng.random(count) < 0.3, rng.uniform(0.2, 0.9, count), 0.0)
    for t in range(1, length):
        noise[:, t] += persistence * noise[:, t - 1]
    outlier = (rng.random((count, length)) < 0.01) & (rng.random((count, 1)) < 0.15)
    noise = noise + outlier * rng.normal(0, 8, (count, length))
    return noise * np.exp(rng.normal(-0.6, 1.0, count))[:, None]


def _as_recorded(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """A few become counts, are cut at zero or rounded; others are written as they are."""
    chance = rng.random(len(values))
    counted = (chance < 0.06) & (values > 0).all(1)
    mean = values[counted].mean(1, keepdims=True)
    target = np.exp(rng.uniform(np.log(0.5), np.log(300), (int(counted.sum()), 1)))
    values[counted] = rng.poisson((values[counted] / mean * target).clip(max=1e6))
    floored = (chance >= 0.06) & (chance < 0.09)
    middle = np.quantile(values[floored], 0.3, axis=1, keepdims=True) if floored.any() else 0.0
    values[floored] = np.maximum(values[floored] - middle, 0.0)
    rounded = (chance >= 0.09) & (chance < 0.2)
    unit = np.abs(np.diff(values[rounded], axis=1)).mean(1, keepdims=True) * rng.uniform(
        0.05, 0.6, (int(rounded.sum()), 1)
    )
    values[rounded] = np.round(values[rounded] / (unit + 1e-12)) * unit
    return values
