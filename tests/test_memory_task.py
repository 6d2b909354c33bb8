"""The memory task: what remembers learns it, what forgets does not, and the gradient says which beforehand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from training.memory_task import CELLS, RECIPE, SIGNS, MemoryBatches, main, remember

SHORT = replace(RECIPE, steps=120, batch=32, validate_every=40)


def test_a_batch_shows_its_sign_first_and_is_a_pure_function_of_seed_and_step() -> None:
    batch = MemoryBatches(10, 500, 0)[3]
    assert batch.inputs.shape == (500, 11, SIGNS)
    assert torch.equal(batch.inputs[:, 0].argmax(1), batch.signs)
    assert abs(batch.inputs[:, 1:].mean().item()) < 0.02
    again = MemoryBatches(10, 500, 0)[3]
    assert all(torch.equal(one, other) for one, other in zip(batch, again, strict=True))
    assert not torch.equal(MemoryBatches(10, 500, 1)[3].inputs, batch.inputs)


def test_orthogonal_weights_remember_what_torchs_own_start_forgets() -> None:
    kept = remember("tanh", CELLS["tanh"], 25, SHORT)
    lost = remember("torch", CELLS["tanh, torch's own start"], 25, SHORT)
    assert kept.before.memory == 25
    assert lost.before.memory < 15
    assert kept.accuracy > 0.9
    assert lost.accuracy < 0.5
    assert kept.history.epochs[-1].valid_accuracy == pytest.approx(kept.accuracy, abs=0.05)
    assert 0 <= kept.clipped <= 1


def test_a_run_that_explodes_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    wild = replace(SHORT, learning_rate=10.0, clip=1e6, warmup=0, averaging=0.0)
    made = remember("relu", CELLS["relu, identity start"], 30, wild)
    assert "nan" in made.history.stopped or "inf" in made.history.stopped


def test_a_run_can_be_watched_and_ended() -> None:
    seen = []
    made = remember("tanh", CELLS["tanh"], 5, SHORT, lambda history: bool(seen.append(history)))
    assert [len(history.epochs) for history in seen] == [1]
    assert made.history.stopped == "asked to at step 40"


def test_the_command_prints_every_kind(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("training.memory_task.remember.__defaults__", (replace(SHORT, steps=2, validate_every=2), None))
    assert main(["--distance", "3"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in CELLS)
    assert printed.count("effective memory") == 2 * len(CELLS)


@pytest.mark.parametrize("distance", ["-3", "0", "100000"])
def test_a_distance_that_cannot_be_is_told_in_one_line(distance: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--distance", distance]) == 1
    said = capsys.readouterr()
    assert said.err == f"--distance: expected a whole number from 1 to 1000, found {distance}\n"
    assert said.out == ""


def test_stopped_from_outside_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.memory_task.remember", interrupted)
    assert main([]) == 130
    assert capsys.readouterr().err == "stopped\n"
