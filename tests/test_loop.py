"""The training loop: it learns, averages, stops, resumes after a real kill to the same bytes, and refuses nan."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from ast import literal_eval
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import Dataset

from rnn_model.errors import ConfigError, TrainingError
from rnn_model.records import History
from training.config import TrainConfig
from training.loop import NotFiniteError, best_epoch, learning_rate, train

CONFIG = TrainConfig(steps=60, warmup=5, learning_rate=0.05, validate_every=10, workers=0, averaging=0.8)
SLOPES = torch.tensor([2.0, -1.0, 0.5])


class Lines(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Batch `step` is drawn from a generator seeded with it; one may be spoilt, and each may take its time."""

    def __init__(self, spoilt: int = -1, pause: float = 0.0) -> None:
        self.spoilt, self.pause = spoilt, pause

    def __getitem__(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        time.sleep(self.pause)
        x = torch.randn(32, 3, generator=torch.Generator().manual_seed(step))
        return x, x @ SLOPES + (math.nan if step == self.spoilt else 0.0)


def loss_of(network: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    return (network(batch[0])[:, 0] - batch[1]).square()


@torch.no_grad()
def validate(network: nn.Module) -> float:
    return loss_of(network, Lines()[10_000]).mean().item()


def fresh() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.1), nn.Linear(8, 1))


def run(folder: Path, config: TrainConfig = CONFIG, batches: Lines | None = None) -> tuple[nn.Module, object]:
    network = fresh()
    history = train(network, batches or Lines(), loss_of, validate, config, folder, say=lambda _: None)
    return network, history


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_it_learns_and_ends_with_the_averaged_weights_of_the_best_validation(tmp_path: Path) -> None:
    before = validate(fresh().eval())
    network, history = run(tmp_path)
    assert validate(network) < 0.1 * before
    assert validate(network) == pytest.approx(min(epoch.valid_loss for epoch in history.epochs), rel=1e-6)
    assert history.epochs[history.best].valid_loss == min(epoch.valid_loss for epoch in history.epochs)
    assert [epoch.step for epoch in history.epochs] == [10, 20, 30, 40, 50, 60]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    assert same(run(tmp_path / "a")[0], run(tmp_path / "b")[0])
    assert not same(run(tmp_path / "a")[0], run(tmp_path / "c", replace(CONFIG, seed=1))[0])


def test_batches_prepared_by_another_process_are_the_same(tmp_path: Path) -> None:
    assert same(run(tmp_path / "a")[0], run(tmp_path / "b", replace(CONFIG, workers=1))[0])


