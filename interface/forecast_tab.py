"""The Forecast tab: a sequence in; a sentence, a picture, a table and how it was read out."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from functools import cache, partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pandas as pd

from rnn_model import InputError, Model, forecast, read
from rnn_model.plots import forecast_figure, svg
from rnn_model.records import Forecast, Reading
from rnn_model.report import band, decimals_for, describe, forecast_csv, moment, step_words

FILE_TYPES = [".csv", ".tsv", ".txt", ".json", ".xlsx"]
HORIZON = 12  # steps ahead when none are asked for
COVERAGES = [("8 in 10", 0.8), ("5 in 10", 0.5)]


@dataclass(frozen=True)
class Example:
    """A real series to try: what a visitor would paste, how far to look ahead, and where it comes from."""

    name: str
    text: str
    horizon: int
    source: str


@dataclass(frozen=True)
class Chosen:
    """The readings a visitor chose among those offered, and the input they were chosen for."""

    source: str | Path = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What the tab shows.

    Attributes:
        result: HTML: sentence and picture, or what is wrong with the input, or an invitation.
        chosen: the readings chosen so far.
        strip: HTML: how the input was read.
        others: (label, choice) of the other readings that fit.
        table: rows of text; None when there is nothing to list.
        download: HTML: a link that holds the forecast as a file.
    """

    result: str
    chosen: Chosen
    strip: str = ""
    others: tuple[tuple[str, str], ...] = ()
    table: pd.DataFrame | None = None
    download: str = ""

    def updates(self) -> list[Any]:
        """For the outputs result, strip, others, coverage, table, download, origin, chosen."""
        others = gr.update(choices=self.others, value=None, visible=bool(self.others))
        shown = gr.update(visible=self.table is not None)
        table = gr.update(value=self.table, visible=self.table is not None)
        return [self.result, self.strip, others, shown, table, self.download, _origin(self.chosen.source), self.chosen]


@cache
def examples() -> tuple[Example, ...]:
    """The examples in the order they are offered; the page opens with the first."""
    rows = json.loads(Path(__file__).with_name("examples.json").read_text(encoding="utf-8"))
    return tuple(Example(**row) for row in rows)


def forecast_tab(model: Model) -> None:
    """Adds the tab, with an example already forecast, and the endpoints `/forecast` and `/forecast_file`."""
    first, (limits, _) = examples()[0], model.forecaster
    opening = answer(model, first.text, None, first.horizon, None, 0.8, Chosen())
    with gr.Tab("Forecast") as tab, gr.Row():
        with gr.Column(scale=4, min_width=300):
            text = gr.Textbox(
                first.text,
                label="Your numbers",
                info="A list, a column, or a table with dates. Gaps and decimal commas are fine.",
                placeholder="112 118 132 129 121 135 …",
                lines=8,
                max_lines=8,
            )
            file = gr.UploadButton("or choose a CSV, TSV, TXT, JSON or XLSX file", file_types=FILE_TYPES, size="sm")
            with gr.Row():
                horizon = gr.Number(
                    first.horizon, label="Steps ahead", info=f"1 to {limits.max_horizon}", precision=0, min_width=110
                )
                season = gr.Number(
                    0, label="Steps in a season", info="0: found for you, 1: none", precision=0, min_width=110
                )
            go = gr.Button("Forecast", variant="primary")
            with gr.Column(elem_classes="examples"):
                gr.HTML('<p class="hint">Real series to try</p>')
                with gr.Row():
                    buttons = [gr.Button(example.name, size="sm", min_width=150) for example in examples()]
                origin = gr.HTML(_origin(first.text))
        with gr.Column(scale=7, min_width=300):
            result = gr.HTML(opening.result)
            strip = gr.HTML(opening.strip)
            others = gr.Radio(list(opening.others), label="Or did you mean", visible=bool(opening.others))
            coverage = gr.Radio(COVERAGES, value=0.8, label="Chance that low to high holds the value")
            table = gr.Dataframe(
                opening.table, label="Table", interactive=False, max_height=330, elem_classes="forecast-table"
            )
            download = gr.HTML(opening.download)

    with tab:  # beside a tab there may only be other tabs
        chosen = gr.State(opening.chosen)
    inputs = [text, file, horizon, season, coverage, chosen]
    outputs = [result, strip, others, coverage, table, download, origin, chosen]

    def run(*values: Any) -> list[Any]:
        return answer(model, *values).updates()

    def run_file(path: str, ahead: int, season: int, chance: float) -> list[Any]:
        return ["", *answer(model, "", path, ahead, season, chance, Chosen()).updates()]

    def run_example(example: Example, chance: float) -> list[Any]:
        shown = answer(model, example.text, None, example.horizon, None, chance, Chosen())
        return [example.text, example.horizon, 0, *shown.updates()]

    quietly: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
    gr.on([go.click, horizon.submit, season.submit, coverage.input], run, inputs, outputs, **quietly)
    others.input(run, [*inputs, others], outputs, **quietly)
    file.upload(run_file, [file, horizon, season, coverage], [text, *outputs], **quietly)
    for button, example in zip(buttons, examples(), strict=True):
        button.click(partial(run_example, example), coverage, [text, horizon, season, *outputs], **quietly)
    with tab:
        _endpoints(model)


