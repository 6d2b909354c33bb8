"""A classifier of a person's own texts: n-grams weighed by logistic regression, and a recurrent network on top of them

On small tables TF-IDF with logistic regression beats most networks, so the network begins as one: its embedding holds
the regression's weights for every hashed n-gram, which is the best that can be said without order.  The recurrent
layers then learn what order adds; where they add nothing on held-out texts, they are left out, and the result says so.

Started from nothing instead, as a first network usually is, the same layers show what they do without all that.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from rnn_model.checkpoint import Model
from rnn_model.classifier import classify_many
from rnn_model.config import CellConfig, ModelConfig, TextConfig
from rnn_model.errors import TrainingError
from rnn_model.gradient_flow import text_gradient_flow
from rnn_model.metrics import confusion
from rnn_model.network import TextNetwork
from rnn_model.ngrams import prepared, steps_of
from rnn_model.records import ClassScores, History
from training.card_parts import Place
from training.classifying import LabelledTexts, TextValidation, loss_of, tempered
from training.config import TrainConfig
from training.controls import BAG, MAJORITY, Difference, bag_of_words, difference, majority, score, score_lines
from training.diagnose import Compared, Facts, diagnose
from training.lengths import Epochs
from training.loop import outlasted, train
from training.regression import choose, regression
from training.table import Split, TextTable
from training.text_batches import TextBatch, thinned
from training.text_card import text_card

NETWORK = "network"  # its name among the scores
WORDY = 5  # words in the middle one of the texts, from which on a step is a word
BUCKETS = 65_536
EMBEDDING = 32  # numbers for a feature, more where there are more classes
DROPPED = 0.3  # share of features left out of a training text

RECIPE = TrainConfig(
    steps=1500,
    batch=64,
    learning_rate=1e-3,
    warmup=50,
    weight_decay=1e-2,
    averaging=0.98,
    validate_every=50,
    patience=8,
)
CELL = CellConfig(hidden_size=64)

N_GRAMS, NOTHING = "n-grams", "nothing"  # what the recurrent layers start from
# As a first network is usually trained: nothing holds the weights back, and it goes on to the end.
FROM_NOTHING = replace(RECIPE, learning_rate=3e-3, weight_decay=0.0, patience=1_000_000)
MOST_SEEN = 1000  # training rows that the accuracy in the learning curve is measured on


@dataclass(frozen=True)
class OwnTexts:
    """What came of training on a table.

    Attributes:
        model: the network that did best on the validation rows, calibrated there.
        history: the learning curve of the recurrent layers.
        ordered: whether they are in `model`: they helped on the validation rows.
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
    answers: dict[str, np.ndarray]
    scores: dict[str, ClassScores]
    against: dict[str, Difference]
    confusion: np.ndarray
    worst: tuple[tuple[int, str], ...]
    facts: Facts
    start: str


def unit_for(texts: Sequence[str]) -> str:
    """ "word" for texts of several words, "character" for names and the like."""
    return "word" if np.median([len(text.split()) for text in texts]) >= WORDY else "character"


