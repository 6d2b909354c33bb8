"""Values and times of a table's rows -> series: sorted, duplicates merged, gaps filled with missing values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnn_model.reading.clock import Clock
from rnn_model.reading.log import Log, count
from rnn_model.reading.times import (
    day_of_month,
    grid,
    infer_frequency,
    season_of,
    step_in_words,
    steps_between,
)
from rnn_model.records import Series


@dataclass(frozen=True)
class Timeline:
    """Rows in time order.

    Attributes:
        values: (T, W) float64, nan where missing.
        times: (T,) datetime64[s], strictly increasing, or None.
        frequency: alias, or None.
    """

    values: np.ndarray
    times: np.ndarray | None = None
    frequency: str | None = None


def put_in_order(values: np.ndarray, clock: Clock | None, log: Log) -> Timeline:
    """Rows of several columns -> rows in time order, one a step.

    Args:
        values: (N, W) in the order of the input.
        clock: times of the rows, or None when only their order is known.
    """
    if clock is None:
        return Timeline(values)
    if clock.dateless is not None:
        return Timeline(values, None, clock.dateless if clock.dateless != "-" else None)
    times = clock.times
    known = ~np.isnat(times)
    if not known.any():
        return Timeline(values)
    if not known.all():
        log.warn(f"{count(int((~known).sum()), 'row')} without a time left out.")
        values, times = values[known], times[known]
    values, times = _sorted(values, times, log)
    values, times = _merged(values, times, log)
    if len(times) == 1:
        return Timeline(values, times, clock.hint)
    return _stepped(values, times, clock, log)


def _sorted(values: np.ndarray, times: np.ndarray, log: Log) -> tuple[np.ndarray, np.ndarray]:
    steps = np.diff(times).astype(np.int64)
    backwards = int((steps < 0).sum())
    if not backwards:
        return values, times
    if (steps <= 0).all():
        log.note(f"{count(len(times), 'row')} came newest first; turned round.")
        return values[::-1], times[::-1]
    log.note(f"Rows sorted by time ({count(backwards, 'row')} came after a later one).")
    order = np.argsort(times, kind="stable")
    return values[order], times[order]


def _merged(values: np.ndarray, times: np.ndarray, log: Log) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the same time become one."""
    starts = np.flatnonzero(np.r_[True, np.diff(times).astype(np.int64) != 0])
    extra = len(times) - len(starts)
    if not extra:
        return values, times
    how = log.choice("duplicates")
    how = how if how in ("sum", "last") else "mean"
    words = {"mean": "averaged", "sum": "added up", "last": "only the last was kept"}
    repeated = times[starts[np.diff(np.r_[starts, len(times)]) > 1]]
    log.note(
        f"{count(len(repeated), 'time occurs', 'times occur')} more than once (first {_date(repeated[0])}); "
        f"their values were {words[how]}."
        if how != "last"
        else f"{count(len(repeated), 'time occurs', 'times occur')} more than once (first {_date(repeated[0])}); "
        "only the last value was kept."
    )
    for other, label in (("mean", "average"), ("sum", "add up"), ("last", "keep the last of")):
        if other != how:
            log.offer(f"{label} the values with the same time", f"duplicates={other}")
    if how == "last":
        ends = np.r_[starts[1:], len(times)] - 1
        return values[ends], times[starts]
    present = np.add.reduceat((~np.isnan(values)).astype(np.float64), starts)
    total = np.add.reduceat(np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf), starts)
    merged = np.full(total.shape, np.nan)
    np.divide(total, present if how == "mean" else 1.0, out=merged, where=present > 0)
    return merged, times[starts]


def _stepped(values: np.ndarray, times: np.ndarray, clock: Clock, log: Log) -> Timeline:
    frequency = infer_frequency(times)
    if frequency is None:
        return _irregular(values, times, log)
    steps = steps_between(times[0], times[-1], frequency)
    full = grid(times[0], steps, frequency, day_of_month(times))
    rows = np.searchsorted(full, times)
    if len(full) <= rows.max() or (full[rows] != times).any():
        return _irregular(values, times, log)
    filled = np.full((len(full), values.shape[1]), np.nan)
    filled[rows] = values
    log.note(f"One value every {step_in_words(frequency)}, {_date(full[0])} to {_date(full[-1])}.")
    absent = len(full) - len(times)
    if absent:
        first = full[np.setdiff1d(np.arange(len(full)), rows)[0]]
        log.note(f"{count(absent, 'step')} without a row (first {_date(first)}); kept as missing.")
    return Timeline(filled, full, frequency)


def _irregular(values: np.ndarray, times: np.ndarray, log: Log) -> Timeline:
    seconds = int(np.median(np.diff(times).astype(np.int64)))
    asked = log.choice("steps")
    step = _round_step(seconds)
    words = step_in_words(step)
    steps = steps_between(times[0], times[-1], step)
    can_resample = steps <= 20 * len(times) + 100
    if can_resample:
        log.offer(f"resample to one value every {words}", "steps=resample")
    if asked == "resample" and can_resample:
        log.note(f"The times are irregular; resampled to one value every {words} (means; empty steps are missing).")
        return _resampled(values, times, step, steps)
    if asked == "order":
        log.note("The times are irregular; only the order of the values is used, as chosen.")
        return Timeline(values)
    log.offer("use the order only", "steps=order")
    log.warn(
        f"The times are irregular (median step: {words}). A step ahead means the next observation, not a fixed time."
    )
    return Timeline(values, times)


def _round_step(seconds: int) -> str:
    """The alias of the nearest whole unit."""
    for unit, size in (("W-MON", 604_800), ("D", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size and (unit != "W-MON" or abs(seconds / size - round(seconds / size)) < 0.1):
            number = round(seconds / size)
            return f"{number if number > 1 else ''}{unit}"
    return f"{seconds if seconds > 1 else ''}s"


def _resampled(values: np.ndarray, times: np.ndarray, step: str, steps: int) -> Timeline:
    start = times[0].astype("datetime64[D]").astype("datetime64[s]") if step[-1] in "DNh" else times[0]
    every = np.diff(grid(start, 2, step))[0]
    bins = ((times - start) // every).astype(np.int64)
    full = grid(start, int(bins[-1]) + 1, step)
    total = np.zeros((len(full), values.shape[1]))
    number = np.zeros_like(total)
    np.add.at(total, bins, np.nan_to_num(values))
    np.add.at(number, bins, ~np.isnan(values))
    means = np.full(total.shape, np.nan)
    np.divide(total, number, out=means, where=number > 0)
    return Timeline(means, full, step)


def _date(time: np.datetime64) -> str:
    text = str(time.astype("datetime64[m]"))
    return text.removesuffix("T00:00").replace("T", " ")


def to_series(timeline: Timeline, names: Sequence[str], units: Sequence[str], zone: str | None) -> list[Series]:
    """One Series for each of the W columns."""
    return [
        Series(
            np.ascontiguousarray(timeline.values[:, number]),
            timeline.times,
            names[number],
            units[number],
            timeline.frequency,
            season_of(timeline.frequency),
            zone if timeline.times is not None else None,
        )
        for number in range(timeline.values.shape[1])
    ]
