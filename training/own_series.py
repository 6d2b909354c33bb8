"""A forecaster of a person's own series: the packaged network fitted to them, or a new one, judged on their ends

The last steps of every series are the test and the steps before them choose when to stop; the network is trained on
the rest, in small steps beside synthetic series, so that a few series do not make it forget all others.  On the test
it stands beside the network that it should replace and the seasonal naive forecast.
"""

from __future__ import annotations

import json
import math
import platform
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rnn_model.checkpoint import Model
from rnn_model.config import CellConfig, ForecastConfig, ModelConfig
from rnn_model.encode import feature_counts
from rnn_model.errors import TrainingError
from rnn_model.forecaster import check_request
from rnn_model.gradient_flow import forecast_gradient_flow
from rnn_model.metrics import bootstrap_interval
from rnn_model.network import ForecastInputs, ForecastNetwork
from rnn_model.records import GradientFlow, History
from training.batches import Batch, ForecastBatches, Regime
from training.benchmarks import BenchmarkSet
from training.card import forecast_card
from training.card_parts import Place
from training.comparison import (
    forecasts_of,
    predictor_of,
    scaled_errors,
    scaled_quantile_losses,
    score,
    seasonal_naive_quantiles,
)
from training.config import TrainConfig
from training.diagnose import Compared, Diagnosis, Facts, diagnose
from training.forecasting import Validation, loss_of, losses_of, unbound
from training.loop import outlasted, train
from training.parallel import ALONE, Team
from training.real_series import RealSeries
from training.table.series import SeriesTable

NETWORK, BEFORE, NAIVE = "network", "zero-shot", "seasonal naive"
FINE = TrainConfig(
    steps=300,
    batch=64,
    learning_rate=1e-4,
    warmup=20,
    averaging=0.95,
    real_share=0.75,
    validate_every=25,
    patience=4,
    workers=0,
)
SCRATCH = replace(FINE, steps=1500, learning_rate=2e-3, averaging=0.99, validate_every=100, patience=5)
UNDEFINED = "not to be judged: before its end no series shows how much it changes from one season to the next"
LEAST = 1e-4  # of a loss relative to the classical forecast, below which a gain is none
FEWEST = 5  # series from which an interval over series says something
MOST_MEASURED = 64  # series that the gradient through time is measured on


@dataclass(frozen=True)
class Gain:
    """How much closer the network came than another forecast of the same ends, in the mean over the series.

    Attributes:
        measure: "quantile loss" (scaled), or "MASE" beside a forecast without a band.
        network, other: of both; lower is better.
        saved: `other` minus `network`, over the series for which both are defined.
        interval: where that lies with 95 % confidence, by bootstrap over the series; None for fewer than FEWEST.
    """

    measure: str
    network: float
    other: float
    saved: float
    interval: tuple[float, float] | None

    @property
    def verdict(self) -> str:
        """Which to believe, in words."""
        if math.isnan(self.saved):
            return UNDEFINED
        if self.interval is None or self.interval[0] <= 0 <= self.interval[1]:
            return "no different as far as these series can tell"
        return "better" if self.saved > 0 else "worse"


@dataclass(frozen=True)
class Tail:
    """How one method forecast the test ends of all series together; lower is better but for the coverage.

    Attributes:
        mase, mase_interval: mean over the series, and where it lies with 95 % confidence (None for fewer than FEWEST).
        loss, loss_interval: the same of the scaled quantile loss, which judges the whole band.
        coverage: share of the values inside the 80 % band, best at 0.8; None for a method without one.
    """

    mase: float
    mase_interval: tuple[float, float] | None
    loss: float
    loss_interval: tuple[float, float] | None
    coverage: float | None