def config_for(table: TextTable, cell: CellConfig) -> TextConfig:
    """A configuration that needs no tuning."""
    return TextConfig(
        table.classes,
        unit=unit_for(table.texts),
        buckets=BUCKETS,
        embedding=max(EMBEDDING, len(table.classes)),
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
        watch: receives the learning curve after every validation, an empty one while the n-grams are weighed; False
            ends the training there.

    Raises:
        TrainingError: the run could not start, or broke before its first validation.
    """
    if start not in (N_GRAMS, NOTHING):
        raise TrainingError(f"start: expected {N_GRAMS!r} or {NOTHING!r}, found {start!r}")
    config = config or config_for(table, CELL)
    if config.embedding < len(table.classes):
        raise TrainingError(
            f"embedding: expected at least one number a class, {len(table.classes)}, found {config.embedding}"
        )
    cell = config.recurrent or CELL
    labels = np.array(table.labels)
    parts = {"train": split.train, "valid": split.valid, "test": split.test}
    texts = {name: [table.texts[row] for row in rows] for name, rows in parts.items()}
    of = {name: labels[list(rows)] for name, rows in parts.items()}
    validation = TextValidation([LabelledTexts("valid", tuple(texts["valid"]), of["valid"])], config)
    every = -(-len(split.train) // MOST_SEEN)
    seen = TextValidation([LabelledTexts("train", tuple(texts["train"][::every]), of["train"][::every])], config)

    def accuracies(network: TextNetwork) -> tuple[float, float]:
        return seen.accuracies(network)["train"], validation.accuracies(network)["valid"]

    torch.manual_seed(recipe.seed)
    network, bag = TextNetwork(config), None
    if start == N_GRAMS:
        everything = texts["train"] + texts["valid"], np.concatenate((of["train"], of["valid"]))
        choice = choose(*everything, config, recipe.seed, lambda: watch is None or watch(History()))
        bag = regression(texts["train"], of["train"], config, choice.strength)
        with torch.no_grad():  # the recurrence should add to honest probabilities
            for parameter in bag.bag.parameters():
                parameter.div_(choice.temperature)
        network.load_state_dict(network.state_dict() | bag.state_dict())
        say(f"n-grams alone: validation loss {validation(bag):.4f}, penalty 1/{choice.strength:g}")
    batches = TableBatches(texts["train"], of["train"], config, recipe, DROPPED if bag is not None else 0.0)
    history = outlasted(lambda: train(network, batches, loss_of, validation, recipe, folder, say, accuracies, watch))
    flow = text_gradient_flow(network, config, texts["test"], of["test"].tolist(), "trained network")
    config = tempered(network, config, validation)
    ordered = bag is None or _helps(network, config, bag, validation)
    if not ordered:
        # nothing is left to choose, so the validation texts may teach as well
        network = regression(*everything, config, choice.strength)
        config = replace(config, recurrent=None, temperature=choice.temperature)
        say("the order of words added nothing that the validation texts can show: the n-grams alone are kept")
    model = Model(ModelConfig("own-texts", text=config), network.eval().requires_grad_(False), "trained here")

    answers = {
        NETWORK: np.stack([answer.probabilities for answer in classify_many(model, texts["test"])]),
        BAG: bag_of_words(
            (texts["train"], of["train"]), (texts["valid"], of["valid"]), texts["test"], len(table.classes)
        ),
        MAJORITY: majority(of["train"], len(table.classes), len(split.test)),
    }
    ours = answers[NETWORK]
    wrong = [row for row in np.argsort(-ours.max(1)) if ours[row].argmax() != of["test"][row]]
    scores = {name: score(of["test"], made) for name, made in answers.items()}
    against = {name: difference(of["test"], ours, answers[name]) for name in (BAG, MAJORITY)}
    return OwnTexts(
        model=model,
        history=history,
        ordered=ordered,
        answers=answers,
        scores=scores,
        against=against,
        confusion=confusion(of["test"], ours.argmax(1), len(table.classes)),
        worst=tuple((split.test[row], table.classes[int(ours[row].argmax())]) for row in wrong[:10]),
        facts=Facts(
            recipe,
            cell,
            rows=len(split.train),
            classes=len(table.classes),
            held_out=len(split.valid) + len(split.test),
            leaks=len(split.leaks),
            accuracy_interval=scores[NETWORK].accuracy_interval,
            compared=tuple(
                Compared(name, scores[NETWORK].log_loss, scores[name].log_loss, gap.log_loss_interval)
                for name, gap in against.items()
            ),
            flow=flow,
        ),
        start=start,
    )


def _helps(network: TextNetwork, config: TextConfig, bag: TextNetwork, validation: TextValidation) -> bool:
    """Whether the network is better than the bag it began as, beyond what the validation rows may show by chance."""
    (ours, labels), *_ = validation.logits(network).values()
    (before, _), *_ = validation.logits(bag).values()
    said = [logits.double().softmax(1).numpy() for logits in (ours / config.temperature, before)]
    return difference(labels.numpy(), *said).verdict == "better"


class TableBatches(Dataset[TextBatch]):
    """Item `step` is the batch of that step: rows of similar length, each once an epoch."""

    def __init__(
        self, texts: Sequence[str], labels: np.ndarray, config: TextConfig, recipe: TrainConfig, dropped: float
    ) -> None:
        """
        Args:
            texts, labels: N rows.
            config: of the network that will read the batches.
            recipe: its seed, batch and steps.
            dropped: share of features left out at random, so that none is relied upon.
        """
        self.texts, self.labels, self.config, self.recipe = texts, labels, config, recipe
        self.dropped = dropped
        lengths = steps_of([prepared(text, config)[0] for text in texts], config).lengths
        self.epochs = Epochs(lengths, recipe.batch, recipe.seed)

    def __len__(self) -> int:
        return self.recipe.steps

    def __getitem__(self, step: int) -> TextBatch:
        rows = self.epochs[step]
        steps = steps_of([prepared(self.texts[row], self.config)[0] for row in rows], self.config)
        rng = np.random.default_rng((self.recipe.seed, step))
        return TextBatch(thinned(steps, rng, self.dropped), torch.from_numpy(self.labels[rows]))


def report(table: TextTable, fitted: OwnTexts) -> str:
    """Scores on the test rows beside the controls', and which to believe, as lines of text."""
    lines = [f"{len(fitted.answers[NETWORK]):,} test rows that nothing was chosen by:", *score_lines(fitted.scores)]
    lines += [gap.beside(name) for name, gap in fitted.against.items()]
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
