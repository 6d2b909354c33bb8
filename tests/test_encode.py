"""From numbers to tensors and back: extreme sizes, gaps, batches, and what a change of unit may not change."""

from __future__ import annotations

from dataclasses import replace

import hypothesis
import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from tiny_checkpoint import FOLDER

from rnn_model import filters
from rnn_model.checkpoint import load
from rnn_model.config import CellConfig, ForecastConfig
from rnn_model.encode import Scaled, decode, feature_counts, inputs, scale
from rnn_model.network import ForecastNetwork
from rnn_model.smoothing import UNVARYING

CONFIG = ForecastConfig(encoder=CellConfig(hidden_size=8), decoder=CellConfig(hidden_size=8))
HALF = 2.0**-24  # relative rounding error of float32
# The whole way (matrices of up to 96 columns, asinh) in float32 in another order: measured 5e-6; 20 times that.
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


def alone(values: object, *periods: int, context: int = 768) -> Scaled:
    return scale([np.asarray(values, float)], [periods], context)


def decoded(scaled: Scaled) -> np.ndarray:
    """(B, T) the histories again, by the way that quantiles take."""
    return decode(scaled.x[..., None], scaled)[..., 0]


def centre(values: np.ndarray, *periods: int, horizon: int = 8) -> np.ndarray:
    """(K,) the classical forecast in the unit of the values."""
    scaled = alone(values, *periods)
    return decode(inputs(scaled, horizon, CONFIG).centre[..., None], scaled)[0, :, 0]


def walk(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=length).cumsum()


# --- there and back

SHAPE = np.array([3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0, -6.0])


@pytest.mark.parametrize(
    "values",
    [
        SHAPE,
        1e300 * SHAPE,
        1e-300 * SHAPE,
        1e9 + SHAPE,
        1e9 + 1e-2 * SHAPE,
        -1e9 + 1e-2 * SHAPE,
        np.array([1e-9, 1e9, 3.0, -1e9, 1e-3]),
        np.array([1.7e308, -1.7e308, 1.0]),
        np.arange(5000.0),
    ],
    ids=["plain", "1e300", "1e-300", "1e9", "1e9 and cents", "-1e9 and cents", "1e-9 ... 1e9", "largest", "long"],
)
def test_there_and_back(values: np.ndarray) -> None:
    """Two limits: float32 rounds x, so an error of HALF of the distance from the mean; float64 rounds the values."""
    scaled = alone(values, context=len(values))
    assert scaled.x.dtype == torch.float32
    assert scaled.scale.isfinite().all()
    assert (scaled.scale > 0).all()
    error = np.abs(decoded(scaled)[0] - values)
    distance = np.abs(values - float(scaled.anchor[0]))
    assert (error <= 1.01 * HALF * distance + 4 * np.finfo(float).eps * np.abs(values).max()).all()


@hypothesis.settings(max_examples=200, deadline=None)
@hypothesis.given(
    values=hnp.arrays(
        np.float64,
        st.integers(1, 40),
        elements=st.floats(1e-20, 1e15) | st.floats(-1e15, -1e-20) | st.sampled_from([0.0, np.nan]),
    ).filter(lambda values: not np.isnan(values).all()),
    factor=st.sampled_from([1e-280, 1.0, 1e290]),
)
def test_there_and_back_for_any_numbers(values: np.ndarray, factor: float) -> None:
    values = values * factor
    scaled = alone(values)
    seen = ~np.isnan(values)
    assert torch.equal(scaled.observed[0], torch.from_numpy(seen))
    assert scaled.x.isfinite().all()
    assert not scaled.x[~scaled.observed].any()
    assert scaled.scale[0] > 0
    error = np.abs(decoded(scaled)[0] - values)[seen]
    distance = np.abs(values - float(scaled.anchor[0]))[seen]
    # a spread below 1e-12 of the largest value counts as none, and is lost
    assert (error <= 1.01 * HALF * distance + 2e-12 * np.abs(values[seen]).max()).all()


def test_scaled_values_have_a_mean_of_0_and_a_mean_size_of_1() -> None:
    values = 40 + 7 * walk(50)
    values[[3, 30]] = np.nan
    x = alone(values).x[0].numpy()[~np.isnan(values)]
    assert x.mean() == pytest.approx(0, abs=1e-5)
    assert np.abs(x).mean() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("value", [7.0, -7.0, 0.0, 1e300, 1e-300])
