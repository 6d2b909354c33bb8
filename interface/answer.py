"""What the Forecast tab answers: an input read, forecast and checked, in words and a picture."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from interface.program import program
from interface.sections import Asked, downloads, moment_of_the_past, picture
from rnn_model import InputError, Model, backtest, calibrate, forecast, read
from rnn_model.backtest import rival_ahead, rival_is_better
from rnn_model.constraints import POSITIVE, WHOLE, always_whole, constrain, never_negative
from rnn_model.errors import Problem
from rnn_model.forecaster import longest_season
from rnn_model.plots import forecast_figure
from rnn_model.records import Alternative, Backtest, Forecast, Reading, Series
from rnn_model.report import band, decimals_for, describe, forecast_csv, moment, step_words

HORIZON = 12  # steps ahead when none are asked for
COUNTED = "bands as counted on your own values"
EARLIEST = 4  # values that the replay starts from
_SERIES_CHOICES = ("series=", "column=")  # alternatives that are another series, not another reading


@dataclass(frozen=True)
class Example:
    """A series to try.

    Attributes:
        name, text: what it is called, and what a visitor would paste.
        horizon: steps to look ahead.
        source: where it comes from.
        learnt: whether the packaged network was trained on it, so that it proves nothing.
    """

    name: str
    text: str
    horizon: int
    source: str
    learnt: bool = False


@dataclass(frozen=True)
class Chosen:
    """The readings a visitor chose among those offered, and the input they were chosen for."""

    source: str | Path = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What the tab shows.

    Attributes:
        result: HTML: sentence, picture and verdict, or what is wrong with the input, or an invitation.
        chosen: the readings chosen so far.
        strip: HTML: how the input was read.
        others: (label, choice) of the other readings that fit.
        series: (name, choice) of the series in the input, the one that is used first; empty when there is one.
        adjustable: what can be done to the quantiles; `adjusted` is what was.
        table: rows of text; None when there is nothing to list.
        download: HTML: links that hold the forecast as files.
        program: HTML: the call that gives a program the same.
        asked: what the sections below are drawn from; None without a forecast.
        replayable: fewest and most values that the replay can go back to, and where it stands; None without a forecast.
    """

    result: str
    chosen: Chosen
    strip: str = ""
    others: tuple[tuple[str, str], ...] = ()
    series: tuple[tuple[str, str], ...] = ()
    adjustable: tuple[str, ...] = ()
    adjusted: tuple[str, ...] = ()
    table: pd.DataFrame | None = None
    download: str = ""
    program: str = ""
    asked: Asked | None = None
    replayable: tuple[int, int, int] | None = None


@cache
def examples() -> tuple[Example, ...]:
    """The examples in the order they are offered; the page opens with the first."""
    rows = json.loads(Path(__file__).with_name("examples.json").read_text(encoding="utf-8"))
    return tuple(Example(**row) for row in rows)


def answer(
    model: Model,
    text: str,
    file: str | None,
    horizon: float | None,
    season: float | None,
    coverage: float,
    chosen: Chosen,
    adjust: list[str] | None = None,
    choice: str | None = None,
) -> Answer:
    """Reads the text, or else the file, forecasts it and puts it into words and a picture.

    Args:
        model: from `load`.
        text, file: the input; the text wins.
        horizon, season: as asked; None when not, 0 for a season to be found.
        coverage: chance of the range that is named.
        chosen: readings chosen so far.
        adjust: what to do to the quantiles; None, or another input than before, does what suits it.
        choice: one more reading to choose.
    """
    source: str | Path = Path(file) if file and not text.strip() else text
    if chosen.source != source:
        chosen, adjust = Chosen(source), None
    if choice:
        chosen = Chosen(chosen.source, (*chosen.choices, choice))
    try:
        reading = read(source, choices=chosen.choices)
        if not reading.series:
            return _invited(reading, chosen)
        steps, moved = _steps(model, horizon)
        period, rounded = _season(model, season)
        moves = [said for said in (moved, rounded) if said]
        return _shown(model, reading, steps, period, coverage, moves, chosen, adjust)
    except InputError as error:
        return Answer(problems(error), chosen=chosen)


