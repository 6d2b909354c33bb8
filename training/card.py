"""The model card: configuration, record of the training, learning curve and scores as text for people.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnn_model.config import ModelConfig
from rnn_model.records import History


def forecast_card(
    config: ModelConfig, record: Mapping[str, Any], history: History, scores: Mapping[str, Any] | None
) -> str:
    """README.md of a forecast checkpoint, with the metadata that the Hugging Face Hub reads.

    Args:
        config: of the network.
        record: as in `training.json`.
        history: the learning curve.
        scores: as in `scores.json`, or None when it was not evaluated yet.
    """
    best = history.epochs[history.best]
    cell = config.forecast.decoder
    return f"""# {config.name}

A recurrent network that forecasts any series of numbers with quantiles, without having seen the series.

{record["parameters"]:,} parameters; {cell.layers} x {cell.hidden_size} units of torch.nn {cell.cell.upper()}
({cell.activation}, {cell.initialisation}) for the history and as many for the horizon.

Trained by `{record["command"]}`: best of {best.step:,} steps, {best.seconds / 60:.0f} CPU minutes.
"""
