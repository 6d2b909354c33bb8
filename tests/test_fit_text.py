"""python -m training.fit classify --data: each command its own run, and nothing of another's is gone on from."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_checkpoint import FOLDER as TINY
from tiny_checkpoint import tiny

from rnn_model import load
from rnn_model.checkpoint import save
from training.fit import main
from training.toy_texts import as_csv, messages

QUICK = ["classify", "--data", "rows.csv", "--start", "nothing", "--buckets", "512", "--steps", "6"]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_bytes(as_csv(messages(60)))
    return tmp_path


def weights(folder: str) -> bytes:
    return Path(folder, "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    "other",
    [
        ["--activation", "relu", "--initialisation", "xavier"],
        ["--hidden-size", "16"],
        ["--steps", "8"],
        ["--embedding", "8"],
    ],
    ids=" ".join,
)
def test_a_command_that_asks_for_something_else_starts_anew(
    workplace: Path, capsys: pytest.CaptureFixture[str], other: list[str]
) -> None:
    command = [*QUICK, "--cell", "rnn"]
    assert main(command) == 0
    assert main([*command, *other]) == 0, capsys.readouterr().err
    assert "carried on" not in capsys.readouterr().out
    after = weights("runs/rows-model")
    assert main([*command, *other, "--out", "fresh"]) == 0
    assert after == weights("fresh")
    assert main(command) == 0
    assert "carried on from step 6" in capsys.readouterr().out, "threads and the like aside, the same is the same"


@pytest.mark.parametrize(("out", "found"), [(".", "found full"), ("rows.csv", "found a file"), ("full", "notes.txt")])
def test_a_place_that_cannot_be_written_to_is_refused_before_the_training(
    workplace: Path, capsys: pytest.CaptureFixture[str], out: str, found: str
) -> None:
    Path("full").mkdir()
    Path("full/notes.txt").touch()
    numbers = ["forecast", "--data", "numbers.csv", "--from", str(TINY)]
    Path("numbers.csv").write_text("y\n" + "\n".join(map(str, range(60))))
    for command in (QUICK, numbers, ["classify"], ["forecast", "--real-share", "0"]):
        assert main([*command, "--out", out]) == 1
        said = capsys.readouterr()
        assert found in said.err
        assert "train     valid" not in said.out
        assert not Path("runs").exists()


def test_what_was_trained_on_something_else_is_replaced_only_when_told(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(QUICK) == 0
    before = weights("runs/rows-model")
    Path("rows.csv").write_bytes(as_csv(messages(80)))
    assert main(QUICK) == 1
    assert "runs/rows-model: expected a free folder or a network of the same table" in capsys.readouterr().err
    assert weights("runs/rows-model") == before
    assert main([*QUICK, "--replace"]) == 0
    assert weights("runs/rows-model") != before

    save(*tiny(), "mine")
    assert main([*QUICK, "--out", "mine"]) == 1
    assert load("mine").config.forecast is not None


def test_the_name_of_a_file_leads_to_no_packaged_network(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--out is where it was asked for, also where that is what the packaged one is called."""
    Path("rows.csv").rename("language.csv")
    assert main([*QUICK, "--data", "language.csv"]) == 0
    assert "written to runs/language-model" in capsys.readouterr().out
    assert main([*QUICK, "--data", "language.csv", "--out", "weights/language", "--name", "unrolled-language"]) == 0
    assert load("weights/language").config.name == "unrolled-language"
    Path("forecast.csv").write_text("y\n" + "\n".join(map(str, [*range(40), *range(40)])))
    more = ["--from", str(TINY), "--steps", "2", "--batch", "8", "--validate-every", "2", "--replace"]
    assert main(["forecast", "--data", "forecast.csv", *more]) == 0
    assert "written to runs/forecast-model" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([*QUICK, "--bag-steps", "3"], "--bag-steps: expected without --data, "),
        ([*QUICK, "--epochs", "3"], "--epochs, --steps: expected one of them"),
        ([*QUICK, "--folds", "0", "--out", "rows.csv"], "expected 2 to 5 folds, found 0 folds."),
        (["classify", "--folds", "3", "--recipe", "notebook"], "--recipe, --folds: expected with --data, "),
    ],
)
def test_a_flag_that_would_change_nothing_is_refused(
    workplace: Path, capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    assert main(flags) == 1
    assert capsys.readouterr().err.startswith(message)
