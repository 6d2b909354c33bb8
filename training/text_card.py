"""The model card of a text classifier: configuration, record of the training and scores as text and metadata"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnn_model.config import CellConfig, ModelConfig, TextConfig
from rnn_model.records import History
from rnn_model.report import percent
from training.card_parts import HERE, PROJECT, Place, warnings, with_interval, wrapped
from training.card_pictures import CURVE

TASK = "text-classification"
EXPERIMENTAL = ("la", "lg", "sn", "st", "ts")  # next to no running text to learn from
OFTEN = 0.05  # of the sentences of one language: taken for another so often, it is named


def text_card(
    config: ModelConfig,
    record: Mapping[str, Any],
    history: History,
    scores: Mapping[str, Any] | None,
    place: Place = HERE,
) -> str:
    """README.md of a text checkpoint, with the metadata that the Hugging Face Hub reads.  Pure.

    Args:
        config: of a network that classifies texts.
        record: as in `training.json`.
        history: the learning curve of the recurrent stage.
        scores: as in `scores.json`, or None when it was not evaluated yet.
        place: where the card will stand.
    """
    text = config.text
    assert text is not None, "a card of classes is for a network that classifies"
    language = "corpus" in record
    sections = [
        f"---\n{_metadata(config, scores if language else None, language)}\n---",
        f"# {config.name}",
        f"A recurrent network that says which of {len(text.labels)} languages a short text is in, and how it came to "
        "that, letter by letter."
        if language
        else f"{_kind(text)} that sorts texts into {len(text.labels)} classes: {_list(text.labels)}.",
        _use(text, place, language),
        _how_it_works(text, record),
        _training(record, history, place, language),
        *([_results(scores)] if scores and language else []),
        *([_results_on_own(record["test"])] if "test" in record else []),
        *warnings(record),
        "## Licence\n\nApache-2.0, code and weights.",
    ]
    return "\n\n".join(wrapped(section) for section in sections) + "\n"


def _kind(config: TextConfig) -> str:
    return "A logistic regression on n-grams" if config.recurrent is None else "A recurrent network"


def _list(labels: tuple[str, ...]) -> str:
    return ", ".join(labels[:20]) + (f" and {len(labels) - 20} more" if len(labels) > 20 else "")


def _metadata(config: ModelConfig, scores: Mapping[str, Any] | None, language: bool) -> str:
    """The YAML block; accuracies as a model-index, which the Hub shows beside the card."""
    from huggingface_hub import EvalResult, ModelCardData

    found = scores["methods"]["model"]["accuracy"] if scores else {}
    results = [
        EvalResult(
            task_type=TASK,
            task_name="Language identification",
            dataset_type="lingua-test-data",
            dataset_name=f"lingua's test data, {kind}",
            dataset_split="test",
            metric_type="accuracy",
            metric_name="Accuracy, mean over languages",
            metric_value=round(value, 4),
        )
        for kind, value in found.items()
    ]
    recurrent = ["rnn", "recurrent-neural-network"] if config.text and config.text.recurrent else []
    data = ModelCardData(
        license="apache-2.0",
        library_name="pytorch",
        pipeline_tag=TASK,
        tags=[PROJECT, *recurrent, *(["language-identification"] if language else [])],
        language=list(config.text.labels) if language and config.text else None,
        model_name=config.name,
        eval_results=results or None,
    )
    return data.to_yaml()


def _use(config: TextConfig, place: Place, language: bool) -> str:
    example = "Guten Morgen" if language else "a text of your own"
    experimental = (
        f" Experimental, for want of running text to learn from: {', '.join(EXPERIMENTAL)}." if language else ""
    )
    # without a threshold only a text with nothing to read has no label
    reached = percent(config.threshold)
    unsure = f"`.label` is None when no class reaches {reached}: not sure. " if config.threshold else ""
    read = (
        f" Letters are read of the alphabets it learnt from alone: {', '.join(config.alphabets).lower()}."
        if config.alphabets
        else ""
    )
    meant = "short texts: a word, a message, a sentence" if language else "texts like those it learnt from"
    return f"""## How to use it

```python
from rnn_model import classify, load

model = load("{place.source}")
answer = classify(model, "{example}")
print(answer.label, answer.likeliest(3))
```

`rnn_model` comes with the app of the same project. {unsure}`.belief` holds the probabilities after every \
{"letter" if config.unit == "character" else "word"}.

- **Meant for** {meant}. The first {config.longest:,} {config.unit}s are read.
- **Limits**: it knows no other classes than its {len(config.labels)}.{experimental}{read}
- **Not meant for** decisions about people, or any decision resting on it alone."""


def _how_it_works(config: TextConfig, record: Mapping[str, Any]) -> str:
    cell = config.recurrent
    grams = f"n-grams of up to {config.ngrams} letters in {config.buckets:,} buckets of {config.embedding} numbers"
    order = (
        "No recurrence."
        if cell is None
        else f"On top of it {_networks(config.members, cell)} (cell {cell.cell}, {cell.activation}, "
        f"{cell.initialisation} initialisation) read the same steps in order."
    )
    return f"""## How it works

