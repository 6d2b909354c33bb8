"""What the tab shows below the forecast, as HTML: the check, what mattered, the hidden states, a moment of the past."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import numpy as np
from matplotlib.figure import Figure

from rnn_model import InputError, Model, explain, forecast
from rnn_model.backtest import known
from rnn_model.plots import (
    backtest_figure,
    forecast_figure,
    hidden_figure,
    influence_figure,
    svg,
)
from rnn_model.records import FOLLOWED, Backtest, Forecast, Series, Trace
from rnn_model.report import backtest_csv, describe, moment, trace_csv

SECTIONS = {
    "checked": "How it did on your own values",
    "mattered": "Which past values mattered",
    "inside": "Inside the network",
}
PICTURES = ("PNG", "SVG")  # kinds of file that interface/save.js makes of a picture
FOLLOWS = 0.5  # correlation from which a unit is said to follow something


@dataclass(frozen=True)
class Asked:
    """What a forecast was made from, kept for the sections that are drawn when they are opened.

    Attributes:
        series: the one that was forecast.
        steps, season: as asked; no season when it was to be found.
        checked: the back-test, which the forecast needs at once.
    """

    series: Series
    steps: int
    season: int | None
    checked: Backtest


def picture(draw: Callable[[bool], Figure], sentence: str, name: str = "") -> str:
    """A picture twice, wide and for a phone: CSS shows the one that fits; `downloads` finds it by its name."""
    wide, slim = (svg(draw(narrow), sentence) for narrow in (False, True))
    return f'<div class="picture" data-name="{name}"><div class="wide">{wide}</div><div class="slim">{slim}</div></div>'


def downloads(name: str, csv: str) -> str:
    """A link that holds the table, and buttons with which the browser saves the picture that it shows already.

    Nothing of a visitor's stays on the server for them, and nothing is drawn that nobody asked for.
    """
    table = b64encode(csv.encode("utf-8-sig")).decode()  # the mark before the text tells Excel that it is UTF-8
    link = f'<a {_save("CSV", name)} download="{name}.csv" href="data:text/csv;charset=utf-8;base64,{table}">CSV</a>'
    buttons = [
        f'<button type="button" {_save(kind, name)} data-kind="{kind.lower()}">{kind}</button>' for kind in PICTURES
    ]
    return f'<p class="downloads">Download: {" ".join([link, *buttons])}</p>'


def _save(kind: str, name: str) -> str:
    return f'class="save-link" aria-label="Download as {kind}: {name}" data-picture="{name}"'


def section(name: str, model: Model, asked: Asked) -> str:
    """One section, drawn when it is opened: together they cost three times what the forecast does."""
    if name == "checked":
        return check(asked.checked)
    trace = explain(model, asked.series, asked.steps, asked.season)
    return mattered(trace) if name == "mattered" else inside(trace)


def check(checked: Backtest) -> str:
    """The verdict in words and the picture of predicted against actual."""
    lines = f'<p class="said">{escape(" ".join([checked.verdict, *checked.notes]))}</p>'
    if not len(checked.origins):
        return lines
    shown = picture(lambda narrow: backtest_figure(checked, narrow=narrow), checked.verdict, "back-test")
    hint = "Each stretch was forecast from the dotted line before it, with nothing known of what came after."
    return f'{lines}{shown}<p class="hint">{hint}</p>' + downloads("back-test", backtest_csv(checked))


def mattered(trace: Trace) -> str:
    """Which past values moved the forecast."""
    sentence = influence_words(trace)
    shown = picture(lambda narrow: influence_figure(trace, narrow=narrow), sentence, "influence")
    hint = (
        "The gradient of the mean of the median, by one backward pass through the whole path. On M1 series, gradient "
        "times how far a value lies from its neighbours correlates 0.6 to 0.8 with the effect of deleting the value: "
        "read it as a first look, not as a proof."
    )
    files = downloads("influence", trace_csv(trace))
    return f'<p class="said">{escape(sentence)}</p>{shown}<p class="hint">{hint}</p>{files}'


def influence_words(trace: Trace) -> str:
    """The value that moves a forecast most, and how many of the last carry most of the influence."""
    size = np.abs(trace.gradient)
    if not size.any():
        return " ".join(trace.notes)
    history = trace.forecast.history
    at = int(size.argmax())
    back = len(size) - at
    where = f"value {at + 1}" if history.times is None else moment(history.times[at], history.frequency)
    place = f"the last value ({where})" if back == 1 else where
    verb = "raises" if trace.gradient[at] > 0 else "lowers"
    carried = int(np.searchsorted(size[::-1].cumsum(), 0.8 * size.sum())) + 1
    return (
        f"Most was moved by {place}: one unit more there {verb} the forecast by {size[at]:.2f} on average. "
        f"The last {carried} of {len(size)} values carry 80 % of all influence."
    )


def inside(trace: Trace) -> str:
    """The heat map of the hidden states."""
    if not trace.hidden.size:
        return (
            '<p class="said">This network reads the history without recurrent layers: there are no states to show.</p>'
        )
    sentence = units_in_words(trace)
    shown = picture(lambda narrow: hidden_figure(trace, narrow=narrow), sentence)
    hint = (
        "Each row is a hidden unit, each column a step that was read, in full colour where the unit is at its largest; "
        "units that move alike lie side by side. "
        "The three columns beside it show how far each unit follows the season, the trend and the level."
    )
    return f'<p class="said">{escape(sentence)}</p>{shown}<p class="hint">{hint}</p>'


def units_in_words(trace: Trace) -> str:
    """How many units follow what."""
    counts = (np.abs(np.nan_to_num(trace.follows)) >= FOLLOWS).sum(1)
    *others, last = [f"{number} the {name}" for number, name in zip(counts, FOLLOWED, strict=True)]
    said = f"{', '.join(others)} and {last}".replace(" the ", " follow the ", 1)
    return f"Of {trace.follows.shape[1]} hidden units {said} (correlation of {FOLLOWS} or more, either way)."


def moment_of_the_past(
    model: Model,
    series: Series,
    origin: int,
    horizon: int,
    season: int | None,
    adjust: Callable[[Forecast], Forecast],
) -> str:
    """The forecast as it would have been when `origin` values were known, and what then came.

    Args:
        adjust: does to its quantiles what is done to those of the forecast above.
    """
    past = known(series, origin)
    try:
        then = adjust(forecast(model, past, horizon, season))
    except InputError as error:
        return f'<p class="said">{escape(str(error))}</p>'
    came = np.full(horizon, np.nan)
    came[: len(series) - origin] = series.values[origin : origin + horizon]
    when = f"with {origin} values" if past.times is None else f"in {moment(past.times[-1], past.frequency)}"
    sentence = f"As it would have been said {when}: {describe(then)}"
    shown = picture(lambda narrow: forecast_figure(then, narrow=narrow, came=came), sentence)
    return f'<p class="said" role="status">{escape(sentence)}</p>{shown}'
