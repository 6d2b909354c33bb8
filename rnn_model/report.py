"""A forecast as text: a sentence, dates and numbers as people write them, CSV."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from rnn_model.constraints import WHOLE
from rnn_model.records import Backtest, Forecast, Series, Trace

_STEPS = (  # pandas offset alias, one step, several steps, how a moment is written
    (r"(B?A|B?Y)(S|E)?(-|$)", "year", "years", "{year}"),
    (r"B?Q(S|E)?(-|$)", "quarter", "quarters", "Q{quarter} {year}"),
    (r"B?M(S|E)?$", "month", "months", "{month} {year}"),
    (r"W(-|$)", "week", "weeks", "{day} {month} {year}"),
    (r"B$", "working day", "working days", "{day} {month} {year}"),
    (r"D$", "day", "days", "{day} {month} {year}"),
    (r"h$", "hour", "hours", "{day} {month} {year}, {clock}"),
    (r"min$", "minute", "minutes", "{day} {month} {year}, {clock}"),
    (r"s$", "second", "seconds", "{day} {month} {year}, {clock}:{second:02}"),
)
_REPEATED = {
    ("quarter", 4): "repeating last year",
    ("month", 12): "repeating last year",
    ("week", 52): "repeating last year",
    ("day", 7): "repeating last week",
    ("working day", 5): "repeating last week",
    ("hour", 24): "repeating the day before",
}
_UNKNOWN_STEP = ("", "value", "values", "{day} {month} {year}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MAGNITUDES = {6: "million", 9: "billion", 12: "trillion"}
_CURRENCY_SIGNS = frozenset("$£¥€")
_NO_BREAK = "\u00a0"
_THIN_SPACE = "\u202f"  # groups thousands whichever decimal mark the reader is used to
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MINUS = "\u2212"


def describe(forecast: Forecast, coverage: float = 0.8) -> str:
    """What comes next, in words: the direction, and where the last step is likely to lie.

    A seasonal forecast is compared with the last season, any other with the last value seen.

    Args:
        forecast: what to put into words.
        coverage: chance, within the reach of the forecast's levels, of the range that is named.
    """
    low, high = (float(edge[-1]) for edge in band(forecast, coverage))
    write = number_format(forecast)
    one, many = step_words(forecast.history.frequency)
    ahead = len(forecast.quantiles)
    expected = f"expected near {write(float(forecast.median[-1]))}"
    if high > low:
        expected += (
            f", with {_chance(coverage)} of lying between {write(low).partition(_NO_BREAK)[0]} and {write(high)}"
        )
    when = "" if forecast.times is None else moment(forecast.times[-1], forecast.history.frequency)
    if ahead == 1:
        return f"The next {one}{f', {when},' if when else ''} is {expected}."
    return f"The next {ahead} {many} {_direction(forecast, many)}. {when or 'The last of them'} is {expected}."


def band(forecast: Forecast, coverage: float) -> np.ndarray:
    """(2, K) lower and upper bound of the central band of `coverage`, or of the widest that the levels allow."""
    tail = (1 - coverage) / 2
    lowest, highest = float(forecast.levels[0]), float(forecast.levels[-1])
    edges = np.stack([forecast.quantile(max(tail, lowest)), forecast.quantile(min(1 - tail, highest))])
    return np.round(edges) if WHOLE in forecast.stated else edges  # between two levels lies no whole number


def step_words(frequency: str | None) -> tuple[str, str]:
    """What one step and several steps are called: ("month", "months"); ("value", "values") when unknown."""
    _, one, many, _ = _step(frequency)
    return one, many


def repeating(frequency: str | None, season: int) -> str:
    """What the (seasonal) naive forecast does, in words: "repeating last year", "repeating the last value"."""
    if season == 1:
        return "repeating the last value"
    one, many = step_words(frequency)
    return _REPEATED.get((one, season), f"repeating the last {season} {many}")


def moment(time: np.datetime64, frequency: str | None) -> str:
    """A time as precisely as its frequency asks for: "1961", "Q4 1961", "Dec 1961", "3 Dec 1961, 14:00"."""
    when = time.astype("datetime64[s]").item()
    return _step(frequency)[3].format(
        year=when.year,
        quarter=(when.month + 2) // 3,
        month=_MONTHS[when.month - 1],
        day=when.day,
        clock=f"{when:%H:%M}",
        second=when.second,
    )


def number_format(forecast: Forecast, digits: int = 2) -> Callable[[float], str]:
    """A function that writes values of this forecast with their unit, to `digits` digits of the forecast's range."""
    factor, magnitude = magnitude_of(forecast.quantiles)
    decimals = decimals_of(forecast, factor, digits)
    unit = forecast.history.unit

    def write(value: float) -> str:
        text = _NO_BREAK.join(filter(None, [number(value / factor, decimals), magnitude]))
        if unit in _CURRENCY_SIGNS:
            return f"{_MINUS if text.startswith(_MINUS) else ''}{unit}{text.removeprefix(_MINUS)}"
        return f"{text}{_NO_BREAK}{unit}" if unit else text

    return write


