"""The cells of a file, whatever kind of file it is: rows and columns, what those are called, where each row stands"""

from __future__ import annotations

import csv
import io
import itertools
import os
from collections import Counter
from pathlib import Path

from rnn_model.errors import InputError, Problem
from rnn_model.reading.decode import decode
from rnn_model.reading.log import Log, count, quote, refuse
from rnn_model.reading.separator import is_number
from rnn_model.reading.structured import read_json
from rnn_model.reading.table import Rows, Table, columns_of
from rnn_model.reading.texts import LABEL_NAMES, TEXT_NAMES
from rnn_model.reading.workbook import is_zip, read_workbook

MAX_BYTES = 200_000_000

_LONGEST_NAME = 40


def cells_of(source: os.PathLike[str] | bytes, filename: str | None, asked: set[str], log: Log) -> Table:
    """The cells of a file, its first row as names where it looks like names.

    Args:
        source: path or bytes of the file.
        filename: name of the file that bytes came from.
        asked: names of columns that a person asked for; a first row that holds one of them is a row of names.
        log: receives what was done to the file.

    Raises:
        InputError: the file cannot be opened, is too large, or is no table.
    """
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
        return _named(*_without_title(*read_workbook(source, log, numbers=False), log), asked)
    text = decode(source, log).lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    ending = os.path.splitext(filename or "")[1].lower()
    if ending in (".json", ".jsonl", ".ndjson") or (not ending and text.lstrip()[:1] in ("[", "{")):
        table = read_json(text, log, required=ending == ".json", numbers=False)
        if table is not None and len(table):
            return table if any(table.names) else _named(list(map(list, zip(*table.columns, strict=True))), [], asked)
    return _named(*_delimited(text, "\t" if ending in (".tsv", ".tab") else _delimiter(text)), asked)


def line_of(table: Table, row: int) -> int:
    """The line of the file that a row starts on, else its number, from 1."""
    return table.line(row) or row + 1


def name_of(table: Table, column: int) -> str:
    """What a column is called, else its number, from 1."""
    return table.names[column] or str(column + 1)


def names_of(table: Table) -> str:
    """All of them, in quotes, to choose from."""
    return ", ".join(quote(name_of(table, column)) for column in range(len(table.columns)))


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


def _without_title(rows: Rows, lines: list[int], log: Log) -> tuple[Rows, list[int]]:
    """The rows of a sheet below those at its top that hold a single cell, where most hold several."""
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    if not rows or Counter(filled).most_common(1)[0][0] < 2:
        return rows, lines
    first = next(number for number, cells in enumerate(filled) if cells > 1)
    for row, line in zip(rows[:first], lines, strict=False):
        title = next((cell.strip() for cell in row if cell.strip()), "")
        if title:
            log.note(f"Row {line} of the sheet, {quote(title)}, is its title.")
    return rows[first:], lines[first:]


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
