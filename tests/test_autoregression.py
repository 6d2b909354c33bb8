"""The autoregression against a ridge regression written as loops, and on the oscillations that it is there for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from filter_loop import noise, walk

from rnn_model.autoregression import LAGS, LEAST_FREEDOM, PULL, REACH, REMEMBERED, WIDTHS, autoregression
from rnn_model.config import AUTOREGRESSION, FAMILIES, FILTERS
from rnn_model.smoothing import Scale, smooth

LEAST = 0.0025


def resonance(length: int, seed: int, period: float = 9.7, radius: float = 0.97) -> np.ndarray:
    """Shocks start oscillations that die away slowly."""
    shocks = noise(length + 100, seed)
    values = np.zeros(length + 100)
    for t in range(2, length + 100):
        values[t] = 2 * radius * np.cos(2 * np.pi / period) * values[t - 1] - radius**2 * values[t - 2] + shocks[t]
    return values[100:] / values[100:].std()


def loop(y: np.ndarray, width: float, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts and errors of one width of the prior, step by step in float64."""
    last, mean = len(y) - 1, y.mean()
    rows, targets, weights = [], [], []
    for t in range(1, len(y)):
        change = [y[t - lag] - y[t - lag - 1] if t - lag >= 1 else 0.0 for lag in range(1, LAGS + 1)]
        rows.append([y[t - 1] - mean, *change])
        targets.append(y[t] - y[t - 1])
        weights.append(np.exp(-(last - t) / REMEMBERED))
    x, d, w = np.array(rows), np.array(targets), np.array(weights)
    variance = ((w * d**2).sum() + LEAST) / (w.sum() + 1)
    precision = np.r_[1 / PULL, np.arange(1, LAGS + 1) / width] ** 2
    gram = (x * w[:, None]).T @ x
    normal = gram + variance * np.diag(precision)
    coefficients = np.linalg.solve(normal, (x * w[:, None]).T @ d)
    spent = np.trace(np.linalg.solve(normal, gram)) / max(w.sum(), 1)
    errors = np.r_[0.0, (d - x @ coefficients) / max(1 - spent, LEAST_FREEDOM)]
    path, reach = list(y), REACH * (y.max() - y.min())
    for _ in range(horizon):
        changes = [path[-lag] - path[-lag - 1] for lag in range(1, LAGS + 1)]
        path.append(path[-1] + coefficients @ [path[-1] - mean, *changes])
    return np.clip(path[len(y) :], y.min() - reach, y.max() + reach), errors


@pytest.mark.parametrize("y", [walk(60), resonance(90, 3), noise(30, 2)], ids=["walk", "resonance", "noise"])
def test_it_is_the_ridge_regression_written_out(y: np.ndarray) -> None:
    seen = torch.ones(1, len(y), dtype=torch.bool)
    forecasts, errors, tame = autoregression(torch.from_numpy(y)[None].float(), seen, 20, LEAST)
    assert tame.all()
    for row, width in enumerate(WIDTHS):
        expected_path, expected_errors = loop(y, width, 20)
        np.testing.assert_allclose(forecasts[0, row], expected_path, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(errors[0, row], expected_errors, rtol=1e-3, atol=1e-3)


def test_padding_is_never_read() -> None:
    y = torch.from_numpy(resonance(40, 1))[None].float()
    alone = autoregression(y, torch.ones(1, 40, dtype=torch.bool), 9, LEAST)
    padded = torch.nn.functional.pad(y, (30, 0), value=7.0)
    seen = torch.arange(70)[None] >= 30
    beside = autoregression(padded, seen, 9, LEAST)
    torch.testing.assert_close(beside[0], alone[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(beside[1][..., 30:], alone[1], rtol=1e-4, atol=1e-4)
    assert not beside[1][..., :30].any()


def test_what_explodes_is_told_and_bounded() -> None:
    y = torch.from_numpy(1.6 ** np.arange(24.0))[None].float()
    forecasts, _, tame = autoregression(y, torch.ones(1, 24, dtype=torch.bool), 200, LEAST)
    assert forecasts.isfinite().all()
    assert forecasts.amax() <= y.amax() + REACH * (y.amax() - y.amin())
    assert not tame[0, -1], "the widest prior lets the coefficients say what the series does"


def said(y: np.ndarray, families: tuple[str, ...], horizon: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """(K,) forecasts averaged by evidence, and the weights (F,)."""
    values = torch.from_numpy(y)[None].float()
    observed = torch.ones_like(values, dtype=torch.bool)
    (bank,) = smooth((Scale(values, torch.zeros(1), families),), observed, torch.tensor([[1, 1]]), horizon, 96)
    weight = bank.evidence.softmax(1)
    return (weight[..., None] * bank.forecasts).sum(1)[0].numpy(), weight[0].numpy()


def test_an_oscillation_without_a_calendar_is_foretold() -> None:
    """Much less than the filters' error, on thirty series of a period that is no whole number and not told."""
    with_it, without = [], []
    for seed in range(30):
        y = resonance(130, seed)
        for families, errors in ((FAMILIES, with_it), (FILTERS, without)):
            errors.append(np.abs(said(y[:120], families)[0] - y[120:]).mean())
    assert np.mean(with_it) < 0.6 * np.mean(without)


@pytest.mark.parametrize(("steps", "most"), [(60, 0.05), (100, 0.3)])
def test_a_random_walk_is_left_to_the_filters(steps: int, most: float) -> None:
    """Less so where it is long: no filter of short steps is as fast as the walk that is this prior's mean."""
    weights = np.mean([said(walk(steps, seed), FAMILIES)[1] for seed in range(20)], 0)
    assert weights[FAMILIES.index(AUTOREGRESSION)] < most


def test_its_place_among_the_families_is_that_of_its_name() -> None:
    y = resonance(80, 5)
    _, last = said(y, ("level", "drift", AUTOREGRESSION))
    _, first = said(y, (AUTOREGRESSION, "drift", "level"))
    np.testing.assert_allclose(first, last[::-1], rtol=1e-5)
