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
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from io import StringIO
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num, num2date
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rnn_model.records import Forecast, Series
from rnn_model.report import band, decimals_for, magnitude_of, number

INK = "#1a1c1f"
ACCENT = "#0072b2"  # the blue of Okabe and Ito's colour-blind-safe palette
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
WIDE, NARROW = (677, 302), (320, 300)  # points
_SHOWN_POINTS = 1000  # more would fall on the same pixels


def forecast_figure(forecast: Forecast, *, narrow: bool = False, shown: int | None = None) -> Figure:
    """History, median and two bands over time.

    Args:
        forecast: what to draw; missing values of its history are drawn as gaps.
        narrow: a figure for a phone: less wide, less history, the same size of type.
        shown: steps of history to draw; by default a few seasons, enough to judge the forecast by.
    """
    history, ahead = forecast.history, len(forecast.quantiles)
    shown = shown or max(5 * forecast.season, 4 * ahead, 60) // (2 if narrow else 1)
    values = history.values[-shown:]
    factor, magnitude = magnitude_of(np.concatenate([values, forecast.quantiles.ravel()]))
    past, median = values / factor, forecast.median / factor
    reach = float(forecast.levels[-1] - forecast.levels[0])
    bands = {min(coverage, reach): band(forecast, coverage) / factor for coverage in BANDS}
    outer = bands[max(bands)]
    x, dated = _positions(forecast, len(past) + ahead)

    low, high = limits(np.concatenate([past, outer.ravel()]))
    ticks, value_labels = value_ticks(low, high)
    ends = outer[1, -1], median[-1], outer[0, -1]
    decimals = decimals_for(float(ends[0] - ends[2]) or abs(float(ends[1])), 2)
    end_labels = [number(float(end), decimals) for end in ends]

    with drawing():
        figure, axes = canvas(NARROW if narrow else WIDE, value_labels, end_labels)
        axes.set(xlim=(x[0], x[-1]), ylim=(low, high))
        draw_value_scale(axes, ticks, value_labels)
        draw_time_scale(axes, *_time_ticks(x, dated, 6 if narrow else 9))
        _draw_past(axes, x[:-ahead], past)
        _draw_fan(axes, x, past, median, bands)
        _draw_ends(axes, ends, end_labels)
        _draw_head(figure, history, magnitude, sorted(bands))
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


def canvas(size: tuple[int, int], left_labels: list[str], right_labels: list[str]) -> tuple[Figure, Axes]:
    """An empty figure, and its axes with margins as wide as the labels beside them."""
    width, height = size
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    left = 16 + 6 * max(map(len, left_labels))
    right = 16 + 7 * max(map(len, right_labels))
    bottom, top = 36, 56
    place = (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height)
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
        axes.fill_between(x_fan, low, high, color=ACCENT, alpha=shade, lw=0, clip_on=False, label=f"{coverage:.0%}")
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


def _draw_head(figure: Figure, history: Series, magnitude: str, coverages: list[float]) -> None:
    """Heading and key: the marks side by side, each followed by its name."""
    width, height = size_of(figure)
    scale = " ".join(filter(None, [magnitude, history.unit]))
    heading = ", ".join(filter(None, [shortened(history.name or "Values", int(width / 8)), scale]))
    figure.text(6 / width, 1 - 14 / height, heading, weight="bold")
    y, x = 1 - 35 / height, 7.0
    shades = dict(zip(sorted(coverages, reverse=True), SHADES, strict=False))
    key = [("observed", INK, 1.5, 1.0), ("median", ACCENT, 2.2, 1.0)]
    key += [(f"{coverage:.0%} range", ACCENT, 9.0, shades[coverage]) for coverage in coverages]
    for name, color, thickness, opacity in key:
        mark = Line2D(
            [x / width, (x + 13) / width],
            [y + 3.5 / height] * 2,
            lw=thickness,
            color=color,
            alpha=opacity,
            solid_capstyle="butt",
        )
        figure.add_artist(mark)
        figure.text((x + 18) / width, y, name, alpha=0.8)
        x += 18 + 5.6 * len(name) + 14


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
