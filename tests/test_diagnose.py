"""The doctor: each illness found on a curve that has it, none on a healthy one, and on real runs as on drawn ones."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from rnn_model.config import CellConfig
from rnn_model.network import RecurrentNetwork
from rnn_model.records import Epoch, GradientFlow, History, history_of
from training.config import TrainConfig
from training.diagnose import Change, Compared, Facts, changed, diagnose
from training.loop import best_epoch, train
from training.memory_task import CELLS, RECIPE, remember

STEPS = np.linspace(0, 1, 20)


def drawn(train: np.ndarray, valid: np.ndarray, right: np.ndarray | None = None, **other: object) -> History:
    """A history of the given losses; `right` holds training and validation accuracies (2, N)."""
    norms = other.get("norms", np.ones(len(train)))
    epochs = [
        Epoch(
            100 * (n + 1), float(train[n]), float(valid[n]), 1e-3, float(norms[n]), float(other.get("clipped", 0.0)),
            1.0 * n, *(() if right is None else map(float, right[:, n])),
        )
        for n in range(len(train))
    ]  # fmt: skip
    return History(tuple(epochs), best_epoch(epochs), str(other.get("stopped", "all steps taken")))


FALLING = 0.1 + 0.9 * np.exp(-8 * STEPS)
TURNING = np.where(STEPS < 0.3, 1 - 1.5 * STEPS, 0.55 + 0.8 * (STEPS - 0.3))
LEARNT = np.stack([1 - 0.4 * np.exp(-8 * STEPS), 0.95 - 0.4 * np.exp(-8 * STEPS)])
BY_HEART = np.stack([1 - 0.4 * np.exp(-5 * STEPS), np.full(20, 0.8)])
HEALTHY = drawn(FALLING, FALLING + 0.02, LEARNT)


def names(history: History, facts: Facts | None = None) -> list[str]:
    return [found.name for found in diagnose(history, facts or Facts())]


def test_a_healthy_run_is_said_to_be_one() -> None:
    compared = (Compared("majority class", 0.12, 0.6, (0.4, 0.5)),)
    (found,) = diagnose(HEALTHY, Facts(rows=1000, classes=2, held_out=300, leaks=1, compared=compared))
    assert found.name == "healthy"
    assert "Better than majority class" in " ".join(found.evidence)
    assert found.change is None


def test_overfitting_is_dated_and_its_gap_measured() -> None:
    found = diagnose(drawn(FALLING, TURNING, np.stack([BY_HEART[0], 0.8 - 0.1 * STEPS])), Facts())[0]
    assert found.name == "overfitting"
    said = " ".join(found.evidence)
    assert "Since step 700" in said or "Since step 800" in said
    assert "a gap of 30 points" in said
    assert "kept are those of step 600" in said or "kept are those of step 700" in said
    assert found.change == Change("weight_decay", 0.01, 0.083)
    assert diagnose(drawn(FALLING, TURNING), Facts(cell=CellConfig(layers=2)))[0].change == Change("dropout", 0.0, 0.3)


def test_the_loss_that_climbs_while_accuracy_holds_is_over_confidence() -> None:
    # the run that this project began with: training accuracy 1.0, validation accuracy flat, validation loss climbing
    assert names(drawn(FALLING, TURNING, BY_HEART)) == ["overfitting", "over-confident"]
    assert "over-confident" not in names(drawn(FALLING, TURNING, np.stack([BY_HEART[0], 0.8 - 0.2 * STEPS])))


def test_noise_about_a_plateau_is_no_overfitting() -> None:
    noisy = FALLING + 0.02 + 0.004 * np.random.default_rng(0).standard_normal(20)
    assert names(drawn(FALLING, noisy, LEARNT)) == ["healthy"]


def test_a_loss_near_zero_may_double_without_anything_being_wrong() -> None:
    tiny = np.where(STEPS < 0.5, np.exp(-12 * STEPS), 0.0024 + 0.004 * (STEPS - 0.5))
    right = np.ones((2, 20))
    assert names(drawn(np.exp(-14 * STEPS), tiny, right)) == ["healthy"]


def test_layers_that_are_given_are_not_to_be_changed() -> None:
    faint = GradientFlow("", 0.1 ** np.arange(20.0)[:, None], np.array([0.6]))
    given = Facts(cell=None, rows=3, flow=faint)
    for history in (HEALTHY, drawn(FALLING, TURNING, BY_HEART), drawn(np.ones(20), np.ones(20))):
        for found in diagnose(history, given):
            assert found.change is None or hasattr(given.train, found.change.field)
            assert found.name not in ("vanishing gradient", "underfitting")
    (by_heart,) = (one for one in diagnose(drawn(FALLING, TURNING), given) if one.name == "overfitting")
    assert by_heart.change is not None
    assert by_heart.change.field == "learning_rate", "decay would pull trained weights to zero"
    assert by_heart.change.after < by_heart.change.before


def test_underfitting_tells_a_run_cut_short_from_a_network_too_small() -> None:
    short = diagnose(drawn(1 - 0.5 * STEPS, 1 - 0.5 * STEPS, np.full((2, 20), 0.7)))[0]
    assert (short.name, short.change) == ("underfitting", Change("steps", 12_000, 24_000))
    flat = diagnose(drawn(np.full(20, 0.69), np.full(20, 0.69), np.full((2, 20), 0.55)))[0]
    assert (flat.name, flat.change) == ("underfitting", Change("hidden_size", 64, 128))
    assert "55.0\N{NO-BREAK SPACE}% of its own training rows" in " ".join(flat.evidence)


def test_diverging_runs_and_runs_that_broke() -> None:
    up = drawn(np.where(STEPS < 0.4, 1 - STEPS, 3 * STEPS), np.where(STEPS < 0.4, 1 - STEPS, 3 * STEPS))
    assert diagnose(up)[0].name == "diverging"
    assert diagnose(up)[0].change == Change("learning_rate", 0.002, 0.0004)
    assert names(History((), 0, "found loss nan and gradient norm inf")) == ["diverging"]


def test_a_noisy_training_loss_is_not_diverging_while_the_validation_loss_falls() -> None:
    noisy = np.tile([0.2, 0.4, 0.35, 0.3], 5)
    assert "diverging" not in names(drawn(noisy, 1.4 - 0.1 * STEPS), Facts(cell=None))
    assert "diverging" in names(drawn(noisy, 1.4 + 0.1 * STEPS), Facts(cell=None))


def test_a_fall_that_hardly_shows_does_not_ask_for_a_longer_run() -> None:
    assert names(drawn(FALLING, 1.039 - 0.002 * STEPS)) == ["healthy"]
    assert names(drawn(FALLING, 1.039 - 0.2 * STEPS)) == ["underfitting"]


def test_gradients_that_vanish_and_explode() -> None:
    faint = GradientFlow("", 0.1 ** np.arange(20.0)[:, None], np.array([0.6]))
    found = diagnose(HEALTHY, Facts(flow=faint, cell=CellConfig(initialisation="torch")))[0]
    assert (found.name, found.change) == ("vanishing gradient", Change("initialisation", "torch", "orthogonal"))
    assert "Effective memory: 2 steps" in found.evidence[0]
    assert "0.60" in found.evidence[0]
    wild = GradientFlow("", 2.0 ** np.arange(20.0)[:, None], np.array([2.0]))
    assert names(HEALTHY, Facts(flow=wild)) == ["exploding gradient"]
    spike = np.where(np.arange(20) == 12, 90.0, 1.0)
    assert names(drawn(FALLING, FALLING, norms=spike)) == ["exploding gradient"]
    clipped = diagnose(drawn(FALLING, FALLING, norms=np.full(20, 30.0), clipped=0.9))
    assert "90\N{NO-BREAK SPACE}% of the steps were clipped to 1" in clipped[0].evidence[0]
    enough = GradientFlow(
        "", 0.7 ** np.arange(20.0)[:, None], np.array([0.7])
    )  # a hundredth is left 12 of 19 steps back
    assert names(HEALTHY, Facts(flow=enough)) == ["healthy"]
    lasting = GradientFlow("", np.ones((20, 1)), np.ones(1))
    assert names(HEALTHY, Facts(flow=lasting)) == ["healthy"]


def test_a_baseline_that_is_not_surely_beaten_is_believed() -> None:
    for better_by, expected in (((-0.02, 0.05), True), ((0.01, 0.05), False), (None, False)):
        facts = Facts(compared=(Compared("TF-IDF", 0.40, 0.41, better_by),))
        assert ("not better than the baseline" in names(HEALTHY, facts)) is expected
    assert names(HEALTHY, Facts(compared=(Compared("seasonal naive", 1.1, 1.0),))) == ["not better than the baseline"]


def test_few_rows_and_wide_intervals_are_too_little_data() -> None:
    assert names(HEALTHY, Facts(rows=60, classes=3)) == ["too little data"]
    assert names(HEALTHY, Facts(rows=600, classes=3, accuracy_interval=(0.6, 0.9))) == ["too little data"]
    assert names(HEALTHY, Facts(rows=600, classes=3, accuracy_interval=(0.8, 0.85))) == ["healthy"]
    assert names(HEALTHY, Facts(rows=3)) == ["too little data"]
    (found,) = diagnose(HEALTHY, Facts(rows=3))
    assert found.change == Change("hidden_size", 64, 32)
    (found,) = diagnose(HEALTHY, Facts(rows=3, kept=False))
    assert (found.advice, found.change) == ("Collect more.", None), "no layer is in the model"


def test_a_leak_comes_before_everything_else() -> None:
    assert names(drawn(FALLING, TURNING), Facts(held_out=100, leaks=9)) == ["leak suspected", "overfitting"]
    better_than_training = np.stack([np.full(20, 0.8), np.full(20, 0.9)])
    assert names(drawn(FALLING, FALLING, better_than_training))[0] == "leak suspected"
    assert names(drawn(FALLING, FALLING, better_than_training), Facts(held_out=1000))[0] == "leak suspected"
    few = names(drawn(FALLING, FALLING, better_than_training), Facts(held_out=24))
    assert "leak suspected" not in few, "of few rows more may be right by chance"


def test_every_change_can_be_made_again_and_again() -> None:
    """Whatever is trained, following the advice until nothing is left to follow never asks for what cannot be built."""
    flow = GradientFlow("", 0.1 ** np.arange(20.0)[:, None], np.array([0.6]))
    wild = GradientFlow("", 2.0 ** np.arange(20.0)[:, None], np.array([2.0]))
    ill = [drawn(FALLING, TURNING, BY_HEART), drawn(2 * STEPS + 0.1, 2 * STEPS + 0.1), drawn(np.ones(20), np.ones(20))]
    cells = [
        CellConfig(cell=cell, activation=activation, initialisation=start, layers=layers)
        for cell, activation, start, layers in itertools.product(
            ("rnn", "gru", "lstm"), ("tanh", "relu"), ("orthogonal", "identity", "torch"), (1, 2)
        )
        if cell == "rnn" or (activation, start != "identity") == ("tanh", True)
    ]
    for cell, history, seen in itertools.product(cells, ill, (flow, wild, None)):
        recipe, current = TrainConfig(), cell
        for _ in range(6):
            for found in diagnose(history, Facts(recipe, current, flow=seen, rows=10)):
                if found.change is not None:
                    assert found.change.before != found.change.after
                    recipe, current = changed(found.change, recipe, current)


def test_the_history_of_the_packaged_network_can_still_be_read() -> None:
    folder = Path(__file__).resolve().parent.parent / "weights" / "forecast"
    history = history_of(json.loads((folder / "history.json").read_text()))
    assert history.epochs[0].train_accuracy is None
    assert "diverging" not in names(history)


class ByHeart(Dataset[tuple[Tensor, Tensor]]):
    """Batches of 40 sequences with labels that mean nothing: all that can be learnt is the rows themselves."""

    def __init__(self, seed: int, rows: int = 40) -> None:
        rng = torch.Generator().manual_seed(seed)
        self.x, self.y = torch.randn(rows, 6, 4, generator=rng), torch.randint(0, 2, (rows,), generator=rng)

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        return self.x, self.y


class Reader(nn.Module):
    def __init__(self, cell: CellConfig) -> None:
        super().__init__()
        self.recurrent = RecurrentNetwork(4, cell)
        self.head = nn.Linear(cell.hidden_size, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.recurrent(x, torch.full((len(x),), 6))[0][:, -1])


def loss_of(network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    return nn.functional.cross_entropy(network(batch[0]), batch[1], reduction="none")


def trained(folder: Path, config: TrainConfig, hidden: int = 32) -> History:
    known, held_out = ByHeart(0)[0], ByHeart(1, 200)[0]

    @torch.no_grad()
    def right(network: nn.Module) -> tuple[float, float]:
        known_share, held_out_share = ((network(x).argmax(1) == y).float().mean().item() for x, y in (known, held_out))
        return known_share, held_out_share

    @torch.no_grad()
    def validate(network: nn.Module) -> float:
        return loss_of(network, held_out).mean().item()

    torch.manual_seed(0)
    network = Reader(CellConfig(hidden_size=hidden))
    return train(network, ByHeart(0), loss_of, validate, config, folder, lambda _: None, right)


SHORT = TrainConfig(steps=150, learning_rate=1e-2, warmup=5, validate_every=10, patience=100, averaging=0.5, workers=0)


def test_a_real_run_on_meaningless_labels_is_overfitting(tmp_path: Path) -> None:
    history = trained(tmp_path, SHORT)
    found = diagnose(history, Facts(SHORT, CellConfig(hidden_size=32), rows=40, classes=2))
    assert history.epochs[-1].train_accuracy == 1.0
    assert [one.name for one in found][:2] == ["overfitting", "over-confident"]
    assert "too little data" in [one.name for one in found]


def test_a_real_run_with_huge_steps_is_diverging(tmp_path: Path) -> None:
    wild = replace(SHORT, learning_rate=3.0, warmup=60, clip=1e6, weight_decay=0.0)
    history = trained(tmp_path, wild)
    assert "diverging" in names(history, Facts(wild))


def test_a_real_run_that_is_cut_short_is_underfitting() -> None:
    recipe = replace(RECIPE, steps=24, validate_every=4, learning_rate=1e-3)
    made = remember("tanh", CELLS["tanh"], 10, recipe)
    found = diagnose(made.history, Facts(recipe, CELLS["tanh"], flow=made.after))
    assert [(one.name, one.change) for one in found] == [("underfitting", Change("steps", 24, 48))]


def test_real_runs_on_the_memory_task_are_told_apart_by_their_gradients() -> None:
    recipe = replace(RECIPE, steps=160, batch=32, validate_every=20)
    lost = remember("torch", CELLS["tanh, torch's own start"], 25, recipe)
    found = diagnose(lost.history, Facts(recipe, CELLS["tanh, torch's own start"], flow=lost.after))
    assert found[0].name == "vanishing gradient"
    better, cell = changed(found[0].change, recipe, CELLS["tanh, torch's own start"])
    kept = remember("tanh", cell, 25, better)
    assert kept.accuracy > lost.accuracy + 0.5
    assert names(kept.history, Facts(better, cell, flow=kept.after)) == ["healthy"]
