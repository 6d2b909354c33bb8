"""python -m training.speed: how long a forecaster takes on one thread, for one series and for thousands.

    python -m training.speed weights/forecast

Seconds of the processor stand beside those of the clock: on a busy machine only the first say what a forecast costs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rnn_model import Model, forecast, forecast_many, load
from rnn_model.errors import UnrolledError

LENGTH, HORIZON, SEASON = 144, 24, 12
REPEATS = 30  # of one series, for a median
MANY = 4000


@dataclass(frozen=True)
class Speed:
    """What was measured, in seconds.

    Attributes:
        one_cpu, one_wall: median of forecasting one series, from numbers to quantiles.
        many_cpu, many_wall: forecasting `many` series in one call.
        many: their number.
    """

    one_cpu: float
    one_wall: float
    many_cpu: float
    many_wall: float
    many: int


def measured(model: Model, many: int = MANY) -> Speed:
    """Monthly series of LENGTH values with trend, season and noise, HORIZON steps ahead, on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        series = invented(many)
        forecast(model, series[0], HORIZON, SEASON)  # the filters of the bank are made once
        one = [_timed(lambda: forecast(model, series[0], HORIZON, SEASON)) for _ in range(REPEATS)]
        cpu, wall = _timed(lambda: forecast_many(model, series, HORIZON, SEASON))
        one_cpu, one_wall = np.median(one, 0).tolist()
        return Speed(one_cpu, one_wall, cpu, wall, many)
    finally:
        torch.set_num_threads(before)


def invented(count: int) -> list[np.ndarray]:
    """Random walks (LENGTH,) with a season, all different."""
    rng = np.random.default_rng(0)
    season = 10 * np.sin(np.arange(LENGTH) * 2 * np.pi / SEASON)
    return list(100 + season + rng.normal(size=(count, LENGTH)).cumsum(1))


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def report(speed: Speed) -> str:
    """In words."""
    return "\n".join(
        (
            f"one series, {LENGTH} values -> {HORIZON} steps: {1e3 * speed.one_cpu:.1f} ms of the processor, "
            f"{1e3 * speed.one_wall:.1f} ms by the clock (median of {REPEATS})",
            f"{speed.many:,} series in one call: {speed.many / speed.many_cpu:,.0f} a second of the processor, "
            f"{speed.many / speed.many_wall:,.0f} by the clock",
        )
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Prints what was measured; 1 with a message on standard error if the checkpoint cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m training.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", nargs="?", type=Path, default=Path("weights/forecast"), help="checkpoint folder")
    arguments = parser.parse_args(argv)
    try:
        model = load(arguments.weights)
        model.forecaster  # noqa: B018 - refuses a classifier with its own words
        print(report(measured(model)))
    except UnrolledError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
