"""Batches of similar length: every row once an epoch, little padding, the same whenever a step is asked for."""

from __future__ import annotations

import numpy as np

from training.lengths import Epochs, padding

LENGTHS = np.random.default_rng(0).lognormal(3.0, 0.8, 3000).astype(int) + 1


def test_every_row_comes_once_an_epoch_and_in_another_order_the_next() -> None:
    epochs = Epochs(LENGTHS, 64, 0)
    first, second = ([epochs[step] for step in range(start, start + epochs.steps)] for start in (0, epochs.steps))
    for epoch in (first, second):
        assert sorted(np.concatenate(epoch).tolist()) == list(range(3000))
        assert sorted(map(len, epoch))[:2] == [3000 % 64, 64]
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))


def test_a_step_does_not_depend_on_the_steps_before_it() -> None:
    walked = Epochs(LENGTHS, 64, 5)
    seen = [walked[step] for step in range(100)]
    for step in (99, 3, 60):
        np.testing.assert_array_equal(Epochs(LENGTHS, 64, 5)[step], seen[step])
    assert not np.array_equal(Epochs(LENGTHS, 64, 6)[3], seen[3])


def test_little_is_padding_and_long_rows_come_at_any_time() -> None:
    epochs = Epochs(LENGTHS, 64, 0)
    batches = [epochs[step] for step in range(epochs.steps)]
    shuffled = np.random.default_rng(1).permutation(3000)
    blind = [shuffled[start : start + 64] for start in range(0, 3000, 64)]
    assert padding(LENGTHS, blind) > 0.6
    assert padding(LENGTHS, batches) < 0.2
    means = [LENGTHS[rows].mean() for rows in batches]
    assert abs(np.corrcoef(np.arange(len(means)), means)[0, 1]) < 0.4
    assert padding([3, 3, 1, 1], [np.array([0, 2]), np.array([1, 3])]) == 1 / 3
