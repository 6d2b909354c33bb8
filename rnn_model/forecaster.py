"""A sequence in, quantiles of what comes next out: read, encode, network, decode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from rnn_model import encode, seasonality
from rnn_model.checkpoint import Model
from rnn_model.constraints import noted
from rnn_model.errors import InputError, Problem
from rnn_model.reading import future_times, read
from rnn_model.records import Forecast, Reading, Series

BATCH = 256
LARGEST = float(np.finfo(np.float64).max)
FEW = 8  # fewer values than this say little about how they vary


def forecast(model: Model, sequence: Any, horizon: int = 12, season: int | None = None) -> Forecast:
    """Quantiles of the next values of one sequence.

    Args:
        model: from `load`.
        sequence: text, bytes, a path, a list or array of numbers (nan or None where missing, as an infinite one is
            too), a pandas Series, or what `read` returned.
        horizon: steps ahead K, 1 to the model's limit.
        season: steps in a season; 1 for none; None takes the calendar's, or else looks for one in the values.

    Returns:
        A Forecast in the unit of the input, of the steps after its end; values that are missing there are not known, so
        that the forecast reaches further by as many steps.

    Raises:
        InputError: no numbers, or horizon or season out of range.
    """
    series = series_of(sequence)
    return _forecasts(model, [series], horizon, season, told=isinstance(sequence, Reading))[0]


def forecast_many(
    model: Model, sequences: Sequence[Any], horizon: int = 12, season: int | None = None
) -> list[Forecast]:
    """The same for many sequences at once: as `forecast` on each, but batched.

    Args:
        model: from `load`.
        sequences: arrays (T_i,) of any lengths with nan where missing, or anything else that `forecast` takes.
        horizon: steps ahead K.
        season: for all of them; None decides for each.
    """
    return _forecasts(model, [series_of(sequence) for sequence in sequences], horizon, season)


def series_of(sequence: Any) -> Series:
    """The one series to forecast of whatever `forecast` takes; what is infinite counts as missing.

    Raises:
        InputError: no numbers.
    """
    if isinstance(sequence, Series):
        values = sequence.values
        return replace(sequence, values=_finite(values)) if np.isinf(values).any() else sequence
    if isinstance(sequence, np.ndarray) and sequence.ndim == 1 and sequence.dtype.kind in "fiu":
        return Series(_finite(sequence.astype(np.float64)))
    reading = sequence if isinstance(sequence, Reading) else read(sequence)
    if not reading.series:
        raise InputError(
            Problem("no numbers", "at least one number", "Paste a column of numbers, such as 112 118 132.")
        )
    return reading.series[reading.selected]


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)


def _forecasts(
    model: Model, batch: Sequence[Series], horizon: int, season: int | None, told: bool = False
) -> list[Forecast]:
    config, _ = model.forecaster
    check_request(model, horizon, season)
    for number, series in enumerate(batch, 1):
        if not np.isfinite(series.values[-config.context :]).any():
            where = f"sequence {number} of {len(batch)}" if len(batch) > 1 else "the sequence"
            raise InputError(
                Problem(
                    f"only missing values in {where}",
                    f"at least one number among its last {config.context}",
                    "Cut the empty end off, or give it a number.",
                )
            )

    found = [periods_of(series, season) for series in batch]
    known = [encode.until_last(series.values) for series in batch]
    results: list[Forecast | None] = [None] * len(batch)
    for rows in _alike(known, config.context):
        quantiles = _quantiles(model, [known[row] for row in rows], [found[row] for row in rows], horizon)
        for row, of_row in zip(rows, quantiles, strict=True):
            series = batch[row]
            used = encode.usable(found[row], min(len(known[row][0]), config.context))
            made = Forecast(
                history=series,
                levels=np.array(config.levels),
                quantiles=of_row,
                times=future_times(series, horizon),
                season=used[0] if used else 1,
                notes=(
                    *_notes(series, found[row], used, season, config.context, told),
                    *_ends_early(known[row][1]),
                ),
            )
            results[row] = noted(made)
    return [result for result in results if result is not None]


def periods_of(series: Series, season: int | None) -> tuple[int, ...]:
    """The periods that a forecast of a series uses, shortest first; empty without a season.

    Args:
        season: as for `forecast`.
    """
    return seasonality.periods(series.values, series.season if season is None else season)


def check_request(model: Model, horizon: int, season: int | None) -> None:
    """Raises InputError unless the model can look `horizon` steps ahead with that season."""
    config, _ = model.forecaster
    _check("horizon", horizon, config.max_horizon)
    if season is not None:
        _check("season", season, longest_season(model))


def longest_season(model: Model) -> int:
    """Steps of the longest season that the model can use: it must see two of them."""
    return model.forecaster[0].context // 2


def _check(name: str, value: object, largest: int) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not 1 <= value <= largest:
        raise InputError(
            Problem(f"{name} {value!r}", f"a whole number from 1 to {largest}", f"Choose a {name} in that range.")
        )


def _alike(known: Sequence[tuple[np.ndarray, int]], context: int) -> Iterator[list[int]]:
    """Rows in batches of similar length and with similar gaps at their end, so that little is padding."""
    order = sorted(range(len(known)), key=lambda row: (known[row][1], min(len(known[row][0]), context)))
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


@torch.inference_mode()
def _quantiles(
    model: Model, known: Sequence[tuple[np.ndarray, int]], periods: list[tuple[int, ...]], horizon: int
) -> np.ndarray:
    """(B, K, Q) in the units of the histories, each K steps from its gap on (see `encode.until_last`)."""
    config, network = model.forecaster
    histories, gaps = zip(*known, strict=True)
    scaled = encode.scale(histories, periods, config.context)
    walked = encode.decode(network.quantiles(encode.inputs(scaled, horizon + max(gaps), config)), scaled)
    decoded = np.stack([row[gap : gap + horizon] for row, gap in zip(walked, gaps, strict=True)])
    decoded = np.clip(decoded, -LARGEST, LARGEST)  # a band above 1e308 would become infinite
    for row, history in enumerate(histories):
        read = history[-config.context :]
        seen = read[np.isfinite(read)]
        if len(seen) > 1 and np.all(seen == seen[0]):
            decoded[row] = seen[0]
        elif len(seen) == 1:  # a single value says nothing about a direction either
            decoded[row] += seen[0] - decoded[row][:, [len(config.levels) // 2]]
    return decoded


def _ends_early(gap: int) -> tuple[str, ...]:
    """What is far from the last value is less sure, and a sheet may have been filled in only so far."""
    if not gap:
        return ()
    missing = "The last step is" if gap == 1 else f"The last {gap} steps are"
    return (f"{missing} missing: the forecast begins after {'it' if gap == 1 else 'them'}.",)


def _notes(
    series: Series, found: tuple[int, ...], used: tuple[int, ...], given: int | None, context: int, told: bool
) -> tuple[str, ...]:
    """What was decided for a series, in words.

    Args:
        found: periods that it has.
        used: those of them that can be.
        told: a Reading goes with the forecast, whose warnings say already what is remarkable about the values.
    """
    seen = series.values[np.isfinite(series.values)]
    notes = []
    if told:
        pass
    elif len(seen) == 1:
        notes.append("One value says nothing about how it varies; steps of about a tenth of it are assumed.")
    elif np.all(seen == seen[0]):
        notes.append(f"No variation seen: all {len(seen):,} values are {seen[0]:g}, so that value is repeated.")
    elif len(seen) < FEW:
        notes.append(f"Only {len(seen)} values: the forecast rests on little.")
    if len(series) > context:
        notes.append(f"The last {context:,} of {len(series):,} values are used.")
    if found and given is None:
        source = "the calendar" if series.season else "the values"
        notes.append(f"A season of {found[0]} steps is taken from {source}.")
    if found and not used and not (told and given is None and series.season):
        notes.append(f"Less than two seasons of {found[0]} steps: the season cannot be used.")
    return tuple(notes)
