"""A column of times -> one clock: the order of day and month decided once, the zone kept, and what cannot be a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rnn_model.errors import Problem
from rnn_model.reading.dates import Fields, TimeCells, to_seconds
from rnn_model.reading.log import Log, examples, quote
from rnn_model.reading.marks import TOTAL
from rnn_model.reading.numerals import Column
from rnn_model.reading.times import infer_frequency

_IN_WORDS = {"day-first": "day, month, year", "month-first": "month, day, year", "year-first": "year, month, day"}


@dataclass(frozen=True)
class Clock:
    """Times of the rows of a table, in the order of the rows.

    Attributes:
        times: (N,) datetime64[s] local to `zone`; NaT where the row names no time.
        zone: zone or offset as found, or None.
        hint: frequency that the way of writing suggests ("2024Q1" is a quarter), for series too short to tell.
        drop: rows that are no data (totals), to leave out.
        dateless: frequency of labels that repeat without a date (Jan, Feb, ... or Mon, Tue, ...), or None; then
            `times` are all NaT.
    """

    times: np.ndarray
    zone: str | None = None
    hint: str | None = None
    drop: tuple[int, ...] = ()
    dateless: str | None = None


def read_clock(cells: Sequence[str], lines: Sequence[int], log: Log, problems: list[Problem], column: int) -> Clock:
    """Read the times of a column whose cells are mostly times; what is none goes to `problems`."""
    analysed = TimeCells(cells)
    coverage = analysed.coverage()
    most = next(iter(coverage.values()))
    readings = {order: analysed.fields(order) for order, number in coverage.items() if number == most}
    order = _decide_order(readings, cells, log)
    if order in _IN_WORDS:
        log.settle("dates", order)
    fields = readings[order]
    times, impossible = to_seconds(fields)
    dateless = _dateless(fields)
    if dateless:
        impossible = np.zeros(len(cells), dtype=bool)
    drop = []
    for row in np.flatnonzero(~fields.valid | impossible).tolist():
        cell = cells[row]
        if TOTAL.fullmatch(cell):
            drop.append(row)
        elif cell.strip("-–—. ?") and cell.lower() not in ("nan", "nat", "na", "n/a", "null", "none", "#n/a"):
            fix = "Correct it, or leave the row out."
            expected = (
                f"a time written as {quote(cells[int(np.flatnonzero(fields.valid & ~impossible)[0])])} is"
                if (fields.valid & ~impossible).any()
                else "a time that exists"
            )
            problems.append(Problem(quote(cell), expected, fix, lines[row] if lines else None, column + 1))
    if drop:
        log.note(f"Totals left out ({examples([(lines[r] if lines else None, cells[r]) for r in drop])}).")
    clock = Clock(times, None, _hint(fields), tuple(drop), dateless)
    return _with_zone(clock, fields, log)


def _decide_order(readings: dict[str, Fields], cells: Sequence[str], log: Log) -> str:
    """One order for the whole column: the one chosen, else the only one that exists, else the one with even steps."""
    possible = {}
    for order, fields in readings.items():
        times, impossible = to_seconds(fields)
        if _dateless(fields) or not impossible.any():
            possible[order] = times[~np.isnat(times)]
    if not possible:
        return min(readings, key=lambda order: int(to_seconds(readings[order])[1].sum()))
    if len(possible) == 1:
        return next(iter(possible))
    asked = log.choice("dates") if possible.keys() & _IN_WORDS.keys() else None
    frequencies = {order: _even_step(times) for order, times in possible.items()}
    even = [order for order, frequency in frequencies.items() if frequency]
    # Even both ways means at most twelve rows: first days of months are commoner than twelve days of January, and
    # those commoner than, say, the second day of every month.
    even.sort(key=lambda order: _rank(frequencies[order], possible[order]))
    ranked = even + [order for order in possible if order not in even]
    if set(ranked[:2]) == {"day-first", "month-first"} and not even:
        ranked.sort(key=lambda order: order != "month-first")
    decided = asked if asked in possible else ranked[0]
    rest = [order for order in ranked if order != decided and order in _IN_WORDS]
    if decided in _IN_WORDS and rest:
        first = next(cell for cell in cells if cell)
        if asked:
            log.note(f"Dates such as {quote(first)} are read as {_IN_WORDS[decided]}, as chosen.")
        elif len(even) == 1:
            log.note(f"Dates such as {quote(first)} are read as {_IN_WORDS[decided]}, which gives even steps.")
        else:
            log.warn(f"Dates such as {quote(first)} fit two orders; read as {_IN_WORDS[decided]}. Check this.")
        for order in rest:
            log.offer(f"dates are {_IN_WORDS[order]}", f"dates={order}")
    return decided


def _rank(frequency: str | None, times: np.ndarray) -> int:
    if "MS" not in str(frequency):
        return 1
    return 0 if (times == times.astype("datetime64[M]")).all() else 2


def _even_step(times: np.ndarray) -> str | None:
    unique = np.unique(times)
    if len(unique) < 2:
        return None
    frequency = infer_frequency(unique)
    if frequency is None or frequency[0].isdigit():
        return None
    gaps = np.diff(unique).astype(np.int64)
    return frequency if gaps.max() <= 4 * gaps.min() else None


def _hint(fields: Fields) -> str | None:
    v = fields.values
    if "q" in v:
        return "QS-OCT"
    if "h" in v:
        return "6MS"
    if "w" in v and "u" not in v:
        return "W-MON"
    if {"d", "j", "c", "w", "H"} & v.keys():
        return None
    return "MS" if "m" in v else "YS-JAN" if {"Y", "y"} & v.keys() else None


def _dateless(fields: Fields) -> str | None:
    """The frequency of labels without a year, when they follow one another as months, weekdays or clock times do."""
    v, rows = fields.values, fields.valid
    if fields.order == "month-name":
        return "MS" if _cycles(v["m"][rows], 12) else "-"
    if fields.order == "quarter-name":
        return "QS-OCT" if _cycles(v["q"][rows], 4) else "-"
    if fields.order == "weekday-name":
        days = v["k"][rows]
        business = days.max(initial=0) < 5 and _cycles(days, 5) and len(days) > 5
        return "B" if business else "D" if _cycles(days, 7) else "-"
    if fields.order == "clock":
        seconds = v["H"][rows] * 3600 + v["M"][rows] * 60 + np.maximum(v.get("S", np.zeros_like(v["H"]))[rows], 0)
        gaps = np.unique(np.diff(seconds) % 86_400)
        if len(gaps) != 1 or not gaps[0]:
            return "-"
        return infer_frequency(np.datetime64("1970-01-05", "s") + gaps[0] * np.arange(1, 4)) or "-"
    if fields.order == "named-day":
        leap_year = Fields("iso", {"Y": np.full(len(rows), 2024), "m": v["m"], "d": v["d"]}, None, None, rows)
        times = to_seconds(leap_year)[0][rows]
        if np.isnat(times).any() or len(times) < 2 or (np.diff(times) <= np.timedelta64(0, "s")).any():
            return "-"
        return infer_frequency(times) or "-"
    return None


def _cycles(labels: np.ndarray, period: int) -> bool:
    return len(labels) > 1 and bool((np.diff(labels) % period == 1).all())


def _with_zone(clock: Clock, fields: Fields, log: Log) -> Clock:
    """Keep one zone; where offsets change (a clock change), use UTC unless the local days are even."""
    if fields.zone is None or fields.offsets is None:
        return clock
    offsets = fields.offsets[fields.valid]
    if (offsets == offsets[0]).all():
        log.note(f"Times are in {fields.zone}.")
        return replace(clock, zone=fields.zone)
    local = np.unique(clock.times[~np.isnat(clock.times)])
    whole_days = (local == local.astype("datetime64[D]")).all()
    if whole_days:
        log.note("The offset from UTC changes (a clock change); days are counted by the local calendar.")
        return replace(clock, zone=fields.zone)
    log.note("The offset from UTC changes (a clock change); times are counted in UTC, so no hour is lost or doubled.")
    return replace(clock, times=clock.times - fields.offsets.astype("timedelta64[s]"), zone="UTC")


def numeric_clock(column: Column, kind: str, log: Log) -> Clock:
    """Times written as plain numbers; kind as in columns.numeric_times ("index" gives no times)."""
    numbers = column.numbers("point")
    count = len(numbers)
    none = np.full(count, np.datetime64("NaT", "s"))
    whole = np.where(np.isfinite(numbers), numbers, 0)
    if kind == "year":
        return Clock(_first_of_month(whole.astype(np.int64), np.ones(count, dtype=np.int64)), hint="YS-JAN")
    if kind == "compact":
        v = whole.astype(np.int64)
        fields = Fields("compact", {"c": v}, None, None, np.ones(count, dtype=bool))
        return Clock(to_seconds(fields)[0])
    if kind == "compact-month":
        v = whole.astype(np.int64)
        return Clock(_first_of_month(v // 100, v % 100), hint="MS")
    if kind == "compact-week":
        v = whole.astype(np.int64)
        fields = Fields("week", {"Y": v // 100, "w": v % 100}, None, None, np.ones(count, dtype=bool))
        return Clock(to_seconds(fields)[0], hint="W-MON")
    if kind == "dotted-month":
        v = np.round(whole * 100).astype(np.int64)
        return Clock(_first_of_month(v // 100, v % 100), hint="MS")
    if kind == "decimal-year":
        year = np.floor(whole + 1e-3).astype(np.int64)
        quarterly = np.allclose(whole * 4, np.round(whole * 4), atol=1e-3)
        steps = 4 if quarterly else 12
        part = np.round((whole - year) * steps).astype(np.int64)
        return Clock(_first_of_month(year, part * (12 // steps) + 1), hint="QS-OCT" if quarterly else "MS")
    if kind == "unix":
        seconds = whole / 1000 if whole.max(initial=0) > 1e11 else whole
        log.note("The first column is read as time since 1970 in UTC.")
        return Clock(seconds.round().astype(np.int64).astype("datetime64[s]"), zone="UTC")
    if kind == "excel":
        log.note("The first column is read as day numbers of a spreadsheet (1 is 1 January 1900).")
        return Clock(np.datetime64("1899-12-30", "s") + np.round(whole * 86_400).astype(np.int64))
    return Clock(none)


def _first_of_month(year: np.ndarray, month: np.ndarray) -> np.ndarray:
    return ((year - 1970) * 12 + month - 1).astype("datetime64[M]").astype("datetime64[s]")
