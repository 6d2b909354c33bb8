"""Several processes that train one network: each reads its share of every batch, and their gradients are averaged.

    torchrun --nproc_per_node 2 -m training.fit forecast

All processes hold the same weights and take the same steps; the first one validates, speaks and writes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor


class Team(NamedTuple):
    """This process among those that train together.

    Attributes:
        rank: its number, from 0.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1


ALONE = Team()


def team() -> Team:
    """The processes that were joined, or this one alone."""
    if not (dist.is_available() and dist.is_initialized()):
        return ALONE
    return Team(dist.get_rank(), dist.get_world_size())


def expected_size() -> int:
    """How many processes torchrun started, joined or not; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def joined() -> Iterator[Team]:
    """Joins the processes that torchrun started, which it tells through the environment; one alone joins nothing."""
    if expected_size() < 2:
        yield ALONE
        return
    dist.init_process_group("gloo")
    try:
        yield team()
    finally:
        dist.destroy_process_group()


def mean_over_processes(parameters: Iterable[Tensor], loss: Tensor, rows: int) -> Tensor:
    """Makes the gradients, and the loss that is returned, those of the batch as a whole.

    Args:
        parameters: those with a gradient are changed in place; the same ones in every process.
        loss: mean over the rows of this process.
        rows: how many those are; each process counts by them.
    """
    if team().size == 1:
        return loss.detach()
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    counted = loss.new_tensor(float(rows))
    sums = torch.cat([*(gradient.reshape(-1) for gradient in gradients), loss.detach().reshape(1)]) * counted
    everything = torch.cat([sums, counted.reshape(1)])
    dist.all_reduce(everything)
    _let_go(everything)
    means = everything[:-1] / everything[-1]
    for gradient, mean in zip(gradients, means[:-1].split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))
    return means[-1]


def told_by_first(values: list[float]) -> list[float]:
    """The numbers that the first process has, in all of them; the others give as many of any kind."""
    if team().size == 1:
        return values
    tensor = torch.tensor(values, dtype=torch.float64)
    dist.broadcast(tensor, 0)
    _let_go(tensor)
    return tensor.tolist()


def _let_go(tensor: Tensor) -> None:
    """Waits until this thread alone holds the tensor.

    Gloo's own thread drops its reference a little after the operation is over and needs the interpreter for that; a
    process that happens to be ending then is aborted (github.com/pytorch/pytorch/pull/179291).
    """
    while tensor._use_count() > 1:  # type: ignore[attr-defined]  # not in its stubs
        time.sleep(0)
