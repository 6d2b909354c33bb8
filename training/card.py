"""The model card: configuration, record of the training, learning curve and scores as text and metadata for the Hub."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from rnn_model.checkpoint import CARD, load
from rnn_model.config import AUTOREGRESSION, FILTERS, ForecastConfig, ModelConfig
from rnn_model.records import History, history_of
from rnn_model.report import percent
from training.card_parts import HERE, PROJECT, Place, warnings, with_interval, wrapped
from training.card_pictures import CURVE, HELD_OUT
from training.forecasting import SYNTHETIC
from training.text_card import text_card

TASK = "time-series-forecasting"
TAGS = [PROJECT, TASK, "recurrent-neural-network", "probabilistic-forecasting", "pytorch"]
GROUPS = ("m3_tourism_5", "nine")
TOO_NARROW = 0.77  # of the values in an 80 % band: below it, the card says so in words


def forecast_card(
    config: ModelConfig,
    record: Mapping[str, Any],
    history: History,
    scores: Mapping[str, Any] | None,
    place: Place = HERE,
) -> str:
    """README.md of a forecast checkpoint, with the metadata that the Hugging Face Hub reads.  Pure.

    Args:
        config: of a network that forecasts.
        record: as in `training.json`.
        history: the learning curve.
        scores: as in `scores.json`, or None when it was not evaluated yet.
        place: where the card will stand.
    """
    forecast = config.forecast
    assert forecast is not None, "a card of forecasts is for a network that forecasts"
    sections = [
        f"---\n{_metadata(config, scores)}\n---",
        f"# {config.name}",
        "A recurrent network that forecasts a series of numbers with quantiles, "
        + ("fitted to series of one kind." if "data" in record else "without having been trained on that series."),
        _use(forecast, place),
        _how_it_works(forecast, record),
        _training(record, history, place),
        *([_results(scores, place)] if scores else []),
        *([_results_on_own(record)] if "ends" in record else []),
        *warnings(record),
        "## Licence\n\nApache-2.0, code and weights.",
    ]
    return "\n\n".join(wrapped(section) for section in sections) + "\n"


def from_folder(folder: Path, place: Place) -> str | None:
    """The card of a checkpoint folder, from the JSON files beside its weights; None if its training was not recorded.

    Raises:
        CheckpointError: the folder holds no checkpoint that loads.
    """
    record, history, scores = (_json(folder / f"{name}.json") for name in ("training", "history", "scores"))
    if record is None or history is None:
        return None
    config = load(folder).config
    card = forecast_card if config.forecast is not None else text_card
    return card(config, record, history_of(history), scores, place)


def refresh(folder: Path) -> None:
    """Writes the card of a checkpoint anew, if its training was recorded."""
    text = from_folder(folder, Place(f"weights/{folder.name}"))
    if text is not None:
        (folder / CARD).write_text(text, encoding="utf-8")


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _metadata(config: ModelConfig, scores: Mapping[str, Any] | None) -> str:
    """The YAML block; the scores of the model as a model-index, which the Hub shows beside the card."""
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type=TASK,
            task_name="Time series forecasting",
            dataset_type=name,
            dataset_name=f"{name.replace('_', ' ')}, {row['series']} series, {row['horizon']} steps ahead",
            dataset_split="test",
            metric_type=metric,
            metric_name=label,
            metric_value=round(row["methods"]["model"][metric], 4),
        )
        for name, row in (scores["sets"] if scores else {}).items()
        for metric, label in (("mase", "MASE"), ("wql", "WQL"), ("coverage", "Share of the values in the 80 % band"))
        if row["methods"]["model"][metric] is not None
    ]
    data = ModelCardData(
        license="apache-2.0",
        library_name="pytorch",
        pipeline_tag=TASK,
        tags=TAGS,
        model_name=config.name,
        eval_results=results or None,
    )
    return data.to_yaml()


def _use(config: ForecastConfig, place: Place) -> str:
    lowest, highest = config.levels[0], config.levels[-1]
    return f"""## How to use it

```python
from rnn_model import forecast, load

model = load("{place.source}")
print(forecast(model, "112 118 132 129 121 135 148 148 136 119 104 118", horizon=3).median)
```