@dataclass(frozen=True, eq=False)
class OwnSeries:
    """What came of training on series.

    Attributes:
        model: the network that did best on the validation ends.
        history: its learning curve; the validation loss is relative to the classical forecast.
        relative: "valid" and "test" -> method -> loss relative to the classical forecast (1 is as good).
        test: scores on the test ends, by method.
        by_set: the same as MASE, weighted quantile loss and coverage, for each season's set and method.
        by_series: (N,) scaled quantile loss of the network minus that of the one before, in the order of the table;
            nan where it is undefined.
        against: how much closer the network came than the one before and than seasonal naive.
        facts: what the doctor wants to know beside the history, the gradient through the trained layers among it.
        start: "scratch", or where the weights came from.
    """

    model: Model
    history: History
    relative: Mapping[str, Mapping[str, float]]
    test: Mapping[str, Tail]
    by_set: Mapping[str, Mapping[str, Mapping[str, float | None]]]
    by_series: np.ndarray
    against: Mapping[str, Gain]
    facts: Facts
    start: str

    @property
    def better(self) -> bool:
        """Whether it came closer than the network before on both held-out ends."""
        return all(scores[BEFORE] - scores[NETWORK] > LEAST for scores in self.relative.values())

    @property
    def wins(self) -> bool:
        """The same, and by more than chance may bring where there are enough series to tell."""
        interval = self.against[BEFORE].interval
        return self.better and (interval is None or interval[0] > 0)

    @property
    def verdict(self) -> str:
        """The same in words."""
        words = "; ".join(
            f"{name} tail {scores[NETWORK]:.4f}, before {scores[BEFORE]:.4f}" for name, scores in self.relative.items()
        )
        if self.wins:
            decided = "Better on both: keeping the new network."
        elif self.better:
            decided = "Better on both, but by no more than chance may bring: keeping the packaged network."
        else:
            decided = "Not better on both: keeping the packaged network."
        return f"Loss relative to the classical forecast: {words}. {decided}"


def fit_own(
    table: SeriesTable,
    standing: Model,
    folder: Path,
    cell: CellConfig | None = None,
    recipe: TrainConfig = FINE,
    name: str = "own-series",
    say: Callable[[str], None] = print,
    watch: Callable[[History], bool] | None = None,
    together: Team = ALONE,
) -> OwnSeries:
    """Trains before both ends of every series, stops by the first end, and scores once on the second.

    Args:
        table: from `training.table`.
        standing: the network that it should beat.
        folder: where the resumable state is kept.
        cell: recurrent layers of a new network; None goes on from the weights of the one that stands.
        recipe: how the run goes.
        name: what the model is called.
        say: receives readable lines.
        watch: as for `training.loop.train`.
        together: the processes that train.

    Raises:
        InputError: a season is longer than the network can use.
        TrainingError: the run could not start, or broke before its first validation.
    """
    before, held = standing.forecaster
    check_request(standing, 1, max(part.season for part in table.test))
    # the network it has to beat reads its own features, which may differ from those of a new one
    before_valid, before_test = (Validation(sets, before, synthetic=False) for sets in (table.valid, table.test))
    forecast, network = _begun(standing, cell, recipe.seed, before_valid)
    if table.horizon > forecast.max_horizon:
        raise TrainingError(f"--horizon: expected at most {forecast.max_horizon}, found {table.horizon}")
    valid, test = (
        Validation(sets, forecast, synthetic=False, ruler=ruler)
        for sets, ruler in ((table.valid, before_valid), (table.test, before_test))
    )
    pool = [RealSeries(one.values, one.season or 1, table.source, one.name) for one in table.train]
    batches = ForecastBatches(
        pool,
        forecast,
        recipe.seed,
        recipe.batch,
        recipe.real_share,
        recipe.steps,
        together,
        regimes_of(table),
        recipe.noise,
    )
    history = outlasted(lambda: train(network, batches, loss_of, valid, recipe, folder, say, watch=watch))
    flow = _flow(network, test)
    model = Model(ModelConfig(name, forecast=forecast), network.requires_grad_(False), "trained here")
    made: dict[str, list[Sequence[np.ndarray]]] = {
        NAIVE: [seasonal_naive_quantiles(part.histories, part.horizon, part.season) for part in table.test],
        BEFORE: [forecasts_of(part, predictor_of(standing)) for part in table.test],
        NETWORK: [forecasts_of(part, predictor_of(model)) for part in table.test],
    }
    losses = {method: _over(table, scaled_quantile_losses, parts) for method, parts in made.items()}
    by_set: dict[str, dict[str, dict[str, float | None]]] = {}
    for number, part in enumerate(table.test):
        by_set[part.name] = {}
        for method, parts in made.items():
            scores = score(part, parts[number])
            coverage = None if method == NAIVE else scores.coverage
            by_set[part.name][method] = {"mase": scores.mase, "wql": scores.wql, "coverage": coverage}
    errors = {method: _over(table, scaled_errors, parts) for method, parts in made.items()}
    against = {
        BEFORE: _gain("quantile loss", losses[NETWORK], losses[BEFORE]),
        NAIVE: _gain("MASE", errors[NETWORK], errors[NAIVE]),
    }
    return OwnSeries(
        model=model,
        history=history,
        relative={
            "valid": {NETWORK: valid(network), BEFORE: before_valid(held)},
            "test": {NETWORK: test(network), BEFORE: before_test(held)},
        },
        test={
            method: _tail(table, parts, errors[method], losses[method], method != NAIVE)
            for method, parts in made.items()
        },
        by_set=by_set,
        by_series=_in_order(table, losses[NETWORK] - losses[BEFORE]),
        against=against,
        facts=Facts(
            recipe,
            cell,
            rows=len(table.series),
            compared=tuple(
                Compared("the network before" if method == BEFORE else method, gain.network, gain.other, gain.interval)
                for method, gain in against.items()
                if not math.isnan(gain.saved)
            ),
            flow=flow,
        ),
        start=standing.source if cell is None else "scratch",
    )


