"""python -m training.ablation: what each part of the forecaster is worth, on sources that it never saw

Every variant is trained by the packaged recipe, but without a quarter of the sources of real series; then it forecasts
the ends of the series in those, waves (series drawn without a calendar, whose season is not told) and shapes (series
drawn with values far from normal, judged by the loss of all quantiles).  The table shows means over seeds, and in
brackets how far the seeds lie apart: what is smaller than that is not decided.
Runs already made are kept in runs/ablation and not made again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import geometric_mean
from typing import Any

import numpy as np
import torch

from rnn_model import forecast_many
from rnn_model.checkpoint import Model
from rnn_model.config import FAMILIES, FILTERS, CellConfig, ForecastConfig, ModelConfig
from rnn_model.encode import feature_counts
from rnn_model.errors import UnrolledError
from rnn_model.network import ForecastNetwork
from training.batches import ForecastBatches
from training.benchmarks import BenchmarkSet
from training.comparison import score, score_predictor, seasonal_naive_quantiles
from training.config import TrainConfig
from training.evaluate import predictor_of
from training.fit import CELL, RECIPE
from training.forecasting import loss_of
from training.loop import train
from training.losses import pinball
from training.real_series import RealSeries, training_pool
from training.synthetic import shapes, waves

OUT = Path("runs/ablation")
LEFT_OUT = 4  # one source in so many
HORIZONS = {1: 6, 4: 8, 12: 18}  # season -> steps ahead, those of the competitions
ORIGINS = 3  # windows of a series, a horizon apart
MOST_WINDOWS, FEWEST_WINDOWS = 150, 3  # of a source
LONGEST = 400
DRAWN, DRAWN_LENGTH, DRAWN_HORIZON, DRAWN_SEED = 400, 120, 12, 104_729

# What a variant changes in the cell, in the configuration and in the recipe.
Change = tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]
VARIANTS: Mapping[str, Change] = {
    "the recipe": ({}, {}, {}),
    "no encoder": ({}, {"encoder": None}, {}),
    "two layers": ({"layers": 2}, {}, {}),
    "tanh": ({"activation": "tanh"}, {}, {}),
    "tanh, orthogonal": ({"activation": "tanh", "initialisation": "orthogonal"}, {}, {}),
    "orthogonal": ({"initialisation": "orthogonal"}, {}, {}),
    "xavier": ({"initialisation": "xavier"}, {}, {}),
    "torch's initialisation": ({"initialisation": "torch"}, {}, {}),
    "GRU": ({"cell": "gru", "activation": "tanh", "initialisation": "orthogonal"}, {}, {}),
    "LSTM": ({"cell": "lstm", "activation": "tanh", "initialisation": "orthogonal"}, {}, {}),
    "no residual": ({"residual": False}, {}, {}),
    "no autoregression": ({}, {"families": FILTERS}, {}),
    "no logarithms": ({}, {"log_families": ()}, {}),
    "no bank but a level": ({}, {"families": FAMILIES[:1], "log_families": ()}, {}),
    "no noise": ({}, {}, {"noise": 0.0}),
    "synthetic series alone": ({}, {}, {"real_share": 0.0}),
    "real series alone": ({}, {}, {"real_share": 1.0}),
}
UNTRAINED = "the bank, untrained"


def is_left_out(series: RealSeries) -> bool:
    """By the name of the source, so that all steps of a series are on the same side."""
    return zlib.crc32(series.source.split("@")[0].encode()) % LEFT_OUT == 0


def left_out_sets(pool: Sequence[RealSeries]) -> tuple[BenchmarkSet, ...]:
    """The ends of the yearly, quarterly and monthly series that were left out, a set a source and season."""
    groups: dict[tuple[str, int], list[RealSeries]] = {}
    for series in filter(is_left_out, pool):
        if series.season in HORIZONS:
            groups.setdefault((series.source, series.season), []).append(series)
    rng = np.random.default_rng(0)
    sets = []
    for (source, season), members in sorted(groups.items()):
        horizon = HORIZONS[season]
        windows = []
        for number in rng.permutation(len(members)):
            values = members[number].values
            ends = [len(values) - origin * horizon for origin in range(ORIGINS)]
            cut = [(values[: end - horizon][-LONGEST:], values[end - horizon : end]) for end in ends if end > horizon]
            windows += [window for window in cut if _usable(*window, season)]
            if len(windows) >= MOST_WINDOWS:
                break
        if len(windows) >= FEWEST_WINDOWS:
            histories, futures = zip(*windows, strict=True)
            sets.append(BenchmarkSet(source, season, horizon, histories, futures, source, "see docs/data-sources.md"))
    return tuple(sets)


def _usable(history: np.ndarray, future: np.ndarray, season: int) -> bool:
    """Long and full enough, and neither measure is divided by nothing."""
    return (
        len(history) >= max(2 * season + 2, 7)
        and bool(np.isfinite(future).all())
        and bool(np.isfinite(history).mean() > 0.8)
        and bool(np.nanmax(np.abs(history[season:] - history[:-season]), initial=0.0) > 0)
        and bool(np.abs(future).sum() > 0)
    )


def relative(model: Model, sets: Sequence[BenchmarkSet]) -> dict[str, float]:
    """MASE and WQL over seasonal naive's: geometric means over sources, large ones counting more, then over seasons."""
    found: dict[int, list[tuple[float, float, float]]] = {}
    for one in sets:
        mine = score_predictor(one, predictor_of(model))
        naive = score(one, seasonal_naive_quantiles(one.histories, one.horizon, one.season))
        weight = min(len(one), 60) ** 0.5
        found.setdefault(one.season, []).append((weight, mine.mase / naive.mase, mine.wql / naive.wql))
    seasons = [np.array(rows).T for rows in found.values()]
    return {
        name: geometric_mean([float(np.exp(np.average(np.log(rows[row]), weights=rows[0]))) for rows in seasons])
        for row, name in ((1, "mase"), (2, "wql"))
    }


