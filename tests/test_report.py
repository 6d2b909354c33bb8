"""The forecast in words, numbers and CSV."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from rnn_model.records import Forecast, Series
from rnn_model.report import (
    band,
    decimals_for,
    describe,
    forecast_csv,
    inert,
    magnitude_of,
    moment,
    number,
    number_format,
    step_words,
)

LEVELS = np.arange(1, 10) / 10


def made(values, medians, spread=1.0, times=None, season=1, **about) -> Forecast:
    """Quantiles `spread` apart round the given medians."""
    medians = np.asarray(medians, dtype=float)
    quantiles = medians[:, None] + spread * (np.arange(9) - 4)
    return Forecast(Series(np.asarray(values, dtype=float), **about), LEVELS, quantiles, times, season)


def months(start, count):
    return (np.datetime64(start, "M") + np.arange(count)).astype("datetime64[s]")


def plain(text):
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("forecast", "sentence"),
    [
        (
            made([1, 5, 9], [12, 14], spread=0.5),
            "The next 2 values rise. The last of them is expected near 14.0, with an 8 in 10 chance of lying between "
            "12.0 and 16.0.",
        ),
        (
            made([9, 5, 1], [-40, -50], unit="€"),
            "The next 2 values fall. The last of them is expected near −€50.0, with an 8 in 10 chance of lying between "
            "−€54.0 and −€46.0.",
        ),
        (
            made([7, 7, 7], [7, 7], spread=0),
            "The next 2 values stay level. The last of them is expected near 7.0.",
        ),
        (
            made([7, 7, 7.2], [7.3], times=months("2024-03", 1), frequency="MS", unit="kg"),
            "The next month, Mar 2024, is expected near 7.3 kg, with an 8 in 10 chance of lying between 3.3 and "
            "11.3 kg.",
        ),
        (
            made(
                np.tile([100, 200], 6),
                np.tile([110, 220], 6),
                spread=2,
                times=months("2024-01", 12),
                frequency="MS",
                season=12,
            ),
            "The next 12 months run about 10 % above the last 12 months. Dec 2024 is expected near 220, with an 8 in "
            "10 chance of lying between 212 and 228.",
        ),
        (
            made(np.tile([100, 200], 6), [90, 180], spread=2, season=12),
            "The next 2 values run about 10 % below the same part of the last season. The last of them is expected "
            "near 180, with an 8 in 10 chance of lying between 172 and 188.",
        ),
        (
            made(np.tile([100, 200], 6), [100, 200], spread=2, season=2),
            "The next 2 values stay at the level of the last 2 values. The last of them is expected near 200, with an "
            "8 in 10 chance of lying between 192 and 208.",
        ),
        (
            made(np.tile([-1, 1], 6), [4, 6], season=2, spread=0.2, unit="°C"),
            "The next 2 values run about 5.0 °C above the last 2 values. The last of them is expected near 6.0 °C, "
            "with an 8 in 10 chance of lying between 5.2 and 6.8 °C.",
        ),
    ],
)
def test_sentence(forecast, sentence):
    assert plain(describe(forecast)) == plain(sentence)


def test_a_sentence_about_huge_values_names_numbers() -> None:
    huge = made(1e308 * np.array([1.0, 1.2, 1.1] * 4), 1e308 * np.full(12, 1.5), spread=1e306, season=3)
    assert plain(describe(huge)).startswith("The next 12 values run about 36 % above the last 3 values.")


def test_sentence_names_the_chance_asked_for():
    forecast = made([1, 5, 9], [12, 14])

    assert "a 5 in 10 chance of lying between 11.5 and 16.5" in plain(describe(forecast, 0.5))
    assert "a 75 in 100 chance" in describe(forecast, 0.75)


@pytest.mark.parametrize(
    ("time", "frequency", "written"),
    [
        ("1961-12-01", "MS", "Dec 1961"),
        ("1961-12-31", "ME", "Dec 1961"),
        ("1961-12-31", "QE-DEC", "Q4 1961"),
        ("1961-01-01", "YS", "1961"),
        ("1961-01-02", "W-MON", "2 Jan 1961"),
        ("1961-01-02", "B", "2 Jan 1961"),
        ("1961-01-02", "D", "2 Jan 1961"),
        ("1961-01-02T14:05", "h", "2 Jan 1961, 14:05"),
        ("1961-01-02T14:05", "15min", "2 Jan 1961, 14:05"),
        ("1961-01-02T14:05:09", "s", "2 Jan 1961, 14:05:09"),
        ("1961-01-02", None, "2 Jan 1961"),
    ],
)
def test_moment(time, frequency, written):
    assert moment(np.datetime64(time), frequency) == written


@pytest.mark.parametrize(
    ("frequency", "words"),
    [
        ("MS", ("month", "months")),
        ("QS-OCT", ("quarter", "quarters")),
        ("YE-DEC", ("year", "years")),
        ("min", ("minute", "minutes")),
        ("15min", ("step", "steps")),
        ("B", ("working day", "working days")),
        (None, ("value", "values")),
    ],
)
def test_step_words(frequency, words):
    assert step_words(frequency) == words


@pytest.mark.parametrize(
    ("value", "decimals", "written"),
    [(1234567, 0, "1 234 567"), (-0.5, 1, "−0.5"), (-0.001, 1, "0.0"), (12.345, 2, "12.35"), (999, 0, "999")],
)
def test_number(value, decimals, written):
    assert plain(number(value, decimals)) == written


@pytest.mark.parametrize(
    ("spread", "digits", "decimals"), [(110, 2, 0), (1.5, 2, 1), (0.3, 2, 2), (0, 2, 0), (1e-30, 2, 9)]
)
def test_decimals(spread, digits, decimals):
    assert decimals_for(spread, digits) == decimals


@pytest.mark.parametrize(
    ("largest", "factor", "name"),
    [
        (0, 1, ""),
        (999_999, 1, ""),
        (2e6, 1e6, "million"),
        (3e9, 1e9, "billion"),
        (2e-6, 1e-6, "× 10⁻⁶"),
        (2e16, 1e15, "× 10¹⁵"),
    ],
)
def test_magnitude(largest, factor, name):
    found, word = magnitude_of(np.array([0.0, np.nan, -largest]))

    assert found == pytest.approx(factor)
    assert plain(word) == name


def test_money_and_magnitude_are_written_together():
    assert plain(number_format(made([1], [-2.5e6], spread=1e5, unit="$"))(-2.5e6)) == "−$2.50 million"


def test_band_is_no_wider_than_the_levels():
    forecast = made([1], [10.0])

    np.testing.assert_allclose(band(forecast, 0.8), [[6], [14]])
    np.testing.assert_allclose(band(forecast, 0.5), [[7.5], [12.5]])
    np.testing.assert_allclose(band(forecast, 0.99), [[6], [14]])


def test_csv_holds_every_quantile_unrounded():
    forecast = made([1], [0.1 + 0.2, 1e300], times=months("2024-01", 2), name="Sales", unit="€")
    rows = list(csv.DictReader(io.StringIO(forecast_csv(forecast))))

    assert [row["time"] for row in rows] == ["2024-01-01T00:00:00", "2024-02-01T00:00:00"]
    assert {row["series"] for row in rows} == {"Sales (€)"}
    np.testing.assert_array_equal(
        [[float(row[f"p{level}"]) for level in range(10, 100, 10)] for row in rows], forecast.quantiles
    )
    np.testing.assert_array_equal([float(row["median"]) for row in rows], forecast.median)


def test_csv_without_times_counts_the_steps():
    rows = list(csv.DictReader(io.StringIO(forecast_csv(made([1], [5, 6])))))

    assert [row["time"] for row in rows] == ["1", "2"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", '=HYPERLINK("http://x")'])
def test_no_cell_of_the_csv_is_a_formula(name):
    rows = list(csv.DictReader(io.StringIO(forecast_csv(made([1], [5], name=name)))))

    assert rows[0]["series"] == f"'{name}"


def test_ordinary_text_is_left_alone():
    assert inert("Sales = all of them") == "Sales = all of them"
