"""The smoothing bank against its equations written as a plain loop, and the properties a forecast must have."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
import torch
from filter_loop import DAMPING, SLOPE_OF, filtered, filters_of, noise, walk
from scipy import stats
from torch import Tensor

from rnn_model import filters, smoothing
from rnn_model.config import FAMILIES, FILTERS
from rnn_model.filters import (
    COARSE,
    FINE,
    GROWTH_AFTER,
    GROWTH_FREEDOM,
    MIDDLE,
    PRIOR_ERROR,
    TEMPERATURE,
    USUAL_GROWTH,
)
from rnn_model.smoothing import (
    LEAST_REMEMBERED,
    LEAST_TOLD,
    MOST_REMEMBERED,
    SEASONS_READ,
    SEASONS_REMEMBERED,
    Scale,
    carried_forward,
    recent,
    smooth,
)

WINDOW = 60
# The bank works in float32 (6e-8 a rounding) with matrices of up to WINDOW terms; the loops below in float64.
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


def loop(y: np.ndarray, family: str, horizon: int) -> dict[str, np.ndarray]:
    """One family on one series without season, in float64: what `smooth` should say of it."""
    seen = ~np.isnan(y)
    first = int(np.argmax(seen))
    steps = np.arange(1, len(y) - first + 1)
    y, seen = y[first:], seen[first:]
    ahead = len(y) + np.arange(1, horizon + 1)
    start = seen & (steps <= COARSE.start)
    carried = np.array([y[: step + 1][seen[: step + 1]][-1] for step in range(len(y))])
    if family in SLOPE_OF:
        phi, slope = 0.0, 0.0
        drift = SLOPE_OF[family] * (np.polyfit(steps[seen], y[seen], 1)[0] if seen.sum() > 1 else 0.0)
        level = np.mean((y - drift * steps)[start])
    else:
        phi, drift = DAMPING[family], 0.0
        slope, level = np.polyfit(steps[start], y[start], 1) if start.sum() > 1 else (0.0, y[0])

    growth = np.cumsum(phi ** np.arange(1.0, horizon + 1))
    after = sum(GROWTH_AFTER)  # 1 step a season
    usual = USUAL_GROWTH * after**0.5  # of a series that is not positive, whose spread is 1
    grown_of_trend = after if phi == 1 else phi * (1 - phi**after) / (1 - phi)
    used = seen & (np.cumsum(seen) > 1)
    counts = used * np.exp(-np.arange(len(y))[::-1] / LEAST_REMEMBERED)
    count = max(counts.sum(), 1)
    errors, forecasts, posteriors, sizes = [], [], [], []
    for alpha, beta in filters_of(family, COARSE):
        error, final, trend = filtered(carried - drift * steps, level, slope, alpha, beta, phi)
        errors.append(np.where(used, error, 0.0))
        forecasts.append(final + trend * growth + drift * ahead)
        sizes.append((np.sum(counts * np.abs(errors[-1])) + PRIOR_ERROR) / (count + 1))
        share = (trend * grown_of_trend + drift * after) / usual
        prior = stats.t.logpdf(share, GROWTH_FREEDOM) - stats.t.logpdf(0, GROWTH_FREEDOM)
        posteriors.append(prior - TEMPERATURE * count * math.log(sizes[-1]))
    weight = np.exp(np.array(posteriors) - max(posteriors))
    evidence = max(posteriors) + math.log(np.mean(weight))
    weight /= weight.sum()
    return {
        "forecasts": weight @ np.array(forecasts),
        "evidence": np.array(evidence),
        "sigma": weight @ np.array(sizes) * math.sqrt(math.pi / 2),
        "errors": np.r_[np.zeros(first), weight @ np.array(errors)],
    }


def bank(
    *series: np.ndarray,
    periods: tuple[int, int] = (1, 1),
    horizon: int = 8,
    level: float = 0.0,
    families: tuple[str, ...] = FAMILIES,
    window: int = WINDOW,
) -> smoothing.Bank:
    length = max(map(len, series))
    values = np.stack([np.r_[np.full(length - len(one), np.nan), one] for one in series])
    scale = Scale(torch.from_numpy(np.nan_to_num(values)).float(), torch.full((len(series),), level), families)
    observed = torch.from_numpy(~np.isnan(values))
    return smooth((scale,), observed, torch.tensor([periods] * len(series)), horizon, window)[0]


def point(said: smoothing.Bank) -> np.ndarray:
    """(B, K) the families' forecasts averaged by evidence."""
    return (said.evidence.softmax(1)[..., None] * said.forecasts).sum(1).numpy()


# --- the parts


