"""`read_texts`: what a person pasted or uploaded to be classified."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rnn_model.errors import InputError, Problem
from rnn_model.reading.decode import decode, valid
from rnn_model.reading.limits import MAX_CHARACTERS, MAX_TEXT_LENGTH, MAX_TEXTS
from rnn_model.reading.log import Log, count, quote
from rnn_model.reading.read import check_size, load_file
from rnn_model.reading.separator import is_number
from rnn_model.reading.structured import read_json
from rnn_model.reading.table import Rows, columns_of
from rnn_model.reading.workbook import is_zip, read_workbook
from rnn_model.records import Alternative

TEXT_NAMES = (
    "text",
    "texts",
    "sentence",
    "message",
    "content",
    "body",
    "comment",
    "review",
    "document",
    "input",
    "title",
)
LABEL_NAMES = ("label", "labels", "class", "category", "target", "language", "lang", "tag")


@dataclass(frozen=True)
class TextReading:
    """Texts to classify, and how they were found.

    Attributes:
        texts: the texts in the order of the input, Unicode as it came; empty when the input holds none.
        column: name of the column of a file that they come from, or "".
        labels: the label of each text where a file has a column of labels, else empty.
        notes: what was done to the input, in words, with counts.
        alternatives: other columns; pass the choice after "column=" as `column`.
    """

    texts: tuple[str, ...]
    column: str = ""
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()


def read_texts(source: Any, *, filename: str | None = None, column: str | None = None) -> TextReading:
    """Texts to classify.

    Args:
        source: a str is one text, line breaks and all; a list or tuple of str are many; bytes or an `os.PathLike` are
            a file: TXT (one text a line), CSV, TSV, JSON or XLSX (a column).
        filename: name of the file that bytes came from; its ending tells CSV from text.
        column: name or 1-based number of the column of a file.

    Returns:
        A TextReading; longer texts are cut at MAX_TEXT_LENGTH characters, with a note.

    Raises:
        InputError: the file cannot be read, the column does not exist, or there are more than MAX_TEXTS texts.
    """
    log = Log()
    if isinstance(source, os.PathLike):
        source, filename = load_file(source), os.fspath(source)
    labels: tuple[str, ...] = ()
    name = ""
    if isinstance(source, str):
        texts = [source] if source.strip() else []
    elif isinstance(source, bytes | bytearray | memoryview):
        texts, name, labels = _from_file(check_size(bytes(source)), str(filename or ""), column, log)
    elif isinstance(source, list | tuple):
        wrong = [item for item in source if not isinstance(item, str)]
        if wrong:
            found = f"a {type(wrong[0]).__name__} among the texts"
            raise InputError(Problem(found, "texts only", "Turn every item into a str."))
        texts = list(source)
    else:
        raise InputError(Problem(type(source).__name__, "text, a list of texts, bytes or a path", "Pass one of these."))
    if len(texts) > MAX_TEXTS:
        fix = "Classify them in parts."
        raise InputError(Problem(count(len(texts), "text"), f"at most {MAX_TEXTS:,} texts at a time", fix))
    if not texts:
        log.note("No text yet. Write or paste a sentence, or upload a file with one text a line or in a column.")
    return TextReading(tuple(_cut(texts, log)), name, labels, tuple(log.notes), log.alternatives)


def _cut(texts: Sequence[str], log: Log) -> list[str]:
    clean = [valid(text) for text in texts]
    changed = sum(a != b for a, b in zip(texts, clean, strict=True))
    if changed:
        log.note(f"{count(changed, 'text')} with characters that are not valid Unicode, replaced by “?”.")
    long = sum(len(text) > MAX_TEXT_LENGTH for text in clean)
    if long:
        log.note(f"{count(long, 'text')} cut at {MAX_TEXT_LENGTH:,} characters.")
    return [text[:MAX_TEXT_LENGTH] for text in clean]


def _from_file(data: bytes, filename: str, column: str | None, log: Log) -> tuple[list[str], str, tuple[str, ...]]:
    ending = os.path.splitext(filename)[1].lower()
    if is_zip(data):
        rows, _ = read_workbook(data, log)
        return _from_rows(rows, column, log)
    text = decode(data, log).replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    if len(text) > MAX_CHARACTERS:
        fix = "Classify it in parts."
        raise InputError(Problem(count(len(text), "character"), f"at most {MAX_CHARACTERS:,}", fix))
    if ending in (".json", ".jsonl") or (not ending and text.lstrip()[:1] in ("[", "{")):
        table = read_json(text, log, required=ending == ".json", numbers=False)
        if table is not None:
            return _from_rows([table.names, *map(list, zip(*table.columns, strict=True))], column, log)
    delimiter = {".csv": _delimiter(text), ".tsv": "\t", ".tab": "\t"}.get(ending)
    if delimiter is None and column is not None:
        delimiter = _delimiter(text)
    if delimiter is None:
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        if lines:
            log.note(f"{count(len(lines), 'text')}, one a line.")
        return lines, "", ()
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        fix = "Save the file again as CSV with quoted texts."
        raise InputError(Problem(f"a file that is no CSV ({error})", "rows of cells", fix)) from error
    return _from_rows(rows, column, log)


def _delimiter(text: str) -> str:
    head = re.sub(r'"(?:[^"]|"")*"', "", text.split("\n", 1)[0])
    return max(",;\t", key=lambda mark: (head.count(mark), mark == ","))


def _from_rows(rows: Rows, column: str | None, log: Log) -> tuple[list[str], str, tuple[str, ...]]:
    """The column of texts: the one asked for, else one called "text" or alike, else the one with the longest texts."""
    width = max(map(len, rows), default=0)
    if not width:
        return [], "", ()
    columns = columns_of(rows, width)
    first = [cells[0].strip() for cells in columns]
    known = {name.lower() for name in first} & {*TEXT_NAMES, *LABEL_NAMES}
    short = all(name and len(name) <= 40 and not is_number(name) for name in first)
    header = len(rows) > 1 and short and (bool(known) or width > 1 or (column is not None and column in first))
    names = first if header else [""] * width
    bodies = [cells[1:] if header else cells for cells in columns]
    lower = [name.lower() for name in names]
    if column is not None:
        number = (
            names.index(column) if column in names else lower.index(column.lower()) if column.lower() in lower else -1
        )
        if number < 0 and column.isdecimal() and len(column) < 7 and 1 <= int(column) <= width:
            number = int(column) - 1
        if number < 0:
            raise InputError(
                Problem(f"no column {quote(column)}", "one of its columns", f"Use one of: {', '.join(names) or width}.")
            )
    else:
        number = next((lower.index(name) for name in TEXT_NAMES if name in lower), -1)
        if number < 0:
            number = max(range(width), key=lambda i: sum(map(len, bodies[i])))
    label = next((lower.index(name) for name in LABEL_NAMES if name in lower and lower.index(name) != number), None)
    kept = [row for row, text in enumerate(bodies[number]) if text.strip()]
    texts = [bodies[number][row].strip() for row in kept]
    title = names[number] or str(number + 1)
    log.note(f"{count(len(texts), 'text')} of column {quote(title)}.")
    empty = len(bodies[number]) - len(texts)
    if empty:
        log.note(f"{count(empty, 'empty cell')} left out.")
    for other in range(width):
        if other != number:
            log.offer(f"use column {quote(names[other] or str(other + 1))}", f"column={names[other] or other + 1}")
    return texts, title, tuple(bodies[label][row] for row in kept) if label is not None else ()
