"""Forecasts of a set of series -> scores of every method, and their relation to seasonal naive.

Protocol: the last K values of every series are held out and forecast once, from all the values before them.  MASE is
the mean over the series of a set, WQL is taken over the whole set and the levels 0.1 ... 0.9, and both are compared
with the seasonal naive forecast of the same series by the geometric mean, over sets, of the ratios.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rnn_model import Model, forecast_many
from rnn_model.baselines import repeat_over_levels, seasonal_naive
from rnn_model.metrics import calibration, coverage, mase, scaled_quantile_loss, weighted_quantile_loss
from rnn_model.records import Scores
from training import classical
from training.benchmarks import PUBLISHED, BenchmarkSet

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MEDIAN, LOWER, UPPER = LEVELS.index(0.5), LEVELS.index(0.1), LEVELS.index(0.9)

MODEL = "model"
REFERENCE = "seasonal_naive"
PUBLISHED_REFERENCE = "seasonal_naive (published)"

# Sets whose scores are summarised together: key in scores.json -> heading and members.
GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "nine": ("nine sets", tuple(PUBLISHED[REFERENCE])),
    "m3_tourism_5": (
        "M3+T (5)",
        ("m3_yearly", "m3_quarterly", "m3_monthly", "tourism_quarterly", "tourism_monthly"),
    ),
    "m3_tourism_6": (
        "M3+T (6)",
        ("m3_yearly", "m3_quarterly", "m3_monthly", "tourism_yearly", "tourism_quarterly", "tourism_monthly"),
    ),
    "m1": ("M1", ("m1_yearly", "m1_quarterly", "m1_monthly")),
}

Histories = Sequence[np.ndarray]
Predictor = Callable[[Histories, int, int], Sequence[np.ndarray]]
"""(histories, horizon, season) -> one (K, Q) array of quantiles at `LEVELS` a series."""

Results = dict[str, dict[str, Scores]]
"""set -> method -> scores."""


@dataclass(frozen=True)
class Relative:
    """One method over several sets, compared with seasonal naive.

    Attributes:
        mase: geometric mean over the sets of MASE / MASE of seasonal naive; below 1 is better than seasonal naive.
        wql: the same of the weighted quantile loss.
        coverage: mean over the sets of the share inside the 80 % band; None without a band.
        worse: "set measure" wherever the ratio is above 1.
        wall_seconds: sum over the sets; None when not known.
        cpu_seconds: sum over the sets; None when not known.
        reference: the row the ratios were taken to; published rows are compared with the published seasonal naive.
    """

    mase: float
    wql: float
    coverage: float | None
    worse: tuple[str, ...]
    wall_seconds: float | None
    cpu_seconds: float | None
    reference: str


def compare(benchmark: BenchmarkSet, predictor: Predictor, cache: Path | None) -> dict[str, Scores]:
    """Scores of every method on one set: seasonal naive first, the model, classical methods, published rows last.

    Args:
        benchmark: the set.
        predictor: the model.
        cache: folder of the classical forecasts; None leaves the classical methods out.
    """
    rows = {
        REFERENCE: score_predictor(benchmark, seasonal_naive_quantiles, has_band=False),
        MODEL: score_predictor(benchmark, predictor),
    }
    if cache is not None:
        rows |= {method: _classical_scores(method, benchmark, cache) for method in classical.METHODS}
    for method, published in PUBLISHED.items():
        if benchmark.name in published:
            name = PUBLISHED_REFERENCE if method == REFERENCE else method
            rows[name] = Scores(*published[benchmark.name], source="published")
    return rows


def score_predictor(benchmark: BenchmarkSet, predictor: Predictor, has_band: bool = True) -> Scores:
    """Forecasts a set with `predictor`, timed, and scores it; `has_band` False for points repeated over the levels.

    Raises:
        ValueError: a forecast is misshapen, not finite, or its quantiles cross.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    quantiles = forecasts_of(benchmark, predictor)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    scores = replace(score(benchmark, quantiles), wall_seconds=wall, cpu_seconds=cpu)
    return scores if has_band else replace(scores, coverage=None, calibration=())


def forecasts_of(benchmark: BenchmarkSet, predictor: Predictor) -> Sequence[np.ndarray]:
    """One (K, Q) array at `LEVELS` for every series of a set.

    Raises:
        ValueError: a forecast is misshapen, not finite, or its quantiles cross.
    """
    quantiles = predictor(benchmark.histories, benchmark.horizon, benchmark.season)
    _check_forecasts(benchmark, quantiles)
    return quantiles


def score(benchmark: BenchmarkSet, quantiles: Sequence[np.ndarray] | np.ndarray) -> Scores:
    """Scores forecasts, one (K, Q) array at `LEVELS` a series, against the futures of a set."""
    errors = scaled_errors(benchmark, quantiles)
    defined = errors[~np.isnan(errors)]
    actual, joined = np.concatenate(benchmark.futures), np.concatenate(list(quantiles))
    return Scores(
        mase=float(defined.mean()) if defined.size else math.nan,
        wql=weighted_quantile_loss(benchmark.futures, list(quantiles), LEVELS),
        coverage=coverage(actual, joined[:, LOWER], joined[:, UPPER]),
        calibration=tuple(calibration(actual, joined).tolist()),
        undefined=len(errors) - len(defined),
    )


