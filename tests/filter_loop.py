"""One smoothing filter as a plain loop in float64, and series to try it on."""

from __future__ import annotations

import numpy as np

from rnn_model.filters import Grid

SLOPE_OF = {"level": 0.0, "half_drift": 0.5, "drift": 1.0}
DAMPING = {"trend": 1.0, "damped": 0.95, "strongly_damped": 0.85}


def filters_of(family: str, grid: Grid) -> list[tuple[float, float]]:
    """(alpha, beta) of a family's filters."""
    if family in SLOPE_OF:
        return [(alpha, 0.0) for alpha in grid.level_alphas]
    return [(alpha, alpha * share) for alpha in grid.trend_alphas for share in grid.trend_betas]


def filtered(
    y: np.ndarray, level: float, slope: float, alpha: float, beta: float, phi: float
) -> tuple[np.ndarray, float, float]:
    """The error-correction form at the head of `filters.py`, one step at a time."""
    errors = []
    for value in y:
        error = value - level - phi * slope
        level, slope = level + phi * slope + alpha * error, phi * slope + beta * error
        errors.append(error)
    return np.array(errors), level, slope


def noise(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=length)


def walk(length: int, seed: int = 0) -> np.ndarray:
    return 0.5 * noise(length, seed).cumsum()
