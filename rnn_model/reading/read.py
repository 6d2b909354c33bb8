"""`read`: text, a file or numbers in; a Reading out.  The one door for page, API, command line and training."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rnn_model.errors import InputError, Problem
from rnn_model.reading.build import put_in_order, to_series
from rnn_model.reading.checks import check, placeholder, zero_tail
from rnn_model.reading.clock import Clock, numeric_clock, read_clock
from rnn_model.reading.columns import Roles, assign_roles, describe_texts, select_column, sentence
from rnn_model.reading.convention import Findings, Where, decide_decimal, interpret
from rnn_model.reading.data import from_data
from rnn_model.reading.decode import clean, decode
from rnn_model.reading.groups import find_groups, select_group
from rnn_model.reading.layout import arrange, lay_out
from rnn_model.reading.limits import MAX_FILE_BYTES
from rnn_model.reading.log import Log, count, quote, refuse
from rnn_model.reading.marks import HEXADECIMAL
from rnn_model.reading.numerals import Column
from rnn_model.reading.printouts import unwrap
from rnn_model.reading.separator import is_number
from rnn_model.reading.structured import read_html, read_json
from rnn_model.reading.table import Table, list_table
from rnn_model.reading.times import grid
from rnn_model.reading.wide import turn
from rnn_model.reading.workbook import is_zip, read_workbook
from rnn_model.records import Reading, Series

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
    return read_table(table_of(source, filename, log), log)


def table_of(source: Any, filename: str | None, log: Log) -> Table:
    """The cells of whatever `read` takes."""
    if isinstance(source, os.PathLike):
        source, filename = load_file(source), os.fspath(source)
    if isinstance(source, bytes | bytearray | memoryview):
        data = check_size(bytes(source))
        if is_zip(data):
            rows, lines = read_workbook(data, log)
            return replace(arrange(rows, lines, log, "cell"), exact=True) if rows else Table([], [])
        source = decode(data, log)
    if isinstance(source, str):
        return _text_table(source, (filename or "").lower(), log)
    table = from_data(source)
    if table is None:
        fix = "Pass one of these."
        raise InputError(
            Problem(type(source).__name__, "text, bytes, a path, a list, an array or a pandas object", fix)
        )
    return table


def _text_table(text: str, filename: str, log: Log) -> Table:
    text = clean(text, log)
    table = read_json(text, log, required=filename.endswith(".json"))
    if table is not None:
        return table
    html = read_html(text, log)
    if html is not None:
        return arrange(*html, log, "cell")
    unwrapped = unwrap(text, log)
    return lay_out(unwrapped, log) if isinstance(unwrapped, str) else unwrapped


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


def read_table(table: Table, log: Log) -> Reading:
    """What a table of cells holds; the choices that lead to the same reading are settled in the log."""
    table = turn(table, log) if len(table) else table
    roles = assign_roles(table, log) if len(table) else Roles()
    if not roles.values or _is_sentence(table, roles):
        return _no_numbers(table, log)
    if not roles.numeric:
        log.settle("times", "none" if roles.times is None else table.handle(roles.times))
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
    groups = find_groups(table, roles, clock, log)
    selected = select_column(table, roles, values, log)
    findings.tell(log)
    describe_texts(table, roles, log)
    if groups:
        series, chosen = _stacked_series(groups, values[selected], units[selected], clock, log)
    else:
        numbers = np.column_stack([values[number] for number in roles.values])
        rows = np.setdiff1d(np.arange(len(table)), clock.drop if clock else ())
        timeline = put_in_order(numbers[rows], _rows_of(clock, rows), log)
        names = [table.names[number] for number in roles.values]
        series = to_series(timeline, names, [units[number] for number in roles.values], clock.zone if clock else None)
        chosen = roles.values.index(selected)
    for number, one in enumerate(series):
        heard = log if number == chosen else log.muted()
        series[number] = replace(one, values=zero_tail(placeholder(one.values, heard), heard))
    check(series[chosen], log)
    log.note_unused_choices()
    return Reading(tuple(series), chosen, tuple(log.notes), tuple(log.warnings), log.alternatives, tuple(log.selection))


def _stacked_series(
    groups: dict[str, np.ndarray], values: np.ndarray, unit: str, clock: Clock | None, log: Log
) -> tuple[list[Series], int]:
    """One series for each group, and the index of the one to use; what was done is told for that one."""
    names = list(groups)
    chosen = select_group(names, log)
    series: list[Series] = []
    for number, (name, rows) in enumerate(groups.items()):
        timeline = put_in_order(values[rows, None], _rows_of(clock, rows), log if number == chosen else log.muted())
        series += to_series(timeline, [name], [unit], clock.zone if clock else None)
    return series, chosen


def _rows_of(clock: Clock | None, rows: np.ndarray) -> Clock | None:
    return None if clock is None else replace(clock, times=clock.times[rows], drop=())


def _clock(table: Table, roles: Roles, log: Log, findings: Findings) -> Clock | None:
    if roles.times is None:
        return _stated_clock(table)
    cells = table.columns[roles.times]
    if roles.numeric == "index":
        return None
    if roles.numeric:
        return numeric_clock(Column(cells), roles.numeric, log)
    return read_clock(cells, table.lines, log, findings.problems, roles.times)


def _stated_clock(table: Table) -> Clock | None:
    """The clock of a list whose print-out states its start and frequency."""
    if table.frequency is None:
        return None
    if table.start is None:
        return Clock(np.full(len(table), np.datetime64("NaT", "s")), dateless=table.frequency)
    return Clock(grid(np.datetime64(table.start, "s"), len(table), table.frequency))


def _is_sentence(table: Table, roles: Roles) -> bool:
    """One row without names in which words outnumber the numbers, or hold some: "sales were 12 then 15"."""
    if len(table) != 1 or any(table.names) or roles.times is not None:
        return False
    texts = [table.columns[number][0] for number in roles.texts]
    return len(texts) > len(roles.values) or any(is_number(word) for text in texts for word in text.split())


def _no_numbers(table: Table, log: Log) -> Reading:
    numbers = sentence(table)
    hexadecimal = next((cell for column in table.columns for cell in column if HEXADECIMAL.fullmatch(cell)), None)
    if hexadecimal:
        log.note(f"Hexadecimal numbers such as {quote(hexadecimal)} are not read; write them in decimal.")
    if not numbers:
        return Reading((), notes=(*log.notes, INVITATION))
    if log.choice("words") == "numbers":
        log.note(f"{count(len(numbers), 'number')} taken out of a text, as chosen.")
        return read_table(list_table(numbers), log)
    log.offer(f"use the {count(len(numbers), 'number')} in this text", "words=numbers")
    return Reading(
        (),
        notes=(*log.notes, f"This looks like text; it holds {count(len(numbers), 'number')}. {INVITATION}"),
        alternatives=log.alternatives,
    )
