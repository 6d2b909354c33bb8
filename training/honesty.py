"""python -m training.honesty FOLDER: what the calibration of the bands gains and costs, on the open sets.

Every history of M1 and of the development sets is back-tested, its bands are calibrated by that, and both bands meet
the held-out future, which took no part in either.  M3 and Tourism stay closed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rnn_model import Model, backtest, calibrate, forecast_many, load
from rnn_model.errors import UnrolledError
from rnn_model.metrics import coverage, weighted_quantile_loss
from rnn_model.records import Forecast
from training.benchmarks import BenchmarkSet, open_sets
from training.real_series import development_sets


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


def bands_table(rows: dict[str, Bands]) -> str:
    """One line a set and one of their means, as text."""
    lines = [f"{'80 % band holds':26} {'raw':>6} {'calibrated':>11} {'width':>7} {'WQL':>7} {'changed':>8}"]
    for name, row in rows.items():
        lines.append(
            f"{name:26} {row.raw:6.3f} {row.calibrated:11.3f} {row.width:7.3f} {row.loss:7.4f} {row.changed:8.0%}"
        )
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
    except UnrolledError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