def measured(model: Model, sets: Sequence[BenchmarkSet]) -> dict[str, float]:
    """What the table says of a model."""
    return {**relative(model, sets), "waves": on_waves(model), "shapes": on_shapes(model)}


def on_waves(model: Model) -> float:
    """Geometric mean over waves of the median's mean absolute error over that of the last value repeated."""
    drawn = waves(np.random.default_rng(DRAWN_SEED), DRAWN, DRAWN_LENGTH + DRAWN_HORIZON)
    histories, futures = drawn[:, :DRAWN_LENGTH], drawn[:, DRAWN_LENGTH:]
    medians = np.stack([made.median for made in forecast_many(model, list(histories), DRAWN_HORIZON)])
    mine, naive = (np.abs(said - futures).mean(1) for said in (medians, histories[:, -1:]))
    return _mean_ratio(mine, naive)


def on_shapes(model: Model) -> float:
    """Geometric mean over shapes of the loss of the quantiles over that of those of the history."""
    rng = np.random.default_rng(DRAWN_SEED)
    drawn = shapes(rng, np.ones((DRAWN, 2), np.int64), DRAWN_LENGTH + DRAWN_HORIZON)
    histories, futures = drawn[:, :DRAWN_LENGTH], torch.from_numpy(drawn[:, DRAWN_LENGTH:])
    forecasts = forecast_many(model, list(histories), DRAWN_HORIZON, season=1)
    levels = forecasts[0].levels
    of_history = np.quantile(histories, levels, axis=1).T[:, None].repeat(DRAWN_HORIZON, 1)
    mine, naive = (
        pinball(torch.from_numpy(quantiles), futures, torch.tensor(levels)).numpy()
        for quantiles in (np.stack([made.quantiles for made in forecasts]), of_history)
    )
    return _mean_ratio(mine, naive)