def regimes_of(table: SeriesTable) -> tuple[Regime, ...]:
    """Kinds of series like those of a table: one for each season, in its lengths and its horizon."""
    counts = Counter(one.season or 1 for one in table.train)
    regimes = []
    for season, count in sorted(counts.items()):
        longest = max(len(one) for one in table.train if (one.season or 1) == season)
        shortest = max(min(longest // 2, 2 * season), 2)
        horizons = (max(table.horizon // 2, 1), table.horizon)
        share = count / len(table.train)
        regimes.append(Regime(f"season {season}", ((season, 1),), shortest, max(longest, 4), horizons, share))
    return tuple(regimes)


def record_of(table: SeriesTable, fitted: OwnSeries, command: str) -> dict[str, Any]:
    """What `training.json` tells people about the run: data, split, seed, versions, baselines, scores."""
    record = {
        "command": command,
        "start": fitted.start,
        "parameters": sum(parameter.numel() for parameter in fitted.model.network.parameters()),
        "real_series": len(table.series),
        "data": {
            "file": table.source,
            "sha256": table.sha256,
            "series": len(table.series),
            "values": sum(map(len, table.series)),
            "horizon": table.horizon,
            "seasons": sorted({part.season for part in table.test}),
            "split": f"last {table.horizon} steps test, {table.horizon} before them validation, the rest training",
        },
        "versions": versions(),
        "config": asdict(fitted.facts.train),
        **fitted.relative,
        "ends": {method: asdict(row) for method, row in fitted.test.items()},
        "better_by": {method: asdict(gain) | {"verdict": gain.verdict} for method, gain in fitted.against.items()},
        "tails": fitted.by_set,
        "diagnosis": [asdict(found) for found in found_in(fitted)],
    }
    return _known(record)


def versions() -> dict[str, str]:
    """Of Python and the packages that decide the numbers."""
    return {"python": platform.python_version(), **{name: version(name) for name in ("torch", "numpy")}}


def found_in(fitted: OwnSeries) -> tuple[Diagnosis, ...]:
    """What the doctor says of it."""
    return diagnose(fitted.history, fitted.facts)


def files_for_people(
    table: SeriesTable, fitted: OwnSeries, config: ModelConfig, command: str, place: str
) -> dict[str, str]:
    """Record of the training, learning curve and model card, for `rnn_model.checkpoint.save`.

    Args:
        table, fitted: what was trained on, and what came of it.
        config: under whose name the model is saved.
        command: what was given to train it.
        place: what a reader gives to `load`.
    """
    record = record_of(table, fitted, command)
    return {
        "history.json": json.dumps(asdict(fitted.history), indent=1) + "\n",
        "training.json": json.dumps(record, indent=1, ensure_ascii=False) + "\n",
        "README.md": forecast_card(config, record, fitted.history, None, Place(place)),
    }


def report(fitted: OwnSeries) -> str:
    """Scores on the test ends beside the controls', which to believe, and what the doctor says, as lines of text."""
    lines = [f"{'on the test ends':<18} {'MASE':>22} {'quantile loss':>22} {'80 % band':>10}"]
    for method, row in fitted.test.items():
        cells = ((row.mase, row.mase_interval), (row.loss, row.loss_interval))
        shown = " ".join(f"{_with(value, interval):>22}" for value, interval in cells)
        lines.append(f"{method:<18} {shown} {_with(row.coverage, None):>10}".rstrip())
    for method, gain in fitted.against.items():
        between = "" if gain.interval is None else f" ({gain.interval[0]:+.3f} to {gain.interval[1]:+.3f})"
        saved = "" if math.isnan(gain.saved) else f": {gain.measure} saved {gain.saved:+.3f}{between}"
        lines.append(f"Beside {method} the network is {gain.verdict}{saved}.")
    for found in found_in(fitted):
        lines.append(f"{found.name}: {found.verdict} {' '.join(found.evidence)}")
        lines.append(f"  {found.advice}" + (f" Try {found.change}." if found.change else ""))
    return "\n".join([*lines, fitted.verdict])


def _known(value: Any) -> Any:
    """The same with None for every number that is not known: JSON has no nan."""
    if isinstance(value, dict):
        return {key: _known(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_known(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _with(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.3f}" + ("" if interval is None else f" ({interval[0]:.3f}-{interval[1]:.3f})")


def _over(
    table: SeriesTable,
    measure: Callable[[BenchmarkSet, Sequence[np.ndarray]], np.ndarray],
    parts: Sequence[Sequence[np.ndarray]],
) -> np.ndarray:
    """(N,) what is measured of the forecasts of every series, set after set."""
    return np.concatenate([measure(one, quantiles) for one, quantiles in zip(table.test, parts, strict=True)])


def _in_order(table: SeriesTable, measured: np.ndarray) -> np.ndarray:
    """(N,) in the order of the table, from the order of its test sets, which are sorted by season."""
    seasons = np.array([one.season or 1 for one in table.series])
    ordered = np.empty_like(measured)
    ordered[np.argsort(seasons, kind="stable")] = measured
    return ordered


def _tail(
    table: SeriesTable, parts: Sequence[Sequence[np.ndarray]], errors: np.ndarray, losses: np.ndarray, has_band: bool
) -> Tail:
    inside = np.concatenate(
        [
            np.where(np.isnan(future), np.nan, (future >= made[:, 0]) & (future <= made[:, -1]))
            for part, quantiles in zip(table.test, parts, strict=True)
            for future, made in zip(part.futures, quantiles, strict=True)
        ]
    )
    return Tail(
        mase=_mean(errors),
        mase_interval=_interval(errors),
        loss=_mean(losses),
        loss_interval=_interval(losses),
        coverage=_mean(inside) if has_band else None,
    )


def _gain(measure: str, network: np.ndarray, other: np.ndarray) -> Gain:
    return Gain(measure, _mean(network), _mean(other), _mean(other - network), _interval(other - network))


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _interval(values: np.ndarray) -> tuple[float, float] | None:
    known = values[~np.isnan(values)]
    return bootstrap_interval(lambda rows: float(known[rows].mean()), len(known)) if len(known) >= FEWEST else None


def _begun(
    standing: Model, cell: CellConfig | None, seed: int, series: Validation
) -> tuple[ForecastConfig, ForecastNetwork]:
    """The network that is to be trained on such series: a copy of the one that stands, or a new one of such cells."""
    config, network = standing.forecaster
    torch.manual_seed(seed)
    if cell is None:
        often = [series.is_of_high_frequency(name) for name in series.parts]
        config, network = unbound(network, config, sum(often) > len(often) / 2)
        return config, network.requires_grad_(True)
    config = ForecastConfig(encoder=cell, decoder=cell)
    return config, ForecastNetwork(*feature_counts(config), config)


def _flow(network: ForecastNetwork, test: Validation) -> GradientFlow | None:
    """The gradient through the layers that read the history, on the longer half of the largest set of series."""
    batch = max((batches[0] for batches in test.parts.values()), key=lambda one: len(one.weights))
    rows = (batch.inputs.lengths >= batch.inputs.lengths.median()).nonzero().flatten()[:MOST_MEASURED]
    few = Batch(ForecastInputs(*(part[rows] for part in batch.inputs)), batch.targets[rows], batch.weights[rows])
    return forecast_gradient_flow(
        network, few.inputs, lambda quantiles: losses_of(quantiles, few, network.levels), "trained network"
    )
