"""Long data frames: thousands of series in one call, the same numbers as one by one, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rnn_model import InputError, backtest, backtest_frame, forecast, forecast_frame, forecast_many, quantile_frame

LENGTHS = (30, 41, 8, 60)


@pytest.fixture
def frame():
    """Monthly series of several lengths, their rows shuffled."""
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame(
            {
                "unique_id": name,
                "ds": pd.date_range("2019-01-01", periods=length, freq="MS"),
                "y": 100 + 10 * np.sin(np.arange(length) * np.pi / 6) + rng.normal(0, 1, length),
            }
        )
        for name, length in zip("ABCD", LENGTHS, strict=True)
    ]
    return pd.concat(parts).sample(frac=1, random_state=1).reset_index(drop=True)


def of(frame, name):
    return frame[frame["unique_id"] == name].sort_values("ds").set_index("ds")["y"]


def test_every_series_is_forecast_as_if_alone(model, frame):
    ahead = forecast_frame(model, frame, horizon=5)

    assert list(ahead.columns) == ["unique_id", "ds", "median", *(f"p{level}0" for level in range(1, 10))]
    assert list(ahead["unique_id"].unique()) == list(frame["unique_id"].unique())
    for name in "ABCD":
        alone = forecast(model, of(frame, name), horizon=5)
        mine = ahead[ahead["unique_id"] == name]
        np.testing.assert_allclose(mine["median"], alone.median, rtol=1e-6)
        np.testing.assert_allclose(mine.filter(regex="^p").to_numpy(), alone.quantiles, rtol=1e-6)
        assert (mine["ds"].to_numpy() == alone.times).all()
    assert ahead["ds"].dtype == frame["ds"].dtype
    assert any("Rows sorted by time" in note and "(So for 4 series.)" in note for note in ahead.attrs["notes"])


def test_thousands_of_series_in_one_call_give_the_numbers_of_single_calls(model):
    values = np.random.default_rng(0).normal(100, 10, (2000, 24)).cumsum(1)
    days = pd.date_range("2024-01-01", periods=24)
    frame = pd.DataFrame({"unique_id": np.arange(2000).repeat(24), "ds": np.tile(days, 2000), "y": values.reshape(-1)})
    ahead = forecast_frame(model, frame, horizon=2)

    assert len(ahead) == 4000
    assert ahead["unique_id"].dtype == np.int64
    for number in range(0, 2000, 400):
        alone = forecast(model, pd.Series(values[number], index=days), horizon=2)
        np.testing.assert_allclose(ahead["median"][2 * number : 2 * number + 2], alone.median, rtol=1e-6)


def test_a_series_with_dates_gives_dates_back(model):
    index = pd.date_range("2024-01-31", periods=14, freq="ME")
    series = pd.Series(np.arange(14.0), index=index, name="sales")
    alone, *_ = forecast_many(model, [series, series.to_numpy(), list(series)], horizon=2)

    assert alone.history.name == "sales"
    assert alone.times.astype("datetime64[D]").astype(str).tolist() == ["2025-03-31", "2025-04-30"]
    ahead = quantile_frame(alone)
    assert ahead.index.tolist() == [pd.Timestamp("2025-03-31"), pd.Timestamp("2025-04-30")]
    assert list(ahead) == ["median", *(f"p{level}" for level in range(10, 100, 10))]
    np.testing.assert_array_equal(ahead["p90"], alone.quantile(0.9))
    assert quantile_frame(forecast(model, [1.0, 2.0, 3.0], horizon=2)).index.tolist() == [1, 2]
    assert len(backtest(model, pd.concat([series, series.shift(14, freq="ME")]), horizon=3).median) > 0


def test_gaps_duplicates_and_missing_values_are_told(model, frame):
    frame = pd.concat([frame, frame[frame["unique_id"] == "A"].head(1)])
    frame = frame[~((frame["unique_id"] == "B") & (frame["ds"] == "2020-05-01"))]
    frame.loc[(frame["unique_id"] == "D") & (frame["ds"] == "2020-05-01"), "y"] = np.nan
    ahead = forecast_frame(model, frame, horizon=3)
    notes = " ".join(ahead.attrs["notes"])

    assert "A: 1 time occurs more than once" in notes
    assert "B: 1 step without a row (first 2020-05-01)" in notes
    assert np.isfinite(ahead["median"]).all()
    alone = forecast(model, of(frame, "D"), horizon=3)
    np.testing.assert_allclose(ahead[ahead["unique_id"] == "D"]["median"], alone.median, rtol=1e-6)


def test_irregular_dates_have_none_ahead(model):
    days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-09", "2024-03-01", "2024-03-04", "2024-09-09"])
    ahead = forecast_frame(model, pd.DataFrame({"unique_id": "A", "ds": days, "y": range(6)}), horizon=2)

    assert ahead["ds"].isna().all()
    assert "times are irregular" in " ".join(ahead.attrs["notes"])


def test_periods_and_whole_numbers_go_on(model):
    years = pd.DataFrame({"unique_id": "A", "ds": [1992, 1991, 1990], "y": [3, 2, 1]})
    assert forecast_frame(model, years, horizon=2)["ds"].tolist() == [1993, 1994]
    months = years.assign(ds=pd.period_range("2024-01", periods=3, freq="M")[::-1])
    ahead = forecast_frame(model, months, horizon=2)
    assert ahead["ds"].tolist() == [pd.Period("2024-04"), pd.Period("2024-05")]
    assert ahead["median"].tolist() == pytest.approx(forecast_frame(model, years, horizon=2)["median"].tolist())


def test_far_dates_and_unused_categories_go_on(model):
    far = pd.DataFrame({"unique_id": "A", "ds": pd.date_range("2260", periods=3, freq="YS", unit="s"), "y": [1, 2, 3]})
    assert forecast_frame(model, far)["ds"].iloc[-1] == pd.Timestamp("2274-01-01").as_unit("s")
    counted = far.assign(ds=[1, 2, 3], unique_id=pd.Categorical(["A"] * 3, ["A", "B"]))
    assert forecast_frame(model, counted, horizon=2)["ds"].tolist() == [4, 5]


def test_a_check_of_every_series(model, frame):
    checked = backtest_frame(model, frame, horizon=4).set_index("unique_id")

    for name in "ABD":
        alone = backtest(model, of(frame, name), horizon=4)
        assert checked.loc[name, "mase"] == pytest.approx(alone.mase)
        assert checked.loc[name, "verdict"] == alone.verdict
    assert "Too short" in checked.loc["C", "verdict"]


GOOD = pd.DataFrame({"unique_id": ["A"] * 3, "ds": pd.date_range("2024", periods=3), "y": [1.0, 2.0, 3.0]})


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (GOOD.rename(columns={"ds": "date", "y": "value"}), r"one column ds .*unique_id, date, value(.|\n)*column y"),
        (GOOD["y"], "one column unique_id"),
        (GOOD.head(0), "a row for each series and time"),
        (GOOD.assign(unique_id=["A", None, "A"]), "1 row without unique_id, the first at position 1"),
        (GOOD.assign(y=["1", "2", "three"]), "numbers in column y, found y of dtype object .*'three'"),
        (GOOD.assign(ds=["2024-01-01", "2024-01-02", "2024-01-03"]), r"pd.to_datetime\(frame\[\"ds\"\]\)"),
        (GOOD.assign(ds=GOOD["ds"].dt.tz_localize("Europe/Berlin")), "drop a time zone"),
        (GOOD.assign(ds=[1, 2, 4]), "ds 2 and then 4 in series “A”"),
        (GOOD.assign(y=np.nan), "at least one number"),
        (GOOD.assign(unique_id=[["A"]] * 3), "texts or numbers .*unique_id of dtype object .*'list'"),
        (GOOD.assign(y=GOOD["ds"]), r"numbers in column y, found y of dtype datetime64\[ns\]"),
        (GOOD.assign(y=pd.to_timedelta(GOOD["y"], unit="D")), r"found y of dtype timedelta64\[ns\]"),
        (GOOD.assign(y=GOOD["y"] * 1j), "found y of dtype complex128"),
        (GOOD.assign(ds=pd.date_range("2260", periods=3, freq="YS")), r"1677 to 2262.* up to 2274-01-01.*as_unit"),
        (GOOD.assign(ds=pd.period_range("2500", periods=3, freq="Y")), "1677 to 2262.* from 2500 to 2502"),
    ],
)
def test_what_cannot_be_forecast_is_said_with_a_way_out(model, frame, words):
    with pytest.raises(InputError, match=words):
        forecast_frame(model, frame)
