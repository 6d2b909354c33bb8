"""python -m training.fit classify: trains the packaged language identifier, or a classifier of a person's own texts

    python -m training.fit classify                                    the language identifier, from its corpus
    python -m training.fit classify --data reviews.csv --out runs/mine
    python -m training.fit classify --data reviews.csv --folds 5       how well that does, every row tested once
    python -m training.fit classify --data reviews.csv --recipe notebook   a first network, learning by heart

A run that was stopped goes on where it was when the same command is given again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from rnn_model.checkpoint import load, refuse_target, save
from rnn_model.config import CellConfig, ModelConfig, TextConfig
from rnn_model.errors import TrainingError
from training import own_texts
from training.classifying import LabelledTexts, Stages, TextValidation, cautious, tempered, train_in_stages
from training.config import OF_SERIES, TrainConfig
from training.flags import Record, add_flags, flag_for, settings
from training.folds import in_folds, report
from training.loop import check_device, state_folder
from training.place import RUNS, place_for
from training.recipes import DEFAULT, RECIPES, in_epochs
from training.table.splits import Split, split_texts
from training.table.texts import read_text_table
from training.text_batches import TextBatches
from training.text_card import text_card

LANGUAGE, NAME = Path("weights/language"), "unrolled-language"

BAG_STEPS, BAG_RATE = 20_000, 5e-3  # of the first stage
BUCKETS, EMBEDDING = 65_536, 48
ORDER = TrainConfig(
    steps=2400, batch=512, learning_rate=1e-3, warmup=100, weight_decay=1e-4, validate_every=400, patience=100
)
CELL = CellConfig(hidden_size=192)
OF_A_TABLE = ("recipe", "start", "epochs", "text_column", "label_column", "folds")  # flags without effect otherwise
OF_THE_LANGUAGES = ("bag_steps", "bag_rate")
DROPPED = 0.1  # share of features left out of a training text
EVERY = 3  # of the development texts every third validates, the others only calibrate and are reported
NONSENSE_SEED, NONSENSE = 4_177, 2_000


def fit_classifier(argv: Sequence[str], command: str) -> None:
    """Trains, calibrates, scores and exports a text network.

    Args:
        argv: flags, without the word "classify".
        command: the whole command, for the record.

    Raises:
        UnrolledError: the run could not start or had to stop.
    """
    # what is not given stays None, since the usual values of a table and of the language identifier differ
    unset = [entry.name for record in (TrainConfig, CellConfig) for entry in fields(record)] + ["buckets", "embedding"]
    arguments = _parser().parse_args(argv, argparse.Namespace(**dict.fromkeys(unset)))
    idle, place = (OF_A_TABLE, "with") if arguments.data is None else (OF_THE_LANGUAGES, "without")
    given = [flag_for(name) for name in idle if getattr(arguments, name) is not None]
    if given:
        raise TrainingError(f"{', '.join(given)}: expected {place} --data, where alone it has an effect. Leave it out.")
    if arguments.data is None:
        _fit_language(arguments, command)
    else:
        _fit_table(arguments, command)


def _fit_table(arguments: argparse.Namespace, command: str) -> None:
    table = read_text_table(arguments.data, text_column=arguments.text_column, label_column=arguments.label_column)
    if None not in (arguments.epochs, arguments.steps):
        raise TrainingError("--epochs, --steps: expected one of them, found both. Leave one out.")
    named = RECIPES[arguments.recipe or DEFAULT]
    start = arguments.start or named.start
    usual = own_texts.FROM_NOTHING if (named.start, start) == (own_texts.N_GRAMS, own_texts.NOTHING) else named.train
    epochs = named.epochs if (arguments.epochs, arguments.steps) == (None, None) else arguments.epochs
    recipe = _chosen(arguments, usual)
    check_device(recipe)
    if arguments.folds is None:
        out = place_for(arguments.out, arguments.data, table.sha256, arguments.replace)
    text = _chosen(arguments, own_texts.config_for(table, _chosen(arguments, named.cell)))
    print("\n".join(table.notes))
    print(f"data sha256 {table.sha256}; seed {recipe.seed}")
    print(", ".join(f"{name} {number}" for name, number in own_texts.versions().items()))

    def fit(split: Split, folder: Path) -> own_texts.OwnTexts:
        print("\n".join(split.notes))
        timed = recipe if epochs is None else in_epochs(recipe, epochs, len(split.train))
        print(f"start: {start}; {settings(timed, text.recurrent, without=OF_SERIES)}")
        return own_texts.fit_texts(table, split, folder, text, timed, start=start)

    if arguments.folds is not None:
        print(report(in_folds(table, arguments.folds, recipe.seed, fit)))
        return
    split = split_texts(table, recipe.seed)
    fitted = fit(split, state_folder(RUNS, out.name, recipe, table.sha256, start, epochs, text))
    print(own_texts.report(table, fitted))
    config = replace(fitted.model.config, name=arguments.name or out.name)
    extra = own_texts.files_for_people(table, split, fitted, config, command, out.as_posix())
    save(config, fitted.model.classifier[1], out, extra)
    print(f"written to {out}; try it: python app.py --weights {out}")


def _chosen(arguments: argparse.Namespace, usual: Record) -> Record:
    """A configuration with the flags that were given."""
    found = {entry.name: getattr(arguments, entry.name, None) for entry in fields(usual)}  # type: ignore[arg-type]
    return replace(usual, **{name: value for name, value in found.items() if value is not None})  # type: ignore[type-var]


def _fit_language(arguments: argparse.Namespace, command: str) -> None:
    from training import corpus as corpora  # needs packages that a person's own table does without
    from training.language_texts import LanguageTexts, alphabets, nonsense

    second = _chosen(arguments, ORDER)
    steps = BAG_STEPS if arguments.bag_steps is None else arguments.bag_steps
    rate = BAG_RATE if arguments.bag_rate is None else arguments.bag_rate
    first = replace(second, steps=steps, learning_rate=rate)
    out, name = arguments.out or LANGUAGE, arguments.name or NAME
    refuse_target(out)
    corpus = corpora.build()
    cell = _chosen(arguments, CELL)
    met = alphabets(corpus)
    usual = TextConfig(corpus.languages, buckets=BUCKETS, embedding=EMBEDDING, alphabets=met, recurrent=cell)
    config = _chosen(arguments, usual)
    draw = LanguageTexts(corpus, config.labels)
    parts = _development(corpus, config.labels)
    validation = TextValidation([_thinned(part, EVERY) for part in parts], config)
    everything = TextValidation(parts, config)
    print(f"{name}: {len(config.labels)} languages; {sum(map(len, (p.texts for p in parts))):,} texts held out")

    def batches_for(stage: TrainConfig) -> TextBatches:
        return TextBatches(draw, config, stage.seed, stage.batch, stage.steps, DROPPED)

    folder = state_folder(RUNS, out.name, second, first, config, corpora.recipe_hash())
    stages = train_in_stages(config, batches_for, validation, first, second, folder)
    rng = np.random.default_rng(NONSENSE_SEED)
    config = cautious(
        stages.network,
        tempered(stages.network, config, everything),
        [nonsense(rng) for _ in range(NONSENSE)],
    )
    accuracies = {"bag": everything.accuracies(stages.bag), "network": everything.accuracies(stages.network)}
    for kind in accuracies["bag"]:
        print(f"  {kind:<16} bag {accuracies['bag'][kind]:.3f}   with order {accuracies['network'][kind]:.3f}")
    print(f"temperature {config.temperature:g}, threshold {config.threshold:g}")
    record = {
        "command": command,
        "parameters": sum(parameter.numel() for parameter in stages.network.parameters()),
        "corpus": corpora.recipe_hash(),
        "versions": own_texts.versions(),
        "config": {"bag": asdict(first), "order": asdict(second)},
        "development": {
            "texts": {part.kind: len(part.texts) for part in parts},
            "accuracy": accuracies,
        },
        "cpu_seconds": {
            "bag": stages.bag_history.epochs[-1].seconds,
            "order": stages.history.epochs[-1].seconds,
        },
    }
    if arguments.replace or not out.exists() or _better(out, config, stages, everything):
        _export(out, ModelConfig(name, text=config), stages, record)


def _development(corpus: Any, labels: Sequence[str]) -> list[LabelledTexts]:
    """The development texts of a corpus, by source and kind."""
    found: dict[str, list[tuple[str, int]]] = {}
    for text in corpus.development:
        found.setdefault(f"{text.source} {text.kind}s", []).append((text.text, labels.index(text.language)))
    return [
        LabelledTexts(kind, tuple(text for text, _ in rows), np.array([label for _, label in rows]))
        for kind, rows in sorted(found.items())
    ]


def _thinned(part: LabelledTexts, every: int) -> LabelledTexts:
    return LabelledTexts(part.kind, part.texts[::every], part.labels[::every])


def _better(out: Path, config: TextConfig, stages: Stages, validation: TextValidation) -> bool:
    """Whether the new network may take the place of what is at `out`."""
    standing_config, standing = load(out).classifier
    if standing_config.labels != config.labels:
        raise TrainingError(f"{out} classifies into other labels. Give another --out, or --replace to overwrite it.")
    if (standing_config.unit, standing_config.buckets, standing_config.ngrams) != (
        config.unit,
        config.buckets,
        config.ngrams,
    ):
        raise TrainingError(f"{out} reads texts in another way. Give another --out, or --replace.")
    before, now = validation(standing), validation(stages.network)
    print(f"held-out loss {now:.4f}, and {before:.4f} of {out}")
    if now >= before:
        print(f"{out} stays as it is. Give --replace to overwrite it, or another --out.")
    return now < before


def _export(folder: Path, config: ModelConfig, stages: Stages, record: dict[str, Any]) -> None:
    extra = {
        "history.json": json.dumps(asdict(stages.history), indent=1) + "\n",
        "history-bag.json": json.dumps(asdict(stages.bag_history), indent=1) + "\n",
        "training.json": json.dumps(record, indent=1, ensure_ascii=False) + "\n",
        "README.md": text_card(config, record, stages.history, None),
    }
    save(config, stages.network, folder, extra)
    print(f"written to {folder}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.fit classify",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, metavar="FILE", help="a table of texts and labels: CSV, TSV, XLSX or JSON")
    parser.add_argument(
        "--start",
        choices=(own_texts.N_GRAMS, own_texts.NOTHING),
        help="what the recurrent layers begin with, for a table: the regression on n-grams, or random weights",
    )
    parser.add_argument(
        "--recipe",
        choices=tuple(RECIPES),
        help=f"for a table: {'; '.join(f'{name} {recipe.said}' for name, recipe in RECIPES.items())}",
    )
    parser.add_argument("--epochs", type=int, help="for a table: times that every training row is seen, for --steps")
    parser.add_argument("--text-column", metavar="NAME", help="the column of texts; found when not named")
    parser.add_argument("--label-column", metavar="NAME", help="the column of labels; found when not named")
    parser.add_argument(
        "--folds", type=int, help="score the recipe on a table in so many folds, 2 to 5, and save nothing"
    )
    parser.add_argument("--out", type=Path, help=f"folder (default {LANGUAGE}; with --data runs/FILE-model)")
    parser.add_argument("--name", help=f"what the model card calls it (default {NAME}; with --data name of the folder)")
    parser.add_argument(
        "--replace",
        action="store_true",
        help="overwrite the checkpoint even if it scores better; with --data, if it is of other data",
    )
    parser.add_argument("--buckets", type=int, help=f"features that hashing tells apart (default {BUCKETS})")
    parser.add_argument(
        "--embedding",
        type=int,
        help=f"numbers that stand for a feature (default {EMBEDDING}, for a table {own_texts.EMBEDDING}, and a quarter "
        "of that in each network on top of n-grams)",
    )
    parser.add_argument(
        "--bag-steps",
        type=int,
        help=f"steps of the first stage, without recurrence (default {BAG_STEPS}; not for a table)",
    )
    parser.add_argument(
        "--bag-rate", type=float, help=f"learning rate of the first stage, not for a table (default {BAG_RATE})"
    )
    pairs: tuple[tuple[Any, Any], ...] = ((ORDER, own_texts.RECIPE), (CELL, own_texts.CELL))
    for title, (language, own) in zip(("second stage", "recurrent layers"), pairs, strict=True):
        usual = asdict(language)
        other = [f"{name} {value}" for name, value in asdict(own).items() if value != usual[name]]
        group = parser.add_argument_group(title, f"for a table other defaults: {', '.join(other)}")
        add_flags(group, type(language), usual, OF_SERIES)
    return parser
