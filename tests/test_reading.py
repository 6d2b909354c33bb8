"""What people paste, and what is understood: values, units, times, other readings, notes, and errors in words."""

from __future__ import annotations

import contextlib
import io
import math

import hypothesis
import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import strategies as st
from quickest import quickest

from rnn_model import InputError, read
from rnn_model.reading import future_times, read_texts

NAN = math.nan


def first(source: object, **options: object) -> list[float]:
    reading = read(source, **options)  # type: ignore[arg-type]
    return reading.series[reading.selected].values.tolist()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("112, 118, 132, 129", [112, 118, 132, 129]),
        ("112 118 132 129", [112, 118, 132, 129]),
        ("112\t118\t132\t129", [112, 118, 132, 129]),
        ("112\r\n118\r\n132\r\n129\r\n\r\n", [112, 118, 132, 129]),
        ("1;2;3", [1, 2, 3]),
        ("1,5; 2,7; 3,1", [1.5, 2.7, 3.1]),
        ("0,35\n0,41\n0,38", [0.35, 0.41, 0.38]),
        ("1.234,56\n2.345,67", [1234.56, 2345.67]),
        ("1,234.56\n2,345.67", [1234.56, 2345.67]),
        ("1\u00a0234,56\n2\u202f345,00", [1234.56, 2345]),
        ("1'234.50\n2\u2019345.10", [1234.5, 2345.1]),
        ("(1,250)\n1,300", [-1250, 1300]),
        ("\u22125\n-6", [-5, -6]),
        ("1\nn/a\n3\n-\n#N/A\nnull\n?", [1, NAN, 3, NAN, NAN, NAN, NAN]),
        ("1,2,,4", [1, 2, NAN, 4]),
        ("1,2,3,", [1, 2, 3]),
        ("1\nNaN\ninf\n1e999", [1, NAN, NAN, NAN]),
        ("[112, 118, 132]", [112, 118, 132]),
        ('{"values": [1, 2, null]}', [1, 2, NAN]),
        ('[{"date": "2024-01", "y": 3}, {"date": "2024-02", "y": 4}]', [3, 4]),
        ("array([1., 2.])", [1, 2]),
        ("[1, None, np.nan]", [1, NAN, NAN]),
        ("1.2e3\n1,2E+03", [1200, 1200]),
        ("1.2k\n3M\n4.5bn", [1200, 3e6, 4.5e9]),
        ("1_000\n2_000", [1000, 2000]),
        ("=SUM(A1:A3)\n1\n2\n3\n4\n#DIV/0!", [NAN, 1, 2, 3, 4, NAN]),
        ("\ufeff1\n2", [1, 2]),
        ("Sales\n1\n2\n3", [1, 2, 3]),
    ],
)
def test_values(text: str, values: list[float]) -> None:
    np.testing.assert_array_equal(first(text), values)


@pytest.mark.parametrize(
    ("text", "values", "unit"),
    [
        ("$1,200\n$1,300", [1200, 1300], "$"),
        ("95 kr\n96 kr", [95, 96], "kr"),
        ("12%\n13 %", [12, 13], "%"),
        ("12 kg, 13 kg", [12, 13], "kg"),
    ],
)
def test_a_unit_is_taken_off_and_kept(text: str, values: list[float], unit: str) -> None:
    series = read(text).series[0]
    assert series.values.tolist() == values
    assert series.unit == unit


@pytest.mark.parametrize(
    ("text", "choice", "values"),
    [
        ("112,118,132,129", "split=line", [112118132129]),
        ("1.234\n2.345", "decimal=comma", [1234, 2345]),
        ("a,b,c\n1,2,3\n4,5,6\n7,8,9", "column=a", [1, 4, 7]),
        ("1990 5\n1991 6\n1992 7", "times=data", None),
        ("2024-01-01,2\n2024-02-01,3\n2024-02-01,5\n2024-03-01,1", "duplicates=sum", [2, 8, 1]),
    ],
)
def test_another_reading_is_offered_and_can_be_had(text: str, choice: str, values: list[float] | None) -> None:
    assert choice in [other.choice for other in read(text).alternatives]
    assert values is None or first(text, choices=(choice,)) == values
    assert read(text, choices=(choice,)).series


@pytest.mark.parametrize(
    ("text", "frequency", "season", "start"),
    [
        ("2024-01-31,5\n2024-02-29,6\n2024-03-31,7", "ME", 12, "2024-01-31"),
        ("01/31/2024,5\n02/29/2024,6\n03/31/2024,6", "ME", 12, "2024-01-31"),
        ("31.01.2024;5\n29.02.2024;6\n31.03.2024;1", "ME", 12, "2024-01-31"),
        ("Jan-24 5\nFeb-24 6\nMar-24 7", "MS", 12, "2024-01-01"),
        ("2024Q1,5\n2024Q2,6\n2024Q3,7", "QS-OCT", 4, "2024-01-01"),
        ("1990 5\n1991 6\n1992 7", "YS-JAN", None, "1990-01-01"),
        ("2024-01-01,1\n2024-01-02,2\n2024-01-05,3", "D", 7, "2024-01-01"),
    ],
)
def test_times(text: str, frequency: str, season: int | None, start: str) -> None:
    series = read(text).series[0]
    assert (series.frequency, series.season) == (frequency, season)
    assert series.times is not None
    assert str(series.times[0]).startswith(start)
    assert (np.diff(series.times) > np.timedelta64(0, "s")).all()


