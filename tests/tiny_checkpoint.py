"""Writes the checkpoint that the tests forecast with: PYTHONPATH=. python tests/tiny_checkpoint.py

Run it after a change to the format or to the features a network reads, commit what it writes, and renew the golden
numbers in tests/test_checkpoint.py.
"""

from __future__ import annotations

from pathlib import Path

import torch

from rnn_model import checkpoint
from rnn_model.config import CellConfig, ForecastConfig, ModelConfig
from rnn_model.encode import feature_counts
from rnn_model.network import ForecastNetwork

FOLDER = Path(__file__).parent / "checkpoints" / "forecast-tiny"
CARD = """# forecast-tiny

An untrained network of 4 hidden units for the tests: real in format, small in effect. Written by
`tests/tiny_checkpoint.py`.
"""


def tiny() -> tuple[ModelConfig, ForecastNetwork]:
    """A network whose head is drawn, not zero, so that its recurrent layers have a say in the forecast."""
    cell = CellConfig(hidden_size=4)
    config = ModelConfig("forecast-tiny", ForecastConfig(encoder=cell, decoder=cell))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(20)
        network = ForecastNetwork(*feature_counts(config.forecast), config.forecast)
        torch.nn.init.normal_(network.head.weight, std=0.05)
    return config, network


if __name__ == "__main__":
    checkpoint.save(*tiny(), FOLDER, {checkpoint.CARD: CARD})
