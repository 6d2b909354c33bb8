"""python -m rnn_model forecast FILE: the page's forecast at the command line, as CSV, of every series in a file."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from rnn_model.checkpoint import load
from rnn_model.errors import InputError, Problem, UnrolledError
from rnn_model.forecaster import forecast, forecast_many
from rnn_model.reading import read
from rnn_model.reading.limits import MAX_FILE_BYTES
from rnn_model.reading.log import quote
from rnn_model.records import Reading, Series
from rnn_model.report import forecast_csv

WEIGHTS = "weights/forecast"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns 0, or 2 after an error, which is told in words on stderr."""
    parser = argparse.ArgumentParser(prog="python -m rnn_model", description="Forecasts without the page.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _forecast_arguments(commands.add_parser("forecast", help="say what comes next in the series of a file"))
    options = parser.parse_args(argv)
    try:
        _forecast(options)
    except UnrolledError as error:
        print("\n".join(f"error: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return 2
    return 0


def _forecast_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="CSV, TSV, TXT, JSON or XLSX; - for the standard input")
    parser.add_argument("--horizon", type=int, default=12, help="steps ahead (default: %(default)s)")
    parser.add_argument("--season", type=int, help="steps in a season; 1 for none (default: found)")
    parser.add_argument("--column", metavar="NAME", help="forecast this column or series alone (default: all of them)")
    parser.add_argument(
        "--choice",
        action="append",
        default=[],
        metavar="KIND=VALUE",
        help="prefer another reading, one of those that stderr names; may be given several times",
    )
    parser.add_argument(
        "--weights",
        default=os.environ.get("RNN_WEIGHTS", WEIGHTS),
        help="checkpoint folder or Hugging Face model id (default: $RNN_WEIGHTS, or %(default)s)",
    )
    parser.add_argument("--out", metavar="FILE", help="write the CSV there (default: the standard output)")


def _forecast(options: argparse.Namespace) -> None:
    source = sys.stdin.buffer.read(MAX_FILE_BYTES + 1) if options.file == "-" else Path(options.file)
    reading, series = _chosen(source, tuple(options.choice), options.column)
    _tell(reading)
    if not series:
        raise InputError(Problem("no numbers", "at least one number", "Give a file with a column of numbers."))
    torch.set_num_threads(1)  # a network this small is slower on several
    model = load(options.weights)
    if len(series) == 1:
        forecasts = [forecast(model, replace(reading, series=series, selected=0), options.horizon, options.season)]
    else:
        print(f"All {len(series)} series are forecast.", file=sys.stderr)
        forecasts = forecast_many(model, series, options.horizon, options.season)
    for number, of_one in enumerate(forecasts, 1):
        about = f"{of_one.history.name or number}: " if len(forecasts) > 1 else ""
        print(*(about + note for note in of_one.notes), sep="\n", end="\n" * bool(of_one.notes), file=sys.stderr)
    _write(forecast_csv(*forecasts).replace("\r\n", "\n"), options.out)


def _chosen(source: Path | bytes, choices: tuple[str, ...], column: str | None) -> tuple[Reading, tuple[Series, ...]]:
    """The reading, and its series to forecast: all that hold a value, or the one that was asked for.

    Raises:
        InputError: no column or series of that name.
    """
    reading = read(source, choices=choices)
    if column is None:
        return reading, tuple(one for one in reading.series if np.isfinite(one.values).any())
    if all(one.name != column for one in reading.series[reading.selected :][:1]):
        kinds = ("column", "series")
        offered = [other.choice for other in reading.alternatives if other.choice.split("=")[0] in kinds]
        asked = next((choice for choice in offered if choice.partition("=")[2] == column), None)
        if asked is None:
            names = [one.name for one in reading.series if one.name] or ["none has a name"]
            fix = f"Use one of: {', '.join(quote(name) for name in names[:20])}; or leave --column out."
            raise InputError(Problem(f"--column {quote(column)}", "a column of numbers or a series of the file", fix))
        reading = read(source, choices=(*choices, asked))
    one = reading.series[reading.selected]
    stacked_by_other = one.name != column and not column.isdecimal()
    return reading, reading.series if stacked_by_other else (one,)


def _tell(reading: Reading) -> None:
    """How the input was read, and how else it can be, on stderr."""
    for warning in reading.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for note in reading.notes:
        print(note, file=sys.stderr)
    for other in reading.alternatives:
        print(f"to {other.label}: --choice {shlex.quote(other.choice)}", file=sys.stderr)


def _write(content: str, out: str | None) -> None:
    if out is None:
        sys.stdout.write(content)
        return
    try:
        Path(out).write_text(content, encoding="utf-8", newline="")
    except OSError as error:
        found = f"{quote(out)} ({error.strerror or 'it cannot be written'})"
        raise InputError(Problem(found, "a file that can be written", "Check the path.")) from error


if __name__ == "__main__":
    sys.exit(main())
