"""Batches for the forecaster: the batch of a step is a pure function of (seed, step).

That makes a run resumable at any step and its data independent of how many workers prepare it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from rnn_model import encode, seasonality
from rnn_model.config import ForecastConfig
from rnn_model.errors import InputError, Problem
from rnn_model.network import ForecastInputs
from rnn_model.reading.log import count
from training import synthetic
from training.parallel import ALONE, Team
from training.real_series import RealSeries


@dataclass(frozen=True)
class Regime:
    """A kind of series that is batched together, because lengths and horizons are alike.

    Attributes:
        seasons: periods to choose from, the shorter and the longer (1 for none).
        shortest, longest: range of history lengths; drawn log-uniformly.
        horizons: range of steps ahead.
        share: of all batches.
        drawn: by `synthetic.draw`, beside real ones, or by `waves` or `shapes` alone; of waves the season is mostly
            looked for in the values, as it is when a visitor names none.
    """

    name: str
    seasons: tuple[tuple[int, int], ...]
    shortest: int
    longest: int
    horizons: tuple[int, int]
    share: float
    drawn: Literal["draw", "waves", "shapes"] = "draw"


REGIMES = (
    Regime("yearly", ((1, 1),), 5, 70, (4, 8), 0.17),
    Regime("quarterly", ((4, 1),), 10, 120, (6, 12), 0.16),
    Regime("monthly", ((12, 1),), 16, 240, (12, 24), 0.18),
    Regime("weekly", ((52, 1), (1, 1)), 40, 300, (8, 16), 0.04),
    Regime("daily", ((7, 1), (5, 1), (1, 1)), 20, 360, (10, 28), 0.05),
    Regime("hourly", ((24, 1), (24, 168), (48, 1)), 60, 720, (24, 48), 0.04),
    Regime("other", ((1, 1), (6, 1), (10, 1), (3, 1), (8, 1), (15, 1), (30, 1)), 8, 200, (6, 48), 0.03),
    Regime("waves", ((1, 1),), 20, 200, (6, 30), 0.08, drawn="waves"),
    Regime("shapes", ((1, 1), (1, 1), (7, 1), (12, 1), (24, 1)), 72, 300, (6, 30), 0.25, drawn="shapes"),
)
UNASKED = 0.7  # share of the waves whose season is looked for
# A normal series' forecast errs by about one naive step; beyond this many the loss counts them less.
WILD = 8.0


class Batch(NamedTuple):
    """What a training step needs.

    Attributes:
        inputs: of the network.
        targets: (B, K) true continuation in scaled units, nan where missing.
        weights: (B,) one over the mean absolute (seasonal) change of the history, the unit of MASE.
    """

    inputs: ForecastInputs
    targets: Tensor
    weights: Tensor


class ForecastBatches(Dataset[Batch]):
    """Item `step` is the whole batch of that step."""

    def __init__(
        self,
        pool: Sequence[RealSeries],
        config: ForecastConfig,
        seed: int,
        batch: int,
        real_share: float,
        steps: int,
        together: Team = ALONE,
        regimes: Sequence[Regime] = REGIMES,
        noise: float = 0.0,
    ) -> None:
        """
        Args:
            pool: real series; may be empty if `real_share` is 0.
            config: of the network that will read the batches.
            seed, batch, real_share, steps: see `TrainConfig`.
            together: the processes that share each batch; item `step` is the part of this one.
            regimes: kinds of series to draw from, real and synthetic.
            noise: see `TrainConfig`.

        Raises:
            InputError: in all real series the gaps are too long for a history with a future.
        """
        self.together, self.regimes, self.noise = together, regimes, noise
        self.shares = [regime.share for regime in regimes]
        self.config, self.seed, self.batch, self.real_share, self.steps = config, seed, batch, real_share, steps
        self.real = _by_regime(pool, regimes, config.context)

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> Batch:
        rng = np.random.default_rng((self.seed, step))
        regime = self.regimes[int(rng.choice(len(self.shares), p=self.shares))]
        horizon = int(rng.integers(regime.horizons[0], regime.horizons[1] + 1))
        # one longest length a batch keeps padding small
        longest = int(np.exp(rng.uniform(np.log(regime.shortest * 2), np.log(regime.longest))))
        real = round(self.batch * self.real_share) if regime.name in self.real else 0
        drawn = _synthetic(rng, regime, self.batch - real, longest, horizon)
        drawn += [_real(rng, *self.real[regime.name], longest, horizon) for _ in range(real)]
        drawn = [window._replace(history=_with_gaps(rng, window.history)) for window in drawn]
        mine = drawn[self.together.rank :: self.together.size]
        batch = collate(
            [window.history for window in mine],
            [window.future for window in mine],
            [window.periods for window in mine],
            self.config,
        )
        return _noisy(rng, batch, self.noise) if self.noise else batch


class Drawable(NamedTuple):
    """A real series, and (N,) the steps at which the future of a window of it can begin, ascending."""

    series: RealSeries
    origins: np.ndarray


class Window(NamedTuple):
    """A history (T,), its continuation (K,) with nan where unknown, and its periods."""

    history: np.ndarray
    future: np.ndarray
    periods: tuple[int, ...]


def collate(
    histories: Sequence[np.ndarray],
    futures: Sequence[np.ndarray],
    seasons: Sequence[tuple[int, ...]],
    config: ForecastConfig,
) -> Batch:
    """Histories (T_i,), futures (K,) and their periods as one batch."""
    scaled = encode.scale(histories, seasons, config.context)
    targets = (np.stack(futures) - scaled.anchor[:, None].numpy()) / scaled.scale[:, None].numpy()
    with torch.inference_mode():
        made = encode.inputs(scaled, targets.shape[1], config)
    # inference tensors cannot enter autograd: copies can
    made = ForecastInputs(*(part.clone() for part in made))
    targets = torch.from_numpy(targets).float()
    naive = _naive_change(scaled)
    off = torch.nan_to_num(targets - made.centre).abs().mean(1)
    return Batch(made, targets, 1 / torch.maximum(naive, off / WILD))


def _noisy(rng: np.random.Generator, batch: Batch, size: float) -> Batch:
    """With noise on what the recurrent layers read, a penalty on steep functions of it (Bishop 1995)."""
    read = batch.inputs
    past, ahead = (
        part + torch.from_numpy(rng.normal(0, size, part.shape).astype(np.float32)) for part in (read.past, read.ahead)
    )
    return batch._replace(inputs=read._replace(past=past, ahead=ahead))


def _naive_change(scaled: encode.Scaled) -> Tensor:
    """(B,) mean |x_t - x_{t-m}| of the histories, at least a fiftieth of their spread."""
    period = scaled.periods[:, :1]
    column = torch.arange(scaled.x.shape[1])[None] - period
    before = column.clamp(min=0)
    both = scaled.observed & scaled.observed.gather(1, before) & (column >= 0)
    change = torch.where(both, (scaled.x - scaled.x.gather(1, before)).abs(), 0.0)
    return (change.sum(1) / both.sum(1).clamp(min=1)).clamp(min=0.02)


def _synthetic(rng: np.random.Generator, regime: Regime, count: int, longest: int, horizon: int) -> list[Window]:
    if regime.drawn == "waves":
        return [_wave(rng, row, regime, longest) for row in synthetic.waves(rng, count, longest + horizon)]
    periods = np.array(regime.seasons)[rng.integers(0, len(regime.seasons), count)]
    drawn = synthetic.shapes if regime.drawn == "shapes" else synthetic.draw
    values = drawn(rng, periods, longest + horizon)
    lengths = _lengths(rng, regime.shortest, longest, count)
    return [
        Window(row[longest - length : longest], row[longest:], tuple(int(period) for period in of_row if period > 1))
        for row, length, of_row in zip(values, lengths, periods, strict=True)
    ]


def _wave(rng: np.random.Generator, values: np.ndarray, regime: Regime, longest: int) -> Window:
    history = values[longest - int(_lengths(rng, regime.shortest, longest, 1)[0]) : longest]
    periods = seasonality.periods(history, None) if rng.random() < UNASKED else ()
    return Window(history, values[longest:], periods)


def _lengths(rng: np.random.Generator, shortest: int, longest: int, count: int) -> np.ndarray:
    """Log-uniform, since the step from 10 values to 20 changes more than the one from 100 to 110."""
    return np.exp(rng.uniform(np.log(shortest), np.log(longest), count)).round().astype(int)


def _real(rng: np.random.Generator, members: list[Drawable], chance: np.ndarray, longest: int, horizon: int) -> Window:
    """A window of a real series, often changed in ways that leave it plausible."""
    series, origins = members[_pick(rng, chance)]
    values = _varied(rng, series.values)
    # a short series still teaches: at least a fifth of it is future, the rest of the horizon stays unknown
    known = min(horizon, max(len(values) // 5, 1))
    low, high = np.searchsorted(origins, (len(values) // 2, len(values) - known + 1))
    some = origins[low:high] if low < high else origins  # gaps may leave none in the half that is preferred
    end = int(some[rng.integers(len(some))])
    start = max(end - int(_lengths(rng, min(5, longest), longest, 1)[0]), 0)
    if not np.isfinite(values[start:end]).any():
        start = int(np.flatnonzero(np.isfinite(values[:start]))[-1])
    future = np.full(horizon, np.nan)
    following = values[end : end + horizon]
    future[: len(following)] = following
    history = values[start:end]
    return Window(history, future, seasonality.periods(history, series.season))


def _pick(rng: np.random.Generator, cumulative: np.ndarray) -> int:
    return int(np.searchsorted(cumulative, rng.random() * cumulative[-1]))


def _varied(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Sometimes bent by a power, shifted to another level, made noisier, or turned upside down."""
    if rng.random() < 0.3 and np.nanmin(values) > 0:
        values = (values / np.nanmean(values)) ** rng.uniform(0.4, 1.6)
    spread = np.nanstd(values)
    if rng.random() < 0.2:
        values = values + rng.normal(0, 5) * spread
    if rng.random() < 0.2:
        values = values + rng.normal(0, rng.uniform(0.02, 0.4) * spread, len(values))
    return -values if rng.random() < 0.03 else values


