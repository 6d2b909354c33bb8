"""`read_texts`: what a person pasted or uploaded to be classified; `texts_in_parts`: the same of a file of any size."""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

from rnn_model.errors import InputError, Problem
from rnn_model.reading.decode import decode, decoded_lines, valid
from rnn_model.reading.limits import HEAD_BYTES, MAX_FILE_BYTES, MAX_TEXT_LENGTH, MAX_TEXTS
from rnn_model.reading.log import Log, count, quote
from rnn_model.reading.read import check_size, load_file
from rnn_model.reading.separator import is_number
from rnn_model.reading.structured import read_json
from rnn_model.reading.table import Rows, in_parts
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
        notes: what was done to the input, in words, with counts.
        alternatives: other columns; pass the choice after "column=" as `column`.
    """

    texts: tuple[str, ...]
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
    if isinstance(source, str):
        parts = iter([[source] if source.strip() else []])
    elif isinstance(source, bytes | bytearray | memoryview):
        parts = _of_file(check_size(bytes(source)), io.BytesIO(), str(filename or ""), column, log)
    elif isinstance(source, list | tuple):
        wrong = [item for item in source if not isinstance(item, str)]
        if wrong:
            found = f"a {type(wrong[0]).__name__} among the texts"
            raise InputError(Problem(found, "texts only", "Turn every item into a str."))
        parts = iter([list(source)])
    else:
        raise InputError(Problem(type(source).__name__, "text, a list of texts, bytes or a path", "Pass one of these."))
    texts = [text for part in _cut(parts, log) for text in part]
    if len(texts) > MAX_TEXTS:
        fix = "Classify them in parts, or with python -m rnn_model classify."
        raise InputError(Problem(count(len(texts), "text"), f"at most {MAX_TEXTS:,} texts at a time", fix))
    return TextReading(tuple(texts), tuple(log.notes), log.alternatives)


def texts_in_parts(file: BinaryIO, log: Log, *, filename: str = "", column: str | None = None) -> Iterator[list[str]]:
    """The texts of a file, some at a time, as `read_texts` finds them: what the first part says of encoding, kind and
    column holds for the rest.

    One part is in memory at a time, whatever the size of a CSV, TSV or TXT file; JSON and XLSX are read whole, up to
    MAX_FILE_BYTES.

    Args:
        file: opened for reading bytes.
        log: what was decided stands there with the first part, counts of all parts with the last one.
        filename, column: as for `read_texts`.

    Raises:
        InputError: as for `read_texts`, but any number of texts will do.
    """
    yield from _cut(_of_file(file.read(HEAD_BYTES), file, filename, column, log), log)


def _cut(parts: Iterable[list[str]], log: Log) -> Iterator[list[str]]:
    found: Counter[str] = Counter()
    for part in parts:
        clean = [valid(text) for text in part]
        found["texts"] += len(part)
        found["invalid"] += sum(a != b for a, b in zip(part, clean, strict=True))
        found["unreadable"] += sum("\ufffd" in text for text in clean)
        found["long"] += sum(len(text) > MAX_TEXT_LENGTH for text in clean)
        if part:
            yield [text[:MAX_TEXT_LENGTH] for text in clean]
    if found["invalid"]:
        log.note(f"{count(found['invalid'], 'text')} with characters that are not valid Unicode, replaced by “?”.")
    if found["unreadable"]:
        log.note(
            f"{count(found['unreadable'], 'text')} with bytes that do not fit the file's encoding, shown as “\ufffd”."
        )
    if found["long"]:
        log.note(f"{count(found['long'], 'text')} cut at {MAX_TEXT_LENGTH:,} characters.")
    if not found["texts"]:
        log.note("No text yet. Write or paste a sentence, or upload a file with one text a line or in a column.")


def _of_file(head: bytes, rest: BinaryIO, filename: str, column: str | None, log: Log) -> Iterator[list[str]]:
    ending = os.path.splitext(filename)[1].lower()
    if is_zip(head):
        rows, _ = read_workbook(_whole(head, rest), log)
        yield from _of_rows(iter(rows), column, log)
        return
    if ending in (".json", ".jsonl") or (not ending and head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{")):
        head = _whole(head, rest)
        table = read_json(decode(head, log).lstrip("\ufeff"), log, required=ending == ".json", numbers=False)
        if table is not None:
            yield from _of_rows(iter([table.names, *map(list, zip(*table.columns, strict=True))]), column, log)
            return
    lines = decoded_lines(head, rest, log)
    first = next(lines, "").lstrip("\ufeff")
    delimiter = {".csv": _delimiter(first), ".tsv": "\t", ".tab": "\t"}.get(ending)
    if delimiter is None and column is not None:
        delimiter = _delimiter(first)
    if delimiter is not None:
        yield from _of_rows(_csv_rows(chain([first], lines), delimiter), column, log)
        return
    number = 0
    for part in in_parts([line.strip()] for line in chain([first], lines)):
        texts = [text for (text,) in part if text]
        number += len(texts)
        yield texts
    if number:
        log.note(f"{count(number, 'text')}, one a line.")


def _whole(head: bytes, rest: BinaryIO) -> bytes:
    return check_size(head + rest.read(MAX_FILE_BYTES + 1))


def _csv_rows(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield row
    except csv.Error as error:
        fix = "Save the file again as CSV with quoted texts."
        raise InputError(Problem(f"a file that is no CSV ({error})", "rows of cells", fix, reader.line_num)) from error


def _delimiter(line: str) -> str:
    head = re.sub(r'"(?:[^"]|"")*"', "", line)
    return max(",;\t", key=lambda mark: (head.count(mark), mark == ","))


def _of_rows(rows: Iterator[list[str]], column: str | None, log: Log) -> Iterator[list[str]]:
    """The texts of the column that the first part decides on."""
    parts = in_parts(rows)
    first = next(parts)
    width = max(map(len, first), default=0)
    if not width:
        return
    header, number = _column(first, width, column, log)
    total = empty = 0
    for part in chain([first[header:]], parts):
        texts = [text for row in part if number < len(row) and (text := row[number].strip())]
        total += len(texts)
        empty += len(part) - len(texts)
        yield texts
    log.note(f"{count(total, 'text')}.")
    if empty:
        log.note(f"{count(empty, 'empty cell')} left out.")


def _column(rows: Rows, width: int, column: str | None, log: Log) -> tuple[int, int]:
    """Rows of the header (0 or 1), and index of the column of texts: the one asked for, else one called "text" or
    alike, else the one with the longest texts."""
    first = [cell.strip() for cell in rows[0]] + [""] * (width - len(rows[0]))
    known = {name.lower() for name in first} & {*TEXT_NAMES, *LABEL_NAMES}
    short = all(name and len(name) <= 40 and not is_number(name) for name in first)
    header = len(rows) > 1 and short and (bool(known) or width > 1 or (column is not None and column in first))
    names = first if header else [""] * width
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
            number = max(range(width), key=lambda i: sum(len(row[i]) for row in rows[header:] if i < len(row)))
    for other in range(width):
        if other != number:
            log.offer(f"use column {quote(names[other] or str(other + 1))}", f"column={names[other] or other + 1}")
    log.note(f"The texts are those of column {quote(names[number] or str(number + 1))}.")
    return int(header), number
