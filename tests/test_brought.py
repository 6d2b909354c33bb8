"""Checkpoints that a visitor brings: what is loaded, what is refused, and that nothing of them stays."""

from __future__ import annotations

import gc
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import WRITE, Hub, serving
from huggingface_hub import constants

import interface.brought as brought
from interface.brought import MOST_BYTES, from_files, from_hub
from interface.model_view import shown
from rnn_model import CheckpointError, Model, UnrolledError, classify, forecast, load
from rnn_model.errors import ConfigError

FORECASTER, CLASSIFIER = (Path(__file__).parent / "checkpoints" / name for name in ("forecast-tiny", "text-tiny"))
NUMBERS = "112 118 132 129 121 135 148 148 136 119 104 118"


@pytest.fixture(autouse=True)
def _nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield
    assert list(place.iterdir()) == []


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A Hub, with a token of the server's owner that no visitor may make use of."""
    with serving(lambda files: "") as served:
        monkeypatch.setattr(constants, "ENDPOINT", served.endpoint)
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants._HF_DEFAULT_ENDPOINT, served.endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("HF_TOKEN", WRITE)
        yield served
    assert not (tmp_path / "cache").exists()


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def zipped(files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return sink.getvalue()


def uploaded(tmp_path: Path, files: dict[str, bytes]) -> list[str]:
    place = tmp_path / "uploads"
    place.mkdir(exist_ok=True)
    for name, content in files.items():
        (place / name).write_bytes(content)
    return [str(place / name) for name in files]


def refusal(tmp_path: Path, files: dict[str, bytes]) -> str:
    with pytest.raises(UnrolledError) as caught:
        from_files(uploaded(tmp_path, files))
    assert list((tmp_path / "uploads").iterdir()) == [], "an upload was left"
    assert str(tmp_path) not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_uploaded_answers_like_its_folder(tmp_path: Path, packed: bool) -> None:
    files = files_of(FORECASTER)
    model = from_files(
        uploaded(tmp_path, {"own.zip": zipped({f"own/{k}": v for k, v in files.items()})} if packed else files)
    )
    assert (forecast(model, NUMBERS).quantiles == forecast(load(FORECASTER), NUMBERS).quantiles).all()
    assert model.source == "files you chose"
    assert "untrained" in model.papers["README.md"]
    assert list((tmp_path / "uploads").iterdir()) == []


def test_a_zip_writes_nowhere_and_what_else_is_in_it_is_left_alone(tmp_path: Path) -> None:
    files = {f"a/b/{name}": content for name, content in files_of(CLASSIFIER).items()}
    evil = {"../../evil.json": b"{}", "/etc/evil": b"", "a/b/run.py": b"raise SystemExit", "a/b/x.pkl": b"\x80\x04."}
    model = from_files(uploaded(tmp_path, {"own.zip": zipped(files | evil)}))
    assert classify(model, "Guten Tag").labels == ("de", "en", "fr")
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"config.json": b"{}"}, "model.safetensors: expected among the files, found config.json"),
        ({"notes.json": b"{}"}, "config.json and model.safetensors: expected among the files, found notes.json"),
        ({"own.zip": b"not a zip"}, "own.zip: expected a ZIP file"),
        ({"own.zip": zipped({"a/config.json": b"{}", "b/config.json": b"{}"})}, "found config.json twice"),
        ({"own.zip": zipped({f"{n}.txt": b"" for n in range(200)})}, "expected at most 100 files, found 200"),
        ({"own.zip": zipped({"model.safetensors": bytes(40_000_000)})}, "expected at most 16 MB, found more"),
        ({"model.safetensors": bytes(MOST_BYTES), "config.json": b"{}"}, "expected at most 16 MB, found more"),
        ({**files_of(FORECASTER), "model.safetensors": b"\x80\x04."}, "a pickle"),
        ({**files_of(FORECASTER), "config.json": b'{"nme": 1}'}, "config.json: config: unknown key 'nme'"),
        ({**files_of(FORECASTER), "config.json": b"[" * 100_000}, "config.json: expected JSON"),
        ({**files_of(FORECASTER), "config.json": files_of(CLASSIFIER)["config.json"]}, "the weights do not fit"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    assert said in refusal(tmp_path, files)


def altered(folder: Path, part: str, **values: object) -> dict[str, bytes]:
    files = files_of(folder)
    config = json.loads(files["config.json"])
    config[part].update(values)
    return files | {"config.json": json.dumps(config).encode()}


def test_a_network_claimed_to_be_huge_takes_no_memory(tmp_path: Path) -> None:
    cell = {"hidden_size": 4096, "layers": 32}
    claimed = altered(CLASSIFIER, "text", buckets=2**24, embedding=1024, recurrent=cell)  # 70 GB
    assert "expected at least 17,716,740,096 numbers, found " in refusal(tmp_path, claimed)


@pytest.mark.parametrize(
    ("folder", "part", "values", "said"),
    [
        (FORECASTER, "forecast", {"window": 4096}, "window: expected a whole number from 8 to 512"),
        (FORECASTER, "forecast", {"max_horizon": 10_000}, "max_horizon: expected a whole number from 1 to 1000"),
        (CLASSIFIER, "text", {"longest": 100_000}, "longest: expected a whole number from 1 to 5000"),
    ],
)
def test_a_network_that_would_keep_others_waiting_is_refused(
    tmp_path: Path, folder: Path, part: str, values: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        from_files(uploaded(tmp_path, altered(folder, part, **values)))


def test_all_visitors_networks_together_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gc.collect()
    model: Model | None = from_files(uploaded(tmp_path, files_of(FORECASTER)))
    monkeypatch.setattr(brought, "MOST_HELD", sum(brought._bytes(held) for held in brought._HELD) + 1)
    assert "try again in an hour" in refusal(tmp_path, files_of(FORECASTER))
    del model
    gc.collect()
    from_files(uploaded(tmp_path, files_of(FORECASTER)))


def test_a_model_on_the_hub_is_loaded_without_the_servers_login(hub: Hub) -> None:
    hub.commit("models", "me/tiny", files_of(FORECASTER) | {"train.py": b"raise SystemExit"})
    model = from_hub(" me/tiny ")
    assert (forecast(model, NUMBERS).quantiles == forecast(load(FORECASTER), NUMBERS).quantiles).all()
    assert model.source == f"me/tiny@{hub.repos['models', 'me/tiny'].head[0]}"
    assert not any("train.py" in line for line in hub.log)
    assert hub.log


def test_what_the_hub_cannot_give_is_said(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.commit("models", "me/large", files_of(FORECASTER) | {"model.safetensors": bytes(MOST_BYTES + 1)})
    hub.commit("models", "me/other", {"pytorch_model.bin": b"\x80\x04."})
    hub.commit("models", "me/broken", files_of(FORECASTER) | {"config.json": b"{"})
    for name, said in {
        "me/large": "expected at most 16 MB, found 16.0 MB",
        "me/none": "found no such folder, and the Hub answered",
        "me/other": "config.json: expected a readable file",
        "me/broken": "me/broken: config.json: expected JSON",
        "../etc": "Correct the path or the id",
        "weights": "expected the id of a model",
    }.items():
        with pytest.raises(CheckpointError) as caught:
            from_hub(name)
        assert said in str(caught.value)
        assert "temporary" not in str(caught.value), "a path of the server"
    assert not any("GET" in line and "large" in line and "safetensors" in line for line in hub.log)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match="check the connection"):
        from_hub("me/tiny")


@pytest.mark.parametrize("name", ["scores.json", "training.json", "history.json"])
@pytest.mark.parametrize(
    "content", ["{", "[]", '{"epochs": 3}', '{"by_language": {}, "aggregates": 1}', '{"test": {}}', "[" * 50_000]
)
def test_papers_of_another_form_are_not_shown(name: str, content: str) -> None:
    model = load(CLASSIFIER)
    said = shown(Model(model.config, model.network, "x", {name: content}), own=True)
    assert "3 classes of texts" in said or "3 languages" in said or "is not in a form that this page knows" in said


def test_a_card_is_text_without_pictures_or_scripts() -> None:
    model = load(CLASSIFIER)
    card = (
        "---\nlicense: x\n---\n# Title\n<script>alert(1)</script>\n\n![p](https://elsewhere.example/p.png) "
        "[x](javascript:alert(1)) **bold**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    html = shown(Model(model.config, model.network, "x", {"README.md": card}), own=True)
    assert "<h3>Title</h3>" in html
    assert "<strong>bold</strong>" in html
    assert "<td>1</td>" in html
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert "license" not in html
