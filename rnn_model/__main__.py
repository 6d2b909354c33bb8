"""python -m rnn_model forecast FILE, or classify FILE: the page's answers at the command line, of large files too"""

from __future__ import annotations

import argparse
import csv
import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TextIO, TypeVar

import numpy as np
import torch

from rnn_model.checkpoint import Model, load
from rnn_model.classifier import classify_many
from rnn_model.errors import InputError, Problem, UnrolledError
from rnn_model.forecaster import forecast, forecast_many
from rnn_model.reading import long_table, read, series_in_parts, texts_in_parts
from rnn_model.reading.limits import HEAD_BYTES, MAX_FILE_BYTES
from rnn_model.reading.log import Log, Tally, count, quote
from rnn_model.records import Reading, Series
from rnn_model.report import forecast_columns, forecast_rows, percent
from rnn_model.report_text import CLASS_COLUMNS, class_row

FORECASTER, CLASSIFIER = "weights/forecast", "weights/language"
Rows = list[list[Any]]
Part = TypeVar("Part", tuple[Series, ...], list[str])
FORECAST_HELP = """\
Forecasts every series in a file.

A file of up to 5 MB may hold anything that the page reads. Of a larger one the head decides how it is read; it must be
a long table as CSV or TSV: one line of names, such as unique_id,ds,y, and the rows of each series one after the other.
Of such a table about 65,000 characters are in memory at a time, or one whole series where that is longer. In a wide
table every column is a series and none ends before the last row, so it cannot be taken in parts.
"""
CLASSIFY_HELP = """\
Classifies every text in a file.

TXT and the standard input hold one text a line; CSV, TSV and an input with --column hold a column of them. About 65,000
characters are in memory at a time, and the first of them decide how the file is read. JSON and XLSX are read whole, up
to 5 MB.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns 0, or 2 after an error, which is told in words on stderr."""
    options = _parser().parse_args(argv)
    torch.set_num_threads(1)  # a network this small is slower on several
    try:
        options.command(options)
    except UnrolledError as error:
        print("\n".join(f"error: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the answers has enough of them
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it once more at the end
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rnn_model", description="Forecasts and classifies without the page."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    plain = argparse.RawDescriptionHelpFormatter
    of_series = commands.add_parser(
        "forecast", help="say what comes next in the series of a file", description=FORECAST_HELP, formatter_class=plain
    )
    of_series.set_defaults(command=_forecast)
    of_series.add_argument("file", help="CSV, TSV, TXT, JSON or XLSX; - for the standard input")
    of_series.add_argument("--horizon", type=int, default=12, help="steps ahead (default: %(default)s)")
    of_series.add_argument("--season", type=int, help="steps in a season; 1 for none (default: found)")
    of_series.add_argument("--column", metavar="NAME", help="forecast this column or series alone (default: all)")
    of_series.add_argument(
        "--choice",
        action="append",
        default=[],
        metavar="KIND=VALUE",
        help="prefer another reading, one of those that stderr names; may be given several times",
    )
    of_texts = commands.add_parser(
        "classify", help="say what the texts of a file are", description=CLASSIFY_HELP, formatter_class=plain
    )
    of_texts.set_defaults(command=_classify)
    of_texts.add_argument("file", help="TXT, CSV, TSV, JSON or XLSX; - for the standard input")
    of_texts.add_argument("--column", metavar="NAME", help="name or number of the column of texts (default: found)")
    for command, packaged in ((of_series, FORECASTER), (of_texts, CLASSIFIER)):
        command.add_argument(
            "--weights",
            metavar="FOLDER",
            help=f"checkpoint folder or Hugging Face model id (default: $RNN_WEIGHTS, or {packaged})",
        )
        command.add_argument("--out", metavar="FILE", help="write the CSV there (default: the standard output)")
        command.add_argument(
            "--progress", action="store_true", help="say how far it is, on stderr (default: on a terminal)"
        )
    return parser


def _forecast(options: argparse.Namespace) -> None:
    with _opened(options.file) as file:
        _write(_forecasts(options, file), options.out)


def _forecasts(options: argparse.Namespace, file: BinaryIO) -> Iterator[Rows]:
    """The rows of the answer, some series at a time."""
    head = file.read(HEAD_BYTES)
    choices = [*options.choice, *([f"column={options.column}"] if options.column else [])]
    long = long_table(head, choices) if len(head) == HEAD_BYTES else None
    if long is None:
        source = head + file.read(MAX_FILE_BYTES)
        if len(source) > MAX_FILE_BYTES:
            expected = (
                f"at most {MAX_FILE_BYTES // 10**6} MB, or the rows of each series one after the other under names"
            )
            fix = "Sort a table such as unique_id,ds,y by series; see --help."
            raise InputError(Problem("a larger file that is no long table", expected, fix))
        reading = _chosen(source, options)
        parts: Iterable[tuple[Series, ...]] = [reading.series]
    else:
        reading = long.reading
        wanted = None if options.column in long.names else options.column
        parts = (_with_values(part, wanted) for part in series_in_parts(long, head, file))
    _tell(reading)
    if len(reading.series) > 1 and (long is None or wanted is None):
        some = "The first rows say how all are read; every" if long else f"All {len(reading.series)}"
        print(f"{some} series {'is' if long else 'are'} forecast.", file=sys.stderr)
    model = _model(options.weights, FORECASTER, "forecast")
    tally = Tally()
    done = 0
    for series in _followed(parts, "series", options, file):
        if long is None and len(series) == 1:
            forecasts = [forecast(model, reading, options.horizon, options.season)]
        else:
            forecasts = forecast_many(model, series, options.horizon, options.season)
        if forecasts and not done:
            yield [forecast_columns(forecasts[0].levels)]
        several = done + len(forecasts) > 1
        for number, of_one in enumerate(forecasts, done + 1):
            for note in of_one.notes:
                tally.add((of_one.history.name or str(number)) if several else "", note)
            yield forecast_rows(of_one, str(number) if several else "")
        done += len(forecasts)
    if not done:
        raise _nothing(options.column if long else None)
    print(*tally.lines(), sep="\n", end="\n" * bool(tally.lines()), file=sys.stderr)


def _with_values(series: Iterable[Series], name: str | None = None) -> tuple[Series, ...]:
    """The series that hold a value, or the one of this name."""
    return tuple(one for one in series if np.isfinite(one.values).any() and name in (None, one.name))


def _nothing(name: str | None) -> InputError:
    if name is not None:
        fix = "Check its name, or leave --column out."
        return InputError(Problem(f"--column {quote(name)}", "a column of numbers or a series of the file", fix))
    return InputError(Problem("no numbers", "at least one number", "Give a file with a column of numbers."))


def _chosen(source: bytes, options: argparse.Namespace) -> Reading:
    """The reading, of its series only those to forecast: all that hold a value, or the one that was asked for.

    Raises:
        InputError: no numbers; no column or series of that name.
    """
    choices, column = tuple(options.choice), options.column
    reading = read(source, choices=choices, filename=options.file)
    if column is None:
        series = _with_values(reading.series)
    else:
        if all(one.name != column for one in reading.series[reading.selected :][:1]):
            kinds = ("column", "series")
            offered = [other.choice for other in reading.alternatives if other.choice.split("=")[0] in kinds]
            asked = next((choice for choice in offered if choice.partition("=")[2] == column), None)
            if asked is None:
                names = [one.name for one in reading.series if one.name] or ["none has a name"]
                fix = f"Use one of: {', '.join(quote(name) for name in names[:20])}; or leave --column out."
                raise InputError(
                    Problem(f"--column {quote(column)}", "a column of numbers or a series of the file", fix)
                )
            reading = read(source, choices=(*choices, asked), filename=options.file)
        one = reading.series[reading.selected]
        stacked_by_other = one.name != column and not column.isdecimal()
        series = reading.series if stacked_by_other else (one,)
    if not series:
        _tell(reading)
        raise _nothing(None)
    return replace(reading, series=series, selected=0)


def _classify(options: argparse.Namespace) -> None:
    with _opened(options.file) as file:
        _write(_classes(options, file), options.out)


def _classes(options: argparse.Namespace, file: BinaryIO) -> Iterator[Rows]:
    """The rows of the answer, some texts at a time."""
    log = Log()
    name = "texts.txt" if options.file == "-" else options.file
    parts = texts_in_parts(file, log, filename=name, column=options.column)
    model = _model(options.weights, CLASSIFIER, "text")
    told = 0
    for number, texts in enumerate(chain(_followed(parts, "text", options, file), [[]])):
        print(*log.notes[told:], sep="\n", end="\n" * (len(log.notes) > told), file=sys.stderr)
        told = len(log.notes)
        rows = [class_row(answer) for answer in classify_many(model, texts)]
        yield rows if number else [CLASS_COLUMNS, *rows]


def _model(weights: str | None, packaged: str, kind: str) -> Model:
    """The model that was asked for; else the last of $RNN_WEIGHTS of this kind, as in the app; else the packaged one.

    Args:
        kind: the part of the configuration that tells it: "forecast" or "text".
    """
    if weights is not None:
        return load(weights)
    named = [load(source) for source in os.environ.get("RNN_WEIGHTS", "").split()]
    fitting = [model for model in named if getattr(model.config, kind) is not None]
    return fitting[-1] if fitting else load(packaged)


def _followed(parts: Iterable[Part], noun: str, options: argparse.Namespace, file: BinaryIO) -> Iterator[Part]:
    """The parts; when the next one is asked for, the last is done, and how far that is goes to stderr."""
    on_terminal = sys.stderr.isatty()
    size = os.fstat(file.fileno()).st_size if file.seekable() else 0
    done = 0
    for part in parts:
        yield part
        done += len(part)
        if on_terminal or options.progress:
            share = f", {percent(min(file.tell() / size, 1))} of the file" if size else ""
            said = f"{count(done, noun, 'series' if noun == 'series' else '')}{share}"
            print(f"\r{said}" if on_terminal else said, end="" if on_terminal else "\n", file=sys.stderr, flush=True)
    if on_terminal:
        print(file=sys.stderr)


def _tell(reading: Reading) -> None:
    """How the input was read, and how else it can be, on stderr."""
    for warning in reading.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for note in reading.notes:
        print(note, file=sys.stderr)
    several = len(reading.series) > 1  # which are all forecast: there is none to choose
    for other in reading.alternatives:
        if not (several and other.choice.startswith(("series=", "column="))):
            print(f"to {other.label}: --choice {shlex.quote(other.choice)}", file=sys.stderr)


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(name).open("rb"))
        except OSError as error:
            found = f"{quote(name)} ({error.strerror or 'it cannot be opened'})"
            raise InputError(Problem(found, "a file that can be read", "Check the path.")) from error
        yield file


def _write(parts: Iterator[Rows], out: str | None) -> None:
    """Writes rows as CSV as they come; the file is opened when there are some, so that an error leaves an old one."""
    first = next(parts)
    with ExitStack() as stack:
        sink: TextIO = sys.stdout
        if out is not None:
            try:
                sink = stack.enter_context(Path(out).open("w", encoding="utf-8", newline=""))
            except OSError as error:
                found = f"{quote(out)} ({error.strerror or 'it cannot be written'})"
                raise InputError(Problem(found, "a file that can be written", "Check the path.")) from error
        writer = csv.writer(sink, lineterminator="\n")
        for rows in chain([first], parts):
            writer.writerows(rows)
            sink.flush()


if __name__ == "__main__":
    sys.exit(main())