def test_a_run_killed_in_the_middle_ends_in_the_same_bytes(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from test_loop import CONFIG, Lines, run; "
        "run(Path(sys.argv[1]), CONFIG, Lines(pause=0.05))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "killed")], env=environment)
    patience = time.monotonic() + 60
    while not (tmp_path / "killed" / "state.json").exists() and time.monotonic() < patience:
        time.sleep(0.02)
    time.sleep(0.2)  # some steps after the state was stored
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL

    lines: list[str] = []
    network = fresh()
    history = train(network, Lines(), loss_of, validate, CONFIG, tmp_path / "killed", lines.append)
    assert lines[0].startswith("carried on from step")
    whole, expected = run(tmp_path / "whole")
    assert same(network, whole)
    assert [epoch.valid_loss for epoch in history.epochs] == [epoch.valid_loss for epoch in expected.epochs]


KILLED_WHILE_STORING = """
import os, signal, sys
from pathlib import Path
from test_loop import run
from training import loop

moment, stored = sys.argv[2], []
whole_file, replace = loop.save_file, os.replace

def save_file(tensors, path):
    stored.append(path)
    whole_file(tensors, path)
    if moment == "tensors" and len(stored) == 3:
        os.truncate(path, 100)  # what a kill in the middle of writing leaves
        os.kill(os.getpid(), signal.SIGKILL)

def before_the_pointer(source, target):
    if moment == "pointer" and len(stored) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)

loop.save_file, loop.os.replace = save_file, before_the_pointer
run(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("moment", ["tensors", "pointer"])
def test_a_run_killed_while_it_stores_its_state_ends_in_the_same_bytes(tmp_path: Path, moment: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    command = [sys.executable, "-c", KILLED_WHILE_STORING, str(tmp_path / "killed"), moment]
    assert subprocess.run(command, env=environment).returncode == -signal.SIGKILL
    assert (tmp_path / "killed" / "state-30.safetensors").exists()
    lines: list[str] = []
    network = fresh()
    train(network, Lines(), loss_of, validate, CONFIG, tmp_path / "killed", lines.append)
    assert lines[0] == "carried on from step 20"
    assert same(network, run(tmp_path / "whole")[0])


class OneSpoiltRow(Lines):
    def __getitem__(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        x, y = super().__getitem__(step)
        y[17] += math.inf if step == 25 else 0.0
        return x, y


def test_nan_stops_the_run_at_its_step_and_keeps_the_last_good_state(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"step 26: .*nan.*row 0, 1, 2, 3, 4, … of the batch's 32"):
        run(tmp_path, batches=Lines(spoilt=25))
    assert (tmp_path / "state-20.safetensors").exists()


def test_the_row_that_spoilt_a_step_is_named_and_the_last_good_weights_stay(tmp_path: Path) -> None:
    network = fresh()
    with pytest.raises(
        NotFiniteError, match=r"step 26: .*gradient norm nan; caused by row 17 of the batch's 32, .*with loss inf"
    ) as caught:
        train(network, OneSpoiltRow(), loss_of, validate, CONFIG, tmp_path, say=lambda _: None)
    assert [epoch.step for epoch in caught.value.history.epochs] == [10, 20]
    kept = load_file(tmp_path / "state-20.safetensors")
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, kept[f"best.{name}"])
    assert math.isfinite(validate(network))


def test_a_gradient_that_alone_is_not_finite_names_its_weights(tmp_path: Path) -> None:
    def square_root(network: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return (0 * network(batch[0])[:, 0]).sqrt()  # 0, with an infinite slope

    with pytest.raises(NotFiniteError, match=r"step 1: .*loss 0 and gradient norm nan; .*of 0\.weight"):
        train(fresh(), Lines(), square_root, validate, CONFIG, tmp_path, say=lambda _: None)


def test_accuracies_stand_in_the_learning_curve_and_survive_a_resume(tmp_path: Path) -> None:
    def shares(network: nn.Module) -> tuple[float, float]:
        assert not network.training
        return 1 - validate(network) / 100, 0.5

    short = replace(CONFIG, steps=20)
    lines: list[str] = []
    history = train(fresh(), Lines(), loss_of, validate, short, tmp_path, lines.append, shares)
    for epoch in history.epochs:
        assert epoch.train_accuracy == pytest.approx(1 - epoch.valid_loss / 100)
        assert epoch.valid_accuracy == 0.5
    assert "/ 50.0\N{NO-BREAK SPACE}%" in lines[1]
    assert train(fresh(), Lines(), loss_of, validate, short, tmp_path, lines.append, shares) == history
    assert run(tmp_path / "without")[1].epochs[0].train_accuracy is None


PAIR = """
import sys
from dataclasses import replace
from pathlib import Path
import torch.distributed as dist
from safetensors.torch import save_file
from test_loop import CONFIG, Lines, SLOPES, fresh, loss_of, validate
from training.loop import train
from training.parallel import joined

class Share(Lines):
    def __init__(self, team): super().__init__(); self.team = team
    def __getitem__(self, step):
        x, y = super().__getitem__(step)
        rows = slice(0, 11) if self.team.rank == 0 else slice(11, 32)  # unequal on purpose
        return x[rows], y[rows]

with joined() as team:
    assert (team.size, dist.get_world_size(), dist.get_backend()) == (2, 2, "gloo"), team
    network = fresh()
    network[1].p = 0.0
    folder = Path(sys.argv[1])
    history = train(network, Share(team), loss_of, validate, CONFIG, folder / "state", lambda line: print(line))
    save_file(network.state_dict(), folder / f"{team.rank}.safetensors")
    (folder / f"{team.rank}.txt").write_text(repr([e.valid_loss for e in history.epochs]))
"""


def test_two_processes_train_one_network_to_the_same_weights_as_one(tmp_path: Path) -> None:
    (tmp_path / "pair.py").write_text(PAIR)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    ran = subprocess.run(
        [*command, str(tmp_path / "pair.py"), str(tmp_path)], env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.count("gradient") == 1  # the first process speaks alone
    one, other = (load_file(tmp_path / f"{rank}.safetensors") for rank in (0, 1))
    alone = fresh()
    alone[1].p = 0.0
    history = train(alone, Lines(), loss_of, validate, CONFIG, tmp_path / "alone", say=lambda _: None)
    for name, tensor in alone.state_dict().items():
        assert torch.equal(one[name], other[name])
        torch.testing.assert_close(one[name], tensor, rtol=1e-4, atol=1e-5)
    assert (tmp_path / "0.txt").read_text() == (tmp_path / "1.txt").read_text()
    np.testing.assert_allclose(
        literal_eval((tmp_path / "0.txt").read_text()), [e.valid_loss for e in history.epochs], rtol=1e-3
    )


def test_it_stops_when_nothing_gets_better(tmp_path: Path) -> None:
    config = replace(CONFIG, steps=1000, patience=2)
    history = train(fresh(), Lines(), loss_of, lambda _: 1.0, config, tmp_path, say=lambda _: None)
    assert [epoch.step for epoch in history.epochs] == [10, 20, 30]
    assert "no better validation" in history.stopped
    assert history.best == 0
    _, again = run(tmp_path, config)
    assert again == history, "a run that is over stays as it is when the command is given again"


def test_the_state_of_another_run_is_refused_by_name(tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(TrainingError, match=r"learning_rate was 0\.05, now 0\.01"):
        run(tmp_path, replace(CONFIG, learning_rate=0.01))


@pytest.mark.parametrize("damage", ["cut tensors", "no tensors", "cut record", "another record", "another network"])
def test_a_state_that_cannot_be_used_is_told_with_its_folder(tmp_path: Path, damage: str) -> None:
    run(tmp_path)
    record, tensors = tmp_path / "state.json", tmp_path / "state-60.safetensors"
    if damage == "cut tensors":
        os.truncate(tensors, 100)
    elif damage == "no tensors":
        tensors.unlink()
    elif damage == "cut record":
        os.truncate(record, 100)
    elif damage == "another record":
        record.write_text('{"steps": 3}')
    network = nn.Linear(3, 1) if damage == "another network" else fresh()
    with pytest.raises(TrainingError) as caught:
        train(network, Lines(), loss_of, validate, CONFIG, tmp_path, say=lambda _: None)
    assert str(caught.value).startswith(f"{tmp_path}: expected the state of this run, found ")
    assert str(caught.value).endswith("Delete the folder to start anew.")


def test_learning_rate_warms_up_and_falls_to_a_fiftieth() -> None:
    config = TrainConfig(steps=1100, warmup=100, learning_rate=1.0)
    assert learning_rate(0, config) == pytest.approx(0.01)
    assert learning_rate(99, config) == pytest.approx(1.0)
    assert learning_rate(600, config) == pytest.approx(0.51)
    assert learning_rate(1100, config) == pytest.approx(0.02)


def test_the_earliest_of_equal_validations_is_the_best(tmp_path: Path) -> None:
    _, history = run(tmp_path)
    row = history.epochs[0]
    assert best_epoch([replace(row, valid_loss=value) for value in (3.0, 1.0, 2.0, 1.0)]) == 1


def test_a_validation_that_is_no_number_is_worse_than_any_other(tmp_path: Path) -> None:
    losses = iter([math.nan, 3.0, 2.0, math.nan, 1.0, 4.0])
    network = fresh()
    config = replace(CONFIG, patience=3)
    history = train(network, Lines(), loss_of, lambda _: next(losses), config, tmp_path, say=lambda _: None)
    assert (history.best, len(history.epochs)) == (4, 6)
    assert best_epoch([replace(history.epochs[0], valid_loss=math.nan)] * 2) == 0
    kept = load_file(tmp_path / "state-60.safetensors")
    assert all(torch.equal(tensor, kept[f"best.{name}"]) for name, tensor in network.state_dict().items())
    assert not all(torch.equal(tensor, kept[f"averaged.{name}"]) for name, tensor in network.state_dict().items())


def test_a_watched_run_ends_when_told_and_keeps_its_best(tmp_path: Path) -> None:
    seen: list[History] = []

    def watch(history: History) -> bool:
        seen.append(history)
        return len(history.epochs) < 4

    network = fresh()
    history = train(network, Lines(), loss_of, validate, CONFIG, tmp_path, say=lambda _: None, watch=watch)
    assert [len(curve.epochs) for curve in seen] == [*[1] * 10, *[2] * 10, *[3] * 10, 4], (
        "from a validation on, a step each"
    )
    assert seen[-1].epochs == history.epochs
    assert seen[-1].best == history.best
    assert history.stopped == "asked to at step 40"
    assert validate(network) == pytest.approx(min(epoch.valid_loss for epoch in history.epochs), rel=1e-6)
    # a step is enough to end it; no validation has to be waited for
    between: list[int] = []
    short = train(
        fresh(), Lines(), loss_of, validate, CONFIG, tmp_path / "short", lambda _: None,
        watch=lambda _: bool(between.append(1)) or len(between) < 4,
    )  # fmt: skip
    assert (short.stopped, len(short.epochs)) == ("asked to at step 13", 1)
    # told to go on, the same folder ends as a run that was never stopped
    whole = train(network, Lines(), loss_of, validate, CONFIG, tmp_path, say=lambda _: None, watch=lambda _: True)
    assert whole.stopped == "all 60 steps taken"
    assert [epoch.valid_loss for epoch in whole.epochs] == [
        epoch.valid_loss for epoch in run(tmp_path / "whole")[1].epochs
    ]


def test_steps_are_counted_as_everywhere_with_commas(tmp_path: Path) -> None:
    long = replace(CONFIG, steps=1200, validate_every=600)
    assert run(tmp_path / "whole", long)[1].stopped == "all 1,200 steps taken"
    seen: list[History] = []
    short = train(
        fresh(),
        Lines(),
        loss_of,
        validate,
        long,
        tmp_path,
        lambda _: None,
        watch=lambda _: bool(seen.append(_)) or len(seen) < 410,
    )
    assert short.stopped == "asked to at step 1,009"


def test_a_gpu_that_is_not_there_is_told_before_anything_is_done(tmp_path: Path) -> None:
    if torch.cuda.is_available():  # then the loop's own result is the test
        assert run(tmp_path, replace(CONFIG, device="cuda"))[1].epochs
        return
    with pytest.raises(TrainingError, match="expected 'cpu', since torch finds no GPU here, found 'cuda'"):
        run(tmp_path, replace(CONFIG, device="cuda"))
    assert not list(tmp_path.iterdir())
    with pytest.raises(ConfigError, match="device: expected one of 'cpu', 'cuda', found 'gpu'"):
        replace(CONFIG, device="gpu")
