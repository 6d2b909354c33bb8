"""What the reader says about its work: notes, warnings, other readings; and the choices it was given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rnn_model.errors import InputError, Problem
from rnn_model.reading.limits import MAX_PROBLEMS
from rnn_model.records import Alternative

# Every kind of choice, with what its value says.  A choice is the text "kind=value".
CHOICES = {
    "split": "what stands between values: comma, semicolon, tab, space, pipe, line",
    "decimal": "the decimal mark: point or comma",
    "grouping": "whether blanks group thousands: space or none",
    "rows": "flat: read the table row by row as one series; columns: read its columns",
    "column": "name or number of the series to forecast",
    "group": "name of the column that tells stacked series apart",
    "series": "name of one of several stacked series",
    "times": "name or number of the column of times; none, index, data, unix, excel",
    "dates": "the order of numeric dates: day-first or month-first",
    "duplicates": "what becomes of values with the same time: mean, sum, last",
    "steps": "what a step is when times are irregular: order or resample",
    "tail": "whether zeros at the end are values or missing: zeros or missing",
    "placeholder": "whether -999 and the like stand for missing values: missing",
    "letters": "what a letter after a number means: unit or multiplier",
    "bullets": "whether a leading dash is a bullet or a minus: bullet or minus",
    "sheet": "name of the sheet of a workbook",
    "field": "name of the list inside a JSON object",
    "words": "numbers: take the numbers out of a sentence",
}

Place = tuple[int | None, str]  # line of the input, text found there


def quote(text: str, width: int = 40) -> str:
    """The text in quotes, shortened for display, control characters shown as escapes."""
    if not text:
        return "an empty cell"
    shown = text if len(text) <= width else text[: width - 1] + "…"
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in shown)
    return f"“{shown}”"


def count(number: int, noun: str, plural: str = "") -> str:
    """`count(2, "value")` is "2 values"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def examples(places: Sequence[Place], most: int = 3) -> str:
    """The first places as text: "line 3 “n/a”, line 8 “-”, ..."."""
    shown = [f"line {line} {quote(text)}" if line else quote(text) for line, text in places[:most]]
    return ", ".join(shown) + (", …" if len(places) > most else "")


def refuse(problems: Iterable[Problem]) -> InputError:
    """An InputError of all problems; beyond MAX_PROBLEMS they are counted, not listed."""
    listed = list(problems)
    kept = listed[:MAX_PROBLEMS]
    if len(listed) > len(kept):
        more = len(listed) - len(kept)
        kept.append(Problem(count(more, "more problem"), "none", "Correct the ones above first."))
    return InputError(kept)


class Log:
    """Collects what one reading has to say.

    Args:
        choices: "kind=value" texts; of one kind the last counts.

    Raises:
        InputError: a choice of no known kind.
    """

    def __init__(self, choices: Sequence[str] = ()) -> None:
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.selection: list[str] = []
        self._offers: dict[str, Alternative] = {}
        self._choices: dict[str, str] = {}
        self._asked: set[str] = set()
        self.settled: dict[str, str] = {}
        for choice in choices:
            kind, equals, value = str(choice).partition("=")
            if kind not in CHOICES or not equals:
                raise InputError(
                    Problem(quote(str(choice)), "a choice such as decimal=comma", f"Use one of: {', '.join(CHOICES)}.")
                )
            self._choices[kind] = value

    def choice(self, kind: str) -> str | None:
        """The value chosen for this kind, or None; asking marks the choice as one that matters to this input."""
        assert kind in CHOICES
        self._asked.add(kind)
        return self._choices.get(kind)

    def muted(self) -> Log:
        """A log with the same choices whose notes are heard by nobody."""
        return Log([f"{kind}={value}" for kind, value in self._choices.items()])

    def settle(self, kind: str, value: str) -> None:
        """Records what was decided on, chosen or found, so that more rows of the same table can be read alike."""
        assert kind in CHOICES
        self.settled[kind] = value

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def note_selection(self, text: str) -> None:
        """A note about which of several series is used; a reader who takes all of them leaves it out."""
        self.note(text)
        self.selection.append(text)

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)

    def offer(self, label: str, choice: str) -> None:
        """Another reading that fits; left out when it is the one already chosen."""
        kind, _, value = choice.partition("=")
        if self._choices.get(kind) != value:
            self._offers.setdefault(choice, Alternative(label, choice))

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """The readings offered, each choice once."""
        return tuple(self._offers.values())

    def note_unused_choices(self) -> None:
        """Says which choices had no bearing on this input."""
        for kind, value in self._choices.items():
            if kind not in self._asked:
                self.note(f"The choice {quote(f'{kind}={value}')} changes nothing here.")


class Tally:
    """What is to be said of many series, every kind of note once: of the first series that it holds for."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[str, int]] = {}

    def add(self, name: str, note: str) -> None:
        """Notes that differ in their numbers alone are of one kind."""
        kind = re.sub(r"[\d.,:-]+", "", note)
        first, series = self._kinds.get(kind, (f"{name}: {note}" if name else note, 0))
        self._kinds[kind] = first, series + 1

    def lines(self) -> list[str]:
        """One for each kind, with how many series it holds for."""
        return [
            first if series == 1 else f"{first} (So for {series:,} series.)" for first, series in self._kinds.values()
        ]
