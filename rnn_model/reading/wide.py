"""Tables that run sideways, turned so that time runs down: years by months, a column a year, year beside month."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import numpy as np

from rnn_model.reading.dates import TimeCells, matches, month_number, to_seconds
from rnn_model.reading.limits import MAX_SERIES
from rnn_model.reading.log import Log, count, quote
from rnn_model.reading.numerals import form_of, shapes_of
from rnn_model.reading.separator import is_number
from rnn_model.reading.table import Table

_QUARTER = re.compile(r"(?:[QTK]|Qtr|Quarter)\s?\.?([1-4])|([1-4])\.?\s?(?:Q|Quartal|trim\.?)", re.IGNORECASE)
_YEAR_NAME = re.compile(r"(?:year|yr|jahr|a[nñ]o|ann[ée]e|anno|ano|jaar|år|yyyy)", re.IGNORECASE)
_MONTH_NAME = re.compile(r"(?:month|mon|monat|mes|mois|mese|m[êe]s|maand|period|mm)", re.IGNORECASE)
_QUARTER_NAME = re.compile(r"(?:quarter|qtr|quartal|trimestre?|q|period)", re.IGNORECASE)
_WEEK_NAME = re.compile(r"(?:week|woche|kw|semana|semaine|wk|iso_?week)", re.IGNORECASE)
_DAY_NAME = re.compile(r"(?:day|tag|d[ií]a|jour|giorno|dd)", re.IGNORECASE)
_CLOCK_NAME = re.compile(r"(?:time|hour|uhrzeit|zeit|hora|heure|stunde|hh:mm(?::ss)?)", re.IGNORECASE)


def turn(table: Table, log: Log) -> Table:
    """The table with one row a time; as it is when it runs down already."""
    if table.flat or len(table.columns) < 2 or log.choice("rows") == "columns":
        return table
    for change in (
        _years_by_months,
        _months_by_years,
        _times_in_header,
        _times_in_first_row,
        _time_in_parts,
        _time_in_bare_parts,
    ):
        turned = change(table, log)
        if turned is not None:
            return turned
    return table


def _step_in_year(name: str) -> tuple[int, int] | None:
    """(steps in a year, which of them) of "Jan" or "Q3"."""
    month = month_number(name)
    if month is not None:
        return 12, month
    quarter = _QUARTER.fullmatch(name.strip())
    return (4, int(quarter[1] or quarter[2])) if quarter else None


def _filled_down(cells: list[str]) -> list[str]:
    """The cells with each empty one as the one above it."""
    filled: list[str] = []
    for cell in cells:
        filled.append(cell or (filled[-1] if filled else ""))
    return filled


def _is_year_column(cells: list[str]) -> bool:
    return bool(cells) and all(re.fullmatch(r"(?:1[5-9]|20|21)\d\d\.?0?", cell) for cell in cells)


def _years_by_months(table: Table, log: Log) -> Table | None:
    """A column of years, and twelve of months or four of quarters."""
    steps = {i: step for i, name in enumerate(table.names) if (step := _step_in_year(name))}
    if len(steps) < 3 or len({per_year for per_year, _ in steps.values()}) != 1:
        return None
    per_year = next(iter(steps.values()))[0]
    order = sorted(steps, key=lambda i: steps[i][1])
    years = next((i for i, cells in enumerate(table.columns) if i not in steps and _is_year_column(cells)), None)
    if years is None or len({step for _, step in steps.values()}) < len(steps):
        return None
    times, values, lines = [], [], []
    for row in sorted(range(len(table)), key=lambda r: table.columns[years][r]):
        for i in order:
            month = (steps[i][1] - 1) * (12 // per_year) + 1
            times.append(f"{table.columns[years][row][:4]}-{month:02d}")
            values.append(table.columns[i][row])
            lines.append(table.line(row) or 0)
    first = next((k for k, value in enumerate(values) if value), 0)
    last = next((k for k in range(len(values) - 1, -1, -1) if values[k]), -1) + 1
    word = "months" if per_year == 12 else "quarters"
    log.note(f"A table of years and {word}, read row by row as one series, {times[0]} to {times[max(last - 1, 0)]}.")
    others = [table.title(i) for i in range(len(table.columns)) if i not in steps and i != years]
    if others:
        log.note(f"Not used: {', '.join(others[:6])}.")
    log.offer("read each column as a series of its own", "rows=columns")
    return Table([times[first:last], values[first:last]], ["time", ""], lines[first:last] if table.lines else [])


def _months_by_years(table: Table, log: Log) -> Table | None:
    """Months (or quarters) down the first column, a column for each year."""
    steps, columns, lines = table.columns[0], table.columns[1:], table.lines
    years = [bare_time(name) for name in table.names[1:]]
    if not any(years) and len(table) > 2:  # two years look like values, so no header was seen
        years = [column[0] for column in columns]
        steps, columns, lines = steps[1:], [column[1:] for column in columns], lines[1:]
    numbers = [_step_in_year(cell) for cell in steps]
    known = [number for number in numbers if number]
    if not _is_year_column(years) or len(known) < 3 or len(known) < len(numbers) or len(set(known)) < len(known):
        return None
    per_year = known[0][0]
    order = sorted(range(len(years)), key=lambda i: years[i])
    times, values, sources = [], [], []
    for i in order:
        for row, (_, step) in enumerate(known):
            times.append(f"{years[i]}-{(step - 1) * (12 // per_year) + 1:02d}")
            values.append(columns[i][row])
            sources += lines[row : row + 1]
    last = next((k for k in range(len(values) - 1, -1, -1) if values[k]), -1) + 1
    log.note(
        f"A column for each year, read one after the other as one series, {times[0]} to {times[max(last - 1, 0)]}."
    )
    log.offer("read each column as a series of its own", "rows=columns")
    return Table([times[:last], values[:last]], ["time", ""], sources[:last])


def even_times(cells: list[str]) -> bool:
    """At least three cells that name times one step apart."""
    if len(cells) < 3 or not all(cells):
        return False
    analysed = TimeCells(cells)
    for order, number in analysed.coverage().items():
        if number < len(cells):
            return False
        times, impossible = to_seconds(analysed.fields(order))
        if impossible.any() or np.isnat(times).any():
            continue
        gaps = np.abs(np.diff(times).astype(np.int64))
        if gaps.min() > 0 and gaps.max() <= 1.5 * gaps.min():
            return True
    return False


def bare_time(name: str) -> str:
    """ "2020 [YR2020]", "X2020", "2020.0" -> "2020"."""
    match = re.fullmatch(r"[XYy]?((?:1[5-9]|20|21)\d\d)(?:\.0|\s*\[YR\d{4}\])?", name.strip())
    return match[1] if match else name.strip()


def _times_in_header(table: Table, log: Log) -> Table | None:
    """Labels on the left, then one column a year, quarter, month or day."""
    names = [bare_time(name) for name in table.names]
    start = next((i for i in range(len(names)) if _looks_like_time(names[i])), len(names))
    stop = next((i for i in range(start, len(names)) if not _looks_like_time(names[i])), len(names))
    if not even_times(names[start:stop]) and not _is_one_year(table, start):
        return None
    return _transposed(table, names[start:stop], start, stop, log)


def _looks_like_time(name: str) -> bool:
    orders = matches(shapes_of([name])[0])
    return bool(orders.keys() - {"clock", "weekday-name", "compact"}) if name else False


def _is_one_year(table: Table, start: int) -> bool:
    """Months (or quarters) without a year, one after the other, above a single row or rows with a label."""
    steps = [_step_in_year(name) for name in table.names[start:]]
    numbers = [step for _, step in filter(None, steps)]
    follows = len(numbers) == len(steps) > 2 and all(b == a + 1 for a, b in itertools.pairwise(numbers))
    return follows and (len(table) == 1 or (start > 0 and not any(map(is_number, table.columns[0]))))


def _times_in_first_row(table: Table, log: Log) -> Table | None:
    """A first row of years above rows of values, without a header line of text."""
    if any(table.names) or len(table.columns) < 3 or not 2 <= len(table) <= 20:
        return None
    first = [column[0] for column in table.columns]
    labels = 0 if _looks_like_time(first[0]) else 1
    if not all(re.fullmatch(r"(?:1[5-9]|20|21)\d\d", cell) for cell in first[labels:]) or not even_times(
        first[labels:]
    ):
        return None
    if len(table) > 2 and not labels and _is_year_column(list(table.columns[0])):
        return None
    rest = replace(table, columns=[column[1:] for column in table.columns], lines=table.lines[1:])
    return _transposed(rest, first[labels:], labels, len(first), log)


def _transposed(table: Table, times: list[str], start: int, stop: int, log: Log) -> Table:
    labels, rows = [], []
    for row in range(len(table)):
        cells = [table.columns[i][row] for i in range(start, stop)]
        if any(form_of(cell).kind == "number" for cell in cells):
            texts = [table.columns[i][row] for i in range(start) if not is_number(table.columns[i][row])]
            labels.append(" ".join(text for text in texts if text))
            rows.append(cells)
    rows, labels = rows[:MAX_SERIES], labels[:MAX_SERIES]
    dates = [f"{time}-01-01" if re.fullmatch(r"\d{4}", time) else time for time in times]
    log.note(f"Times run across ({quote(times[0])} to {quote(times[-1])}); {count(len(rows), 'row')} read as series.")
    log.offer("read each column as a series of its own", "rows=columns")
    return Table([dates, *rows], ["time", *[label[:80] for label in labels]], [], table.exact)


def _time_in_parts(table: Table, log: Log) -> Table | None:
    """Year and month (quarter, week, month and day) in columns of their own, or a date and a clock time."""
    found = {key: _find(table, pattern) for key, pattern in _PARTS}
    year, clock = found["year"], found["clock"]
    if year is not None:
        # a table made for reading names the year in its first row only
        filled = _filled_down(table.columns[year])
        table = replace(table, columns=[filled if i == year else cells for i, cells in enumerate(table.columns)])
    if year is not None and _is_year_column(table.columns[year]):
        table = _without_yearly(table, found["month"], log)
        for part, write in (("month", "{}-{:02d}"), ("quarter", "{}-Q{}"), ("week", "{}-W{:02d}")):
            number = found[part]
            if number is None or number == year:
                continue
            steps = [_whole(cell, part) for cell in table.columns[number]]
            if not all(steps) or max(s for s in steps if s) > {"month": 12, "quarter": 4, "week": 53}[part]:
                continue
            cells = [write.format(y[:4], s) for y, s in zip(table.columns[year], steps, strict=True)]
            used = [year, number]
            day = found["day"]
            if part == "month" and day is not None and all(c.isdecimal() for c in table.columns[day]):
                cells = [f"{c}-{int(d[:4]):02d}" for c, d in zip(cells, table.columns[day], strict=True)]
                used.append(day)
            return _with_times(table, cells, used, log)
    if clock is not None and clock > 0:
        before = table.columns[clock - 1]
        dates, hours = TimeCells(before).coverage(), TimeCells(table.columns[clock]).coverage()
        dated = next(iter(dates), "") not in ("", "clock", "month-name", "weekday-name") and max(dates.values()) == len(
            table
        )
        if dated and hours.get("clock") == len(table):
            cells = [f"{d} {h}" for d, h in zip(before, table.columns[clock], strict=True)]
            return _with_times(table, cells, [clock - 1, clock], log)
    return None


def _time_in_bare_parts(table: Table, log: Log) -> Table | None:
    """Columns without names of which the first two can only be year and month, or year and quarter."""
    if any(table.names[:2]) or len(table.columns) < 3 or len(table) < 3:
        return None
    filled = _filled_down(table.columns[0])
    if not _is_year_column(filled):
        return None
    years = [int(cell[:4]) for cell in filled]
    for part, per_year in (("month", 12), ("quarter", 4)):
        steps = [_whole(cell, part) or 0 for cell in table.columns[1]]
        numbers = [year * per_year + step for year, step in zip(years, steps, strict=True)]
        if 1 <= min(steps) <= max(steps) <= per_year and all(b - a == 1 for a, b in itertools.pairwise(numbers)):
            letter = "" if part == "month" else "Q"
            cells = [f"{year}-{letter}{step:0{2 - len(letter)}d}" for year, step in zip(years, steps, strict=True)]
            log.offer("read each column as a series of its own", "rows=columns")
            return _with_times(table, cells, [0, 1], log)
    return None


def _without_yearly(table: Table, month: int | None, log: Log) -> Table:
    """Without the rows of a thirteenth month, in which statistics offices give the average of the year."""
    cells = [] if month is None else table.columns[month]
    kept = [row for row, cell in enumerate(cells) if cell.upper() != "M13"]
    if len(kept) == len(cells):
        return table
    log.note(f"{count(len(cells) - len(kept), 'row')} of yearly averages (M13) left out.")
    columns = [[column[row] for row in kept] for column in table.columns]
    return replace(table, columns=columns, lines=[table.lines[row] for row in kept] if table.lines else [])


_PARTS = (
    ("year", _YEAR_NAME),
    ("month", _MONTH_NAME),
    ("quarter", _QUARTER_NAME),
    ("week", _WEEK_NAME),
    ("day", _DAY_NAME),
    ("clock", _CLOCK_NAME),
)


def _find(table: Table, pattern: re.Pattern[str]) -> int | None:
    return next((i for i, name in enumerate(table.names) if pattern.fullmatch(name.strip())), None)


def _whole(cell: str, part: str) -> int | None:
    """The number of a month, quarter or week: "3", "M03", "Mar", "Q2"."""
    letters = {"month": "M", "quarter": "Q", "week": "W"}[part]
    match = re.fullmatch(rf"{letters}?0?(\d{{1,2}})(?:\.0)?", cell, re.IGNORECASE)
    if match:
        return int(match[1]) or None
    return month_number(cell) if part == "month" else None


def _with_times(table: Table, cells: list[str], used: list[int], log: Log) -> Table:
    names = [table.names[i] or f"column {i + 1}" for i in used]
    log.note(f"{' and '.join(map(quote, names))} together are the times ({quote(cells[0])}, …).")
    rest = [i for i in range(len(table.columns)) if i not in used]
    columns = [cells, *[table.columns[i] for i in rest]]
    return replace(table, columns=columns, names=["time", *[table.names[i] for i in rest]])
