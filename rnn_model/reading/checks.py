"""What a visitor should know about the values before trusting a forecast of them."""

from __future__ import annotations

import numpy as np

from rnn_model.reading.log import Log, count
from rnn_model.records import Series
from rnn_model.report import percent

FEW_VALUES = 8
MOSTLY = 0.5  # share above which a series counts as mostly missing, or mostly zero
TAIL_ZEROS = 3  # zeros at the end that make the reader ask
PLACEHOLDERS = (-99.0, -99.9, -99.99, -999.0, -999.9, -999.99, -9999.0, -99999.0, 9999.0, 99999.0)  # "missing"
WILD = 10.0  # distance from the median, in ranges of the middle half, of a value worth a look


def check(series: Series, log: Log) -> None:
    """Warn of too few, missing, constant, mostly zero, wild or extreme values."""
    values = series.values
    present = values[np.isfinite(values)]
    if not len(present):
        log.warn("Every value is missing.")
        return
    _few(series, len(present), log)
    share = 1 - len(present) / len(values)
    if share > MOSTLY:
        log.warn(f"{percent(share)} of the values are missing; a forecast rests on the {len(present)} that are there.")
    if len(present) > 1 and np.ptp(present) == 0:
        what = "All values are zero" if present[0] == 0 else f"All values are {present[0]:.12g}"
        log.warn(f"{what}: no variation seen.")
        return
    zeros = float((present == 0).mean())
    if zeros > MOSTLY:
        log.warn(f"{percent(zeros)} of the values are zero (intermittent demand): compare with zero and the mean.")
    _wild(values, log)
    largest = float(np.abs(present).max())
    smallest = float(np.abs(present[present != 0]).min()) if (present != 0).any() else largest
    # float64 has 16 digits: what is lost depends on how far values lie apart, not on their size
    if smallest * 1e15 < largest or (len(present) > 1 and np.ptp(present / largest) < 1e-12):
        log.warn(f"Sizes from {smallest:.3g} to {largest:.3g}; small differences are lost beside large values.")


def placeholder(values: np.ndarray, log: Log) -> np.ndarray:
    """The values, with -999 and the like made missing when that was chosen; asks when they look out of place."""
    present = values[np.isfinite(values)]
    for sign in PLACEHOLDERS:
        others = present[present != sign]
        if not 0 < len(others) < len(present) or not (np.abs(others) < abs(sign) / 3).all():
            continue
        number = count(len(present) - len(others), "value is", "values are")
        if log.choice("placeholder") == "missing":
            log.note(f"{number} {sign:g}, read as missing, as chosen.")
            return np.where(values == sign, np.nan, values)
        log.warn(f"{number} {sign:g}, far from the others: does it stand for a missing value?")
        log.offer(f"read {sign:g} as missing", "placeholder=missing")
    return values


def _few(series: Series, number: int, log: Log) -> None:
    if number == 1:
        log.warn("Only one value: nothing can be learned from it but its size.")
    elif number < FEW_VALUES:
        short = series.season and number < 2 * series.season
        seasons = f", less than two seasons of {series.season}" if short else ""
        log.warn(f"Only {number} values{seasons}: a forecast will be wide.")
    elif series.season and number < 2 * series.season:
        log.warn(f"Fewer than two seasons ({number} values, a season has {series.season}): the season cannot be seen.")


def wild_values(values: np.ndarray) -> np.ndarray:
    """Positions of the values far outside the middle half (Tukey's fences, set wide); none when they are many."""
    present = values[np.isfinite(values)]
    if len(present) < FEW_VALUES:
        return np.empty(0, int)
    largest = float(np.abs(present).max()) or 1.0
    values = values / largest  # distances between values near 1e308 would overflow
    low, middle, high = np.quantile(present / largest, [0.25, 0.5, 0.75])
    spread = max(high - low, 0.05 * abs(middle))
    wild = np.flatnonzero(np.abs(values - middle) > WILD * spread) if spread > 0 else np.empty(0, int)
    return wild if len(wild) <= max(1, 0.05 * len(values)) else np.empty(0, int)


def _wild(values: np.ndarray, log: Log) -> None:
    wild = wild_values(values)
    if len(wild):
        shown = ", ".join(f"{values[i]:.12g} at position {i + 1}" for i in wild[:3])
        more = ", …" if len(wild) > 3 else ""
        log.warn(f"{count(len(wild), 'value')} far from the others ({shown}{more}); kept as found.")


def zero_tail(values: np.ndarray, log: Log) -> np.ndarray:
    """The values, with zeros at their end made missing when that was chosen; asks when they look out of place."""
    zeros = values == 0
    tail = int(np.argmin(zeros[::-1])) if not zeros.all() else 0
    before = zeros[: len(zeros) - tail]
    if tail < TAIL_ZEROS or len(before) < tail or before.mean() > 0.1:
        return values
    if log.choice("tail") == "missing":
        log.note(f"The last {tail} zeros are read as missing, as chosen.")
        log.offer(f"keep the last {tail} zeros as values", "tail=zeros")
        return np.where(np.arange(len(values)) < len(before), values, np.nan)
    log.warn(f"The last {tail} values are zero, and few before them are: are they missing?")
    log.offer(f"read the last {tail} zeros as missing", "tail=missing")
    return values
