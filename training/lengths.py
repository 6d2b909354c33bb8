"""Rows of a table in batches of similar length, so that little of a batch is padding

Every row comes once an epoch, in an order that is a pure function of (seed, epoch); so is the batch of a step.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

POOL = 32  # batches whose rows are sorted together: enough for similar lengths, few enough to mix


class Epochs:
    """Item `step` holds the rows (B,) of that step; the last batch of an epoch may be smaller."""

    def __init__(self, lengths: Sequence[int] | np.ndarray, batch: int, seed: int) -> None:
        """
        Args:
            lengths: (N,) of the rows, in any unit.
            batch: rows in a step.
            seed: another one gives another order.
        """
        self.lengths, self.batch, self.seed = np.asarray(lengths), batch, seed
        self.steps = -(-len(self.lengths) // batch)
        self._planned: tuple[int, list[np.ndarray]] = (-1, [])

    def __getitem__(self, step: int) -> np.ndarray:
        epoch, place = divmod(step, self.steps)
        if self._planned[0] != epoch:
            self._planned = epoch, self._plan(epoch)
        return self._planned[1][place]

    def _plan(self, epoch: int) -> list[np.ndarray]:
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(self.lengths))
        size = POOL * self.batch
        pools = [order[start : start + size] for start in range(0, len(order), size)]
        by_length = np.concatenate([pool[np.argsort(self.lengths[pool], kind="stable")] for pool in pools])
        batches = [by_length[start : start + self.batch] for start in range(0, len(order), self.batch)]
        return [batches[place] for place in rng.permutation(len(batches))]


def padding(lengths: Sequence[int] | np.ndarray, batches: Sequence[np.ndarray]) -> float:
    """Share of the steps of padded batches that no row fills: 0 is none wasted."""
    of_batch = [np.asarray(lengths)[rows] for rows in batches]
    padded = sum(len(rows) * int(rows.max()) for rows in of_batch)
    return 1 - sum(int(rows.sum()) for rows in of_batch) / padded