def _with_gaps(rng: np.random.Generator, history: np.ndarray) -> np.ndarray:
    """Now and then a history with holes, since people's have them; the last known value stays."""
    if rng.random() > 0.05 or len(history) < 6:
        return history
    holes = rng.random(len(history)) < rng.uniform(0.02, 0.3)
    holes[np.isfinite(history).nonzero()[0][-1]] = False
    return np.where(holes, np.nan, history)


def _by_regime(
    pool: Sequence[RealSeries], regimes: Sequence[Regime], context: int
) -> dict[str, tuple[list[Drawable], np.ndarray]]:
    """Series of each regime with cumulative weights; a source of n series weighs sqrt(n) in all.

    Raises:
        InputError: there are series of these regimes, and of none can a window be drawn.
    """
    size = Counter(series.source for series in pool)
    grouped: dict[str, tuple[list[Drawable], np.ndarray]] = {}
    unusable = 0
    for regime in regimes:
        if regime.drawn != "draw":
            continue
        seasons = {season for season, _ in regime.seasons if season > 1} or {1}
        found = [
            Drawable(series, _origins(series.values, regime.horizons[0], context))
            for series in pool
            if series.season in seasons
        ]
        members = [one for one in found if len(one.origins)]
        unusable += len(found) - len(members)
        if members:
            grouped[regime.name] = (members, np.cumsum([size[one.series.source] ** -0.5 for one in members]))
    if unusable and not grouped:
        expected = f"two values at most {context:,} steps apart"
        fix = "Give values that lie closer together, or a coarser step in time."
        raise InputError(
            Problem(f"longer gaps between all values of {count(unusable, 'series', 'series')}", expected, fix)
        )
    return grouped


def _origins(values: np.ndarray, horizon: int, context: int) -> np.ndarray:
    """Steps with a known value among the `context` before them, and one among the `horizon` from there on."""
    known = np.flatnonzero(np.isfinite(values))
    steps = np.arange(1, len(values))
    following = np.searchsorted(known, steps)
    inner = (following > 0) & (following < len(known))
    steps, following = steps[inner], following[inner]
    return steps[(steps - known[following - 1] <= context) & (known[following] - steps < horizon)]