`rnn_model` comes with the app of the same project. `.quantiles` holds the levels {lowest:g} to {highest:g}.

- **Meant for** series of any length with one season, or a daily and a weekly one: sales, traffic, measurements. One \
to {config.max_horizon} steps ahead; the last {config.context} values are read.
- **Limits**: it knows nothing but the numbers, so no holidays, prices or causes. Nothing is said about what lies \
beyond the levels {lowest:g} and {highest:g}. Every series is forecast by itself.
- **Not meant for** decisions about people, or any decision resting on it alone."""


def _how_it_works(config: ForecastConfig, record: Mapping[str, Any]) -> str:
    cell = config.decoder
    stacks = (
        "One stack walks the horizon"
        if config.encoder is None
        else ("One stack reads the history, one walks the horizon")
    )
    often = config.shrinkage if config.shrinkage_high_frequency is None else config.shrinkage_high_frequency
    restrained = (
        f" Of what moves the median {percent(config.shrinkage)} is kept, {percent(often)} at high frequency: that held "
        "best on series that training never saw."
        if min(config.shrinkage, often) < 1
        else ""
    )
    filters = len(set(config.families) & set(FILTERS))
    logarithms = f", {len(config.log_families)} on its logarithms too" if config.log_families else ""
    oscillations = ", and an autoregression of what is left," if AUTOREGRESSION in config.families else ","
    return f"""## How it works

- **What is classical**: {filters} families of exponential smoothing, on the series and on \
seasonal adjustments of it{logarithms}{oscillations} each with a forecast and a weight by likelihood and a prior of \
growth, and a spread (`rnn_model/smoothing.py`).
- **What is learnt**: {record["parameters"]:,} parameters weigh these forecasts anew at every step ahead, move their \
mean, and set the quantiles around it. {stacks}, {cell.layers} x {cell.hidden_size} \
units each (cell {cell.cell}, {cell.activation}, {cell.initialisation} initialisation).{restrained}{_worth(record)}"""


def _worth(record: Mapping[str, Any]) -> str:
    """How the trained network compares with the classical forecasts alone, on the sets that training never saw."""
    relative = record.get("validation_relative_to_classical", {})
    held_out = {name: ratio for name, ratio in relative.items() if name != SYNTHETIC}
    if not held_out:
        return ""
    best, worst = min(held_out, key=held_out.__getitem__), max(held_out, key=held_out.__getitem__)
    return (
        " On the held-out series by which step, share and bands were chosen its quantile loss is "
        f"{geometric_mean(held_out.values()):.3f} of that of the classical forecasts alone, between "
        f"{held_out[best]:.3f} ({best}) and {held_out[worst]:.3f} ({worst})."
    )


def _training(record: Mapping[str, Any], history: History, place: Place) -> str:
    best, last = history.epochs[history.best], history.epochs[-1]
    share, versions = record["config"]["real_share"], record["versions"]
    picture = f"\n\n![Training and validation loss over the steps]({CURVE})" if place.pictures else ""
    data = "Series drawn from a prior over how real ones move (`training/synthetic.py`) and nothing else."
    if "data" in record:
        own = record["data"]
        data = (
            f"{own['series']:,} series of a file of one's own (SHA-256 {own['sha256'][:16]}…), without their last "
            f"{2 * own['horizon']:,} steps, beside series drawn from a prior; started from {record['start']}. On the "
            f"last {own['horizon']:,} steps its loss is {record['test']['network']:.4g}, that of the network before "
            f"{record['test']['zero-shot']:.4g} (1 is the classical forecast)."
        )
    elif share:
        data = (
            f"{percent(share)} windows of {record['real_series']:,} real series, the rest drawn from a prior over how "
            "real ones move (`training/synthetic.py`). The real ones come from public packages under licences from "
            "CC0, MIT and CC-BY-4.0 to GPL-3; each source with its licence, and how copies of the benchmark series "
            "were kept out, stands in `docs/data-sources.md` of the project. The weights hold none of them."
        )
    return f"""## Training

