"""Which texts train, which choose and which test, dealt out class by class.

A split depends on the seed and on the texts alone, not on their order: the rows of a class are put in the order of
a hash, so that rows added later leave the others where they were.  Texts that are the same but for case, blanks and
punctuation go to one side together.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnn_model.errors import InputError, Problem
from rnn_model.reading.log import count
from training.table.copies import leaking, same_text
from training.table.labels import MIN_TEXTS
from training.table.texts import TextTable


@dataclass(frozen=True)
class Split:
    """Which rows of a table train, which choose the epoch and the settings, and which are looked at once, at the end.

    Attributes:
        train, valid, test: indices of rows, ascending.
        seed: of the order in which rows are dealt out.
        copies: rows that repeat another one; they stand on the side of the one they repeat.
        leaks: held-out rows (of valid and test) that are nearly copies of training rows.
        notes: the same in words.
    """

    train: tuple[int, ...]
    valid: tuple[int, ...]
    test: tuple[int, ...]
    seed: int
    copies: int
    leaks: tuple[int, ...]
    notes: tuple[str, ...] = ()


def split_texts(table: TextTable, seed: int = 0, valid: float = 0.1, test: float = 0.2) -> Split:
    """Deals the rows of every class out to three parts in the given shares, at least one text of a class to each.

    Args:
        table: from `read_text_table`.
        seed: another one gives another split.
        valid, test: shares of the rows; the rest trains.

    Raises:
        InputError: the shares leave nothing to train on.
    """
    if not (0 < valid < 1 and 0 < test < 1 and valid + test < 0.9):
        fix = "Keep at least a tenth of the rows to train on."
        raise InputError(Problem(f"shares {valid:g} and {test:g}", "shares above 0 that add up to less than 0.9", fix))
    parts: dict[str, list[int]] = {"train": [], "valid": [], "test": []}
    for members in _members(table.texts, table.labels, seed):
        size = sum(map(len, members))
        room = {"test": max(round(size * test), 1), "valid": max(round(size * valid), 1)}
        given: dict[str, list[list[int]]] = {"train": [], "test": [], "valid": []}
        for rows in members:
            part = next((name for name in room if len(rows) <= room[name]), "train")
            given[part].append(rows)
            if part != "train":
                room[part] -= len(rows)
        _share(given)
        for part, texts in given.items():
            parts[part] += itertools.chain.from_iterable(texts)
    return _split(table, parts["train"], parts["valid"], parts["test"], seed)


def _share(given: Mapping[str, list[list[int]]]) -> None:
    """Gives parts without a text of a class the one with the fewest copies from the part with the most texts.

    A text with many copies may be too large for any part but the first, and many with few may leave that without any.

    Args:
        given: part -> texts of a class, a text being the rows that repeat it; where they do not suffice for all, the
            first parts have some.
    """
    for name, texts in given.items():
        most = max(given.values(), key=len)
        if not texts and (len(most) > 1 or name == "train"):
            fewest = min(most, key=len)
            most.remove(fewest)
            texts.append(fewest)


def split_folds(table: TextTable, folds: int, seed: int = 0, valid: float = 0.1) -> tuple[Split, ...]:
    """Splits of which every row is in the test part of one, and in another part of the others.

    Args:
        table: from `read_text_table`.
        folds: their number.
        seed: another one gives other folds.
        valid: share of the rows that choose, in every fold; the rest of those not tested trains.

    Raises:
        InputError: there are fewer than two folds, or more than a class may have texts.
    """
    if not 2 <= folds <= MIN_TEXTS:
        fix = f"Every class has {MIN_TEXTS} different texts for certain, and each fold needs one of them."
        raise InputError(Problem(count(folds, "fold"), f"2 to {MIN_TEXTS} folds", fix))
    splits = []
    for test in dealt(table.texts, table.labels, folds, seed):
        rest = np.setdiff1d(np.arange(len(table)), test)
        texts, labels = [table.texts[row] for row in rest], [table.labels[row] for row in rest]
        chosen = rest[dealt(texts, labels, max(round(len(rest) / (valid * len(table))), 2), seed)[0]]
        train = np.setdiff1d(rest, chosen)
        splits.append(_split(table, train.tolist(), chosen.tolist(), test.tolist(), seed))
    return tuple(splits)


def dealt(texts: Sequence[str], labels: Sequence[int] | np.ndarray, count: int, seed: int) -> tuple[np.ndarray, ...]:
    """Rows (ascending) in `count` parts of nearly one size, each class alike in all, copies of a text together."""
    parts: list[list[int]] = [[] for _ in range(count)]
    for members in _members(texts, labels, seed):
        sizes = [0] * count
        for rows in members:
            # of equally full parts the one with the fewest rows of all classes
            part = min(range(count), key=lambda one: (sizes[one], len(parts[one])))
            parts[part] += rows
            sizes[part] += len(rows)
    return tuple(np.array(sorted(part)) for part in parts)


def _members(texts: Sequence[str], labels: Sequence[int] | np.ndarray, seed: int) -> list[list[list[int]]]:
    """For each class its texts in the order of a hash, a text being the rows that repeat it."""
    groups: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        groups.setdefault(same_text(text), []).append(row)
    by_class: dict[int, list[tuple[bytes, list[int]]]] = {}
    for key, rows in groups.items():
        commonest = Counter(int(labels[row]) for row in rows).most_common(1)[0][0]
        order = hashlib.sha256(f"{seed}\0{key}".encode()).digest()
        by_class.setdefault(commonest, []).append((order, rows))
    return [[rows for _, rows in sorted(members)] for members in by_class.values()]


def _split(table: TextTable, train: list[int], valid: list[int], test: list[int], seed: int) -> Split:
    """The split into these rows, and what there is to say about it."""
    leaks = leaking(table.texts, train, sorted(valid + test))
    labels_of: dict[str, set[int]] = {}
    for text, label in zip(table.texts, table.labels, strict=True):
        labels_of.setdefault(same_text(text), set()).add(label)
    copies = len(table) - len(labels_of)
    disputed = sum(len(labels) > 1 for labels in labels_of.values())
    allowed = " as far as copies allow" if copies else ""
    notes = [
        f"Split by seed {seed} into {len(train):,} rows to train on, {len(valid):,} to choose by and "
        f"{len(test):,} to test on, each class in the same shares{allowed}."
    ]
    if copies:
        notes.append(
            f"{count(copies, 'row repeats', 'rows repeat')} the text of another row, on the same side of the split."
        )
    if disputed:
        notes.append(
            f"{count(disputed, 'text has', 'texts have')} more than one label: nobody can get all of those rows right."
        )
    if leaks:
        where = ", ".join(str(table.lines[row]) for row in leaks[:3]) + (", …" if len(leaks) > 3 else "")
        notes.append(
            f"Leak suspected: {count(len(leaks), 'held-out row nearly repeats', 'held-out rows nearly repeat')} a "
            f"training row (line {where}), so "
            "the scores may be too good."
        )
    return Split(tuple(sorted(train)), tuple(sorted(valid)), tuple(sorted(test)), seed, copies, leaks, tuple(notes))
