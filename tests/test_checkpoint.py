"""Checkpoints: what is saved is what is loaded, damage is named, and a kill leaves a whole folder."""

from __future__ import annotations

import contextlib
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import huggingface_hub.constants
import hypothesis
import pytest
import torch
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tiny_checkpoint import FOLDER, tiny
from torch import Tensor

from rnn_model import checkpoint
from rnn_model.checkpoint import load, save
from rnn_model.config import CELLS, CellConfig, ForecastConfig, ModelConfig
from rnn_model.encode import feature_counts
from rnn_model.errors import CheckpointError
from rnn_model.network import ForecastInputs, ForecastNetwork

FORECASTS = len(ForecastConfig().families) + len(ForecastConfig().log_families)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound checkpoint to damage."""
    return Path(shutil.copytree(FOLDER, tmp_path / "model"))


def built(config: ModelConfig) -> ForecastNetwork:
    return ForecastNetwork(*feature_counts(config.forecast), config.forecast)


def other() -> tuple[ModelConfig, ForecastNetwork]:
    """The tiny model under another name, with other weights."""
    config, network = tiny()
    with torch.no_grad():
        network.head.bias += 1
    return ModelConfig("other", config.forecast), network


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def edit_config(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "config.json"
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


def edit_weights(folder: Path, edit: Callable[[dict[str, Tensor]], object]) -> None:
    path = folder / "model.safetensors"
    weights = load_file(path)
    edit(weights)
    save_file(weights, path)


def complaint(source: str | Path, **options: str) -> str:
    with pytest.raises(CheckpointError) as caught:
        load(source, **options)
    return str(caught.value)


# --- what is saved is what is loaded


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("encoder", [True, False], ids=["encoder", "no encoder"])
def test_round_trip(tmp_path: Path, cell: str, encoder: bool) -> None:
    layers = CellConfig(cell=cell, hidden_size=5, layers=2, dropout=0.2)
    config = ModelConfig("ours", ForecastConfig(encoder=layers if encoder else None, decoder=layers, context=99))
    network = built(config)
    save(config, network, tmp_path / "a" / "b", {"README.md": "# ours\n", "history.json": "{}"})
    model = load(tmp_path / "a" / "b")
    assert model.config == config
    assert model.source == str(tmp_path / "a" / "b")
    assert model.network.state_dict().keys() == network.state_dict().keys()
    for name, weight in model.network.state_dict().items():
        assert torch.equal(weight, network.state_dict()[name])
    assert sorted(contents(tmp_path / "a" / "b")) == ["README.md", "config.json", "history.json", "model.safetensors"]
    assert (tmp_path / "a" / "b" / "README.md").read_text() == "# ours\n"


def test_a_loaded_network_is_ready_to_predict() -> None:
    network = load(str(FOLDER)).network
    assert not any(module.training for module in network.modules())
    for weight in network.parameters():
        assert (weight.dtype, weight.device.type, weight.requires_grad) == (torch.float32, "cpu", False)


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        save(*tiny(), tmp_path / name)
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_loading_and_saving_leave_random_numbers_alone(folder: Path) -> None:
    before = torch.get_rng_state()
    load(folder)
    save(*tiny(), folder)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_committed_checkpoint_is_what_its_script_writes() -> None:
    config, network = tiny()
    model = load(FOLDER)
    assert model.config == config
    for name, weight in model.network.state_dict().items():
        # orthogonal matrices come from LAPACK, whose last bits differ between processors
        torch.testing.assert_close(weight, network.state_dict()[name], rtol=1e-5, atol=1e-6)


def test_the_committed_checkpoint_predicts_what_it_always_did() -> None:
    """Golden numbers of the network alone; processors that sum in another order differ by a few float32 roundings,
    2e-6 each at 25, so 1e-4 is ample and far below what a wrong weight does."""
    past, ahead = feature_counts(load(FOLDER).config.forecast)
    inputs = ForecastInputs(
        past=torch.linspace(-2, 2, 2 * 6 * past).reshape(2, 6, past),
        lengths=torch.tensor([6, 3]),
        ahead=torch.linspace(-1, 1, 2 * 2 * ahead).reshape(2, 2, ahead),
        forecasts=torch.linspace(10, 21, 2 * 2 * FORECASTS).reshape(2, 2, FORECASTS),
        evidence=torch.linspace(-1, 1, 2 * FORECASTS).reshape(2, FORECASTS),
        spread=torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
        high_frequency=torch.tensor([False, True]),
    )
    quantiles, _ = load(FOLDER).network(inputs)
    golden = torch.tensor(
        [
            [[10.30091, 11.67539, 12.94381], [11.65907, 14.44456, 16.98638]],
            [[12.56737, 16.79205, 20.66762], [13.98499, 19.29845, 24.50692]],
        ]
    )
    torch.testing.assert_close(quantiles[:, :, ::4], golden, rtol=0, atol=1e-4)


# --- damage is named


def test_unknown_config_key(folder: Path) -> None:
    edit_config(folder, lambda data: data["forecast"].update(contxt=5))
    message = complaint(folder)
    assert str(folder / "config.json") in message
    assert "config.forecast: unknown key 'contxt' (did you mean 'context'?)" in message


def test_config_value_out_of_range(folder: Path) -> None:
    edit_config(folder, lambda data: data["forecast"].update(window=0))
    assert "window: expected a whole number from 8 to 4096, found 0" in complaint(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"null", b"[1]", b'"a"'])
def test_config_that_is_not_json_or_not_an_object(folder: Path, content: bytes) -> None:
    (folder / "config.json").write_bytes(content)
    message = complaint(folder)
    assert str(folder / "config.json") in message
    assert "expected" in message
    assert "found" in message


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_missing_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    message = complaint(folder)
    assert str(folder / name) in message
    assert "No such file" in message
    assert "training.fit" in message


def test_missing_folder(tmp_path: Path) -> None:
    assert "found no such folder" in complaint(tmp_path / "nowhere")
    assert "found no such folder" in complaint(str(tmp_path / "nowhere"))
    assert "found no such folder" in complaint("nowhere")


def test_a_file_in_place_of_the_folder(folder: Path) -> None:
    assert "Not a directory" in complaint(folder / "config.json")


def test_every_wrong_weight_is_named_at_once(folder: Path) -> None:
    def spoil(weights: dict[str, Tensor]) -> None:
        del weights["head.bias"]
        weights["heed.bias"] = torch.zeros(9)
        weights["head.weight"] = torch.zeros(9, 3)
        weights["decoder.project.bias"] = weights["decoder.project.bias"].double()
        weights["encoder.project.bias"][1] = torch.nan
        weights["encoder.project.weight"][0, :2] = torch.inf

    edit_weights(folder, spoil)
    message = complaint(folder)
    assert str(folder / "model.safetensors") in message
    for line in (
        "head.bias: expected (9,) float32, found nothing",
        "heed.bias: expected nothing, found (9,) float32",
        "head.weight: expected (9, 4) float32, found (9, 3) float32",
        "decoder.project.bias: expected (4,) float32, found (4,) float64",
        "encoder.project.bias: expected finite numbers, found 1 of 4 nan or infinite",
        "encoder.project.weight: expected finite numbers, found 2 of",
    ):
        assert f"\n  {line}" in message
    assert "same training run" in message


def test_weights_of_another_size(folder: Path) -> None:
    def widen(data: dict[str, Any]) -> None:
        data["forecast"]["encoder"]["hidden_size"] = data["forecast"]["decoder"]["hidden_size"] = 5

    edit_config(folder, widen)
    assert "head.weight: expected (9, 5) float32, found (9, 4) float32" in complaint(folder)


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 9, 200, -1])
def test_truncated_weights(folder: Path, kept: int) -> None:
    path = folder / "model.safetensors"
    content = path.read_bytes()[:kept]
    path.write_bytes(content)
    message = complaint(folder)
    assert str(path) in message
    assert f"{len(content):,} bytes" in message
    assert "expected weights in the safetensors format" in message


class Trap:
    """Unpickling it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("writer", ["pickle", "torch"])
