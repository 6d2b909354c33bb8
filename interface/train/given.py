"""A table that a visitor gave: which kind it is, and what stands in it, within what a visitor may ask for"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from interface.train.choices import (
    MOST_AHEAD,
    MOST_CLASSES,
    MOST_LETTERS,
    MOST_ROWS,
    MOST_SEASON,
    MOST_SERIES,
    MOST_VALUES,
    SERIES,
    TEXTS,
    Choices,
)
from rnn_model import InputError
from rnn_model.config import check, within
from rnn_model.errors import Problem

if TYPE_CHECKING:
    from training.table.series import SeriesTable
    from training.table.texts import TextTable

_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Given:
    """A table as it came: what to call it, and the file's bytes."""

    name: str
    content: bytes


def kind_of(given: Given) -> str:
    """TEXTS or SERIES.

    Most tables can be read as one of the two alone.  Where both readings go, rows of different texts of several words
    are texts; names, weekdays and the like beside numbers are not.

    Raises:
        InputError: the table can be read as neither.
    """
    from training.table.series import read_series_table
    from training.table.texts import read_text_table

    try:
        texts = read_text_table(given.content, filename=given.name)
    except InputError as error:
        try:
            read_series_table(given.content, filename=given.name)
        except InputError as other:
            if error.problems == other.problems:  # it is no table at all
                raise
            raise InputError([*_as("texts with labels", error), *_as("series of numbers", other)]) from None
        return SERIES
    try:
        read_series_table(given.content, filename=given.name)
    except InputError:
        return TEXTS
    words = sum(len(_WORD.findall(text)) for text in texts.texts) / len(texts)
    return TEXTS if words >= 2 and len(set(texts.texts)) > len(texts) / 2 else SERIES


def _as(kind: str, error: InputError) -> Iterator[Problem]:
    """What stands in the way of reading a table so."""
    return (replace(one, found=f"{one.found}, reading it as {kind}") for one in error.problems)


def texts_in(given: Given, chosen: Choices) -> TextTable:
    """Its texts and labels.

    Raises:
        InputError: it cannot be read so, or there are more than a visitor may ask for.
    """
    from training.table.texts import read_text_table

    table = read_text_table(
        given.content,
        filename=given.name,
        text_column=chosen.text_column.strip() or None,
        label_column=chosen.label_column.strip() or None,
    )
    _refuse_more(
        "classify",
        (len(table), MOST_ROWS, "rows", "Leave some out"),
        (sum(map(len, table.texts)), MOST_LETTERS, "characters of text", "Leave some rows out or shorten them"),
        (len(table.classes), MOST_CLASSES, "classes", "Join some"),
    )
    return table


def series_in(given: Given, chosen: Choices) -> SeriesTable:
    """Its series, with both ends held out.

    Raises:
        InputError, ConfigError: it cannot be read so, or there is more than a visitor may ask for.
    """
    from training.table.series import read_series_table

    check(within("horizon", chosen.horizon, 0, MOST_AHEAD), within("season", chosen.season, 0, MOST_SEASON))
    table = read_series_table(given.content, chosen.season or None, chosen.horizon or None, filename=given.name)
    _refuse_more(
        "forecast",
        (len(table.series), MOST_SERIES, "series", "Leave some out"),
        (sum(map(len, table.series)), MOST_VALUES, "values", "Leave the oldest out"),
    )
    return table


def _refuse_more(kind: str, *counted: tuple[int, int, str, str]) -> None:
    """Raises InputError for everything of which there is more than allowed: (found, most, what, what to do)."""
    here = f"or train on your own machine with python -m training.fit {kind} --data FILE."
    problems = [
        Problem(f"{found:,} {what}", f"at most {most:,} here", f"{fix}, {here}")
        for found, most, what, fix in counted
        if found > most
    ]
    if problems:
        raise InputError(problems)