def replay(
    model: Model,
    text: str,
    file: str | None,
    horizon: float | None,
    season: float | None,
    chosen: Chosen,
    adjust: list[str],
    origin: int,
) -> str:
    """HTML: the forecast of the same input as it would have been with its first `origin` values.

    Args:
        adjust: what is done to its quantiles, by what was known then; the others as for `answer`.
    """
    source: str | Path = Path(file) if file and not text.strip() else text
    try:
        reading = read(source, choices=chosen.choices if chosen.source == source else ())
        if not reading.series:
            return ""
        series = reading.series[reading.selected]
        steps, _ = _steps(model, horizon)
        period, _ = _season(model, season)

        def as_asked(then: Forecast) -> Forecast:
            return adjusted(then, backtest(model, then.history, steps, period), adjust) if adjust else then

        return moment_of_the_past(model, series, min(max(origin, 1), len(series)), steps, period, as_asked)
    except InputError as error:
        return problems(error)


def adjustments(series: Series, checked: Backtest, made: Forecast) -> tuple[str, ...]:
    """What can be done to the quantiles of a forecast of this series."""
    offered = [COUNTED] if calibrate(made, checked) is not made else []
    offered += [POSITIVE] if never_negative(series) else []
    return (*offered, WHOLE) if always_whole(series) else tuple(offered)


def adjusted(made: Forecast, checked: Backtest, asked: list[str] | tuple[str, ...]) -> Forecast:
    """The forecast with what was asked done to its quantiles."""
    counted = calibrate(made, checked) if COUNTED in asked else made
    positive = POSITIVE in asked and bool((counted.quantiles < 0).any())  # stated only where it changes something
    return constrain(counted, positive=positive, whole=WHOLE in asked)


def _shown(
    model: Model,
    reading: Reading,
    steps: int,
    season: int | None,
    coverage: float,
    moves: list[str],
    chosen: Chosen,
    adjust: list[str] | None,
) -> Answer:
    series = reading.series[reading.selected]
    made = forecast(model, replace(reading, series=(series,), selected=0), steps, season)
    checked = backtest(model, series, steps, season)
    offered = adjustments(series, checked, made)
    asked = tuple(name for name in offered if (name != WHOLE if adjust is None else name in adjust))
    result = adjusted(made, checked, asked)
    notes = [note for note in (*reading.notes, *result.notes) if note not in reading.warnings]
    return Answer(
        _result(result, checked, coverage),
        chosen,
        _strip([*reading.warnings, *moves], notes),
        _others(reading),
        _series(reading),
        offered,
        asked,
        _table(result, coverage),
        downloads("forecast", forecast_csv(result)),
        _program(chosen, steps, season, asked),
        Asked(series, steps, season, checked),
        (EARLIEST, len(series), max(len(series) - steps, EARLIEST)) if len(series) > EARLIEST else None,
    )


def _program(chosen: Chosen, steps: int, season: int | None, asked: tuple[str, ...]) -> str:
    """The call that gives the same: the readings that were chosen, and what was done to the quantiles."""
    done = {"calibrated": COUNTED in asked, "positive": POSITIVE in asked, "whole": WHOLE in asked}
    given = {"horizon": steps, "season": season, "choices": list(chosen.choices), **done}
    return program("forecast", chosen.source, {name: value for name, value in given.items() if value})


def _result(result: Forecast, checked: Backtest, coverage: float) -> str:
    """The sentence, the picture, and under it whether to believe them; a better rival is drawn too."""
    sentence = describe(result, coverage)
    rivals = [(checked.rival, rival_ahead(result, checked))] if rival_is_better(checked) else []

    def draw(narrow: bool) -> Figure:
        return forecast_figure(result, narrow=narrow, coverage=coverage, rivals=rivals)

    shown = picture(draw, sentence, "forecast")
    return (
        f'<p class="verdict" role="status">{escape(sentence)}</p>{shown}'
        f'<p class="believe">{escape(checked.verdict)}</p>'
    )