@pytest.mark.parametrize("count", [1, 2, 30])
def test_what_does_not_vary_is_scaled_by_its_level(value: float, count: int) -> None:
    scaled = alone(np.full(count, value))
    assert not scaled.x.any()
    assert scaled.anchor[0] == pytest.approx(value, rel=1e-14)
    assert scaled.scale[0] == pytest.approx(UNVARYING * (abs(value) or 1.0), rel=1e-14)
    made = inputs(scaled, 3, CONFIG)
    assert not made.centre.any(), "the value itself is the forecast"
    assert (made.spread > 0).all()
    if count == 1:
        assert made.spread[0, 0] * UNVARYING == pytest.approx(0.1, rel=0.02), "a tenth of it is assumed"


def test_variation_that_float64_can_barely_hold_counts_as_none() -> None:
    flat, varied = alone([1.0, 1.0 + 1e-15, 1.0]), alone([1.0, 1.0 + 1e-12, 1.0])
    assert flat.scale[0] == pytest.approx(UNVARYING)
    assert flat.x.abs().max() < 1e-14
    assert varied.scale[0] < 1e-10
    assert varied.x.abs().max() > 1


def test_decode_gives_the_unit_of_each_history() -> None:
    scaled = scale([np.array([0.0, 2.0]), np.array([1000.0, 3000.0])], [(), ()], 10)
    quantiles = torch.tensor([[[-1.0, 0.0, 1.0]], [[-1.0, 0.0, 1.0]]])
    numbers = decode(quantiles, scaled)
    assert numbers.dtype == np.float64
    np.testing.assert_allclose(numbers, [[[0.0, 1.0, 2.0]], [[1000.0, 2000.0, 3000.0]]], rtol=1e-14)


# --- alignment, context, seasons


def test_histories_are_right_aligned_and_cut() -> None:
    scaled = scale([np.arange(10.0), np.array([5.0, np.nan, 7.0])], [(), ()], 6)
    assert scaled.x.shape == (2, 6)
    assert scaled.observed.tolist() == [[True] * 6, [False, False, False, True, False, True]]
    assert scaled.anchor.tolist() == [6.5, 6.0]
    assert scaled.x[1].tolist() == [0, 0, 0, -1, 0, 1]


def test_what_lies_before_the_context_has_no_say() -> None:
    short = walk(50)
    for name in ("x", "observed"):
        found, expected = (
            getattr(alone(values, 4, context=50), name) for values in (np.r_[1e6 + walk(9, 1), short], short)
        )
        assert torch.equal(found, expected)


@pytest.mark.parametrize(
    ("length", "asked", "used"),
    [
        (24, (12,), [12, 1]),
        (23, (12,), [1, 1]),
        (400, (168, 24), [24, 168]),
        (100, (168, 24), [24, 1]),
        (30, (), [1, 1]),
        (30, (1,), [1, 1]),
    ],
)
def test_a_season_is_used_when_the_history_holds_two_of_it(
    length: int, asked: tuple[int, ...], used: list[int]
) -> None:
    assert alone(walk(length), *asked).periods.tolist() == [used]


# --- what the network reads


def test_features_are_as_many_as_announced_and_finite() -> None:
    for families, log_families in ((("level",), ()), (("level", "trend"), ("damped",)), (CONFIG.families,) * 2):
        config = replace(CONFIG, families=families, log_families=log_families)
        made = inputs(alone(walk(60), 4), 9, config)
        past, ahead = feature_counts(config)
        assert made.past.shape == (1, 60, past)
        assert made.ahead.shape == (1, 9, ahead)
        assert made.centre.shape == made.spread.shape == (1, 9)
        assert (made.spread > 0).all()
        assert all(part.isfinite().all() for part in made)


def test_the_past_starts_at_the_first_observed_step() -> None:
    made = inputs(scale([walk(200), walk(5), np.r_[np.nan, np.nan, walk(7)]], [(), (), ()], 768), 2, CONFIG)
    assert made.past.shape[1] == CONFIG.window
    assert made.lengths.tolist() == [CONFIG.window, 5, 7]
    seen = made.past[:, :, 4]
    assert seen[1, :5].eq(1).all()
    assert seen[2, :7].eq(1).all()


def test_a_missing_step_is_told_apart_from_an_observed_one() -> None:
    values = walk(30)
    values[12] = np.nan
    seen = inputs(alone(values), 2, CONFIG).past[0, :, 4]
    assert seen.tolist() == [0.0 if step == 12 else 1.0 for step in range(30)]


