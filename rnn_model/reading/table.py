"""A table of text cells: what every input becomes before numbers and times are looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rnn_model.reading.log import quote

Rows = list[list[str]]
PART = 65_536  # characters of a large file that are held at a time


@dataclass(frozen=True)
class Table:
    """Cells by column.

    Attributes:
        columns: W columns of N stripped cells each.
        names: W column names; "" where the input gave none.
        lines: N line numbers of the input, 1-based; empty when the input has no lines (a Python list).
        exact: the cells come from a format with one way to write numbers (JSON, workbook, Python),
            so a point is a decimal mark and nothing is ambiguous.
        flat: a list of values, not a column of a table.
        frequency: pandas alias that the input itself states (an R time series), or None.
        start: ISO time of the first row that the input itself states, or None.
    """

    columns: list[list[str]]
    names: list[str]
    lines: list[int] = field(default_factory=list)
    exact: bool = False
    flat: bool = False
    frequency: str | None = None
    start: str | None = None

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def line(self, row: int) -> int | None:
        return self.lines[row] if self.lines else None

    def title(self, column: int) -> str:
        """How to call a column in a message: its quoted name, or its number."""
        return quote(self.names[column]) if self.names[column] else f"column {column + 1}"

    def handle(self, column: int) -> str:
        """What `find` finds this column by: its name, or its number where the name would find another."""
        name = self.names[column]
        return name if self.find(name) == column else str(column + 1)

    def find(self, name: str) -> int | None:
        """Index of the column of this name or 1-based number; None when there is none."""
        if name in self.names and name:
            return self.names.index(name)
        if name.isdecimal() and len(name) < 7 and 1 <= int(name) <= len(self.columns):
            return int(name) - 1
        return None


def list_table(cells: Sequence[str], lines: Sequence[int] = (), **about: object) -> Table:
    """One unnamed column of values."""
    return Table([list(cells)], [""], list(lines), flat=True, **about)  # type: ignore[arg-type]


def columns_of(rows: Rows, width: int) -> list[list[str]]:
    """Rows of cells -> `width` columns; short rows are filled with empty cells."""
    full = [row if len(row) == width else (row + [""] * width)[:width] for row in rows]
    return [[row[number] for row in full] for number in range(width)]


def in_parts(rows: Iterable[list[str]]) -> Iterator[Rows]:
    """The rows in lists of PART characters or little more, at least one list; an empty cell counts as one character."""
    part: Rows = []
    held = 0
    for row in rows:
        part.append(row)
        held += sum(map(len, row)) + len(row)
        if held >= PART:
            yield part
            part, held = [], 0
    yield part
