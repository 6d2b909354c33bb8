"""A small table of reviews that the tests of tables read, write and spoil"""

from __future__ import annotations

from training.table.texts import TextTable, read_text_table

SUBJECTS = ("the kettle", "a red bicycle", "this phone", "her old lamp", "our new tent", "that watch", "his desk")
VERDICTS = {"good": ("works well and lasts", "was worth every coin"), "bad": ("broke at once", "came late and bent")}
ROWS = [
    (f"{subject} {words} {'again ' * again}".strip(), label)
    for label, phrases in VERDICTS.items()
    for subject in SUBJECTS
    for words in phrases
    for again in range(3)
]


def csv_of(rows: list[tuple[str, ...]], header: str = "review,verdict") -> bytes:
    return "\n".join([header, *(",".join(row) for row in rows)]).encode()


def large() -> TextTable:
    return read_text_table(csv_of(ROWS), filename="a.csv")
