"""Which decimal mark an input uses, and what the signs around its numbers mean.

One input uses one decimal mark, so all columns vote together; when nothing decides, the likelier reading is taken and
the other one offered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rnn_model.errors import Problem
from rnn_model.reading.log import Log, Place, count, examples, quote
from rnn_model.reading.marks import CURRENCIES, FOOTNOTE, HEXADECIMAL, MULTIPLIERS, SURE_MULTIPLIERS
from rnn_model.reading.numerals import Column, Decimal

_DEBIT = {"CR": 1.0, "Cr": 1.0, "H": 1.0, "DR": -1.0, "Dr": -1.0, "S": -1.0}  # bank statements: credit, debit
_MULTIPLIED = re.compile(
    rf"({'|'.join(re.escape(m) for m in sorted(MULTIPLIERS, key=len, reverse=True))})\s?"
    rf"({'|'.join(re.escape(c) for c in sorted(CURRENCIES, key=len, reverse=True))})"
)


@dataclass
class Findings:
    """What was done to the cells of all columns, kept until it can be told once, with counts."""

    missing: list[Place] = field(default_factory=list)
    errors: list[Place] = field(default_factory=list)
    infinite: list[Place] = field(default_factory=list)
    negatives: list[Place] = field(default_factory=list)
    footnotes: list[Place] = field(default_factory=list)
    multiplied: list[Place] = field(default_factory=list)
    grouped: list[Place] = field(default_factory=list)
    unitless: list[Place] = field(default_factory=list)
    about: list[Place] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def tell(self, log: Log) -> None:
        for places, what in (
            (self.grouped, "with thousands in groups"),
            (self.negatives, "negative by brackets, trailing minus or debit sign"),
            (self.multiplied, "multiplied by the letters after it (k thousand, M million, bn billion)"),
            (self.footnotes, "with a footnote mark, which was removed"),
            (self.about, "with a sign before it (such as ~ or <), which was removed"),
            (self.unitless, "without the unit that the others carry, read as if it had it"),
        ):
            if places:
                log.note(f"{count(len(places), 'value')} {what} ({examples(places)}).")
        if self.missing:
            log.note(f"{count(len(self.missing), 'missing value')}, kept as missing ({examples(self.missing)}).")
        if self.errors:
            log.note(
                f"{count(len(self.errors), 'spreadsheet formula or error', 'spreadsheet formulas or errors')}, "
                f"read as missing ({examples(self.errors)})."
            )
        if self.infinite:
            log.warn(f"{count(len(self.infinite), 'infinite value')}, read as missing ({examples(self.infinite)}).")


def decide_decimal(columns: Sequence[Column], log: Log, exact: bool) -> Decimal | None:
    """The decimal mark of the input; None when both marks are used and each value tells by itself which one.

    Args:
        columns: the analysed numeric columns.
        exact: a point is known to be a decimal mark.
    """
    decided = _decimal_of(columns, log, exact)
    if decided is not None and any(column.tally("marked").get(True) for column in columns):
        log.settle("decimal", decided)
    return decided


def _decimal_of(columns: Sequence[Column], log: Log, exact: bool) -> Decimal | None:
    chosen = log.choice("decimal") if any(column.tally("marked").get(True) for column in columns) else None
    if chosen in ("point", "comma"):
        mark: Decimal = "point" if chosen == "point" else "comma"
        log.note(f"Read with a decimal {mark}, as chosen.")
        log.offer(*_other_mark(columns, mark))
        return mark
    votes: dict[Decimal, int] = {"point": 0, "comma": 0}
    for column in columns:
        for decisive, number in column.decided().items():
            votes[decisive] += number
    if exact and not votes["comma"]:
        return "point"
    if votes["point"] and votes["comma"]:
        return _both(columns, votes, log)
    if votes["comma"]:
        log.note(f"The comma is the decimal mark ({count(votes['comma'], 'value')}, {_first(columns, 'comma')}).")
        return "comma"
    if votes["point"]:
        return "point"
    return _undecided(columns, log)


def _first(columns: Sequence[Column], mark: Decimal) -> str:
    """The first cell that only this decimal mark fits, as "first “0,35”"."""
    other = "comma" if mark == "point" else "point"
    for column in columns:
        rows = column.rows_where(kind="number", **{mark: True, other: False})
        if rows:
            return f"first {quote(column.cells[rows[0]])}"
    return ""


def _both(columns: Sequence[Column], votes: dict[Decimal, int], log: Log) -> Decimal | None:
    ambiguous = any(column.rows_where(kind="number", marked=True, point=True, comma=True) for column in columns)
    if not ambiguous:
        log.warn(
            f"Two decimal marks are used: a point in {count(votes['point'], 'value')} ({_first(columns, 'point')}), "
            f"a comma in {count(votes['comma'], 'value')} ({_first(columns, 'comma')}). Each was read with its own."
        )
        return None
    return "point" if votes["point"] >= votes["comma"] else "comma"


def _other_mark(columns: Sequence[Column], mark: Decimal) -> tuple[str, str]:
    """Label and choice of reading with the other decimal mark."""
    other: Decimal = "comma" if mark == "point" else "point"
    for column in columns:
        for row in column.rows_where(kind="number", marked=True):
            value = Column([column.cells[row]]).numbers(other)[0]
            if np.isfinite(value):
                return f"read {quote(column.cells[row])} as {value:.12g}", f"decimal={other}"
    return f"the {other} is the decimal mark", f"decimal={other}"


def _undecided(columns: Sequence[Column], log: Log) -> Decimal:
    """Every marked value has groups of three digits: 1.234 or 1,234 can be one and a bit, or a thousand and more."""
    marked = [column for column in columns if column.rows_where(kind="number", marked=True)]
    if not marked:
        return "point"
    mark: Decimal = "point"
    if any(column.rows_where(kind="number", marked=False) for column in marked):
        # Whole numbers stand among them: the reading under which all have a similar size is the likelier.
        spread = {m: float(np.median([_spread(column.numbers(m)) for column in marked])) for m in ("point", "comma")}
        mark = "comma" if spread["comma"] < 0.8 * spread["point"] else "point"
    column = marked[0]
    cell = column.cells[column.rows_where(kind="number", marked=True)[0]]
    value = Column([cell]).numbers(mark)[0]
    label, choice = _other_mark(marked, mark)
    log.note(f"{quote(cell)} is read as {value:.12g}; it could also be written for another number (see the choices).")
    log.offer(label, choice)
    return mark


def _spread(values: np.ndarray) -> float:
    """Decades between the smallest and the largest size."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return float(np.log10(sizes.max()) - np.log10(sizes.min())) if len(sizes) else 0.0


