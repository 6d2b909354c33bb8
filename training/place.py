"""Where a network of a person's own data is kept: known to be free before anything is trained"""

from __future__ import annotations

import json
from pathlib import Path

from rnn_model.checkpoint import CONFIG, refuse_target
from rnn_model.errors import TrainingError

RUNS = Path("runs")


def place_for(out: Path | None, data: Path, sha256: str, replace: bool) -> Path:
    """The folder for the checkpoint: the one asked for, or one in RUNS that is called like the file.

    Args:
        out: as asked for.
        data: the file that is trained on.
        sha256: of what it holds.
        replace: whether a network of other data may be lost.

    Raises:
        CheckpointError: something else than a checkpoint is there.
        TrainingError: a network of other data is there.
    """
    folder = out or RUNS / f"{data.stem}-model"
    refuse_target(folder)
    if (folder / CONFIG).exists() and not replace and _trained_on(folder) != sha256:
        raise TrainingError(
            f"{folder}: expected a free folder or a network of the same table, found another network. "
            "Give another --out, or --replace to lose that one."
        )
    return folder


def _trained_on(folder: Path) -> str | None:
    """The hash of the table, if the network in the folder was trained on one."""
    try:
        record = json.loads((folder / "training.json").read_text(encoding="utf-8"))
        return str((record.get("table") or record["data"])["sha256"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
