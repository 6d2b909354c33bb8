"""The shipped card says what its JSON files say, and the Hub can read it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import ModelCard

from training.card import refresh

WEIGHTS = Path(__file__).parent.parent / "weights"
FOLDER = WEIGHTS / "forecast"


@pytest.mark.parametrize("name", ["forecast", "language"])
def test_the_shipped_card_is_what_its_files_make(tmp_path: Path, name: str) -> None:
    shutil.copytree(WEIGHTS / name, tmp_path / name)
    refresh(tmp_path / name)
    assert (tmp_path / name / "README.md").read_text() == (WEIGHTS / name / "README.md").read_text()


def test_the_card_carries_the_scores_and_valid_metadata() -> None:
    card = ModelCard.load(FOLDER / "README.md")
    assert card.data.license == "apache-2.0"
    model = json.loads((FOLDER / "scores.json").read_text())["aggregates"]["nine"]["methods"]["model"]
    assert f"{model['mase']:.3f} / {model['wql']:.3f}" in card.text
    assert "python -m training.fit" in card.text


def test_the_card_says_what_was_learnt_is_worth_beside_the_classical_forecasts() -> None:
    relative = json.loads((FOLDER / "training.json").read_text())["validation_relative_to_classical"]
    held_out = [ratio for name, ratio in relative.items() if name != "synthetic"]
    text = " ".join(ModelCard.load(FOLDER / "README.md").text.split())
    mean = np.exp(np.log(held_out).mean())
    assert f"quantile loss is {mean:.3f} of that of the classical forecasts alone" in text
    assert f"between {min(held_out):.3f} (" in text
    assert f"and {max(held_out):.3f} (" in text


def test_the_card_names_where_another_method_is_ahead() -> None:
    scores = json.loads((FOLDER / "scores.json").read_text())
    text = ModelCard.load(FOLDER / "README.md").text
    for name, entry in scores["sets"].items():
        measured = {method: row for method, row in entry["methods"].items() if row["source"] == "measured"}
        best = min(measured, key=lambda method: measured[method]["mase"])
        assert (f"{name} MASE ({best}" in text) == (best != "model")
