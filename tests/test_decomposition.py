"""Classical decomposition against moving averages by hand, known seasons, and noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from rnn_model.decomposition import filled, moving_average, seasonal

# float32 numbers of order one, each the result of some dozens of roundings of 6e-8
CLOSE = {"rtol": 1e-5, "atol": 2e-6}


def by_hand(values: np.ndarray, period: int) -> np.ndarray:
    """Centred moving average (2 x period when even), nan where the window leaves the series."""
    half = period // 2
    weights = np.ones(period) if period % 2 else np.r_[0.5, np.ones(period - 1), 0.5]
    result = np.full(len(values), np.nan)
    for centre in range(half, len(values) - half):
        result[centre] = np.average(values[centre - half : centre + half + 1], weights=weights)
    return result


def trend_by_hand(values: np.ndarray, period: int) -> np.ndarray:
    """The moving average, and beyond its last column the line through its first and its last."""
    result = by_hand(values, period)
    first, last = np.flatnonzero(~np.isnan(result))[[0, -1]]
    slope = (result[last] - result[first]) / (last - first)
    result[last + 1 :] = result[last] + slope * np.arange(1, len(values) - last)
    return result


def phase_means(values: np.ndarray, weights: np.ndarray, period: int) -> np.ndarray:
    """(T,) weighted means by phase, nan left out, less their mean."""
    phase = (np.arange(len(values)) - len(values) + 1) % period
    known = ~np.isnan(values)
    index = np.array(
        [np.average(values[known & (phase == p)], weights=weights[known & (phase == p)]) for p in range(period)]
    )
    return (index - index.mean())[phase]


def remainder_by_hand(values: np.ndarray, weights: np.ndarray, period: int, span: int) -> np.ndarray:
    """What remains beside an average over `span` steps of the series without its first indices."""
    first = phase_means(values - trend_by_hand(values, period), weights, period)
    return values - trend_by_hand(values - first, span)


def rows(*series: np.ndarray) -> tuple[Tensor, Tensor]:
    """Right-aligned batch and what of it is observed."""
    length = max(map(len, series))
    padded = np.stack([np.r_[np.full(length - len(values), np.nan), values] for values in series])
    return torch.from_numpy(np.nan_to_num(padded)).float(), torch.from_numpy(~np.isnan(padded))


def season_of(
    *series: np.ndarray,
    period: int | list[int],
    horizon: int = 12,
    forgetting: float = 0.0,
    level: float = 0.0,
    relative: bool = False,
):
    x, observed = rows(*series)
    count = len(series)
    periods = torch.tensor([period] * count if isinstance(period, int) else period)
    return seasonal(
        x,
        observed,
        torch.full((count,), level),
        periods,
        horizon,
        torch.full((count,), forgetting),
        torch.full((count,), relative),
    )


def wave(period: int, size: float = 1.0) -> np.ndarray:
    """One season without mean and without symmetry."""
    shape = np.random.default_rng(period).normal(size=period)
    return size * (shape - shape.mean())


@pytest.mark.parametrize("period", [1, 2, 3, 4, 7, 12, 24])
def test_moving_average_by_hand(period: int) -> None:
    values = np.random.default_rng(0).normal(size=40)
    mean, full = moving_average(*rows(values), torch.tensor([period]))
    expected = by_hand(values, period)
    assert torch.equal(full[0], torch.from_numpy(~np.isnan(expected)))
    torch.testing.assert_close(mean[full].double(), torch.from_numpy(expected[~np.isnan(expected)]), **CLOSE)


def test_moving_average_of_four_numbers_a_year() -> None:
    """The 2 x 4 average of the textbook: half of the outer two, all of the inner three, over 4."""
    mean, full = moving_average(*rows(np.array([4.0, 8.0, 6.0, 2.0, 12.0, 0.0])), torch.tensor([4]))
    assert full[0].tolist() == [False, False, True, True, False, False]
    assert mean[0, 2:4].tolist() == [(4 / 2 + 8 + 6 + 2 + 12 / 2) / 4, (8 / 2 + 6 + 2 + 12 + 0 / 2) / 4]


def test_every_row_has_its_own_period_and_padding() -> None:
    rng = np.random.default_rng(1)
    long, short = rng.normal(size=30), rng.normal(size=11)
    mean, full = moving_average(*rows(long, short), torch.tensor([4, 3]))
    for row, (values, period) in enumerate(((long, 4), (short, 3))):
        expected = np.r_[np.full(30 - len(values), np.nan), by_hand(values, period)]
        assert torch.equal(full[row], torch.from_numpy(~np.isnan(expected)))
        torch.testing.assert_close(
            mean[row][full[row]].double(), torch.from_numpy(expected[full[row].numpy()]), **CLOSE
        )


def test_an_average_is_of_what_is_known_and_of_most_of_a_season() -> None:
    values = np.array([1.0, 5.0, 0.0, 3.0, 4.0, 0.0, 0.0, 8.0, 2.0, 6.0])
    known = torch.tensor([[True, True, False, True, True, False, False, True, True, True]])
    mean, full = moving_average(torch.tensor(values[None]).float(), known, torch.tensor([3]))
    assert full[0].tolist() == [False, True, True, True, True, False, False, True, True, False]
    torch.testing.assert_close(mean[full], torch.tensor([3.0, 4.0, 3.5, 3.5, 5.0, 16 / 3]))


def test_holes_lie_on_the_line_between_the_same_phase() -> None:
    nan = np.nan
    long = np.array([nan, 10, 1, nan, 2, nan, nan, 14, 4, nan])
    x, observed = rows(long, np.array([1, nan, 2, nan]))
    whole, known = filled(x, observed, torch.tensor([2, 2]))
    assert known[0].tolist() == [False] + [True] * 9
    expected = torch.tensor([0, 10, 1, 34 / 3, 2, 38 / 3, 3, 14, 4, 14], dtype=x.dtype)
    torch.testing.assert_close(whole[0], expected)
    assert known[1].tolist() == [False] * 6 + [True, False, True, False]  # a phase without a value


def test_without_a_hole_nothing_is_filled() -> None:
    x, observed = rows(np.arange(9.0), np.arange(5.0))
    whole, known = filled(x, observed, torch.tensor([4, 2]))
    assert whole is x
    assert known is observed


@pytest.mark.parametrize("period", [4, 7, 12, 24])
@pytest.mark.parametrize("every", ["Sunday", "tenth"])
def test_a_season_is_seen_through_holes(period: int, every: str) -> None:
    rng = np.random.default_rng(0)
    component = np.resize(wave(period), 10 * period)
    values = component + 0.1 * np.arange(len(component))
    hole = np.arange(len(values)) % period == 2 if every == "Sunday" else rng.random(len(values)) < 0.1
    hole[-1] = False
    values[hole] = np.nan
    found = season_of(values, period=period)
    assert found.strength.item() > 0.99
    error = (found.past[0].numpy() - component)[~hole]
    assert np.abs(error - error.mean()).max() < 0.1 * np.ptp(wave(period))


@pytest.mark.parametrize("period", [2, 3, 4, 7, 12])
@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize("extra", [0, 1], ids=["whole years", "and a step"])
def test_a_pure_season_on_a_line_is_recovered(period: int, slope: float, extra: int) -> None:
    steps = np.arange(5 * period + extra + 12)
    component = np.resize(wave(period), len(steps))
    series = (component + slope * steps)[:-12]
    found = season_of(series, period=period)
    assert found.strength.item() == pytest.approx(1, abs=1e-6)
    torch.testing.assert_close(found.past[0].double(), torch.from_numpy(component[:-12]), rtol=0, atol=2e-5)
    torch.testing.assert_close(found.ahead[0].double(), torch.from_numpy(component[-12:]), rtol=0, atol=2e-5)


def test_a_season_in_proportion_to_the_level_is_recovered() -> None:
    """Series = level * (1 + share); the batch holds the series less `level`, as `encode` scales it."""
    shares = np.resize(0.3 * wave(4), 52)
    found = season_of(10.0 * (1 + shares[:40]) - 10.0, period=4, level=10.0, relative=True)
    torch.testing.assert_close(found.past[0].double(), torch.from_numpy(shares[:40]), rtol=0, atol=2e-5)
    torch.testing.assert_close(found.ahead[0].double(), torch.from_numpy(shares[40:]), rtol=0, atol=2e-5)


def test_gaps_do_not_shift_the_season() -> None:
    component = np.resize(wave(4), 60)
    series = component[:48].copy()
    series[[5, 22, 23]] = np.nan
    found = season_of(series, period=4)
    torch.testing.assert_close(found.ahead[0].double(), torch.from_numpy(component[48:]), rtol=0, atol=2e-5)


def test_strength_is_the_james_stein_factor() -> None:
    """Recomputed in numpy for one noisy series: 1 - (noise variance / values of a phase) / variance of the indices."""
    period, years = 4, 6
    rng = np.random.default_rng(2)
    series = np.resize(wave(period), period * years) + rng.normal(size=period * years)
    level_weights = np.ones(len(series))
    remainder = remainder_by_hand(series, level_weights, period, 3)
    inside = ~np.isnan(remainder)
    phase = np.arange(len(series)) % period
    index = phase_means(remainder, level_weights, period)[:period]
    noise = np.sum((remainder - index[phase])[inside] ** 2) / (inside.sum() - period)
    variance = np.sum(index**2) / (period - 1)
    expected = 1 - noise * np.mean(1 / np.bincount(phase[inside])) / variance
    assert 0.1 < expected < 0.95

    found = season_of(series, period=period)
    assert found.strength.item() == pytest.approx(expected, rel=1e-4)
    torch.testing.assert_close(found.past[0].double(), torch.from_numpy(expected * index[phase]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("period", [2, 4, 7, 12])
@pytest.mark.parametrize("relative", [False, True])
def test_strength_lies_between_0_and_1_and_noise_has_little(period: int, relative: bool) -> None:
    """White noise: the ratio of variances is about 1, so half the draws shrink to nothing and the rest nearly so."""
    rng = np.random.default_rng(period)
    found = season_of(*rng.normal(size=(300, 8 * period)), period=period, level=20.0, relative=relative)
    assert ((found.strength >= 0) & (found.strength <= 1)).all()
    assert (found.strength == 0).float().mean() > 0.4
    # what is kept of the noise: its variance 1 spread over 7 full years, times the strength left
    kept = found.past.square().mean().sqrt() * (20 if relative else 1)
    assert kept < 0.4 / np.sqrt(7) * np.sqrt(2)


def test_strength_grows_with_the_evidence() -> None:
    rng = np.random.default_rng(3)
    strengths = []
    for years in (3, 6, 24):
        noisy = np.resize(wave(4, 0.7), 4 * years) + rng.normal(size=(200, 4 * years))
        strengths.append(season_of(*noisy, period=4).strength.mean().item())
    assert strengths == sorted(strengths)
    assert strengths[2] > strengths[0] + 0.2


@pytest.mark.parametrize(
    ("length", "period", "why"), [(30, 1, "no season"), (5, 4, "no full year of averages"), (1, 12, "one value")]
)
def test_no_season_where_there_can_be_none(length: int, period: int, why: str) -> None:
    found = season_of(np.random.default_rng(4).normal(size=length), period=period)
    assert not found.strength.any(), why
    assert not found.past.any()
    assert not found.ahead.any()


def test_indices_sum_to_nothing_over_a_period() -> None:
    noise = np.random.default_rng(5).normal(size=50)
    found = season_of(np.resize(wave(7, 2.0), 50) + noise, period=7, horizon=7)
    assert found.strength.item() > 0
    assert found.ahead.sum().abs() < 1e-5


@pytest.mark.parametrize(("period", "span"), [(2, 3), (4, 3), (5, 3), (7, 5), (12, 7), (24, 13), (25, 25), (52, 53)])
def test_span_of_the_second_average(period: int, span: int) -> None:
    """Odd, so that it is centred; half a season, but of weeks a whole one."""
    rng = np.random.default_rng(8)
    series = np.resize(2 * wave(period), 5 * period) + rng.normal(size=5 * period)
    index = phase_means(remainder_by_hand(series, np.ones(len(series)), period, span), np.ones(len(series)), period)
    found = season_of(series, period=period, horizon=period)
    torch.testing.assert_close(
        found.ahead[0].double() / found.strength.item(), torch.from_numpy(index[:period]), rtol=1e-4, atol=1e-5
    )


def test_a_turn_of_the_level_leaves_the_season_alone() -> None:
    """A level that turns within a season is followed by the shorter second average, not by the first alone."""
    component = np.resize(wave(12), 72)
    level = 3.0 * np.abs(np.arange(72) - 36) / 12
    found = season_of(component + level, period=12, horizon=12).ahead[0].numpy()
    once = phase_means(component + level - trend_by_hand(component + level, 12), np.ones(72), 12)[:12]
    wrong, wrong_once = (np.abs(index - component[:12]).max() for index in (found, once))
    assert wrong < 0.7 * wrong_once


def test_a_season_is_found_between_gaps_once_a_season() -> None:
    """Whole windows of the first average lie between the gaps, so those of the second must not be longer."""
    period = 25
    component = np.resize(10 * wave(period), 20 * period)
    series = component + np.random.default_rng(9).normal(size=len(component))
    series[:: period + 1] = np.nan
    found = season_of(series, period=period, horizon=period)
    assert np.abs(found.ahead[0].numpy() - component[:period]).mean() < 0.5 * np.abs(component).mean()


def test_forgetting_follows_a_season_that_changes() -> None:
    old, new = wave(4), wave(5)[:4] - wave(5)[:4].mean()
    series = np.r_[np.resize(old, 24), np.resize(new, 16)]
    errors = []
    for forgetting in (0.0, 0.35):
        ahead = season_of(series, period=4, horizon=4, forgetting=forgetting).ahead[0].numpy()
        errors.append(np.abs(ahead - new).mean())
    assert errors[1] < 0.5 * errors[0]


def test_weights_of_forgetting_by_hand() -> None:
    """A year (counted back from the last column) weighs 1 - forgetting of the next one."""
    rng = np.random.default_rng(6)
    series = np.resize(3 * wave(4), 24) + rng.normal(size=24)
    weights = 0.65 ** ((23 - np.arange(24)) // 4)
    index = phase_means(remainder_by_hand(series, weights, 4, 3), weights, 4)[:4]
    found = season_of(series, period=4, horizon=4, forgetting=0.35)
    torch.testing.assert_close(found.ahead[0].double() / found.strength.item(), torch.from_numpy(index), **CLOSE)


def test_the_newest_half_of_a_season_has_its_part() -> None:
    """A season that changes in the last two quarters changes their indices, on whatever line the series grows."""
    series = np.resize(3 * wave(4), 40)
    changed = series.copy()
    changed[-2:] += 5.0
    before, after = (season_of(one, period=4, horizon=4, forgetting=0.35).ahead[0] for one in (series, changed))
    assert ((after - before)[2:] > 0.3).all()
    grown = season_of(series + 0.5 * np.arange(40), period=4, horizon=4)
    torch.testing.assert_close(grown.ahead, season_of(series, period=4, horizon=4).ahead, rtol=0, atol=1e-4)


def test_a_series_in_a_batch_is_treated_as_alone() -> None:
    rng = np.random.default_rng(7)
    long = np.resize(wave(12), 90) + 0.3 * rng.normal(size=90)
    short = np.resize(wave(4), 25) + 0.3 * rng.normal(size=25)
    plain = rng.normal(size=40)
    together = season_of(long, short, plain, period=[12, 4, 1])
    for row, (series, period) in enumerate(((long, 12), (short, 4), (plain, 1))):
        alone = season_of(series, period=period)
        torch.testing.assert_close(together.past[row, -len(series) :], alone.past[0], **CLOSE)
        torch.testing.assert_close(together.ahead[row], alone.ahead[0], **CLOSE)
        torch.testing.assert_close(together.strength[row], alone.strength[0], **CLOSE)


def test_it_can_be_differentiated() -> None:
    """Gradients equal finite differences, in float64."""
    x = torch.from_numpy(np.resize(wave(4), 20) + np.random.default_rng(8).normal(size=20))[None].requires_grad_()

    def ahead(values: Tensor) -> Tensor:
        return seasonal(
            values,
            torch.ones(1, 20, dtype=torch.bool),
            torch.tensor([5.0], dtype=torch.float64),
            torch.tensor([4]),
            3,
            torch.tensor([0.35], dtype=torch.float64),
            torch.tensor([True]),
        ).ahead

    assert torch.autograd.gradcheck(ahead, (x,))
