"""Pictures of a training run: its learning curve, what was taken for what, and the gradient sent back through time.

Drawn as in `rnn_model/plots.py`, whose `svg` turns them into a part of a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rnn_model.plots import (
    ACCENT,
    FONT,
    INK,
    MUTED,
    NARROW,
    WIDE,
    axes_size,
    draw_time_scale,
    draw_value_scale,
    drawing,
    limits,
    shortened,
    size_of,
    value_ticks,
)
from rnn_model.records import LEAST_SHARE, GradientFlow, History
from rnn_model.report import number

# Okabe and Ito's colours that show on white and on black; dashes tell the lines apart without them.
COLOURS = (ACCENT, "#d55e00", "#009e73", "#cc79a7", "#a6761d")
DASHES: tuple[tuple[float, ...] | None, ...] = (None, (6, 2), (2, 2), (8, 2, 2, 2), (4, 4))

_BEFORE = (2.5, 1.5)
_FAINTEST = 1e-12  # norms below it are drawn on the bottom line
_LARGEST_WITH_NUMBERS = 12  # classes, beyond which the cells are too small for numbers


def learning_curve_figure(
    history: History,
    *,
    earlier: History | None = None,
    earlier_name: str = "before",
    apart: bool = False,
    narrow: bool = False,
) -> Figure:
    """Training and validation loss over the steps, and the accuracies below them if they were measured.

    Args:
        history: at least one row; a loss that is not finite is left out.
        earlier: another run to compare with, drawn fainter and dashed.
        earlier_name: what that one is called.
        apart: the two losses are in different units, so each has a panel of its own.
        narrow: a figure for a phone.
    """
    runs = [history] if earlier is None or not earlier.epochs else [earlier, history]
    all_steps = np.concatenate([_steps(run) for run in runs])
    kinds: list[tuple[str, str | None, str | None, float, str]] = [("Loss", "train_loss", "valid_loss", 1.0, "")]
    if apart:
        kinds = [
            ("Training loss", "train_loss", None, 1.0, ""),
            ("Validation loss", None, "valid_loss", 1.0, ""),
        ]
    if any(epoch.valid_accuracy is not None for run in runs for epoch in run.epochs):
        kinds.append(("Accuracy", "train_accuracy", "valid_accuracy", 0.01, "\N{NO-BREAK SPACE}%"))
    width, height = NARROW if narrow else WIDE
    height += (height - 112) * (len(kinds) - 1)
    with drawing():
        figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        room = (height - 48) / len(kinds)
        for index, (name, train, valid, unit, sign) in enumerate(kinds):
            bottom = 38 + room * (len(kinds) - 1 - index)
            place = (58 / width, bottom / height, 1 - 82 / width, (room - 44) / height)
            axes = figure.add_axes(place)
            curves = [
                _Curves(_steps(run), _measured(run, train, unit), _measured(run, valid, unit), run.best) for run in runs
            ]
            _draw_curves(axes, curves, name, sign)
            ticks = _step_ticks(np.array([all_steps.min(), all_steps.max()]), 4 if narrow else 8)
            draw_time_scale(axes, *ticks, "step" if index + 1 == len(kinds) else "")
        keys = [("training", INK, None), ("validation", ACCENT, None), ("best validation, kept", ACCENT, "o")]
        if len(runs) > 1:
            keys[2:] = [("best", ACCENT, "o"), (shortened(earlier_name, 16 if narrow else 60), INK, "--")]
        _draw_key(figure, keys)
    return figure


def confusion_figure(counts: np.ndarray, classes: Sequence[str], *, narrow: bool = False) -> Figure:
    """How often each class (down) was taken for each (across); the deeper, the larger its share of the class.

    Args:
        counts: (C, C) from `metrics.confusion`.
        classes: C names.
        narrow: a figure for a phone.
    """
    size = len(classes)
    width = (NARROW if narrow else WIDE)[0]
    names = [shortened(name, 12 if narrow else 24) for name in classes]
    left = 22 + 6 * max(map(len, names))
    cell = min((width - left - 14) / size, 64)
    upright = 7 * max(map(len, names)) > cell  # names across, where they do not fit side by side
    top = 44 + (6 * max(map(len, names)) if upright else 16)
    height = top + cell * size + 14
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    with drawing():
        figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        axes = figure.add_axes((left / width, 14 / height, cell * size / width, cell * size / height))
        axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
        axes.set_axis_off()
        for row, column in np.ndindex(size, size):
            colour = ACCENT if row == column else INK
            shade = 0.06 + 0.74 * shares[row, column]
            axes.fill_between((column - 0.48, column + 0.48), row - 0.48, row + 0.48, color=colour, alpha=shade, lw=0)
            if size <= _LARGEST_WITH_NUMBERS and counts[row, column]:
                axes.text(column, row, number(float(counts[row, column]), 0), ha="center", va="center")
        for place, name in enumerate(names):
            axes.text(-0.6, place, name, ha="right", va="center")
            axes.text(
                place,
                -0.6,
                name,
                ha="left" if upright else "center",
                va="bottom",
                rotation=90 if upright else 0,
                rotation_mode="anchor" if upright else "default",
            )
        figure.text(6 / width, 1 - 14 / height, "What it is (down), what it was taken for (across)", weight="bold")
    return figure


def gradient_figure(flows: Sequence[GradientFlow], *, narrow: bool = False) -> Figure:
    """How much of the loss is left at each distance from the last step, on a logarithmic scale.

    Args:
        flows: what to compare, at most five.
        narrow: a figure for a phone.

    Raises:
        ValueError: there are more flows than colours.
    """
    if not 1 <= len(flows) <= len(COLOURS):
        raise ValueError(f"expected 1 to {len(COLOURS)} flows, found {len(flows)}")
    width, height = NARROW if narrow else WIDE
    keys = [_key_of(flow, int((width - 33) / 6.2)) for flow in flows]
    rows = sum(map(len, keys))
    height += 17 * (rows - 1)
    logs = [np.log10(np.clip(np.nan_to_num(flow.shares, posinf=1e12), _FAINTEST, 1e12)) for flow in flows]
    low, high = min(min(map(np.min, logs)), -2.5), max(max(map(np.max, logs)), 0.5)
    powers = np.arange(np.ceil(low), np.floor(high) + 1)
    powers = powers[:: max(len(powers) // 6, 1)]
    with drawing():
        figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        top = 40 + 17 * rows
        place = (58 / width, 40 / height, 1 - 72 / width, 1 - (top + 40) / height)
        axes = figure.add_axes(place)
        axes.set_axis_off()
        reach = max(len(line) for line in logs) - 1
        axes.set(xlim=(0, max(reach, 1)), ylim=(low, high))
        draw_value_scale(axes, powers, [_power(int(power)) for power in powers])
        draw_time_scale(axes, *_step_ticks(np.array([0.0, reach]), 4 if narrow else 8), "steps back")
        threshold = np.log10(LEAST_SHARE)
        axes.plot((0, reach), (threshold, threshold), color=INK, lw=1, alpha=0.5, dashes=(1, 3))
        for line, colour, dashes in zip(logs, COLOURS, DASHES, strict=False):
            (drawn,) = axes.plot(np.arange(len(line)), line, color=colour, lw=2.0, clip_on=False)
            if dashes:
                drawn.set_dashes(dashes)
        figure.text(6 / width, 1 - 14 / height, "Share of the gradient left, by distance", weight="bold")
        for index, key in enumerate(keys):
            y = 1 - (36 + 17 * sum(map(len, keys[:index]))) / height
            mark = Line2D([7 / width, 27 / width], [y + 3.5 / height] * 2, color=COLOURS[index], lw=2.0)
            if DASHES[index]:
                mark.set_dashes(DASHES[index] or ())
            figure.add_artist(mark)
            for line, words in enumerate(key):
                figure.text(33 / width, y - 17 * line / height, words, alpha=0.9)
    return figure


def _key_of(flow: GradientFlow, letters: int) -> list[str]:
    """Its name and its numbers, in one line or, when there are not so many letters in one, in two."""
    numbers = f"memory {flow.memory} steps, spectral radius {flow.radius.max():.2f}"
    words = f"{flow.name}: {numbers}"
    return [words] if len(words) <= letters else [f"{shortened(flow.name, letters - 1)}:", numbers]


class _Curves(NamedTuple):
    """One run in one panel: steps (N,), training and validation (N,) each or None, and the row that was kept."""

    steps: np.ndarray
    train: np.ndarray | None
    valid: np.ndarray | None
    best: int

    @property
    def lines(self) -> list[tuple[np.ndarray, str]]:
        """What is drawn, with its colour."""
        both = ((self.train, INK), (self.valid, ACCENT))
        return [(line, colour) for line, colour in both if line is not None]


def _steps(history: History) -> np.ndarray:
    return np.array([epoch.step for epoch in history.epochs], dtype=np.float64)


def _measured(history: History, name: str | None, unit: float) -> np.ndarray | None:
    """A column of a history; nan, which is not drawn, where there is no value."""
    if name is None:
        return None
    return np.array([_or_nan(getattr(epoch, name)) for epoch in history.epochs]) / unit


def _draw_curves(axes: Axes, runs: Sequence[_Curves], name: str, sign: str) -> None:
    """One panel: training and validation over the steps, the kept row of the last run marked with its validation."""
    axes.set_axis_off()
    values = np.concatenate([line for run in runs for line, _ in run.lines])
    finite = values[np.isfinite(values)]
    low, high = limits(finite) if len(finite) else (0.0, 1.0)
    first, last = min(float(run.steps[0]) for run in runs), max(float(run.steps[-1]) for run in runs)
    axes.set(xlim=(first, last) if last > first else (first - 1, first + 1), ylim=(low, high))
    ticks, labels = value_ticks(low, high)
    draw_value_scale(axes, ticks, [label + sign for label in labels])
    for run in runs:
        for line, colour in run.lines:
            shown = np.where(np.isfinite(line), line, np.nan)
            (drawn,) = axes.plot(run.steps, shown, color=colour, lw=1.8, solid_joinstyle="round", clip_on=False)
            if run is not runs[-1]:
                drawn.set(dashes=_BEFORE, alpha=0.6)
    if runs[-1].valid is not None:
        _mark_kept(axes, runs[-1], (first, last), sign)
    line_height = FONT / axes_size(axes)[1]
    axes.text(0, 1 + 0.7 * line_height, name, transform=axes.transAxes, weight="bold")


def _mark_kept(axes: Axes, run: _Curves, span: tuple[float, float], sign: str) -> None:
    """The row whose weights were kept, with its validation."""
    assert run.valid is not None, "the caller asks only for panels with a validation"
    at, kept = run.steps[run.best], run.valid[run.best]
    axes.axvline(at, color=ACCENT, lw=0.9, alpha=0.6, dashes=(2, 3))
    if np.isfinite(kept):
        axes.plot(at, kept, "o", color=ACCENT, markersize=6, clip_on=False)
        left = at > sum(span) / 2
        said = f"{kept:.1f}{sign}" if sign else f"{kept:.3g}"
        pixel = (span[1] - span[0] or 2) / axes_size(axes)[0]
        side = -1 if left else 1
        under = at + side * pixel * np.linspace(0, 8 + 0.6 * FONT * len(said), 9)
        axes.text(
            at + side * 8 * pixel,
            np.nanmax(np.interp(under, run.steps, run.valid)),  # above the curve that it lies over
            said,
            color=ACCENT,
            weight="bold",
            ha="right" if left else "left",
            va="bottom",
        )


def _step_ticks(steps: np.ndarray, most: int) -> tuple[np.ndarray, list[str]]:
    ticks = np.asarray(MaxNLocator(nbins=most, integer=True).tick_values(steps[0], steps[-1]))
    ticks = ticks[(ticks >= steps[0]) & (ticks <= steps[-1])]
    return ticks, [number(float(tick), 0) for tick in ticks]


def _power(power: int) -> str:
    return f"{10.0**power:g}" if -3 <= power <= 3 else f"1e{power:+d}"


def _draw_key(figure: Figure, entries: Sequence[tuple[str, str, str | None]]) -> None:
    width, height = size_of(figure)
    x, y = 7.0, 1 - 16 / height
    for name, colour, marker in entries:
        places = [(x + 7) / width] if marker == "o" else [x / width, (x + 13) / width]
        mark = Line2D(places, [y + 3.5 / height] * len(places), lw=2, color=colour, markersize=6)
        if marker == "o":
            mark.set_marker(marker)
        elif marker:
            mark.set_dashes(_BEFORE)
        figure.add_artist(mark)
        figure.text((x + 18) / width, y, name, alpha=MUTED + 0.2)
        x += 18 + 5.6 * len(name) + 14


def _or_nan(value: float | None) -> float:
    """The value; nan, which is not drawn, where there is none."""
    return float("nan") if value is None else value
