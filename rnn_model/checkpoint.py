"""A checkpoint folder: the sole place that knows its format.

    weights/forecast/
        config.json          ModelConfig, all that is needed to rebuild the network and to read its input
        model.safetensors    the weights under the names of the network's `state_dict()`, float32; the embedding of a
                             text network, which is most of it, float16
        README.md, *.json    for people (model card, learning curve, scores); predictions never depend on them

Safetensors (https://github.com/huggingface/safetensors) is a header of names, types and shapes followed by plain
numbers.  Reading it runs no code; reading a pickle can, so pickles are refused.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as write_tensors
from torch import Tensor, nn

from rnn_model.config import ForecastConfig, ModelConfig, TextConfig
from rnn_model.encode import feature_counts
from rnn_model.errors import CheckpointError, ConfigError
from rnn_model.network import ForecastNetwork, TextNetwork

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
CARD = "README.md"
_HALVED = "embedding.weight"

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_HUB_FILES = ["*.json", WEIGHTS, CARD]
_FOR_PEOPLE = (".json", ".md")
_LONGEST_PAPER = 1_000_000  # bytes
_HARMLESS = 10_000_000  # weights that any machine can make room for
_AGAIN = "take the whole folder from its source again, or train it anew with python -m training.fit."


@dataclass(frozen=True, eq=False)
class Model:
    """A network ready to predict, with what it takes to feed it.

    Attributes:
        config: as read from the checkpoint.
        network: on the CPU, float32, in evaluation mode, parameters frozen.
        source: the folder it was loaded from, or Hub id @ commit.
        papers: name -> text of the files for people beside the weights; empty for a model that was never saved.
    """

    config: ModelConfig
    network: ForecastNetwork | TextNetwork
    source: str
    papers: Mapping[str, str] = field(default_factory=dict)

    @property
    def forecaster(self) -> tuple[ForecastConfig, ForecastNetwork]:
        """What forecasts.

        Raises:
            CheckpointError: this model classifies texts.
        """
        if self.config.forecast is None or not isinstance(self.network, ForecastNetwork):
            raise CheckpointError(f"{self.source}: expected a model that forecasts, found one that classifies texts.")
        return self.config.forecast, self.network

    @property
    def classifier(self) -> tuple[TextConfig, TextNetwork]:
        """What classifies texts.

        Raises:
            CheckpointError: this model forecasts.
        """
        if self.config.text is None or not isinstance(self.network, TextNetwork):
            raise CheckpointError(f"{self.source}: expected a model that classifies texts, found one that forecasts.")
        return self.config.text, self.network


def load(source: str | Path, revision: str | None = None) -> Model:
    """Rebuilds a model from a checkpoint.

    Args:
        source: a folder, or the id "user/name" of a model on the Hugging Face Hub.  A folder that exists wins.  What
            the Hub gave once is kept in its client's cache and loads without a connection afterwards.
        revision: branch, tag or commit on the Hub; None takes the main branch.

    Raises:
        CheckpointError: there is no such checkpoint, or a file of it is missing, damaged, or does not fit the others.
    """
    folder = _present(Path(source).expanduser())
    if folder is not None:
        if revision is not None:
            raise CheckpointError(
                f"{source}: expected a Hugging Face Hub id with revision {revision!r}, found a folder of that name. "
                "Leave the revision out, or rename the folder."
            )
        return _from_folder(folder, str(source))
    if isinstance(source, str) and _HUB_ID.fullmatch(source):
        folder = Path(_downloaded(source, revision))
        return _from_folder(folder, f"{source}@{folder.name}")
    raise CheckpointError(
        f"{source}: expected a checkpoint folder holding {CONFIG} and {WEIGHTS}, found no such folder. "
        "Correct the path, or train a model with python -m training.fit."
    )


def load_from_hub(hub_id: str, most_bytes: int) -> Model:
    """Rebuilds a model that a stranger named: as `load`, but nothing is kept on the disk, and no login is used.

    Args:
        hub_id: "user/name" of a public model on the Hugging Face Hub.
        most_bytes: more than that is not downloaded.

    Raises:
        CheckpointError: as `load`, or the files are too large.
    """
    if not _HUB_ID.fullmatch(hub_id):
        raise CheckpointError(f"{hub_id!r}: expected the id of a model on the Hugging Face Hub, such as user/name.")
    with tempfile.TemporaryDirectory() as place:
        planned = _downloaded(hub_id, None, cache_dir=place, token=False, dry_run=True)
        size = sum(file.file_size for file in planned)
        if size > most_bytes:
            raise CheckpointError(
                f"{hub_id}: expected at most {most_bytes / 1e6:.0f} MB, found {size / 1e6:.1f} MB. "
                "Load it on a machine of your own: python app.py --weights " + hub_id
            )
        folder = Path(_downloaded(hub_id, planned[0].commit_hash if planned else None, cache_dir=place, token=False))
        try:
            return _from_folder(folder, f"{hub_id}@{folder.name}")
        except CheckpointError as error:
            raise CheckpointError(str(error).replace(f"{folder}{os.sep}", f"{hub_id}: ")) from error


def stored_bytes(model: Model) -> int:
    """What the weights take in a file."""
    return sum(tensor.numel() * tensor.element_size() for tensor in _stored(model.network).values())


def save(
    config: ModelConfig,
    network: ForecastNetwork | TextNetwork,
    folder: str | Path,
    extra: Mapping[str, str] | None = None,
) -> None:
    """Writes a checkpoint folder, replacing the one that is there.

    The new folder is written beside the old one and renamed, so a process killed at any moment leaves one of them
    whole: between the two renames the old one stands under another name, where `load` and the next `save` find it.

    Args:
        config: what `load` will rebuild the network from.
        network: its weights are written as they are, an embedding rounded to float16.
        folder: of a previous checkpoint, empty, or not there yet; nothing else is ever replaced.
        extra: name -> text of files for people, .md or .json.

    Raises:
        CheckpointError: the network does not fit the configuration or holds numbers that are not finite, the folder
            holds something else than a checkpoint, an extra name is not usable, or the disk refuses.
    """
    target = Path(folder).expanduser().resolve()
    extra = extra or {}
    weights = _stored(network)
    _refuse_names(extra)
    mistakes = _mistakes(weights, _built(config))
    if mistakes:
        raise CheckpointError(_listed(f"{target.name}: the network does not fit its configuration", mistakes))

    fresh, retired = _sibling(target, "new"), _sibling(target, "old")
    files = {name: text.encode() for name, text in extra.items()}
    files[CONFIG] = (json.dumps(config.to_dict(), indent=2, allow_nan=False) + "\n").encode()
    files[WEIGHTS] = write_tensors(weights)
    try:
        if retired.is_dir() and not target.exists():
            retired.rename(target)
        refuse_target(target)
        for leftover in (fresh, retired):
            if leftover.exists():
                shutil.rmtree(leftover)
        fresh.mkdir(parents=True)
        for name, content in files.items():
            _write(fresh / name, content)
        _flush_folder(fresh)
        if target.exists():
            target.rename(retired)
        fresh.rename(target)
        _flush_folder(target.parent)
        if retired.exists():
            shutil.rmtree(retired)
    except OSError as error:
        raise CheckpointError(
            f"{target}: expected a place to write a checkpoint, found: {error.strerror or error}. "
            "Free some space or choose another folder."
        ) from error


def _sibling(folder: Path, role: str) -> Path:
    return folder.parent / f".{folder.name}.{role}"


def _present(folder: Path) -> Path | None:
    """The folder, or the one that an interrupted `save` moved aside, or None."""
    if folder.exists():
        return folder
    retired = _sibling(folder.resolve(), "old")
    return retired if retired.is_dir() else None


def _downloaded(hub_id: str, revision: str | None, **options: Any) -> Any:
    """The Hub client's local copy of a model, whose last part is the commit; what it would be if a dry run is asked."""
    from huggingface_hub import snapshot_download

    try:
        return snapshot_download(hub_id, revision=revision, allow_patterns=_HUB_FILES, **options)
    except Exception as error:  # the client's own errors and those of the HTTP library under it, which changes
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        at = f" at revision {revision!r}" if revision else ""
        raise CheckpointError(
            f"{hub_id}: expected a checkpoint folder of that path, or a model of that id{at} on the Hugging Face Hub; "
            f"found no such folder, and the Hub answered: {reason} "
            "Correct the path or the id, check the connection, or log in if the model is private."
        ) from error