def decimals_of(forecast: Forecast, factor: float, digits: int = 2) -> int:
    """Decimals that show `digits` digits of the range of a forecast whose values are divided by `factor`."""
    spread = float(np.mean(forecast.quantiles[:, -1] / factor - forecast.quantiles[:, 0] / factor))
    return decimals_for(spread or float(np.max(np.abs(forecast.quantiles))) / factor, digits)


def number(value: float, decimals: int) -> str:
    """A number with thin spaces between thousands and a true minus sign; never "-0"."""
    text = f"{value:,.{decimals}f}".replace(",", _THIN_SPACE)
    return text.removeprefix("-") if not re.search("[1-9]", text) else text.replace("-", _MINUS)


def percent(share: float, decimals: int = 0) -> str:
    """A share as people write it: 0.25 is "25 %"."""
    return f"{100 * share:.{decimals}f}\N{NO-BREAK SPACE}%"


def decimals_for(spread: float, digits: int) -> int:
    """Decimals that show `digits` digits of a spread: 0 for 110 and 2, 2 for 0.3 and 2."""
    if spread <= 0 or not math.isfinite(spread):
        return 0
    return min(max(digits - 1 - math.floor(math.log10(spread)), 0), 9)


def magnitude_of(values: np.ndarray) -> tuple[float, str]:
    """A power of ten to divide by so that the largest value is easy to read, and its name: (1e6, "million")."""
    largest = float(np.nanmax(np.abs(values), initial=0.0))
    if largest == 0 or 1e-3 <= largest < 1e6:
        return 1.0, ""
    exponent = max(3 * math.floor(math.log10(largest) / 3), -300)  # 1e-300: its inverse is still finite
    return 10.0**exponent, _MAGNITUDES.get(exponent, f"×{_NO_BREAK}10{str(exponent).translate(_RAISED)}")


def forecast_csv(*forecasts: Forecast) -> str:
    """Forecasts of one model as CSV, one row a step: `series,time,median,p10,...`; values keep all their digits.

    `series` holds the name and unit of the history, `time` an ISO time, or the number of the step ahead when the
    history has no times.  Text is made inert for spreadsheets; of several histories one without a name is numbered.
    """
    several = len(forecasts) > 1
    rows = (row for n, one in enumerate(forecasts, 1) for row in forecast_rows(one, str(n) if several else ""))
    return _csv(forecast_columns(forecasts[0].levels), rows)


def forecast_columns(levels: Iterable[float]) -> list[str]:
    """What stands above the columns of `forecast_rows`."""
    return ["series", "time", "median", *(f"p{level * 100:g}" for level in levels)]


def forecast_rows(forecast: Forecast, unnamed: str = "") -> list[list[Any]]:
    """One row a step, as in `forecast_csv`.

    Args:
        unnamed: what to call a history without a name.
    """
    history = forecast.history
    series = _series_name(history if history.name else replace(history, name=unnamed))
    steps = range(1, len(forecast.quantiles) + 1)
    times = steps if forecast.times is None else np.datetime_as_string(forecast.times)
    return [
        [series, time, float(median), *map(float, quantiles)]
        for time, median, quantiles in zip(times, forecast.median, forecast.quantiles, strict=True)
    ]


