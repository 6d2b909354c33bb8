"""Pictures for a published model card: the learning curve, and forecasts beside what really came."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnn_model import Model, forecast
from rnn_model.plots import ACCENT, INK
from rnn_model.records import Forecast, History
from training.benchmarks import BenchmarkSet

CURVE, HELD_OUT = "learning-curve.png", "held-out.png"
SHOWN_SEASONS = 5


def learning_curve(history: History) -> Figure:
    """Training and validation loss over the optimiser steps, the step whose weights were kept marked.

    The two losses have an axis each: they are taken on different series.
    """
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    train, valid = figure.subplots(1, 2)
    steps = [epoch.step for epoch in history.epochs]
    train.plot(steps, [epoch.train_loss for epoch in history.epochs], color=INK)
    valid.plot(steps, [epoch.valid_loss for epoch in history.epochs], color=ACCENT)
    kept = history.epochs[history.best]
    valid.plot(kept.step, kept.valid_loss, "o", color=ACCENT)
    valid.annotate("kept", (kept.step, kept.valid_loss), (0, 8), textcoords="offset points", ha="center")
    for axes, title in ((train, "Training loss"), (valid, "Validation loss, averaged weights")):
        axes.set_xlabel("step")
        _plain(axes, title)
    return figure


def held_out(model: Model, benchmarks: Sequence[BenchmarkSet]) -> Figure:
    """Median, 80 % band and actual values for the first series of each set: no choice that could flatter."""
    figure = Figure(figsize=(4 * len(benchmarks), 3.4), layout="constrained")
    for axes, benchmark in zip(np.atleast_1d(figure.subplots(1, len(benchmarks))), benchmarks, strict=True):
        history, future = benchmark.histories[0], benchmark.futures[0]
        ahead = forecast(model, history, horizon=benchmark.horizon, season=benchmark.season)
        _draw(axes, history[-max(SHOWN_SEASONS * benchmark.season, 3 * benchmark.horizon) :], future, ahead)
        _plain(axes, f"{benchmark.name.replace('_', ' ')}, first series")
    figure.axes[0].legend(loc="best", frameon=False, fontsize=8)
    return figure


def png(figure: Figure) -> bytes:
    """The figure as a file; the same figure gives the same bytes."""
    sink = BytesIO()
    figure.savefig(sink, format="png", dpi=150, metadata={"Software": None})
    return sink.getvalue()


def _draw(axes: Axes, history: np.ndarray, future: np.ndarray, ahead: Forecast) -> None:
    past, steps = np.arange(1 - len(history), 1), np.arange(1, len(future) + 1)
    axes.plot(past, history, color=INK, linewidth=1)
    axes.fill_between(steps, *ahead.interval(0.8), color=ACCENT, alpha=0.2, linewidth=0, label="80 % band")
    axes.plot(steps, ahead.median, color=ACCENT, label="median")
    axes.plot(steps, future, color=INK, linestyle=":", marker=".", markersize=4, label="what came")
    axes.set_xlabel("steps from the forecast")


def _plain(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
