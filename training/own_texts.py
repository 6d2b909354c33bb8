"""A classifier of a person's own texts: n-grams weighed by logistic regression, and recurrent networks on top of them

On small tables TF-IDF with logistic regression beats most networks, so it is in the network: its embedding holds the
regression's weights for every hashed n-gram, which is the best that can be said without order.  Recurrent networks
learn from the same texts in order, and have the say beside it that held-out rows give them (`training/stacking.py`);
where they add nothing that can be told, they are left out, and the result says so.

Started from nothing instead, as a first network usually is, the same layers show what they do without all that.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from rnn_model.checkpoint import Model
from rnn_model.classifier import classify_many, inputs_of
from rnn_model.config import CellConfig, ModelConfig, TextConfig
from rnn_model.errors import TrainingError
from rnn_model.gradient_flow import text_gradient_flow
from rnn_model.metrics import confusion, log_loss
from rnn_model.network import TextNetwork
from rnn_model.ngrams import prepared, steps_of
from rnn_model.records import ClassScores, GradientFlow, History
from training.card_parts import Place
from training.classifying import LabelledTexts, TextValidation, loss_of, tempered
from training.config import TrainConfig
from training.controls import BAG, MAJORITY, Difference, bag_of_words, difference, majority, score, score_lines
from training.diagnose import Compared, Facts, diagnose
from training.lengths import Epochs
from training.loop import outlasted, train
from training.regression import PARTS, bag_config, choose, regression
from training.stacking import (
    HeldOut,
    Members,
    PartBatches,
    Weights,
    common,
    loss_of_members,
    member_config,
    stacked,
    stacked_config,
    weights_of,
)
from training.table.splits import Split
from training.table.texts import TextTable
from training.text_batches import TextBatch
from training.text_card import text_card

NETWORK = "network"  # its name among the scores
WORDY = 5  # words in the middle one of the texts, from which on a step is a word
BUCKETS = 65_536
EMBEDDING = 32  # numbers for a feature

RECIPE = TrainConfig(
    steps=800,
    batch=32,
    learning_rate=3e-3,
    warmup=50,
    weight_decay=1e-2,
    averaging=0.98,
    validate_every=50,
    patience=8,
)
CELL = CellConfig(cell="gru", hidden_size=32, residual=False)

N_GRAMS, NOTHING = "n-grams", "nothing"  # what the recurrent layers start from
# As a first network is usually trained: nothing holds the weights back, and it goes on to the end.
FROM_NOTHING = replace(RECIPE, steps=1500, batch=64, weight_decay=0.0, patience=1_000_000)
LEFT_OUT = "The curves are those of the recurrent layers that were left out."
MOST_SEEN = 1000  # training rows that the accuracy in the learning curve is measured on


@dataclass(frozen=True)
class OwnTexts:
    """What came of training on a table.

    Attributes:
        model: the network that did best on rows held out from it, calibrated there.
        history: the learning curve of the recurrent layers alone.
        ordered: whether they are in `model`.
        gained: how much better the bag of n-grams became by them, on all rows but the test's, each held out from what
            judged it; None when there was no bag.
        answers: probabilities (N, C) that the model and its controls give to the test rows, by name.
        scores: of those.
        against: how much better the model did than each control there.
        confusion: (C, C) of the model on the test rows.
        worst: test rows that were wrong and surest, at most ten: row of the table, and what it was taken for.
        facts: what the doctor wants to know beside the history, the gradient through the trained layers among it.
        start: what the recurrent layers started from, N_GRAMS or NOTHING.
    """

    model: Model
    history: History
    ordered: bool
    gained: Difference | None
    answers: dict[str, np.ndarray]
    scores: dict[str, ClassScores]
    against: dict[str, Difference]
    confusion: np.ndarray
    worst: tuple[tuple[int, str], ...]
    facts: Facts
    start: str


def unit_for(texts: Sequence[str]) -> str:
    """ "word" for texts of several words, "character" for names and the like, of which it reads the letters alone."""
    words = np.median([len(text.split()) for text in texts])
    letters = np.median([sum(map(str.isalpha, text)) for text in texts])
    return "word" if words >= WORDY or not letters else "character"


def config_for(table: TextTable, cell: CellConfig) -> TextConfig:
    """A configuration that needs no tuning."""
    return TextConfig(
        table.classes,
        unit=unit_for(table.texts),
        buckets=BUCKETS,
        embedding=EMBEDDING,
        longest=400,
        addresses=True,
        recurrent=cell,
    )


def fit_texts(
    table: TextTable,
    split: Split,
    folder: Path,
    config: TextConfig | None = None,
    recipe: TrainConfig = RECIPE,
    say: Callable[[str], None] = print,
    start: str = N_GRAMS,
    watch: Callable[[History], bool] | None = None,
) -> OwnTexts:
    """Trains on the table's training rows, chooses on its validation rows, and scores once on its test rows.

    Args:
        table, split: from `training.table`.
        folder: where the resumable state is kept.
        config: of the network, with recurrence; None takes `config_for`.
        recipe: how the recurrent layers are trained.
        say: receives readable lines.
        start: N_GRAMS begins with the regression; NOTHING with weights drawn at random and no feature left out, and
            what came of it is the model whether or not it is any good.
        watch: as for `training.loop.train`; while the n-grams are weighed it receives an empty curve.

    Raises:
        TrainingError: the run could not start, or broke before its first validation.
    """
    if start not in (N_GRAMS, NOTHING):
        raise TrainingError(f"start: expected {N_GRAMS!r} or {NOTHING!r}, found {start!r}")
    config = config or config_for(table, CELL)
    learn = _on_n_grams if start == N_GRAMS else _from_nothing
    rows = _Rows(*(LabelledTexts(name, *_rows(table, part)) for name, part in _parts(split).items()))
    whole = replace(config, recurrent=config.recurrent or CELL)
    learnt = learn(_Training(rows, whole, recipe, folder, say, watch))
    model = Model(ModelConfig("own-texts", text=learnt.config), learnt.network, "trained here")

    taught, chose, (unseen, labels) = ((list(part.texts), part.labels) for part in rows)
    answers = {
        NETWORK: np.stack([answer.probabilities for answer in classify_many(model, unseen)]),
        BAG: bag_of_words(taught, chose, unseen, len(table.classes)),
        MAJORITY: majority(taught[1], len(table.classes), len(split.test)),
    }
    ours = answers[NETWORK]
    wrong = [row for row in np.argsort(-ours.max(1)) if ours[row].argmax() != labels[row]]
    scores = {name: score(labels, made) for name, made in answers.items()}
    against = {name: difference(labels, ours, answers[name]) for name in (BAG, MAJORITY)}
    return OwnTexts(
        model=model,
        history=learnt.history,
        ordered=learnt.config.recurrent is not None,
        gained=learnt.gained,
        answers=answers,
        scores=scores,
        against=against,
        confusion=confusion(labels, ours.argmax(1), len(table.classes)),
        worst=tuple((split.test[row], table.classes[int(ours[row].argmax())]) for row in wrong[:10]),
        facts=Facts(
            recipe,
            config.recurrent or CELL,
            rows=len(split.train),
            classes=len(table.classes),
            held_out=len(split.valid) + len(split.test),
            leaks=len(split.leaks),
            accuracy_interval=scores[NETWORK].accuracy_interval,
            compared=tuple(
                Compared(name, scores[NETWORK].log_loss, scores[name].log_loss, gap.log_loss_interval)
                for name, gap in against.items()
            ),
            flow=learnt.flow,
            kept=learnt.config.recurrent is not None,
        ),
        start=start,
    )


class _Rows(NamedTuple):
    train: LabelledTexts
    valid: LabelledTexts
    test: LabelledTexts


class _Training(NamedTuple):
    """What is trained on which rows; names as for `fit_texts`, the configuration with recurrence."""

    rows: _Rows
    config: TextConfig
    recipe: TrainConfig
    folder: Path
    say: Callable[[str], None]
    watch: Callable[[History], bool] | None


class _Learnt(NamedTuple):
    """What came of the training alone; names as in `OwnTexts`, `flow` as in `Facts`."""

    network: TextNetwork
    config: TextConfig
    history: History
    gained: Difference | None
    flow: GradientFlow | None


def _parts(split: Split) -> dict[str, tuple[int, ...]]:
    return {"train": split.train, "valid": split.valid, "test": split.test}


def _rows(table: TextTable, rows: tuple[int, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    return tuple(table.texts[row] for row in rows), np.array(table.labels)[list(rows)]


def _on_n_grams(asked: _Training) -> _Learnt:
    """Bag and recurrent networks, weighed on the training and validation rows, each held out from what judges it."""
    rows, config, recipe, folder, say, watch = asked
    small = member_config(config)
    whole = stacked_config(small, PARTS)
    texts = [*rows.train.texts, *rows.valid.texts]
    labels = np.concatenate((rows.train.labels, rows.valid.labels))
    choice = choose(texts, labels, config, recipe.seed, lambda: watch is None or watch(History()))
    said_by_bag = _softmax(choice.logits)
    held_back = f"penalty 1/{choice.strength:g}, features weighed by rarity to the power {choice.power:g}"
    say(f"n-grams alone: loss {log_loss(labels, said_by_bag):.4f} on rows held out, {held_back}")

    steps = steps_of([prepared(text, config)[0] for text in texts], config)
    known = common(steps, config.buckets)
    steps = replace(steps, features=known[steps.features])
    torch.manual_seed(recipe.seed)
    shares = majority(labels, len(config.labels), 1)[0]
    members = Members(small, int(known.max()), PARTS, shares)
    held_out = HeldOut(steps, labels, choice.parts, MOST_SEEN)
    batches = PartBatches(steps, labels, choice.parts, recipe)
    history = outlasted(
        lambda: train(members, batches, loss_of_members, held_out, recipe, folder, say, held_out.accuracies, watch)
    )

    order = held_out.unseen(members)
    weights = weights_of(choice.logits, order, labels)
    gained = difference(labels, _softmax(weights.bag * choice.logits + weights.order * order), said_by_bag)
    bag = regression(texts, labels, config, choice.power, choice.strength)
    weights = Weights(weights.bag / choice.temperature, weights.order)
    network = stacked(bag, members, weights, known, whole)
    kept = gained.verdict == "better"
    # a weight of 0 would leave nothing of the gradient that the layers learnt by
    learners = network if kept else stacked(bag, members, Weights(0.0, 1.0), known, whole)
    flow = text_gradient_flow(learners, whole, rows.test.texts, rows.test.labels.tolist(), "trained network")
    say(told(gained))
    if kept:
        return _Learnt(network, whole, history, gained, flow)
    alone = replace(bag_config(config), temperature=choice.temperature)
    return _Learnt(bag.eval().requires_grad_(False), alone, history, gained, flow)


def _from_nothing(asked: _Training) -> _Learnt:
    """All weights drawn at random, no feature left out, and the best epoch on the validation rows kept."""
    rows, config, recipe, folder, say, watch = asked
    validation = TextValidation([rows.valid], config)
    every = -(-len(rows.train.texts) // MOST_SEEN)
    some = LabelledTexts("train", rows.train.texts[::every], rows.train.labels[::every])
    seen = TextValidation([some], config)

    def accuracies(network: TextNetwork) -> tuple[float, float]:
        return seen.accuracies(network)["train"], validation.accuracies(network)["valid"]

    torch.manual_seed(recipe.seed)
    network = TextNetwork(config)
    batches = TableBatches(rows.train.texts, rows.train.labels, config, recipe)
    history = outlasted(lambda: train(network, batches, loss_of, validation, recipe, folder, say, accuracies, watch))
    flow = text_gradient_flow(network, config, rows.test.texts, rows.test.labels.tolist(), "trained network")
    config = tempered(network, config, validation)
    return _Learnt(network.eval().requires_grad_(False), config, history, None, flow)


def _softmax(logits: np.ndarray) -> np.ndarray:
    return torch.from_numpy(logits).softmax(1).numpy()


def told(gained: Difference) -> str:
    """What the recurrent networks added on rows held out, and what follows, in a sentence."""
    (low, high), (least, most) = gained.log_loss_interval, gained.accuracy_interval
    kept = "they are kept" if gained.verdict == "better" else "too little to tell, so the n-grams alone are kept"
    return (
        f"Recurrent networks on top of the n-grams, on rows held out while learning: log loss saved "
        f"{gained.log_loss:+.4f} ({low:+.4f} to {high:+.4f}), accuracy {gained.accuracy:+.3f} ({least:+.3f} to "
        f"{most:+.3f}): {kept}."
    )


class TableBatches(Dataset[TextBatch]):
    """Item `step` is the batch of that step: rows of similar length, each once an epoch."""

    def __init__(self, texts: Sequence[str], labels: np.ndarray, config: TextConfig, recipe: TrainConfig) -> None:
        """
        Args:
            texts, labels: N rows.
            config: of the network that will read the batches.
            recipe: its seed, batch and steps.
        """
        self.texts = steps_of([prepared(text, config)[0] for text in texts], config)
        self.labels, self.recipe = labels, recipe
        self.epochs = Epochs(self.texts.lengths, recipe.batch, recipe.seed)

    def __len__(self) -> int:
        return self.recipe.steps

    def __getitem__(self, step: int) -> TextBatch:
        rows = self.epochs[step]
        return TextBatch(inputs_of(self.texts.of(rows)), torch.from_numpy(self.labels[rows]))


def report(table: TextTable, fitted: OwnTexts) -> str:
    """Scores on the test rows beside the controls', and which to believe, as lines of text."""
    lines = [f"{len(fitted.answers[NETWORK]):,} test rows that nothing was chosen by:", *score_lines(fitted.scores)]
    lines += [gap.beside(name) for name, gap in fitted.against.items()]
    if fitted.gained is not None:
        lines.append(told(fitted.gained))
    if not fitted.ordered:
        lines.append(LEFT_OUT)
    for number, taken in fitted.worst[:3]:
        shown, label = " ".join(table.texts[number].split())[:80], table.classes[table.labels[number]]
        lines.append(f"Wrong and sure: line {table.lines[number]}, {label} taken for {taken}: {shown}")
    for found in diagnose(fitted.history, fitted.facts):
        lines.append(f"{found.name}: {found.verdict} {' '.join(found.evidence)}")
        lines.append(f"  {found.advice}" + (f" Try {found.change}." if found.change else ""))
    return "\n".join(lines)