def test_missing_values_are_carried_forward() -> None:
    y = torch.tensor([[9.0, 1.0, 9.0, 9.0, 2.0, 9.0]])  # 9 stands where nothing was observed
    observed = torch.tensor([[False, True, False, False, True, False]])
    assert carried_forward(y, observed).tolist() == [[0.0, 1.0, 1.0, 1.0, 2.0, 2.0]]


# --- the bank without season


@pytest.mark.parametrize("family", FILTERS)
@pytest.mark.parametrize("kind", ["walk", "line", "gaps", "short", "one value", "late start"])
def test_every_family_is_its_loop(family: str, kind: str) -> None:
    y = {
        "walk": walk(50),
        "line": 0.1 * np.arange(40) - 2 + 0.2 * noise(40),
        "gaps": np.where(noise(45, 5) > 0.8, np.nan, walk(45)),
        "short": walk(4),
        "one value": np.array([0.7]),
        "late start": np.r_[np.full(6, np.nan), walk(20)],
    }[kind]
    said = bank(y, families=(family,))
    for name, expected in loop(y, family, 8).items():
        np.testing.assert_allclose(getattr(said, name)[0, 0].numpy(), expected, **CLOSE, err_msg=name)


def test_what_is_read_and_how_much_it_counts() -> None:
    observed = torch.ones(4, WINDOW, dtype=torch.bool)
    observed[3, -SEASONS_READ * 4 :] = False
    read, weight = recent(observed, torch.tensor([[4], [12], [1], [4]]))
    assert read.sum(1).tolist() == [SEASONS_READ * 4, WINDOW, WINDOW, WINDOW - SEASONS_READ * 4]
    assert read[0, -1]
    assert not read[0, 0]
    longer = torch.ones(1, WINDOW, dtype=torch.bool)
    assert recent(longer, torch.tensor([[6]]))[1][0, -2].log().item() == pytest.approx(-1 / (6 * SEASONS_REMEMBERED))
    for row, memory in enumerate((LEAST_REMEMBERED, MOST_REMEMBERED, LEAST_REMEMBERED)):
        np.testing.assert_allclose(weight[row], np.exp(-np.arange(WINDOW)[::-1] / memory), rtol=1e-5)


def test_growth_of_long_ago_is_forgotten() -> None:
    """Forty years of quarters that grew twice as fast until twelve years ago are forecast as those since."""
    old, new = 0.2 * np.arange(112), 0.1 * np.arange(1, 49)
    series = np.r_[old - old[-1], new] + np.resize([0.5, -0.2, -0.5, 0.2], 160) + 0.05 * noise(160)
    ahead = point(bank(series, periods=(4, 1), level=100.0))[0]
    years = ahead.reshape(2, 4).mean(1) - series[-4:].mean()
    np.testing.assert_allclose(years, [0.4, 0.8], atol=0.08)


def test_long_steps_are_smoothed_faster() -> None:
    """Pure noise is smoothed as much as a grid allows: less in quarters than in months, and there less than in days."""
    assert min(COARSE.trend_alphas) > min(MIDDLE.trend_alphas) > min(FINE.trend_alphas)
    for period, grid in ((1, COARSE), (4, COARSE), (5, FINE), (7, FINE), (6, MIDDLE), (12, MIDDLE), (24, FINE)):
        alpha = bank(noise(96), periods=(period, 1), families=("trend",)).alpha.item()
        assert min(grid.trend_alphas) <= alpha < min(grid.trend_alphas) + 0.1


@pytest.mark.parametrize("block", [2, 512])
def test_series_of_all_kinds_of_steps_in_one_batch_are_forecast_as_alone(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "BLOCK", block)
    values = torch.from_numpy(np.stack([walk(72, seed) for seed in range(6)])).float()
    periods = torch.tensor([[12, 1], [1, 1], [7, 1], [4, 1], [7, 1], [12, 1]])
    observed, level = torch.ones_like(values, dtype=torch.bool), torch.zeros(6)
    (together,) = smooth((Scale(values, level, FAMILIES),), observed, periods, 8, WINDOW)
    for row in range(6):
        only = slice(row, row + 1)
        scale = Scale(values[only], level[only], FAMILIES)
        (alone,) = smooth((scale,), observed[only], periods[only], 8, WINDOW)
        np.testing.assert_allclose(point(together)[only], point(alone), rtol=1e-4, atol=1e-4)
        for name in ("sigma", "errors", "evidence", "alpha"):
            mine, its = getattr(together, name)[only], getattr(alone, name)
            np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-4, err_msg=name)