def backtest_csv(checked: Backtest) -> str:
    """A back-test as CSV, one row a held-out value: `series,time,known,actual,median,p10,...,naive`.

    `known` is how many values the forecast rested on; `time` as in `forecast_csv`, counted from the first value.
    """
    history = checked.history
    header = ["actual", "median", *(f"p{level * 100:g}" for level in checked.levels), "naive"]
    rows = [
        [origin, origin + k, actual, quantiles[len(quantiles) // 2], *quantiles, naive]
        for origin, *window in zip(checked.origins, checked.actual, checked.quantiles, checked.naive, strict=True)
        for k, (actual, quantiles, naive) in enumerate(zip(*window, strict=True))
    ]
    return _csv(
        ["series", "time", "known", *header],
        [[_series_name(history), _time(history, at), int(origin), *_cells(numbers)] for origin, at, *numbers in rows],
    )


def trace_csv(trace: Trace) -> str:
    """What mattered as CSV, one row a past value: `series,time,value,gradient`."""
    history = trace.forecast.history
    pairs = enumerate(zip(history.values, trace.gradient, strict=True))
    rows = [[_series_name(history), _time(history, at), *_cells(numbers)] for at, numbers in pairs]
    return _csv(["series", "time", "value", "gradient"], rows)


def _csv(header: list[str], rows: Iterable[list[Any]]) -> str:
    sink = io.StringIO()
    writer = csv.writer(sink)
    writer.writerow(header)
    writer.writerows(rows)
    return sink.getvalue()


def _series_name(history: Series) -> str:
    return inert(f"{history.name} ({history.unit})" if history.unit else history.name)


def _time(history: Series, at: int) -> str | int:
    return at + 1 if history.times is None else str(np.datetime_as_string(history.times[at]))


def _cells(numbers: Iterable[float]) -> list[float | str]:
    """Numbers with all their digits; nothing where one is missing."""
    return ["" if math.isnan(number) else float(number) for number in numbers]


def inert(cell: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe goes before a leading =, +, -, @, tab or return.

    Source: OWASP, "CSV Injection".
    """
    return f"'{cell}" if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _step(frequency: str | None) -> tuple[str, str, str, str]:
    alias = re.sub(r"^\d+", "", frequency or "")
    multiple = alias != (frequency or "")
    pattern, one, many, shape = next((step for step in _STEPS if re.match(step[0], alias)), _UNKNOWN_STEP)
    return (pattern, "step", "steps", shape) if multiple else (pattern, one, many, shape)


def _chance(coverage: float) -> str:
    tenths = round(coverage * 10, 6)
    share = f"{tenths:.0f} in 10" if tenths.is_integer() else f"{coverage * 100:.0f} in 100"
    return f"{'an' if share.startswith('8') else 'a'} {share} chance"


def _direction(forecast: Forecast, steps: str) -> str:
    if forecast.season > 1:
        compared = _against_last_season(forecast, steps)
        if compared:
            return compared
    seen = forecast.history.values
    last_seen = seen[~np.isnan(seen)][-1]
    change = forecast.median[-1] - last_seen
    if abs(change) <= 0.2 * np.ptp(forecast.quantiles[-1]):
        return "stay level"
    return "rise" if change > 0 else "fall"


def _against_last_season(forecast: Forecast, steps: str) -> str:
    """How far the median runs above or below the same phases of the last season, or "" when they were not seen."""
    season, ahead = forecast.season, len(forecast.quantiles)
    last_season = forecast.history.values[-season:]
    if len(last_season) < season:
        return ""
    before = last_season[np.arange(ahead) % season]
    both = ~np.isnan(before)
    if not both.any():
        return ""
    size = float(np.abs(before[both]).max()) or 1.0  # sums near 1e308 would overflow
    level = float((before[both] / size).mean()) * size
    change = float((forecast.median[both] / size).mean()) * size - level
    reference = f"the last {season} {steps}" if ahead % season == 0 else "the same part of the last season"
    if abs(change) <= 0.1 * float(np.ptp(forecast.quantiles / size, axis=1).mean()) * size:
        return f"stay at the level of {reference}"
    word = "above" if change > 0 else "below"
    percent = abs(change / level) * 100 if level and before[both].min() > 0 else math.inf
    if 0.5 <= percent < 1000:
        return f"run about {percent:.0f}{_NO_BREAK}% {word} {reference}"
    return f"run about {number_format(forecast)(abs(change))} {word} {reference}"
