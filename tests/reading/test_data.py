"""Numbers that a program already has, and the same table in every kind of file, read the same."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rnn_model import InputError, read
from rnn_model.records import Series

MONTH_ENDS = pd.date_range("2024-01-31", periods=3, freq="ME")
LONG = pd.DataFrame({"unique_id": ["A"] * 3 + ["B"] * 3, "ds": [*MONTH_ENDS, *MONTH_ENDS], "y": range(6)})


def used(source: object) -> Series:
    reading = read(source)
    return reading.series[reading.selected]


@pytest.mark.parametrize(
    ("index", "frequency", "first"),
    [
        (MONTH_ENDS, "ME", "2024-01-31"),
        (pd.period_range("2024-01", periods=3, freq="M"), "MS", "2024-01-01"),
        (pd.period_range("2024Q1", periods=3, freq="Q"), "QS-OCT", "2024-01-01"),
        (pd.period_range("2024-01-01", periods=3, freq="W"), "W-MON", "2024-01-01"),
        (pd.Index([2019, 2020, 2021]), "YS-JAN", "2019-01-01"),
        (pd.date_range("2024-03-30", periods=3, freq="D", tz="Europe/Berlin"), "D", "2024-03-30"),
    ],
)
def test_the_index_of_a_series_is_its_times(index: pd.Index, frequency: str, first: str) -> None:
    series = used(pd.Series([1, None, 3], index=index, name="sales", dtype="Int64"))
    np.testing.assert_array_equal(series.values, [1, nan, 3])
    assert (series.name, series.frequency) == ("sales", frequency)
    assert series.times is not None
    assert str(series.times[0]).startswith(first)


def test_a_clock_change_is_no_gap() -> None:
    hours = pd.date_range("2024-03-31", periods=6, freq="h", tz="Europe/Berlin")
    series = used(pd.Series(np.arange(6.0), index=hours))
    assert series.values.tolist() == [0, 1, 2, 3, 4, 5]
    assert (series.frequency, series.time_zone) == ("h", "UTC")
    days = used(pd.Series([1.0, 2, 3], index=pd.date_range("2024-03-30", periods=3, tz="Europe/Berlin")))
    assert (days.frequency, days.time_zone) == ("D", "Europe/Berlin")


@pytest.mark.parametrize(
    "frame",
    [
        LONG,
        LONG.set_index("unique_id"),
        LONG.set_index(["unique_id", "ds"]),
        LONG.assign(unique_id=LONG.unique_id.astype("category")),
        LONG.sample(frac=1, random_state=0).sort_values("unique_id"),
    ],
)
def test_a_long_frame_holds_a_series_for_each_name(frame: pd.DataFrame) -> None:
    first, second = read(frame).series
    assert (first.name, second.name, first.frequency) == ("A", "B", "ME")
    assert (first.values.tolist(), second.values.tolist()) == ([0, 1, 2], [3, 4, 5])


def test_a_wide_frame_holds_a_series_for_each_column() -> None:
    reading = read(pd.DataFrame({"a": [1, 2, 3], "b": [4.0, nan, 6]}, index=MONTH_ENDS))
    assert [series.name for series in reading.series] == ["a", "b"]
    assert reading.selected == 0
    assert [other.choice for other in reading.alternatives] == ["column=b"]


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ([(datetime.date(2024, 1, 1), 5), (datetime.date(2024, 1, 2), 6)], [5, 6]),
        ([1, None, float("nan"), 4], [1, nan, nan, 4]),
        (np.ma.array([1.0, 2, 3], mask=[0, 1, 0]), [1, nan, 3]),
        (np.array([[1, 2], [3, 4]]), [2, 4]),
        (pd.DataFrame({"day": ["01.01.2024", "02.01.2024"], "y": ["1,5", "2,5"]}), [1.5, 2.5]),
        (range(3), [0, 1, 2]),
        (np.float32([0.5, 0.25]), [0.5, 0.25]),
    ],
)
def test_sequences(source: object, values: list[float]) -> None:
    np.testing.assert_array_equal(used(source).values, values)


@pytest.mark.parametrize("source", [{"a": 1}, {1, 2}, 5, object(), np.zeros((2, 2, 2)), [{"y": 1}]])
def test_what_is_no_sequence_is_refused_in_words(source: object) -> None:
    with pytest.raises(InputError, match="Pass"):
        read(source)


WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
    ".tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    ".txt": lambda frame, path: path.write_text(frame.to_string(), encoding="utf-8"),
    ".json": lambda frame, path: frame.to_json(path, orient="records", date_format="iso"),
    ".xlsx": lambda frame, path: frame.to_excel(path, index=False),
    ".md": lambda frame, path: path.write_text(frame.to_html(index=False), encoding="utf-8"),
}


@pytest.mark.parametrize("ending", WRITERS)
def test_a_path_of_every_kind_reads_like_the_frame(ending: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"ds": MONTH_ENDS, "sales": [1.5, nan, 3], "price": [4.0, 5.5, 6]})
    path = tmp_path / f"table{ending}"
    WRITERS[ending](frame, path)
    for of_file, of_frame in zip(read(path).series, read(frame).series, strict=True):
        np.testing.assert_array_equal(of_file.values, of_frame.values)
        np.testing.assert_array_equal(of_file.times, of_frame.times)
        assert (of_file.name, of_file.frequency) == (of_frame.name, of_frame.frequency)