def test_simple_exponential_smoothing_by_hand() -> None:
    """Five numbers, worked on paper: level 2, alpha a, then errors 1 - 2, ...; each filter on its own."""
    y = np.array([1.0, 3.0, 2.0, 4.0, 0.0])
    expected = []
    for alpha in COARSE.level_alphas:
        level = 2.0  # the mean of the first values
        for value in y:
            level = alpha * value + (1 - alpha) * level
        expected.append(level)
    said = bank(y, families=("level",), horizon=3)
    assert said.forecasts.min() >= min(expected) - 1e-5
    assert said.forecasts.max() <= max(expected) + 1e-5
    np.testing.assert_allclose(said.forecasts[0, 0], loop(y, "level", 3)["forecasts"], **CLOSE)
    assert said.forecasts[0, 0].unique().numel() == 1, "a level is the same at every step ahead"


def test_a_straight_line_is_continued() -> None:
    y = 0.05 * np.arange(50) - 1
    said = bank(y, horizon=10, families=("trend", "drift"))
    np.testing.assert_allclose(said.forecasts[0], [0.05 * np.arange(50, 60) - 1] * 2, rtol=0, atol=1e-4)


def test_damped_trends_bend_between_level_and_line() -> None:
    said = bank(0.05 * np.arange(50) - 1, horizon=20, families=("trend", "damped", "strongly_damped", "level"))
    ends = said.forecasts[0, :, -1].tolist()
    assert ends == sorted(ends, reverse=True)
    assert ends[0] - ends[1] > 0.05


@pytest.mark.parametrize(
    ("y", "right"),
    [(0.05 * np.arange(60) + 0.1 * noise(60), {"trend", "drift"}), (noise(60), {"level", "half_drift", "drift"})],
    ids=["line", "noise"],
)
def test_the_evidence_is_on_the_side_of_what_made_the_series(y: np.ndarray, right: set[str]) -> None:
    evidence = bank(y).evidence[0]
    assert FAMILIES[int(evidence.argmax())] in right


def test_a_mirrored_and_moved_series_gives_the_mirrored_and_moved_forecast() -> None:
    y = walk(50)
    y[[7, 20]] = np.nan
    plain, mirrored, moved = point(bank(y)), point(bank(-y)), point(bank(y + 3, level=-3.0))
    np.testing.assert_allclose(mirrored, -plain, **CLOSE)
    np.testing.assert_allclose(moved, plain + 3, **CLOSE)


# --- with seasons


def test_a_season_of_long_ago_is_not_told_of() -> None:
    """What lies more than LEAST_TOLD steps and twelve of the longer season back has no part in a forecast."""
    for periods, heard in (((12, 1), False), ((24, 168), True)):
        now = wave(periods[0], 500) + 0.1 * noise(500)
        then = now.copy()
        then[:300] = wave(periods[0], 300, seed=5) + 0.1 * noise(300, 5)
        assert len(now) - 300 > LEAST_TOLD
        here, there = (point(bank(one, periods=periods, level=20.0)) for one in (now, then))
        assert bool(np.abs(here - there).max() > 1e-3) == heard


def wave(period: int, length: int, seed: int = 1) -> np.ndarray:
    shape = noise(period, seed)
    return np.resize(shape - shape.mean(), length)


@pytest.mark.parametrize("period", [2, 4, 7, 12])
def test_a_season_is_continued(period: int) -> None:
    whole = wave(period, 8 * period) + 0.05 * noise(8 * period, 2)
    said = bank(whole[: 7 * period], periods=(period, 1), horizon=period)
    # the noise has a standard deviation of 0.05, in the future and in each index
    assert np.abs(point(said)[0] - whole[7 * period :]).mean() < 0.1
    assert said.strength.item() > 0.9


def test_a_season_in_proportion_to_the_level_grows_with_it() -> None:
    steps = np.arange(96)
    whole = (10 + 0.3 * steps) * (1 + 0.3 * np.resize([1.0, -0.5, 0.2, -0.7], 96))
    scale = np.abs(whole[:84] - whole[:84].mean()).mean()
    shift = whole[:84].mean() / scale
    x = whole / scale - shift
    said = bank(x[:84], periods=(4, 1), horizon=12, level=shift)
    assert np.abs(point(said)[0] - x[84:]).mean() < 0.1
    # the swings of errors follow the swings of the season
    assert said.factor[0, :4].argsort().tolist() == np.argsort([1.0, -0.5, 0.2, -0.7]).tolist()


def test_two_seasons_are_continued() -> None:
    whole = wave(4, 120) + wave(12, 120, seed=3) - np.resize(wave(12, 12, seed=3).reshape(3, 4).mean(0), 120)
    said = bank(whole[:108], periods=(4, 12), horizon=12)
    assert np.abs(point(said)[0] - whole[108:]).mean() < 0.1
    assert np.abs(point(bank(whole[:108], periods=(4, 1), horizon=12))[0] - whole[108:]).mean() > 0.3


