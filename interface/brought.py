"""A checkpoint that a visitor brings: uploaded files, a ZIP of the folder, or a Hub id; bounded, and loaded strictly"""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from weakref import WeakSet

from rnn_model import Model
from rnn_model.checkpoint import CARD, CONFIG, WEIGHTS, load, load_from_hub
from rnn_model.config import check, within
from rnn_model.errors import CheckpointError

FILE_TYPES = [".zip", ".safetensors", ".json", ".md"]
MOST_BYTES = 16_000_000  # of a checkpoint, unpacked
MOST_ENTRIES = 100  # of a ZIP file
MOST_HELD = 2_000_000_000  # bytes of all visitors' networks together
_PAPERS = (CARD, "history.json", "history-bag.json", "scores.json", "training.json")
_HELP = f"Give {CONFIG} and {WEIGHTS}, or a ZIP file of the folder that holds them."
_HELD: WeakSet[Model] = WeakSet()  # forgotten here as soon as the visit forgets them


def from_files(paths: Sequence[str]) -> Model:
    """The model in uploaded files; the files are deleted.

    Raises:
        CheckpointError, ConfigError: they are no checkpoint, or more than a visitor may bring.
    """
    files: dict[str, bytes] = {}
    uploaded = [Path(path) for path in paths]
    try:
        for path in uploaded:
            found = _unpacked(path) if path.suffix.lower() == ".zip" else {path.name: path.read_bytes()}
            twice = files.keys() & found.keys()
            if twice:
                raise CheckpointError(f"{', '.join(sorted(twice))}: expected once, found twice. {_HELP}")
            files |= {name: content for name, content in found.items() if name in (CONFIG, WEIGHTS, *_PAPERS)}
    finally:
        for path in uploaded:
            path.unlink(missing_ok=True)
    missing = [name for name in (CONFIG, WEIGHTS) if name not in files]
    if missing:
        names = ", ".join(path.name for path in uploaded) or "nothing"
        raise CheckpointError(f"{' and '.join(missing)}: expected among the files, found {names}. {_HELP}")
    _refuse_size(sum(map(len, files.values())))
    with tempfile.TemporaryDirectory() as place:
        for name, content in files.items():
            (Path(place) / name).write_bytes(content)
        try:
            model = load(place)
        except CheckpointError as error:
            raise CheckpointError(str(error).replace(f"{place}{os.sep}", "")) from None
    return _accepted(replace(model, source="files you chose"))


def from_hub(hub_id: str) -> Model:
    """A public model on the Hugging Face Hub; nothing of it stays on the disk.

    Raises:
        CheckpointError, ConfigError: there is none, the Hub cannot be reached, or it is more than a visitor may bring.
    """
    return _accepted(load_from_hub(hub_id.strip(), MOST_BYTES))


def _unpacked(path: Path) -> dict[str, bytes]:
    """The files of a checkpoint in a ZIP file, by their plain names; all else in it is left alone."""
    files: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(path) as packed:
            if len(packed.infolist()) > MOST_ENTRIES:
                found = len(packed.infolist())
                raise CheckpointError(f"{path.name}: expected at most {MOST_ENTRIES} files, found {found}. {_HELP}")
            for entry in packed.infolist():
                name = entry.filename.rsplit("/", 1)[-1]
                if name not in (CONFIG, WEIGHTS, *_PAPERS) or entry.filename.startswith("__MACOSX/"):
                    continue
                if name in files:
                    raise CheckpointError(f"{path.name}: expected one checkpoint, found {name} twice. {_HELP}")
                with packed.open(entry) as member:  # what it claims to unpack to may be a lie
                    files[name] = member.read(MOST_BYTES + 1)
                _refuse_size(sum(map(len, files.values())))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise CheckpointError(f"{path.name}: expected a ZIP file, found one that cannot be read ({error}).") from None
    return files


def _refuse_size(size: int) -> None:
    if size > MOST_BYTES:
        raise CheckpointError(
            f"The checkpoint: expected at most {MOST_BYTES / 1e6:.0f} MB, found more. "
            "Load it on a machine of your own: python app.py --weights FOLDER"
        )


def _accepted(model: Model) -> Model:
    """The model, if the server can answer with it in good time and has room for it."""
    forecast, text = model.config.forecast, model.config.text
    if forecast is not None:
        check(
            within("context", forecast.context, 8, 5000),
            within("window", forecast.window, 8, 512),
            within("max_horizon", forecast.max_horizon, 1, 1000),
        )
    if text is not None:
        longest = within("longest", text.longest, 1, 5000)
        check(longest, within("number of labels", len(text.labels), 2, 1000))
    taken = sum(_bytes(held) for held in _HELD)
    if taken + _bytes(model) > MOST_HELD:
        raise CheckpointError("This server holds as many visitors' networks as it can: try again in an hour.")
    _HELD.add(model)
    return model


def _bytes(model: Model) -> int:
    return sum(parameter.numel() * parameter.element_size() for parameter in model.network.parameters())
