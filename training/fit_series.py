"""python -m training.fit forecast --data FILE: fits the packaged forecaster to a person's own series

    python -m training.fit forecast --data sales.csv
    python -m training.fit forecast --data sales.csv --scratch --cell lstm --out runs/mine

The last steps of every series are the test and the steps before them choose when to stop; the network is trained on
the rest, in small steps beside synthetic series, so that a few series do not make it forget all others.  It is kept
only if it beats the network it started from on both held-out tails.  A run that was stopped goes on where it was when
the same command is given again.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rnn_model.checkpoint import Model, load, save
from rnn_model.config import CellConfig, ForecastConfig, ModelConfig
from rnn_model.encode import feature_counts
from rnn_model.errors import TrainingError
from rnn_model.metrics import bootstrap_interval
from rnn_model.network import ForecastNetwork
from rnn_model.records import History
from training.batches import ForecastBatches, Regime
from training.card import forecast_card
from training.comparison import score_predictor, seasonal_naive_quantiles
from training.config import TrainConfig
from training.diagnose import Compared, Facts, diagnose
from training.evaluate import predictor_of
from training.flags import add_flags, from_flags
from training.forecasting import Validation, loss_of
from training.loop import train
from training.parallel import Team
from training.real_series import RealSeries
from training.table import SeriesTable, read_series_table

PACKAGED = Path("weights/forecast")
RUNS = Path("runs")
FINE = {
    "steps": 300,
    "batch": 64,
    "learning_rate": 1e-4,
    "warmup": 20,
    "averaging": 0.95,
    "real_share": 0.75,
    "validate_every": 25,
    "patience": 4,
    "workers": 0,
}
SCRATCH = FINE | {"steps": 1500, "learning_rate": 2e-3, "averaging": 0.99, "validate_every": 100, "patience": 5}
FEWEST = 5  # series from which an interval over series says something


def fit_series(argv: Sequence[str], command: str, together: Team) -> None:
    """Trains, compares with the network it started from, and exports what beats it.

    Args:
        argv: flags, without the word "forecast".
        command: the whole command, for the record.
        together: the processes that train; the first one writes.

    Raises:
        UnrolledError: the file cannot be used, or the run could not start or had to stop.
    """
    arguments = _parser("--scratch" in argv).parse_args(argv)
    config = from_flags(TrainConfig, arguments)
    if config.batch < together.size:
        raise TrainingError(f"batch: expected at least one sequence for each of {together.size} processes")
    out = arguments.out or Path("weights") / arguments.data.stem
    if out.resolve() == arguments.start.resolve():
        raise TrainingError(f"{out} holds the weights to start from. Give another --out.")
    table = read_series_table(arguments.data, arguments.season, arguments.horizon)
    print("\n".join(table.notes))
    packaged = load(arguments.start)
    forecast, standing = packaged.forecaster
    if table.horizon > forecast.max_horizon:
        raise TrainingError(f"--horizon: expected at most {forecast.max_horizon}, found {table.horizon}")
    torch.manual_seed(config.seed)
    if arguments.scratch:
        cell = from_flags(CellConfig, arguments)
        forecast = ForecastConfig(encoder=cell, decoder=cell)
        network = ForecastNetwork(*feature_counts(forecast), forecast)
    else:
        network = copy.deepcopy(standing).requires_grad_(True)

    valid, test = (Validation(sets, forecast, synthetic=False) for sets in (table.valid, table.test))
    # the network it has to beat reads its own features, which may differ from those of one made from scratch
    before_valid, before_test = (
        Validation(sets, packaged.forecaster[0], synthetic=False) for sets in (table.valid, table.test)
    )
    pool = [RealSeries(one.values, one.season or 1, arguments.data.name, one.name) for one in table.train]
    batches = ForecastBatches(
        pool,
        forecast,
        config.seed,
        config.batch,
        config.real_share,
        config.steps,
        together,
        regimes_of(table),
        config.noise,
    )
    folder = RUNS / f"{out.name}-{_identity(table, network)}"
    history = train(network, batches, loss_of, valid, config, folder)

    losses = {"network": test.by_series(network), "zero-shot": before_test.by_series(standing)}
    scores = {
        "valid": {"network": valid(network), "zero-shot": before_valid(standing)},
        "test": {"network": test(network), "zero-shot": before_test(standing)},
    }
    model_config = ModelConfig(arguments.name or out.name, forecast=forecast)
    record = _record(arguments, command, config, table, network) | scores
    record["better_by"] = _better_by(losses["zero-shot"] - losses["network"])
    record["tails"] = _tails(table, packaged, Model(model_config, network, str(out)))
    print(json.dumps(record, indent=1))
    for found in diagnose(history, _facts(config, forecast, table, record)):
        print(f"{found.name}: {found.verdict} {' '.join(found.evidence)}")
        usable = found.change is not None and (arguments.scratch or hasattr(config, found.change.field))
        print(f"  {found.advice}" + (f" Try {found.change}." if usable else ""))
    if _wins(record, arguments.replace) and together.rank == 0:
        _export(out, model_config, network, history, record)


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


def _wins(record: dict[str, Any], replace: bool) -> bool:
    """Whether the new network beat the one before on both held-out tails, told in words."""
    words = "; ".join(
        f"{tail} tail {scores['network']:.4f}, before {scores['zero-shot']:.4f}"
        for tail, scores in ((tail, record[tail]) for tail in ("valid", "test"))
    )
    if all(record[tail]["network"] < record[tail]["zero-shot"] for tail in ("valid", "test")):
        print(f"Loss relative to the classical forecast: {words}. Better on both: keeping the new network.")
        return True
    print(f"Loss relative to the classical forecast: {words}. Not better on both: keeping the packaged network.")
    if replace:
        print("The new one is written all the same, as told by --replace.")
    return replace


def _better_by(saved: np.ndarray) -> list[float] | None:
    """Where the mean loss saved (N,) lies with 95 % confidence; None for too few series."""
    if len(saved) < FEWEST:
        return None
    return list(bootstrap_interval(lambda rows: float(saved[rows].mean()), len(saved)))


def _tails(table: SeriesTable, packaged: Model, fitted: Model) -> dict[str, dict[str, dict[str, float | None]]]:
    """MASE, WQL and coverage on the test tails, by set and method."""
    methods = {
        "seasonal naive": (seasonal_naive_quantiles, False),
        "zero-shot": (predictor_of(packaged), True),
        "network": (predictor_of(fitted), True),
    }
    rows: dict[str, dict[str, dict[str, float | None]]] = {}
    for part in table.test:
        rows[part.name] = {}
        for name, (predictor, band) in methods.items():
            scores = score_predictor(part, predictor, band)
            rows[part.name][name] = {"mase": scores.mase, "wql": scores.wql, "coverage": scores.coverage}
    return rows


def _facts(config: TrainConfig, forecast: ForecastConfig, table: SeriesTable, record: dict[str, Any]) -> Facts:
    interval = record["better_by"]
    zero_shot = Compared(
        "the network before",
        record["test"]["network"],
        record["test"]["zero-shot"],
        None if interval is None else (interval[0], interval[1]),
    )
    naive = [
        Compared("seasonal naive", rows["network"]["wql"], rows["seasonal naive"]["wql"])
        for rows in record["tails"].values()
    ]
    return Facts(config, forecast.decoder, rows=len(table.series), compared=(zero_shot, *naive))


def _record(
    arguments: argparse.Namespace, command: str, config: TrainConfig, table: SeriesTable, network: ForecastNetwork
) -> dict[str, Any]:
    """What `training.json` tells people about the run."""
    return {
        "command": command,
        "start": "scratch" if arguments.scratch else str(arguments.start),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "real_series": len(table.series),
        "data": {
            "file": arguments.data.name,
            "sha256": table.sha256,
            "series": len(table.series),
            "values": sum(map(len, table.series)),
            "horizon": table.horizon,
            "seasons": sorted({part.season for part in table.test}),
            "split": f"last {table.horizon} steps test, {table.horizon} before them validation, the rest training",
        },
        "versions": {"python": platform.python_version(), **{name: version(name) for name in ("torch", "numpy")}},
        "config": asdict(config),
    }


def _identity(table: SeriesTable, network: ForecastNetwork) -> str:
    """Ten letters that differ between files, tails and starting weights: no run goes on from another's state."""
    digest = hashlib.sha256(f"{table.sha256} {table.horizon} {[part.season for part in table.test]}".encode())
    for tensor in network.state_dict().values():
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:10]


