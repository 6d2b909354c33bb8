"""AutoETS, AutoTheta and DynamicOptimizedTheta from `statsforecast`: what a careful statistician would run.

Their forecasts are kept in a cache folder, one file a method and set, because they take minutes and never change; the
seconds reported are always those of the run that made them.
"""

from __future__ import annotations

import hashlib
import os
import time
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from rnn_model.baselines import repeat_over_levels, seasonal_naive
from training.benchmarks import BenchmarkSet

METHODS = ("AutoETS", "AutoTheta", "DynamicOptimizedTheta")

# Raise it when the way from a method's output to quantiles changes: older cache files are then left unread.
_RECIPE = 1


@dataclass(frozen=True, eq=False)
class ClassicalForecasts:
    """What one method said about one set.

    Attributes:
        quantiles: (N, K, Q) for N series, non-decreasing along Q.
        fallbacks: series that the method could not forecast and that got the seasonal naive forecast instead.
        wall_seconds: clock time of the run that made them.
        cpu_seconds: processor time of that run, all threads.
    """

    quantiles: np.ndarray
    fallbacks: int
    wall_seconds: float
    cpu_seconds: float


def classical_forecasts(
    method: str, benchmark: BenchmarkSet, levels: Sequence[float], cache: Path
) -> ClassicalForecasts:
    """Forecasts of a method for every series of a set, from the cache if the same data were forecast before.

    Args:
        method: one of `METHODS`.
        benchmark: the set; only its histories, horizon and season are used.
        levels: (Q,) quantile levels, symmetric about a 0.5 in the middle.
        cache: folder for the results, made when missing.
    """
    path = cache / f"{method}-{benchmark.name}-{_fingerprint(method, benchmark, levels)}.npz"
    cached = _read(path)
    if cached is not None:
        return cached
    from statsforecast import models  # takes seconds to import: only when needed, and outside the seconds reported

    model = getattr(models, method)(season_length=benchmark.season)
    wall, cpu = time.perf_counter(), time.process_time()
    forecasts = [
        _quantiles(model, history, benchmark.horizon, benchmark.season, levels) for history in benchmark.histories
    ]
    made = ClassicalForecasts(
        quantiles=np.stack(
            [
                repeat_over_levels(seasonal_naive(history, benchmark.horizon, benchmark.season), levels)
                if forecast is None
                else forecast
                for history, forecast in zip(benchmark.histories, forecasts, strict=True)
            ]
        ),
        fallbacks=sum(forecast is None for forecast in forecasts),
        wall_seconds=time.perf_counter() - wall,
        cpu_seconds=time.process_time() - cpu,
    )
    _write(path, made)
    return made


def _quantiles(
    model: Any, history: np.ndarray, horizon: int, season: int, levels: Sequence[float]
) -> np.ndarray | None:
    """(K, Q) quantiles of one series, or None when the method cannot forecast it.

    The middle column is the method's point forecast, as its authors publish it; the others are the ends of its
    central intervals.  Theta simulates them, so an end can pass the point forecast by a little: it is moved back to it.
    """
    if len(history) < 2 * season:
        return None
    lower_levels = [level for level in levels if level < 0.5]
    widths = {level: round(100 * (1 - 2 * level)) for level in lower_levels}
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            out = model.forecast(y=history, h=horizon, level=sorted(widths.values()))
    except Exception:  # the package raises plain Exception, IndexError, ... for series it cannot fit
        return None
    point = np.asarray(out["mean"], dtype=np.float64)
    lower = [np.minimum(out[f"lo-{widths[level]}"], point) for level in lower_levels]
    upper = [np.maximum(out[f"hi-{widths[level]}"], point) for level in reversed(lower_levels)]
    quantiles = np.stack([*lower, point, *upper], axis=1)
    return quantiles if np.isfinite(quantiles).all() else None


def _fingerprint(method: str, benchmark: BenchmarkSet, levels: Sequence[float]) -> str:
    digest = hashlib.sha256()
    setting = (
        _RECIPE,
        method,
        version("statsforecast"),
        benchmark.horizon,
        benchmark.season,
        tuple(map(float, levels)),
    )
    digest.update(repr(setting).encode())
    for history in benchmark.histories:
        digest.update(len(history).to_bytes(8, "little"))
        digest.update(np.ascontiguousarray(history, dtype="<f8").tobytes())
    return digest.hexdigest()[:16]


def _read(path: Path) -> ClassicalForecasts | None:
    """The cached result, or None when there is none that can be read whole."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return ClassicalForecasts(
                quantiles=stored["quantiles"],
                fallbacks=int(stored["fallbacks"]),
                wall_seconds=float(stored["wall_seconds"]),
                cpu_seconds=float(stored["cpu_seconds"]),
            )
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
        return None


def _write(path: Path, made: ClassicalForecasts) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    with unfinished.open("wb") as file:
        np.savez_compressed(file, **vars(made))
    unfinished.replace(path)
