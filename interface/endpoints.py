"""What programs call: forecast, back-test and explanation of a text, and the same of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from interface.answer import HORIZON
from interface.sections import influence_words, units_in_words
from rnn_model import InputError, Model, backtest, calibrate, explain, forecast, read
from rnn_model.constraints import constrain
from rnn_model.records import FOLLOWED, Backtest, Forecast, Reading, Series, Trace
from rnn_model.report import describe

FILE_TYPES = [".csv", ".tsv", ".txt", ".json", ".xlsx"]


def endpoints(model: Model) -> None:
    """Adds /forecast, /backtest and /explain for text, and each with _file for a file."""

    def of(source: str | Path, choices: list[str] | None, work: Callable[[Series], dict[str, Any]]) -> dict[str, Any]:
        try:
            reading = read(source, choices=tuple(choices or ()))
            if not reading.series:
                forecast(model, reading)  # says what is missing
            result = work(reading.series[reading.selected])
            return {**result, **_read_as_json(reading), "notes": [*reading.notes, *result["notes"]]}
        except InputError as error:
            raise gr.Error(str(error), print_exception=False) from None

    def forecast_of(
        source: str | Path,
        horizon: int,
        season: int,
        choices: list[str] | None,
        calibrated: bool,
        positive: bool,
        whole: bool,
    ) -> dict[str, Any]:
        def work(series: Series) -> dict[str, Any]:
            made = forecast(model, series, horizon, season or None)
            if calibrated:
                made = calibrate(made, backtest(model, series, horizon, season or None))
            return forecast_as_json(constrain(made, positive=positive, whole=whole))

        return of(source, choices, work)

    def backtest_of(source: str | Path, horizon: int, season: int, choices: list[str] | None) -> dict[str, Any]:
        return of(source, choices, lambda one: backtest_as_json(backtest(model, one, horizon, season or None)))

    def explain_of(source: str | Path, horizon: int, season: int, choices: list[str] | None) -> dict[str, Any]:
        return of(source, choices, lambda one: trace_as_json(explain(model, one, horizon, season or None)))

    def of_text(
        text: str,
        horizon: int = HORIZON,
        season: int = 0,
        choices: list[str] | None = None,
        calibrated: bool = False,
        positive: bool = False,
        whole: bool = False,
    ) -> dict[str, Any]:
        """Forecasts a sequence of numbers given as text.

        Parameters:
            text: numbers separated by commas, blanks or lines, or a table with dates.
            horizon: steps ahead.
            season: steps in a season; 1 for none; 0 to have it found.
            choices: readings to prefer, from the `alternatives` of an earlier answer.
            calibrated: set the bands by a back-test of the sequence, as the page does.
            positive: keep all quantiles at or above zero.
            whole: round all quantiles to whole numbers.
        """
        return forecast_of(text, horizon, season, choices, calibrated, positive, whole)

    def backtest_text(
        text: str, horizon: int = HORIZON, season: int = 0, choices: list[str] | None = None
    ) -> dict[str, Any]:
        """Checks the forecasts of a sequence on its own end: against naive forecasts, and what the 80 % band caught.

        Parameters:
            text: as for /forecast.
            horizon: steps ahead.
            season: steps in a season; 1 for none; 0 to have it found.
            choices: readings to prefer, from the `alternatives` of an earlier answer.
        """
        return backtest_of(text, horizon, season, choices)

    def explain_text(
        text: str, horizon: int = HORIZON, season: int = 0, choices: list[str] | None = None
    ) -> dict[str, Any]:
        """Says which past values moved the forecast of a sequence, and what the hidden units of the network follow.

        Parameters:
            text: as for /forecast.
            horizon: steps ahead.
            season: steps in a season; 1 for none; 0 to have it found.
            choices: readings to prefer, from the `alternatives` of an earlier answer.
        """
        return explain_of(text, horizon, season, choices)

    def of_file(
        file: str, horizon: int, season: int, choices: list[str], calibrated: bool, positive: bool, whole: bool
    ) -> dict[str, Any]:
        """Forecasts the numbers in a CSV, TSV, TXT, JSON or XLSX file; otherwise like /forecast."""
        return forecast_of(Path(file), horizon, season, choices, calibrated, positive, whole)

    def backtest_file(file: str, horizon: int, season: int, choices: list[str]) -> dict[str, Any]:
        """Checks the forecasts of the numbers in a file; otherwise like /backtest."""
        return backtest_of(Path(file), horizon, season, choices)

    def explain_file(file: str, horizon: int, season: int, choices: list[str]) -> dict[str, Any]:
        """Explains the forecast of the numbers in a file; otherwise like /explain."""
        return explain_of(Path(file), horizon, season, choices)

    of_words: dict[str, Callable[..., Any]] = {"forecast": of_text, "backtest": backtest_text, "explain": explain_text}
    for name, endpoint in of_words.items():
        gr.api(called(name, endpoint), api_name=name)
    with gr.Row(visible=False):  # an endpoint that takes a file needs components
        numbers = [gr.Number(HORIZON, precision=0), gr.Number(0, precision=0)]
        choices = gr.Dropdown([], value=[], multiselect=True, allow_custom_value=True)
        inputs = [gr.File(file_types=FILE_TYPES), *numbers, choices]
        done = [gr.Checkbox(False) for _ in range(3)]
        of_files: dict[str, Callable[..., Any]] = {
            "forecast": of_file,
            "backtest": backtest_file,
            "explain": explain_file,
        }
        for name, endpoint in of_files.items():
            given = [*inputs, *done] if name == "forecast" else inputs
            gr.Button().click(called(f"{name}_file", endpoint), given, gr.JSON(), api_name=f"{name}_file")


def called(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """The function under the name of its endpoint: a tool of MCP has the name of its function."""
    work.__name__ = name
    return work


def forecast_as_json(made: Forecast) -> dict[str, Any]:
    """A forecast as numbers, strings and lists."""
    return {
        "sentence": describe(made),
        "times": None if made.times is None else np.datetime_as_string(made.times).tolist(),
        "median": made.median.tolist(),
        "levels": made.levels.tolist(),
        "quantiles": made.quantiles.tolist(),
        "season": made.season,
        "notes": list(made.notes),
        "stated": list(made.stated),
    }


def backtest_as_json(checked: Backtest) -> dict[str, Any]:
    """A back-test as numbers, strings and lists; None where a number is undefined."""
    return {
        "verdict": checked.verdict,
        "mase": _number(checked.mase),
        "naive_mase": _number(checked.naive_mase),
        "gain": _number(checked.gain),
        "coverage": _number(checked.coverage),
        "caught": checked.caught,
        "points": checked.points,
        "rival": checked.rival,
        "season": checked.season,
        "origins": checked.origins.tolist(),
        "actual": [[_number(value) for value in row] for row in checked.actual],
        "levels": checked.levels.tolist(),
        "quantiles": checked.quantiles.tolist(),
        "naive": checked.naive.tolist(),
        "notes": list(checked.notes),
    }


def trace_as_json(trace: Trace) -> dict[str, Any]:
    """An explanation as numbers, strings and lists; the hidden states by step, layer and unit."""
    return {
        "sentence": f"{influence_words(trace)} {units_in_words(trace)}",
        "gradient": trace.gradient.tolist(),
        "steps": trace.steps.tolist(),
        "hidden": np.round(trace.hidden, 4).tolist(),
        "order": trace.order.tolist(),
        "follows": {name: [_number(value) for value in row] for name, row in zip(FOLLOWED, trace.follows, strict=True)},
        "notes": list(trace.notes),
    }


def _read_as_json(reading: Reading) -> dict[str, Any]:
    """How an input was read."""
    series = reading.series[reading.selected]
    return {
        "name": series.name,
        "unit": series.unit,
        "warnings": list(reading.warnings),
        "alternatives": [{"label": other.label, "choice": other.choice} for other in reading.alternatives],
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
