"""The controls: right where the words tell, no better than chance where they do not, and compared row by row."""

from __future__ import annotations

import numpy as np
import pytest

from rnn_model.metrics import bootstrap_interval
from training.controls import bag_of_words, difference, majority, score

WORDS = {0: ("awful", "broken", "late"), 1: ("lovely", "sturdy", "quick"), 2: ("fair", "usual", "plain")}


def texts_about(labels: np.ndarray, seed: int, telling: bool = True) -> list[str]:
    rng = np.random.default_rng(seed)
    things = ["lamp", "desk", "tent"]
    told = [WORDS[label if telling else 0] for label in labels.tolist()]
    return [f"the {rng.choice(things)} was {rng.choice(words)} {rng.integers(99)}" for words in told]


@pytest.fixture(scope="module")
def labels() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shares = [0.5, 0.3, 0.2]
    return {part: rng.choice(3, size, p=shares) for part, size in (("train", 150), ("valid", 40), ("test", 80))}


def test_the_bag_of_words_learns_what_words_tell_and_nothing_where_they_do_not(labels: dict[str, np.ndarray]) -> None:
    def made(telling: bool) -> np.ndarray:
        parts = [(texts_about(labels[part], seed, telling), labels[part]) for seed, part in enumerate(labels)]
        return bag_of_words(parts[0], parts[1], parts[2][0], 3)

    guess = majority(labels["train"], 3, 80)
    telling, blind = made(True), made(False)
    np.testing.assert_allclose(telling.sum(1), 1)
    assert score(labels["test"], telling).accuracy > 0.95
    assert difference(labels["test"], telling, guess).verdict == "better"
    assert difference(labels["test"], guess, telling).verdict == "worse"
    assert difference(labels["test"], blind, guess).verdict != "better"


def test_the_majority_says_the_shares_of_the_training_labels() -> None:
    said = majority(np.array([0, 0, 0, 2]), 3, 2)
    np.testing.assert_allclose(said, [[4 / 7, 1 / 7, 2 / 7]] * 2)


def test_scores_carry_their_intervals(labels: dict[str, np.ndarray]) -> None:
    said = np.full((80, 3), 0.1)
    said[np.arange(80), np.where(np.arange(80) < 60, labels["test"], (labels["test"] + 1) % 3)] = 0.8
    scores = score(labels["test"], said)
    assert scores.accuracy == pytest.approx(0.75)
    assert scores.accuracy_interval == pytest.approx((0.6452, 0.8319), abs=2e-4)
    assert scores.log_loss == pytest.approx(-(0.75 * np.log(0.8) + 0.25 * np.log(0.1)))
    for value, (low, high) in (
        (scores.log_loss, scores.log_loss_interval),
        (scores.macro_f1, scores.macro_f1_interval),
    ):
        assert low < value < high


def test_a_difference_that_the_rows_cannot_tell_is_said_to_be_none(labels: dict[str, np.ndarray]) -> None:
    rng = np.random.default_rng(3)
    one, other = (rng.dirichlet(np.ones(3), 80) for _ in range(2))
    told = difference(labels["test"], one, other)
    assert told.log_loss_interval[0] < told.log_loss < told.log_loss_interval[1]
    assert told.verdict == "no different as far as these rows can tell"
    same = difference(labels["test"], one, one)
    assert (same.accuracy, same.log_loss) == (0, 0)
    sure, surer = (np.where(np.eye(3)[labels["test"]] == 1, 1 - 2 * rest, rest) for rest in (1e-4, 1e-5))
    told = difference(labels["test"], surer, sure)
    assert told.log_loss_interval[0] > 0
    assert told.verdict == same.verdict, "what three digits do not show is no reason to believe anything"


def test_a_handful_of_rows_is_not_believed_too_soon() -> None:
    """Where nothing differs but by chance, one in twenty may say otherwise."""
    rng = np.random.default_rng(0)
    for rows in (3, 8):
        labels = np.zeros(rows, int)
        wrong = 0
        for _ in range(400):
            own, other = 0.5 + 0.05 * rng.normal(size=(2, rows)).clip(-5, 5)
            told = difference(labels, np.stack((own, 1 - own), 1), np.stack((other, 1 - other), 1))
            wrong += told.verdict in ("better", "worse")
        assert wrong / 400 < 0.08
    own, other = np.full(2, 0.5), np.array([0.53, 0.58])
    told = difference(np.zeros(2, int), np.stack((own, 1 - own), 1), np.stack((other, 1 - other), 1))
    assert told.verdict == "no different as far as these rows can tell"


def test_many_rows_tell_what_they_did() -> None:
    rng = np.random.default_rng(0)
    own, other = 0.5 + 0.05 * rng.normal(size=(2, 2000)).clip(-5, 5)
    told = difference(np.zeros(2000, int), np.stack((own, 1 - own), 1), np.stack((other, 1 - other), 1))
    plain = bootstrap_interval(lambda rows: (np.log(own) - np.log(other))[rows].mean(), 2000)
    assert told.log_loss_interval == pytest.approx(plain, rel=5e-3)