- **What reads the letters**: {grams}; their mean gives a first score of the classes (`rnn_model/ngrams.py`).
- **What reads their order**: {order}
- {record["parameters"]:,} parameters; the embedding is stored in float16. Temperature {config.temperature:g}, found \
on held-out texts, makes the probabilities honest."""


def _networks(members: int, cell: CellConfig) -> str:
    units = f"{cell.layers} x {cell.hidden_size // members} recurrent units"
    return units if members == 1 else f"{members} networks of {units}, whose answers are averaged,"


def _training(record: Mapping[str, Any], history: History, place: Place, language: bool) -> str:
    picture = f"\n\n![Training and validation loss over the steps]({CURVE})" if place.pictures else ""
    best, last = history.epochs[history.best], history.epochs[-1]
    data = (
        "Word frequencies and sentences that public packages ship; each with version, licence and hash in "
        f"`docs/text-sources.md` of the project, rebuilt by `python -m training.corpus` (recipe {record['corpus']}). "
        "The weights hold none of the texts. No text of the test suite below was trained on or chosen by."
        if language
        else f"{record['table']['texts']:,} texts of a person's own table (sha256 {record['table']['sha256'][:12]})."
    )
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    seconds = ", ".join(f"{stage} {value:.0f}" for stage, value in record["cpu_seconds"].items())
    begun = {
        None: "the bag of n-grams first, then the recurrence on top",
        "nothing": "all of them drawn at random first",
        "n-grams": "the bag of n-grams by logistic regression; the recurrent networks each without another part of the "
        "rows, on which it was judged beside a bag that had not seen them either",
    }[record.get("start")]
    gained = record.get("recurrence_gained")
    if gained is None:
        outcome = ""
    else:
        low, high = gained["log_loss_interval"]
        outcome = (
            f" All those parts together say that the recurrent networks save {gained['log_loss']:+.4f} of log loss "
            f"({low:+.4f} to {high:+.4f} with 95 % confidence): "
            + ("they are kept." if record["recurrence_kept"] else "too little to tell, so they are left out.")
        )
    return f"""## Training

- **Data**: {data}
- **Command**: `{record["command"]}`
- **Course**: cross-entropy, AdamW, averaged weights; {begun}. Those of \
step {best.step:,} of {last.step:,} did best on held-out texts ({best.valid_loss:.4f}).{outcome} CPU seconds: {seconds}.
- **Made with** {versions}.{picture}"""


def _results(scores: Mapping[str, Any]) -> str:
    kinds = [*scores["texts"], "mean"]
    rows = []
    for name, row in scores["methods"].items():
        both = "–"
        if "model_on_its_languages" in row:
            one, other = row["accuracy_on_its_own_languages"]["mean"], row["model_on_its_languages"]["mean"]
            both = f"{100 * one:.1f} / {100 * other:.1f}"
        accuracies = " | ".join(f"{100 * row['accuracy'][kind]:.1f}" for kind in kinds)
        speed, size = f"{row['texts_per_second']:,.0f}", f"{row['bytes'] / 1e6:.1f}"
        rows.append(f"| {name} | {accuracies} | {row['languages']} | {both} | {speed} | {size} |")
    for name, row in scores["published"].items():
        rows.append(f"| {name} \\* | {' | '.join(f'{100 * row[kind]:.1f}' for kind in kinds)} | 75 | – | – | – |")
    confused = [entry for entry in scores["confusions"] if entry["kind"] == "sentences" and entry["share"] >= OFTEN]
    worst = ", ".join(f"{entry['of']} taken for {entry['as']} {percent(entry['share'])}" for entry in confused)
    errors = scores["methods"]["model"]["calibration_error"]
    return f"""## Results

Accuracy in per cent on lingua's test data, mean over its {len(scores["languages"])} languages. Measured \
{scores["date"]} by `{scores["command"]}`; everything in `scores.json`.

| method | {" | ".join(kinds)} | languages it knows | on those: it / this model | texts a second | MB |
|---|{"---|" * (len(kinds) + 4)}
{chr(10).join(rows)}

\\* published, not measured here: {scores["published_source"]}.

Expected calibration error: {", ".join(f"{kind} {value:.3f}" for kind, value in errors.items())}. Confused most, in \
sentences: {worst or f"none as often as {percent(OFTEN)}"}."""


def _results_on_own(test: Mapping[str, Any]) -> str:
    """The network beside its controls, on the rows of a person's own table that nothing was chosen by."""
    rows = [
        f"| {name} | {with_interval(row['accuracy'], row['accuracy_interval'])} | "
        f"{with_interval(row['log_loss'], row['log_loss_interval'])} |"
        for name, row in test.items()
    ]
    return f"""## Results

On {next(iter(test.values()))["rows"]:,} rows of the table that nothing was trained on or chosen by; in brackets where \
the true value lies with {percent(0.95)} confidence.

| classifier | accuracy | log loss |
|---|---|---|
{chr(10).join(rows)}"""
