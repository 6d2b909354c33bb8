"""One training loop: read it top to bottom, events stand in the order of time.

What a resumed run needs is one record, `State`, written as safetensors and JSON after every validation; a run that is
killed and started again goes on from the last one and ends in the same weights as one that never stopped.  Several
processes started by torchrun take each step together (see `training/parallel.py`).
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset

from rnn_model.errors import TrainingError
from rnn_model.records import Epoch, History
from rnn_model.report import percent
from training.config import TrainConfig
from training.parallel import Team, mean_over_processes, team, told_by_first

Network = TypeVar("Network", bound=nn.Module)


class NotFiniteError(TrainingError):
    """The loss or its gradient became infinite or nan; `history` is the learning curve up to there."""

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


@dataclass
class State(Generic[Network]):
    """Everything that changes while training.

    Attributes:
        network: the weights that gradients move.
        averaged: their exponential moving average, which is validated and kept.
        best: the averaged weights of the best validation so far.
        optimiser: AdamW with its moments.
        step: optimiser steps taken.
        epochs: the learning curve so far.
        seconds: process CPU seconds spent in earlier sittings.
    """

    network: Network
    averaged: Network
    best: dict[str, Tensor]
    optimiser: torch.optim.AdamW
    step: int = 0
    epochs: list[Epoch] = field(default_factory=list)
    seconds: float = 0.0


def train(
    network: Network,
    batches: Dataset[Any],
    loss_of: Callable[[Network, Any], Tensor],
    validate: Callable[[Network], float],
    config: TrainConfig,
    folder: Path,
    say: Callable[[str], None] = print,
    accuracies: Callable[[Network], tuple[float, float]] | None = None,
    watch: Callable[[History], bool] | None = None,
) -> History:
    """Trains `network` in place; it ends with the averaged weights of its best validation.

    Args:
        network: freshly initialised.
        batches: item `step` is the batch of that step, whatever came before.
        loss_of: (network, batch) -> loss of each row (B,), whose mean is minimised, or that mean.
        validate: network -> loss on a fixed set, lower is better.
        config: of the run.
        folder: where the resumable state is kept; a state found there is carried on.
        say: receives a readable line after every validation.
        accuracies: network -> shares of training and validation rows got right; for the learning curve alone.
        watch: receives the learning curve after every step from the first validation on; False ends the run there, with
            the best so far.

    Raises:
        NotFiniteError: the loss or the gradient became infinite or nan; the message names the step and its cause, and
            the network holds the last good weights, as does `folder`.
        TrainingError: the state found belongs to another run, or the device is not there.
    """
    check_device(config)
    torch.set_num_threads(config.threads)
    torch.set_flush_denormal(True)  # tanh networks fade into denormals, which are many times slower
    together = team()
    state = _begin(network, config)
    if together.rank > 0:
        say = _silent
    if (folder / "state.json").exists():
        _restore(state, config, folder)
        say(f"carried on from step {state.step:,}")
    state.network.to(config.device)
    state.averaged.to(config.device)
    state.optimiser.load_state_dict(state.optimiser.state_dict())  # its moments follow the weights
    started = time.process_time() - state.seconds
    say(f"{'step':>7} {'train':>9} {'valid':>9} {'rate':>9} {'gradient':>9} {'clipped':>8} {'CPU s':>7}")

    losses, norms = [], []
    exhausted = f"no better validation in {config.patience:,} of them"
    over = _patience_spent(state, config)  # in an earlier sitting
    stopped = exhausted if over else f"all {config.steps:,} steps taken"
    for batch in () if over else _ahead(batches, state.step, config):
        network.train()
        for group in state.optimiser.param_groups:
            group["lr"] = learning_rate(state.step, config)
        state.optimiser.zero_grad(set_to_none=True)
        torch.manual_seed(_dropout_seed(config.seed, state.step, together))
        rows = loss_of(network, _on(config.device, batch))
        rows.mean().backward()
        loss = mean_over_processes(network.parameters(), rows.mean(), rows.numel()).item()
        norm = float(nn.utils.clip_grad_norm_(network.parameters(), config.clip))
        if not math.isfinite(norm) or not math.isfinite(loss):
            cause = _cause(network, rows, loss, norm)
            if state.epochs:
                network.load_state_dict(state.best)
            network.cpu().eval()
            cause = f"step {state.step + 1:,}: {cause}"
            raise NotFiniteError(
                f"{cause}. The last good weights are kept (in {folder}, too, if there was a "
                "validation); lower the learning rate or the clipping norm, or correct the row.",
                _curve(state, cause),
            )
        state.optimiser.step()
        state.step += 1
        _average(state, config)
        losses.append(loss)
        norms.append(norm)

        if state.step % config.validate_every == 0 or state.step == config.steps:
            state.averaged.eval().cpu()
            measured = [math.nan] * (1 if accuracies is None else 3)
            if together.rank == 0:
                measured = [validate(state.averaged), *(accuracies(state.averaged) if accuracies else ())]
            valid_loss, *shares = told_by_first(measured)
            epoch = Epoch(
                step=state.step,
                train_loss=sum(losses) / len(losses),
                valid_loss=valid_loss,
                learning_rate=learning_rate(state.step, config),
                gradient_norm=sum(norms) / len(norms),
                clipped=sum(norm > config.clip for norm in norms) / len(norms),
                seconds=time.process_time() - started,
                train_accuracy=shares[0] if shares else None,
                valid_accuracy=shares[1] if shares else None,
            )
            state.epochs.append(epoch)
            losses, norms = [], []
            if best_epoch(state.epochs) == len(state.epochs) - 1:
                state.best = copy.deepcopy(state.averaged.state_dict())
            if together.rank == 0:
                _store(state, config, folder)
            say(
                f"{epoch.step:>7} {epoch.train_loss:>9.4f} {epoch.valid_loss:>9.4f} {epoch.learning_rate:>9.2e} "
                f"{epoch.gradient_norm:>9.3f} {percent(epoch.clipped):>8} {epoch.seconds:>7.0f}"
                + (f"  right {percent(shares[0], 1)} / {percent(shares[1], 1)}" if shares else "")
                + ("  best" if best_epoch(state.epochs) == len(state.epochs) - 1 else "")
            )
            state.averaged.to(config.device)
            if _patience_spent(state, config):
                stopped = exhausted
                break
        if watch is not None and state.epochs:
            wanted = together.rank > 0 or watch(_curve(state))
            if not told_by_first([float(wanted)])[0] and state.step < config.steps:
                stopped = f"asked to at step {state.step:,}"
                break

    network.load_state_dict(state.best)
    network.cpu().eval()
    return _curve(state, stopped)


def check_device(config: TrainConfig) -> None:
    """Raises TrainingError if the device is not there."""
    if config.device == "cuda" and not torch.cuda.is_available():
        raise TrainingError("device: expected 'cpu', since torch finds no GPU here, found 'cuda'. Leave --device out.")


def state_folder(runs: Path, name: str, config: TrainConfig, *decisive: object) -> Path:
    """Where a run keeps its state: another place for each table, network and recipe, so that it goes on from its own.

    Args:
        runs: the folder of all runs.
        name: of what is made.
        config: of the run.
        decisive: what else decides what comes of it; their `repr` tells them apart.
    """
    digest = hashlib.sha256(repr((_binding(config), *decisive)).encode()).hexdigest()
    return runs / f"{name}-{digest[:12]}"


def outlasted(run: Callable[[], History]) -> History:
    """The learning curve of a run of `train` that may break: the network then holds the last good weights.

    Args:
        run: calls `train`.

    Raises:
        NotFiniteError: it broke before its first validation, so there are no good weights.
    """
    try:
        return run()
    except NotFiniteError as error:
        if not error.history.epochs:
            raise
        return error.history


def _curve(state: State[Any], stopped: str = "") -> History:
    return History(tuple(state.epochs), best_epoch(state.epochs) if state.epochs else 0, stopped)


def learning_rate(step: int, config: TrainConfig) -> float:
    """Linear warm-up, then half a cosine down to a fiftieth of the highest rate."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    share = (step - config.warmup) / max(config.steps - config.warmup, 1)
    return config.learning_rate * (0.02 + 0.98 * (1 + math.cos(math.pi * min(share, 1.0))) / 2)


