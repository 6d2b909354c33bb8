"""Cells of text -> numbers, under one decimal mark for the whole input.

Cells that look alike are analysed once: a cell's *shape* is its text with every digit replaced by 9, and a long column
has few shapes.  So every cell passes the same careful analysis, and 100 000 of them take a fraction of a second.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Literal

import numpy as np

from rnn_model.reading.limits import MAX_NUMBER_LENGTH
from rnn_model.reading.marks import CURRENCIES, FORMULA, INFINITE, MISSING, MULTIPLIERS, SHEET_ERRORS

Kind = Literal["number", "missing", "error", "infinite", "text"]
Decimal = Literal["point", "comma"]

_SHAPE = str.maketrans("012345678", "999999999")
GROUP_MARKS = "'’ \u00a0\u202f\u2009"
_SPACES = "[ \u00a0\u202f\u2009]"

_currency = "|".join(re.escape(name) for name in sorted(CURRENCIES, key=len, reverse=True))
_NUMBER = re.compile(
    rf"""(?P<mark>(?:[~≈<>*†‡]|[<>]=|[≤≥])\s?)?
    (?P<outer>(?:{_currency})\s?(?=\())?
    (?P<open>\()?\s*
    (?P<sign>[+-]\s?)?
    (?P<prefix>(?:{_currency})\s?)?
    (?P<inner>[+-]\s?)?
    (?P<body>[.,]\d+|\d+(?:(?:{_SPACES}[.,'’_]?|[.,'’_])\d+)*[.,]?)
    (?P<exponent>[eE][+-]?\d+)?
    (?P<trailing>-)?
    \s*(?P<suffix>[^\d\s()+,;-][^\d()]*|\(\w{{1,2}}\)|\([A-Za-z.]{{3,14}}\)|\[\w{{1,3}}\]|\[note\s\w+\])?
    \s*(?P<close>\))?""",
    re.VERBOSE,
)


def _body_pattern(decimal: str, mark: str) -> re.Pattern[str]:
    """Digits, in groups of three (or as in India 12,34,567) or not, then the decimal mark and digits."""
    groups = rf"[1-9]\d{{0,2}}(?P<g>[{re.escape(mark)}'’]|{_SPACES})\d{{3}}(?:(?P=g)\d{{3}})*"
    indian = rf"[1-9]\d?(?:{re.escape(mark)}\d\d)+{re.escape(mark)}\d{{3}}"
    return re.compile(rf"(?:{groups}|{indian}|\d+(?:_\d+)*)(?:{re.escape(decimal)}\d*)?|{re.escape(decimal)}\d+")


_FITS: dict[Decimal, re.Pattern[str]] = {"point": _body_pattern(".", ","), "comma": _body_pattern(",", ".")}


@dataclass(frozen=True)
class Form:
    """What the cells of one shape are.

    Attributes:
        kind: what such a cell holds.
        start, stop: where the digits, marks and exponent stand in the cell.
        negative: a minus, accounting brackets, or a trailing minus.
        accounting: negative by brackets or by a trailing minus, which deserves a note.
        prefix, suffix: the signs before and after the number, stripped.
        point, comma: the digits can be read with this decimal mark.
        marked: the digits hold a point or a comma.
        about: the sign before the number says that it is not exact, or has a footnote ("~", "<", "*").
    """

    kind: Kind
    start: int = 0
    stop: int = 0
    negative: bool = False
    accounting: bool = False
    prefix: str = ""
    suffix: str = ""
    point: bool = True
    comma: bool = True
    marked: bool = False
    about: bool = False

    def fits(self, decimal: Decimal) -> bool:
        return self.point if decimal == "point" else self.comma


_TEXT = Form("text")
# Two words after a number are a unit only with one of these ("bn EUR", "sq ft"); else they are a sentence.
_WORDS_OF_UNITS = {*CURRENCIES, *MULTIPLIERS, "sq", "cu", "US", "per", "/"}


def form_of(shape: str) -> Form:
    """Analyse one shape (or one cell)."""
    if shape.casefold() in MISSING:
        return Form("error" if shape.casefold() in SHEET_ERRORS else "missing")
    if len(shape) > MAX_NUMBER_LENGTH:
        return _TEXT
    match = _NUMBER.fullmatch(shape)
    if match is None:
        if FORMULA.fullmatch(shape):
            return Form("error")
        return Form("infinite") if INFINITE.fullmatch(shape) else _TEXT
    sign, inner, opened, closed = match["sign"], match["inner"], match["open"], match["close"]
    if bool(opened) != bool(closed) or (sign and inner) or (match["outer"] and match["prefix"]):
        return _TEXT
    suffix = (match["suffix"] or "").strip()
    words = suffix.split()
    if len(suffix) > 24 or len(words) > 2 or (len(words) == 2 and not {words[0], words[1]} & _WORDS_OF_UNITS):
        return _TEXT
    body = match["body"]
    trailing = bool(match["trailing"]) and body[-1] not in ".,"  # "5.-" is five francs and no cents
    point, comma = (_FITS[decimal].fullmatch(body) is not None for decimal in ("point", "comma"))
    if match["exponent"] and point and comma and re.search("[.,]", body):
        point, comma = "." in body, "," in body  # nobody groups thousands before a power of ten
    return Form(
        "number",
        match.start("body"),
        match.end("exponent") if match["exponent"] else match.end("body"),
        negative="-" in (sign or "") + (inner or "") or trailing or bool(opened),
        accounting=bool(opened) or trailing,
        prefix=(match["outer"] or match["prefix"] or "").strip(),
        suffix=suffix,
        point=point,
        comma=comma,
        marked="." in body or "," in body,
        about=match["mark"] is not None,
    )


def shapes_of(cells: Sequence[str]) -> list[str]:
    """The shape of every cell; a cell holds no NUL."""
    return "\0".join(cells).translate(_SHAPE).split("\0") if cells else []


def _tell_leading_zeros(cells: Sequence[str], shapes: list[str], forms: dict[str, Form]) -> None:
    """Split the ambiguous shapes: "0,350" has the shape of "1,350", but no number of thousands begins with a zero."""
    starts = {s: f.start for s, f in forms.items() if f.kind == "number" and f.marked and f.point and f.comma}
    if not starts:
        return
    for row, shape in enumerate(shapes):
        start = starts.get(shape, -1)
        if start >= 0 and cells[row][start] == "0":
            shapes[row] = zero = f"{shape[:start]}0{shape[start + 1 :]}"
            if zero not in forms:
                forms[zero] = form_of(zero)


class Column:
    """The analysed cells of one column."""

    def __init__(self, cells: Sequence[str]) -> None:
        self.cells = cells
        self.shapes = shapes_of(cells)
        self.forms = {shape: form_of(shape) for shape in dict.fromkeys(self.shapes)}
        _tell_leading_zeros(cells, self.shapes, self.forms)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many cells are of each kind."""
        tally: dict[str, int] = {"number": 0, "missing": 0, "error": 0, "infinite": 0, "text": 0}
        for shape, number in self._shape_counts.items():
            tally[self.forms[shape].kind] += number
        return tally

    @cached_property
    def _shape_counts(self) -> dict[str, int]:
        return Counter(self.shapes)

    @cached_property
    def fitting(self) -> int:
        """How many number cells fit at least one decimal mark."""
        fits = {shape for shape, form in self.forms.items() if form.kind == "number" and (form.point or form.comma)}
        return sum(number for shape, number in self._shape_counts.items() if shape in fits)

    def tally(self, key: str) -> dict[object, int]:
        """How many number cells carry each value of a Form attribute."""
        result: dict[object, int] = {}
        for shape, number in self._shape_counts.items():
            form = self.forms[shape]
            if form.kind == "number":
                value = getattr(form, key)
                result[value] = result.get(value, 0) + number
        return result

    def rows(self, keep: Iterable[str]) -> list[int]:
        """Rows whose shape is one of `keep`, in order."""
        wanted = set(keep)
        if not wanted:
            return []
        return list(compress(range(len(self.shapes)), (shape in wanted for shape in self.shapes)))

    def rows_where(self, **wanted: object) -> list[int]:
        """Rows whose Form has these attribute values, in order."""
        return self.rows(s for s, f in self.forms.items() if all(getattr(f, k) == v for k, v in wanted.items()))

    def decided(self) -> dict[Decimal, int]:
        """How many cells can be read with the one decimal mark but not with the other."""
        tally: dict[Decimal, int] = {"point": 0, "comma": 0}
        for shape, number in self._shape_counts.items():
            form = self.forms[shape]
            if form.kind == "number" and form.point != form.comma:
                tally["point" if form.point else "comma"] += number
        return tally

    def numbers(self, decimal: Decimal | None, exponents: dict[str, int] | None = None) -> np.ndarray:
        """(N,) float64: nan where the cell is no number or does not fit.

        Args:
            decimal: the decimal mark; None reads each cell with the one that fits it.
            exponents: power of ten that each suffix multiplies with.
        """
        plans = {shape: _plan(shape, form, decimal, exponents or {}) for shape, form in self.forms.items()}
        values = []
        for cell, shape in zip(self.cells, self.shapes, strict=True):
            plan = plans[shape]
            if plan is None:
                values.append(np.nan)
                continue
            start, stop, replacements, power, sign = plan
            digits = cell[start:stop]
            for old, new in replacements:
                digits = digits.replace(old, new)
            values.append(sign * float(digits + power))
        return np.array(values, dtype=np.float64)


_Plan = tuple[int, int, list[tuple[str, str]], str, float]


def _plan(shape: str, form: Form, decimal: Decimal | None, exponents: dict[str, int]) -> _Plan | None:
    """How to turn cells of this shape into numbers: slice, what to replace, power of ten to append, sign."""
    mark = decimal or ("point" if form.point else "comma")
    if form.kind != "number" or not form.fits(mark):
        return None
    digits = shape[form.start : form.stop]
    remove = GROUP_MARKS + "_" + ("," if mark == "point" else ".")
    replacements = [(sign, "") for sign in remove if sign in digits]
    if mark == "comma":
        replacements.append((",", "."))
    power = exponents.get(form.suffix, 0)
    # A second exponent cannot be appended to "1.2e3"; no multiplier follows one in practice.
    append = f"e{power}" if power and "e" not in digits.lower() else ""
    return form.start, form.stop, replacements, append, -1.0 if form.negative else 1.0
