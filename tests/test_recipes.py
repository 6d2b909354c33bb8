"""Named recipes: the first network of a notebook learns by heart, the doctor says so, and the picture shows it."""

from __future__ import annotations

import importlib.util
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import pytest
import torch

from rnn_model import load
from training.config import TrainConfig
from training.fit import main
from training.own_texts import CELL, NOTHING
from training.recipes import RECIPES, in_epochs
from training.toy_texts import as_csv, messages

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def pictures() -> ModuleType:
    """docs/recipes.py as a module; docs is no package."""
    spec = importlib.util.spec_from_file_location("recipes_pictures", ROOT / "docs" / "recipes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_epochs_are_steps_in_which_every_row_is_seen_so_often() -> None:
    recipe = in_epochs(TrainConfig(batch=64), 3, 129)
    assert (recipe.steps, recipe.validate_every) == (9, 3)


def test_the_notebooks_recipe_learns_by_heart_and_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pictures: ModuleType
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_bytes(as_csv(messages(300)))
    assert RECIPES["notebook"].epochs == 200
    command = ["classify", "--data", "rows.csv", "--recipe", "notebook", "--epochs", "60", "--learning-rate", "6e-3"]
    assert main([*command, "--buckets", "2048", "--out", "mine"]) == 0
    assert "overfitting: The network learns the training rows by heart" in capsys.readouterr().out

    record = json.loads(Path("mine/training.json").read_text())
    history = json.loads(Path("mine/history.json").read_text())
    cell = load("mine").config.text.recurrent  # type: ignore[union-attr]
    assert cell is not None
    assert (cell.cell, cell.initialisation, cell.residual, cell.dropout) == ("lstm", "torch", False, 0.0)
    assert record["start"] == NOTHING
    assert [record["config"][name] for name in ("weight_decay", "averaging", "clip")] == [0.0, 0.0, 1e6]
    assert len(history["epochs"]) == 60
    assert history["epochs"][-1]["train_accuracy"] > 0.95
    assert history["epochs"][-1]["valid_loss"] > 1.5 * history["epochs"][history["best"]]["valid_loss"]
    assert "overfitting" in {found["name"] for found in record["diagnosis"]}

    monkeypatch.setattr(pictures, "HERE", tmp_path)
    assert pictures.main(["mine=mine"]) == 0
    drawn = Path("recipe-mine.svg").read_text()
    ET.fromstring(drawn)
    for words in ("Overfitting", "by heart", "--data rows.csv --recipe notebook --epochs 60", "Accuracy"):
        assert words in drawn
    assert "--out" not in drawn


def test_epochs_and_single_flags_go_before_the_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_bytes(as_csv(messages(80)))
    for flags, steps, cell in (
        (["--recipe", "notebook", "--steps", "4", "--cell", "rnn"], 4, "rnn"),
        (["--start", "nothing", "--epochs", "2", "--batch", "20"], 6, CELL.cell),
    ):
        assert main(["classify", "--data", "rows.csv", "--buckets", "512", *flags, "--out", f"mine-{steps}"]) == 0
        record = json.loads(Path(f"mine-{steps}/training.json").read_text())
        assert record["config"]["steps"] == steps
        assert load(f"mine-{steps}").config.text.recurrent.cell == cell  # type: ignore[union-attr]
    assert main(["classify", "--data", "rows.csv", "--recipe", "notebook", "--epochs", "0"]) == 1
    assert "--epochs: expected at least 1, found 0" in capsys.readouterr().err
    if not torch.cuda.is_available():
        capsys.readouterr()
        assert main(["classify", "--data", "rows.csv", "--device", "cuda"]) == 1
        said = capsys.readouterr()
        assert "torch finds no GPU here" in said.err
        assert "n-grams alone" not in said.out, "told before anything is done"
