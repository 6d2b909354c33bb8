"""python -m training.fit forecast --data FILE: fits the packaged forecaster to a person's own series

    python -m training.fit forecast --data sales.csv
    python -m training.fit forecast --data sales.csv --scratch --cell lstm --out runs/mine

What is trained on, held out and compared stands in `training/own_series.py`.  The network is kept only if it beats the
packaged one, or the one it started from, on both held-out ends, by more than chance may bring where the series are
enough to tell.  A run that was stopped goes on where it was when the same command is given again.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rnn_model.checkpoint import Model, load, save
from rnn_model.config import CellConfig
from rnn_model.errors import TrainingError
from training.config import TrainConfig
from training.flags import add_flags, from_flags, settings
from training.loop import state_folder
from training.own_series import FINE, SCRATCH, files_for_people, fit_own, report, versions
from training.parallel import Team
from training.place import RUNS, place_for
from training.table.series import read_series_table

PACKAGED = Path("weights/forecast")


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
    table = read_series_table(arguments.data, arguments.season, arguments.horizon)
    out = place_for(arguments.out, arguments.data, table.sha256, arguments.replace)
    if out.resolve() == arguments.start.resolve():
        raise TrainingError(f"{out} holds the weights to start from. Give another --out.")
    print("\n".join(table.notes))
    print(f"data sha256 {table.sha256}; seed {config.seed}")
    print(", ".join(f"{name} {number}" for name, number in versions().items()))
    standing = load(arguments.start)
    cell = from_flags(CellConfig, arguments) if arguments.scratch else None
    print(f"start: {'new weights' if cell else arguments.start}; {settings(config, cell)}")
    seasons = [part.season for part in table.test]
    decisive = (table.sha256, table.horizon, seasons, cell, standing.config, _digest(standing))
    folder = state_folder(RUNS, out.name, config, *decisive)
    fitted = fit_own(table, standing, folder, cell, config, arguments.name or out.name, together=together)
    print(report(fitted))
    if arguments.replace and not fitted.wins:
        print("The new one is written all the same, as told by --replace.")
    if (fitted.wins or arguments.replace) and together.rank == 0:
        model_config, (_, network) = fitted.model.config, fitted.model.forecaster
        save(model_config, network, out, files_for_people(table, fitted, model_config, command, out.as_posix()))
        print(f"written to {out}; try it: python app.py --weights {out}")


def _digest(model: Model) -> str:
    """Differs between models of different weights."""
    digest = hashlib.sha256()
    for tensor in model.network.state_dict().values():
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def add_own_flags(group: Any) -> None:
    """Adds the flags that say which series are trained on, and where to and from.

    Args:
        group: of an argument parser, or the parser.
    """
    group.add_argument("--data", type=Path, required=True, metavar="FILE", help="file with one or many series")
    group.add_argument(
        "--from", dest="start", type=Path, default=PACKAGED, help=f"weights to start from (default {PACKAGED})"
    )
    group.add_argument("--scratch", action="store_true", help="start from new weights, whose cells have flags, too")
    group.add_argument("--season", type=int, help="steps in a season (default: found)")
    group.add_argument("--horizon", type=int, help="steps in each held-out tail (default: usual for the season)")
    group.add_argument("--out", type=Path, help="checkpoint folder (default runs/FILE-model)")
    group.add_argument("--name", help="what the model card calls it (default: name of the folder)")
    group.add_argument(
        "--replace", action="store_true", help="write the new network even if it is not better, or another one is there"
    )


def _parser(scratch: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.fit forecast",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_own_flags(parser)
    add_flags(parser.add_argument_group("training"), TrainConfig, asdict(SCRATCH if scratch else FINE))
    if scratch:
        add_flags(parser.add_argument_group("recurrent layers"), CellConfig)
    return parser
