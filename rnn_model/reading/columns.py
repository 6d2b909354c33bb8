"""Table -> roles of its columns: which one holds times, which ones values, which one tells series apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from rnn_model.reading.dates import TimeCells
from rnn_model.reading.limits import MAX_SERIES
from rnn_model.reading.log import Log, quote
from rnn_model.reading.marks import FOOTNOTE
from rnn_model.reading.numerals import Column
from rnn_model.reading.separator import is_number
from rnn_model.reading.table import Table
from rnn_model.reading.wide import even_times

_TIME_NAMES = re.compile(
    r"(observation_|ref_|time_|trans\w*_)?(date|day|datum|datetime|timestamp|time|period|month|monat|quarter|quartal|"
    r"week|year|jahr|fecha|data|mois|ann[ée]e|date_?time|time_period|ds|as of|index|p[ée]riode?|periodo|buchungstag|"
    r"tag|woche|maand|mese|m[êe]s|jour|giorno|d[ií]a|semana|semaine|trimestre|tid|år)\b.*",
    re.IGNORECASE,
)
# A column that counts the rows, as print-outs and exports put in front
_ROW_NUMBERS = re.compile(r"|index|unnamed: 0|row|row_?names?|rownum|#|n[or]\.?|x", re.IGNORECASE)
_VALUE_NAMES = ("obs_value", "value", "values", "y", "target", "wert", "valeur", "valor", "valore", "observation")
_DOTTED_MONTH = re.compile(r"99\.9999")


@dataclass
class Roles:
    """What each column of a table is for, as indices.

    Attributes:
        times: the column of times, or None.
        numeric: for a column of plain numbers what they mean, a key of _NUMERIC_WORDS; else "".
        values: columns of numbers.
        texts: other columns.
        cells: the analysed cells of the value columns.
    """

    times: int | None = None
    numeric: str = ""
    values: list[int] = field(default_factory=list)
    texts: list[int] = field(default_factory=list)
    cells: dict[int, Column] = field(default_factory=dict)


def assign_roles(table: Table, log: Log) -> Roles:
    """Find the column of times and the columns of numbers."""
    roles = Roles()
    asked = log.choice("times") if len(table.columns) > 1 else None
    forced = table.find(asked) if asked else None
    candidates: list[int] = []
    for number, cells in enumerate(table.columns):
        column = Column(cells)
        kind = _kind(column)
        calendar = asked not in ("none", "data") and not table.flat
        if calendar and (_are_times(cells) if kind != "number" else _are_dotted_months(column)):
            candidates.append(number)
        elif kind == "text" or not column.counts["number"]:
            roles.texts.append(number)
        else:
            roles.values.append(number)
            roles.cells[number] = column
    if forced is not None and forced in roles.values and len(roles.values) > 1:
        _take_index(roles, forced, "index")
    elif candidates:
        _take_times(table, roles, candidates, forced, log)
        _leave_out_row_numbers(table, roles, log)
    elif len(roles.values) > 1 and not table.flat:
        _index_column(table, roles, asked, log)
    return roles


def _leave_out_row_numbers(table: Table, roles: Roles, log: Log) -> None:
    """A first column that only counts the rows is no data beside a column of times."""
    if len(roles.values) < 2 or roles.values[0] != 0 or not _ROW_NUMBERS.fullmatch(table.names[0].strip()):
        return
    numbers = roles.cells[0].numbers("point")
    if len(numbers) > 1 and numbers[0] in (0, 1) and (np.diff(numbers) == 1).all():
        log.note(f"{_capital(table.title(0))} counts the rows and is left out.")
        roles.values.remove(0)
        del roles.cells[0]


def _kind(column: Column) -> str:
    """ "number" when plain numbers prevail, "units" when numbers with letters do, else "text"."""
    counts = column.counts
    filled = counts["number"] + counts["text"]
    if not filled:
        return "text"
    plain = sum(n for suffix, n in column.tally("suffix").items() if not re.search(r"[^\W\d_]{3,}", str(suffix)))
    if column.fitting < 0.5 * filled or (column.fitting == 0.5 * filled and len(column.cells) > 2):
        return "text"
    return "number" if plain > 0.5 * filled else "units"


def _are_times(cells: list[str]) -> bool:
    """Most of the cells are times in one order."""
    filled = sum(1 for cell in cells if cell)
    coverage = TimeCells(cells).coverage() if filled else {}
    return max(coverage.values(), default=0) >= max(1, 0.6 * filled)


def _are_dotted_months(column: Column) -> bool:
    """ "01.2024", "02.2024": written like decimals, but one month after the other."""
    written = all(_DOTTED_MONTH.fullmatch(shape) for shape in column.forms)
    return written and even_times(list(column.cells))


def _take_times(table: Table, roles: Roles, candidates: list[int], forced: int | None, log: Log) -> None:
    moving = [number for number in candidates if len(set(table.columns[number])) > 1] or candidates
    named = [number for number in moving if _TIME_NAMES.fullmatch(table.names[number].strip())]
    roles.times = forced if forced in candidates else (named or moving)[0]
    roles.texts += [number for number in candidates if number != roles.times]
    for number in candidates[:MAX_SERIES]:
        if number != roles.times:
            log.offer(f"take the times from {table.title(number)}", f"times={table.handle(number)}")


def _take_index(roles: Roles, number: int, numeric: str) -> None:
    roles.times, roles.numeric = number, numeric
    roles.values.remove(number)
    del roles.cells[number]


def _index_column(table: Table, roles: Roles, asked: str | None, log: Log) -> None:
    """The first column when it counts 1, 2, 3, ... or holds years or compact dates."""
    first = roles.values[0]
    if first != 0 and any(roles.cells[first].cells):
        first = min(roles.values)
    named = _TIME_NAMES.fullmatch(table.names[first].strip()) is not None
    kind = numeric_times(roles.cells[first], named)
    if not kind:
        return
    if kind in ("unix", "excel"):
        log.offer(f"read {table.title(first)} as dates ({_NUMERIC_WORDS[kind]})", f"times={kind}")
        if named or asked:
            log.offer(f"use only the order of the rows, not {table.title(first)}", "times=index")
        if asked != kind and not (named and asked is None):
            log.note(f"{_capital(table.title(first))} may hold dates; only the order of the rows is used.")
            _take_index(roles, first, "index")
            log.offer(f"use {table.title(first)} as data", "times=data")
            return
    if asked in ("data", "none"):
        log.offer(f"take {table.title(first)} as {_NUMERIC_WORDS[kind]}", "times=index")
        log.note(f"{_capital(table.title(first))} is read as data, as chosen.")
        return
    _take_index(roles, first, kind)
    log.note(f"{_capital(table.title(first))} holds {_NUMERIC_WORDS[kind]}, not data.")
    log.offer(f"use {table.title(first)} as data", "times=data")


def _capital(title: str) -> str:
    return title[0].upper() + title[1:]


_NUMERIC_WORDS = {
    "index": "a count",
    "year": "years",
    "compact": "dates (YYYYMMDD)",
    "compact-month": "months (YYYYMM)",
    "compact-week": "weeks (YYYYWW)",
    "dotted-month": "months (YYYY.MM)",
    "decimal-year": "years with a fraction",
    "unix": "seconds or milliseconds since 1970",
    "excel": "day numbers of a spreadsheet",
}


def numeric_times(column: Column, named: bool = False) -> str:
    """What kind of times a column of numbers holds: a key of _NUMERIC_WORDS, or "" when it is data.

    Args:
        named: the name of the column says that it holds times, so they need not be evenly spaced.
    """
    if column.counts["number"] != len(column.cells) or len(column.cells) < 2:
        return ""
    suffixes = {str(suffix) for suffix in column.tally("suffix")} - {"", ")"}
    if any(column.tally("prefix")) or not all(map(FOOTNOTE.fullmatch, suffixes)):
        return ""
    values = column.numbers("point")
    if not np.isfinite(values).all():
        return ""
    gaps = np.diff(values)
    if suffixes:  # "2023e", "2024*"
        return "year" if values.min() >= 1500 and values.max() <= 2200 and (gaps == 1).all() else ""
    if (values % 1 != 0).any():
        steps = np.array([12.0, 4.0])
        near = [np.allclose(values * s, np.round(values * s), atol=0.06) for s in steps]
        if values.min() < 1500 or values.max() >= 2200 or (gaps <= 0).any():
            return ""
        months = np.round(values % 1 * 100)
        dotted = np.allclose(values * 100, np.round(values * 100), atol=1e-6) and months.min() >= 1
        if dotted and months.max() <= 12 and (np.diff(values // 1 * 12 + months) == 1).all():
            return "dotted-month"
        return "decimal-year" if any(near) else ""
    low, high = values.min(), values.max()
    years = values // 100
    if low >= 17_000_101 and high <= 22_001_231 and _valid_days(values):
        return "compact"
    if (
        low >= 170_001
        and high <= 220_012
        and ((values % 100 >= 1) & (values % 100 <= 12)).all()
        and years.max() <= 2200
    ):
        return "compact-month" if (np.diff(np.unique(years * 12 + values % 100)) <= 3).all() else ""
    weeks = values % 100
    if low >= 170_001 and high <= 220_053 and weeks.min() >= 1 and 12 < weeks.max() <= 53:
        # the last week of a year is its 52nd or 53rd
        return "compact-week" if np.isin(gaps, (1, 48, 49)).mean() > 0.8 and (gaps > 0).all() else ""
    if low >= 1500 and high <= 2200 and len(values) > 1 and (np.unique(np.abs(gaps)) <= 10).all() and (gaps != 0).all():
        return "year" if (np.sign(gaps) == np.sign(gaps[0])).all() else ""
    if (gaps <= 0).any():
        return ""
    even = named or (len(values) > 2 and np.ptp(gaps) <= 0.2 * gaps.mean())
    if even and _is_unix(low, high):
        return "unix"
    if even and low >= 15_000 and high <= 75_000 and (named or gaps.max() <= 366):
        return "excel"
    return "index" if (gaps == 1).all() and len(values) > 2 and low < 1e6 else ""


def _is_unix(low: float, high: float) -> bool:
    return (low >= 1e8 and high < 4e9) or (low >= 1e11 and high < 4e12)


def _valid_days(values: np.ndarray) -> bool:
    month, day = values // 100 % 100, values % 100
    return bool(((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())


def select_column(table: Table, roles: Roles, values: dict[int, np.ndarray], log: Log) -> int:
    """The value column to use: the chosen one, else one called "value", else the last with the fewest gaps."""
    asked = log.choice("column") if len(roles.values) > 1 else None
    found = table.find(asked) if asked else None
    gaps = {number: int(np.isnan(values[number]).sum()) for number in roles.values}
    named = [n for n in roles.values if table.names[n].strip().lower() in _VALUE_NAMES]
    default = named[-1] if named else max(roles.values, key=lambda n: (-gaps[n], n))
    selected = found if found in roles.values else default
    assert selected is not None
    log.settle("column", table.handle(selected))
    if len(roles.values) > 1:
        why = "as chosen" if found == selected else "by its name" if named else "the last with the fewest gaps"
        log.note_selection(f"{len(roles.values)} columns hold numbers; {table.title(selected)} is used ({why}).")
        for number in roles.values[-MAX_SERIES:]:
            if number != selected:
                log.offer(f"use {table.title(number)}", f"column={table.handle(number)}")
    return selected


def sentence(table: Table) -> list[str]:
    """The numbers inside the text of a table that has no column of numbers."""
    words = [word.strip(".,;:!?()\"'") for column in table.columns for cell in column for word in cell.split()]
    return [word for word in words if is_number(word)]


def describe_texts(table: Table, roles: Roles, log: Log) -> None:
    """Names the columns that are neither times nor values."""
    names = [table.title(number) for number in roles.texts if any(table.columns[number])]
    if names:
        log.note(f"Not used, since no numbers or times: {', '.join(names[:8])}{', …' if len(names) > 8 else ''}.")
    empty = [number for number in roles.texts if not any(table.columns[number])]
    if empty:
        log.note(f"Empty columns left out: {', '.join(quote(table.names[n] or str(n + 1)) for n in empty[:8])}.")
