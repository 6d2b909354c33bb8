"""What travels between the files: frozen records of numpy arrays, strings and dates.

Axes: `T` time steps in, `K` steps ahead, `Q` quantile levels, `L` layers, `H` hidden units.  A record
describes one sequence, so it has no batch axis.  Arrays inside a record are read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

FOLLOWED = ("season", "trend", "level")  # what a hidden unit may follow
TOLERANCE = 1e-9  # (1 - 0.8) / 2 is a little less than 0.1
LEAST_SHARE = 0.01  # of the gradient at the last step; what falls below it is too faint to learn from


class _Frozen:
    """Makes the arrays of a frozen dataclass read-only, so that a record can be shared without copies."""

    def __post_init__(self) -> None:
        for entry in fields(self):  # type: ignore[arg-type]
            value = getattr(self, entry.name)
            if isinstance(value, np.ndarray):
                view = value.view()
                view.flags.writeable = False
                object.__setattr__(self, entry.name, view)


@dataclass(frozen=True, eq=False)
class Series(_Frozen):
    """One sequence of numbers in time order.

    Attributes:
        values: (T,) float64 in `unit`; nan where a value is missing.
        times: (T,) datetime64[s], strictly increasing, local to `time_zone`; None when only the order is known.
        name: what the column was called, or "".
        unit: currency, "%", "kg", ... as found in the input, or "".
        frequency: pandas offset alias of one step ("MS", "ME", "QS-OCT", "B", "D", "h", "15min", ...),
            or None when the step is unknown.
        season: steps in the season that the frequency suggests (12 for months), or None.
        time_zone: IANA name or UTC offset as found in the input, or None.
    """

    values: np.ndarray
    times: np.ndarray | None = None
    name: str = ""
    unit: str = ""
    frequency: str | None = None
    season: int | None = None
    time_zone: str | None = None

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Alternative:
    """Another reading that fits the same input.

    Attributes:
        label: what it would mean, in words a visitor can choose by ("read 1.234 as 1234").
        choice: pass it back as `read(source, choices=(choice,))` to get that reading.
    """

    label: str
    choice: str


@dataclass(frozen=True, eq=False)
class Reading:
    """What was understood of an input.

    Attributes:
        series: the sequences found; empty when the input holds no numbers.
        selected: index into `series` of the one to use by default.
        notes: everything that was done to the input, in words, with counts and first examples.
        warnings: the subset of facts a visitor must see before trusting a forecast (also in words).
        alternatives: other readings that fit.
        selection: those of the notes that say which of several series `selected` is, and why.
    """

    series: tuple[Series, ...]
    selected: int = 0
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    selection: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Forecast(_Frozen):
    """What comes next, with its uncertainty.

    Attributes:
        history: the series the forecast was made from, as read.
        levels: (Q,) quantile levels, increasing, e.g. 0.1 ... 0.9.
        quantiles: (K, Q) in the unit of the history; non-decreasing along Q.
        times: (K,) datetime64[s] of the steps ahead, or None when the history has none.
        season: steps in the season that was used; 1 means none.
        notes: what the forecaster did or could not do, in words.
        stated: what was done to the network's own quantiles afterwards, in a few words each, for the picture.
    """

    history: Series
    levels: np.ndarray
    quantiles: np.ndarray
    times: np.ndarray | None = None
    season: int = 1
    notes: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()

    @property
    def median(self) -> np.ndarray:
        """(K,) the 0.5 quantile, in the unit of the history."""
        return self.quantile(0.5)

    def quantile(self, level: float) -> np.ndarray:
        """(K,) the quantile at `level`; between two stored levels it is interpolated linearly.

        Raises:
            ValueError: `level` lies outside the stored levels.
        """
        low, high = float(self.levels[0]), float(self.levels[-1])
        if not low - TOLERANCE <= level <= high + TOLERANCE:
            raise ValueError(f"expected a level between {low:g} and {high:g}, found {level:g}")
        right = int(np.searchsorted(self.levels, level - TOLERANCE))
        left = max(right - 1, 0)
        if np.isclose(self.levels[right], level):
            return self.quantiles[:, right]
        share = (level - self.levels[left]) / (self.levels[right] - self.levels[left])
        return (1 - share) * self.quantiles[:, left] + share * self.quantiles[:, right]

    def interval(self, coverage: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bound, (K,) each, of the central band that should hold `coverage` of the values.

        Raises:
            ValueError: the band reaches beyond the stored levels.
        """
        tail = (1 - coverage) / 2
        return self.quantile(tail), self.quantile(1 - tail)


