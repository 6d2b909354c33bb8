"""python -m training.fit: data -> train -> score -> checkpoint folder.

    python -m training.fit                                    trains the packaged forecaster anew
    python -m training.fit forecast --out runs/mine --steps 2000 --cell gru
    python -m training.fit forecast --data sales.csv          fits the packaged forecaster to series of your own
    python -m training.fit classify                           trains the packaged language identifier anew
    python -m training.fit classify --data FILE               trains on texts and labels of your own; see its --help

A run that was stopped goes on where it was when the same command is given again.
"""

from __future__ import annotations

import argparse
import io
import json
import platform
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from statistics import geometric_mean
from typing import Any

import torch

from rnn_model.checkpoint import load, refuse_target, save
from rnn_model.config import FAMILIES, LOG_FAMILIES, CellConfig, ForecastConfig, ModelConfig
from rnn_model.encode import feature_counts
from rnn_model.errors import ConfigError, TrainingError, UnrolledError
from rnn_model.network import ForecastNetwork
from training.batches import ForecastBatches
from training.benchmarks import BenchmarkSet
from training.card import forecast_card
from training.config import TrainConfig
from training.fit_series import add_own_flags, fit_series
from training.fit_text import fit_classifier
from training.flags import add_flags, flag_for, from_flags
from training.forecasting import Validation, calibrated, configured, loss_of, shrunk
from training.loop import state_folder, train
from training.own_series import FINE
from training.parallel import Team, expected_size, joined
from training.place import RUNS
from training.real_series import development_sets, training_pool
from training.tails import kept_back

OUT = Path("weights/forecast")
# What made the packaged forecaster; docs/research-log.md has what else was tried.
RECIPE: dict[str, Any] = {
    "steps": 2000,
    "learning_rate": 4e-3,
    "validate_every": 1000,
    "real_share": 0.6,
    "noise": 0.1,
    "weight_decay": 0.1,
}
# Rectified units that start as accumulators (IRNN, Le et al. 2015) learn to count how often what was read.
CELL: dict[str, Any] = {"activation": "relu", "initialisation": "identity"}


