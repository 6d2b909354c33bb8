"""python -m training.fit: a run ends in a folder that loads; better weights are kept; mistakes are one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rnn_model import forecast, load
from rnn_model.errors import ConfigError
from training.config import TrainConfig
from training.fit import main

SHORT = ["forecast", "--real-share", "0", "--batch", "16", "--hidden-size", "4", "--workers", "0", "--warmup", "2"]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("training.forecasting.SYNTHETIC_BATCHES", 2)
    monkeypatch.setattr("training.forecasting.LARGEST_PART", 32)
    return tmp_path


def test_a_run_ends_in_a_checkpoint_that_loads_and_forecasts(workplace: Path) -> None:
    assert main([*SHORT, "--steps", "6", "--validate-every", "3", "--out", "mine", "--cell", "gru"]) == 0
    model = load("mine")
    assert model.config.forecast.decoder.cell == "gru"
    assert np.isfinite(forecast(model, [1.0, 2.0, 3.0, 5.0], horizon=2).quantiles).all()
    history = json.loads(Path("mine/history.json").read_text())
    assert [epoch["step"] for epoch in history["epochs"]] == [3, 6]
    record = json.loads(Path("mine/training.json").read_text())
    assert record["config"]["steps"] == 6
    assert "--cell gru" in record["command"]
    assert "python -m training.fit" in Path("mine/README.md").read_text()


def test_worse_weights_do_not_replace_better_ones_unless_told(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = [*SHORT, "--steps", "30", "--validate-every", "10", "--out", "mine"]
    assert main(good) == 0
    weights = Path("mine/model.safetensors")
    kept = weights.read_bytes()
    bad = [
        *SHORT,
        "--steps",
        "3",
        "--validate-every",
        "3",
        "--activation",
        "tanh",  # which does not overflow
        "--learning-rate",
        "5.0",
        "--averaging",
        "0",
        "--out",
        "mine",
    ]
    assert main(bad) == 0
    assert weights.read_bytes() == kept
    assert "stays as it is" in capsys.readouterr().out
    assert main([*bad, "--replace"]) == 0
    assert weights.read_bytes() != kept


def test_another_network_starts_anew(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [*SHORT, "--steps", "3", "--validate-every", "3", "--activation", "tanh", "--replace", "--out", "mine"]
    for more, told in (([], False), (["--initialisation", "xavier"], False), (["--cell", "gru"], False), ([], True)):
        assert main([*command, *more]) == 0
        assert ("carried on" in capsys.readouterr().out) == told


def test_mistakes_are_told_in_one_line(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SHORT, "--cell", "gruu", "--out", "mine"]) == 1
    assert "did you mean 'gru'" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        main([*SHORT, "--steps", "many"])
    assert stopped.value.code == 2
    assert not Path("mine").exists()


def test_several_processes_are_refused_where_they_would_all_do_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(["classify", "--data", "none.csv"]) == 1
    assert "expected one process, found 2. Start it without torchrun" in capsys.readouterr().err


def test_a_refused_value_is_named_by_its_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "--learning-rate", "-1", "--steps", "0"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("--steps: expected a whole number from 1 to 100000000, found 0; --learning-rate: expected ")


def test_help_shows_what_there_is_for_series_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["--help"], ["forecast", "--help"]):
        with pytest.raises(SystemExit):
            main(command)
        said = " ".join(capsys.readouterr().out.split())
        for flag in ("--data FILE", "--from START", "--scratch", "--season", "--horizon", "--out", "--name"):
            assert flag in said.partition("with --data:")[2]
        assert "steps 300," in said
    with pytest.raises(SystemExit):
        main(["forecast", "--season", "12"])
    assert "unrecognized arguments: --season" in capsys.readouterr().err, "without --data it means nothing"


def test_help_explains_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for flag in ("--learning-rate", "--initialisation", "--residual", "--real-share", "--families", "--replace"):
        assert flag in text
    assert "AdamW" in text


def test_a_training_configuration_names_all_its_mistakes() -> None:
    with pytest.raises(ConfigError, match=r"steps: .*batch: .*real_share: "):
        TrainConfig(steps=0, batch=-1, real_share=1.5)
