"""Writes the checkpoints that the tests use: PYTHONPATH=. python tests/tiny_checkpoint.py

Run it after a change to the format or to the features a network reads, commit what it writes, and renew the golden
numbers in tests/test_checkpoint.py and tests/test_classifier.py.
"""

from __future__ import annotations

from pathlib import Path

import torch

from rnn_model import checkpoint
from rnn_model.config import CellConfig, ForecastConfig, ModelConfig, TextConfig
from rnn_model.encode import feature_counts
from rnn_model.network import ForecastNetwork, TextNetwork

FOLDER = Path(__file__).parent / "checkpoints" / "forecast-tiny"
TEXT_FOLDER = FOLDER.with_name("text-tiny")
CARD = """# {name}

An untrained network of 4 hidden units for the tests: real in format, small in effect. Written by
`tests/tiny_checkpoint.py`.
"""


def tiny() -> tuple[ModelConfig, ForecastNetwork]:
    """A network whose last layers are drawn, not zero, so that its recurrent layers have a say in the forecast."""
    cell = CellConfig(hidden_size=4)
    forecast = ForecastConfig(encoder=cell, decoder=cell)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(20)
        network = ForecastNetwork(*feature_counts(forecast), forecast)
        torch.nn.init.normal_(network.head.weight, std=0.05)
        torch.nn.init.normal_(network.weigh.weight, std=0.5)
    return ModelConfig("forecast-tiny", forecast), network


def tiny_text() -> tuple[ModelConfig, TextNetwork]:
    """A network whose recurrent layers have a say in the answer."""
    config = TextConfig(
        ("de", "en", "fr"),
        buckets=64,
        embedding=4,
        longest=60,
        recurrent=CellConfig(hidden_size=4),
        temperature=0.5,
        threshold=0.4,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(20)
        network = TextNetwork(config)
        torch.nn.init.normal_(network.order.weight)
        torch.nn.init.constant_(network.growth, 0.3)
    return ModelConfig("text-tiny", text=config), network


if __name__ == "__main__":
    checkpoint.save(*tiny(), FOLDER, {checkpoint.CARD: CARD.format(name="forecast-tiny")})
    checkpoint.save(*tiny_text(), TEXT_FOLDER, {checkpoint.CARD: CARD.format(name="text-tiny")})