def _from_folder(folder: Path, source: str) -> Model:
    config = _config(folder / CONFIG)
    weights = _weights(folder / WEIGHTS)
    claimed, there = _least_numbers(config), sum(tensor.numel() for tensor in weights.values())
    if claimed > max(there, _HARMLESS):  # what a configuration claims must not fill the memory
        mistakes = [f"all weights together: expected at least {claimed:,} numbers, found {there:,}"]
    else:
        network = _built(config)
        mistakes = _mistakes(weights, network)
    if mistakes:
        raise CheckpointError(
            _listed(f"{folder / WEIGHTS}: the weights do not fit {CONFIG}", mistakes)
            + f"\nBoth files must come from the same training run. To repair it, {_AGAIN}"
        )
    network.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    return Model(config, network.eval().requires_grad_(False), source, _papers(folder))


def _papers(folder: Path) -> dict[str, str]:
    """The files for people as far as they can be read: name -> text."""
    papers = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in _FOR_PEOPLE and path.name != CONFIG:
            with suppress(OSError):
                if path.stat().st_size <= _LONGEST_PAPER:
                    papers[path.name] = path.read_text("utf-8", errors="replace")
    return papers


def _least_numbers(config: ModelConfig) -> int:
    """How many weights a network has at least."""
    forecast, text = config.forecast, config.text
    cells = (forecast.encoder, forecast.decoder) if forecast else (text.recurrent,) if text else ()
    recurrent = sum(cell.layers * cell.hidden_size**2 for cell in cells if cell is not None)
    return recurrent + (text.buckets * text.embedding if text else 0)


