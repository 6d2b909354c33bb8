"""What the training loop needs to train a text network: its loss, a fixed validation set, and honest probabilities"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from rnn_model.classifier import batches_of, inputs_of
from rnn_model.config import TextConfig
from rnn_model.network import TextNetwork
from rnn_model.ngrams import prepared, steps_of
from rnn_model.records import History
from training.config import TrainConfig
from training.loop import train
from training.text_batches import NO_CLASS, TextBatch, TextBatches

REFUSED = 0.95  # share of nonsense that the threshold must refuse
COOLEST, HOTTEST = 0.2, 5.0


def loss_of(network: TextNetwork, batch: TextBatch) -> Tensor:
    """(B,) cross-entropy of each text; one of no class should leave all classes equally likely."""
    logits, _, _ = network(batch.inputs)
    likelihood = logits.log_softmax(1)
    none = batch.labels == NO_CLASS
    named = likelihood.gather(1, batch.labels.clamp(min=0)[:, None])[:, 0]
    return -torch.where(none, likelihood.mean(1), named)


@dataclass(frozen=True)
class LabelledTexts:
    """Texts whose class is known.

    Attributes:
        kind: what they have in common, such as "word" or "sentence".
        texts: N of them.
        labels: (N,) index of each one's class.
    """

    kind: str
    texts: tuple[str, ...]
    labels: np.ndarray


class TextValidation:
    """Cross-entropy on fixed texts, the kinds counted alike; lower is better."""

    def __init__(self, parts: Sequence[LabelledTexts], config: TextConfig) -> None:
        """
        Args:
            parts: one for each kind of text.
            config: of the network that will be scored.
        """
        self.parts = []
        for part in parts:
            read = [prepared(text, config)[0] for text in part.texts]
            rows = list(batches_of(read))
            inputs = [inputs_of(steps_of([read[index] for index in batch], config)) for batch in rows]
            order = np.concatenate(rows)
            self.parts.append((part.kind, inputs, torch.from_numpy(part.labels[order])))

    @torch.inference_mode()
    def logits(self, network: TextNetwork) -> dict[str, tuple[Tensor, Tensor]]:
        """For each kind logits (N, C) and labels (N,)."""
        network.eval()
        return {
            kind: (torch.cat([network(batch)[0] for batch in inputs]), labels) for kind, inputs, labels in self.parts
        }

    def losses(self, network: TextNetwork) -> dict[str, float]:
        """Mean cross-entropy of each kind."""
        return {
            kind: float(nn.functional.cross_entropy(logits, labels))
            for kind, (logits, labels) in self.logits(network).items()
        }

    def accuracies(self, network: TextNetwork) -> dict[str, float]:
        """Share of the texts of each kind whose likeliest class is the right one."""
        return {
            kind: float((logits.argmax(1) == labels).float().mean())
            for kind, (logits, labels) in self.logits(network).items()
        }

    def __call__(self, network: TextNetwork) -> float:
        """Mean of `losses`."""
        losses = self.losses(network)
        return sum(losses.values()) / len(losses)


def tempered(network: TextNetwork, config: TextConfig, validation: TextValidation) -> TextConfig:
    """The configuration with the temperature (Guo et al. 2017) of the lowest cross-entropy on the validation set."""
    temperature, _ = honest_temperature(list(validation.logits(network).values()))
    return replace(config, temperature=temperature)


def honest_temperature(logits: Sequence[tuple[Tensor, Tensor]]) -> tuple[float, float]:
    """What logits are divided by for the lowest cross-entropy, and that cross-entropy, the kinds of text counted alike.

    Args:
        logits: for each kind logits (N, C) and labels (N,).
    """

    def loss(temperature: float) -> float:
        losses = (float(nn.functional.cross_entropy(part / temperature, labels)) for part, labels in logits)
        return sum(losses) / len(logits)

    best = min(np.geomspace(COOLEST, HOTTEST, 161).tolist(), key=loss)
    return round(best, 3), loss(best)


def cautious(network: TextNetwork, config: TextConfig, nonsense: Sequence[str]) -> TextConfig:
    """The configuration with the threshold below which lies the likeliest class of most texts that are of no class."""
    with torch.inference_mode():
        logits, _, _ = network(inputs_of(steps_of([prepared(text, config)[0] for text in nonsense], config)))
    likeliest = (logits.double() / config.temperature).softmax(1).amax(1).numpy()
    return replace(config, threshold=round(float(np.quantile(likeliest, REFUSED)), 3))


class Stages(NamedTuple):
    """What a training in two stages leaves.

    Attributes:
        bag: the network without recurrence, trained alone: what the recurrence must beat.
        network: the same bag with the recurrence on top.
        bag_history, history: their learning curves.
    """

    bag: TextNetwork
    network: TextNetwork
    bag_history: History
    history: History


def train_in_stages(
    config: TextConfig,
    batches_for: Callable[[TrainConfig], TextBatches],
    validation: TextValidation,
    first: TrainConfig,
    second: TrainConfig,
    folder: Path,
) -> Stages:
    """Trains the bag of n-grams alone, and then the recurrent layers on top of it, all weights moving.

    An order network trained from nothing spends its time on what a bag learns in a fraction of it; begun from the bag,
    it starts where that ends and can only add.

    Args:
        config: of the whole network.
        batches_for: a stage's configuration -> its batches.
        validation: of both stages.
        first, second: how the stages go.
        folder: where their resumable states are kept.
    """
    torch.manual_seed(first.seed)
    bag = TextNetwork(replace(config, recurrent=None))
    bag_history = train(bag, batches_for(first), loss_of, validation, first, folder / "bag")
    torch.manual_seed(second.seed)
    network = TextNetwork(config)
    network.load_state_dict(network.state_dict() | bag.state_dict())
    history = train(network, batches_for(second), loss_of, validation, second, folder / "order")
    return Stages(bag, network, bag_history, history)
