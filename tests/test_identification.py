"""The comparison of identifiers: files read, accuracies counted by language, a peer judged on what it knows."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from tiny_checkpoint import TEXT_FOLDER

from rnn_model import InputError, classify, load
from rnn_model.metrics import expected_calibration_error
from training import evaluate, identification
from training.identification import Suite, measure, read_suites, table
from training.peers import Answers, Peer

WORDS = (("de", "Haus"), ("de", "Garten"), ("en", "house"), ("fr", "maison"), ("fr", "jardin"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = "".join(f"{code}\t{text}\n" for code, text in WORDS).encode()
    (tmp_path / "single-words.tsv.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "sentences.tsv").write_bytes(lines.replace(b"\n", b" und so weiter\n"))
    return tmp_path


def fake(codes: dict[str, str]):
    """A peer's answers by text; None for the others."""

    def answers(peer: Peer, texts: tuple[str, ...]) -> Answers:
        return Answers(tuple(codes.get(text) for text in texts), 2.0, 1_000_000)

    return answers


def test_files_are_read_in_the_order_of_their_length(folder: Path) -> None:
    words, sentences = read_suites(folder)

    assert (words.kind, sentences.kind) == ("words", "sentences")
    assert words.texts == tuple(text for _, text in WORDS)
    assert words.codes.tolist() == [code for code, _ in WORDS]


def test_what_is_no_suite_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tsv"):
        read_suites(tmp_path)
    (tmp_path / "words.tsv").write_text("de\tHaus\nGarten\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 2"):
        read_suites(tmp_path)


def test_languages_count_alike_however_many_texts_they_have(folder: Path) -> None:
    model = load(TEXT_FOLDER)
    suites = read_suites(folder)
    found = measure(model, suites, 1000, peers=False)["methods"]["model"]

    for suite in suites:
        said = [answer.likeliest(1)[0][0] for answer in (classify(model, text) for text in suite.texts)]
        right = {code: [] for code in ("de", "en", "fr")}
        for code, one in zip(suite.codes, said, strict=True):
            right[code].append(code == one)
        expected = np.mean([np.mean(hits) for hits in right.values()])
        assert found["accuracy"][suite.kind] == pytest.approx(expected)
    assert found["accuracy"]["mean"] == pytest.approx((found["accuracy"]["words"] + found["accuracy"]["sentences"]) / 2)


def test_a_peer_is_judged_on_all_and_on_its_own_languages(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = Suite("words", tuple(text for _, text in WORDS), np.array([code for code, _ in WORDS]))
    monkeypatch.setattr(identification, "PEERS", (Peer("other", "numpy", lambda: lambda text: None),))
    monkeypatch.setattr(identification, "ask", fake({"Haus": "de", "Garten": "en", "house": "en"}))
    found = measure(load(TEXT_FOLDER), [suite], 1000, peers=True)
    other = found["methods"]["other"]

    assert other["languages"] == 2  # it never says fr
    assert other["accuracy"]["words"] == pytest.approx((0.5 + 1 + 0) / 3)
    assert other["accuracy_on_its_own_languages"]["words"] == pytest.approx((0.5 + 1) / 2)
    assert other["texts_per_second"] == pytest.approx(2.5)
    assert "other" in table(found)


def test_the_command_saves_scores_and_prints_the_table(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    checkpoint = tmp_path / "text-tiny"
    shutil.copytree(TEXT_FOLDER, checkpoint)
    assert evaluate.main([str(checkpoint), "--data", str(folder)]) == 0

    saved = json.loads((checkpoint / "scores.json").read_text(encoding="utf-8"))
    assert saved["task"] == "classify"
    assert saved["texts"] == {"words": 5, "sentences": 5}
    assert "Expected calibration error" in capsys.readouterr().out


def test_calibration_error_is_the_gap_between_belief_and_truth() -> None:
    sure = np.array([[0.9, 0.1]] * 10)
    labels = np.array([0] * 6 + [1] * 4)

    assert expected_calibration_error(labels, sure) == pytest.approx(0.3)
    assert expected_calibration_error(np.zeros(10, int), np.array([[1.0, 0.0]] * 10)) == pytest.approx(0)
    half = np.concatenate((sure, np.array([[0.6, 0.4]] * 10)))
    right = np.array([0] * 9 + [1] + [0] * 6 + [1] * 4)
    assert expected_calibration_error(right, half) == pytest.approx(0, abs=1e-9)