def test_what_was_done_is_counted_and_said() -> None:
    reading = read("2024-03-01,1\n2024-01-01,2\n2024-02-01,3\n2024-02-01,5")
    assert reading.series[0].values.tolist() == [2, 4, 1]
    notes = " ".join(reading.notes)
    assert "sorted" in notes
    assert "averaged" in notes
    gaps = read("2024-01-01,1\n2024-01-02,2\n2024-01-05,3")
    np.testing.assert_array_equal(gaps.series[0].values, [1, 2, NAN, NAN, 3])
    assert any("2 steps without a row" in note for note in gaps.notes)


@pytest.mark.parametrize(
    ("frequency", "expected"),
    [("ME", ["2024-04-30", "2024-05-31"]), ("B", ["2024-02-19", "2024-02-20"]), ("QS", ["2024-10-01", "2025-01-01"])],
)
def test_times_ahead_go_on_as_the_calendar_does(frequency: str, expected: list[str]) -> None:
    start = {"ME": "2024-01-31", "B": "2024-01-31", "QS": "2024-01-01"}[frequency]
    index = pd.date_range(start, periods=13 if frequency == "B" else 3, freq=frequency)
    ahead = future_times(read(pd.Series(np.arange(len(index)) + 1.0, index=index)).series[0], 2)
    assert ahead is not None
    assert ahead.astype("datetime64[D]").astype(str).tolist() == expected


@pytest.mark.parametrize("text", ["12 kg, 13 lb", "$5\n€6"])
def test_two_units_are_refused_with_place_and_fix(text: str) -> None:
    with pytest.raises(InputError, match=r"line \d: expected one unit"):
        read(text)


@pytest.mark.parametrize("text", ["", "   \n", "hello world", "0x10"])
def test_no_numbers_is_an_invitation(text: str) -> None:
    reading = read(text)
    assert reading.series == ()
    assert "Paste a column" in " ".join(reading.notes)


def test_files_and_arrays_read_like_text(tmp_path) -> None:
    book = openpyxl.Workbook()
    for row in (["month", "sales"], ["2024-01-01", 1], ["2024-02-01", 2], ["2024-03-01", 4]):
        book.active.append(row)
    sink = io.BytesIO()
    book.save(sink)
    path = tmp_path / "sales.xlsx"
    path.write_bytes(sink.getvalue())
    assert first(sink.getvalue(), filename="sales.xlsx") == first(path) == [1, 2, 4]
    assert first("1\n2\n4".encode("utf-16")) == [1, 2, 4]
    assert first([1, 2, 4]) == first((1.0, 2.0, 4.0)) == first(np.array([1, 2, 4])) == first(pd.Series([1, 2, 4]))
    with pytest.raises(InputError, match="Check the path"):
        read(tmp_path / "missing.csv")
    with pytest.raises(InputError):
        read(b"%PDF-1.7\n\x00\x01")


@hypothesis.given(
    st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 2)), min_size=3, max_size=30),
    st.sampled_from(["\n", "\t", "; ", " "]),
)
@hypothesis.settings(max_examples=60, deadline=None)
def test_printed_numbers_read_back(values: list[float], between: str) -> None:
    np.testing.assert_allclose(first(between.join(f"{value:.2f}" for value in values)), values)


@hypothesis.given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
@hypothesis.settings(max_examples=200, deadline=None)
def test_nothing_but_an_input_error_leaves_the_reader(source: str | bytes) -> None:
    for reader in (read, read_texts):
        with contextlib.suppress(InputError):
            assert reader(source) is not None


def test_a_hundred_thousand_values_are_read_quickly() -> None:
    text = "\n".join(f"{value:.3f}" for value in np.random.default_rng(0).normal(100, 10, 100_000))
    assert len(first(text)) == 100_000
    assert quickest(lambda: first(text)) < 1.0  # 0.34 s measured


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("5.160e-09\n5.161e-09\n5.170e-09", [5.16e-9, 5.161e-9, 5.17e-9]),
        ("1,234e5\n1,235e5\n1,300e5", [123400, 123500, 130000]),
        ("1.234.567e3\n1.234.568e3\n1.234.569e3", [1234567e3, 1234568e3, 1234569e3]),
    ],
)
def test_three_decimals_before_a_power_of_ten_are_no_thousands(text: str, values: list[float]) -> None:
    found = read(text)
    assert found.series[0].values.tolist() == pytest.approx(values, rel=1e-12)
    assert not found.alternatives
    assert not any("could also be written" in note for note in found.notes)


@pytest.mark.parametrize(
    ("values", "lost"),
    [
        (np.linspace(9e14, 1.1e15, 12), False),
        (np.linspace(1e-20, 3e-20, 12), False),
        (1e18 + 1000 * np.arange(12.0), True),
        (np.append(np.arange(1.0, 12.0), 1e17), True),
        (np.array([0.0]), False),
    ],
)
def test_differences_are_said_to_be_lost_where_they_are(values, lost: bool) -> None:
    warned = read(" ".join(map(repr, values.tolist()))).warnings
    assert any("small differences are lost" in warning for warning in warned) == lost
