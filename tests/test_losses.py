"""The pinball loss against numbers worked out by hand."""

from __future__ import annotations

import torch

from training.losses import pinball

LEVELS = torch.tensor([0.1, 0.5, 0.9])


def test_hand_worked_numbers() -> None:
    quantiles = torch.tensor([[[1.0, 2.0, 4.0], [0.0, 0.0, 0.0]]])
    targets = torch.tensor([[3.0, -2.0]])
    # step 1: .1*2, .5*1, .1*1; step 2: .9*2, .5*2, .1*2
    expected = ((0.2 + 0.5 + 0.1) / 3 + (1.8 + 1.0 + 0.2) / 3) / 2
    assert torch.allclose(pinball(quantiles, targets, LEVELS), torch.tensor([expected]))


def test_missing_targets_do_not_count_and_give_no_gradient() -> None:
    quantiles = torch.tensor([[[1.0, 2.0, 4.0], [9.0, 9.0, 9.0]]], requires_grad=True)
    loss = pinball(quantiles, torch.tensor([[3.0, torch.nan]]), LEVELS)
    assert torch.allclose(loss, torch.tensor([(0.2 + 0.5 + 0.1) / 3]))
    loss.sum().backward()
    assert quantiles.grad is not None
    assert (quantiles.grad[0, 1] == 0).all()
    assert pinball(quantiles, torch.full((1, 2), torch.nan), LEVELS).tolist() == [0.0]


def test_the_best_constants_are_the_quantiles() -> None:
    targets = torch.arange(1.0, 102.0)[:, None]
    guess = torch.tensor([11.0, 51.0, 91.0])

    def loss(constant: torch.Tensor) -> float:
        return float(pinball(constant.expand(101, 1, 3), targets, LEVELS).mean())

    assert all(loss(guess) < loss(guess + shift) for shift in (-3.0, 3.0))
