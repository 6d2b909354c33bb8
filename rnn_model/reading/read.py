"""`read`: text, a file or numbers in; a Reading out.  The one door, the same for page, API, command line and training."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnn_model.errors import InputError, Problem
from rnn_model.reading.build import put_in_order, to_series
from rnn_model.reading.clock import Clock, numeric_clock, read_clock
from rnn_model.reading.columns import Roles, assign_roles, describe_texts, select_column, sentence
from rnn_model.reading.convention import Findings, Where, decide_decimal, interpret
from rnn_model.reading.decode import clean, decode
from rnn_model.reading.layout import lay_out
from rnn_model.reading.limits import MAX_FILE_BYTES
from rnn_model.reading.log import Log, count, quote, refuse
from rnn_model.reading.numerals import Column
from rnn_model.reading.table import Table, list_table
from rnn_model.records import Reading

INVITATION = (
    "No numbers yet. Paste a column from a spreadsheet, a list such as 112, 118, 132, 129, or two columns of dates and "
    "values."
)


def read(source: Any, *, choices: Sequence[str] = (), filename: str | None = None) -> Reading:
    """What a text, a file or a sequence of numbers holds, and how it was read.

    Args:
        source: text; bytes of a file; a path (only an `os.PathLike`: a str is always text); or a list, numpy array,
            pandas Series or DataFrame.
        choices: the `choice` of alternatives of an earlier reading; of one kind the last counts.
        filename: name of the file that bytes came from; its ending tells JSON from text.

    Returns:
        A Reading; the same input and choices give the same one.  Without numbers in the input it has no series and
        invites to paste some.

    Raises:
        InputError: the input cannot be read; every problem is listed.
    """
    log = Log(choices)
    table = _table(source, filename, log)
    reading = _read_table(table, log)
    return reading


def _table(source: Any, filename: str | None, log: Log) -> Table:
    if isinstance(source, os.PathLike):
        source, filename = load_file(source), str(source)
    if isinstance(source, bytes | bytearray | memoryview):
        source = decode(check_size(bytes(source)), log)
    if isinstance(source, str):
        return lay_out(clean(source, log), log)
    raise InputError(Problem(type(source).__name__, "text, bytes, a path or numbers", "Pass one of these."))


def load_file(path: os.PathLike[str]) -> bytes:
    """The bytes of a file.

    Raises:
        InputError: it cannot be opened, or is larger than MAX_FILE_BYTES.
    """
    try:
        size = Path(path).stat().st_size
        if size > MAX_FILE_BYTES:
            raise _too_large(size)
        return Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise InputError(
            Problem(f"{quote(str(path))} ({reason})", "a file that can be read", "Check the path.")
        ) from error


def check_size(data: bytes) -> bytes:
    """The same bytes, unless they are more than MAX_FILE_BYTES."""
    if len(data) > MAX_FILE_BYTES:
        raise _too_large(len(data))
    return data


def _too_large(size: int) -> InputError:
    fix = "Leave out the columns that are not needed, or the oldest rows."
    return InputError(Problem(f"a file of {size / 1e6:.1f} MB", f"at most {MAX_FILE_BYTES // 10**6} MB", fix))


def _read_table(table: Table, log: Log) -> Reading:
    if not len(table):
        return Reading((), notes=(*log.notes, INVITATION))
    roles = assign_roles(table, log)
    if not roles.values:
        return _no_numbers(table, log)
    findings = Findings()
    clock = _clock(table, roles, log, findings)
    decimal = decide_decimal(list(roles.cells.values()), log, table.exact)
    several = len(table.columns) > 1
    values, units = {}, {}
    for number, column in roles.cells.items():
        where = Where(table.lines, number + 1 if several else None)
        values[number], units[number] = interpret(column, decimal, where, findings, log)
    if findings.problems:
        raise refuse(findings.problems)
    selected = select_column(table, roles, values, log)
    findings.tell(log)
    describe_texts(table, roles, log)
    stacked = np.column_stack([values[number] for number in roles.values])
    keep = np.setdiff1d(np.arange(len(table)), clock.drop if clock else ())
    if clock is not None and len(keep) < len(table):
        clock = Clock(clock.times[keep], clock.zone, clock.hint, (), clock.dateless)
        stacked = stacked[keep]
    timeline = put_in_order(stacked, clock, log)
    series = to_series(
        timeline,
        [table.names[number] for number in roles.values],
        [units[number] for number in roles.values],
        clock.zone if clock else None,
    )
    log.note_unused_choices()
    return Reading(
        tuple(series),
        roles.values.index(selected),
        tuple(log.notes),
        tuple(log.warnings),
        tuple(log.alternatives),
    )


def _clock(table: Table, roles: Roles, log: Log, findings: Findings) -> Clock | None:
    if roles.times is None:
        return None
    cells = table.columns[roles.times]
    if roles.order in ("index", "year", "compact", "compact-month", "decimal-year", "unix", "excel"):
        column = Column(cells)
        if roles.order == "index":
            return None
        return numeric_clock(column, roles.order, log)
    return read_clock(cells, table.lines, log, findings.problems, roles.times)


def _no_numbers(table: Table, log: Log) -> Reading:
    numbers = sentence(table)
    if not numbers:
        return Reading((), notes=(*log.notes, INVITATION))
    if log.choice("words") == "numbers":
        log.note(f"{count(len(numbers), 'number')} taken out of a text, as chosen.")
        return _read_table(list_table(numbers), log)
    log.offer(f"use the {count(len(numbers), 'number')} in this text", "words=numbers")
    return Reading(
        (),
        notes=(*log.notes, f"This looks like text; it holds {count(len(numbers), 'number')}. {INVITATION}"),
        alternatives=tuple(log.alternatives),
    )