def answer(
    model: Model,
    text: str,
    file: str | None,
    horizon: int | None,
    season: int | None,
    coverage: float,
    chosen: Chosen,
    choice: str | None = None,
) -> Answer:
    """Reads the text, or else the file, forecasts it and puts everything into words and pictures."""
    source: str | Path = Path(file) if file and not text.strip() else text
    chosen = chosen if chosen.source == source else Chosen(source)
    if choice:
        chosen = Chosen(chosen.source, (*chosen.choices, choice))
    try:
        reading = read(source, choices=chosen.choices)
        if not reading.series:
            return _invited(reading, chosen)
        steps, clamped = _within(HORIZON if horizon is None else horizon, model.forecaster[0].max_horizon)
        return _shown(reading, forecast(model, reading, steps, season or None), coverage, clamped, chosen)
    except InputError as error:
        return Answer(_problems(error), chosen=chosen)


def as_json(reading: Reading, result: Forecast) -> dict[str, Any]:
    """A forecast and its reading as numbers, strings and lists."""
    series = result.history
    return {
        "sentence": describe(result),
        "name": series.name,
        "unit": series.unit,
        "times": None if result.times is None else np.datetime_as_string(result.times).tolist(),
        "median": result.median.tolist(),
        "levels": result.levels.tolist(),
        "quantiles": result.quantiles.tolist(),
        "season": result.season,
        "notes": [*reading.notes, *result.notes],
        "warnings": list(reading.warnings),
        "alternatives": [{"label": other.label, "choice": other.choice} for other in reading.alternatives],
    }


def _shown(reading: Reading, result: Forecast, coverage: float, clamped: str, chosen: Chosen) -> Answer:
    notes = [note for note in (*reading.notes, *result.notes) if note not in reading.warnings]
    return Answer(
        _picture(result, coverage),
        chosen,
        _strip([*reading.warnings, *filter(None, [clamped])], notes),
        _others(reading),
        _table(result, coverage),
        _download(result),
    )


def _invited(reading: Reading, chosen: Chosen) -> Answer:
    lines = "".join(f"<p>{escape(note)}</p>" for note in reading.notes)
    return Answer(f'<div class="invitation" role="status">{lines}</div>', others=_others(reading), chosen=chosen)


def _others(reading: Reading) -> tuple[tuple[str, str], ...]:
    return tuple((other.label, other.choice) for other in reading.alternatives)


def _within(horizon: int, longest: int) -> tuple[int, str]:
    """The horizon inside its limits, and a note when it had to be moved there."""
    moved = min(max(horizon, 1), longest)
    return moved, "" if moved == horizon else f"Steps ahead go from 1 to {longest}: {moved} instead of {horizon}."


def _picture(result: Forecast, coverage: float) -> str:
    """The sentence, and the picture twice: CSS shows the one that fits."""
    sentence = describe(result, coverage)
    wide, slim = (svg(forecast_figure(result, narrow=narrow), sentence) for narrow in (False, True))
    return (
        f'<p class="verdict" role="status">{escape(sentence)}</p>'
        f'<div class="picture"><div class="wide">{wide}</div><div class="slim">{slim}</div></div>'
    )


def _strip(warnings: list[str], notes: list[str]) -> str:
    lines = [f'<li class="warning">{escape(text)}</li>' for text in warnings]
    lines += [f"<li>{escape(text)}</li>" for text in notes]
    return f'<section class="strip"><h2>How I read this</h2><ul>{"".join(lines)}</ul></section>'


def _problems(error: InputError) -> str:
    lines = "".join(f"<li>{escape(str(problem))}</li>" for problem in error.problems)
    return f'<div class="problems" role="alert"><p>This cannot be forecast as it stands.</p><ul>{lines}</ul></div>'


def _origin(source: str | Path) -> str:
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


def _download(result: Forecast) -> str:
    """A link that holds the file itself, so that nothing of a visitor's stays on the server for it."""
    content = b64encode(forecast_csv(result).encode("utf-8-sig")).decode()  # the mark tells Excel that it is UTF-8
    link = f'href="data:text/csv;charset=utf-8;base64,{content}" download="forecast.csv"'
    return f'<a class="save-link" {link}>Download as CSV, all quantiles</a>'


def _endpoints(model: Model) -> None:
    def run(source: str | Path, horizon: int, season: int, choices: list[str] | None) -> dict[str, Any]:
        try:
            reading = read(source, choices=tuple(choices or ()))
            return as_json(reading, forecast(model, reading, horizon, season or None))
        except InputError as error:
            raise gr.Error(str(error), print_exception=False) from None

    def of_text(text: str, horizon: int = HORIZON, season: int = 0, choices: list[str] | None = None) -> dict[str, Any]:
        """Forecasts a sequence of numbers given as text.

        Parameters:
            text: numbers separated by commas, blanks or lines, or a table with dates.
            horizon: steps ahead.
            season: steps in a season; 1 for none; 0 to have it found.
            choices: readings to prefer, from the `alternatives` of an earlier answer.
        """
        return run(text, horizon, season, choices)

    def of_file(file: str, horizon: int, season: int) -> dict[str, Any]:
        """Forecasts the numbers in a CSV, TSV, TXT, JSON or XLSX file; otherwise like /forecast."""
        return run(Path(file), int(horizon), int(season), None)

    gr.api(of_text, api_name="forecast")
    with gr.Row(visible=False):  # an endpoint that takes a file needs components
        inputs = [gr.File(file_types=FILE_TYPES), gr.Number(HORIZON, precision=0), gr.Number(0, precision=0)]
        gr.Button().click(of_file, inputs, gr.JSON(), api_name="forecast_file")