def _built(config: ModelConfig) -> ForecastNetwork | TextNetwork:
    """The network that a configuration describes, its weights yet to come."""
    with torch.random.fork_rng(devices=[]):  # drawing weights that are thrown away must not shift the caller's draws
        if config.forecast is not None:
            return ForecastNetwork(*feature_counts(config.forecast), config.forecast)
        assert config.text is not None, "a configuration has one of the two"
        return TextNetwork(config.text)


def _stored(network: nn.Module) -> dict[str, Tensor]:
    """The weights as a file holds them."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    return {name: tensor.half() if name == _HALVED else tensor for name, tensor in weights.items()}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{path}: expected a readable file, found: {error.strerror or error}. "
            f"A checkpoint folder holds {CONFIG} and {WEIGHTS}. To repair it, {_AGAIN}"
        ) from error


def _config(path: Path) -> ModelConfig:
    content = _bytes(path)
    try:
        return ModelConfig.from_dict(json.loads(content))
    except ConfigError as error:
        raise CheckpointError(f"{path}: {error}. Correct the entry, or {_AGAIN}") from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path}: expected JSON, found {_kind(content)} ({error}). To repair it, {_AGAIN}"
        ) from error


def _weights(path: Path) -> dict[str, Tensor]:
    content = _bytes(path)
    try:
        return read_tensors(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{path}: expected weights in the safetensors format, found {_kind(content)} ({error}). "
            f"To repair it, {_AGAIN}"
        ) from error


def _kind(content: bytes) -> str:
    """What a file is that is not what its name says."""
    if content.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS instead of the file: run git lfs pull"
    if content.startswith((b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")):
        return "a pickle or archive as torch.save writes it, which is not opened because opening it can run code"
    return f"{len(content):,} bytes that are damaged, cut off, or of another format"


def _mistakes(weights: Mapping[str, Tensor], network: nn.Module) -> list[str]:
    """Every weight that is missing, too many, of another shape or type, or not finite, in words."""
    expected = _stored(network)
    mistakes = [f"{name}: expected {_form(expected[name])}, found nothing" for name in expected.keys() - weights.keys()]
    for name, tensor in weights.items():
        form = _form(expected[name]) if name in expected else "nothing"
        if _form(tensor) != form:
            mistakes.append(f"{name}: expected {form}, found {_form(tensor)}")
        elif not tensor.isfinite().all():
            bad = int((~tensor.isfinite()).sum())
            mistakes.append(f"{name}: expected finite numbers, found {bad} of {tensor.numel()} nan or infinite")
    return sorted(mistakes)


def _listed(heading: str, mistakes: list[str]) -> str:
    return f"{heading}:\n  " + "\n  ".join(mistakes)


def _form(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


def _refuse_names(extra: Mapping[str, str]) -> None:
    for name in extra:
        if name in (CONFIG, WEIGHTS) or Path(name).name != name or Path(name).suffix not in _FOR_PEOPLE:
            raise CheckpointError(
                f"{name!r}: expected the plain name of a further .md or .json file. {CONFIG} and {WEIGHTS} are written "
                "from the configuration and the network."
            )


def refuse_target(target: Path) -> None:
    """Raises CheckpointError unless `target` is free, empty, or a checkpoint with nothing else that would be lost."""
    if not target.exists():
        return
    if not target.is_dir():
        raise CheckpointError(f"{target}: expected a folder, found a file. Choose another folder.")
    entries = sorted(target.iterdir())
    others = [entry.name for entry in entries if entry.is_dir() or entry.suffix not in (*_FOR_PEOPLE, ".safetensors")]
    if others or (entries and not (target / CONFIG).exists()):
        raise CheckpointError(
            f"{target}: expected a checkpoint to replace, found {', '.join(others) or 'files without ' + CONFIG}. "
            "Choose an empty folder or one that does not exist yet."
        )


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Makes new names in a folder survive a power cut; Windows does so by itself and cannot open folders."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
