"""Long data frames of many series (unique_id, ds, y) in, data frames of forecasts and checks out"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rnn_model.backtest import backtest
from rnn_model.checkpoint import Model
from rnn_model.errors import InputError, Problem
from rnn_model.forecaster import forecast_many
from rnn_model.reading.build import put_in_order, to_series
from rnn_model.reading.clock import Clock
from rnn_model.reading.log import Log, Tally, count, quote
from rnn_model.records import Forecast, Series
from rnn_model.report import forecast_columns

if TYPE_CHECKING:
    import pandas as pd

NAME, TIME, VALUE = "unique_id", "ds", "y"


def forecast_frame(model: Model, frame: pd.DataFrame, horizon: int = 12, season: int | None = None) -> pd.DataFrame:
    """Quantiles of the next values of every series in a long data frame.

    Args:
        model: from `load`.
        frame: a row for each series and time: `unique_id`, `ds` (dates without a time zone, periods, or whole numbers
            that count on by one), `y` (numbers, missing ones allowed).  Other columns are not used.
        horizon: steps ahead K.
        season: for all of them; None decides for each.

    Returns:
        K rows for each series, in the order of their first rows: `unique_id`, `ds`, `median` and a column for each
        quantile level (`p10` ... `p90`), in the unit of `y`.  `ds` is NaT where a series has no even step.
        `attrs["notes"]` lists what was done to the series, in words.

    Raises:
        InputError: a column lacks or holds what it must not; horizon or season out of range.
    """
    import pandas as pd

    names, series, tally = _series(frame)
    made = forecast_many(model, series, horizon, season)
    for name, one in zip(names, made, strict=True):
        for note in one.notes:
            tally.add(str(name), note)
    levels = model.forecaster[0].levels
    columns: dict[str, Any] = {
        NAME: names.repeat(horizon),
        TIME: _times_ahead(frame, names, [one.times for one in made], horizon),
    }
    quantiles = np.stack([np.column_stack([one.median, one.quantiles]) for one in made]).reshape(-1, 1 + len(levels))
    columns |= dict(zip(forecast_columns(levels)[2:], quantiles.T, strict=True))
    return _with_notes(pd.DataFrame(columns), tally)


def backtest_frame(model: Model, frame: pd.DataFrame, horizon: int = 12, season: int | None = None) -> pd.DataFrame:
    """How forecasts of every series in a long data frame would have done on its own end; see `backtest`.

    Args:
        model, frame, horizon, season: as for `forecast_frame`.

    Returns:
        A row for each series: `unique_id`, `mase`, `naive_mase`, `coverage`, `points` and `verdict`, as in a Backtest;
        `attrs["notes"]` as for `forecast_frame`.

    Raises:
        InputError: as for `forecast_frame`.
    """
    import pandas as pd

    names, series, tally = _series(frame)
    checked = [backtest(model, one, horizon, season) for one in series]
    fields = ("mase", "naive_mase", "coverage", "points", "verdict")
    return _with_notes(
        pd.DataFrame({NAME: names, **{field: [getattr(one, field) for one in checked] for field in fields}}), tally
    )


def quantile_frame(made: Forecast) -> pd.DataFrame:
    """A forecast as pandas has it.

    Returns:
        A row for each of the K steps, by its time, or by its number from 1 where times are unknown: `median` and a
        column for each quantile level (`p10` ... `p90`), in the unit of the input.
    """
    import pandas as pd

    steps = pd.RangeIndex(1, len(made.median) + 1) if made.times is None else pd.DatetimeIndex(made.times)
    columns = forecast_columns(made.levels)[2:]
    return pd.DataFrame(np.column_stack([made.median, made.quantiles]), steps, columns)


def _with_notes(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    frame.attrs["notes"] = tally.lines()
    return frame


def _series(frame: pd.DataFrame) -> tuple[pd.Index, list[Series], Tally]:
    """Names of the series in order of appearance, the series, and what was done to them."""
    import pandas as pd

    _check_columns(frame)
    values = _values(frame)
    counted = pd.api.types.is_integer_dtype(frame[TIME])
    times = np.asarray(frame[TIME].to_numpy() if counted else _dates(frame[TIME]))
    try:
        codes, names = pd.factorize(frame[NAME])
    except TypeError as error:
        fix = f'Convert it, as in frame["{NAME}"].astype(str).'
        found = f"{NAME} of dtype {frame[NAME].dtype} ({error})"
        raise InputError(Problem(found, f"texts or numbers in column {NAME}", fix)) from error
    order = np.argsort(codes, kind="stable")
    rows = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    tally = Tally()
    series = []
    for name, of_one in zip(names, rows, strict=True):
        if counted:
            series.append(Series(_in_count(values[of_one], times[of_one], str(name)), name=str(name)))
            continue
        log = Log()
        timeline = put_in_order(values[of_one, None], Clock(times[of_one]), log)
        series += to_series(timeline, [str(name)], [""], None)
        for said in (*log.warnings, *log.notes):
            tally.add(str(name), said)
    return pd.Index(names), series, tally


def _check_columns(frame: pd.DataFrame) -> None:
    columns = list(map(str, getattr(frame, "columns", ())))
    problems = []
    for name, meaning in ((NAME, "the name of the series"), (TIME, "the time"), (VALUE, "the value")):
        if columns.count(name) != 1:
            fix = f'Name it so, as in frame.rename(columns={{"…": "{name}"}}), or reset the index if it stands there.'
            shown = ", ".join(columns[:12]) or type(frame).__name__
            problems.append(Problem(f"the columns {shown}", f"one column {name} ({meaning})", fix))
    if problems:
        raise InputError(problems)
    if not len(frame):
        raise InputError(Problem("no rows", "a row for each series and time", "Pass a frame that holds some."))
    unnamed = np.flatnonzero(frame[NAME].isna())
    if len(unnamed):
        found = f"{count(len(unnamed), 'row')} without {NAME}, the first at position {unnamed[0]}"
        raise InputError(Problem(found, "the name of a series in every row", "Name them, or leave them out."))


def _values(frame: pd.DataFrame) -> np.ndarray:
    """(N,) float64, nan where missing or infinite."""
    if frame[VALUE].dtype.kind in "cmM":  # pandas would take them for numbers: nanoseconds, the real part
        fix = f'Give the numbers that are meant, as in frame["{VALUE}"].dt.total_seconds() or .to_numpy().real.'
        raise InputError(Problem(f"{VALUE} of dtype {frame[VALUE].dtype}", f"numbers in column {VALUE}", fix))
    try:
        values: np.ndarray = frame[VALUE].to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        found = f"{VALUE} of dtype {frame[VALUE].dtype} ({error})"
        fix = f'Convert it, as in pd.to_numeric(frame["{VALUE}"]).'
        raise InputError(Problem(found, f"numbers in column {VALUE}", fix)) from error
    return np.where(np.isfinite(values), values, np.nan)


def _dates(times: pd.Series) -> np.ndarray:
    """(N,) datetime64[s]; a period is its first moment."""
    import pandas as pd

    if isinstance(times.dtype, pd.PeriodDtype):
        try:
            times = times.dt.start_time
        except pd.errors.OutOfBoundsDatetime as error:
            raise InputError(_beyond(f"periods from {times.min()} to {times.max()}", "Number them instead.")) from error
    if times.dtype.kind != "M" or getattr(times.dtype, "tz", None) is not None:
        fix = f'Convert it, as in pd.to_datetime(frame["{TIME}"])'
        fix += ", and drop a time zone with .dt.tz_localize(None)." if times.dtype.kind == "M" else "."
        found = f"{TIME} of dtype {times.dtype}"
        raise InputError(Problem(found, "dates without a time zone, or whole numbers", fix))
    return times.to_numpy().astype("datetime64[s]")


def _beyond(found: str, fix: str) -> Problem:
    return Problem(found, "times from 1677 to 2262, which pandas counts in nanoseconds", fix)


def _in_count(values: np.ndarray, steps: np.ndarray, name: str) -> np.ndarray:
    """The values in the order of their whole numbers, which go on by one."""
    order = np.argsort(steps, kind="stable")
    jumps = np.flatnonzero(np.diff(steps[order]) != 1)
    if len(jumps):
        before, after = steps[order][jumps[0] : jumps[0] + 2]
        found = f"{TIME} {before} and then {after} in series {quote(name)}"
        fix = "Number the steps one after the other, with a missing y where none is known, or use dates."
        raise InputError(Problem(found, "whole numbers that go on by one", fix))
    return values[order]


def _times_ahead(frame: pd.DataFrame, names: pd.Index, times: list[np.ndarray | None], horizon: int) -> Any:
    """(N * K,) what `ds` goes on with: whole numbers or dates, as in the frame."""
    import pandas as pd

    if pd.api.types.is_integer_dtype(frame[TIME]):
        last = frame.groupby(NAME, sort=False, observed=True)[TIME].max().loc[names].to_numpy()
        return (last[:, None] + np.arange(1, horizon + 1)).reshape(-1)
    unknown = np.full(horizon, np.datetime64("NaT", "s"))
    ahead = pd.Series(np.concatenate([unknown if of_one is None else of_one for of_one in times]))
    asked = frame[TIME].dtype
    if isinstance(asked, pd.PeriodDtype):
        return ahead.dt.to_period(asked.freq)
    try:
        return ahead.astype(asked)
    except pd.errors.OutOfBoundsDatetime as error:
        fix = f'Look fewer steps ahead, or count in seconds, as in frame["{TIME}"].dt.as_unit("s").'
        raise InputError(_beyond(f"steps ahead up to {ahead.max():%Y-%m-%d}", fix)) from error
