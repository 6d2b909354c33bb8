"""What the training loop needs to train a forecaster: its batches, its loss, and a fixed validation set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import geometric_mean

import numpy as np
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
NARROWEST, WIDEST = 0.5, 3.0
SHRINKAGES = (0.25, 0.5, 0.75, 1.0)  # with none the network would be but a band around a classical forecast
SYNTHETIC_BATCHES = 12
LARGEST_PART = 256
SYNTHETIC = "synthetic"


def loss_of(network: ForecastNetwork, batch: Batch) -> Tensor:
    """(B,) pinball loss of each series in units of its history's mean (seasonal) change."""
    quantiles, _ = network(batch.inputs)
    return losses_of(quantiles, batch, network.levels)


def losses_of(quantiles: Tensor, batch: Batch, levels: Tensor) -> Tensor:
    """The same of quantiles (B, K, Q) at the levels (Q,)."""
    return pinball(quantiles, batch.targets, levels) * batch.weights


class Validation:
    """A fixed set of synthetic and held-out real series; a network's score is relative to the classical forecast.

    The classical forecast is an untrained network's: centre and spread of the smoothing bank with the quantiles of a
    normal distribution.  Each part's loss is divided by the one it has there; the score is their geometric mean, so 1
    means that nothing was learnt, and lower is better.
    """

    def __init__(
        self,
        held_out: Sequence[BenchmarkSet],
        config: ForecastConfig,
        synthetic: bool = True,
        ruler: Validation | None = None,
    ) -> None:
        """
        Args:
            held_out: real series with their futures that are not trained on; may be empty beside a synthetic part.
            config: of the network that will be scored.
            synthetic: whether synthetic series are a part of their own.
            ruler: of the same series, and another network; its classical forecast is the one to be relative to, so
                that the scores of both can be compared.
        """
        self.parts: dict[str, list[Batch]] = {}
        if synthetic:
            drawn = ForecastBatches((), config, VALIDATION_SEED, LARGEST_PART, 0.0, SYNTHETIC_BATCHES)
            self.parts[SYNTHETIC] = [drawn[step] for step in range(SYNTHETIC_BATCHES)]
        for part in held_out:
            rows = range(0, len(part.histories), -(-len(part.histories) // LARGEST_PART))
            histories = [part.histories[row] for row in rows]
            periods = [seasonality.periods(history, part.season) for history in histories]
            self.parts[part.name] = [collate(histories, [part.futures[row] for row in rows], periods, config)]
        self.classical: dict[str, float] = self.losses(_untrained(config)) if ruler is None else ruler.classical

    @torch.inference_mode()
    def losses(self, network: ForecastNetwork) -> dict[str, float]:
        """Mean loss of each part, lower is better."""
        network.eval()
        return {
            name: sum(loss_of(network, batch).mean().item() for batch in batches) / len(batches)
            for name, batches in self.parts.items()
        }

    @torch.inference_mode()
    def by_series(self, network: ForecastNetwork) -> np.ndarray:
        """(N,) loss of every series of every part, lower is better."""
        network.eval()
        return torch.cat([loss_of(network, batch) for batches in self.parts.values() for batch in batches]).numpy()

    def relative(self, network: ForecastNetwork) -> dict[str, float]:
        """Loss of each part over the classical forecast's."""
        return {name: loss / self.classical[name] for name, loss in self.losses(network).items()}

    @torch.inference_mode()
    def coverage(self, network: ForecastNetwork, high_frequency: bool | None = None) -> float:
        """Share of the known targets between the outermost quantiles, averaged over the held-out real parts.

        Without real parts, over the synthetic one.

        Args:
            network: to be asked.
            high_frequency: which series count (see `ForecastInputs`), each part by its share of them; None for all.

        Returns:
            nan where there are no such series.
        """
        network.eval()
        names = [name for name in self.parts if name != SYNTHETIC] or [SYNTHETIC]
        held_share = asked_share = 0.0
        for name in names:
            inside, asked, known = 0.0, 0.0, 0.0
            for batch in self.parts[name]:
                quantiles, _ = network(batch.inputs)
                of_kind = high_frequency is None or (batch.inputs.high_frequency == high_frequency)[:, None]
                there = ~batch.targets.isnan()
                held = (batch.targets >= quantiles[..., 0]) & (batch.targets <= quantiles[..., -1])
                inside += float((held & of_kind).sum())
                asked += float((there & of_kind).sum())
                known += float(there.sum())
            held_share += inside / known
            asked_share += asked / known
        return held_share / asked_share if asked_share else math.nan

    def is_of_high_frequency(self, name: str) -> bool:
        """Whether most series of a part are."""
        return bool(torch.cat([batch.inputs.high_frequency for batch in self.parts[name]]).float().mean() > 0.5)

    def by_frequency(self, network: ForecastNetwork) -> dict[bool, float]:
        """Geometric mean of `relative` over the held-out parts of high frequency, and over the others."""
        found: dict[bool, list[float]] = {}
        for name, ratio in self.relative(network).items():
            if name != SYNTHETIC:
                found.setdefault(self.is_of_high_frequency(name), []).append(ratio)
        return {often: geometric_mean(ratios) for often, ratios in found.items()}

    def __call__(self, network: ForecastNetwork) -> float:
        """Geometric mean of `relative`."""
        return geometric_mean(self.relative(network).values())


def _untrained(config: ForecastConfig) -> ForecastNetwork:
    """The classical forecast as a network; how a trained one had to be widened is not a part of it."""
    plain = replace(config, widening=1.0, widening_high_frequency=None)
    with torch.random.fork_rng(devices=[]):
        return ForecastNetwork(*feature_counts(plain), plain)


def shrunk(network: ForecastNetwork, config: ForecastConfig, validation: Validation) -> ForecastConfig:
    """The configuration with the shares of what a network learnt about the centre of a forecast that are best kept.

    What holds in the sources that were trained on holds in others by half or so; as with any regression to the mean, a
    part of the correction is better than all of it (James & Stein 1961).  One of SHRINKAGES at either frequency, by the
    lowest score on the held-out series of that frequency; one without series keeps the other's.
    """
    scores = {factor: validation.by_frequency(configured(network, uniformly(config, factor))) for factor in SHRINKAGES}
    best = {
        high_frequency: min(SHRINKAGES, key=lambda factor: scores[factor][high_frequency])
        for high_frequency in (False, True)
        if high_frequency in scores[SHRINKAGES[0]]
    }
    some = next(iter(best.values()), 1.0)
    return replace(config, shrinkage=best.get(False, some), shrinkage_high_frequency=best.get(True, some))


def uniformly(config: ForecastConfig, factor: float) -> ForecastConfig:
    """The configuration with one shrinkage for all."""
    return replace(config, shrinkage=factor, shrinkage_high_frequency=None)


def unbound(
    network: ForecastNetwork, config: ForecastConfig, high_frequency: bool
) -> tuple[ForecastConfig, ForecastNetwork]:
    """What forecasts the same at one frequency, with the shrinkage as a part of the weights, so that they may grow.

    It was chosen for sources that a network did not learn from; of one that it goes on with it may keep all.
    """
    factor = config.shrinkage
    if high_frequency and config.shrinkage_high_frequency is not None:
        factor = config.shrinkage_high_frequency
    free = uniformly(config, 1.0)
    copy = configured(network, free)
    with torch.no_grad():
        # the head's first row is the offset of the median, the others are gaps
        for learnt in (copy.weigh.weight, copy.weigh.bias, copy.head.weight[:1], copy.head.bias[:1]):
            learnt.mul_(factor)
    return free, copy


def calibrated(network: ForecastNetwork, config: ForecastConfig, validation: Validation) -> ForecastConfig:
    """The configuration with the widenings at which the outermost band holds its nominal share on held-out series.

    Trained on other sources than it is calibrated on, a network is too sure of itself, and more so at high frequency,
    of which there are fewer sources.  One factor for all quantiles at either is what a few hundred held-out series can
    support; a frequency without series takes the other's.
    """
    found = {
        high_frequency: _factor(network, config, validation, high_frequency)
        for high_frequency in (False, True)
        if not math.isnan(validation.coverage(network, high_frequency))
    }
    some = next(iter(found.values()), config.widening)
    return replace(config, widening=found.get(False, some), widening_high_frequency=found.get(True, some))


def _factor(network: ForecastNetwork, config: ForecastConfig, validation: Validation, high_frequency: bool) -> float:
    """By bisection, coverage growing with the factor."""
    nominal = config.levels[-1] - config.levels[0]
    low, high = NARROWEST, WIDEST
    for _ in range(12):
        middle = (low + high) / 2
        wide = configured(network, replace(config, widening=middle, widening_high_frequency=middle))
        low, high = (low, middle) if validation.coverage(wide, high_frequency) >= nominal else (middle, high)
    return round(high, 2)


def configured(network: ForecastNetwork, config: ForecastConfig) -> ForecastNetwork:
    """The same network with the widenings and shrinkages of a configuration that is like its own but for them."""
    with torch.random.fork_rng(devices=[]):
        copy = ForecastNetwork(*feature_counts(config), config)
    copy.load_state_dict(network.state_dict())
    return copy.eval()
