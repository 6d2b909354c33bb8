"""python -m training.memory_task: which recurrent cells remember, and why, on a task that asks for nothing else.

A sequence shows one of four signs at its first step and noise at all others; after the last step the network names
the sign.  What decides is whether the loss at the end reaches the first step (Hochreiter & Schmidhuber 1997, section 5;
Bengio, Simard & Frasconi 1994, "Learning long-term dependencies with gradient descent is difficult").
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from rnn_model.config import CellConfig, check, within
from rnn_model.errors import UnrolledError
from rnn_model.gradient_flow import gradient_flow
from rnn_model.network import RecurrentNetwork
from rnn_model.records import GradientFlow, History
from rnn_model.report import percent
from training.config import TrainConfig
from training.loop import NotFiniteError, train

SIGNS = 4
FARTHEST = 1000  # steps from the sign to the answer
NOISE = 0.3
HELD_OUT = 2**31  # seed of the rows that measure; no training seed is as large

# What is compared: each differs from the first in one thing.
CELLS: Mapping[str, CellConfig] = {
    "tanh": CellConfig(hidden_size=32, residual=False),
    "relu": CellConfig(hidden_size=32, residual=False, activation="relu"),
    "relu, identity start": CellConfig(hidden_size=32, residual=False, activation="relu", initialisation="identity"),
    "tanh, torch's own start": CellConfig(hidden_size=32, residual=False, initialisation="torch"),
    "GRU": CellConfig(hidden_size=32, residual=False, cell="gru"),
    "LSTM": CellConfig(hidden_size=32, residual=False, cell="lstm"),
}
RECIPE = TrainConfig(
    steps=400, batch=64, learning_rate=3e-3, warmup=20, averaging=0.9, validate_every=40, real_share=0.0, workers=0
)


class Signs(NamedTuple):
    """A batch of the task: inputs (B, T, SIGNS) and the sign that each shows first (B,)."""

    inputs: Tensor
    signs: Tensor


class MemoryBatches(Dataset[Signs]):
    """Item `step` is the whole batch of that step."""

    def __init__(self, distance: int, batch: int, seed: int) -> None:
        """
        Args:
            distance: steps from the sign to the answer, T - 1.
            batch: sequences in a step.
            seed: of the signs and the noise.
        """
        self.distance, self.batch, self.seed = distance, batch, seed

    def __getitem__(self, step: int) -> Signs:
        rng = np.random.default_rng((self.seed, step))
        signs = rng.integers(0, SIGNS, self.batch)
        inputs = NOISE * rng.standard_normal((self.batch, self.distance + 1, SIGNS))
        inputs[:, 0] = np.eye(SIGNS)[signs]
        return Signs(torch.from_numpy(inputs).float(), torch.from_numpy(signs))


class MemoryNetwork(nn.Module):
    """Recurrent layers, and a linear map from their last output to the signs."""

    def __init__(self, cell: CellConfig) -> None:
        super().__init__()
        self.recurrent = RecurrentNetwork(SIGNS, cell)
        self.head = nn.Linear(cell.hidden_size, SIGNS)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits (B, SIGNS) after the last step of inputs (B, T, SIGNS)."""
        outputs, _, _ = self.recurrent(inputs, torch.full((len(inputs),), inputs.shape[1]))
        return self.head(outputs[:, -1])


@dataclass(frozen=True, eq=False)
class Remembered:
    """How one kind of network did.

    Attributes:
        name: of the kind.
        before, after: gradient against distance, before and after training.
        history: the learning curve, with accuracies.
        accuracy: on rows it was not trained on, of the weights kept.
    """

    name: str
    before: GradientFlow
    after: GradientFlow
    history: History
    accuracy: float

    @property
    def clipped(self) -> float:
        """Share of the training steps whose gradient was clipped."""
        return sum(epoch.clipped for epoch in self.history.epochs) / max(len(self.history.epochs), 1)


def remember(
    name: str,
    cell: CellConfig,
    distance: int,
    config: TrainConfig = RECIPE,
    watch: Callable[[History], bool] | None = None,
) -> Remembered:
    """Trains one kind of network on the task and measures what reaches its first step.

    Args:
        name: for a legend.
        cell: the recurrent layers.
        distance: steps from the sign to the answer.
        config: of the run.
        watch: as for `training.loop.train`.
    """
    held_out = MemoryBatches(distance, 256, HELD_OUT)[0]
    known = MemoryBatches(distance, 256, config.seed)[0]
    torch.manual_seed(config.seed)
    network = MemoryNetwork(cell)
    before = _flow(name, network, held_out)

    @torch.no_grad()
    def validate(network: MemoryNetwork) -> float:
        return loss_of(network, held_out).mean().item()

    def accuracies(network: MemoryNetwork) -> tuple[float, float]:
        return _accuracy(network, known), _accuracy(network, held_out)

    with tempfile.TemporaryDirectory() as folder:
        try:
            batches = MemoryBatches(distance, config.batch, config.seed)
            history = train(
                network, batches, loss_of, validate, config, Path(folder), lambda _: None, accuracies, watch
            )
        except NotFiniteError as error:  # an answer, too
            history = error.history
    return Remembered(name, before, _flow(name, network, held_out), history, _accuracy(network, held_out))


def loss_of(network: MemoryNetwork, batch: Signs) -> Tensor:
    """(B,) cross-entropy of each sequence, in nats."""
    return nn.functional.cross_entropy(network(batch.inputs), batch.signs, reduction="none")


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the kinds of `CELLS` side by side; returns 0, or with a message on standard error 1, 130 if stopped."""
    parser = argparse.ArgumentParser(prog="python -m training.memory_task", description=__doc__)
    parser.add_argument("--distance", type=int, default=40, help="steps from the sign to the answer (default 40)")
    arguments = parser.parse_args(argv)
    try:
        check(within("--distance", arguments.distance, 1, FARTHEST))
        print(f"{'':24} {'radius':>7} {'right':>7} {'clipped':>8}  gradient before and after training")
        for name, cell in CELLS.items():
            made = remember(name, cell, arguments.distance)
            shares = f"{percent(made.accuracy, 1):>7} {percent(made.clipped):>8}"
            print(f"{name:24} {made.after.radius.max():>7.2f} {shares}  {made.before.verdict}")
            print(f"{'':50} {made.after.verdict}")
    except UnrolledError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 0


def _flow(name: str, network: MemoryNetwork, rows: Signs) -> GradientFlow:
    return gradient_flow(
        network.recurrent,
        rows.inputs[:64],
        lambda last: nn.functional.cross_entropy(network.head(last), rows.signs[:64], reduction="none"),
        name,
    )


@torch.no_grad()
def _accuracy(network: MemoryNetwork, rows: Signs) -> float:
    return float((network(rows.inputs).argmax(1) == rows.signs).float().mean())


if __name__ == "__main__":
    sys.exit(main())
