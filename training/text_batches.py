"""Batches for the text network: the batch of a step is a pure function of (seed, step)

Where texts come from is a function of its own, such as `training/language_texts.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from rnn_model.config import TextConfig
from rnn_model.network import TextInputs
from rnn_model.ngrams import Steps, prepared, steps_of

Draw = Callable[[np.random.Generator, int], tuple[list[str], list[int]]]

NO_CLASS = -1


class TextBatch(NamedTuple):
    """What a training step needs.

    Attributes:
        inputs: of the network.
        labels: (B,) index of each text's class, or NO_CLASS where every class is as wrong as the others.
    """

    inputs: TextInputs
    labels: Tensor


class TextBatches(Dataset[TextBatch]):
    """Item `step` is the whole batch of that step."""

    def __init__(self, draw: Draw, config: TextConfig, seed: int, batch: int, steps: int, dropped: float) -> None:
        """
        Args:
            draw: (generator, B) -> B texts and the indices of their classes.
            config: of the network that will read the batches.
            seed, batch, steps: see `TrainConfig`.
            dropped: share of features left out at random, so that none is relied upon.
        """
        self.draw, self.config, self.seed, self.batch, self.steps = draw, config, seed, batch, steps
        self.dropped = dropped

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> TextBatch:
        rng = np.random.default_rng((self.seed, step))
        texts, labels = self.draw(rng, self.batch)
        steps = steps_of([prepared(text, self.config)[0] for text in texts], self.config)
        return TextBatch(thinned(steps, rng, self.dropped), torch.tensor(labels))


def thinned(steps: Steps, rng: np.random.Generator, dropped: float, skipped: float = 0.0) -> TextInputs:
    """The steps as the network reads them, shares of their features and of whole steps left out at random."""
    kept = rng.random(len(steps.features)) >= dropped
    if skipped:
        held = np.diff(steps.starts, append=len(steps.features))
        kept &= np.repeat(rng.random(len(held)) >= skipped, held)
    before = np.concatenate(([0], np.cumsum(kept)))
    starts = before[steps.starts]
    return TextInputs(*(torch.from_numpy(part) for part in (steps.features[kept], starts, steps.lengths)))