def test_season_and_rest_add_up_to_the_series() -> None:
    y = wave(4, 40) + walk(40)
    y[[3, 17]] = np.nan
    said = bank(y, periods=(4, 1))
    seen = ~np.isnan(y)
    np.testing.assert_allclose((said.adjusted + said.season)[0].numpy()[seen], y[seen], **CLOSE)
    assert not said.season[0].numpy()[~seen].any()


def test_no_season_asked_for_is_no_season_taken() -> None:
    said = bank(wave(4, 40))
    for part in (said.season, said.season_ahead, said.strength):
        assert not part.any()
    assert said.factor.eq(1).all()


def test_a_longer_horizon_leaves_the_nearer_steps_alone() -> None:
    y = wave(4, 40) + walk(40)
    near, far = bank(y, periods=(4, 1), horizon=5), bank(y, periods=(4, 1), horizon=30)
    for name in ("forecasts", "season_ahead", "factor"):
        torch.testing.assert_close(getattr(far, name)[..., :5], getattr(near, name), **CLOSE)
    for name in ("evidence", "sigma", "errors", "adjusted"):
        torch.testing.assert_close(getattr(far, name), getattr(near, name), **CLOSE)


def test_only_the_window_is_filtered() -> None:
    """Without a season and a drift, what lies before the window leaves no trace."""
    y = walk(80)
    changed = y.copy()
    changed[:20] += noise(20, 4)
    for name in ("forecasts", "errors"):
        before, after = (getattr(bank(version, window=60), name) for version in (y, changed))
        assert torch.equal(before, after)


# --- odd input


ODD = {
    "one value": np.array([0.3]),
    "two values": np.array([0.3, -0.1]),
    "constant": np.zeros(30),
    "one step": np.r_[np.zeros(20), np.ones(20)],
    "one wild value": np.r_[np.zeros(20), 1000.0, np.zeros(20)],
    "mostly missing": np.where(np.arange(70) % 9, np.nan, walk(70)),
    "missing at the end": np.r_[walk(40), np.full(15, np.nan)],
    "missing in the whole window": np.r_[walk(40), np.full(WINDOW, np.nan)],
    "crossing zero": wave(4, 40),
    "explosion": np.exp(np.linspace(-9, 2, 60)),
}


@pytest.mark.parametrize("periods", [(1, 1), (4, 1), (4, 12)], ids=str)
@pytest.mark.parametrize("level", [0.0, 5.0, 1e6])
def test_everything_stays_finite_for_odd_series(periods: tuple[int, int], level: float) -> None:
    said = bank(*ODD.values(), periods=periods, level=level)
    for field in fields(said):
        finite = getattr(said, field.name).isfinite().reshape(len(ODD), -1).all(1)
        assert finite.all(), (field.name, [name for name, fine in zip(ODD, finite, strict=True) if not fine])
    assert (said.sigma > 0).all()


def total(values: Tensor, observed: Tensor, periods: tuple[int, int]) -> Tensor:
    """A number that depends on every part of the bank that a forecast or its explanation uses."""
    rows = len(values)
    scale = Scale(values, torch.zeros(rows), FAMILIES)
    (said,) = smooth((scale,), observed, torch.tensor([periods] * rows), 6, WINDOW)
    parts = (said.forecasts, said.evidence.softmax(1), said.sigma, said.errors.square(), said.season_ahead)
    return sum((part.sum() for part in parts), torch.zeros(()))


@pytest.mark.parametrize("periods", [(1, 1), (4, 1), (4, 12)], ids=str)
@pytest.mark.parametrize("y", ODD.values(), ids=ODD)
def test_gradients_are_finite_for_odd_series(y: np.ndarray, periods: tuple[int, int]) -> None:
    values = torch.from_numpy(np.nan_to_num(y))[None].float().requires_grad_()
    (gradient,) = torch.autograd.grad(total(values, torch.from_numpy(~np.isnan(y))[None], periods), values)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("shift", [0.0, 5.0], ids=["crossing zero", "positive"])
def test_a_step_along_the_gradient_does_what_the_gradient_says(shift: float) -> None:
    y = torch.from_numpy(shift + wave(4, 40) + 0.3 * noise(40))[None].float().requires_grad_()
    observed = torch.ones(1, 40, dtype=torch.bool)
    (gradient,) = torch.autograd.grad(total(y, observed, (4, 1)), y)
    direction = gradient / gradient.norm()
    with torch.no_grad():
        up, down = (total(y + step * direction, observed, (4, 1)) for step in (1e-2, -1e-2))
    # float32 sums of order 100 over a step of 1e-2 leave about three digits
    assert (up - down).item() / 2e-2 == pytest.approx(gradient.norm().item(), rel=1e-2)
