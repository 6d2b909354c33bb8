"""Long tables of any size, a row for each series and time: some series at a time, read as the head of the file was."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import BinaryIO

from rnn_model.errors import InputError, Problem
from rnn_model.reading.decode import clean, decoded_lines
from rnn_model.reading.groups import columns_named
from rnn_model.reading.layout import DELIMITERS, check_widths
from rnn_model.reading.log import Log, quote
from rnn_model.reading.read import read_table, table_of
from rnn_model.reading.table import PART, Rows, Table, columns_of
from rnn_model.reading.workbook import is_zip
from rnn_model.records import Reading, Series

_OF_ROWS = ("times", "column", "group", "dates", "decimal")  # choices that every part settles anew


@dataclass(frozen=True)
class LongTable:
    """How the head of a long table was read.

    Attributes:
        reading: of the head, for what was understood; its last series may be cut.
        names: of the columns.
        delimiter: between the cells.
        groups: indices of the columns that name the series of a row.
        settled: kind -> value of the choices that lead to this reading, the given ones among them.
    """

    reading: Reading
    names: list[str]
    delimiter: str
    groups: tuple[int, ...]
    settled: dict[str, str]


def long_table(head: bytes, choices: Sequence[str] = ()) -> LongTable | None:
    """How to read a file that is too large to be held and begins with `head`.

    Returns:
        None unless it is delimited text with one line of names and, below it, several series one after the other.

    Raises:
        InputError: the head cannot be read.
    """
    if is_zip(head):
        return None
    log = Log(choices)
    *lines, _ = ["", *decoded_lines(head, io.BytesIO(), log)]  # the last line may be cut
    table = table_of("\n".join(lines[1:]), None, log)
    reading = read_table(table, log) if len(table) else Reading(())
    delimiter = DELIMITERS.get(log.settled.get("split", ""))
    if delimiter is None or "group" not in log.settled:
        return None
    _, *rows = (row for _, row in _rows(lines[1:], delimiter))
    groups = tuple(columns_named(table, log.settled["group"]))
    runs = [key for key, _ in groupby(zip(*(table.columns[number] for number in groups), strict=True))]
    if columns_of(rows, len(table.names)) != table.columns or len(set(runs)) < len(runs):
        return None
    given = dict(choice.split("=", 1) for choice in choices)
    return LongTable(reading, table.names, delimiter, groups, given | log.settled)


def series_in_parts(table: LongTable, head: bytes, rest: BinaryIO) -> Iterator[tuple[Series, ...]]:
    """The series of the whole file, in its order; those of about PART characters are in memory at a time.

    Args:
        table: from `long_table`.
        head: what it was told.
        rest: all that follows.

    Raises:
        InputError: a row cannot be read, or not in the way of those before it; the rows of a series stand apart.
    """
    rows = _rows(decoded_lines(head, rest, Log()), table.delimiter)
    next(rows)
    choices = dict(table.settled)
    ended: set[int] = set()  # of a series that is done with only a number is kept
    part: Rows = []
    lines: list[int] = []
    held = 0
    name: list[str] | None = None
    for line, row in rows:
        before, name = name, [row[number] for number in table.groups if number < len(row)]
        if name != before:
            if held >= PART:
                yield _read(table, part, lines, choices)
                part, lines, held = [], [], 0
            if hash(tuple(name)) in ended:
                fix = f"Sort the table by {' and '.join(quote(table.names[number]) for number in table.groups)}."
                found = f"{quote(' / '.join(name))} again"
                raise InputError(Problem(found, "all rows of a series one after the other", fix, line))
            ended.add(hash(tuple(name)))
        part.append(row)
        lines.append(line)
        held += sum(map(len, row)) + len(row)
    yield _read(table, part, lines, choices)


def _rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Cells of every row that is not blank, stripped, and the line it ends on."""
    reader = csv.reader((f"{clean(line, Log())}\n" for line in lines), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            if cells := [cell.strip() for cell in row]:
                yield reader.line_num, cells
    except csv.Error as error:
        fix = "Close the quotation mark, or leave it out."
        raise InputError(Problem(f"a row that is no CSV ({error})", "a row of cells", fix, reader.line_num)) from error


def _read(table: LongTable, rows: Rows, lines: list[int], choices: dict[str, str]) -> tuple[Series, ...]:
    """The series of some rows; what they settle for the first time is added to `choices`."""
    log = Log([f"{kind}={value}" for kind, value in choices.items()])
    check_widths(rows, lines, len(table.names), log)
    series = read_table(Table(columns_of(rows, len(table.names)), table.names, lines), log).series
    for kind, value in choices.items():
        found = log.settled.get(kind, value) if series else "none"
        if found != value and kind in _OF_ROWS:
            raise InputError(
                Problem(
                    f"rows that would be read otherwise ({kind}: {found})",
                    f"rows like those before ({kind}: {value})",
                    f"Correct what differs down to line {lines[-1]}.",
                    lines[0],
                )
            )
    choices |= log.settled
    return series
