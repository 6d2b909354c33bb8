"""The loss of the text network: one number a text, so that a spoilt text can be named."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_checkpoint import tiny_text

from training.classifying import loss_of
from training.config import TrainConfig
from training.loop import NotFiniteError, train
from training.text_batches import NO_CLASS, TextBatch, TextBatches


def draw(rng: np.random.Generator, count: int) -> tuple[list[str], list[int]]:
    return ["ja nein ja", "yes no", "qwrt"] * (count // 3), [0, 1, NO_CLASS] * (count // 3)


def test_the_loss_of_a_text_is_the_cross_entropy_of_its_class() -> None:
    config, network = tiny_text()
    assert config.text is not None
    batch = TextBatches(draw, config.text, 0, 6, 1, 0.0)[0]
    losses = loss_of(network, batch)
    likelihood = network(batch.inputs)[0].log_softmax(1)
    assert losses.shape == (6,)
    torch.testing.assert_close(losses[:2], -torch.stack([likelihood[0, 0], likelihood[1, 1]]))
    torch.testing.assert_close(losses[2], -likelihood[2].mean())


def test_a_text_that_spoils_a_step_is_named(tmp_path: Path) -> None:
    config, network = tiny_text()
    assert config.text is not None

    def spoilt(network: torch.nn.Module, batch: TextBatch) -> torch.Tensor:
        losses = loss_of(network, batch)
        return torch.where(torch.arange(len(losses)) == 4, math.nan, losses)

    batches = TextBatches(draw, config.text, 0, 6, 10, 0.0)
    with pytest.raises(NotFiniteError, match=r"step 1: .*caused by row 4 of the batch's 6"):
        train(network, batches, spoilt, lambda _: 1.0, TrainConfig(steps=3, workers=0), tmp_path, lambda _: None)
