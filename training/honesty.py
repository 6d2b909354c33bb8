"""python -m training.honesty FOLDER: what calibrating the bands gains and costs, and what the gradient is worth.

Every history of M1 and of the development sets is back-tested, its bands are calibrated by that, and both bands meet
the held-out future, which took no part in either.  On M1 the gradient is compared with what deleting a value does.
M3 and Tourism stay closed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rnn_model import Model, backtest, calibrate, explain, forecast_many, load
from rnn_model.errors import UnrolledError
from rnn_model.metrics import coverage, weighted_quantile_loss
from rnn_model.records import Forecast
from rnn_model.report import percent
from training.benchmarks import BenchmarkSet, open_sets
from training.real_series import development_sets

OCCLUDED = 36  # last values of a series that are deleted one by one


@dataclass(frozen=True)
class Bands:
    """The 80 % bands of one set, as the network gives them and calibrated.

    Attributes:
        raw, calibrated: share of the held-out values inside the band; best at 0.8.
        width: mean over the series of calibrated width / raw width.
        loss: weighted quantile loss, calibrated / raw.
        changed: share of the series that were long enough to be calibrated.
    """

    raw: float
    calibrated: float
    width: float
    loss: float
    changed: float


def measure_bands(model: Model, benchmark: BenchmarkSet) -> Bands:
    """Both bands of every series of a set, against its future."""
    steps, season = benchmark.horizon, benchmark.season
    raw = forecast_many(model, benchmark.histories, steps, season)
    new = [calibrate(made, backtest(model, made.history, steps, season)) for made in raw]
    widths = [_width(after) / _width(before) for before, after in zip(raw, new, strict=True) if _width(before) > 0]
    return Bands(
        raw=_coverage(benchmark, raw),
        calibrated=_coverage(benchmark, new),
        width=float(np.mean(widths)),
        loss=_loss(benchmark, new) / _loss(benchmark, raw),
        changed=float(np.mean([after is not before for before, after in zip(raw, new, strict=True)])),
    )


def _width(made: Forecast) -> float:
    low, high = made.interval(0.8)
    return float(np.mean(high - low))


def _coverage(benchmark: BenchmarkSet, made: Sequence[Forecast]) -> float:
    low, high = (np.concatenate(edges) for edges in zip(*(one.interval(0.8) for one in made), strict=True))
    return coverage(np.concatenate(benchmark.futures), low, high)


def _loss(benchmark: BenchmarkSet, made: Sequence[Forecast]) -> float:
    return weighted_quantile_loss(benchmark.futures, [one.quantiles for one in made], made[0].levels)


@dataclass(frozen=True)
class Agreement:
    """How well the gradient tells what deleting a value does; means over the series looked at.

    The gradient speaks of a small change.  Deleting is a large one, about from the value to what its neighbours lead
    one to expect there, so gradient times that distance is compared with the change that deleting makes.

    Attributes:
        pearson: correlation over the last values of a series.
        rank: Spearman's, which a few large effects do not decide.
        sign: share of values for which both point the same way; 0.5 is chance.
        series: how many were looked at.
    """

    pearson: float
    rank: float
    sign: float
    series: int


def measure_gradient(model: Model, benchmark: BenchmarkSet, most: int = 40) -> Agreement:
    """Gradient against occlusion on up to `most` series of a set, evenly chosen, their last OCCLUDED values each."""
    count = min(len(benchmark), most)
    chosen = [benchmark.histories[number * len(benchmark) // count] for number in range(count)]
    rows = [_agreement(model, history, benchmark) for history in chosen if len(history) >= 10]
    pearson, rank, sign = np.nanmean(rows, axis=0)
    return Agreement(float(pearson), float(rank), float(sign), len(rows))


def _agreement(model: Model, history: np.ndarray, benchmark: BenchmarkSet) -> tuple[float, float, float]:
    steps, season = benchmark.horizon, benchmark.season
    places = np.arange(len(history))[-OCCLUDED:]
    trace = explain(model, history, steps, season)
    holed = np.repeat(history[None], len(places), axis=0)
    holed[np.arange(len(places)), places] = np.nan
    without = [made.median.mean() for made in forecast_many(model, list(holed), steps, season)]
    effect = trace.forecast.median.mean() - np.array(without)
    padded = np.pad(history, 1, mode="reflect")
    told = (trace.gradient * (history - (padded[:-2] + padded[2:]) / 2))[places]
    return _correlation(told, effect), _correlation(_ranks(told), _ranks(effect)), np.mean(told * effect > 0)


def _ranks(values: np.ndarray) -> np.ndarray:
    return values.argsort().argsort().astype(np.float64)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else float("nan")


def gradient_table(rows: dict[str, Agreement]) -> str:
    """One line a set, as text."""
    lines = [f"{'gradient and deletion':26} {'pearson':>8} {'rank':>6} {'sign':>6} {'series':>7}"]
    lines += [
        f"{name:26} {row.pearson:8.2f} {row.rank:6.2f} {row.sign:6.2f} {row.series:7}" for name, row in rows.items()
    ]
    return "\n".join(lines)


def bands_table(rows: dict[str, Bands]) -> str:
    """One line a set and one of their means, as text."""
    lines = [f"{'80 % band holds':26} {'raw':>6} {'calibrated':>11} {'width':>7} {'WQL':>7} {'changed':>8}"]
    for name, row in rows.items():
        measured = f"{row.raw:6.3f} {row.calibrated:11.3f} {row.width:7.3f} {row.loss:7.4f}"
        lines.append(f"{name:26} {measured} {percent(row.changed):>8}")
    raw, new = (np.array([getattr(row, kind) for row in rows.values()]) for kind in ("raw", "calibrated"))
    width, loss = (np.mean([getattr(row, kind) for row in rows.values()]) for kind in ("width", "loss"))
    lines.append(f"{'mean':26} {raw.mean():6.3f} {new.mean():11.3f} {width:7.3f} {loss:7.4f}")
    lines.append(f"{'mean distance from 0.8':26} {np.abs(raw - 0.8).mean():6.3f} {np.abs(new - 0.8).mean():11.3f}")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 when the table was printed, 2 with one clean line otherwise."""
    parser = argparse.ArgumentParser(prog="python -m training.honesty", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("weights/forecast"), help="checkpoint folder")
    options = parser.parse_args(argv)
    try:
        torch.set_num_threads(1)
        model = load(options.folder)
        print(bands_table({one.name: measure_bands(model, one) for one in (*open_sets(), *development_sets())}))
        print(f"\n{gradient_table({one.name: measure_gradient(model, one) for one in open_sets()})}")
    except UnrolledError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
