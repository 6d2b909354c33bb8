"""Records become pictures: matplotlib figures, and the same figures as SVG for a page.

A figure is drawn in two stand-in colours.  `svg` swaps them for CSS, so that one picture follows the light or dark
theme of the page around it: `INK` becomes `currentColor`, `ACCENT` the custom property `--forecast`.  pyplot is not
used: it keeps every figure until told otherwise, which a server cannot afford.  Nor are matplotlib's own ticks and
legend: a picture is most of what a request costs, and they were more than half of it.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from io import StringIO
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num, num2date
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rnn_model.reading.checks import wild_values
from rnn_model.records import FOLLOWED, Backtest, Forecast, Series, Trace
from rnn_model.report import band, decimals_of, magnitude_of, number, percent

INK = "#1a1c1f"
ACCENT = "#0072b2"  # the blue of Okabe and Ito's colour-blind-safe palette
CONTRAST = "#d55e00"  # their vermilion, for what is below zero
BANDS = (0.8, 0.5)  # drawn from the widest to the narrowest
SHADES = (0.16, 0.38)  # what each band looks like, the narrower one lying on the wider

FONT = 10.5
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: small, crisp, searchable
    "svg.hashsalt": "unrolled",  # the same record gives the same bytes
    "text.parse_math": False,  # a "$" in a column name is a dollar
    "font.family": "sans-serif",
    "font.size": FONT,
    "text.color": INK,
}
_DRAWING = threading.Lock()  # rcParams belong to the whole process, and a server draws in several threads
MUTED = 0.64  # opacity of ink that explains rather than shows
_DASHES, _DOTS = (0, (4, 2)), (0, (1, 1.5))
WIDE, NARROW = (677, 302), (320, 300)  # points
_SHOWN_POINTS = 1000  # more would fall on the same pixels


class _Key(NamedTuple):
    """One mark of a key and its name."""

    name: str
    colour: str
    thickness: float
    opacity: float = 1.0
    dashes: Any = "-"


def forecast_figure(
    forecast: Forecast,
    *,
    narrow: bool = False,
    coverage: float = BANDS[0],
    shown: int | None = None,
    rivals: Sequence[tuple[str, np.ndarray]] = (),
    came: np.ndarray | None = None,
) -> Figure:
    """History, median and two bands over time; wild values are ringed, and what was done to the bands is stated.

    Args:
        forecast: what to draw; missing values of its history are drawn as gaps.
        narrow: a figure for a phone: less wide, less history, the same size of type.
        coverage: chance of the range whose ends are written beside the last step, as `describe` writes them.
        shown: steps of history to draw; by default a few seasons, enough to judge the forecast by.
        rivals: name and values (K,) of at most two other forecasts to draw beside it.
        came: (K,) what then came, nan where it is not known.
    """
    history, ahead = forecast.history, len(forecast.quantiles)
    shown = shown or max(5 * forecast.season, 4 * ahead, 60) // (2 if narrow else 1)
    values = history.values[-shown:]
    factor, magnitude = magnitude_of(np.concatenate([values, forecast.quantiles.ravel()]))
    past, median = values / factor, forecast.median / factor
    reach = float(forecast.levels[-1] - forecast.levels[0])
    bands = {min(share, reach): band(forecast, share) / factor for share in BANDS}
    outer = bands[max(bands)]
    x, dated = _positions(forecast, len(past) + ahead)

    others = [line / factor for line in (came, *(values for _, values in rivals)) if line is not None]
    low, high = limits(np.concatenate([past, outer.ravel(), *others]))
    ticks, value_labels = value_ticks(low, high)
    named = band(forecast, coverage)[:, -1] / factor
    ends = named[1], median[-1], named[0]
    decimals = decimals_of(forecast, factor)
    end_labels = [number(float(end), decimals) for end in ends]

    key = [_Key("observed", INK, 1.5), _Key("median", ACCENT, 2.2)]
    key += [_Key(f"{percent(share)} band", ACCENT, 9.0, shade) for shade, share in _shades(bands)]
    if came is not None:
        key.append(_Key("what came", INK, 3.0))
    key += [_Key(name, INK, 1.2, 1.0, dashes) for (name, _), dashes in zip(rivals, (_DASHES, _DOTS), strict=False)]
    wild = wild_values(history.values) - (len(history) - len(past))
    wild = wild[wild >= 0]
    if len(wild):
        key.append(_Key("far from the others", CONTRAST, 3.0))

    with drawing():
        figure, axes = canvas(NARROW if narrow else WIDE, value_labels, end_labels, key)
        axes.set(xlim=(x[0], x[-1]), ylim=(low, high))
        draw_value_scale(axes, ticks, value_labels)
        draw_time_scale(axes, *_time_ticks(x, dated, 6 if narrow else 9))
        _draw_past(axes, x[:-ahead], past)
        _draw_fan(axes, x, past, median, bands)
        _draw_ends(axes, ends, end_labels)
        if len(wild):
            axes.plot(x[wild], past[wild], "o", mfc="none", color=CONTRAST, markersize=9, clip_on=False, label="wild")
        if came is not None:
            axes.plot(x[-ahead:], came / factor, "o", color=INK, markersize=3, clip_on=False, label="came")
        for (_, line), dashes in zip(rivals, (_DASHES, _DOTS), strict=False):
            axes.plot(x[-ahead:], line / factor, color=INK, lw=1.2, ls=dashes, clip_on=False, label="rival")
        _draw_head(figure, _heading(history, magnitude), key, forecast.stated)
    return figure


def backtest_figure(checked: Backtest, *, narrow: bool = False) -> Figure:
    """Predicted against actual: what was forecast from each origin, the rival, and what came.

    Args:
        checked: with at least one origin.
        narrow: a figure for a phone.
    """
    origins, steps = checked.origins, checked.actual.shape[1]
    end = int(origins[-1]) + steps
    first = max(int(origins[0]) - max(steps, (end - int(origins[0])) // 4), 0)
    past = checked.history.values[first:end]
    low_edges, high_edges = checked.edges
    shown = np.concatenate([past, low_edges.ravel(), high_edges.ravel(), checked.naive.ravel()])
    factor, magnitude = magnitude_of(shown)
    low, high = limits(shown / factor)
    ticks, labels = value_ticks(low, high)
    x, dated = _places(checked.history, end)
    x = x[first:]

    with drawing():
        figure, axes = canvas(NARROW if narrow else WIDE, labels, [""])
        axes.set(xlim=(x[0], x[-1]), ylim=(low, high))
        draw_value_scale(axes, ticks, labels)
        draw_time_scale(axes, *_time_ticks(x, dated, 5 if narrow else 9))
        _draw_past(axes, x, past / factor)
        lines = zip(origins - first, checked.median, low_edges, high_edges, checked.naive, strict=True)
        for start, median, below, above, naive in lines:
            span = x[start : start + steps]
            axes.fill_between(span, below / factor, above / factor, color=ACCENT, alpha=SHADES[0], lw=0, clip_on=False)
            axes.plot(span, median / factor, color=ACCENT, lw=2.0, clip_on=False, label="median", marker=_dot(steps))
            axes.plot(span, naive / factor, color=INK, lw=1.0, ls=_DASHES, alpha=MUTED, clip_on=False, label="rival")
            axes.axvline(x[start - 1], color=INK, lw=0.8, alpha=0.4, dashes=(2, 3), clip_on=False)
        key = [
            _Key("what came", INK, 1.5),
            _Key("forecast", ACCENT, 2.0),
            _Key(f"{percent(0.8)} band", ACCENT, 9.0, SHADES[0]),
        ]
        key.append(_Key(checked.rival, INK, 1.0, MUTED, _DASHES))
        _draw_head(figure, _heading(checked.history, magnitude), key)
    return figure


def influence_figure(trace: Trace, *, narrow: bool = False) -> Figure:
    """The series, and under every value how far one unit more of it would move the forecast."""
    forecast = trace.forecast
    history = forecast.history
    shown = max(5 * forecast.season, 4 * len(forecast.quantiles), 60) // (2 if narrow else 1)
    values, slope = history.values[-shown:], trace.gradient[-shown:]
    factor, magnitude = magnitude_of(values)
    known = history.values[~np.isnan(history.values)][-1:]  # what is shown may all be missing
    low, high = limits(np.append(values, known) / factor)
    room = high - low
    ticks, labels = value_ticks(low, high)
    x, dated = _places(history, len(history))
    x = x[-len(values) :]
    largest = float(np.abs(slope).max()) or 1.0
    middle, reach = low - 0.35 * room, 0.28 * room  # the influence is drawn below the series, in a third of the height

    with drawing():
        figure, axes = canvas(NARROW if narrow else WIDE, labels, [number(largest, 2)])
        axes.set(xlim=(x[0], x[-1]) if len(x) > 1 else (x[0] - 1, x[0] + 1), ylim=(middle - reach, high))
        draw_value_scale(axes, ticks, labels)
        draw_time_scale(axes, *_time_ticks(x, dated, 5 if narrow else 9))
        _draw_past(axes, x, values / factor)
        thickness = min(0.6 * axes_size(axes)[0] / len(x), 8.0)
        for sign, colour, name in ((1, ACCENT, "raises"), (-1, CONTRAST, "lowers")):
            there = sign * slope > 0.005 * largest
            tops = middle + reach * slope[there] / largest
            bars = axes.vlines(x[there], middle, tops, color=colour, lw=thickness, label=name)
            bars.set_clip_on(False)
        axes.plot(x[[0, -1]], (middle, middle), color=INK, lw=0.8, alpha=0.4, clip_on=False)
        beside = axes.get_yaxis_transform()
        at = middle + reach * slope[np.abs(slope).argmax()] / largest
        gap = 9 / axes_size(axes)[0]
        largest_label = number(float(slope[np.abs(slope).argmax()]), 2)
        axes.text(1 + gap, at, largest_label, color=ACCENT, va="center_baseline", transform=beside)
        key = [_Key("observed", INK, 1.5), _Key("one more raises the forecast", ACCENT, 6.0)]
        _draw_head(figure, _heading(history, magnitude), [*key, _Key("lowers it", CONTRAST, 6.0)])
    return figure


def hidden_figure(trace: Trace, *, narrow: bool = False) -> Figure:
    """Hidden states over time, a row a unit in shares of its largest, and how far each follows season, trend and level.

    Args:
        trace: with hidden states.
        narrow: a figure for a phone.
    """
    units = trace.hidden.reshape(len(trace.hidden), -1).T[trace.order]
    follows = np.nan_to_num(trace.follows[:, trace.order].T)
    history = trace.forecast.history
    x, dated = _places(history, len(history))
    x = x[trace.steps]
    size = np.array(NARROW if narrow else WIDE)
    with drawing():
        figure = Figure(figsize=tuple(size / 72), dpi=72)
        columns = 99.0
        place = np.array([16, 36, size[0] - columns - 40, size[1] - 92]) / np.tile(size, 2)
        states = figure.add_axes((place[0], place[1], place[2], place[3]))
        states.set_axis_off()
        half = (x[-1] - x[0]) / max(len(x) - 1, 1) / 2 or 0.5
        extent = (x[0] - half, x[-1] + half, len(units), 0)
        largest = np.abs(units).max(1, keepdims=True)
        of_largest = units / np.where(largest > 0, largest, 1.0)
        states.imshow(two_colours(of_largest), interpolation="none", aspect="auto", extent=extent)
        draw_time_scale(states, *_time_ticks(x, dated, 5 if narrow else 9))
        beside = figure.add_axes((1 - (columns + 8) / size[0], place[1], columns / size[0], place[3]))
        beside.set_axis_off()
        beside.imshow(
            two_colours(follows), interpolation="none", aspect="auto", extent=(0, len(FOLLOWED), len(units), 0)
        )
        line = 1 / axes_size(beside)[1]
        for column, name in enumerate(FOLLOWED):
            below = beside.get_xaxis_transform()
            beside.text(column + 0.5, -18 * line, name[:6], transform=below, ha="center", alpha=MUTED, size=9)
        key = [_Key("positive", ACCENT, 9.0, 0.8), _Key("negative", CONTRAST, 9.0, 0.8)]
        _draw_head(figure, f"{len(units)} hidden units, and what they follow", key)
    return figure


def svg(figure: Figure, description: str) -> str:
    """The figure as one `<svg>` element for a page: themed by CSS, named by `description`, free of scripts.

    It fills the width it is given, in the reader's own font.  Ids that nothing refers to are left out, because
    several pictures may share a page.
    """
    sink = StringIO()
    with drawing():
        figure.savefig(sink, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    document = sink.getvalue()
    body = document[document.index("<defs>") :]
    body = re.sub(r'<g id="[^"]*">', "<g>", body)
    body = re.sub(r"(font: [^;\"]*?px )[^;\"]*", r"\1system-ui, sans-serif", body)
    body = body.replace(INK, "currentColor").replace(ACCENT, f"var(--forecast, {ACCENT})")
    width, height = size_of(figure)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100%" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(description)}">{body}'
    )


@contextmanager
def drawing() -> Iterator[None]:
    with _DRAWING, mpl.rc_context(_STYLE), warnings.catch_warnings():
        # Text is measured in matplotlib's font and shown in the reader's, which may well have the glyph.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def _places(history: Series, count: int) -> tuple[np.ndarray, bool]:
    """(count,) the first places of a history on the time axis, and whether they are dates."""
    if history.times is None:
        return np.arange(1.0, count + 1), False
    return date2num(history.times[:count]), True


def _positions(forecast: Forecast, count: int) -> tuple[np.ndarray, bool]:
    """(count,) the last places on the time axis, and whether they are dates; otherwise steps are counted from 1."""
    history = forecast.history
    if history.times is None or forecast.times is None:
        return np.arange(1.0, len(history) + len(forecast.quantiles) + 1)[-count:], False
    return date2num(np.concatenate([history.times, forecast.times])[-count:]), True


def limits(values: np.ndarray) -> tuple[float, float]:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = 0.05 * (high - low) or abs(high) / 2 or 1.0
    return (0.0 if 0 <= low < room else low - room), high + room  # no room below zero for what never went there


def value_ticks(low: float, high: float) -> tuple[np.ndarray, list[str]]:
    ticks = np.asarray(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
    step = ticks[1] - ticks[0]
    decimals = next(d for d in range(10) if d == 9 or np.allclose(ticks, np.round(ticks, d), rtol=0, atol=step / 100))
    ticks = ticks[(ticks >= low - step / 100) & (ticks <= high + step / 100)]
    return ticks, [number(float(tick), decimals) for tick in ticks]


def _time_ticks(x: np.ndarray, dated: bool, most: int) -> tuple[np.ndarray, list[str], str]:
    """Places, labels, and what the labels leave out (the year of a picture that spans a few days)."""
    if not dated:
        steps = np.asarray(MaxNLocator(nbins=most, integer=True).tick_values(x[0], x[-1]))
        ticks = steps[(steps >= x[0]) & (steps <= x[-1])]
        return ticks, [number(step, 0) for step in ticks], ""
    locator = AutoDateLocator(minticks=most // 3, maxticks=most)  # closer limits can leave it no interval
    formatter = ConciseDateFormatter(locator, offset_formats=["", "%Y", "%b %Y", "%d %b %Y", "%d %b %Y", "%d %b %Y"])
    ticks = np.asarray(locator.tick_values(*num2date(x[[0, -1]])))
    ticks = ticks[(ticks >= x[0]) & (ticks <= x[-1])]
    return ticks, formatter.format_ticks(ticks), formatter.get_offset()


def canvas(
    size: tuple[int, int], left_labels: list[str], right_labels: list[str], key: Sequence[_Key] = ()
) -> tuple[Figure, Axes]:
    """An empty figure, and its axes with margins as wide as the labels beside them; taller for a key of many rows."""
    width, height = size
    more = 15 * max(max((row for _, row in _key_places(key, width)), default=0) - 1, 0)
    figure = Figure(figsize=(width / 72, (height + more) / 72), dpi=72)
    left = 16 + 6 * max(map(len, left_labels))
    right = 16 + 7 * max(map(len, right_labels))
    bottom, top = 36, 56
    room = height - bottom - top
    place = (left / width, bottom / (height + more), 1 - (left + right) / width, room / (height + more))
    axes = figure.add_axes(place)
    axes.set_axis_off()
    return figure, axes


def size_of(figure: Figure) -> np.ndarray:
    """(2,) width and height in points."""
    return 72 * figure.get_size_inches()


def axes_size(axes: Axes) -> np.ndarray:
    """(2,) width and height of the plot itself in points, which at 72 an inch are its pixels."""
    return np.array([axes.bbox.width, axes.bbox.height])


def draw_value_scale(axes: Axes, ticks: np.ndarray, labels: list[str]) -> None:
    beside = axes.get_yaxis_transform()  # x as a share of the axes, y in values
    gap = 10 / axes_size(axes)[0]
    for tick, label in zip(ticks, labels, strict=True):
        axes.plot((0, 1), (tick, tick), color=INK, alpha=0.13, lw=0.8, transform=beside, clip_on=False)
        axes.text(-gap, tick, label, transform=beside, ha="right", va="center_baseline", alpha=MUTED)


def draw_time_scale(axes: Axes, ticks: np.ndarray, labels: list[str], left_out: str) -> None:
    below = axes.get_xaxis_transform()  # x in time, y as a share of the axes
    line = 1 / axes_size(axes)[1]
    for tick, label in zip(ticks, labels, strict=True):
        axes.text(tick, -18 * line, label, transform=below, ha="center", alpha=MUTED)
    axes.text(1, -32 * line, left_out, transform=axes.transAxes, ha="right", alpha=MUTED)


def _draw_past(axes: Axes, x: np.ndarray, past: np.ndarray) -> None:
    keep = _thinned(past)
    axes.plot(x[keep], past[keep], color=INK, lw=1.5, label="observed", solid_joinstyle="round", clip_on=False)
    seen = np.concatenate([[False], ~np.isnan(past), [False]])
    alone = seen[1:-1] & ~seen[:-2] & ~seen[2:]  # a line cannot show a value between two gaps
    if alone.any():
        axes.plot(x[alone], past[alone], ".", color=INK, markersize=4, clip_on=False)


def _draw_fan(axes: Axes, x: np.ndarray, past: np.ndarray, median: np.ndarray, bands: dict[float, np.ndarray]) -> None:
    """Median and bands, opening from the last observed point unless that is missing."""
    ahead = len(median)
    start = past[-1:][~np.isnan(past[-1:])]
    x_fan = x[-(ahead + len(start)) :]
    for shade, (coverage, edges) in zip(SHADES, bands.items(), strict=False):
        low, high = (np.concatenate([start, edge]) for edge in edges)
        axes.fill_between(x_fan, low, high, color=ACCENT, alpha=shade, lw=0, clip_on=False, label=percent(coverage))
    line = np.concatenate([start, median])
    axes.plot(x_fan, line, color=ACCENT, lw=2.2, solid_joinstyle="round", clip_on=False, label="median")
    axes.plot(x[-1], median[-1], "o", color=ACCENT, markersize=4.5, clip_on=False)
    axes.axvline(x[-ahead - 1], color=INK, lw=0.8, alpha=0.4, dashes=(2, 3), clip_on=False)


def _draw_ends(axes: Axes, ends: tuple[float, float, float], labels: list[str]) -> None:
    """High, median and low of the last step written beside it, kept a line apart."""
    width, height = axes_size(axes)
    bottom, top = axes.get_ylim()
    line = 1.3 * FONT / height * (top - bottom)
    high, median, low = ends
    places = (max(high, median + line), median, min(low, median - line))
    for place, label, weight in zip(places, labels, ("normal", "bold", "normal"), strict=True):
        if high > low or weight == "bold":
            beside = axes.get_yaxis_transform()
            axes.text(1 + 9 / width, place, label, color=ACCENT, weight=weight, va="center_baseline", transform=beside)


def _heading(history: Series, magnitude: str) -> str:
    scale = " ".join(filter(None, [magnitude, history.unit]))
    return ", ".join(filter(None, [history.name or "Values", scale]))


def _draw_head(figure: Figure, heading: str, key: list[_Key], stated: tuple[str, ...] = ()) -> None:
    """Heading, key (marks side by side, each followed by its name, in rows), and what was done."""
    width, height = size_of(figure)
    figure.text(6 / width, 1 - 14 / height, shortened(heading, int(width / 8)), weight="bold")
    if stated:
        words = shortened("; ".join(stated), int(width / 5.6))
        figure.text(6 / width, 5 / height, words, alpha=MUTED, size=9)
    for (name, colour, thickness, opacity, dashes), (x, row) in zip(key, _key_places(key, width), strict=True):
        y = 1 - (35 + 15 * row) / height
        ends = [x / width, (x + 13) / width]
        mark = Line2D(ends, [y + 3.5 / height] * 2, lw=thickness, color=colour, alpha=opacity, ls=dashes)
        mark.set_solid_capstyle("butt")
        figure.add_artist(mark)
        figure.text((x + 18) / width, y, name, alpha=0.8)


def _key_places(key: Sequence[_Key], width: float) -> list[tuple[float, int]]:
    """Where each mark of a key begins, in points from the left, and in which row."""
    places, x, row = [], 7.0, 0
    for mark in key:
        needed = 18 + 5.6 * len(mark.name)
        if x + needed > width and x > 7:
            x, row = 7.0, row + 1
        places.append((x, row))
        x += needed + 14
    return places


def _shades(bands: dict[float, np.ndarray]) -> list[tuple[float, float]]:
    """(shade, coverage) from the narrowest band to the widest."""
    return list(zip(SHADES, sorted(bands, reverse=True), strict=False))[::-1]


def _dot(steps: int) -> str | None:
    """A line of one step has no length, so it is a dot."""
    return "." if steps == 1 else None


def two_colours(values: np.ndarray) -> np.ndarray:
    """(..., 4) colours of values in -1 ... 1: blue above zero, vermilion below, fainter towards it, on any paper."""
    colours = np.where(values[..., None] > 0, to_rgba(ACCENT), to_rgba(CONTRAST))
    colours[..., 3] = np.clip(np.abs(values), 0, 1)
    return colours


def _thinned(values: np.ndarray) -> np.ndarray:
    """Indices to draw, in order: every value, or of many values the lowest and highest of each stretch."""
    if len(values) <= _SHOWN_POINTS:
        return np.arange(len(values))
    low = np.where(np.isnan(values), np.inf, values)
    high = np.where(np.isnan(values), -np.inf, values)
    stretches = np.array_split(np.arange(len(values)), _SHOWN_POINTS // 2)
    return np.unique([(i[np.argmin(low[i])], i[np.argmax(high[i])]) for i in stretches])


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
