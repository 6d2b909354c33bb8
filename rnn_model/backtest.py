"""How a forecast would have done on the end of the visitor's own series: rolling origins, against a naive rival.

From each origin the series is forecast as if the values after it had never been seen: `forecast_many` is given the
values before the origin and nothing else, so that scale, season and all that depends on them are taken from those.  The
seasonal rival alone is told the season of the whole series: it is to repeat in every window what the forecast shown
beside it repeats, and what it gains by that counts against the network.
Source: Tashman (2000), "Out-of-sample tests of forecasting accuracy", International Journal of Forecasting 16, 437-450.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from rnn_model.baselines import mean, naive, seasonal_naive
from rnn_model.checkpoint import Model
from rnn_model.forecaster import check_request, forecast_many, periods_of, series_of
from rnn_model.metrics import RESIDUE, seasonal_scale
from rnn_model.reading.log import count
from rnn_model.records import Backtest, Forecast, Series
from rnn_model.report import percent, repeating

MINIMUM = 20  # observed values below which nothing is held out
FIRST = 8  # observed values that the first origin knows at least
WINDOWS = 6  # windows of one horizon that are counted at most, unless they hold fewer than POINTS values
POINTS = 24
FEW_POINTS = 12  # a result on fewer is called a hint
EVEN = 0.02  # two errors that differ by a smaller share are called alike
MOSTLY = 0.5  # share of zeros above which demand is intermittent: zero and the mean are rivals too

ZERO, MEAN = "always saying zero", "always saying the mean so far"


def backtest(model: Model, sequence: Any, horizon: int = 12, season: int | None = None) -> Backtest:
    """Forecasts the end of a series from several origins before it, and compares with what came.

    The later half of the series at most is held out, in windows of `horizon` steps that lie end to end (fewer steps
    when the series is shorter than three horizons).  A window is left out if it lies in a gap, or behind one so long
    that the forecast knows next to nothing.

    Args:
        model: from `load`.
        sequence: as for `forecast`.
        horizon: steps ahead K.
        season: as for `forecast`; None finds it at every origin anew, and on the whole series for the rival.

    Returns:
        A Backtest.  Below MINIMUM observed values, or with no window left, it holds no forecasts and says why.

    Raises:
        InputError: no numbers, or horizon or season out of range.
    """
    series = series_of(sequence)
    check_request(model, horizon, season)
    seen = np.flatnonzero(np.isfinite(series.values))
    if len(seen) < MINIMUM:
        return _too_short(
            model, series, f"{count(len(seen), 'value')}, where a check on held-out values needs {MINIMUM}"
        )
    steps = min(horizon, len(seen) // 3)
    context = model.forecaster[0].context
    origins = _told(_origins(seen, steps), seen, steps, context)
    if not len(origins):
        why = f"no {FIRST} values among the {context} steps before what could be held out"
        return _too_short(model, series, why)
    forecasts = forecast_many(model, [known(series, origin) for origin in origins], steps, season)
    notes = () if steps == horizon else (f"Checked {steps} steps ahead instead of {horizon}: the series is short.",)
    return _compared(series, origins, forecasts, _repeatable(series, season, origins), notes)


def _origins(seen: np.ndarray, steps: int) -> np.ndarray:
    """(N,) where the windows begin, from the positions of the observed values."""
    end = int(seen[-1]) + 1
    earliest = int(max(seen[len(seen) // 2], seen[FIRST - 1] + 1))
    windows = min(max((end - earliest) // steps, 1), max(WINDOWS, -(-POINTS // steps)))
    return end - steps * np.arange(windows, 0, -1)


def _told(origins: np.ndarray, seen: np.ndarray, steps: int, context: int) -> np.ndarray:
    """The origins whose window holds a value and which a forecast from there can know FIRST values for."""
    first, origin, end = np.searchsorted(seen, [origins - context, origins, origins + steps])
    return origins[(origin - first >= FIRST) & (end > origin)]


def _repeatable(series: Series, season: int | None, origins: np.ndarray) -> int:
    """Steps in the season that the forecast of the whole series uses; 1 if even the last origin knows no whole one."""
    used = periods_of(series, season)[:1]
    return used[0] if used and used[0] < origins[-1] else 1


def known(series: Series, origin: int) -> Series:
    """What was there of a series when it had `origin` values."""
    return replace(series, values=series.values[:origin], times=None if series.times is None else series.times[:origin])


def _compared(
    series: Series, origins: np.ndarray, forecasts: list[Forecast], season: int, notes: tuple[str, ...]
) -> Backtest:
    steps = len(forecasts[0].quantiles)
    actual = np.stack([series.values[origin : origin + steps] for origin in origins])
    quantiles = np.stack([forecast.quantiles for forecast in forecasts])
    median = quantiles[..., quantiles.shape[2] // 2]

    present = series.values[np.isfinite(series.values)]
    size = float(np.abs(present).max()) or 1.0  # sums near 1e308 would overflow
    residue = RESIDUE * float(np.ptp(present / size))

    def error(said: np.ndarray) -> float:
        """In shares of the largest value; what rounding leaves of an exact forecast is 0."""
        mean = float(np.nanmean(np.abs(actual / size - said / size)))
        return mean if mean > residue else 0.0

    said = [naive_forecasts(known(series, origin), steps, season) for origin in origins]
    intermittent = (present == 0).mean() > MOSTLY
    names = [name for name in said[0] if intermittent or name not in (ZERO, MEAN)]
    rivals = {name: np.stack([of_window[name] for of_window in said]) for name in names}
    rival = min(rivals, key=lambda name: error(rivals[name]))
    # The scale is only a unit, the same for all: what was known before the last window.
    scale = seasonal_scale(series.values[: origins[-1]] / size, season)
    mine, theirs = error(median), error(rivals[rival])
    made = Backtest(
        history=series,
        levels=forecasts[0].levels,
        origins=origins,
        actual=actual,
        quantiles=quantiles,
        naive=rivals[rival],
        rival=rival,
        season=season,
        mase=mine / scale,
        naive_mase=theirs / scale,
        gain=1 - mine / theirs if theirs > 0 else float("nan" if mine == 0 else "-inf"),
        verdict="",
        notes=notes,
    )
    return replace(made, verdict=_verdict(made, mine, theirs))


def naive_forecasts(history: Series, steps: int, season: int) -> dict[str, np.ndarray]:
    """(K,) each by what it does in words: what can be said of a history by hand.

    Args:
        history: what is known.
        steps: K.
        season: the one to repeat; a history shorter than that repeats its last value where nothing else was seen.
    """
    past = history.values
    return {
        repeating(history.frequency, season): seasonal_naive(past, steps, season),
        repeating(history.frequency, 1): naive(past, steps),
        ZERO: np.zeros(steps),
        MEAN: mean(past, steps),
    }


def rival_ahead(made: Forecast, checked: Backtest) -> np.ndarray:
    """(K,) what the rival of a check says of the time ahead of a forecast of the same series."""
    return naive_forecasts(made.history, len(made.quantiles), checked.season)[checked.rival]


def rival_is_better(checked: Backtest) -> bool:
    """Whether the rival was closer by more than what is called alike, so that it is worth drawing."""
    return checked.gain < -EVEN


def _verdict(made: Backtest, mine: float, theirs: float) -> str:
    """Who was closer, by how much, and what the band caught."""
    counted = count(made.points, "point")
    points = f"your last {counted}"
    against = "" if np.isnan(made.mase) else f" (MASE {made.mase:.2f} against {made.naive_mase:.2f})"
    rival = made.rival
    if mine == theirs == 0:
        said = f"On {points} both this and {rival} were exact."
    elif rival_is_better(made):
        closer = f"by {_percent(1 - theirs / mine)}" if theirs > 0 else "and exact"
        said = f"{rival.capitalize()} is better here, {closer} on {points}{against}; it is drawn too."
    elif made.gain > EVEN:
        said = f"On {points} this was {_percent(made.gain)} better than {rival}{against}."
    else:
        said = f"On {points} this was as good as {rival}{against}."
    caught = f"The 80 % band caught {made.caught:,} of them."
    hint = (
        f" {counted} {'is' if made.points == 1 else 'are'} few: take this as a hint."
        if made.points < FEW_POINTS
        else ""
    )
    return f"{said} {caught}{hint}"


def _percent(share: float) -> str:
    return percent(max(share, 0.01))


def _too_short(model: Model, series: Series, why: str) -> Backtest:
    levels = np.array(model.forecaster[0].levels)
    nothing = np.empty((0, 0))
    return Backtest(
        history=series,
        levels=levels,
        origins=np.empty(0, int),
        actual=nothing,
        quantiles=np.empty((0, 0, len(levels))),
        naive=nothing,
        rival="",
        season=1,
        mase=float("nan"),
        naive_mase=float("nan"),
        gain=float("nan"),
        verdict=f"Too short to check: {why}.",
    )
