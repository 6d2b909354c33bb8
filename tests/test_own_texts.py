"""Training on a person's own texts: as good as its control from the start, and order where order matters."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from rnn_model import classify, classify_many, load
from rnn_model.checkpoint import Model
from rnn_model.config import CellConfig, ModelConfig, TextConfig
from training import fit, own_texts
from training.controls import BAG, MAJORITY
from training.own_texts import config_for, fit_texts, regression, report
from training.table import TextTable, read_text_table, split_texts

CELL = CellConfig(hidden_size=16)


def written(path: Path, rows: list[tuple[str, str]]) -> TextTable:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "verdict"])
        writer.writerows(rows)
    return read_text_table(path)


def reviews(rng: np.random.Generator, count: int) -> list[tuple[str, str]]:
    """Praise and blame, the words of which overlap."""
    kinds = {"good": ["great", "lovely", "works", "happy"], "bad": ["broken", "awful", "refund", "sad"]}
    plain = [f"filler{index}" for index in range(16)]
    rows = []
    for number in range(count):
        label = "good" if number % 2 else "bad"
        words = [*rng.choice(plain, 6), *rng.choice(kinds[label], 2)]
        rows.append((" ".join(rng.permutation(words)) + f" {number}", label))
    return rows


def ordered(rng: np.random.Generator, count: int) -> list[tuple[str, str]]:
    """Which of two names comes first; fillers keep them apart, so that pairs of words do not tell."""
    rows = []
    for number in range(count):
        first, second = ("anna", "bert") if number % 2 else ("bert", "anna")
        fill = [f"w{index}" for index in rng.integers(0, 40, 4)]
        rows.append((f"{fill[0]} {first} {fill[1]} {fill[2]} {second} {fill[3]}", f"{first} leads"))
    return rows


def test_the_regression_says_what_scikit_learn_says() -> None:
    """The network that starts as a regression gives the regression's own probabilities."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    from rnn_model.ngrams import prepared, steps_of

    rows = reviews(np.random.default_rng(0), 80)
    texts, labels = [text for text, _ in rows], np.array([int(label == "good") for _, label in rows])
    config = TextConfig(("bad", "good"), unit="word", buckets=4096, embedding=4, recurrent=None)
    network = regression(texts, labels, config, 2.0)

    x = np.zeros((len(texts), config.buckets))
    for row, text in enumerate(texts):
        features = steps_of([prepared(text, config)[0]], config).features
        np.add.at(x[row], features, 1 / np.sqrt(len(features)))
    idf = np.log(81 / (1 + (x > 0).sum(0))) + 1
    expected = LogisticRegression(C=2.0, max_iter=500).fit(csr_matrix(x * idf), labels).predict_proba(x * idf)
    model = Model(ModelConfig("x", text=config), network.eval(), "x")
    found = np.stack([answer.probabilities for answer in classify_many(model, texts)])
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_table_of_words_is_learnt_and_compared(tmp_path: Path) -> None:
    table = written(tmp_path / "reviews.csv", reviews(np.random.default_rng(1), 300))
    said: list[str] = []
    fitted = fit_texts(
        table, split_texts(table), tmp_path / "run", config_for(table, CELL), small_recipe(), say=said.append
    )

    assert fitted.scores["network"].accuracy > 0.95
    assert fitted.scores[BAG].accuracy > 0.95
    assert fitted.scores[MAJORITY].accuracy == pytest.approx(0.5, abs=0.05)
    assert fitted.confusion.sum() == fitted.scores["network"].rows == len(split_texts(table).test)
    assert fitted.against[MAJORITY].verdict == "better"
    assert "majority class" in report(table, fitted)
    assert classify(fitted.model, "great lovely happy").label == "good"


def test_where_order_matters_the_recurrence_is_kept(tmp_path: Path) -> None:
    table = written(tmp_path / "names.csv", ordered(np.random.default_rng(2), 600))
    recipe = own_texts.replace(small_recipe(), steps=400, learning_rate=5e-3, patience=20)
    fitted = fit_texts(table, split_texts(table), tmp_path / "run", config_for(table, CELL), recipe, say=lambda _: None)

    assert fitted.ordered
    assert fitted.scores["network"].accuracy > 0.9 > fitted.scores[BAG].accuracy
    assert fitted.against[BAG].verdict == "better"


def small_recipe() -> own_texts.TrainConfig:
    return own_texts.replace(own_texts.RECIPE, steps=60, validate_every=20, warmup=5, workers=0)


def test_the_command_ends_in_a_checkpoint_that_classifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path / "reviews.csv", reviews(np.random.default_rng(3), 200))
    out = tmp_path / "model"
    flags = ["--steps", "40", "--validate-every", "20", "--workers", "0", "--hidden-size", "8", "--out", str(out)]
    own_texts_runs = tmp_path / "runs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.fit_text.RUNS", own_texts_runs)
        assert fit.main(["classify", "--data", str(tmp_path / "reviews.csv"), *flags]) == 0

    printed = capsys.readouterr().out
    for word in ("sha256", "TF-IDF + logistic regression", "majority class", "written to"):
        assert word in printed
    model = load(out)
    assert classify(model, "great lovely happy").label == "good"
    record = json.loads((out / "training.json").read_text(encoding="utf-8"))
    assert record["table"]["texts"] == 200
    assert set(record["test"]) == {"network", BAG, MAJORITY}
    assert (out / "README.md").read_text(encoding="utf-8").startswith("---")


def test_a_table_without_labels_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.csv").write_text("text\nhello\n", encoding="utf-8")
    assert fit.main(["classify", "--data", str(tmp_path / "bad.csv")]) == 1
    assert "expected" in capsys.readouterr().err