def _on(device: str, batch: Any) -> Any:
    """A batch, a tuple of tensors and of further tuples, on the device."""
    if isinstance(batch, Tensor):
        return batch.to(device)
    parts = [_on(device, part) for part in batch]
    return (
        type(batch)(*parts) if hasattr(batch, "_fields") else tuple(parts)
    )  # named tuples take their parts one by one


def _silent(_: str) -> None:
    """For the processes that leave the speaking to the first."""


def _dropout_seed(seed: int, step: int, together: Team) -> int:
    """What a step draws depends on nothing that came before it, and differs between processes."""
    return int(np.random.SeedSequence((seed, step, together.rank)).generate_state(1, np.uint64)[0])


def _cause(network: nn.Module, rows: Tensor, loss: float, norm: float) -> str:
    """What went wrong in a step, in words."""
    words = f"expected a finite loss and gradient, found loss {loss:g} and gradient norm {norm:g}"
    spoilt = (~rows.detach().reshape(-1).isfinite()).nonzero().flatten().tolist()
    if spoilt and rows.ndim:
        listed = ", ".join(map(str, spoilt[:5])) + (", …" if len(spoilt) > 5 else "")
        first = rows.detach().reshape(-1)[spoilt[0]].item()
        return f"{words}; caused by row {listed} of the batch's {rows.numel()}, counted from 0, with loss {first:g}"
    if math.isfinite(loss):
        named = [name for name, p in network.named_parameters() if p.grad is not None and not p.grad.isfinite().all()]
        return f"{words}; every loss is finite, the gradient is not, of {', '.join(named[:5])}"
    return words


