"""Series of numbers with two tails held out: the last steps for the test, those before to choose when to stop"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rnn_model import read, seasonality
from rnn_model.errors import InputError, Problem
from rnn_model.reading.log import count, quote
from rnn_model.records import Series
from training.benchmarks import USUAL_HORIZONS, BenchmarkSet, cut_series
from training.table.content import content_hash

_SHORTEST_HISTORY = 4


@dataclass(frozen=True)
class SeriesTable:
    """Series of a file with two tails held out: the last steps for the final test, those before to stop training by.

    Attributes:
        series: as `rnn_model.read` found them.
        train: the series without both tails.
        valid: histories without both tails, and the tail that follows them; a set for each season.
        test: histories without the last tail, and that tail; a set for each season.
        horizon: steps K in each tail.
        source: what the file is called.
        sha256: of names, times and values, whatever kind of file they came in.
        notes: how the file was read and cut, in words.
    """

    series: tuple[Series, ...]
    train: tuple[Series, ...]
    valid: tuple[BenchmarkSet, ...]
    test: tuple[BenchmarkSet, ...]
    horizon: int
    source: str
    sha256: str
    notes: tuple[str, ...] = ()


def read_series_table(
    source: os.PathLike[str] | bytes,
    season: int | None = None,
    horizon: int | None = None,
    *,
    filename: str | None = None,
) -> SeriesTable:
    """The series of a file that `rnn_model.read` understands, with two tails held out of each.

    Args:
        source: path or bytes of the file.
        season: steps in the season; None takes what the dates suggest, else what the values show.
        horizon: steps K in each tail; None takes the usual number for the season, at most a fifth of a usual series.
        filename: name of the file that bytes came from.

    Returns:
        A SeriesTable; series too short for two tails and something before them are left out, with a note.

    Raises:
        InputError: the file cannot be read, holds no numbers, or every series is too short.
    """
    for what, steps in (("season", season), ("horizon", horizon)):
        if steps is not None and steps < 1:
            raise InputError(
                Problem(f"a {what} of {steps}", "at least one step", f"Leave the {what} out to have it found.")
            )
    reading = read(source, filename=filename)
    name = filename or (Path(source).name if isinstance(source, os.PathLike) else "the table")
    found = tuple(replace(_ended(one), season=season or one.season) for one in reading.series)
    if not found:
        fix = "Give a file with a column of numbers."
        raise InputError(Problem(f"no numbers in {quote(name)}", "at least one series", fix))
    changing = tuple(one for one in found if len(set(one.values[np.isfinite(one.values)])) > 1)
    if not changing:
        fix = "Give one that does; to forecast the others, repeat their value."
        raise InputError(Problem(_listed(found, "without any change"), "a series that changes", fix))
    still = tuple(one for one in found if one not in changing)
    found = changing
    if horizon is None:
        commonest = Counter(one.season or _season(one, len(one) // 5) for one in found).most_common(1)[0][0]
        usual = USUAL_HORIZONS.get(commonest, 2 * commonest)
        horizon = max(1, min(usual, sorted(map(len, found))[len(found) // 2] // 5))
    found = tuple(replace(one, season=one.season or _season(one, horizon)) for one in found)
    series = tuple(one for one in found if _long_enough(one, horizon))
    if not series:
        least = 2 * horizon + max(horizon, _SHORTEST_HISTORY)
        fix = f"Give longer series{' or a smaller --horizon' if horizon > 1 else ''}."
        held_out = f"of which two tails of {count(horizon, 'step')} are held out, each with a value"
        most = max(np.isfinite(one.values).sum() for one in found)
        raise InputError(Problem(f"{most:,} known values in the longest series", f"at least {least} {held_out}", fix))
    shorter = tuple(_without_tail(one, horizon) for one in series)
    content = ([one.name, [str(t) for t in _times(one)], [repr(float(v)) for v in one.values]] for one in series)
    notes = [
        *(note for note in reading.notes if note not in reading.selection),  # all of them are used
        f"{count(len(series), 'series', 'series')}; of each the last {count(horizon, 'step')} are the test, and as "
        "many before them choose when to stop.",
    ]
    short = tuple(one for one in found if one not in series)
    notes += [
        f"Left out: {_listed(group, why)}."
        for group, why in ((short, "too short for that"), (still, "without any change"))
        if group
    ]
    return SeriesTable(
        series=series,
        train=tuple(_without_tail(one, horizon) for one in shorter),
        valid=cut_series(name, shorter, horizon=horizon),
        test=cut_series(name, series, horizon=horizon),
        horizon=horizon,
        source=name,
        sha256=content_hash(content),
        notes=tuple(notes),
    )


def _listed(group: Sequence[Series], why: str) -> str:
    """How many series, why, and what the first of them are called."""
    names = [quote(one.name) for one in group if one.name]
    more = ", …" if len(names) > 3 else ""
    return f"{count(len(group), 'series', 'series')} {why}" + (f" ({', '.join(names[:3])}{more})" if names else "")


def _ended(series: Series) -> Series:
    """The series up to its last known value: blank rows to come are nothing to be tested on."""
    known = np.flatnonzero(np.isfinite(series.values))
    return _without_tail(series, len(series) - 1 - int(known[-1])) if len(known) else series


def _season(series: Series, horizon: int) -> int:
    """The season in what stands before both tails, since nothing may be chosen by what is in them."""
    return seasonality.detect(series.values[: max(len(series) - 2 * horizon, 0)])


def _long_enough(series: Series, horizon: int) -> bool:
    """Something is known in both tails, and enough before them to learn from."""
    history, valid, test = np.split(np.isfinite(series.values), [-2 * horizon, -horizon])
    return bool(history.sum() >= max(horizon, _SHORTEST_HISTORY) and valid.any() and test.any())


def _times(series: Series) -> Iterator[object]:
    return iter(()) if series.times is None else iter(series.times)


def _without_tail(series: Series, steps: int) -> Series:
    end = len(series) - steps
    times = None if series.times is None else series.times[:end]
    return replace(series, values=series.values[:end], times=times)