@dataclass(frozen=True, eq=False)
class Backtest(_Frozen):
    """Forecasts of a series from several moments of its own past, beside what then came.

    The windows of K steps lie end to end, but for gaps, so every held-out value is forecast and counted once.

    Attributes:
        history: the series that was checked, whole.
        levels: (Q,) quantile levels.
        origins: (N,) how many values were known at each origin, increasing; N is 0 when the series is too short.
        actual: (N, K) what came; nan where missing.
        quantiles: (N, K, Q) what was forecast from each origin, in the unit of the series.
        naive: (N, K) the rival, the closest of the naive forecasts, from the same origins.
        rival: what the rival does, in words ("repeating last year").
        season: steps in the season of the whole series, which the seasonal rival repeats and the errors are scaled by;
            1 means none, or none that was known whole at the last origin.
        mase: mean absolute scaled error of the median over the held-out values; nan when undefined.
        naive_mase: the same of the rival.
        gain: share by which the median was closer than the rival; negative when the rival was closer, -inf
            when it was exact; nan when both were.
        verdict: all of this in words.
        notes: what limits the check, in words.
    """

    history: Series
    levels: np.ndarray
    origins: np.ndarray
    actual: np.ndarray
    quantiles: np.ndarray
    naive: np.ndarray
    rival: str
    season: int
    mase: float
    naive_mase: float
    gain: float
    verdict: str
    notes: tuple[str, ...] = ()

    @property
    def median(self) -> np.ndarray:
        """(N, K) the 0.5 quantiles."""
        return self.quantiles[:, :, len(self.levels) // 2]

    @property
    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """(N, K) each, the ends of the 80 % band, or of the widest that the levels allow."""
        low, high = (int(np.argmin(np.abs(self.levels - level))) for level in (0.1, 0.9))
        return self.quantiles[:, :, low], self.quantiles[:, :, high]

    @property
    def points(self) -> int:
        """Held-out values that are counted."""
        return int(np.isfinite(self.actual).sum())

    @property
    def caught(self) -> int:
        """How many of `points` lay inside the 80 % band, its ends included."""
        low, high = self.edges
        return int(((self.actual >= low) & (self.actual <= high)).sum())

    @property
    def coverage(self) -> float:
        """`caught` / `points`: best at 0.8; nan when nothing was counted."""
        return self.caught / self.points if self.points else float("nan")


@dataclass(frozen=True, eq=False)
class Trace(_Frozen):
    """How a forecast came about: which past values moved it, and what the recurrent layers held while reading.

    Attributes:
        forecast: what is explained.
        gradient: (T,) change of the mean of the median over the horizon for a change of one unit in a value; without
            unit; 0 where a value is missing or lies before the context.
        hidden: (W, L, H) states of the recurrent layers that read the last W steps; W is 0 without such layers.
        steps: (W,) index in the history of each step read.
        order: (L * H,) units, numbered layer by layer, such that units that move alike lie side by side.
        follows: (3, L * H) correlation of each unit with the season, the trend and the level of what was read (rows in
            the order of FOLLOWED); nan where either does not vary.
        notes: what limits the explanation, in words.
    """

    forecast: Forecast
    gradient: np.ndarray
    hidden: np.ndarray
    steps: np.ndarray
    order: np.ndarray
    follows: np.ndarray
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A stretch of a text that is of one class.

    Attributes:
        start, end: characters `text[start:end]`.
        label: its class.
        probability: mean over its words, each read with its neighbours.
    """

    start: int
    end: int
    label: str
    probability: float


@dataclass(frozen=True, eq=False)
class Classification(_Frozen):
    """What a text is.

    Attributes:
        text: as it was read: composed (NFC), addresses blanked out, cut to the model's longest.
        label: the likeliest class, or None when its probability is below `threshold` or there is nothing to read.
        labels: (C,) names of the classes.
        probabilities: (C,) of the classes; they sum to 1.
        belief: (T, C) the probabilities had the text ended after each letter (or word) that was read; the last row
            equals `probabilities`.  (0, C) for a text without letters, and where it was not asked for.
        ends: (T,) characters of `text` read when each row of `belief` holds.
        threshold: least probability for an answer.
        parts: in order, when stretches of the text are of different classes; empty when it is of one piece, and where
            `belief` was not asked for.
        notes: what was not read, in words.
    """

    text: str
    label: str | None
    labels: tuple[str, ...]
    probabilities: np.ndarray
    belief: np.ndarray
    ends: np.ndarray
    threshold: float
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()

    def likeliest(self, count: int = 5) -> list[tuple[str, float]]:
        """The `count` likeliest classes with their probabilities, likeliest first."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.labels[index], float(self.probabilities[index])) for index in order]

    @property
    def decided(self) -> int | None:
        """Row of `belief` from which on the answer led and was sure enough; None when there is no answer."""
        if self.label is None or not len(self.belief):
            return None
        answer = self.labels.index(self.label)
        held = (self.belief.argmax(1) == answer) & (self.belief[:, answer] >= self.threshold)
        return 0 if held.all() else min(int(np.flatnonzero(~held)[-1]) + 1, len(held) - 1)


@dataclass(frozen=True)
class Epoch:
    """One row of a training history.

    Attributes:
        step: optimiser steps taken so far.
        train_loss: mean training loss since the last row.
        valid_loss: loss on the fixed validation set, with the averaged weights.
        learning_rate: at the end of the row.
        gradient_norm: mean norm before clipping.
        clipped: share of steps whose gradient was clipped, 0 ... 1.
        seconds: process CPU seconds since the run began.
        train_accuracy: share of training rows got right, by the averaged weights without dropout; None if not measured.
        valid_accuracy: the same on the validation set.
    """

    step: int
    train_loss: float
    valid_loss: float
    learning_rate: float
    gradient_norm: float
    clipped: float
    seconds: float
    train_accuracy: float | None = None
    valid_accuracy: float | None = None


@dataclass(frozen=True)
class History:
    """The learning curve of one training run.

    Attributes:
        epochs: rows in time order.
        best: index of the row whose weights were kept.
        stopped: why the run ended, in words.
    """

    epochs: tuple[Epoch, ...] = field(default=())
    best: int = 0
    stopped: str = ""


def history_of(document: Mapping[str, Any]) -> History:
    """The learning curve that `history.json` of a checkpoint holds."""
    return History(tuple(Epoch(**epoch) for epoch in document["epochs"]), document["best"], document["stopped"])


@dataclass(frozen=True)
class Scores:
    """How one forecasting method did on one set of series; see `rnn_model/metrics.py` for the measures.

    Attributes:
        mase: mean over the series of the mean absolute scaled error; lower is better.
        wql: weighted quantile loss over the levels 0.1 ... 0.9, of the whole set; lower is better.
        coverage: share of the actual values inside the 80 % band, best at 0.8; None for a method without a band.
        calibration: share of the actual values at or below each quantile, best equal to the levels; empty without band.
        undefined: series left out of `mase`, because their history does not vary or nothing was observed.
        fallbacks: series that the method could not forecast and that got the seasonal naive forecast.
        wall_seconds: clock time for the whole set; None when not known.
        cpu_seconds: processor time for the whole set, all threads; None when not known.
        source: "measured" by us on the series at hand, or "published" by others.
    """

    mase: float
    wql: float
    coverage: float | None = None
    calibration: tuple[float, ...] = ()
    undefined: int = 0
    fallbacks: int = 0
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    source: str = "measured"


@dataclass(frozen=True)
class ClassScores:
    """How one classifier did on the rows of a table; each interval holds the true value with 95 % confidence.

    Attributes:
        rows: N, that it was measured on.
        accuracy: share of the rows it got right; higher is better.
        accuracy_interval: Wilson's.
        log_loss: mean negative log probability of the right class, in nats; lower is better.
        log_loss_interval: by bootstrap.
        macro_f1: mean F1 of the classes; higher is better.
        macro_f1_interval: by bootstrap.
        calibration_error: how far what was said of the likeliest class is from how often it was right; lower is better.
        calibration_error_interval: by bootstrap.
    """

    rows: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    log_loss: float
    log_loss_interval: tuple[float, float]
    macro_f1: float
    macro_f1_interval: tuple[float, float]
    calibration_error: float
    calibration_error_interval: tuple[float, float]


@dataclass(frozen=True, eq=False)
class GradientFlow(_Frozen):
    """What is left of a loss after the last step when it is sent back through time.

    Attributes:
        name: what was measured, for a legend.
        norms: (T, L) Euclidean norm of the gradient, mean over the batch; row d is d steps before the last one.
        radius: (L,) spectral radius of each layer's recurrent matrix W_hh (see `rnn_model/gradient_flow.py`).
    """

    name: str
    norms: np.ndarray
    radius: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """(T,) norm over all layers at each distance, relative to that at distance 0; all 0 if that is 0."""
        joined = np.sqrt(np.square(self.norms).sum(1))
        return joined / joined[0] if joined[0] > 0 else np.zeros_like(joined)

    @property
    def memory(self) -> int:
        """Effective memory in steps: the largest distance up to which LEAST_SHARE of the gradient is never missing."""
        faint = np.flatnonzero(~(self.shares >= LEAST_SHARE))
        return max(int(faint[0]) - 1, 0) if len(faint) else len(self.norms) - 1

    @property
    def verdict(self) -> str:
        """The same in words."""
        last = len(self.norms) - 1
        if not np.isfinite(self.norms).all() or self.shares[-1] > 1 / LEAST_SHARE:
            return f"explodes: {self.shares[-1]:.2g} times as large {last} steps back"
        if self.memory < last:
            return f"effective memory: {self.memory} steps; {self.shares[-1]:.2g} of it is left {last} steps back"
        return f"effective memory: all {last} steps; {self.shares[-1]:.2g} of it is left at the first"
