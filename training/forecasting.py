"""What the training loop needs to train a forecaster: its batches, its loss, and a fixed validation set."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from rnn_model import seasonality
from rnn_model.config import ForecastConfig
from rnn_model.encode import feature_counts
from rnn_model.network import ForecastNetwork
from training.batches import Batch, ForecastBatches, collate
from training.benchmarks import BenchmarkSet
from training.losses import pinball

VALIDATION_SEED = 7_919
SYNTHETIC_BATCHES = 12
LARGEST_PART = 256


def loss_of(network: ForecastNetwork, batch: Batch) -> Tensor:
    """Pinball loss in units of each history's mean (seasonal) change, averaged over the batch B."""
    quantiles, _ = network(batch.inputs)
    return (pinball(quantiles, batch.targets, network.levels) * batch.weights).mean()


class Validation:
    """A fixed set of synthetic and held-out real series; a network's score is relative to the classical forecast.

    The classical forecast is an untrained network's: centre and spread of the smoothing bank with the quantiles of a
    normal distribution.  Each part's loss is divided by the one it has there; the score is their geometric mean, so 1
    means that nothing was learnt, and lower is better.
    """

    def __init__(self, held_out: Sequence[BenchmarkSet], config: ForecastConfig) -> None:
        """
        Args:
            held_out: real series with their futures, from sources that are not trained on; may be empty.
            config: of the network that will be scored.
        """
        synthetic = ForecastBatches((), config, VALIDATION_SEED, LARGEST_PART, 0.0, SYNTHETIC_BATCHES)
        self.parts = {"synthetic": [synthetic[step] for step in range(SYNTHETIC_BATCHES)]}
        for part in held_out:
            rows = range(0, len(part.histories), -(-len(part.histories) // LARGEST_PART))
            histories = [part.histories[row] for row in rows]
            periods = [seasonality.periods(history, part.season) for history in histories]
            self.parts[part.name] = [collate(histories, [part.futures[row] for row in rows], periods, config)]
        with torch.random.fork_rng(devices=[]):
            self.classical = self.losses(ForecastNetwork(*feature_counts(config), config))

    @torch.inference_mode()
    def losses(self, network: ForecastNetwork) -> dict[str, float]:
        """Mean loss of each part, lower is better."""
        network.eval()
        return {
            name: sum(loss_of(network, batch).item() for batch in batches) / len(batches)
            for name, batches in self.parts.items()
        }

    def relative(self, network: ForecastNetwork) -> dict[str, float]:
        """Loss of each part over the classical forecast's."""
        return {name: loss / self.classical[name] for name, loss in self.losses(network).items()}

    def __call__(self, network: ForecastNetwork) -> float:
        """Geometric mean of `relative`."""
        return geometric_mean(self.relative(network).values())


def geometric_mean(values: Collection[float]) -> float:
    """The mean for ratios; values must be positive."""
    return math.exp(sum(math.log(value) for value in values) / len(values))
