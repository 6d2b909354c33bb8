"""Which column of a table holds the texts and which the labels, and why the others do not"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rnn_model.errors import InputError, Problem
from rnn_model.reading.log import Log, count, quote
from rnn_model.reading.separator import is_number
from rnn_model.reading.table import Table
from rnn_model.reading.texts import LABEL_NAMES, TEXT_NAMES
from training.table.cells import names_of
from training.table.copies import ADDRESS
from training.table.labels import MIN_TEXTS, could_label

NEARLY_ALL = 0.98  # a column with one value in more rows than that says nothing

_IDENTIFIER_NAMES = re.compile(r"(?i)(.*[_ ])?(id|uuid|guid|index|key|url|link|date|time|timestamp)")


def choose_columns(table: Table, text: str | None, label: str | None, log: Log) -> tuple[int, int]:
    """The columns of texts and labels: those asked for, else those with a usual name, else the only ones that fit.

    Args:
        table: of all columns.
        text, label: names or 1-based numbers of the columns; None finds them.
        log: receives which were taken, and why others were not.

    Raises:
        InputError: a column is not there, none fits, or several do.
    """
    if len(table.columns) < 2 or len(table) < 2:
        found = f"{count(len(table), 'row')} of {count(len(table.columns), 'column')}"
        fix = "Give a file with a column of texts and a column of labels, separated by commas or tabs."
        raise InputError(Problem(found, f"a table with {MIN_TEXTS} texts and more for each of its labels", fix))
    chosen = {role: None if name is None else _asked(table, name) for role, name in (("text", text), ("label", label))}
    if chosen["text"] is not None and chosen["text"] == chosen["label"]:
        found = f"{table.title(chosen['text'])} for both texts and labels"
        raise InputError(Problem(found, "two different columns", f"Choose from {names_of(table)}."))
    useless = {column: why for column in range(len(table.columns)) if (why := _useless(table, column))}
    others = {column: useless.get(column) for column in range(len(table.columns)) if column not in chosen.values()}
    texts = chosen["text"] if chosen["text"] is not None else _find_texts(table, others)
    others.pop(texts, None)
    labels = chosen["label"] if chosen["label"] is not None else _find_labels(table, others)
    others.pop(labels, None)
    for column, why in others.items():
        if why:
            log.note(f"{_capital(table.title(column))} is not taken: {why}.")
    log.note(f"Texts from {table.title(texts)}, labels from {table.title(labels)}.")
    return texts, labels


def _asked(table: Table, name: str) -> int:
    lower = [other.lower() for other in table.names]
    column = table.find(name)
    if column is None and name.lower() in lower:
        column = lower.index(name.lower())
    if column is None:
        raise InputError(Problem(f"no column {quote(name)}", "one of the columns", f"Choose from {names_of(table)}."))
    return column


def _capital(text: str) -> str:
    return f"Column {text}" if text.startswith("“") else text[0].upper() + text[1:]


def _useless(table: Table, column: int) -> str | None:
    """Why a column can hold neither texts nor labels, or None."""
    cells = [cell.strip() for cell in table.columns[column] if cell.strip()]
    if not cells:
        return "it is empty"
    value, often = Counter(cells).most_common(1)[0]
    if often > NEARLY_ALL * len(cells):
        return f"it holds {quote(value)} in {often:,} of {count(len(cells), 'row')}"
    bare = sum(" " not in cell and any(map(str.isdigit, cell)) for cell in cells)
    addresses = sum(bool(ADDRESS.fullmatch(cell)) for cell in cells)
    if len(set(cells)) > NEARLY_ALL * len(cells) and max(bare, addresses) > 0.9 * len(cells):
        return "it holds another mark in every row, like an identifier"
    if _IDENTIFIER_NAMES.fullmatch(table.names[column]) and len(set(cells)) > 0.5 * len(cells):
        return "its name and values are those of an identifier"
    return None


def _find_texts(table: Table, others: Mapping[int, str | None]) -> int:
    """The column with a usual name, else the one with the longest cells.

    Args:
        table: of all columns.
        others: those that may be taken, with the reason for which one looks useless, if it does.

    Raises:
        InputError: none fits.
    """
    free = [column for column, why in others.items() if why is None]
    named = _named_like(table, TEXT_NAMES, free)
    worded = [
        column
        for column in free
        if sum(map(is_number, table.columns[column])) < 0.5 * len(table)
        and column not in _named_like(table, LABEL_NAMES, free)
    ]
    # short texts look like identifiers; what a column is called goes before that when nothing else is left
    spare = [column for column in _named_like(table, TEXT_NAMES, others) if _varies(table.columns[column])]
    if named or not worded:
        if named or spare:
            return (named or spare)[0]
        fix = f"Name the column of texts with --text-column; there are {names_of(table)}."
        raise InputError(Problem(f"no column that looks like texts{_told(table, others)}", "a column of texts", fix))
    return max(worded, key=lambda column: sum(map(len, table.columns[column])))


def _find_labels(table: Table, others: Mapping[int, str | None]) -> int:
    """The column with a usual name, else the only one with few different values.

    Args:
        table, others: as for the texts, without the column of those.

    Raises:
        InputError: none fits, or several do.
    """
    free = [column for column, why in others.items() if why is None]
    fitting = [column for column in free if could_label(table.columns[column])]
    named = _named_like(table, LABEL_NAMES, free)
    if named or len(fitting) == 1:
        return (named or fitting)[0]
    # one class may have nearly all rows; a column that is called so is taken for labels when nothing else is left
    spare = [column for column in _named_like(table, LABEL_NAMES, others) if _varies(table.columns[column])]
    if spare and not fitting:
        return spare[0]
    several = ", ".join(table.title(column) for column in fitting)
    found = (
        f"several columns that could be labels ({several})"
        if several
        else f"no column that looks like labels{_told(table, others)}"
    )
    fix = f"Name the column of labels with --label-column; there are {names_of(table)}."
    raise InputError(Problem(found, "one column of labels, with some rows for each of its values", fix))


def _named_like(table: Table, names: Sequence[str], columns: Iterable[int]) -> list[int]:
    """Those of the columns that are called so, in the order of the names."""
    lower, taken = [name.lower() for name in table.names], set(columns)
    return [lower.index(name) for name in names if name in lower and lower.index(name) in taken]


def _varies(cells: Sequence[str]) -> bool:
    return len({cell.strip() for cell in cells if cell.strip()}) > 1


def _told(table: Table, others: Mapping[int, str | None]) -> str:
    """Why no column was found, in brackets."""
    reasons = [
        f"{table.title(column)}: {why or f'{len(set(table.columns[column])):,} different values'}"
        for column, why in itertools.islice(others.items(), 5)
    ]
    return f" ({'; '.join(reasons)})" if reasons else ""
