"""Training on a person's own texts: from n-grams and from nothing, watched, stopped, judged; and the toy tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load as read_tensors

from rnn_model import classify
from rnn_model.classifier import inputs_of
from rnn_model.errors import TrainingError
from rnn_model.gradient_flow import text_gradient_flow
from rnn_model.network import TextNetwork
from rnn_model.ngrams import steps_of
from rnn_model.records import History
from training.controls import BAG, MAJORITY
from training.diagnose import diagnose
from training.own_texts import (
    CELL,
    FROM_NOTHING,
    N_GRAMS,
    NETWORK,
    NOTHING,
    RECIPE,
    OwnTexts,
    config_for,
    files_for_people,
    fit_texts,
    report,
    unit_for,
)
from training.table.splits import Split, split_texts
from training.table.texts import TextTable, read_text_table
from training.toy_texts import Rows, as_csv, forwarded, lamps, messages

QUICK = {"batch": 32, "validate_every": 10, "averaging": 0.9, "workers": 0}


def table_of(rows: Rows) -> tuple[TextTable, Split]:
    table = read_text_table(as_csv(rows), filename="rows.csv")
    return table, split_texts(table)


def small(table: TextTable):
    return replace(config_for(table, replace(CELL, hidden_size=32)), buckets=4096, embedding=16)


@pytest.fixture(scope="module")
def by_heart(tmp_path_factory: pytest.TempPathFactory) -> tuple[TextTable, Split, OwnTexts]:
    """A network from nothing on messages of which some are labelled wrongly, trained far too long."""
    table, split = table_of(messages(200))
    recipe = replace(FROM_NOTHING, **QUICK, steps=300, learning_rate=5e-3)
    folder = tmp_path_factory.mktemp("run")
    return table, split, fit_texts(table, split, folder, small(table), recipe, lambda _: None, NOTHING)


def test_from_nothing_it_learns_by_heart_and_the_doctor_says_so(by_heart) -> None:
    _, split, fitted = by_heart
    last, best = fitted.history.epochs[-1], fitted.history.epochs[fitted.history.best]
    assert last.train_accuracy == 1.0
    assert last.valid_accuracy < 0.95
    assert last.valid_loss > 1.2 * best.valid_loss
    assert best.step < 100

    found = {one.name: one for one in diagnose(fitted.history, fitted.facts)}
    assert "gap of" in " ".join(found["overfitting"].evidence)
    assert found["overfitting"].change is not None
    assert "too little data" in found
    assert "leak suspected" not in found
    assert fitted.facts.rows == len(split.train)


def test_from_nothing_the_controls_stand_beside_it_and_no_regression_is_in_it(by_heart) -> None:
    table, _, fitted = by_heart
    assert set(fitted.scores) == {NETWORK, BAG, MAJORITY}
    assert fitted.ordered
    assert fitted.start == NOTHING
    assert fitted.model.classifier[1].recurrent is not None
    assert fitted.scores[BAG].accuracy > fitted.scores[MAJORITY].accuracy
    lines = report(table, fitted)
    assert BAG in lines
    assert "overfitting: " in lines
    answer = classify(fitted.model, "Could you please send the report")
    assert answer.label == "polite"
    assert len(answer.belief) == 6


def test_the_files_of_a_checkpoint_say_how_it_was_made(by_heart) -> None:
    table, split, fitted = by_heart
    files = files_for_people(table, split, fitted, fitted.model.config, "the command", "mine")
    assert set(files) == {"README.md", "history.json", "training.json"}
    assert "drawn at random" in files["README.md"]
    assert 'load("mine")' in files["README.md"]
    for name, row in fitted.scores.items():
        assert f"| {name} | {row.accuracy:.3f} (" in files["README.md"]
    assert table.sha256 in files["training.json"]


def test_where_only_order_tells_the_words_fail_and_the_recurrence_does_not(tmp_path: Path) -> None:
    table, split = table_of(lamps(500))
    recipe = replace(RECIPE, **QUICK, steps=150, learning_rate=5e-3)
    fitted = fit_texts(table, split, tmp_path, small(table), recipe, lambda _: None)
    assert fitted.ordered
    assert fitted.scores[NETWORK].accuracy > 0.9
    assert fitted.scores[BAG].accuracy < 0.65
    assert fitted.against[BAG].verdict == "better"
    assert fitted.gained is not None
    assert fitted.gained.log_loss > 0.3
    assert fitted.facts.kept
    assert fitted.facts.flow is not None
    assert len(fitted.facts.flow.norms) > 10
    assert "they are kept" in report(table, fitted)
    text = fitted.model.config.text
    assert (text.members, text.recurrent.hidden_size) == (5, 160)
    card = files_for_people(table, split, fitted, fitted.model.config, "the command", "mine")["README.md"]
    assert "5 networks of 1 x 32 recurrent units, whose answers are averaged" in " ".join(card.split())
    assert "they are kept" in " ".join(card.split())
    assert "A recurrent network that sorts texts into 2 classes" in " ".join(card.split())
    assert "- recurrent-neural-network" in card


def test_where_nothing_tells_the_recurrence_is_left_out(tmp_path: Path) -> None:
    """Labels dealt out by chance: networks that learn them by heart must not be believed for that."""
    rng = np.random.default_rng(1)
    table, split = table_of([(text, ("one", "other")[rng.integers(2)]) for text, _ in messages(150)])
    recipe = replace(RECIPE, **QUICK, steps=250, learning_rate=1e-2, patience=100)
    fitted = fit_texts(table, split, tmp_path, small(table), recipe, lambda _: None)
    assert fitted.history.epochs[-1].train_accuracy > fitted.history.epochs[-1].valid_accuracy + 0.2
    assert not fitted.ordered
    assert fitted.gained is not None
    assert fitted.gained.verdict != "better"
    config, network = fitted.model.classifier
    assert config.recurrent is None
    assert network.recurrent is None
    assert network.embedding.weight.shape == (4096, 2)
    assert fitted.against[MAJORITY].verdict != "better"
    assert not fitted.facts.kept
    assert fitted.facts.flow is not None
    assert fitted.facts.flow.norms[0] > 1e-6, "of the layers as they learnt, not of a weight of 0"
    card = files_for_people(table, split, fitted, fitted.model.config, "the command", "mine")["README.md"]
    said = " ".join(card.split())
    assert "so they are left out" in said
    assert "A logistic regression on n-grams that sorts texts into 2 classes" in said
    assert "recurrent-neural-network" not in said
    assert "- **not better than the baseline**: Something simpler does as well or better" in said


def test_a_run_can_be_watched_and_stopped(tmp_path: Path) -> None:
    table, split = table_of(messages(100))
    seen: list[History] = []

    def watch(history: History) -> bool:
        seen.append(history)
        return len(history.epochs) < 3

    recipe = replace(FROM_NOTHING, **QUICK, steps=200)
    fitted = fit_texts(table, split, tmp_path, small(table), recipe, lambda _: None, NOTHING, watch)
    assert sorted({len(history.epochs) for history in seen}) == [1, 2, 3]
    assert all(epoch.train_accuracy is not None and epoch.valid_accuracy is not None for epoch in seen[-1].epochs)
    assert fitted.history.stopped == "asked to at step 30"
    assert fitted.history.epochs == seen[-1].epochs
    # what is kept is what was best by then
    state = read_tensors((tmp_path / "state-30.safetensors").read_bytes())
    for name, tensor in fitted.model.classifier[1].state_dict().items():
        assert torch.equal(tensor, state[f"best.{name}"])


def test_the_weighing_of_n_grams_can_be_stopped_too(tmp_path: Path) -> None:
    table, split = table_of(messages(100))
    asked: list[int] = []

    def watch(history: History) -> bool:
        asked.append(len(history.epochs))
        return False

    fitted = fit_texts(table, split, tmp_path, small(table), replace(RECIPE, **QUICK), lambda _: None, watch=watch)
    assert asked == [0, 1]
    assert len(fitted.history.epochs) == 1


def faces(count: int) -> Rows:
    """Texts without a letter, labelled by the signs in them."""
    rng = np.random.default_rng(0)
    signs = {"glad": "😀😃🙂👍", "sad": "😢😞🙁👎"}
    return [("".join(rng.choice(list(signs[label]), 8)), label) for label in list(signs) * (count // 2)]


def test_texts_without_letters_are_read_sign_by_sign(tmp_path: Path) -> None:
    table, split = table_of(faces(120))
    fitted = fit_texts(table, split, tmp_path, None, replace(RECIPE, **QUICK, steps=20), lambda _: None)
    assert fitted.model.config.text.unit == "word"
    assert fitted.scores[NETWORK].accuracy > 0.9
    assert unit_for(["2024", "17", "n/a"]) == "word"
    assert unit_for(["Anna", "Bo", "4711"]) == "character"


@pytest.mark.parametrize("start", [N_GRAMS, NOTHING])
def test_where_nothing_can_be_read_the_shares_of_the_classes_are_the_answer(tmp_path: Path, start: str) -> None:
    table, split = table_of([*faces(80), *((f"{'🙂' * number}👍", "glad") for number in range(1, 41))])
    blind = replace(small(table), unit="character")
    recipe = replace(RECIPE, **QUICK, steps=10)
    fitted = fit_texts(table, split, tmp_path, blind, recipe, lambda _: None, start)
    said = fitted.answers[NETWORK]
    assert np.ptp(said, axis=0) == pytest.approx(0, abs=1e-6)
    assert said[0, table.classes.index("glad")] == pytest.approx(2 / 3, abs=0.1 if start == N_GRAMS else 0.4)
    assert fitted.scores[BAG].accuracy > 0.9


def test_another_start_is_refused_by_name(tmp_path: Path) -> None:
    table, split = table_of(messages(100))
    with pytest.raises(TrainingError, match="expected 'n-grams' or 'nothing', found 'scratch'"):
        fit_texts(table, split, tmp_path, start="scratch")


def test_copies_leak_and_the_other_toys_do_not() -> None:
    leaks = {rows.__name__: len(table_of(rows())[1].leaks) for rows in (messages, lamps, forwarded)}
    assert leaks["forwarded"] > 100
    assert leaks["messages"] == leaks["lamps"] == 0


def test_in_a_lamp_text_both_switches_stand_equally_often_and_never_at_an_end_or_side_by_side() -> None:
    rows = lamps()
    assert rows == lamps()
    assert set(Counter(label for _, label in rows).values()) == {len(rows) // 2}
    for text, label in rows:
        words = text.split()
        assert words.count("on") == words.count("off") == 2
        places = [place for place, word in enumerate(words) if word in ("on", "off")]
        assert min(np.diff([-1, *places, len(words)])) > 1
        assert label == {"on": "lit", "off": "dark"}[words[places[-1]]]


def test_the_gradient_through_a_text_network_is_that_of_its_last_state() -> None:
    """Checked against autograd through the network itself, the bag and the mean of the outputs held back."""
    table, _ = table_of(messages(100))
    config = small(table)
    torch.manual_seed(0)
    network = TextNetwork(config)
    size = config.recurrent.hidden_size
    with torch.no_grad():
        torch.nn.init.normal_(network.order.weight)
        network.order.weight[:, size:] = 0  # the mean of the outputs, which the measure holds constant
    texts = [text for text in table.texts if len(text.split()) == 6 and "," not in text][:5]
    flow = text_gradient_flow(network, config, texts, [0] * len(texts))
    assert flow is not None

    norms = np.zeros(len(flow.norms) - 1)
    for text in texts:
        steps = steps_of([text], config)
        states, before = [], None
        for number in range(len(flow.norms)):
            logits, before, _ = network(inputs_of(steps.one(number)), before)
            before.state.hidden.retain_grad()
            states.append(before.state.hidden)
        torch.nn.functional.cross_entropy(logits, torch.tensor([0])).backward()
        norms += [float(state.grad.norm()) for state in reversed(states[:-1])]
    np.testing.assert_allclose(flow.norms[1:, 0], norms / len(texts), rtol=1e-4)


def test_a_word_without_end_costs_no_more_than_it_holds() -> None:
    table, _ = table_of(messages(100))
    config = small(table)
    long = "x" * 200_000
    steps = steps_of(["a b c d", f"{long} b"] * 50, config)
    assert len(steps.features) < 50 * 600
