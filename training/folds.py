"""The recipe for a table beside its controls, in folds: every row is tested once, by a network that never saw it

Everything is chosen within the rows of a fold that are not tested; the folds are the same for all methods.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnn_model.records import ClassScores
from training.controls import Difference, difference, score, score_lines
from training.own_texts import NETWORK, OwnTexts
from training.table.splits import Split, split_folds
from training.table.texts import TextTable

Fit = Callable[[Split, Path], OwnTexts]


@dataclass(frozen=True)
class Folds:
    """What came of the folds.

    Attributes:
        each: scores of the model and its controls in every fold, by name.
        together: their scores on all rows of the table, each tested once.
        against: how much better the model did than each control there, row by row.
        ordered: folds in which the recurrence was kept.
    """

    each: tuple[dict[str, ClassScores], ...]
    together: dict[str, ClassScores]
    against: dict[str, Difference]
    ordered: int


def in_folds(table: TextTable, folds: int, seed: int, fit: Fit, say: Callable[[str], None] = print) -> Folds:
    """Trains and scores in every fold.

    Args:
        table: from `training.table`.
        folds: their number.
        seed: of the order in which rows are dealt out.
        fit: (split, folder for the resumable state) -> what came of training on it.
        say: receives the scores of a fold as soon as they are there.

    Raises:
        InputError: the table cannot be dealt out so.
        TrainingError: a run had to stop.
    """
    labels = np.array(table.labels)
    answers: dict[str, np.ndarray] = {}
    each, ordered = [], 0
    for number, split in enumerate(split_folds(table, folds, seed), 1):
        with tempfile.TemporaryDirectory() as folder:
            fitted = fit(split, Path(folder))
        for name, made in fitted.answers.items():
            answers.setdefault(name, np.empty((len(table), len(table.classes))))[list(split.test)] = made
        each.append(fitted.scores)
        ordered += fitted.ordered
        say("\n".join((f"fold {number} of {folds}, {len(split.test):,} rows:", *score_lines(fitted.scores))))
    return Folds(
        each=tuple(each),
        together={name: score(labels, made) for name, made in answers.items()},
        against={name: difference(labels, answers[NETWORK], made) for name, made in answers.items() if name != NETWORK},
        ordered=ordered,
    )


def report(found: Folds) -> str:
    """Scores on all rows, and which to believe, as lines of text."""
    rows = next(iter(found.together.values())).rows
    lines = [f"all {rows:,} rows, each tested once:", *score_lines(found.together)]
    lines += [gap.beside(name) for name, gap in found.against.items()]
    lines.append(f"The recurrence was kept in {found.ordered} of {len(found.each)} folds.")
    return "\n".join(lines)