def odd_batch() -> list[tuple[np.ndarray, tuple[int, ...]]]:
    steps = np.arange(96)
    monthly = (100 + steps) * (1 + 0.2 * np.sin(steps * np.pi / 6)) + walk(96)
    gaps = np.where(np.arange(60) % 7 == 3, np.nan, walk(60, 2))
    return [
        (monthly, (12,)),
        (walk(500, 1), ()),
        (gaps, (4,)),
        (np.array([5.0]), ()),
        (np.array([5.0, 6.0]), (12,)),
        (np.full(20, 3.0), (4,)),
        (1e300 * walk(25, 3), ()),
        (np.where(np.arange(40) == 20, 1120.0, 112.0), ()),
        (np.r_[walk(30, 4), np.full(120, np.nan)], (4,)),
        (np.resize([0.0, 0.0, 3.0], 72), (3, 24)),
    ]


def test_a_series_in_a_batch_is_forecast_as_alone() -> None:
    """Other lengths, other seasons beside it: only the order of float32 sums may differ.

    The quantiles are compared in units of their own spread, since that is what a reader of the forecast would notice.
    """
    torch.manual_seed(0)
    network = ForecastNetwork(*feature_counts(CONFIG), CONFIG).eval()
    torch.nn.init.normal_(network.head.weight, std=0.3)
    histories, periods = zip(*odd_batch(), strict=True)
    with torch.no_grad():
        together = inputs(scale(histories, periods, 768), 10, CONFIG)
        of_batch, _ = network(together)
        for row, (history, period) in enumerate(odd_batch()):
            by_itself = inputs(scale([history], [period], 768), 10, CONFIG)
            quantiles, _ = network(by_itself)
            assert of_batch[row].isfinite().all()
            difference = (of_batch[row] - quantiles[0]) / by_itself.spread[0, :, None]
            assert difference.abs().max() < 1e-4, row
            length = int(by_itself.lengths[0])
            assert together.lengths[row] == length
            torch.testing.assert_close(together.past[row, :length], by_itself.past[0, :length], **CLOSE)


def test_what_the_classical_forecasts_disagree_about_is_part_of_the_expected_error() -> None:
    """How a noisy trend of 20 steps goes on is open, and matters more the farther ahead one looks."""
    made = inputs(alone(0.2 * np.arange(20) + np.random.default_rng(4).normal(size=20)), 24, CONFIG)
    apart = (made.evidence.exp()[:, None] * (made.forecasts - made.centre[..., None]).square()).sum(2)
    share = (apart / made.spread.square())[0]
    assert share[0] < 0.1
    assert 0.2 < share[-1] < 0.4  # .44 if it were no part


def test_days_are_of_high_frequency_and_quarters_are_not() -> None:
    seasons = [(4,), (12,), (6,), (7,), (24, 168), (52,), (5,)]
    scaled = scale([walk(400)] * len(seasons), seasons, 768)
    assert inputs(scaled, 3, CONFIG).high_frequency.tolist() == [False] * 3 + [True] * 4


def test_what_has_no_season_is_of_high_frequency_when_it_is_longer_than_years_are() -> None:
    scaled = scale([walk(40), walk(71), walk(72), walk(400)], [()] * 4, 768)
    assert inputs(scaled, 3, CONFIG).high_frequency.tolist() == [False, False, True, True]


def test_the_past_stands_beside_what_is_expected_next() -> None:
    """The mean of pure noise is expected, whatever the last value was: the others lie around it."""
    values = 100 + np.random.default_rng(0).normal(size=90)
    values[-1] = 103.0
    past = inputs(alone(values), 2, CONFIG).past[0]
    beside_last, beside_expected = past[:-1, 0], past[:-1, 1]
    assert beside_last.mean() < -1.2
    assert beside_expected.mean().abs() < 0.4


@pytest.mark.parametrize("slope", [2.0, -3.0, 1e-200, 1e200])
@pytest.mark.parametrize("shift", [0.0, 5.0])
def test_a_change_of_unit_changes_the_forecast_alike(slope: float, shift: float) -> None:
    """Without a season the forecast of a + b x is a + b times that of x, even mirrored."""
    values = walk(60)
    values[[7, 31]] = np.nan
    shift = shift * abs(slope)
    plain, moved = centre(values), centre(shift + slope * values)
    np.testing.assert_allclose((moved - shift) / slope, plain, rtol=0, atol=1e-3)