def _invited(reading: Reading, chosen: Chosen) -> Answer:
    lines = "".join(f"<p>{escape(note)}</p>" for note in reading.notes)
    return Answer(f'<div class="invitation" role="status">{lines}</div>', others=_others(reading), chosen=chosen)


def _others(reading: Reading) -> tuple[tuple[str, str], ...]:
    return tuple((one.label, one.choice) for one in reading.alternatives if not _is_series(one))


def _series(reading: Reading) -> tuple[tuple[str, str], ...]:
    """The series of the input by name, the one in use first; empty when it holds one only."""
    others = [one for one in reading.alternatives if _is_series(one)]
    if not others:
        return ()
    name = reading.series[reading.selected].name or "the one in use"
    return ((name, ""), *((one.label.removeprefix("use ").removeprefix("series "), one.choice) for one in others))


def _is_series(other: Alternative) -> bool:
    return other.choice.startswith(_SERIES_CHOICES)


def _steps(model: Model, asked: float | None) -> tuple[int, str]:
    """The horizon as a whole number inside its limits, and a note when it had to be moved there."""
    longest = model.forecaster[0].max_horizon
    if asked is None:
        return HORIZON, ""
    moved = min(max(round(asked), 1), longest)
    limits = f"Steps ahead are whole numbers from 1 to {longest}"
    return moved, "" if moved == asked else f"{limits}: {moved} instead of {asked:.12g}."


def _season(model: Model, asked: float | None) -> tuple[int | None, str]:
    """The season as a whole number, None when it is to be found, and a note when it was rounded.

    Raises:
        InputError: it is out of range.
    """
    longest, asked = longest_season(model), asked or 0
    season = round(asked)
    if not 0 <= season <= longest:
        fix = "Give 0 to have it found, 1 if there is none."
        raise InputError(Problem(f"{season} steps in a season", f"a whole number from 0 to {longest}", fix))
    rounded = f"A season is a whole number of steps: {season} instead of {asked:.12g}."
    return season or None, "" if season == asked else rounded


def _strip(warnings: list[str], notes: list[str]) -> str:
    lines = [f'<li class="warning">{escape(text)}</li>' for text in warnings]
    lines += [f"<li>{escape(text)}</li>" for text in notes]
    return f'<section class="strip"><h2>How I read this</h2><ul>{"".join(lines)}</ul></section>'


def problems(error: InputError) -> str:
    """What is wrong with an input, in words."""
    lines = "".join(f"<li>{escape(str(problem))}</li>" for problem in error.problems)
    return f'<div class="problems" role="alert"><p>This cannot be forecast as it stands.</p><ul>{lines}</ul></div>'


def origin(source: str | Path) -> str:
    """Where the input comes from: the name of a file, the source of an example, nothing for a visitor's own text."""
    if isinstance(source, Path):
        text = f"From {source.name}"
    else:
        text = next((example.source for example in examples() if example.text == source), "")
    return f'<p class="hint">{escape(text)}</p>'


def _table(result: Forecast, coverage: float) -> pd.DataFrame:
    low, high = band(result, coverage)
    decimals = decimals_for(float(np.mean(high - low)) or float(np.max(np.abs(high))), 3)
    frequency = result.history.frequency
    ahead = range(1, len(low) + 1)
    steps = ahead if result.times is None else [moment(time, frequency) for time in result.times]
    columns = {"Low": low, "Median": result.median, "High": high}
    written = {name: [f"{value:.{decimals}f}" for value in values] for name, values in columns.items()}
    heading = "Step" if result.times is None else step_words(frequency)[0].capitalize()
    return pd.DataFrame({heading: list(steps), **written})