- **Data**: {data} No series of the M1, M3 and Tourism competitions.
- **Command**: `{record["command"]}`
- **Course**: pinball loss, AdamW, averaged weights; those of step {best.step:,} of {last.step:,} did best on the \
validation set ({best.valid_loss:.4f}); {last.seconds:.0f} CPU seconds beside the preparation of the batches. \
Stopped: {history.stopped}.
- **Made with** {", ".join(f"{name} {version}" for name, version in versions.items())}; seed \
{record["config"]["seed"]}.{picture}"""


def _results_on_own(record: Mapping[str, Any]) -> str:
    """The network beside the one before and seasonal naive, on the ends of a person's own series."""
    rows = [
        f"| {method} | {with_interval(row['mase'], row['mase_interval'])} | "
        f"{with_interval(row['loss'], row['loss_interval'])} | "
        f"{'–' if row['coverage'] is None else percent(row['coverage'])} |"
        for method, row in record["ends"].items()
    ]
    said = []
    for method, gain in record["better_by"].items():
        saved = gain["saved"]
        by = "" if saved is None else f": {gain['measure']} {abs(saved):.3f} {'lower' if saved >= 0 else 'higher'}"
        if "verdict" in gain:  # older records have none
            said.append(f"Beside {method} it is {gain['verdict']}{by}.")
    return f"""## Results

On the last {record["data"]["horizon"]:,} steps, by which nothing was chosen; lower is better, in brackets where the \
mean over the series lies with {percent(0.95)} confidence.

| forecast by | MASE | scaled quantile loss | in the {percent(0.8)} band |
|---|---|---|---|
{chr(10).join(rows)}

{" ".join(said)}"""


def _results(scores: Mapping[str, Any], place: Place) -> str:
    """The aggregates as a table, and where the model is worse than repeating the last season."""
    groups = [scores["aggregates"][name] for name in GROUPS if name in scores["aggregates"]]
    groups = groups or list(scores["aggregates"].values())
    methods = [name for name in groups[0]["methods"] if all(name in group["methods"] for group in groups)]
    rows = [" | ".join((name, *(_pair(group["methods"][name]) for group in groups))) for name in methods]
    table = "\n".join(f"| {row} |" for row in rows)
    picture = (
        f"\n\n![Forecasts and what really came, first series of each M1 set]({HELD_OUT})" if place.pictures else ""
    )
    return f"""## Results

MASE / WQL relative to the seasonal naive forecast, geometric mean over sets, lower is better. Measured \
{scores["date"]} by `{scores["command"]}`; all numbers in `scores.json`.

| method | {" | ".join(group["heading"] for group in groups)} |
|---|{"---|" * len(groups)}
{table}

{" ".join(_remarks(groups[-1]["methods"]["model"], scores))}{picture}"""


def _remarks(model: Mapping[str, Any], scores: Mapping[str, Any]) -> Iterator[str]:
    if model["coverage"] is not None:
        narrow = ": it is too narrow" if model["coverage"] < TOO_NARROW else ""
        yield f"The {percent(0.8)} band holds {percent(model['coverage'], 1)} of the values{narrow}."
    yield f"Worse than seasonal naive on: {', '.join(model['worse']) or 'none'}."
    behind = ", ".join(_behind(scores))
    if behind:
        yield f"Another method measured here is ahead on: {behind}."
    if any(row["source"] == "published" for rows in scores["sets"].values() for row in rows["methods"].values()):
        yield f"Not measured here but published by others: seasonal_naive (published) and what follows it, from \
{scores['published_source']}."


def _behind(scores: Mapping[str, Any]) -> Iterator[str]:
    """Sets and measures on which the best of the other measured methods has a lower score."""
    for name, entry in scores["sets"].items():
        rows = {method: row for method, row in entry["methods"].items() if row["source"] != "published"}
        for measure in ("mase", "wql"):
            known = {method: row[measure] for method, row in rows.items() if row[measure] is not None}
            best = min(known, key=known.__getitem__, default="model")
            if best != "model":
                yield f"{name} {measure.upper()} ({best}, {known[best]:.4g} against {known['model']:.4g})"


def _pair(row: Mapping[str, Any]) -> str:
    return " / ".join("–" if row[measure] is None else f"{row[measure]:.3f}" for measure in ("mase", "wql"))