@pytest.mark.parametrize("slope", [2.0, 1e-200, 1e200])
def test_a_change_of_unit_with_a_season(slope: float) -> None:
    """A season may be in proportion to the level, so only multiples give multiples."""
    values = (100 + walk(60)) * (1 + 0.1 * np.resize([1.0, 0.0, -2.0, 1.0], 60))
    np.testing.assert_allclose(centre(slope * values, 4) / slope, centre(values, 4), rtol=0, atol=2e-2)


def test_growth_is_doubted_where_it_would_be_large_and_may_be_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same swings, the last of them upwards, once around a low level and once on top of a high one."""
    values = np.array([1.0, 2.0, 1.0, 3.0, 2.0, 4.0, 5.0, 8.0])
    low, high = centre(values, horizon=6)[-1] - 8, centre(1000 + values, horizon=6)[-1] - 1008
    monkeypatch.setattr(filters, "USUAL_GROWTH", 1e9)
    low_believed, high_believed = centre(values, horizon=6)[-1] - 8, centre(1000 + values, horizon=6)[-1] - 1008
    assert low < 0.8 * low_believed
    assert high == pytest.approx(high_believed, abs=0.01)


def test_a_fall_is_doubted_more_than_a_rise() -> None:
    """A positive series and the same turned about its middle; one that is not positive has no such side."""
    values = 20 + np.array([0.0, 1, -1, 0, 2, 1, 4, 3, 6, 8])
    rise, fall = centre(values, horizon=6)[-1] - 28, centre(40 - values, horizon=6)[-1] - 12
    assert 0 < -fall < 0.9 * rise
    rise, fall = centre(values - 20, horizon=6)[-1] - 8, centre(20 - values, horizon=6)[-1] + 8
    assert fall == pytest.approx(-rise, abs=1e-3)


def test_a_wild_year_does_not_decide() -> None:
    """With a likelihood of squares the trend of these years would be lost to one of them."""
    values = 100 + 4.0 * np.arange(20)
    values[9] += 60
    ahead = centre(values, horizon=4)
    np.testing.assert_allclose(ahead, 176 + 4.0 * np.arange(1, 5), rtol=0, atol=2.5)


def test_growth_that_the_series_insists_on_is_believed() -> None:
    """Doubling every four steps with an error of 1 % goes on, far beyond what is usual: 2.8-fold in six steps."""
    values = 2 ** (np.arange(24) / 4) * np.exp(0.01 * np.random.default_rng(0).normal(size=24))
    assert centre(values, horizon=6)[-1] / values[-1] > 2.5


@pytest.mark.parametrize("level", [1e5, 1e7, 1e9])
@pytest.mark.parametrize("season", [(), (4,)], ids=["no season", "season"])
def test_a_level_far_above_the_variation_costs_no_digits(level: float, season: tuple[int, ...]) -> None:
    """1e9 and cents: what varies is scaled in float64 and the level is kept apart, so the forecast moves with it.

    With a season the level decides a little between additive and multiplicative indices, up to 1e4 spreads.
    """
    values = np.round(walk(60) + np.resize([3.0, -1.0, 0.0, -2.0], 60), 2)
    high, low = centre(level + values, *season) - level, centre(1e5 + values, *season) - 1e5
    np.testing.assert_allclose(high, low, rtol=0, atol=1e-5 * np.abs(values).max() + 4 * np.spacing(level))


def test_gradients_reach_every_value_that_was_observed_and_read() -> None:
    model = load(FOLDER)
    values = walk(70)
    values[[5, 40]] = np.nan
    scaled = alone(values, 4)
    scaled = replace(scaled, x=scaled.x.requires_grad_())
    quantiles, _ = model.network(inputs(scaled, 6, model.config.forecast))
    (gradient,) = torch.autograd.grad(quantiles[0, :, 4].sum(), scaled.x)
    assert gradient.isfinite().all()
    assert torch.equal(gradient[0] != 0, scaled.observed[0])


@pytest.mark.parametrize("row", range(10))
def test_gradients_are_finite_for_odd_series(row: int) -> None:
    model = load(FOLDER)
    history, periods = odd_batch()[row]
    scaled = alone(history, *periods)
    scaled = replace(scaled, x=scaled.x.requires_grad_())
    quantiles, _ = model.network(inputs(scaled, 6, model.config.forecast))
    (gradient,) = torch.autograd.grad(quantiles.sum(), scaled.x)
    assert gradient.isfinite().all()
