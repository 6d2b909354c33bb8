"""Three small tables of invented series: a rule that no classical forecast knows, plain seasons, and pure chance

Written by a generator with a fixed seed, so nothing in them was anybody's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping

import numpy as np

Columns = dict[str, np.ndarray]

EMPTY = 0.2  # of a tank, below which it is filled


def tanks(count: int = 24, days: int = 120, seed: int = 0) -> Columns:
    """Heating oil in tanks that are drained at a rate of their own and filled whenever a fifth is left."""
    rng = np.random.default_rng(seed)
    columns = {}
    for number in range(1, count + 1):
        size, level, use = rng.uniform(50, 400), rng.uniform(0.3, 1), rng.uniform(0.04, 0.12)
        levels = np.empty(days)
        for day in range(days):
            levels[day] = size * level
            level -= use * rng.uniform(0.6, 1.4)
            level = rng.uniform(0.95, 1) if level < EMPTY else level
        columns[f"tank {number}"] = levels.round(1)
    return columns


def shops(count: int = 12, months: int = 72, seed: int = 0) -> Columns:
    """Sales of shops: growth, a peak in December, a dip in February, and noise."""
    rng = np.random.default_rng(seed)
    month = np.arange(months)
    shape = 1 + 0.5 * (month % 12 == 11) - 0.3 * (month % 12 == 1)
    return {
        f"shop {number}": (rng.uniform(80, 900) * (1 + month / 100) * shape * rng.uniform(0.93, 1.07, months)).round()
        for number in range(1, count + 1)
    }


def chances(count: int = 12, steps: int = 120, seed: int = 0) -> Columns:
    """Random walks: each step is as likely up as down, so nothing beats repeating the last value."""
    rng = np.random.default_rng(seed)
    return {f"walk {number}": (100 + rng.normal(size=steps).cumsum()).round(1) for number in range(1, count + 1)}


TOY_SERIES: Mapping[str, tuple[Callable[[], Columns], str, str]] = {
    "Oil tanks": (
        tanks,
        "day",
        "24 tanks, each filled when a fifth is left. The packaged network does not know that; a new LSTM learns it.",
    ),
    "Twelve shops": (
        shops,
        "2018-01",
        "Growth and seasons, which the packaged network knows: there is little to gain.",
    ),
    "Pure chance": (chances, "step", "Random walks: there is nothing to learn, and the doctor should say so."),
}


def as_csv(columns: Columns, first: str) -> bytes:
    """The columns as a file that `rnn_model.read` reads.

    Args:
        columns: of one length.
        first: "2018-01" for months from then on in the first column; any other word heads numbers from 1.
    """
    length = len(next(iter(columns.values())))
    monthly = first[:1].isdigit()
    steps = np.datetime64(first) + np.arange(length) if monthly else np.arange(1, length + 1)
    sink = io.StringIO()
    csv.writer(sink).writerows(
        [("month" if monthly else first, *columns), *zip(map(str, steps), *columns.values(), strict=True)]
    )
    return sink.getvalue().encode()
