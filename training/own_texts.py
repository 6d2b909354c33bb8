"""A classifier of a person's own texts: n-grams weighed by logistic regression, and a recurrent network on top of them

On small tables TF-IDF with logistic regression beats most networks, so the network begins as one: its embedding holds the
regression's weights for every hashed n-gram, which is the best that can be said without order.  The recurrent layers then
learn what order adds; where they add nothing on held-out texts, they are left out, and the result says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from rnn_model.checkpoint import Model
from rnn_model.classifier import classify_many
from rnn_model.config import CellConfig, ModelConfig, TextConfig
from rnn_model.metrics import accuracy, confusion, log_loss
from rnn_model.network import TextNetwork
from rnn_model.ngrams import prepared, steps_of
from rnn_model.records import ClassScores, History
from training.classifying import LabelledTexts, TextValidation, loss_of, tempered
from training.config import TrainConfig
from training.controls import BAG, MAJORITY, Difference, bag_of_words, difference, majority, score
from training.loop import train
from training.table import Split, TextTable
from training.text_batches import TextBatches

WORDY = 5  # words in the middle one of the texts, from which on a step is a word
BUCKETS = 65_536
EMBEDDING = 32  # numbers for a feature, more where there are more classes
MOST_CLASSES = 64  # that a regression is fitted for
STRENGTHS = (0.03, 0.12, 0.5, 2.0, 8.0)  # inverse penalties to choose from
DROPPED = 0.3  # share of features left out of a training text
GROWTH = 0.5  # the length of a vector of n features grows as the root of n, as in TF-IDF's normalisation
SCATTER = 0.1  # spread of the embedding's numbers that the regression does not set, which the recurrence reads

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


@dataclass(frozen=True)
class OwnTexts:
    """What came of training on a table.

    Attributes:
        model: the network that did best on the validation rows, calibrated there.
        history: the learning curve of the recurrent layers.
        ordered: whether they are in `model`: they helped on the validation rows.
        scores: of the model and its controls on the test rows, by name.
        against: how much better the model did than each control there.
        confusion: (C, C) of the model on the test rows.
        worst: test rows that were wrong and surest, at most ten: row of the table, and what it was taken for.
    """

    model: Model
    history: History
    ordered: bool
    scores: dict[str, ClassScores]
    against: dict[str, Difference]
    confusion: np.ndarray
    worst: tuple[tuple[int, str], ...]


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
        recurrent=cell,
    )


def fit_texts(
    table: TextTable,
    split: Split,
    folder: Path,
    config: TextConfig | None = None,
    recipe: TrainConfig = RECIPE,
    say: Callable[[str], None] = print,
) -> OwnTexts:
    """Trains on the table's training rows, chooses on its validation rows, and scores once on its test rows.

    Args:
        table, split: from `training.table`.
        folder: where the resumable state is kept.
        config: of the network; None takes `config_for`.
        recipe: how the recurrent layers are trained.
        say: receives readable lines.

    Raises:
        TrainingError: the run could not start or had to stop.
    """
    config = config or config_for(table, CELL)
    labels = np.array(table.labels)
    parts = {"train": split.train, "valid": split.valid, "test": split.test}
    texts = {name: [table.texts[row] for row in rows] for name, rows in parts.items()}
    of = {name: labels[list(rows)] for name, rows in parts.items()}
    validation = TextValidation([LabelledTexts("valid", tuple(texts["valid"]), of["valid"])], config)

    strength = chosen_strength(texts["train"], of["train"], validation, config)
    bag = regression(texts["train"], of["train"], config, strength)
    torch.manual_seed(recipe.seed)
    network = TextNetwork(config)
    network.load_state_dict(network.state_dict() | bag.state_dict())
    draw = Reshuffled(texts["train"], of["train"].tolist())
    batches = TextBatches(draw, config, recipe.seed, recipe.batch, recipe.steps, DROPPED)
    say(f"n-grams alone: validation loss {validation(bag):.4f}")
    history = train(network, batches, loss_of, validation, recipe, folder, say=say)
    ordered = validation(network) < validation(bag)
    config = tempered(network if ordered else bag, config, validation)
    if not ordered:
        # nothing is left to choose, so the validation texts may teach as well
        both = texts["train"] + texts["valid"], np.concatenate((of["train"], of["valid"]))
        network, config = regression(*both, config, strength), replace(config, recurrent=None)
        say("the order of words added nothing on the validation texts: the n-grams alone are kept")
    model = Model(ModelConfig("own-texts", text=config), network.eval().requires_grad_(False), "trained here")

    answers = classify_many(model, texts["test"])
    ours = np.stack([answer.probabilities for answer in answers])
    controls = {
        BAG: bag_of_words(
            (texts["train"], of["train"]), (texts["valid"], of["valid"]), texts["test"], len(table.classes)
        ),
        MAJORITY: majority(of["train"], len(table.classes), len(split.test)),
    }
    wrong = [row for row in np.argsort(-ours.max(1)) if ours[row].argmax() != of["test"][row]]
    return OwnTexts(
        model=model,
        history=history,
        ordered=ordered,
        scores={
            "network": score(of["test"], ours),
            **{name: score(of["test"], made) for name, made in controls.items()},
        },
        against={name: difference(of["test"], ours, made) for name, made in controls.items()},
        confusion=confusion(of["test"], ours.argmax(1), len(table.classes)),
        worst=tuple((split.test[row], table.classes[int(ours[row].argmax())]) for row in wrong[:10]),
    )


def chosen_strength(texts: Sequence[str], labels: np.ndarray, validation: TextValidation, config: TextConfig) -> float:
    """The inverse penalty of `regression` with the lowest cross-entropy on the validation set."""
    losses = [validation(regression(texts, labels, config, strength)) for strength in STRENGTHS]
    return STRENGTHS[int(np.argmin(losses))]


def regression(texts: Sequence[str], labels: np.ndarray, config: TextConfig, strength: float) -> TextNetwork:
    """A network without recurrence whose bag is a logistic regression on the hashed features of `texts`.

    A text is x_v = idf_v count_v / n^(1/2), with idf_v = ln((1 + N)/(1 + N_v)) + 1 (as scikit-learn's) and n its
    features.

    Args:
        texts: N of them.
        labels: (N,) every class at least once.
        config: of the network; its recurrence is left out.
        strength: inverse penalty of the weights.
    """
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    steps = steps_of([prepared(text, config)[0] for text in texts], config)
    first = np.concatenate(([0], np.cumsum(steps.lengths)))
    pointers = np.append(steps.starts, len(steps.features))[first]
    counts = csr_matrix((np.ones(len(steps.features)), steps.features, pointers), (len(texts), config.buckets))
    counts.sum_duplicates()
    idf = np.log((1 + len(texts)) / (1 + np.bincount(counts.indices, minlength=config.buckets))) + 1
    held = np.maximum(np.diff(pointers), 1)
    inputs = counts.multiply(idf[None] / held[:, None] ** (1 - GROWTH)).tocsr()
    fitted = LogisticRegression(C=strength, max_iter=500).fit(inputs, labels)
    return _as_network(fitted.coef_ * idf, fitted.intercept_, config)


def _as_network(weights: np.ndarray, bias: np.ndarray, config: TextConfig) -> TextNetwork:
    """The network whose first C numbers of an embedding are a feature's weights for the classes."""
    if len(weights) == 1:  # two classes have one row, of the second against the first
        weights, bias = np.concatenate((-weights, weights)) / 2, np.concatenate((-bias, bias)) / 2
    classes = len(weights)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = TextNetwork(replace(config, recurrent=None))
        with torch.no_grad():
            network.embedding.weight.mul_(SCATTER * config.embedding**0.5)
            network.embedding.weight[:, :classes] = torch.from_numpy(weights.T).float()
            network.bag.weight.zero_()
            network.bag.weight[:, :classes] = torch.eye(classes)
            network.bag.bias.copy_(torch.from_numpy(bias))
            network.growth.fill_(GROWTH)
    return network


class Reshuffled:
    """Draws rows of a table at random, so that a batch depends on its own step alone."""

    def __init__(self, texts: Sequence[str], labels: Sequence[int]) -> None:
        """
        Args:
            texts: N of them.
            labels: (N,) their classes.
        """
        self.texts, self.labels = texts, labels

    def __call__(self, rng: np.random.Generator, count: int) -> tuple[list[str], list[int]]:
        rows = rng.integers(0, len(self.texts), count)
        return [self.texts[row] for row in rows], [self.labels[row] for row in rows]
