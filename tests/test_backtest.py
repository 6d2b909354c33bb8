"""backtest(): no value reaches a forecast made before it; every number of the verdict is what a hand would count."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest
from tiny_checkpoint import FOLDER

from rnn_model import InputError, Model, backtest, forecast, load
from rnn_model.backtest import rival_ahead
from rnn_model.records import Backtest, Forecast, Series
from rnn_model.report import percent

module = importlib.import_module("rnn_model.backtest")  # the package's name for it is the function
LEVELS = np.arange(1, 10) / 10
SEASONAL = 100 + np.arange(96) + 20 * np.sin(np.arange(96) * np.pi / 6) + np.random.default_rng(4).normal(size=96)


@pytest.fixture(scope="module")
def tiny() -> Model:
    return load(FOLDER)


def saying(median, spread=1.0, season=1):
    """A stand-in for `forecast_many`: `median(known, steps)` with quantiles `spread` / 10 apart."""

    def many(model, sequences, steps, asked):
        offsets = spread * (LEVELS - 0.5)
        return [
            Forecast(one, LEVELS, np.asarray(median(one.values, steps))[:, None] + offsets, None, season)
            for one in sequences
        ]

    return many


def leaks(model, values, horizon=6) -> bool:
    """Whether a value can reach a forecast whose origin does not lie after it."""
    before = backtest(model, values, horizon)
    found = False
    for row, origin in enumerate(before.origins):
        changed = values.copy()
        changed[origin:] = 1000 + 500 * (np.arange(len(values) - origin) % 5)  # another level, scale and season
        after = backtest(model, changed, horizon)
        same = int(np.flatnonzero(after.origins == origin)[0])
        reach = np.abs(after.quantiles[same] - before.quantiles[row]).max()
        found |= reach > 1e-4 * np.ptp(before.quantiles[row])  # float32 sums in batches of another make-up
    return bool(found)


def test_no_value_at_or_after_an_origin_reaches_its_forecast(tiny: Model) -> None:
    assert not leaks(tiny, SEASONAL)


@pytest.mark.parametrize("planted", ["one value more", "the season of the whole series", "the scale of the whole"])
def test_a_planted_leak_is_found(tiny: Model, monkeypatch, planted: str) -> None:
    honest = module.known

    def one_more(series: Series, origin: int) -> Series:
        return honest(series, min(origin + 1, len(series)))

    def whole_season(series: Series, origin: int) -> Series:
        return replace(honest(series, origin), season=forecast(tiny, series, 1).season)

    def whole_scale(series: Series, origin: int) -> Series:
        return replace(honest(series, origin), values=series.values[:origin] + 0.01 * series.values.mean())

    ways = {"one value more": one_more, "the season of the whole series": whole_season}
    monkeypatch.setattr(module, "known", ways.get(planted, whole_scale))
    assert leaks(tiny, SEASONAL)


def test_each_origin_is_forecast_as_if_it_were_the_present(tiny: Model) -> None:
    made = backtest(tiny, SEASONAL, horizon=8)
    for origin, quantiles, actual, naive in zip(made.origins, made.quantiles, made.actual, made.naive, strict=True):
        then = forecast(tiny, SEASONAL[:origin], horizon=8)
        assert np.abs(quantiles - then.quantiles).max() <= 1e-4 * np.ptp(then.quantiles)
        np.testing.assert_array_equal(actual, SEASONAL[origin : origin + 8])
        np.testing.assert_array_equal(naive, SEASONAL[origin - 12 :][:8])
    assert made.rival == "repeating the last 12 values"


def test_numbers_are_those_a_hand_would_count(tiny: Model) -> None:
    made = backtest(tiny, SEASONAL, horizon=12, season=12)
    starts = made.origins
    assert starts.tolist() == [48, 60, 72, 84]  # end to end, over the later half
    median = np.concatenate([forecast(tiny, SEASONAL[:start], 12, 12).median for start in starts])
    low, high = (
        np.concatenate([forecast(tiny, SEASONAL[:start], 12, 12).quantile(level) for start in starts])
        for level in (0.1, 0.9)
    )
    came = SEASONAL[48:]
    scale = np.abs(SEASONAL[12:84] - SEASONAL[:72]).mean()
    assert made.points == 48
    assert made.mase == pytest.approx(np.abs(came - median).mean() / scale, rel=1e-4)
    assert made.rival == "repeating the last 12 values"
    assert made.naive_mase == pytest.approx(np.abs(came - SEASONAL[36:84]).mean() / scale)
    assert made.gain == pytest.approx(1 - made.mase / made.naive_mase)
    assert made.caught == int(((came >= low) & (came <= high)).sum())
    assert made.coverage == made.caught / 48


def test_a_better_forecast_is_praised_in_numbers(tiny: Model, monkeypatch) -> None:
    line = np.arange(80.0)
    monkeypatch.setattr(module, "forecast_many", saying(lambda known, steps: known[-1] + 1.5 + np.arange(steps)))
    made = backtest(tiny, line, horizon=6)
    # off by a half each time; the last value repeated is off by 1 ... 6, 3.5 on average
    assert made.gain == pytest.approx(1 - 0.5 / 3.5)
    assert made.mase == pytest.approx(0.5)
    assert made.naive_mase == pytest.approx(3.5)
    assert made.verdict == (
        f"On your last 36 points this was {percent(0.86)} better than repeating the last value "
        "(MASE 0.50 against 3.50). The 80 % band caught 0 of them."
    )


def test_a_worse_forecast_is_said_to_be_worse(tiny: Model, monkeypatch) -> None:
    monkeypatch.setattr(module, "forecast_many", saying(lambda known, steps: np.full(steps, known[-1] + 2.0)))
    made = backtest(tiny, np.arange(80.0) % 2, horizon=2, season=1)
    # origins follow a 1, and 0, 1 come: repeating is off by 1 and 0, two more by 3 and 2
    assert made.gain < 0
    assert made.verdict.startswith(
        f"Repeating the last value is better here, by {percent(0.8)} on your last 24 points (MASE 2.50 against 0.50)"
    )
    assert "it is drawn too" in made.verdict


def test_an_exact_rival_is_better_by_no_share(tiny: Model, monkeypatch) -> None:
    monkeypatch.setattr(module, "forecast_many", saying(lambda known, steps: np.full(steps, 8.0)))
    made = backtest(tiny, np.full(60, 7.0), horizon=6)
    assert made.gain == -np.inf
    assert made.verdict.startswith("Repeating the last value is better here, and exact on your last 30 points; it is")


def test_as_good_is_neither(tiny: Model, monkeypatch) -> None:
    monkeypatch.setattr(module, "forecast_many", saying(lambda known, steps: np.full(steps, known[-1])))
    verdict = backtest(tiny, np.random.default_rng(0).normal(size=60).cumsum(), horizon=6).verdict
    assert "as good as repeating the last value" in verdict
    monkeypatch.setattr(module, "forecast_many", saying(lambda known, steps: np.full(steps, known[-1]), spread=0.0))
    verdict = backtest(tiny, np.full(60, 7.0), horizon=6).verdict
    assert "both this and repeating the last value were exact" in verdict


@pytest.mark.parametrize(("spread", "caught"), [(0.9, 0), (1.1, 18), (2.4, 18), (2.6, 36)])
def test_the_band_catches_what_lies_inside_it(tiny: Model, monkeypatch, spread: float, caught: int) -> None:
    """The values lie 0.5 above and 1.25 below the median in turn; a band of `spread` reaches half of it each way."""
    monkeypatch.setattr(module, "forecast_many", saying(lambda known, steps: np.zeros(steps), spread=spread / 0.8))
    made = backtest(tiny, np.where(np.arange(72) % 2, 0.5, -1.25), horizon=6)
    assert (made.caught, made.points) == (caught, 36)
    assert f"The 80 % band caught {caught} of them." in made.verdict


def test_every_held_out_value_is_counted_once(tiny: Model) -> None:
    for length, horizon in ((20, 12), (47, 5), (144, 24), (300, 1), (90, 240)):
        made = backtest(tiny, np.random.default_rng(1).normal(size=length), horizon)
        steps = made.actual.shape[1]
        spans = [range(start, start + steps) for start in made.origins]
        assert [i for span in spans for i in span] == list(range(spans[0].start, length))
        assert made.points == length - spans[0].start
        assert spans[0].start >= length // 2
        assert (steps < horizon) == any("the series is short" in note for note in made.notes)


def test_missing_values_are_not_counted(tiny: Model) -> None:
    values = SEASONAL.copy()
    values[[60, 61, 90]] = np.nan
    whole, holed = (backtest(tiny, given, 12, 12) for given in (SEASONAL, values))
    assert holed.points == whole.points - 3
    ended = backtest(tiny, np.append(SEASONAL, [np.nan] * 5), 12, 12)
    np.testing.assert_array_equal(ended.origins, whole.origins)
    assert ended.mase == pytest.approx(whole.mase)


def test_a_window_in_or_behind_a_long_gap_is_left_out(tiny: Model) -> None:
    """What can be forecast can be checked, or is said to be too short: nothing is known of some windows."""
    context = tiny.forecaster[0].context
    rng = np.random.default_rng(6)
    for before, gap, after in ((60, context + 50, 40), (40, 60, 40), (20, context, 10), (24, context, 1)):
        values = np.concatenate([rng.normal(size=before), np.full(gap, np.nan), rng.normal(size=after)])
        forecast(tiny, values, 12)
        made = backtest(tiny, values, 12)
        for origin, actual in zip(made.origins, made.actual, strict=True):
            assert np.isfinite(values[max(origin - context, 0) : origin]).sum() >= 8
            assert np.isfinite(actual).any()
        if after == 40:
            assert made.points >= 12
        else:
            assert made.verdict == (
                f"Too short to check: no 8 values among the {context} steps before what could be held out."
            )


@pytest.mark.parametrize("values", [np.arange(19.0), [5.0], np.where(np.arange(60) < 19, 1.0, np.nan)])
def test_too_short_is_said(tiny: Model, values) -> None:
    made: Backtest = backtest(tiny, values)
    assert made.verdict.startswith("Too short to check: ")
    assert "needs 20" in made.verdict
    assert np.isnan(made.mase)
    assert np.isnan(made.coverage)
    assert made.points == 0


def test_few_points_are_called_a_hint(tiny: Model) -> None:
    assert "take this as a hint" in backtest(tiny, SEASONAL[:22], horizon=12).verdict


def test_mostly_zeros_are_compared_with_zero_and_the_mean(tiny: Model) -> None:
    values = np.where(np.random.default_rng(0).random(90) < 0.15, 4.0, 0.0)
    assert backtest(tiny, values, horizon=6).rival == "always saying zero"


def test_the_season_of_a_calendar_is_named(tiny: Model) -> None:
    months = np.datetime64("2000-01", "M") + np.arange(96)
    dated = Series(SEASONAL, months.astype("datetime64[s]"), frequency="MS", season=12)
    assert backtest(tiny, dated, horizon=12).rival == "repeating last year"


def test_the_rival_repeats_the_season_that_the_whole_series_has(tiny: Model, monkeypatch) -> None:
    """Though the forecasts of the windows found another one, or none: what is drawn ahead repeats the same."""
    found = forecast(tiny, SEASONAL, 8)
    monkeypatch.setattr(module, "forecast_many", saying(lambda known, steps: np.full(steps, known[-1]), season=1))
    made = backtest(tiny, SEASONAL, 8)
    assert made.season == found.season == 12
    assert made.rival == "repeating the last 12 values"
    for origin, naive in zip(made.origins, made.naive, strict=True):
        np.testing.assert_array_equal(naive, SEASONAL[origin - 12 :][:8])
    before = SEASONAL[: made.origins[-1]]
    scale = np.abs(before[12:] - before[:-12]).mean()
    assert made.naive_mase == pytest.approx(np.abs(made.actual - made.naive).mean() / scale)
    np.testing.assert_array_equal(rival_ahead(found, made), SEASONAL[-12:][:8])


def test_a_season_that_no_window_knows_whole_is_no_rival(tiny: Model) -> None:
    made = backtest(tiny, np.random.default_rng(5).normal(size=60).cumsum(), horizon=6, season=54)
    assert made.season == 1
    assert made.rival == "repeating the last value"


def test_what_rounding_leaves_is_exact(tiny: Model) -> None:
    """A sine repeats itself but for its last digits, which are no scale and no error."""
    made = backtest(tiny, np.sin(np.arange(96) * np.pi / 6), horizon=6, season=12)
    assert made.verdict.startswith("Repeating the last 12 values is better here, and exact on your last")
    assert "MASE" not in made.verdict
    assert made.gain == -np.inf


def test_huge_values_are_compared_like_others(tiny: Model) -> None:
    values = 1 + SEASONAL / 1000 + np.random.default_rng(7).uniform(0, 0.5, 96)
    small, huge = (backtest(tiny, size * values, 6, 12) for size in (1.0, 1e308))
    assert huge.gain == pytest.approx(small.gain, rel=1e-6)
    assert huge.mase == pytest.approx(small.mase, rel=1e-6)
    assert huge.verdict == small.verdict


def test_a_request_out_of_range_is_refused_even_when_too_short(tiny: Model) -> None:
    with pytest.raises(InputError, match="horizon 0"):
        backtest(tiny, [1.0, 2.0], horizon=0)