def versions() -> dict[str, str]:
    """Of Python and the packages that decide the numbers."""
    packages = ("torch", "numpy", "scipy", "scikit-learn")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def files_for_people(
    table: TextTable, split: Split, fitted: OwnTexts, config: ModelConfig, command: str, place: str
) -> dict[str, str]:
    """Record of the training, learning curve and model card, for `rnn_model.checkpoint.save`.

    Args:
        table, split, fitted: what was trained on, and what came of it.
        config: under whose name the model is saved.
        command: what was given to train it.
        place: what a reader gives to `load`.
    """
    record = {
        "command": command,
        "start": fitted.start,
        "parameters": sum(parameter.numel() for parameter in fitted.model.network.parameters()),
        "table": {"sha256": table.sha256, "texts": len(table), "columns": table.columns, "classes": table.classes},
        "split": {"train": len(split.train), "valid": len(split.valid), "test": len(split.test), "seed": split.seed},
        "recurrence_kept": fitted.ordered,
        "recurrence_gained": None if fitted.gained is None else asdict(fitted.gained),
        "versions": versions(),
        "config": asdict(fitted.facts.train),
        "test": {name: asdict(row) for name, row in fitted.scores.items()},
        "diagnosis": [asdict(found) for found in diagnose(fitted.history, fitted.facts)],
        "cpu_seconds": {"order": fitted.history.epochs[-1].seconds},
    }
    return {
        "history.json": json.dumps(asdict(fitted.history), indent=1) + "\n",
        "training.json": json.dumps(record, indent=1, ensure_ascii=False) + "\n",
        "README.md": text_card(config, record, fitted.history, None, Place(place)),
    }
