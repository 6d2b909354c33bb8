"""What a column of labels holds: classes, spelt alike, each of enough different texts to learn and to be tested on"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rnn_model.errors import InputError, Problem
from rnn_model.reading.log import Log, count, quote
from rnn_model.reading.table import Table
from training.table.cells import line_of, names_of
from training.table.copies import same_text

MAX_CLASSES = 1000
MIN_TEXTS = 5  # different texts of a class, so that each part of a split can have one
UNLABELLED = {"", "nan", "null", "n/a", "#n/a"}  # not "none" or "na", which can be classes


def labels_of(cells: Sequence[str], log: Log) -> list[str]:
    """Labels stripped, "" where missing; spellings that differ in case alone become the commonest of them."""
    stripped = ["" if cell.strip().lower() in UNLABELLED else cell.strip() for cell in cells]
    spellings: dict[str, Counter[str]] = {}
    for label in stripped:
        spellings.setdefault(label.casefold(), Counter())[label] += 1
    for found in spellings.values():
        if len(found) > 1:
            first, *others = (name for name, _ in found.most_common())
            log.note(f"Labels {', '.join(map(quote, others))} counted as {quote(first)}: they differ in case alone.")
    return [spellings[label.casefold()].most_common(1)[0][0] for label in stripped]


def could_label(cells: Sequence[str]) -> bool:
    """Two or more different values, each in several rows on average."""
    present = [cell.strip() for cell in cells if cell.strip().lower() not in UNLABELLED]
    different = len(set(present))
    return 2 <= different <= min(MAX_CLASSES, len(present) / 3)


def check_labels(labels: Sequence[str], table: Table, column: int) -> None:
    """Raises InputError if the column cannot hold classes, with the first row that shows it."""
    present = [label for label in labels if label]
    different = set(present)
    fractions = [row for row, label in enumerate(labels) if re.fullmatch(r"[+-]?\d+[.,]\d+", label)]
    fix = f"Name the column of labels with --label-column; there are {names_of(table)}."
    if fractions and len(different) > 20:
        row = fractions[0]
        raise InputError(
            Problem(
                f"the number {labels[row]} in {table.title(column)}, one of {len(different):,} different ones",
                "names of classes",
                f"Turn the numbers into a few classes, such as low and high. {fix}",
                line_of(table, row),
                column + 1,
            )
        )
    if len(different) > min(MAX_CLASSES, max(len(present) / 2, 1)):
        row = labels.index(present[0])
        raise InputError(
            Problem(
                f"{len(different):,} different labels in {count(len(present), 'row')}, such as {quote(labels[row])}",
                "several rows for each label",
                fix,
                line_of(table, row),
                column + 1,
            )
        )


def without_rare_classes(
    kept: list[int], texts: Sequence[str], labels: Sequence[str], title: str, log: Log
) -> list[int]:
    """The rows of classes with at least MIN_TEXTS different texts.

    Raises:
        InputError: fewer than two classes have that many.
    """
    different: dict[str, set[str]] = {}
    for row in kept:
        different.setdefault(labels[row], set()).add(same_text(texts[row]))
    rare = sorted(label for label, group in different.items() if len(group) < MIN_TEXTS)
    if len(different) - len(rare) < 2:
        found = ", ".join(f"{quote(label)} {len(group):,}" for label, group in sorted(different.items())[:8])
        raise InputError(
            Problem(
                f"different texts for each label of {title}: {found or 'none'}",
                f"at least two labels with {MIN_TEXTS} different texts each",
                "Add rows, or name another column of labels with --label-column.",
            )
        )
    if rare:
        shown = ", ".join(f"{quote(label)} {len(different[label])}" for label in rare[:8])
        log.note(
            f"{count(len(rare), 'class', 'classes')} left out for want of {MIN_TEXTS} different texts: {shown}"
            f"{', …' if len(rare) > 8 else ''}."
        )
    return [row for row in kept if labels[row] not in rare]