def best_epoch(epochs: list[Epoch]) -> int:
    """Index of the lowest validation loss, the earliest of equals; nan is higher than any."""
    losses = [math.inf if math.isnan(epoch.valid_loss) else epoch.valid_loss for epoch in epochs]
    return losses.index(min(losses))


def _patience_spent(state: State[Any], config: TrainConfig) -> bool:
    return bool(state.epochs) and len(state.epochs) - 1 - best_epoch(state.epochs) >= config.patience


def _begin(network: Network, config: TrainConfig) -> State[Network]:
    matrices = [parameter for parameter in network.parameters() if parameter.ndim >= 2]
    vectors = [parameter for parameter in network.parameters() if parameter.ndim < 2]
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
        lr=config.learning_rate,
    )
    averaged = copy.deepcopy(network)
    return State(network, averaged, copy.deepcopy(averaged.state_dict()), optimiser)


@torch.no_grad()
def _average(state: State[Any], config: TrainConfig) -> None:
    # an average of few steps must not remember the random start
    decay = min(config.averaging, (1 + state.step) / (10 + state.step))
    for kept, moved in zip(state.averaged.parameters(), state.network.parameters(), strict=True):
        kept.lerp_(moved, 1 - decay)


def _ahead(batches: Dataset[Any], first: int, config: TrainConfig) -> Iterator[Any]:
    """The batches of the remaining steps, prepared by other processes while the network trains."""
    remaining = Subset(batches, range(first, config.steps))
    return iter(
        DataLoader(
            remaining,
            batch_size=None,
            num_workers=config.workers,
            worker_init_fn=_prepare_worker,
            generator=torch.Generator(),  # the loader's own draws must not shift the caller's
            prefetch_factor=8 if config.workers else None,
        )
    )


def _prepare_worker(_: int) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _store(state: State[Any], config: TrainConfig, folder: Path) -> None:
    """Writes the tensors under the name of their step, then points to them; a kill in between loses nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Tensor] = {}
    for group, values in (
        ("network", state.network.state_dict()),
        ("averaged", state.averaged.state_dict()),
        ("best", state.best),
    ):
        tensors |= {f"{group}.{name}": tensor.contiguous() for name, tensor in values.items()}
    for index, moments in state.optimiser.state_dict()["state"].items():
        tensors |= {f"moments.{index}.{name}": tensor.contiguous() for name, tensor in moments.items()}
    file = f"state-{state.step}.safetensors"
    save_file({name: tensor.clone() for name, tensor in tensors.items()}, folder / file)
    record = {
        "config": asdict(config),
        "step": state.step,
        "seconds": state.epochs[-1].seconds,
        "tensors": file,
        "epochs": [asdict(epoch) for epoch in state.epochs],
    }
    fresh = folder / "state.json.new"
    fresh.write_text(json.dumps(record, indent=1))
    os.replace(fresh, folder / "state.json")
    for old in folder.glob("state-*.safetensors"):
        if old.name != file:
            old.unlink()


def _restore(state: State[Any], config: TrainConfig, folder: Path) -> None:
    try:
        record = json.loads((folder / "state.json").read_text())
        before = record["config"]
        changed = {key: (before.get(key), value) for key, value in _binding(config).items() if before.get(key) != value}
        if not changed:
            _fill(state, record, load_file(folder / record["tensors"]))
    except (OSError, ValueError, LookupError, TypeError, RuntimeError, SafetensorError) as error:
        found = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise TrainingError(
            f"{folder}: expected the state of this run, found {found}. Delete the folder to start anew."
        ) from error
    if changed:
        words = ", ".join(f"{key} was {before!r}, now {now!r}" for key, (before, now) in changed.items())
        raise TrainingError(f"{folder} holds another run ({words}). Choose another folder for this one, or delete it.")


def _binding(config: TrainConfig) -> dict[str, Any]:
    """What may not change from one sitting to the next."""
    return {key: value for key, value in asdict(config).items() if key not in ("threads", "workers", "device")}


def _fill(state: State[Any], record: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Puts what was stored into the state."""

    def group(name: str) -> dict[str, Tensor]:
        return {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}

    state.network.load_state_dict(group("network"))
    state.averaged.load_state_dict(group("averaged"))
    state.best = group("best")
    moments: dict[int, dict[str, Tensor]] = {}
    for key, tensor in group("moments").items():
        index, name = key.split(".")
        moments.setdefault(int(index), {})[name] = tensor
    state.optimiser.load_state_dict({"state": moments, "param_groups": state.optimiser.state_dict()["param_groups"]})
    state.step = record["step"]
    state.seconds = record["seconds"]
    state.epochs = [Epoch(**epoch) for epoch in record["epochs"]]
