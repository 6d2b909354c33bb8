"""The step between times: found, filled, and continued into the future.

A frequency is a pandas offset alias ("MS", "QE-DEC", "W-MON", "B", "15min"), so that what is read here can be handed
to pandas; the arithmetic is numpy's calendar, which knows months, days and business days.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from rnn_model.records import Series

_DAY = 86_400
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_ALIAS = re.compile(r"(\d*)(BMS|BME|MS|ME|QS|QE|YS|YE|W|B|D|h|min|s)(?:-([A-Z]{3}))?")
_MONTHS_IN = {"BMS": 1, "BME": 1, "MS": 1, "ME": 1, "QS": 3, "QE": 3, "YS": 12, "YE": 12}
_SECONDS_IN = {"s": 1, "min": 60, "h": 3600, "D": _DAY, "W": 7 * _DAY}
_WORDS = {"s": "second", "min": "minute", "h": "hour", "D": "day", "W": "week", "B": "business day"}


@dataclass(frozen=True)
class Step:
    """A frequency taken apart: `count` times `unit`."""

    count: int
    unit: str

    @property
    def months(self) -> int:
        """Months in the step, 0 when it is not made of months."""
        return self.count * _MONTHS_IN.get(self.unit, 0)

    @property
    def seconds(self) -> int:
        """Seconds in the step, 0 when its length varies."""
        return self.count * _SECONDS_IN.get(self.unit, 0)


def parse_frequency(frequency: str) -> Step:
    """Take an alias apart.

    Raises:
        ValueError: an alias this module does not make.
    """
    match = _ALIAS.fullmatch(frequency)
    if match is None:
        raise ValueError(f"expected a frequency such as MS, W-MON or 15min, found {frequency!r}")
    return Step(int(match[1] or 1), match[2])


def season_of(frequency: str | None) -> int | None:
    """Steps in the season that a frequency suggests: months, quarters or weeks in a year, days in a week and so on."""
    if frequency is None:
        return None
    step = parse_frequency(frequency)
    if step.unit == "B":
        return 5 if step.count == 1 else None
    if step.months:
        season, rest = divmod(12, step.months)
    elif step.unit == "W":
        season, rest = divmod(52, step.count)
    elif step.unit == "D":
        season, rest = divmod(7, step.count)
    else:  # a day of steps; below five minutes an hour, since a day would be thousands of steps
        season, rest = divmod(_DAY if step.seconds >= 300 else 3600 if step.seconds >= 60 else 60, step.seconds)
    return season if season > 1 and not rest else None


def step_in_words(frequency: str) -> str:
    """ "month", "quarter", "15 minutes", "business day" ..."""
    step = parse_frequency(frequency)
    if step.months:
        word, count = next(
            (w, step.months // m) for m, w in ((12, "year"), (3, "quarter"), (1, "month")) if not step.months % m
        )
    else:
        word, count = _WORDS[step.unit], step.count
    return word if count == 1 else f"{count} {word}s"


def infer_frequency(times: np.ndarray) -> str | None:
    """The step of times that may have gaps, or None when no step explains them.

    Args:
        times: (N,) datetime64[s], strictly increasing, N >= 2.
    """
    days = times.astype("datetime64[D]")
    clock = times - days.astype("datetime64[s]")
    same_hour = (clock == clock[0]).all()
    found = (_monthly(days) or _daily(days)) if same_hour else _clockwise(times)
    if found is None:
        return None
    # A step that leaves more holes than values explains nothing.
    return found if steps_between(times[0], times[-1], found) <= 2 * len(times) else None


def _monthly(days: np.ndarray) -> str | None:
    months = days.astype("datetime64[M]")
    index = months.astype(np.int64)
    gaps = np.diff(index)
    if not len(gaps) or gaps.min() < 1:
        return None
    day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    length = month_lengths(months)
    every = int(np.gcd.reduce(gaps))
    if (day == length).all():
        kind = "E"
    elif (day == np.minimum(day.max(), length)).all():
        kind = "S"
    elif (days == _business_day(months, last=True)).all():
        return f"{every if every > 1 else ''}BME"
    elif (days == _business_day(months, last=False)).all():
        return f"{every if every > 1 else ''}BMS"
    else:
        return None
    month = int(index[0] % 12)
    if every % 12 == 0:
        return f"{every // 12 if every > 12 else ''}Y{kind}-{_MONTHS[month]}"
    if every == 3:
        # pandas names the quarters after the last of the months in which one begins (or ends)
        return f"Q{kind}-{_MONTHS[month % 3 + 9]}"
    return f"{every if every > 1 else ''}M{kind}"


def month_lengths(months: np.ndarray) -> np.ndarray:
    """Days in each month of a datetime64[M] array."""
    return ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)


def _business_day(months: np.ndarray, last: bool) -> np.ndarray:
    """The last or first Monday-to-Friday of each month."""
    first = months.astype("datetime64[D]")
    if last:
        return np.busday_offset((months + 1).astype("datetime64[D]") - 1, 0, roll="backward")
    return np.busday_offset(first, 0, roll="forward")


def _daily(days: np.ndarray) -> str | None:
    gaps = np.diff(days).astype(np.int64)
    every = int(np.gcd.reduce(gaps))
    if every == 0:
        return None
    weekday = (days.astype(np.int64) + 3) % 7
    if every % 7 == 0:
        return f"{every // 7 if every > 7 else ''}W-{_WEEKDAYS[int(weekday[0])]}"
    friday_to_monday = ((weekday[:-1] == 4) & (gaps == 3)).any()
    if every == 1 and weekday.max() < 5 and friday_to_monday and (gaps == 1).sum() >= 2:
        return "B"
    if every == 1:
        return "D"
    # Days that merely share a divisor (a bank's bookings) have no step.
    return f"{every}D" if (gaps == every).mean() > 0.5 else None


def _clockwise(times: np.ndarray) -> str | None:
    every = int(np.gcd.reduce(np.diff(times).astype(np.int64)))
    if every == 0:
        return None
    for unit in ("D", "h", "min", "s"):
        count, rest = divmod(every, _SECONDS_IN[unit])
        if count and not rest:
            return f"{count if count > 1 else ''}{unit}"
    return None


def steps_between(start: np.datetime64, end: np.datetime64, frequency: str) -> int:
    """How many times a grid from start to end holds, both included."""
    step = parse_frequency(frequency)
    if step.months:
        span = int((end.astype("datetime64[M]") - start.astype("datetime64[M]")).astype(np.int64))
        return span // step.months + 1
    if step.unit == "B":
        return int(np.busday_count(start.astype("datetime64[D]"), end.astype("datetime64[D]"))) + 1
    return int((end - start).astype(np.int64)) // step.seconds + 1


def grid(start: np.datetime64, steps: int, frequency: str, day: int | None = None) -> np.ndarray:
    """(steps,) datetime64[s] from `start` on.

    Args:
        start: the first time; on the grid.
        steps: how many.
        frequency: alias.
        day: day of the month to keep in steps of months, cut to the length of the month; default the day of `start`.
    """
    step = parse_frequency(frequency)
    start = start.astype("datetime64[s]")
    first = start.astype("datetime64[D]")
    clock = start - first.astype("datetime64[s]")
    if step.unit == "B":
        return np.busday_offset(first, step.count * np.arange(steps), roll="forward").astype("datetime64[s]") + clock
    if not step.months:
        return start + step.seconds * np.arange(steps)
    month = first.astype("datetime64[M]")
    months = month + step.months * np.arange(steps)
    if step.unit in ("BME", "BMS"):
        days = _business_day(months, last=step.unit == "BME")
    else:
        wanted = 31 if step.unit.endswith("E") else day or int((first - month.astype("datetime64[D]")).astype(int)) + 1
        days = months.astype("datetime64[D]") + np.minimum(wanted, month_lengths(months)) - 1
    return days.astype("datetime64[s]") + clock


def day_of_month(times: np.ndarray) -> int:
    """The day that monthly times keep: the largest, since short months cut it."""
    days = times.astype("datetime64[D]")
    return int((days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64).max()) + 1


def future_times(series: Series, horizon: int) -> np.ndarray | None:
    """(K,) datetime64[s]: the `horizon` times after the last one of a series; None when its step is unknown.

    Month ends stay month ends, business days skip weekends, quarters and years keep their month.
    """
    if series.times is None or series.frequency is None or not len(series.times):
        return None
    return grid(series.times[-1], horizon + 1, series.frequency, day_of_month(series.times))[1:]
