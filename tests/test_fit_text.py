"""python -m training.fit classify --data: each command its own run, and nothing of another's is gone on from."""

from __future__ import annotations

from pathlib import Path

import pytest

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
