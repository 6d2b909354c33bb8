"""The filters of the smoothing bank against their equations written as a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from filter_loop import filtered, filters_of, noise, walk

from rnn_model.filters import COARSE, FINE, MIDDLE, Grid, damped_steps, line, responses


@pytest.mark.parametrize("grid", [COARSE, MIDDLE, FINE], ids=["coarse", "middle", "fine"])
def test_responses_are_the_recursion(grid: Grid) -> None:
    """Each column of the matrices is what the loop says of a unit at one step and zeros elsewhere."""
    phis = (0.0, 1.0, 0.95, 0.85)
    window = 17
    errors, final, alphas = responses(phis, window, grid)
    y = noise(window)
    found_errors = torch.einsum("w,fwo->fo", torch.from_numpy(y).float(), errors).unflatten(1, (-1, window))
    found_final = torch.einsum("w,fwo->fo", torch.from_numpy(y).float(), final).unflatten(1, (-1, 2))
    for row, (phi, family) in enumerate(zip(phis, ("level", "trend", "damped", "strongly_damped"), strict=True)):
        filters = filters_of(family, grid)
        assert alphas[row].tolist() == pytest.approx([alpha for alpha, _ in filters])
        for column, (alpha, beta) in enumerate(filters):
            expected, level, slope = filtered(y, 0.0, 0.0, alpha, beta, phi)
            np.testing.assert_allclose(found_errors[row, column].numpy(), expected, rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(found_final[row, column].numpy(), [level, slope], rtol=1e-5, atol=1e-5)


def test_no_error_knows_the_future() -> None:
    errors, _, _ = responses((0.0, 1.0), 9, FINE)
    of_step = errors.unflatten(2, (-1, 9))  # (F, step read, G, step of the error)
    for read in range(9):
        assert not of_step[:, read, :, :read].any()
        assert of_step[:, read, :, read].eq(1).all()


@pytest.mark.parametrize("phi", [1.0, 0.95, 0.85, 0.1])
def test_damped_steps_sum_the_powers(phi: float) -> None:
    found = damped_steps(torch.arange(0.0, 30.0), torch.tensor([phi]))[0]
    expected = [sum(phi**power for power in range(1, steps + 1)) for steps in range(30)]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_line_is_least_squares_over_the_used_columns() -> None:
    y = walk(20)
    used = noise(20, 1) > -0.3
    slope, last = line(torch.from_numpy(y)[None], torch.from_numpy(used)[None])
    expected_slope, expected_last = np.polyfit(np.arange(20)[used] - 19, y[used], 1)
    assert slope.item() == pytest.approx(expected_slope)
    assert last.item() == pytest.approx(expected_last)


def test_line_through_one_point_is_flat() -> None:
    used = torch.zeros(1, 6, dtype=torch.bool)
    used[0, 2] = True
    slope, last = line(torch.full((1, 6), 7.0), used)
    assert (slope.item(), last.item()) == (0.0, 7.0)
