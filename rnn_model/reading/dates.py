"""Cells of text -> times, under one order of day, month and year for the whole column.

As with numbers, cells that look alike are analysed once: each *shape* (digits replaced by 9, month names kept) is
matched against the patterns below, which say what each run of digits is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnn_model.reading.limits import MAX_NUMBER_LENGTH
from rnn_model.reading.numerals import shapes_of

# First letters of month names in English, German, French, Spanish, Italian, Portuguese, Dutch, the Scandinavian
# languages and Polish, accents removed; longer beginnings are tried first.
_MONTH_BEGINNINGS = (
    ("jan ene gen sty januar janvier", 1),
    ("feb fev fevr lut", 2),
    ("mar maa mrz maerz marz mars", 3),
    ("apr abr avr kwi", 4),
    ("may mai maj mei mag", 5),
    ("jun juin giu cze", 6),
    ("jul juil lug lip", 7),
    ("aug ago aou aout sie", 8),
    ("sep set sept wrz", 9),
    ("oct okt out ott paz", 10),
    ("nov lis", 11),
    ("dec dez dic des gru", 12),
)
_MONTHS = {beginning: number for words, number in _MONTH_BEGINNINGS for beginning in words.split()}
_FULL_NAMES = re.compile(
    "|".join(
        (
            "jan(ner|uar[iy]?|uary|v(ier)?|eiro)?|ene(ro)?|gen(naio)?|sty(cz(en|nia))?",
            "feb(ruar[iy]?|rero|braio)?|fev(r(ier)?|ereiro)?|lut(y|ego)?",
            "mar(ch|s|z|zo|co|ec|ca|t)?|m(ae?|a?)rz?|maart|mrt",
            "apr(il|ile)?|abr(il)?|avr(il)?|kwi(e(cien|tnia))?",
            "may(o)?|mai(o)?|maj(a)?|mei|mag(gio)?",
            "jun(e|i|io|ho)?|juin|giu(gno)?|cze(rw(iec|ca))?",
            "jul(y|i|io|ho)?|juil(let)?|lug(lio)?|lip(iec|ca)?",
            "aug(ust|usti|ustus)?|ago(sto)?|aou(t)?|sie(rp(ien|nia))?",
            "sep(t|tember|tembre|tiembre)?|set(embro|tembre)?|wrz(es(ien|nia))?",
            "oct(ober|obre|ubre)?|okt(ober)?|out(ubro)?|ott(obre)?|paz(dziernik(a)?)?",
            "nov(ember|embre|iembre|embro)?|lis(topad(a)?)?",
            "dec(ember|embre)?|dez(ember|embro)?|dic(iembre|embre)?|des(ember)?|gru(dzien|dnia)?",
        )
    )
)
_WEEKDAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s*"
WEEKDAYS = {name: number for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}


def month_number(word: str) -> int | None:
    """1-12 for the name of a month, whole or shortened, in one of the languages above."""
    plain = "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))
    plain = plain.rstrip(".")
    if not _FULL_NAMES.fullmatch(plain):
        return None
    return _MONTHS.get(plain[:4], _MONTHS.get(plain[:3]))


# What a run of digits is: Y year, y two-digit year, q quarter, h half-year, w ISO week, u ISO weekday, m month,
# d day, H M S clock, n ignored fraction of a second, z offset digits (HHMM or HH and MM), j day of the year.
_CLOCK = (
    r"(?:(?:T|\s+|,\s*|:)(?P<H>9{1,2})[:h](?P<M>99)(?::(?P<S>99)(?:[.,](?P<n>9+))?)?\s?(?P<ap>[AaPp]\.?[Mm]\.?)?)?"
    r"\s?(?P<zone>Z|UTC|GMT|[+-]99:?(?:99)?|CES?T|MES?Z|WES?T|EES?T|MSK|BST|IST|JST|KST|[ACEMP][SD]T|AE[SD]T)?"
    r"(?P<iana>\[[A-Za-z_/+-]+\])?"
)
_SEP = r"(?P<s>[-/.])"
_PATTERNS: tuple[tuple[str, str], ...] = (
    # (order, pattern); a shape may match several orders, the column decides
    ("iso", rf"(?P<Y>9999){_SEP}(?P<m>9{{1,2}})(?P=s)(?P<d>9{{1,2}}){_CLOCK}"),
    ("iso", r"(?P<Y>9999)-(?P<m>99)-(?P<d>99)T(?P<H>99)(?P<zone>Z|[+-]99:?(?:99)?)?"),
    ("iso", r"(?P<Y>9999)년\s?(?P<m>9{1,2})월(?:\s?(?P<d>9{1,2})일)?"),
    ("iso", r"(?P<Y>9999)年(?P<m>9{1,2})月(?:(?P<d>9{1,2})日)?"),
    ("day-first", rf"(?P<d>9{{1,2}}){_SEP}(?P<m>9{{1,2}})(?P=s)(?P<Y>9999)\.?{_CLOCK}"),
    ("month-first", rf"(?P<m>9{{1,2}})(?P<s>[-/])(?P<d>9{{1,2}})(?P=s)(?P<Y>9999){_CLOCK}"),
    ("day-first", rf"(?P<d>9{{1,2}}){_SEP}(?P<m>9{{1,2}})(?P=s)(?P<y>99){_CLOCK}"),
    ("month-first", rf"(?P<m>9{{1,2}})(?P<s>[-/])(?P<d>9{{1,2}})(?P=s)(?P<y>99){_CLOCK}"),
    ("year-first", rf"(?P<y>99){_SEP}(?P<m>99)(?P=s)(?P<d>99){_CLOCK}"),
    (
        "named",
        rf"(?P<d>9{{1,2}})(?:st|nd|rd|th|\.)?[-/\s.]?(?:of |de )?(?P<b>[^\W\d_]{{3,}})\.?,?"
        rf"[-/\s]?(?:de )?(?P<Y>9999){_CLOCK}",
    ),
    ("named", rf"(?P<d>9{{1,2}})[-/\s](?P<b>[^\W\d_]{{3,}})\.?[-/\s](?P<y>99){_CLOCK}"),
    ("named", rf"(?P<b>[^\W\d_]{{3,}})\.?[-/\s](?P<d>9{{1,2}})(?:st|nd|rd|th)?,?[-/\s](?P<Y>9999){_CLOCK}"),
    ("named", rf"(?P<Y>9999)[-/\s](?P<b>[^\W\d_]{{3,}})\.?[-/\s](?P<d>9{{1,2}}){_CLOCK}"),
    ("named", r"(?P<b>[^\W\d_]{3,})\.?[-/\s,']{0,2}(?:de )?(?P<Y>9999)"),
    ("named", r"(?P<Y>9999)[-/\s:]?(?P<b>[^\W\d_]{3,})\.?"),
    ("named", r"(?P<b>[^\W\d_]{3,})\.?[-/\s']{1,2}(?P<y>99)"),
    ("named-day", r"(?P<d>9{1,2})[-/\s]?(?P<b>[^\W\d_]{3,})\.?"),
    ("named-day", r"(?P<b>[^\W\d_]{3,})\.?[-/\s](?P<d>9{1,2})"),
    ("named-year", r"(?P<y>99)[-/\s](?P<b>[^\W\d_]{3,})\.?"),
    ("quarter", r"(?P<Y>9999)\s?[-:/.]?\s?[QqTtKk](?:tr|uarter)?\s?\.?(?P<q>9)"),
    ("quarter", r"[QqTtKk](?:tr|uarter)?\s?\.?(?P<q>9)\s?[-/:.,']?\s?(?P<Y>9999)"),
    ("quarter", r"[Qq]\s?(?P<q>9)\s?[-/:.']?\s?(?P<y>99)"),
    ("quarter", r"(?P<q>9)\.?\s?(?:[QqTt](?:uarter|uartal|rim)?\.?)[-/\s]?(?P<Y>9999)"),
    ("quarter", r"(?P<q>9)\s?[Qq]\s?[-/']?(?P<y>99)"),
    ("quarter", r"(?P<y>99)[-/\s]?[Qq](?P<q>9)"),
    ("quarter", r"(?P<Y>9999)[-:](?P<q>9)"),
    ("quarter-name", r"[Qq](?:tr|uarter)?\s?\.?(?P<q>9)"),
    ("half", r"(?P<Y>9999)\s?[-:/.]?\s?[HhSs](?P<h>9)"),
    ("half", r"[HhSs](?P<h>9)\s?[-/:.]?\s?(?P<Y>9999)"),
    ("week", r"(?P<Y>9999)\s?[-/:]?\s?(?:[Ww]|KW|CW|wk)\s?(?P<w>9{1,2})(?:-(?P<u>9))?"),
    ("week", r"(?:[Ww]|KW|CW|wk|[Ww]eek)\s?-?\s?(?P<w>9{1,2})\s?[-/,.]?\s?(?P<Y>9999)"),
    ("month", r"(?P<Y>9999)\s?[-:/.]?\s?[Mm](?P<m>9{1,2})"),
    ("month", r"[Mm](?P<m>9{1,2})\s?[-:/.]?\s?(?P<Y>9999)"),
    ("month", r"(?P<Y>9999)[-/:](?P<m>9{1,2})"),
    ("month", r"(?P<m>9{1,2})[-/.](?P<Y>9999)"),
    ("fiscal", r"(?P<Y>9999)\s?[-/]\s?(?P<e>99|9999)"),
    ("year", r"(?:FY|CY|AY)?\s?(?P<Y>9999)"),
    ("year", r"(?:FY|CY|AY)\s?'?(?P<y>99)"),
    ("compact", r"(?P<c>9{8})(?:T?(?P<t>9{4}|9{6})Z?)?"),
    ("ordinal", r"(?P<Y>9999)-(?P<j>999)"),
    ("clock", r"(?P<H>9{1,2})[:h](?P<M>99)(?::(?P<S>99)(?:[.,](?P<n>9+))?)?\s?(?P<ap>[AaPp]\.?[Mm]\.?)?"),
    ("month-name", r"(?P<b>[^\W\d_]{3,})\.?"),
    ("weekday-name", r"(?P<k>(?:[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un)[a-z]*)\.?"),
)
_COMPILED = tuple((order, re.compile(pattern)) for order, pattern in _PATTERNS)
_LEADING_WEEKDAY = re.compile(_WEEKDAY, re.IGNORECASE)
_DIGITS = re.compile(r"\d")
_NUMERIC_ROLES = frozenset("YyqhwumdHMSnject")


@dataclass(frozen=True)
class Match:
    """One way to read the cells of one shape: where the digits of each role stand, and what the letters say."""

    spans: dict[str, tuple[int, int]]
    month: int | None = None
    afternoon: bool | None = None
    zone: str | None = None
    offset: str | None = None
    weekday: int | None = None


def matches(shape: str) -> dict[str, Match]:
    """Every order in which cells of this shape can be read."""
    if len(shape) > MAX_NUMBER_LENGTH:
        return {}
    found: dict[str, Match] = {}
    if not _DIGITS.search(shape) and month_number(shape) is None and shape[:3].lower() not in WEEKDAYS:
        return {}
    text = _LEADING_WEEKDAY.sub("", shape, count=1) if _DIGITS.search(shape) and shape[:1].isalpha() else shape
    for order, pattern in _COMPILED:
        match = pattern.fullmatch(text)
        if match is None or order in found:
            continue
        groups = match.groupdict()
        month = None
        if groups.get("b"):
            month = month_number(groups["b"])
            if month is None:
                continue
        shift = len(shape) - len(text)
        spans = {r: match.span(r) for r in groups if r in _NUMERIC_ROLES | {"zone"} and groups[r] is not None}
        zone = groups.get("zone")
        iana = groups.get("iana")
        found[order] = Match(
            {role: (start + shift, stop + shift) for role, (start, stop) in spans.items()},
            month,
            None if not groups.get("ap") else groups["ap"][0] in "pP",
            (iana or "")[1:-1] or zone or None,
            zone if zone and zone[0] in "+-" else None,
            WEEKDAYS[groups["k"][:3].lower()] if groups.get("k") else None,
        )
    return found


@dataclass(frozen=True)
class Fields:
    """The numbers in a column of times, (N,) int64 each; absent roles are missing from the dictionary.

    Attributes:
        order: the order all cells were read in.
        values: role -> numbers; -1 in rows that hold no time.
        offsets: (N,) seconds east of UTC, or None when no cell names a zone.
        zone: the zone as written in the first cell that names one.
        valid: (N,) rows that hold a time.
    """

    order: str
    values: dict[str, np.ndarray]
    offsets: np.ndarray | None
    zone: str | None
    valid: np.ndarray


class TimeCells:
    """The analysed cells of a column that may hold times."""

    def __init__(self, cells: Sequence[str]) -> None:
        self.cells = cells
        self._shapes = shapes_of(cells)
        self._matches = {shape: matches(shape) for shape in dict.fromkeys(self._shapes)}
        self._rows: dict[str, list[int]] = {}
        for row, shape in enumerate(self._shapes):
            self._rows.setdefault(shape, []).append(row)

    def coverage(self) -> dict[str, int]:
        """How many cells can be read in each order, commonest first."""
        tally: dict[str, int] = {}
        for shape, rows in self._rows.items():
            for order in self._matches[shape]:
                tally[order] = tally.get(order, 0) + len(rows)
        return dict(sorted(tally.items(), key=lambda item: -item[1]))

    def fields(self, order: str) -> Fields:
        """Read the whole column in this order."""
        count = len(self.cells)
        values: dict[str, np.ndarray] = {}
        offsets = np.zeros(count, dtype=np.int64)
        zone = None
        valid = np.zeros(count, dtype=bool)

        def put(role: str, rows: list[int], numbers: np.ndarray | int) -> None:
            values.setdefault(role, np.full(count, -1, dtype=np.int64))[rows] = numbers

        for shape, rows in self._rows.items():
            match = self._matches[shape].get(order)
            if match is None:
                continue
            valid[rows] = True
            digits = _digits([self.cells[row] for row in rows])
            for role in match.spans.keys() & _NUMERIC_ROLES:
                put(role, rows, _number(digits, *match.spans[role]))
            if match.offset:
                offsets[rows] = _offset(match.offset, digits[:, match.spans["zone"][0] :])
            for role, number in (("m", match.month), ("k", match.weekday)):
                if number is not None:
                    put(role, rows, number)
            if match.afternoon is not None:
                hours = values["H"][rows] % 12
                values["H"][rows] = hours + 12 * match.afternoon
            if match.zone and zone is None:
                zone = _zone_text(match.zone, self.cells[rows[0]])
        return Fields(order, values, offsets if zone else None, zone, valid)


def _digits(cells: list[str]) -> np.ndarray:
    """(N, characters) int64, the digits in N cells of one shape; of one length, so reading them is arithmetic."""
    codes = np.frombuffer("".join(cells).encode("utf-32-le"), dtype=np.uint32).reshape(len(cells), len(cells[0]))
    return codes.astype(np.int64) - ord("0")


def _number(digits: np.ndarray, start: int, stop: int) -> np.ndarray:
    """(N,) int64, the number in these columns; of a long fraction of a second the first 18 digits."""
    stop = min(stop, start + 18)
    return np.asarray(digits[:, start:stop] @ 10 ** np.arange(stop - start - 1, -1, -1, dtype=np.int64))


def _offset(zone: str, digits: np.ndarray) -> np.ndarray:
    """Seconds east of UTC from the digits of "+05:30", "+0530" or "+05"; the first column holds the sign."""
    seconds = _number(digits, 1, 3) * 3600
    if zone.count("9") == 4:
        start = zone.rindex("99")
        seconds += _number(digits, start, start + 2) * 60
    return -seconds if zone[0] == "-" else seconds


def _zone_text(zone: str, cell: str) -> str:
    if zone in ("Z", "GMT", "UTC"):
        return "UTC"
    if zone[0] in "+-":
        return cell[-len(zone) :]
    return zone


def to_seconds(fields: Fields) -> tuple[np.ndarray, np.ndarray]:
    """Local wall-clock time of every cell.

    Returns:
        (N,) datetime64[s], NaT where the cell holds no time or one that does not exist (month 13, 30 February);
        (N,) bool, True at rows that matched a pattern but name no time that exists.
    """
    v = fields.values
    valid = fields.valid.copy()
    count = len(valid)
    one = np.ones(count, dtype=np.int64)
    if "c" in v:
        v = {**v, "Y": v["c"] // 10_000, "m": v["c"] // 100 % 100, "d": v["c"] % 100}
    year = v.get("Y", one * -1)
    if "y" in v:
        two = v["y"]
        year = np.where(two >= 0, np.where(two < 69, 2000 + two, 1900 + two), year)
    month = v.get("m", one).copy()
    if "q" in v:
        valid &= (v["q"] >= 1) & (v["q"] <= 4)
        month = 3 * v["q"] - 2
    if "h" in v:
        valid &= (v["h"] >= 1) & (v["h"] <= 2)
        month = 6 * v["h"] - 5
    day = v.get("d", one)
    day = np.where(day < 0, 1, day)
    valid &= (year >= 1) & (year <= 9999) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (np.where(valid, day, 1) - 1)
    valid &= days.astype("datetime64[M]") == months
    if "e" in v:
        end = np.where(v["e"] < 100, v["e"], v["e"] % 100)
        valid &= end == (year + 1) % 100
    if "j" in v:
        valid &= (v["j"] >= 1) & (v["j"] <= 366)
        days = np.where(valid, days + (v["j"] - 1), days)
    if "w" in v:
        valid &= (v["w"] >= 1) & (v["w"] <= 53)
        weekday = np.where(v["u"] >= 1, v["u"], 1) if "u" in v else one
        fourth = np.where(valid, (year - 1970) * 12, 0).astype("datetime64[M]").astype("datetime64[D]") + 3
        monday = fourth - (fourth.astype(np.int64) + 3) % 7  # the week of 4 January is week 1 (ISO 8601)
        days = monday + 7 * (v["w"] - 1) + (weekday - 1)
    hour, minute, second = (np.maximum(v.get(role, 0 * one), 0) for role in "HMS")
    if "t" in v:
        clock = np.maximum(v["t"], 0)
        clock = np.where(clock > 2400, clock, clock * 100) if _four_digit_clock(fields) else clock
        hour, minute, second = clock // 10_000, clock // 100 % 100, clock % 100
    valid &= (hour <= 24) & (minute <= 59) & (second <= 60)
    times = days.astype("datetime64[s]") + (hour * 3600 + minute * 60 + np.minimum(second, 59))
    times = np.where(valid, times, np.datetime64("NaT", "s"))
    return times, fields.valid & ~valid


def _four_digit_clock(fields: Fields) -> bool:
    return bool((fields.values["t"] <= 2400).all())