def _mean_ratio(mine: np.ndarray, naive: np.ndarray) -> float:
    """Geometric mean where neither is 0: what was counted or cut at zero may stand still."""
    told = (mine > 0) & (naive > 0)
    return geometric_mean(mine[told] / naive[told])


def variant(change: Change, seed: int, steps: int) -> tuple[ForecastConfig, TrainConfig]:
    """The configurations of a run."""
    cells, configs, recipes = change
    cell = replace(CellConfig(**CELL), **cells)
    forecast = replace(ForecastConfig(encoder=cell, decoder=cell), **configs)
    recipe = replace(TrainConfig(**RECIPE), seed=seed, steps=steps, validate_every=steps)
    return forecast, replace(recipe, **recipes)


def run(change: Change, seed: int, steps: int, pool: Sequence[RealSeries], folder: Path) -> dict[str, float]:
    """Trains a variant without the sources left out and scores it on them."""
    forecast, recipe = variant(change, seed, steps)
    kept = [series for series in pool if not is_left_out(series)] if recipe.real_share else []
    batches = ForecastBatches(kept, forecast, seed, recipe.batch, recipe.real_share, steps, noise=recipe.noise)
    torch.manual_seed(seed)
    network = ForecastNetwork(*feature_counts(forecast), forecast)
    started = time.process_time()
    train(network, batches, loss_of, lambda _: 0.0, recipe, folder, say=lambda _: None)
    seconds = time.process_time() - started
    return {
        **measured(_model(forecast, network), left_out_sets(pool)),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "cpu_seconds": seconds,
    }


def _model(forecast: ForecastConfig, network: ForecastNetwork) -> Model:
    return Model(ModelConfig("variant", forecast), network.eval().requires_grad_(False), "variant")


def table(found: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Means over seeds and the distance between the lowest and the highest, as Markdown."""
    lines = [
        "| variant | parameters | MASE | WQL | waves | shapes | CPU s |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, runs in found.items():
        cells = []
        for measure in ("mase", "wql", "waves", "shapes"):
            values = [one[measure] for one in runs]
            spread = f" ({max(values) - min(values):.4f})" if len(values) > 1 else ""
            cells.append(f"{sum(values) / len(values):.4f}{spread}")
        seconds = sum(one["cpu_seconds"] for one in runs) / len(runs)
        lines.append(f"| {name} | {runs[0]['parameters']:,.0f} | {' | '.join(cells)} | {seconds:.0f} |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Makes the runs that are missing and prints the table; 1 with a message on standard error if one went wrong."""
    arguments = _parser().parse_args(argv)
    try:
        pool = training_pool()
        untrained = variant(VARIANTS["the recipe"], 0, arguments.steps)[0]
        torch.manual_seed(0)
        bank = ForecastNetwork(*feature_counts(untrained), untrained)
        first = measured(_model(untrained, bank), left_out_sets(pool)) | {"parameters": 0, "cpu_seconds": 0.0}
        found: dict[str, list[dict[str, float]]] = {UNTRAINED: [first]}
        for name in arguments.variants or VARIANTS:
            for seed in range(arguments.seeds):
                folder = OUT / f"{name.replace(' ', '-')}-{seed}-{arguments.steps}"
                kept = folder / "scores.json"
                if not kept.exists():
                    scores = run(VARIANTS[name], seed, arguments.steps, pool, folder)
                    kept.write_text(json.dumps(scores, indent=1) + "\n")
                found.setdefault(name, []).append(json.loads(kept.read_text()))
                print(f"{name}, seed {seed}: {found[name][-1]}", file=sys.stderr, flush=True)
    except UnrolledError as error:
        print(error, file=sys.stderr)
        return 1
    print(table(found))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.ablation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("variants", nargs="*", choices=[*VARIANTS, []], metavar="VARIANT", help="all, if none is named")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each variant")
    parser.add_argument("--steps", type=int, default=RECIPE["steps"], help="of each run")
    return parser


if __name__ == "__main__":
    sys.exit(main())