def scaled_errors(benchmark: BenchmarkSet, quantiles: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """(N,) MASE of every series of a set, nan where it is undefined."""
    return np.array(
        [
            mase(future, forecast[:, MEDIAN], history, benchmark.season)
            for history, future, forecast in zip(benchmark.histories, benchmark.futures, quantiles, strict=True)
        ]
    )


def scaled_quantile_losses(benchmark: BenchmarkSet, quantiles: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """(N,) scaled quantile loss of every series of a set, nan where it is undefined."""
    return np.array(
        [
            scaled_quantile_loss(future, forecast, LEVELS, history, benchmark.season)
            for history, future, forecast in zip(benchmark.histories, benchmark.futures, quantiles, strict=True)
        ]
    )


def relative_scores(results: Results, names: Iterable[str]) -> dict[str, Relative]:
    """Every method that was scored on all the sets in `names`, relative to seasonal naive."""
    sets = {name: results[name] for name in names}
    first = next(iter(sets.values()))
    methods = [method for method in first if all(method in rows for rows in sets.values())]
    return {method: _relative(sets, method) for method in methods}


def _relative(sets: Mapping[str, Mapping[str, Scores]], method: str) -> Relative:
    published = next(iter(sets.values()))[method].source == "published"
    reference = PUBLISHED_REFERENCE if published else REFERENCE
    mases = {name: _ratio(rows[method].mase, rows[reference].mase) for name, rows in sets.items()}
    wqls = {name: _ratio(rows[method].wql, rows[reference].wql) for name, rows in sets.items()}
    mine = [rows[method] for rows in sets.values()]
    return Relative(
        mase=_geometric_mean(mases.values()),
        wql=_geometric_mean(wqls.values()),
        coverage=_over_all(np.mean, [scores.coverage for scores in mine]),
        worse=tuple(
            f"{name} {measure}"
            for measure, ratios in (("MASE", mases), ("WQL", wqls))
            for name, ratio in ratios.items()
            if ratio > 1
        ),
        wall_seconds=_over_all(np.sum, [scores.wall_seconds for scores in mine]),
        cpu_seconds=_over_all(np.sum, [scores.cpu_seconds for scores in mine]),
        reference=reference,
    )


def _ratio(value: float, reference: float) -> float:
    return value / reference if reference > 0 else math.nan


def _geometric_mean(ratios: Iterable[float]) -> float:
    """nan as soon as one ratio is undefined; 0 when one is 0."""
    with np.errstate(divide="ignore"):
        return float(np.exp(np.mean(np.log(list(ratios)))))


def _over_all(reduce: Callable[[list[float]], Any], values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(reduce(known)) if len(known) == len(values) else None


def _classical_scores(method: str, benchmark: BenchmarkSet, cache: Path) -> Scores:
    made = classical.classical_forecasts(method, benchmark, LEVELS, cache)
    return replace(
        score(benchmark, made.quantiles),
        fallbacks=made.fallbacks,
        wall_seconds=made.wall_seconds,
        cpu_seconds=made.cpu_seconds,
    )


def seasonal_naive_quantiles(histories: Histories, horizon: int, season: int) -> list[np.ndarray]:
    """The predictor of the reference."""
    return [repeat_over_levels(seasonal_naive(history, horizon, season), LEVELS) for history in histories]


def predictor_of(model: Model) -> Predictor:
    """The predictor of a model."""

    def predict(histories: Histories, horizon: int, season: int) -> list[np.ndarray]:
        forecasts = forecast_many(model, list(histories), horizon=horizon, season=season)
        return [np.stack([forecast.quantile(level) for level in LEVELS], axis=1) for forecast in forecasts]

    return predict


def _check_forecasts(benchmark: BenchmarkSet, quantiles: Sequence[np.ndarray]) -> None:
    if len(quantiles) != len(benchmark):
        raise ValueError(f"{benchmark.name}: expected {len(benchmark)} forecasts, found {len(quantiles)}")
    shape = (benchmark.horizon, len(LEVELS))
    for index, forecast in enumerate(quantiles):
        if forecast.shape != shape:
            raise ValueError(f"{benchmark.name}, series {index}: expected quantiles {shape}, found {forecast.shape}")
        if not np.isfinite(forecast).all() or (np.diff(forecast, axis=1) < 0).any():
            raise ValueError(f"{benchmark.name}, series {index}: expected finite quantiles that do not cross")


def groups_of(results: Results) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The groups that can be summarised: those of `GROUPS` that were run in full, the other sets, and all of them."""
    run = tuple(results)
    groups = {key: group for key, group in GROUPS.items() if set(group[1]) <= set(run)}
    others = tuple(name for name in run if name not in GROUPS["nine"][1])
    for key, heading, members in (("others", "other sets", others), ("run", "all sets", run)):
        if members and all(set(members) != set(group[1]) for group in groups.values()):
            groups[key] = (heading, members)
    return groups