def _export(out: Path, config: ModelConfig, network: ForecastNetwork, history: History, record: dict[str, Any]) -> None:
    extra = {
        "history.json": json.dumps(asdict(history), indent=1) + "\n",
        "training.json": json.dumps(record, indent=1) + "\n",
        "README.md": forecast_card(config, record, history, None),
    }
    save(config, network, out, extra)
    print(f"written to {out}")


def _parser(scratch: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.fit forecast --data FILE",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="file with one or many series")
    parser.add_argument(
        "--from", dest="start", type=Path, default=PACKAGED, help=f"weights to start from (default {PACKAGED})"
    )
    parser.add_argument("--scratch", action="store_true", help="start from new weights, whose cells have flags, too")
    parser.add_argument("--season", type=int, help="steps in a season (default: found)")
    parser.add_argument("--horizon", type=int, help="steps in each held-out tail (default: usual for the season)")
    parser.add_argument("--out", type=Path, help="checkpoint folder (default weights/NAME OF THE FILE)")
    parser.add_argument("--name", help="what the model card calls it (default: name of the folder)")
    parser.add_argument("--replace", action="store_true", help="write the new network even if it is not better")
    add_flags(parser.add_argument_group("training"), TrainConfig, SCRATCH if scratch else FINE)
    if scratch:
        add_flags(parser.add_argument_group("recurrent layers"), CellConfig)
    return parser