@dataclass(frozen=True)
class _Suffix:
    """What one suffix means: power of ten, unit (with the name to compare it by), footnote, sign."""

    power: int = 0
    unit: str = ""
    footnote: bool = False
    sign: float = 1.0


def _meaning(suffix: str, everywhere: bool, with_money: bool, as_multiplier: bool) -> _Suffix:
    if not suffix:
        return _Suffix()
    if suffix in _DEBIT and with_money | (suffix not in "HS"):
        return _Suffix(sign=_DEBIT[suffix])
    if suffix in CURRENCIES and suffix not in MULTIPLIERS:
        return _Suffix(unit=suffix)
    if match := _MULTIPLIED.fullmatch(suffix):
        return _Suffix(power=MULTIPLIERS[match[1]], unit=match[2])
    if suffix in MULTIPLIERS and (suffix in SURE_MULTIPLIERS or with_money or as_multiplier):
        return _Suffix(power=MULTIPLIERS[suffix])
    if FOOTNOTE.fullmatch(suffix) and not everywhere:
        return _Suffix(footnote=True)
    if suffix in MULTIPLIERS and not everywhere:
        return _Suffix(power=MULTIPLIERS[suffix])
    if not suffix[0].isalnum() and FOOTNOTE.fullmatch(suffix):
        return _Suffix(footnote=True)
    return _Suffix(unit=suffix)


def interpret(
    column: Column, decimal: Decimal | None, place: _Where, findings: Findings, log: Log
) -> tuple[np.ndarray, str]:
    """One numeric column -> ((N,) float64 with nan where missing, unit).  What was done goes to `findings`."""
    suffixes = {str(s): n for s, n in column.tally("suffix").items()}
    prefixes = {str(p): n for p, n in column.tally("prefix").items()}
    numbers = sum(suffixes.values())
    money = any(prefixes) or any(s in CURRENCIES or _MULTIPLIED.fullmatch(s) for s in suffixes)
    letters = [s for s in suffixes if s in MULTIPLIERS and s not in SURE_MULTIPLIERS]
    as_multiplier = bool(letters) and log.choice("letters") == "multiplier"
    several = len([s for s in suffixes if s in MULTIPLIERS]) > 1
    meaning = {
        s: _meaning(s, suffixes[s] == numbers and numbers > 1, money, as_multiplier or several) for s in suffixes
    }
    for letter in letters:
        if meaning[letter].unit:
            power = MULTIPLIERS[letter]
            log.offer(f"read “1 {letter}” as {10**power:,}", "letters=multiplier")

    values = column.numbers(decimal, {s: m.power for s, m in meaning.items() if m.power})
    _mark_cells(column, meaning, values, place, findings)
    unit = _unit(column, meaning, prefixes, place, findings)
    _refuse_cells(column, decimal, values, place, findings)
    return values, unit