def main(argv: Sequence[str] | None = None) -> int:
    """Trains and exports; returns 0 if it went well, 1 with a message on standard error if not."""
    given = sys.argv[1:] if argv is None else list(argv)
    command = shlex.join(["python", "-m", "training.fit", *given])
    try:
        if given[:1] == ["classify"]:
            if (size := expected_size()) > 1:
                fix = "Start it without torchrun; a forecaster can be trained by several."
                raise TrainingError(f"classify: expected one process, found {size}. {fix}")
            fit_classifier(given[1:], command)
            return 0
        if any(flag.partition("=")[0] == "--data" for flag in given):
            with joined() as together, _speaking(together):
                fit_series(given[given[:1] == ["forecast"] :], command, together)
            return 0
        arguments = _parser(CELL).parse_args(given)
        if arguments.cell != CellConfig.cell:  # what is usual for one cell may not be defined for another
            arguments = _parser({}).parse_args(given)
        with joined() as together, _speaking(together):
            _fit_forecast(arguments, command, together)
    except ConfigError as error:
        print(error.renamed(flag_for), file=sys.stderr)
        return 1
    except UnrolledError as error:
        print(error, file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        fix = "Run: pip install -r training/requirements.txt"
        print(f"expected the package {error.name}, found none. {fix}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command carries on from the last validation", file=sys.stderr)
        return 130
    return 0


@contextmanager
def _speaking(together: Team) -> Iterator[None]:
    """The first of several processes speaks for all."""
    if together.rank == 0:
        yield
        return
    with redirect_stdout(io.StringIO()):
        yield


def _fit_forecast(arguments: argparse.Namespace, command: str, together: Team) -> None:
    config = from_flags(TrainConfig, arguments)
    if config.batch < together.size:
        raise TrainingError(f"batch: expected at least one sequence for each of {together.size} processes")
    refuse_target(arguments.out)
    cell = from_flags(CellConfig, arguments)
    forecast = ForecastConfig(
        encoder=None if arguments.no_encoder else cell,
        decoder=cell,
        families=tuple(arguments.families),
        log_families=tuple(arguments.log_families),
    )
    real = config.real_share > 0
    pool, ends = kept_back(training_pool()) if real else ((), ())
    unfamiliar = development_sets() if real else ()
    held_out = (*unfamiliar, *ends)
    validation = Validation(held_out, forecast)
    batches = ForecastBatches(
        pool,
        forecast,
        config.seed,
        config.batch,
        config.real_share,
        config.steps,
        together,
        noise=config.noise,
    )

    torch.manual_seed(config.seed)
    network = ForecastNetwork(*feature_counts(forecast), forecast)
    size = sum(parameter.numel() for parameter in network.parameters())
    print(f"{arguments.name}: {size:,} parameters; {len(pool):,} real series; synthetic series without end")
    if together.size > 1:
        print(f"{together.size} processes share each batch")

    def validate(trained: ForecastNetwork) -> float:
        """As it may be kept: unshrunk, one that trains on looks worse than it will be."""
        return validation(configured(trained, shrunk(trained, forecast, validation)) if real else trained)

    history = train(
        network, batches, loss_of, validate, config, state_folder(RUNS, arguments.out.name, config, forecast)
    )

    print(f"stopped: {history.stopped}; best at step {history.epochs[history.best].step:,}")
    kept = forecast
    if real:
        before, kept = validation(network), shrunk(network, forecast, validation)
        network = configured(network, kept)
        print(f"{kept.shrinkage:g} of what moves the median kept, at high frequency ", end="")
        print(f"{kept.shrinkage_high_frequency:g}: on held-out series {before:.4f} -> {validation(network):.4f}")
    before = validation.coverage(network)
    widest = calibrated(network, kept, validation)
    model_config = ModelConfig(name=arguments.name, forecast=widest)
    network = configured(network, widest)
    print(f"bands widened by {widest.widening:g}, at high frequency by {widest.widening_high_frequency:g}: ", end="")
    print(f"held-out coverage {before:.3f} -> {validation.coverage(network):.3f}")
    relative = validation.relative(network)
    for name, value in relative.items():
        print(f"  {name:<24} {value:.3f} of the classical loss")
    if together.rank == 0 and _worth_keeping(network, validation, held_out, arguments):
        record = _record(command, config, network, relative, len(pool))
        extra = {
            "history.json": json.dumps(asdict(history), indent=1) + "\n",
            "training.json": json.dumps(record, indent=1) + "\n",
            "README.md": forecast_card(model_config, record, history, None),
        }
        save(model_config, network, arguments.out, extra)
        print(f"written to {arguments.out}")


def _worth_keeping(
    network: ForecastNetwork, validation: Validation, held_out: Sequence[BenchmarkSet], arguments: argparse.Namespace
) -> bool:
    """Whether the new network may take the place of what is at `--out`."""
    if arguments.replace or not arguments.out.exists():
        return True
    standing = load(arguments.out)
    standing_config, standing_network = standing.forecaster
    before = geometric_mean(Validation(held_out, standing_config).losses(standing_network).values())
    now = geometric_mean(validation.losses(network).values())
    if now < before:
        print(f"validation loss {now:.4f} is better than {before:.4f} of {arguments.out}")
        return True
    print(
        f"validation loss {now:.4f} is not better than {before:.4f} of {arguments.out}, which stays as it is. "
        "Give --replace to overwrite it, or another --out."
    )
    return False


def _record(
    command: str, config: TrainConfig, network: ForecastNetwork, relative: dict[str, float], pool: int
) -> dict[str, Any]:
    """What `training.json` tells people about the run."""
    return {
        "command": command,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "real_series": pool,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in ("torch", "numpy")}},
        "config": asdict(config),
        "validation_relative_to_classical": relative,
    }


def _parser(cell: Mapping[str, Any]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.fit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_flags_with_data(),
    )
    parser.add_argument("kind", nargs="?", choices=("forecast", "classify"), default="forecast", help="what to train")
    parser.add_argument("--out", type=Path, default=OUT, help=f"checkpoint folder (default {OUT})")
    parser.add_argument("--name", default="unrolled-forecast", help="what the model card calls it")
    parser.add_argument("--replace", action="store_true", help="overwrite the checkpoint even if it scores better")
    parser.add_argument("--no-encoder", action="store_true", help="leave the history to the classical forecasts")
    parser.add_argument(
        "--families", nargs="+", choices=FAMILIES, default=FAMILIES, metavar="NAME", help="classical forecasts to use"
    )
    parser.add_argument(
        "--log-families",
        nargs="*",
        choices=FAMILIES,
        default=LOG_FAMILIES,
        metavar="NAME",
        help="those to make from the logarithms, too; none at all without a name",
    )
    for record, usual in ((TrainConfig, RECIPE), (CellConfig, cell)):
        add_flags(parser.add_argument_group(record.__name__), record, usual)
    return parser


def _flags_with_data() -> str:
    """What there is for series of one's own; told here, since without --data those flags mean nothing."""
    packaged = asdict(TrainConfig()) | RECIPE
    other = [f"{name} {value}" for name, value in asdict(FINE).items() if value != packaged[name]]
    shown = argparse.ArgumentParser(usage=argparse.SUPPRESS, add_help=False)
    add_own_flags(
        shown.add_argument_group(
            "with --data",
            f"beside the flags of {TrainConfig.__name__}, with other defaults ({', '.join(other)}), and with --scratch "
            f"those of {CellConfig.__name__}:",
        )
    )
    return shown.format_help()


if __name__ == "__main__":
    sys.exit(main())
