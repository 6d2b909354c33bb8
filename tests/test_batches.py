"""Batches: a pure function of seed and step, finite in every regime, and blind to the future."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from rnn_model.config import CellConfig, ForecastConfig
from rnn_model.errors import InputError
from training.batches import REGIMES, ForecastBatches, Regime, collate
from training.parallel import Team
from training.real_series import RealSeries

CELL = CellConfig(hidden_size=4)
CONFIG = ForecastConfig(encoder=CELL, decoder=CELL)


def pool() -> list[RealSeries]:
    rng = np.random.default_rng(0)
    return [
        RealSeries(100 + rng.normal(size=length).cumsum(), season, f"source {season}", str(number))
        for season, length in ((1, 30), (4, 60), (12, 150), (7, 200), (24, 900), (52, 200))
        for number in range(5)
    ]


def batches(seed: int = 0, share: float = 0.5) -> ForecastBatches:
    return ForecastBatches(pool(), CONFIG, seed, 24, share, 40)


def equal(one: object, other: object) -> bool:
    parts = zip((*one.inputs, *one[1:]), (*other.inputs, *other[1:]), strict=True)
    return all(torch.equal(a.nan_to_num(-9.0), b.nan_to_num(-9.0)) for a, b in parts if a.shape == b.shape) and all(
        a.shape == b.shape for a, b in zip((*one.inputs, *one[1:]), (*other.inputs, *other[1:]), strict=True)
    )


def test_a_batch_is_a_pure_function_of_seed_and_step() -> None:
    stream = batches()
    late = stream[7]
    stream[0]
    assert equal(stream[7], late)
    assert equal(batches()[7], late)
    assert not equal(batches(seed=1)[7], late)
    assert not equal(stream[8], late)


def test_the_shares_of_several_processes_make_up_the_batch() -> None:
    whole = batches()[3]
    shares = [ForecastBatches(pool(), CONFIG, 0, 24, 0.5, 40, Team(rank, 3))[3] for rank in range(3)]
    for rank, share in enumerate(shares):
        assert share.targets.shape[0] == 8
        torch.testing.assert_close(share.targets, whole.targets[rank::3], equal_nan=True, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(share.weights, whole.weights[rank::3], rtol=1e-4, atol=1e-4)


def test_every_regime_comes_up_finite_with_a_known_future() -> None:
    stream = batches()
    seen = set()
    for step in range(40):
        batch = stream[step]
        horizon = batch.targets.shape[1]
        seen.add(horizon)
        assert batch.inputs.ahead.shape[:2] == (24, horizon)
        assert all(torch.isfinite(part.float()).all() for part in batch.inputs)
        assert torch.isfinite(batch.weights).all()
        assert (batch.weights > 0).all()
        assert (batch.inputs.spread > 0).all()
        assert (~batch.targets.isnan()).any(1).all()
    assert len(seen) > 10


def test_the_shares_of_the_regimes_add_up() -> None:
    assert sum(regime.share for regime in REGIMES) == pytest.approx(1)


def test_waves_are_drawn_and_their_season_mostly_looked_for() -> None:
    wave = next(regime for regime in REGIMES if regime.drawn == "waves")
    stream = ForecastBatches(pool(), CONFIG, 0, 60, 1.0, 4, regimes=[replace(wave, share=1.0)])
    assert not stream.real, "yearly series have a calendar"
    ahead = torch.cat([stream[step].inputs.high_frequency for step in range(4)])
    assert 0 < ahead.float().mean() < 1


def test_shapes_are_drawn_and_far_from_normal() -> None:
    shape = next(regime for regime in REGIMES if regime.drawn == "shapes")
    stream = ForecastBatches(pool(), CONFIG, 0, 60, 1.0, 4, regimes=[replace(shape, share=1.0)])
    assert not stream.real, "no real series is a shape"
    for step in range(4):
        again = stream[step].targets.sort(1).values.diff(dim=1) == 0
        assert again.float().mean() > 0.2, "zeros, counts and the few values of dice come again"


def test_inputs_do_not_know_the_future() -> None:
    rng = np.random.default_rng(1)
    histories = [rng.normal(size=length).cumsum() for length in (10, 40, 90)]
    periods = [(), (4,), (12,)]
    one = collate(histories, [np.zeros(6)] * 3, periods, CONFIG)
    other = collate(histories, [np.full(6, 1e3)] * 3, periods, CONFIG)
    assert all(torch.equal(a, b) for a, b in zip(one.inputs, other.inputs, strict=True))
    assert not torch.equal(one.targets, other.targets)


def test_weights_are_one_over_the_seasonal_change() -> None:
    history = np.tile([0.0, 10.0, 20.0, 30.0], 10) + np.repeat(np.arange(10.0), 4)  # one more each year
    batch = collate([history], [history[-4:] + 1], [(4,)], CONFIG)
    scale = np.abs(history - history.mean()).mean()
    assert float(batch.weights[0]) == pytest.approx(scale / 1.0, rel=1e-3)


def test_without_real_series_a_batch_is_all_synthetic() -> None:
    alone = ForecastBatches((), CONFIG, 0, 24, 0.0, 5)
    assert equal(alone[3], ForecastBatches(pool(), CONFIG, 0, 24, 0.0, 5)[3])


def real_alone(*series: np.ndarray) -> ForecastBatches:
    """Batches of such series, none of them synthetic."""
    pool = [RealSeries(values, 1, "file", str(number)) for number, values in enumerate(series)]
    return ForecastBatches(pool, CONFIG, 0, 32, 1.0, 8, regimes=[Regime("made", ((1, 1),), 2, 60, (6, 12), share=1.0)])


@pytest.mark.parametrize(
    "runs",
    [
        (30, -60),
        (30, -60, 6),
        (-50, 12),
        (1, -100, 11),
        (5, -700, 1),
        (1, -1, 1),
        (2, -40, 2, -40, 2),
    ],
    ids=str,
)
def test_long_gaps_leave_windows_with_something_known_on_both_sides(runs: tuple[int, ...]) -> None:
    """Runs of known values and, where negative, of missing ones."""
    rng = np.random.default_rng(0)
    stream = real_alone(np.concatenate([rng.normal(100, 5, run) if run > 0 else np.full(-run, np.nan) for run in runs]))
    for step in range(len(stream)):
        batch = stream[step]
        assert (~batch.targets.isnan()).any(1).all()
        assert all(torch.isfinite(part.float()).all() for part in batch.inputs)


def test_a_series_of_which_nothing_can_be_foretold_is_left_out() -> None:
    blank = np.full(1000, np.nan)
    far, alone = blank.copy(), blank.copy()
    far[[0, 900]] = alone[10] = 7.0  # 900 steps are more than the network reads
    whole = np.arange(40.0)
    assert equal(real_alone(far, alone, whole)[0], real_alone(whole)[0])


def test_no_series_of_which_anything_can_be_foretold_is_told() -> None:
    far = np.full(1000, np.nan)
    far[[0, 900]] = 7.0
    with pytest.raises(InputError, match=r"two values at most 768 steps apart, found longer gaps .* 2 series\. Give"):
        real_alone(far, far)


def test_noise_is_on_what_the_layers_read_and_nowhere_else() -> None:
    plain, noisy = (ForecastBatches((), CONFIG, 0, 24, 0.0, 5, noise=size)[3] for size in (0.0, 0.2))
    again = ForecastBatches((), CONFIG, 0, 24, 0.0, 5, noise=0.2)[3]
    assert equal(noisy, again)
    for one, other in ((plain.inputs.past, noisy.inputs.past), (plain.inputs.ahead, noisy.inputs.ahead)):
        assert (other - one).std().item() == pytest.approx(0.2, rel=0.05)
    for name in ("lengths", "forecasts", "evidence", "spread"):
        assert torch.equal(getattr(plain.inputs, name), getattr(noisy.inputs, name))
    assert torch.equal(plain.weights, noisy.weights)
