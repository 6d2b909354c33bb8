"""A person's own table: texts with labels or series of numbers, read, checked, hashed and split once and for all.

A split depends on the seed and on the texts alone, not on their order: the rows of a class are put in the order of
a hash, so that rows added later leave the others where they were.  Texts that are the same but for case, blanks and
punctuation go to one side together.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rnn_model import read, seasonality
from rnn_model.errors import InputError, Problem
from rnn_model.reading.decode import decode
from rnn_model.reading.log import Log, count, quote, refuse
from rnn_model.reading.separator import is_number
from rnn_model.reading.structured import read_json
from rnn_model.reading.table import Rows, Table, columns_of
from rnn_model.reading.texts import LABEL_NAMES, TEXT_NAMES
from rnn_model.reading.workbook import is_zip, read_workbook
from rnn_model.records import Series
from training.benchmarks import USUAL_HORIZONS, BenchmarkSet, cut_series

MAX_BYTES = 200_000_000
MAX_CLASSES = 1000
MIN_TEXTS = 5  # different texts of a class, so that each part of a split can have one
NEARLY_ALL = 0.98  # a column with one value in more rows than that says nothing
UNLABELLED = {"", "nan", "null", "n/a", "#n/a"}  # not "none" or "na", which can be classes

_LONGEST_NAME = 40
_SHORTEST_HISTORY = 4
_SHINGLE = 5  # words
_ALIKE = 0.6  # share of a text's shingles that stand in the training texts, above which it is nearly a copy
_SHORTEST_ALIKE = 8  # words, below which sharing some says little
_IDENTIFIER_NAMES = re.compile(r"(?i)(.*[_ ])?(id|uuid|guid|index|key|url|link|date|time|timestamp)")
_ADDRESS = re.compile(r"https?://\S+")


@dataclass(frozen=True)
class TextTable:
    """Texts with their labels, N of each, in the order of the file.

    Attributes:
        texts: as they stand in the file, stripped; none is empty.
        labels: the class of each text, as an index into `classes`.
        classes: names of the C classes in alphabetical order.
        lines: where each text stands: the line of a file, the row of a sheet, the number of a JSON record.
        columns: names (or numbers) of the column of texts and of that of labels.
        unlabelled: rows left out because they have a text and no label.
        sha256: of the texts and labels, whatever kind of file they came in.
        notes: what was done to the table, in words, with counts.
    """

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    classes: tuple[str, ...]
    lines: tuple[int, ...]
    columns: tuple[str, str]
    unlabelled: int
    sha256: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)


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


@dataclass(frozen=True)
class SeriesTable:
    """Series of a file with two tails held out: the last steps for the final test, those before to stop training by.

    Attributes:
        series: as `rnn_model.read` found them.
        train: the series without both tails.
        valid: histories without both tails, and the tail that follows them; a set for each season.
        test: histories without the last tail, and that tail; a set for each season.
        horizon: steps K in each tail.
        source: what the file is called.
        sha256: of names, times and values, whatever kind of file they came in.
        notes: how the file was read and cut, in words.
    """

    series: tuple[Series, ...]
    train: tuple[Series, ...]
    valid: tuple[BenchmarkSet, ...]
    test: tuple[BenchmarkSet, ...]
    horizon: int
    source: str
    sha256: str
    notes: tuple[str, ...] = ()


def read_text_table(
    source: os.PathLike[str] | bytes,
    *,
    filename: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
) -> TextTable:
    """The texts and labels of a CSV, TSV, XLSX or JSON file.

    Args:
        source: path or bytes of the file.
        filename: name of the file that bytes came from.
        text_column: name or 1-based number of the column of texts; None finds it.
        label_column: the same of the column of labels.

    Returns:
        A TextTable; labels that differ in case alone are one class, classes of fewer than MIN_TEXTS different texts
        are left out; both are noted.

    Raises:
        InputError: the file cannot be read, a column is not there or cannot be told, or fewer than two classes remain.
    """
    log = Log()
    table = _table(source, filename, {*filter(None, (text_column, label_column))}, log)
    text, label = _choose_columns(table, text_column, label_column, log)
    texts = [cell.strip() for cell in table.columns[text]]
    labels = _labels(table.columns[label], log)
    _check_labels(labels, table, label)
    empty = sum(not one for one in texts)
    if empty:
        log.note(f"{count(empty, 'row')} without a text left out.")
    unlabelled = [row for row, one in enumerate(texts) if one and not labels[row]]
    if unlabelled:
        where = ", ".join(str(_line(table, row)) for row in unlabelled[:3]) + (", …" if len(unlabelled) > 3 else "")
        log.note(f"{count(len(unlabelled), 'row')} without a label left out (line {where}).")
    kept = [row for row, one in enumerate(texts) if one and labels[row]]
    kept = _without_rare_classes(kept, texts, labels, table.title(label), log)
    classes = tuple(sorted({labels[row] for row in kept}))
    pairs = [(texts[row], labels[row]) for row in kept]
    sizes = Counter(label for _, label in pairs)
    shown = ", ".join(f"{quote(name)} {size:,}" for name, size in sizes.most_common(12))
    more = ", …" if len(classes) > 12 else ""
    log.note(f"{count(len(pairs), 'text')} of {count(len(classes), 'class', 'classes')}: {shown}{more}.")
    return TextTable(
        texts=tuple(text for text, _ in pairs),
        labels=tuple(classes.index(label) for _, label in pairs),
        classes=classes,
        lines=tuple(_line(table, row) for row in kept),
        columns=(_name(table, text), _name(table, label)),
        unlabelled=len(unlabelled),
        sha256=_sha256((" ".join(text.split()), label) for text, label in pairs),
        notes=tuple(log.notes),
    )


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
        for rows in members:
            part = next((name for name in room if len(rows) <= room[name]), "train")
            parts[part] += rows
            if part != "train":
                room[part] -= len(rows)
    return _split(table, parts["train"], parts["valid"], parts["test"], seed)


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
    notes = [
        f"Split by seed {seed} into {len(train):,} rows to train on, {len(valid):,} to choose by and "
        f"{len(test):,} to test on, each class in the same shares."
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


def same_text(text: str) -> str:
    """What is left of a text without case, punctuation, blanks and web addresses; texts with equal rests are copies."""
    plain = unicodedata.normalize("NFKC", _ADDRESS.sub(" ", text)).casefold()
    return " ".join(re.findall(r"\w+", plain)) or text


def leaking(texts: Sequence[str], train: Collection[int], held_out: Collection[int]) -> tuple[int, ...]:
    """The held-out rows whose text stands, wholly or for the most part, in the training rows.

    A text is nearly a copy when more than _ALIKE of its runs of five words stand in the training texts.
    """
    whole = {same_text(texts[row]) for row in train}
    runs = {run for text in whole for run in _runs(text)}
    found = []
    for row in held_out:
        text = same_text(texts[row])
        own = list(_runs(text)) if len(text.split()) >= _SHORTEST_ALIKE else []
        if text in whole or (own and sum(run in runs for run in own) > _ALIKE * len(own)):
            found.append(row)
    return tuple(found)


def read_series_table(
    source: os.PathLike[str] | bytes,
    season: int | None = None,
    horizon: int | None = None,
    *,
    filename: str | None = None,
) -> SeriesTable:
    """The series of a file that `rnn_model.read` understands, with two tails held out of each.

    Args:
        source: path or bytes of the file.
        season: steps in the season; None takes what the dates suggest, else what the values show.
        horizon: steps K in each tail; None takes the usual number for the season, at most a fifth of a usual series.
        filename: name of the file that bytes came from.

    Returns:
        A SeriesTable; series too short for two tails and something before them are left out, with a note.

    Raises:
        InputError: the file cannot be read, holds no numbers, or every series is too short.
    """
    for what, steps in (("season", season), ("horizon", horizon)):
        if steps is not None and steps < 1:
            raise InputError(
                Problem(f"a {what} of {steps}", "at least one step", f"Leave the {what} out to have it found.")
            )
    reading = read(source, filename=filename)
    name = filename or (Path(source).name if isinstance(source, os.PathLike) else "the table")
    found = tuple(replace(one, season=season or one.season or _season(one)) for one in reading.series)
    if not found:
        fix = "Give a file with a column of numbers."
        raise InputError(Problem(f"no numbers in {quote(name)}", "at least one series", fix))
    changing = tuple(one for one in found if len(set(one.values[np.isfinite(one.values)])) > 1)
    if not changing:
        fix = "Give one that does; to forecast the others, repeat their value."
        raise InputError(Problem(_listed(found, "without any change"), "a series that changes", fix))
    still = tuple(one for one in found if one not in changing)
    found = changing
    if horizon is None:
        commonest = Counter(one.season or 1 for one in found).most_common(1)[0][0]
        usual = USUAL_HORIZONS.get(commonest, 2 * commonest)
        horizon = max(1, min(usual, sorted(map(len, found))[len(found) // 2] // 5))
    series = tuple(one for one in found if _long_enough(one, horizon))
    if not series:
        least = 2 * horizon + max(horizon, _SHORTEST_HISTORY)
        fix = "Give longer series or a smaller --horizon."
        held_out = f"of which two tails of {count(horizon, 'step')} are held out"
        raise InputError(
            Problem(f"{max(map(len, found)):,} values in the longest series", f"at least {least} {held_out}", fix)
        )
    shorter = tuple(_without_tail(one, horizon) for one in series)
    content = ([one.name, [str(t) for t in _times(one)], [repr(float(v)) for v in one.values]] for one in series)
    notes = [
        *(note for note in reading.notes if note not in reading.selection),  # all of them are used
        f"{count(len(series), 'series', 'series')}; of each the last {count(horizon, 'step')} are the test, and as "
        "many before them choose when to stop.",
    ]
    short = tuple(one for one in found if one not in series)
    notes += [
        f"Left out: {_listed(group, why)}."
        for group, why in ((short, "too short for that"), (still, "without any change"))
        if group
    ]
    return SeriesTable(
        series=series,
        train=tuple(_without_tail(one, horizon) for one in shorter),
        valid=cut_series(name, shorter, horizon=horizon),
        test=cut_series(name, series, horizon=horizon),
        horizon=horizon,
        source=name,
        sha256=_sha256(content),
        notes=tuple(notes),
    )


def _listed(group: Sequence[Series], why: str) -> str:
    """How many series, why, and what the first of them are called."""
    names = [quote(one.name) for one in group if one.name]
    more = ", …" if len(names) > 3 else ""
    return f"{count(len(group), 'series', 'series')} {why}" + (f" ({', '.join(names[:3])}{more})" if names else "")


def _season(series: Series) -> int:
    """The season in what is certain to stand before both tails."""
    return seasonality.detect(series.values[: 3 * len(series) // 5])


def _long_enough(series: Series, horizon: int) -> bool:
    """Something is known in both tails, and enough before them to learn from."""
    history, valid, test = np.split(np.isfinite(series.values), [-2 * horizon, -horizon])
    return bool(history.sum() >= max(horizon, _SHORTEST_HISTORY) and valid.any() and test.any())


def _times(series: Series) -> Iterator[object]:
    return iter(()) if series.times is None else iter(series.times)


def _without_tail(series: Series, steps: int) -> Series:
    times = None if series.times is None else series.times[:-steps]
    return replace(series, values=series.values[:-steps], times=times)


def _runs(text: str) -> Iterator[int]:
    words = text.split()
    return (hash(tuple(words[start : start + _SHINGLE])) for start in range(len(words) - _SHINGLE + 1))


def _sha256(items: Iterable[Sequence[object]]) -> str:
    digest = hashlib.sha256()
    for item in items:
        digest.update(json.dumps(item, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def _table(source: os.PathLike[str] | bytes, filename: str | None, asked: set[str], log: Log) -> Table:
    """The cells of a file, its first row as names where it looks like names."""
    if isinstance(source, os.PathLike):
        filename = os.fspath(source)
        try:
            source = Path(source).read_bytes()
        except OSError as error:
            found = f"{quote(filename, 200)} ({error.strerror or 'it cannot be opened'})"
            raise InputError(Problem(found, "a file that can be read", "Check the path.")) from error
    if len(source) > MAX_BYTES:
        fix = "Leave out the columns that are not needed."
        raise InputError(Problem(f"a file of {len(source) / 1e6:.0f} MB", f"at most {MAX_BYTES // 10**6} MB", fix))
    if is_zip(source):
        return _named(*read_workbook(source, log, numbers=False), asked)
    text = decode(source, log).lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    ending = os.path.splitext(filename or "")[1].lower()
    if ending in (".json", ".jsonl", ".ndjson") or (not ending and text.lstrip()[:1] in ("[", "{")):
        table = read_json(text, log, required=ending == ".json", numbers=False)
        if table is not None and len(table):
            return table if any(table.names) else _named(list(map(list, zip(*table.columns, strict=True))), [], asked)
    return _named(*_delimited(text, "\t" if ending in (".tsv", ".tab") else _delimiter(text)), asked)


def _delimiter(text: str) -> str:
    """The mark that cuts the first rows into the most equal number of cells."""
    head = list(itertools.islice(io.StringIO(text), 200))

    def regularity(mark: str) -> tuple[float, int]:
        try:
            widths = Counter(len(row) for row in csv.reader(head, delimiter=mark) if row)
        except csv.Error:
            return 0.0, 0
        width, rows = widths.most_common(1)[0] if widths else (1, 0)
        return (rows / widths.total(), width) if width > 1 else (0.0, 0)

    return max(",;\t|", key=regularity)


def _delimited(text: str, delimiter: str) -> tuple[Rows, list[int]]:
    """Rows of cells and the line each starts on.

    Raises:
        InputError: a quotation mark is not closed or stands inside a cell, or a row has more cells than the others.
    """
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    rows, lines, start = [], [], 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(start)
            start = reader.line_num + 1
    except csv.Error as error:
        fix = "Close the quotation mark of that row and double those inside a text, or save the table as XLSX."
        raise InputError(Problem(f"a row that is no CSV ({error})", "cells in closed quotes", fix, start)) from error
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    if rows and len(rows[0]) < width and any(cell.strip() for row in rows for cell in row[len(rows[0]) :]):
        fix = (
            "Give every column a name there, put texts that hold the separator in double quotes, or save the table as "
            "XLSX."
        )
        found = f"a first row of {count(len(rows[0]), 'cell')}: {quote(delimiter.join(rows[0]))}"
        raise InputError(Problem(found, f"{count(width, 'cell')} as in most rows", fix, lines[0]))
    width = len(rows[0]) if rows else 0
    rows = [row[:width] if not any(cell.strip() for cell in row[width:]) else row for row in rows]
    longer = [(row, line) for row, line in zip(rows, lines, strict=True) if len(row) > width]
    if longer:
        raise refuse(
            Problem(
                f"{count(len(row), 'cell')}: {quote(delimiter.join(row))}",
                count(width, "cell"),
                "Put a text that holds the separator in double quotes, or save the table as XLSX.",
                line,
            )
            for row, line in longer
        )
    return rows, lines


def _named(rows: Rows, lines: list[int], asked: set[str]) -> Table:
    """Rows as a table; the first one gives the names if it is unlike the rows below it."""
    if not rows:
        return Table([], [])
    columns = columns_of(rows, max(map(len, rows)))
    first = [cells[0].strip() for cells in columns]
    usable = len(set(first)) == len(first) and all(
        cell and len(cell) <= _LONGEST_NAME and not is_number(cell) for cell in first
    )
    known = {name.lower() for name in first} & {*TEXT_NAMES, *LABEL_NAMES} or asked & set(first)
    recurs = any(cells[0] in cells[1:] for cells in columns)
    if len(rows) > 1 and usable and (known or not recurs):
        return Table([cells[1:] for cells in columns], first, lines[1:])
    return Table(columns, [""] * len(columns), lines)


def _line(table: Table, row: int) -> int:
    return table.line(row) or row + 1


def _name(table: Table, column: int) -> str:
    return table.names[column] or str(column + 1)


def _choose_columns(table: Table, text: str | None, label: str | None, log: Log) -> tuple[int, int]:
    """The columns of texts and labels: those asked for, else those with a usual name, else the only ones that fit."""
    if len(table.columns) < 2 or len(table) < 2:
        found = f"{count(len(table), 'row')} of {count(len(table.columns), 'column')}"
        fix = "Give a file with a column of texts and a column of labels, separated by commas or tabs."
        raise InputError(Problem(found, f"a table with {MIN_TEXTS} texts and more for each of its labels", fix))
    chosen = {role: None if name is None else _asked(table, name) for role, name in (("text", text), ("label", label))}
    if chosen["text"] is not None and chosen["text"] == chosen["label"]:
        found = f"{table.title(chosen['text'])} for both texts and labels"
        raise InputError(Problem(found, "two different columns", f"Choose from {_names(table)}."))
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
        raise InputError(Problem(f"no column {quote(name)}", "one of the columns", f"Choose from {_names(table)}."))
    return column


def _names(table: Table) -> str:
    return ", ".join(quote(_name(table, column)) for column in range(len(table.columns)))


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
    addresses = sum(bool(_ADDRESS.fullmatch(cell)) for cell in cells)
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
        fix = f"Name the column of texts with --text-column; there are {_names(table)}."
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
    fitting = [column for column in free if _could_label(table.columns[column])]
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
    fix = f"Name the column of labels with --label-column; there are {_names(table)}."
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


def _could_label(cells: Sequence[str]) -> bool:
    """Two or more different values, each in several rows on average."""
    present = [cell.strip() for cell in cells if cell.strip().lower() not in UNLABELLED]
    different = len(set(present))
    return 2 <= different <= min(MAX_CLASSES, len(present) / 3)


def _labels(cells: Sequence[str], log: Log) -> list[str]:
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


def _check_labels(labels: Sequence[str], table: Table, column: int) -> None:
    """Raises if the column cannot hold classes, with the first row that shows it."""
    present = [label for label in labels if label]
    different = set(present)
    fractions = [row for row, label in enumerate(labels) if re.fullmatch(r"[+-]?\d+[.,]\d+", label)]
    fix = f"Name the column of labels with --label-column; there are {_names(table)}."
    if fractions and len(different) > 20:
        row = fractions[0]
        raise InputError(
            Problem(
                f"the number {labels[row]} in {table.title(column)}, one of {len(different):,} different ones",
                "names of classes",
                f"Turn the numbers into a few classes, such as low and high. {fix}",
                _line(table, row),
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
                _line(table, row),
                column + 1,
            )
        )


def _without_rare_classes(
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