@dataclass(frozen=True)
class _Where:
    """Places a column's rows in the input."""

    lines: Sequence[int]
    column: int | None

    def line(self, row: int) -> int | None:
        return self.lines[row] if self.lines else None

    def places(self, column: Column, rows: Sequence[int]) -> list[Place]:
        return [(self.line(row), column.cells[row]) for row in rows]

    def problem(self, row: int, found: str, expected: str, fix: str) -> Problem:
        return Problem(found, expected, fix, self.line(row), self.column)


Where = _Where


def _mark_cells(
    column: Column, meaning: dict[str, _Suffix], values: np.ndarray, place: _Where, findings: Findings
) -> None:
    """Note special cells; debit signs and infinite values change `values` in place."""

    def rows(test: object) -> list[int]:
        return column.rows(s for s, f in column.forms.items() if test(f))  # type: ignore[operator]

    debit = rows(lambda f: f.kind == "number" and f.suffix and meaning[f.suffix].sign < 0)
    values[debit] *= -1
    infinite = rows(lambda f: f.kind == "infinite") + np.flatnonzero(np.isinf(values)).tolist()
    values[np.isinf(values)] = np.nan
    for places, found in (
        (findings.missing, rows(lambda f: f.kind == "missing")),
        (findings.errors, rows(lambda f: f.kind == "error")),
        (findings.infinite, infinite),
        (findings.about, rows(lambda f: f.about)),
        (findings.negatives, sorted(debit + rows(lambda f: f.accounting))),
        (findings.multiplied, rows(lambda f: f.kind == "number" and meaning[f.suffix].power)),
        (findings.footnotes, rows(lambda f: f.kind == "number" and meaning[f.suffix].footnote)),
    ):
        places += place.places(column, found)


def _unit(
    column: Column, meaning: dict[str, _Suffix], prefixes: dict[str, int], place: _Where, findings: Findings
) -> str:
    """The one unit of the column; different units, or "%" on some values only, are problems."""
    by_unit: dict[str, list[int]] = {}
    label: dict[str, str] = {}
    for prefix in prefixes:
        for suffix, means in meaning.items():
            rows = column.rows_where(kind="number", prefix=prefix, suffix=suffix)
            written = prefix or means.unit
            name = CURRENCIES.get(written, written)
            if rows:
                by_unit[name] = sorted(by_unit.get(name, []) + rows)
                label.setdefault(name, written)
    bare = by_unit.pop("", [])
    if len(by_unit) > 1:
        first, *others = sorted(by_unit, key=lambda name: by_unit[name][0])
        for other in others:
            row = by_unit[other][0]
            found = f"{quote(column.cells[row])} beside {quote(column.cells[by_unit[first][0]])}"
            fix = "Convert the values to one unit, or paste the series one at a time."
            findings.problems.append(place.problem(row, found, "one unit for all values", fix))
        return ""
    if not by_unit:
        return ""
    (name,) = by_unit
    if bare and name in ("%", "‰"):
        for row in bare:
            fix = f"Write “{name}” after every value or after none."
            findings.problems.append(place.problem(row, quote(column.cells[row]), f"a value with “{name}”", fix))
    else:
        findings.unitless += place.places(column, bare)
    return label[name]


def _refuse_cells(
    column: Column, decimal: Decimal | None, values: np.ndarray, place: _Where, findings: Findings
) -> None:
    """Cells that are text, and numbers whose groups are not groups of three."""
    for row in column.rows_where(kind="text"):
        cell = column.cells[row]
        fix = "Write a number there, or leave it empty if the value is missing."
        if HEXADECIMAL.fullmatch(cell):
            fix = "Write hexadecimal numbers in decimal."
        findings.problems.append(place.problem(row, quote(cell), "a number", fix))
    misfits = [s for s, f in column.forms.items() if f.kind == "number" and not _fits(f.point, f.comma, decimal)]
    for row in column.rows(misfits):
        mark = decimal or "point"
        expected = f"a number with a decimal {mark} and thousands in groups of three"
        fix = "Write it without group marks."
        findings.problems.append(place.problem(row, quote(column.cells[row]), expected, fix))
    grouped = [
        s
        for s, f in column.forms.items()
        if f.kind == "number" and _fits(f.point, f.comma, decimal) and _has_groups(s[f.start : f.stop], decimal)
    ]
    findings.grouped += place.places(column, column.rows(grouped))


def _fits(point: bool, comma: bool, decimal: Decimal | None) -> bool:
    return (point or comma) if decimal is None else (point if decimal == "point" else comma)


def _has_groups(digits: str, decimal: Decimal | None) -> bool:
    whole = digits.rpartition("," if decimal == "comma" else ".")[0] or digits
    return bool(re.search(r"\d[.,'’ \u00a0\u202f\u2009]\d{3}", whole if decimal else ""))
