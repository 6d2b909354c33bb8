"""The model card: configuration, record of the training, learning curve and scores as text for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnn_model.checkpoint import CARD, load
from rnn_model.config import ModelConfig
from rnn_model.records import Epoch, History

GROUPS = ("m3_tourism_5", "nine")


def forecast_card(
    config: ModelConfig, record: Mapping[str, Any], history: History, scores: Mapping[str, Any] | None
) -> str:
    """README.md of a forecast checkpoint.  Pure.

    Args:
        config: of the network.
        record: as in `training.json`.
        history: the learning curve.
        scores: as in `scores.json`, or None when it was not evaluated yet.
    """
    best, last = history.epochs[history.best], history.epochs[-1]
    cell, share = config.forecast.decoder, record["config"]["real_share"]
    data = f"{share:.0%} windows of {record['real_series']:,} real series (docs/data-sources.md), " if share else ""
    reader = "no stack for the history" if config.forecast.encoder is None else "one stack for the history"
    return f"""---
license: apache-2.0
tags: [time-series-forecasting, recurrent-network, pytorch]
pipeline_tag: time-series-forecasting
---

# {config.name}

A recurrent network that forecasts a series of numbers with quantiles, without having been trained on that series.

- **What is classical**: {len(config.forecast.families)} families of exponential smoothing, on the series and on
  seasonal adjustments of it, averaged by likelihood, give a centre and a spread (`rnn_model/smoothing.py`).
- **What is learnt**: {record["parameters"]:,} parameters correct both. {reader.capitalize()} and one for the
  horizon, {cell.layers} x {cell.hidden_size} units each ({cell.cell}, {cell.activation}, {cell.initialisation}).
- **Data**: {data}the rest drawn from a prior (`training/synthetic.py`). No series of M1, M3 or Tourism.
- **Training**: `{record["command"]}`; pinball loss, AdamW; the weights of step {best.step:,} of {last.step:,} did
  best on the validation set; {last.seconds:.0f} CPU seconds, those of the processes that prepare batches not counted.
- **Use**: series of any length with one season, or a daily and a weekly one; one to
  {config.forecast.max_horizon} steps ahead. `from rnn_model import load, forecast`.
- **Limits**: it knows nothing but the numbers: no holidays, no causes. Levels are {config.forecast.levels[0]:g} to
  {config.forecast.levels[-1]:g}; nothing is said beyond. Do not rest a decision about people on it alone.
{_results(scores) if scores else ""}
Licence: Apache-2.0.
"""


def _results(scores: Mapping[str, Any]) -> str:
    """The aggregates as a table, and where the model is worse than repeating the last season."""
    groups = [scores["aggregates"][name] for name in GROUPS if name in scores["aggregates"]]
    if not groups:
        return ""
    methods = [name for name in groups[0]["methods"] if all(group["methods"][name]["mase"] for group in groups)]
    rows = [" | ".join((name, *(_pair(group["methods"][name]) for group in groups))) for name in methods]
    model = groups[-1]["methods"]["model"]
    worse = ", ".join(model["worse"]) or "none"
    table = "\n".join(f"| {row} |" for row in rows)
    narrow = ": it is too narrow" if model["coverage"] < 0.77 else ""
    return f"""
## Results

MASE / WQL relative to the seasonal naive forecast, geometric mean over sets, lower is better (`scores.json`,
{scores["date"][:10]}).

| | {" | ".join(group["heading"] for group in groups)} |
|---|{"---|" * len(groups)}
{table}

The 80 % band holds {model["coverage"]:.1%} of the values{narrow}. Worse than seasonal naive on: {worse}.
"""


def _pair(row: Mapping[str, Any]) -> str:
    return f"{row['mase']:.3f} / {row['wql']:.3f}"


def refresh(folder: Path) -> None:
    """Writes the card of a checkpoint anew from the JSON files beside it, if its training was recorded."""
    files = {name: folder / f"{name}.json" for name in ("training", "history", "scores")}
    if not files["training"].exists() or not files["history"].exists():
        return
    record, learnt = (json.loads(files[name].read_text("utf-8")) for name in ("training", "history"))
    scores = json.loads(files["scores"].read_text("utf-8")) if files["scores"].exists() else None
    epochs = tuple(Epoch(**epoch) for epoch in learnt["epochs"])
    history = History(epochs, learnt["best"], learnt["stopped"])
    card = forecast_card(load(folder).config, record, history, scores)
    (folder / CARD).write_text(card, encoding="utf-8")
