"""forecast(): every kind of input gives the same numbers, one series or many, and odd series are said to be odd."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from quickest import quickest
from tiny_checkpoint import FOLDER

from rnn_model import InputError, Model, forecast, forecast_many, load, read
from rnn_model.records import Series

AIR = [
    112,
    118,
    132,
    129,
    121,
    135,
    148,
    148,
    136,
    119,
    104,
    118,
    115,
    126,
    141,
    135,
    125,
    149,
    170,
    170,
    158,
    133,
    114,
]
AIR += [140, 145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166, 171, 180, 193, 181, 183, 218, 230, 242, 209]
AIR += [191, 172, 194]
NEXT_YEAR = [196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201]


@pytest.fixture(scope="module")
def tiny() -> Model:
    return load(FOLDER)


def spread(result: np.ndarray) -> float:
    return float(np.mean(result[:, -1] - result[:, 0]))


@pytest.mark.parametrize(
    "sequence",
    [
        " ".join(map(str, AIR)),
        "; ".join(f"{value},0" for value in AIR),
        AIR,
        np.array(AIR),
        np.array(AIR, np.float32),
        pd.Series(AIR),
        Series(np.array(AIR, float)),
        read(", ".join(map(str, AIR))),
        ("\n".join(map(str, AIR))).encode(),
    ],
    ids=["text", "decimal commas", "list", "integers", "float32", "pandas", "Series", "Reading", "bytes"],
)
def test_every_kind_of_input_gives_the_same_numbers(tiny: Model, sequence: object) -> None:
    expected = forecast(tiny, Series(np.array(AIR, float)), horizon=5, season=12)
    found = forecast(tiny, sequence, horizon=5, season=12)
    np.testing.assert_array_equal(found.quantiles, expected.quantiles)


def test_a_file_reads_like_its_text(tiny: Model, tmp_path) -> None:
    path = tmp_path / "air.csv"
    path.write_text("passengers\n" + "\n".join(map(str, AIR)))
    found = forecast(tiny, path, horizon=3)
    np.testing.assert_array_equal(found.quantiles, forecast(tiny, AIR, horizon=3).quantiles)
    assert found.history.name == "passengers"


def test_many_at_once_in_any_order_are_what_they_are_alone(tiny: Model) -> None:
    rng = np.random.default_rng(1)
    series = [rng.normal(size=length).cumsum() + 50 for length in (3, 40, 700, 12, 5000, 97)] + [np.array(AIR, float)]
    together = forecast_many(tiny, series, horizon=7, season=12)
    for values, result in zip(series, together, strict=True):
        alone = forecast(tiny, values, horizon=7, season=12)
        # float32 sums in another order, through 96 steps of recurrence
        assert np.abs(result.quantiles - alone.quantiles).max() <= 1e-4 * spread(alone.quantiles)
        assert result.history.values is not None
        np.testing.assert_array_equal(result.history.values, values)
    backwards = forecast_many(tiny, series[::-1], horizon=7, season=12)[::-1]
    for one, other in zip(together, backwards, strict=True):
        assert np.abs(one.quantiles - other.quantiles).max() <= 1e-4 * spread(one.quantiles)


def test_units_do_not_matter(tiny: Model) -> None:
    plain = forecast(tiny, np.array(AIR, float), horizon=6, season=1)
    in_other_units = forecast(tiny, np.array(AIR, float) * 250, horizon=6, season=1)
    expected = plain.quantiles * 250
    assert np.abs(in_other_units.quantiles - expected).max() <= 1e-3 * spread(expected)


def test_where_zero_lies_matters_to_positive_series_alone(tiny: Model) -> None:
    def moved_by(offset: float, values: np.ndarray) -> float:
        plain = forecast(tiny, values, horizon=6, season=1).quantiles
        return float(np.abs(forecast(tiny, values + offset, horizon=6, season=1).quantiles - offset - plain).max())

    signed = np.array(AIR, float) - 130
    assert moved_by(10, signed) <= 0.1
    assert moved_by(30, np.array(AIR, float)) > 0.1, "growth in per cent is larger, nearer to zero"


@pytest.mark.parametrize("horizon", [1, 2, 50, 240])
def test_quantiles_of_every_horizon_are_finite_and_never_cross(tiny: Model, horizon: int) -> None:
    found = forecast(tiny, AIR, horizon=horizon)
    assert found.quantiles.shape == (horizon, 9)
    assert np.isfinite(found.quantiles).all()
    assert (np.diff(found.quantiles, axis=1) >= 0).all()
    np.testing.assert_array_equal(found.median, found.quantiles[:, 4])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"horizon": 0}, "horizon 0"),
        ({"horizon": 241}, "from 1 to 240"),
        ({"horizon": "12"}, "horizon '12'"),
        ({"horizon": True}, "horizon True"),
        ({"season": 0}, "season 0"),
        ({"season": 10_000}, "season 10000"),
    ],
)
def test_numbers_out_of_range_are_refused_by_name(tiny: Model, arguments: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        forecast(tiny, AIR, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sequence",
    ["", "no numbers here", [np.nan, np.nan], np.array([np.nan]), np.array([1.0, 2.0] + [np.nan] * 800)],
)
def test_without_a_number_there_is_an_error_with_a_fix(tiny: Model, sequence: object) -> None:
    with pytest.raises(InputError, match="at least one number"):
        forecast(tiny, sequence)


def test_which_of_many_has_no_numbers_is_said(tiny: Model) -> None:
    with pytest.raises(InputError, match="sequence 2 of 3"):
        forecast_many(tiny, [np.ones(5), np.full(4, np.nan), np.ones(5)])


def test_the_season_is_given_or_the_calendar_s_or_found_and_its_source_is_said(tiny: Model) -> None:
    assert forecast(tiny, AIR, season=4).season == 4
    assert forecast(tiny, AIR, season=1).season == 1
    months = pd.Series(AIR, index=pd.date_range("1949-01", periods=len(AIR), freq="MS"))
    dated = forecast(tiny, months, horizon=2)
    assert dated.season == 12
    assert any("from the calendar" in note for note in dated.notes)
    assert dated.times is not None
    assert dated.times.astype("datetime64[D]").astype(str).tolist() == ["1953-01-01", "1953-02-01"]
    found = forecast(tiny, AIR)
    assert found.season == 12
    assert any("from the values" in note for note in found.notes)


def test_odd_series_are_forecast_and_said_to_be_odd(tiny: Model) -> None:
    one = forecast(tiny, [500.0], horizon=3)
    low, high = one.interval(0.8)
    assert (low < 500).all()
    assert (high > 500).all()
    assert 0.02 * 500 < high[0] - low[0] < 500
    assert any("One value" in note for note in one.notes)
    np.testing.assert_allclose(one.median, 500)

    flat = forecast(tiny, [7.0] * 30, horizon=3)
    np.testing.assert_array_equal(flat.quantiles, 7.0)
    assert any("No variation" in note for note in flat.notes)
    np.testing.assert_array_equal(forecast(tiny, [0.0] * 5, horizon=2).quantiles, 0.0)

    assert any("Only 3 values" in note for note in forecast(tiny, [1.0, 2.0, 4.0]).notes)
    sparse = np.zeros(60)
    sparse[[5, 30, 41]] = 3.0
    assert np.isfinite(forecast(tiny, sparse).quantiles).all()
    short = forecast(tiny, AIR[:14], season=12)
    assert any("Less than two seasons" in note for note in short.notes)


@pytest.mark.parametrize("size", [1e300, 1e-300, 1e9, -1e5])
def test_any_size_of_number_is_scaled_in_and_out(tiny: Model, size: float) -> None:
    plain = forecast(tiny, np.array(AIR, float), horizon=4, season=1).quantiles
    found = forecast(tiny, np.array(AIR, float) * size, horizon=4, season=1).quantiles / size
    found = found if size > 0 else found[:, ::-1]
    tolerance = 1e-3 if size > 0 else 1.0  # an upside-down series need not have an upside-down forecast
    assert np.abs(found - plain).max() <= tolerance * spread(plain)


def test_a_band_beyond_the_largest_number_ends_there(tiny: Model) -> None:
    values = 1e308 * np.random.default_rng(0).uniform(0.5, 1.79, 40)
    found = forecast(tiny, values, horizon=12, season=1).quantiles
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=1) >= 0).all()
    assert found.max() == np.finfo(float).max, "the series is not large enough to show it"


def test_missing_values_stay_missing_and_do_no_harm(tiny: Model) -> None:
    values = np.array(AIR, float)
    values[[0, 1, 20, 21, 40]] = np.nan
    found = forecast(tiny, values, horizon=12, season=12)
    assert np.isnan(found.history.values[[0, 1, 20, 21, 40]]).all()
    assert np.isfinite(found.quantiles).all()
    full = forecast(tiny, AIR, horizon=12, season=12)
    assert np.abs(found.median - full.median).max() < 0.25 * np.mean(AIR)
    led = np.concatenate([np.full(30, np.nan), AIR])
    assert np.abs(forecast(tiny, led, 12, 12).median - full.median).max() < 0.02 * np.mean(AIR)


def test_what_is_missing_at_the_end_is_walked_over(tiny: Model) -> None:
    rng = np.random.default_rng(5)
    values = 50 + np.arange(60.0) + 5 * np.resize([0, 1, 2, 1], 60) + rng.normal(size=60)
    ends_early = np.r_[values, np.full(7, np.nan)]
    further, gap, none = forecast_many(tiny, [values, ends_early, values[:40]], 5, season=4)
    reached = forecast(tiny, values, 12, season=4)
    np.testing.assert_allclose(gap.quantiles, reached.quantiles[7:], rtol=1e-5)
    np.testing.assert_allclose(further.quantiles, reached.quantiles[:5], rtol=1e-5)
    assert gap.notes[-1] == "The last 7 steps are missing: the forecast begins after them."
    assert forecast(tiny, [1, 2, 4, 8, 9, None], 3).notes[-1] == (
        "The last step is missing: the forecast begins after it."
    )
    assert not any("missing" in note for note in (*further.notes, *none.notes))


def test_a_high_level_hides_no_change(tiny: Model) -> None:
    made = forecast(tiny, 1e13 + np.arange(1.0, 25.0), 1, season=1)
    low, *_, high = made.quantiles[0] - 1e13
    assert 15 < low < high < 35


def test_a_season_that_cannot_be_used_was_not(tiny: Model) -> None:
    made = forecast(tiny, np.arange(20.0) ** 0.5, 3, season=12)
    assert made.season == 1
    assert made.notes[-1] == "Less than two seasons of 12 steps: the season cannot be used."


@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
def test_an_infinite_value_is_a_missing_one(tiny: Model, infinite: float) -> None:
    values, holed = np.array(AIR, float), np.array(AIR, float)
    values[5], holed[5] = infinite, np.nan
    expected = forecast(tiny, holed, horizon=4).quantiles
    for given in (values, Series(values), list(values), pd.Series(values)):
        np.testing.assert_array_equal(forecast(tiny, given, horizon=4).quantiles, expected)
    assert np.isnan(forecast(tiny, values, horizon=4).history.values[5])
    with pytest.raises(InputError, match="only missing values"):
        forecast(tiny, np.full(9, infinite))


def test_a_hundred_thousand_values_are_cut_said_and_quick(tiny: Model) -> None:
    values = np.random.default_rng(0).normal(size=100_000).cumsum()
    found = forecast(tiny, values)
    # The season search looks at 2000 values, the network at 768: a twentieth of a second on a fast machine.
    assert quickest(lambda: forecast(tiny, values)) < 2.0
    assert any("last 768 of 100,000" in note for note in found.notes)
    np.testing.assert_array_equal(found.quantiles, forecast(tiny, values[-5000:]).quantiles)


def test_the_shipped_weights_foresee_a_seasonal_series(model: Model) -> None:
    found = forecast(model, AIR, horizon=12, season=12)
    repeated = np.array(AIR[-12:])
    actual = np.array(NEXT_YEAR)
    assert np.abs(found.median - actual).mean() < 0.8 * np.abs(repeated - actual).mean()
    low, high = found.interval(0.8)
    assert ((actual >= low) & (actual <= high)).mean() >= 0.5
    assert high[-1] - low[-1] > high[0] - low[0]