@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_renamed_pickle_is_refused_and_never_run(folder: Path, name: str, writer: str) -> None:
    mark, path = folder.parent / "mark", folder / name
    if writer == "pickle":
        path.write_bytes(pickle.dumps(Trap(mark)))
    else:
        torch.save({"head.bias": Trap(mark)}, path)
    message = complaint(folder)
    assert str(path) in message
    assert "pickle" in message
    assert not mark.exists()
    if writer == "pickle":
        pickle.loads(path.read_bytes())
        assert mark.exists(), "the trap would have sprung"


def test_a_git_lfs_pointer_is_recognised(folder: Path) -> None:
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    assert "git lfs pull" in complaint(folder)


@hypothesis.settings(
    max_examples=150, deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(data=st.data(), name=st.sampled_from(["config.json", "model.safetensors"]))
def test_no_damage_escapes_as_another_error(folder: Path, data: st.DataObject, name: str) -> None:
    sound = (FOLDER / name).read_bytes()
    place = data.draw(st.integers(0, min(len(sound), 1500)), label="place")
    (folder / name).write_bytes(sound[:place] + data.draw(st.binary(max_size=12), label="put in") + sound[place + 3 :])
    with contextlib.suppress(CheckpointError):
        load(folder)
    (folder / name).write_bytes(sound)


# --- saving


def test_replacing_leaves_nothing_of_the_old_one(tmp_path: Path) -> None:
    save(*tiny(), tmp_path / "model", {"README.md": "old", "scores.json": "{}"})
    save(*other(), tmp_path / "model", {"README.md": "new"})
    assert load(tmp_path / "model").config.name == "other"
    assert sorted(contents(tmp_path / "model")) == ["README.md", "config.json", "model.safetensors"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


class Kill(BaseException):
    """As a signal would end the process: not an Exception, so nothing can handle it."""


def kill_at(monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    """Ends the process, so to speak, just before the `moment`-th operation on the disk."""
    count = 0

    def counting(operation: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == moment:
                raise Kill
            return operation(*arguments, **options)

        return run

    for owner, name in (
        (Path, "open"),
        (Path, "mkdir"),
        (Path, "rename"),
        (checkpoint.os, "fsync"),
        (checkpoint.shutil, "rmtree"),
    ):
        monkeypatch.setattr(owner, name, counting(getattr(owner, name)))


def test_a_kill_at_any_moment_leaves_the_old_or_the_new_one_whole(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    save(*tiny(), tmp_path / "old", {"README.md": "old"})
    save(*other(), tmp_path / "new", {"README.md": "new"})
    old, new = contents(tmp_path / "old"), contents(tmp_path / "new")
    seen = []
    for moment in range(1, 100):
        for leftover in (folder, *tmp_path.glob(".model.*")):
            shutil.rmtree(leftover, ignore_errors=True)
        shutil.copytree(tmp_path / "old", folder)
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, moment)
            try:
                save(*other(), folder, {"README.md": "new"})
            except Kill:
                pass
            else:
                break
        model = load(folder)
        assert model.config.name in ("forecast-tiny", "other")
        seen.append(model.config.name)
        whole = folder if folder.exists() else tmp_path / ".model.old"
        assert contents(whole) == (old if model.config.name == "forecast-tiny" else new)

        save(*other(), folder, {"README.md": "new"})
        assert contents(folder) == new
        assert not list(tmp_path.glob(".model.*")), "the next save tidies up"
    assert seen == sorted(seen), "first the old one, from some moment on the new one"
    assert set(seen) == {"forecast-tiny", "other"}
    assert len(seen) >= 10


def test_a_failed_save_after_a_kill_brings_the_old_one_back(tmp_path: Path) -> None:
    """Between the two renames of a killed save the old folder has another name; it is not lost by the next one."""
    save(*tiny(), tmp_path / "model")
    (tmp_path / "model").rename(tmp_path / ".model.old")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "_write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(CheckpointError, match="No space left on device"):
            save(*other(), tmp_path / "model")
    assert load(tmp_path / "model").config.name == "forecast-tiny"


def test_a_network_of_another_configuration_is_not_saved(folder: Path) -> None:
    before = contents(folder)
    config, _ = tiny()
    cell = CellConfig(hidden_size=5)
    wrong = built(ModelConfig("wrong", ForecastConfig(encoder=cell, decoder=cell)))
    with pytest.raises(CheckpointError, match=r"head\.weight: expected \(9, 4\) float32, found \(9, 5\)"):
        save(config, wrong, folder)
    assert contents(folder) == before


@pytest.mark.parametrize("spoilt", [torch.nan, -torch.inf])
def test_diverged_weights_never_replace_good_ones(folder: Path, spoilt: float) -> None:
    before = contents(folder)
    config, network = tiny()
    with torch.no_grad():
        network.head.weight[2, 1] = spoilt
    with pytest.raises(CheckpointError, match=r"head\.weight: expected finite numbers, found 1 of 36"):
        save(config, network, folder)
    assert contents(folder) == before


@pytest.mark.parametrize("foreign", ["thesis.docx", "train.py", ".git/HEAD"])
def test_a_folder_with_other_things_in_it_is_never_replaced(folder: Path, foreign: str) -> None:
    (folder / foreign).parent.mkdir(exist_ok=True)
    (folder / foreign).write_text("years of work")
    with pytest.raises(CheckpointError, match=f"found {foreign.split('/')[0]}"):
        save(*tiny(), folder)
    assert (folder / foreign).read_text() == "years of work"


def test_a_folder_that_is_no_checkpoint_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "measured.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"found files without config\.json"):
        save(*tiny(), tmp_path / "data")
    with pytest.raises(CheckpointError, match="expected a folder, found a file"):
        save(*tiny(), tmp_path / "data" / "measured.json")
    (tmp_path / "empty").mkdir()
    save(*tiny(), tmp_path / "empty")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "../up.md", "a/b.json", "run.sh", ""])
def test_extra_files_are_plain_text_for_people(tmp_path: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match=r"expected the plain name of a further \.md or \.json file"):
        save(*tiny(), tmp_path / "model", {name: ""})
    assert not list(tmp_path.iterdir())


# --- the Hub


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty Hub cache, and no connection."""
    cache = tmp_path / "cache"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    return cache


def test_a_hub_id_loads_from_the_cache_without_a_connection(offline: Path) -> None:
    repository = offline / "models--someone--sales"
    shutil.copytree(FOLDER, repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    for options in ({}, {"revision": "main"}, {"revision": COMMIT}):
        model = load("someone/sales", **options)
        assert model.source == f"someone/sales@{COMMIT}"
        assert model.config.name == "forecast-tiny"
    assert "at revision 'v2'" in complaint("someone/sales", revision="v2")


def test_only_the_files_of_a_checkpoint_are_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: dict[str, object] = {}

    def snapshot_download(repo_id: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        asked.update(id=repo_id, revision=revision, patterns=allow_patterns)
        return str(shutil.copytree(FOLDER, tmp_path / COMMIT))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    load("someone/sales", revision="v1")
    assert asked == {"id": "someone/sales", "revision": "v1", "patterns": ["*.json", "model.safetensors", "README.md"]}


@pytest.mark.usefixtures("offline")
def test_an_absent_folder_that_looks_like_a_hub_id_names_both_possibilities() -> None:
    message = complaint("weights/nothing")
    assert "expected a checkpoint folder of that path, or a model of that id" in message
    assert "check the connection" in message


def test_an_existing_folder_wins_over_the_hub(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: pytest.fail("the Hub was asked"))
    (folder.parent / "weights").mkdir()
    folder.rename(folder.parent / "weights" / "forecast")
    monkeypatch.chdir(folder.parent)
    assert load("weights/forecast").source == "weights/forecast"
    assert "found a folder of that name" in complaint("weights/forecast", revision="v1")


@pytest.mark.parametrize(
    "error", [ValueError("bad id"), ConnectionError("no route"), RuntimeError("from a library below\nwith more lines")]
)
def test_whatever_the_hub_client_raises_becomes_a_checkpoint_error(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    message = complaint("someone/sales")
    assert str(error).splitlines()[0] in message
    assert "with more lines" not in message


def test_a_damaged_download_names_the_file(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(folder))
    assert str(folder / "model.safetensors") in complaint("someone/sales")
