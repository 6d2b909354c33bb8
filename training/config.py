"""How a training run goes; saved as `training.json` for people, never needed to load a network."""

from __future__ import annotations

from dataclasses import dataclass

from rnn_model.config import check, one_of, within

DEVICES = ("cpu", "cuda")
OF_SERIES = ("real_share", "noise")  # fields that mean nothing to a text


@dataclass(frozen=True)
class TrainConfig:
    """What shapes a run but not a prediction.

    Attributes:
        seed: of weights, data and dropout.
        steps: most optimiser steps.
        batch: sequences in a step.
        learning_rate: highest rate of AdamW (Loshchilov & Hutter 2019); it warms up linearly, then falls as a cosine.
        warmup: steps of warming up.
        weight_decay: decoupled, on matrices only.
        clip: largest norm of the gradient; longer ones are shortened to it.
        averaging: decay of the exponential moving average of the weights, which is what is validated and kept.
        real_share: share of real series in a batch, the rest is synthetic; 0 needs no data packages.
        noise: standard deviation of normal noise, while training, on the features of series, which are of about unit
            size.
        validate_every: steps between validations.
        patience: validations without a better one before the run stops.
        threads: of torch; small recurrent networks are fastest with one.
        workers: processes that prepare batches ahead.
        device: "cpu", or "cuda" for an NVIDIA or AMD GPU; what is read, validated and saved is on the CPU.
    """

    seed: int = 0
    steps: int = 12_000
    batch: int = 256
    learning_rate: float = 2e-3
    warmup: int = 200
    weight_decay: float = 1e-2
    clip: float = 1.0
    averaging: float = 0.998
    real_share: float = 0.5
    noise: float = 0.0
    validate_every: int = 500
    patience: int = 10
    threads: int = 1
    workers: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        check(
            within("seed", self.seed, 0, 2**31),
            within("steps", self.steps, 1, 100_000_000),
            within("batch", self.batch, 1, 65_536),
            within("learning_rate", self.learning_rate, 0.0, 10.0),
            within("warmup", self.warmup, 0, 1_000_000),
            within("weight_decay", self.weight_decay, 0.0, 10.0),
            within("clip", self.clip, 1e-6, 1e6),
            within("averaging", self.averaging, 0.0, 0.999999),
            within("real_share", self.real_share, 0.0, 1.0),
            within("noise", self.noise, 0.0, 10.0),
            within("validate_every", self.validate_every, 1, 1_000_000),
            within("patience", self.patience, 1, 1_000_000),
            within("threads", self.threads, 1, 256),
            within("workers", self.workers, 0, 256),
            one_of("device", self.device, DEVICES),
        )
