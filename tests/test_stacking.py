"""Members side by side: none learns from its own part, what they say together is one network's, weights tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rnn_model import checkpoint, classify
from rnn_model.attribution import attribution, hidden_states
from rnn_model.checkpoint import Model
from rnn_model.classifier import inputs_of
from rnn_model.config import CellConfig, ModelConfig, TextConfig
from rnn_model.gradient_flow import text_gradient_flow
from rnn_model.ngrams import Steps, steps_of
from training.config import TrainConfig
from training.regression import regression
from training.stacking import (
    LEAST_TEXTS,
    RARE,
    HeldOut,
    Members,
    PartBatch,
    PartBatches,
    Weights,
    common,
    loss_of_members,
    member_config,
    stacked,
    stacked_config,
    weights_of,
)

PARTS = 3
TEXTS = [
    "the lamp is on now",
    "the lamp is off",
    "on and off again",
    "off then on",
    "now it is dark here",
    "a single candle burns",
] * 2
LABELS = np.array([0, 1, 2, 0, 1, 2] * 2)
BELONGS = np.arange(12) // 2 % PARTS
CONFIG = TextConfig(
    ("lit", "dark", "neither"),
    unit="word",
    buckets=512,
    embedding=16,
    recurrent=CellConfig(hidden_size=10),
)


def learnt_from() -> tuple[Steps, np.ndarray]:
    steps = steps_of(TEXTS, CONFIG)
    rows = common(steps, CONFIG.buckets)
    return replace(steps, features=rows[steps.features]), rows


def members_of(config: TextConfig, features: int) -> Members:
    torch.manual_seed(5)
    return Members(member_config(config), features, PARTS, np.array([0.5, 0.3, 0.2])).eval()


def together(config: TextConfig, weights: Weights):
    """Bag, members and both as one network, with the configuration of that."""
    _, rows = learnt_from()
    members = members_of(config, int(rows.max()))
    bag = regression(TEXTS, LABELS, config, 1.0, 8.0)
    whole = stacked_config(member_config(config), PARTS)
    return bag, members, rows, whole, stacked(bag, members, weights, rows, whole)


@pytest.mark.parametrize(
    "cell",
    [
        CellConfig(hidden_size=10),
        CellConfig(hidden_size=10, cell="gru", residual=False),
        CellConfig(hidden_size=10, cell="lstm", layers=2, dropout=0.5),
    ],
    ids=lambda cell: f"{cell.cell}-{cell.layers}-{cell.residual}",
)
def test_bag_and_members_are_one_network(cell: CellConfig) -> None:
    """To the rounding of float32, on texts with features that no member knows."""
    config = replace(CONFIG, recurrent=cell)
    bag, members, rows, whole, network = together(config, Weights(0.7, 1.9))
    assert whole.recurrent.hidden_size == 30
    assert whole.embedding == 3 + 12
    texts = ["the lamp is never seen", "off", "zebra quilt", TEXTS[0]]
    steps = steps_of(texts, whole)
    assert (rows[steps.features] == RARE).any()
    seen_by_members = inputs_of(replace(steps, features=rows[steps.features]))
    with torch.no_grad():
        expected = 0.7 * bag(inputs_of(steps))[0] + 1.9 * members(seen_by_members).mean(1)
        torch.testing.assert_close(network(inputs_of(steps))[0], expected, rtol=1e-4, atol=1e-4)


def test_members_do_not_touch_in_the_network_of_all() -> None:
    *_, whole, network = together(replace(CONFIG, recurrent=CellConfig(hidden_size=10, cell="gru")), Weights(1, 1))
    share = whole.recurrent.hidden_size // PARTS
    cell = network.recurrent.cells[0]
    for name in ("weight_ih_l0", "weight_hh_l0"):
        for gate in cell.get_parameter(name).split(whole.recurrent.hidden_size):
            for row in range(PARTS):
                for column in range(PARTS):
                    block = gate[row * share : (row + 1) * share, column * share : (column + 1) * share]
                    assert bool(block.any()) == (row == column)


def test_a_checkpoint_of_members_believes_explains_and_shows_its_states(tmp_path: Path) -> None:
    *_, whole, network = together(CONFIG, Weights(0.7, 1.9))
    config = ModelConfig("stacked", text=whole)
    checkpoint.save(config, network, tmp_path / "it")
    loaded = checkpoint.load(tmp_path / "it")
    assert loaded.config == config
    text = "the lamp is off again"
    for model in (Model(config, network, "here"), loaded):
        answer = classify(model, text)
        np.testing.assert_allclose(answer.belief[-1], answer.probabilities, atol=1e-5)
        for length, believed in zip(answer.ends, answer.belief, strict=True):
            np.testing.assert_allclose(classify(model, text[:length]).probabilities, believed, atol=1e-5)
        assert hidden_states(model, text).shape == (5, 1, 30)
        scores, ends = attribution(model, text)
        assert len(scores) == len(ends) == 5
        assert scores.any()
        assert text_gradient_flow(model.classifier[1], whole, [text], [0]) is not None
    # the embedding is stored in half precision
    np.testing.assert_allclose(
        classify(loaded, text).probabilities, classify(model, text).probabilities, rtol=5e-3, atol=5e-3
    )


def test_a_member_learns_nothing_from_its_own_part() -> None:
    steps, rows = learnt_from()
    members = members_of(CONFIG, int(rows.max()))
    own = np.flatnonzero(BELONGS == 1)
    batch = PartBatch(inputs_of(steps.of(own)), torch.from_numpy(LABELS[own]), torch.from_numpy(BELONGS[own]))
    losses = loss_of_members(members, batch)
    assert losses.shape == (len(own),)
    losses.sum().backward()
    moved = [
        any(p.grad is not None and bool(p.grad.any()) for p in network.parameters()) for network in members.networks
    ]
    assert moved == [True, False, True]


def test_features_that_no_member_knows_stay_zero() -> None:
    steps, rows = learnt_from()
    members = members_of(CONFIG, int(rows.max()))
    recipe = TrainConfig(steps=1, batch=12)
    loss_of_members(members, PartBatches(steps, LABELS, BELONGS, recipe)[0]).sum().backward()
    for network in members.networks:
        assert not network.embedding.weight[RARE].any()
        assert not network.embedding.weight.grad[RARE].any()
        assert network.embedding.weight.grad[RARE + 1 :].any()


def test_common_features_are_those_of_several_texts_however_often_they_stand_in_one() -> None:
    steps = steps_of(["77 77 77", "blue", "blue green"], CONFIG)
    rows = common(steps, CONFIG.buckets)
    of_text = [set(rows[steps.of(np.array([row])).features].tolist()) for row in range(3)]
    assert of_text[0] == {RARE}
    assert of_text[1] & of_text[2] - {RARE}
    assert sorted(set(rows.tolist())) == list(range(len(set(rows.tolist()))))
    assert LEAST_TEXTS == 2


def test_a_row_is_judged_by_the_member_that_did_not_learn_from_it() -> None:
    steps, rows = learnt_from()
    members = members_of(CONFIG, int(rows.max()))
    held_out = HeldOut(steps, LABELS, BELONGS, 6)
    with torch.no_grad():
        everything = members(inputs_of(steps)).numpy()
    np.testing.assert_allclose(held_out.unseen(members), everything[np.arange(12), BELONGS], atol=1e-5)
    learnt, unseen = held_out.accuracies(members)
    assert unseen == (everything[np.arange(12), BELONGS].argmax(1) == LABELS).mean()
    some = np.arange(0, 12, 2)
    assert learnt == (everything[some, (BELONGS[some] + 1) % PARTS].argmax(1) == LABELS[some]).mean()


def test_a_batch_depends_on_its_step_alone_and_leaves_features_and_steps_out() -> None:
    steps, _ = learnt_from()
    recipe = TrainConfig(steps=4, batch=5)
    one, other = (PartBatches(steps, LABELS, BELONGS, recipe) for _ in range(2))
    for a, b in zip(one[3][0], other[3][0], strict=True):
        assert torch.equal(a, b)
    batch = one[3]
    full = steps.of(one.epochs[3])
    assert torch.equal(batch.inputs.lengths, torch.from_numpy(full.lengths))
    assert 0.3 < len(batch.inputs.features) / len(full.features) < 0.8
    held = np.diff(batch.inputs.starts.numpy(), append=len(batch.inputs.features))
    assert 0 < (held == 0).sum() < len(held) / 2


class TestWeights:
    labels = np.arange(3000) % 3
    rng = np.random.default_rng(2)

    def logits(self, signal: float) -> np.ndarray:
        return signal * np.eye(3)[self.labels] + self.rng.normal(size=(3000, 3))

    def test_noise_gets_next_to_none_and_takes_nothing_away(self) -> None:
        bag, noise = self.logits(1.0), self.logits(0.0)
        weights = weights_of(bag, noise, self.labels)
        assert weights.bag == pytest.approx(1, abs=0.15)
        assert weights.order < 0.1

    def test_a_bag_that_knows_nothing_gives_way(self) -> None:
        weights = weights_of(self.logits(0.0), self.logits(3.0), self.labels)
        assert weights.bag < 0.2
        assert weights.order > 1

    def test_they_are_the_best_there_are(self) -> None:
        """Against a grid: no other pair has a lower cross-entropy."""
        bag, order = self.logits(1.0), self.logits(1.5)
        classes = torch.from_numpy(self.labels)

        def loss(one: float, other: float) -> float:
            return float(torch.nn.functional.cross_entropy(torch.from_numpy(one * bag + other * order), classes))

        found = loss(*weights_of(bag, order, self.labels))
        grid = np.linspace(0, 2, 21)
        assert found <= min(loss(one, other) for one in grid for other in grid) + 1e-9
