"""What spreadsheets, statistics packages, banks and statistics offices print, and how each is read."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
import pytest

from rnn_model import InputError, read


@dataclass(frozen=True)
class Row:
    """One input: the values, parts of what is said about it, and the choices offered."""

    source: str | bytes
    values: list[float]
    said: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    frequency: str | None = None


JAN_TO_DEC = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
ROWS = {
    "groups or a list": Row("112,118,132,129", [112, 118, 132, 129], ("one number",), ("split=line",)),
    "decimal comma": Row("0,35\n0,41\n0,38", [0.35, 0.41, 0.38], ("comma is the decimal mark",), ("split=comma",)),
    "three digits": Row("1.234\n2.345", [1.234, 2.345], ("another number",), ("decimal=comma",)),
    "full-width digits": Row("１２\n１３\n１４", [12, 13, 14], ("6 digits of another script",)),
    "Arabic digits": Row("١٢\n١٣\n١٤", [12, 13, 14], ("6 digits of another script",)),
    "last column, fewest gaps": Row(
        "a,b,c\n1,2,3\n4,5,6\n7,8,", [2, 5, 8], ("fewest gaps", "1 missing value"), ("column=a", "column=c")
    ),
    "zone": Row("2024-01-31T00:00Z 1\n2024-02-01T00:00Z 2\n2024-02-02T00:00Z 3", [1, 2, 3], ("UTC",), (), "D"),
    "clock change": Row(
        "2024-03-30T00:00+01:00,1\n2024-03-31T00:00+01:00,2\n2024-04-01T00:00+02:00,3", [1, 2, 3], ("clock",), (), "D"
    ),
    "two orders of a date": Row(
        "01/02/2024,1\n02/02/2024,2\n03/02/2024,3",
        [1, 2, 3],
        ("fit two orders", "day, month, year"),
        ("dates=month-first",),
        "D",
    ),
    "month in words": Row("January 2024\t1\nFebruary 2024\t2\nMarch 2024\t3", [1, 2, 3], (), (), "MS"),
    "month with M": Row("2024 M01\t1\n2024 M02\t2\n2024 M03\t3", [1, 2, 3], (), (), "MS"),
    "Q1 2024": Row("Q1 2024,5\nQ2 2024,6\nQ3 2024,7", [5, 6, 7], ("every quarter",), (), "QS-OCT"),
    "1Q24": Row("1Q24,5\n2Q24,6\n3Q24,7", [5, 6, 7], (), (), "QS-OCT"),
    "ISO weeks": Row("2024-W01,1\n2024-W02,2\n2024-W03,3", [1, 2, 3], (), (), "W-MON"),
    "hours": Row("2024-01-01 00:00,1\n2024-01-01 01:00,2\n2024-01-01 02:00,3", [1, 2, 3], ("every hour",), (), "h"),
    "a count": Row("1 5\n2 7\n3 9", [5, 7, 9], ("a count, not data",), ("times=data",)),
    "business days": Row(
        "2024-01-04,1\n2024-01-05,2\n2024-01-08,3\n2024-01-09,4\n2024-01-10,5\n2024-01-11,6\n2024-01-12,7\n2024-01-15,8",
        [1, 2, 3, 4, 5, 6, 7, 8],
        ("business day",),
        (),
        "B",
    ),
    "irregular": Row(
        "2024-01-01,1\n2024-01-04,2\n2024-01-05,3\n2024-01-19,4\n2024-01-22,5",
        [1, 2, 3, 4, 5],
        ("the next observation",),
        ("steps=resample", "steps=order"),
    ),
    "one value": Row("5", [5], ("Only one value",)),
    "constant": Row("5 5 5 5", [5, 5, 5, 5], ("no variation seen",)),
    "zeros": Row("0\n0\n0\n0", [0, 0, 0, 0], ("All values are zero",)),
    "mostly zeros": Row("0 0 0 0 0 3 0 0 2 0", [0, 0, 0, 0, 0, 3, 0, 0, 2, 0], ("80%", "intermittent")),
    "extreme sizes": Row("1e300\n1e-300\n5", [1e300, 1e-300, 5], ("Sizes from 1e-300 to 1e+300",)),
    "a wild value": Row(
        "112 118 112 113 114 112 1120 115 113 112",
        [112, 118, 112, 113, 114, 112, 1120, 115, 113, 112],
        ("1120 at position 7", "kept as found"),
    ),
    "a tail of zeros": Row(
        "5 6 7 8 9 8 7 6 0 0 0 0 0", [5, 6, 7, 8, 9, 8, 7, 6, 0, 0, 0, 0, 0], ("last 5",), ("tail=missing",)
    ),
    "stacked series": Row(
        "id,date,y\na,2024-01-01,1\na,2024-01-02,2\na,2024-01-03,3\nb,2024-01-01,5\nb,2024-01-02,6\nb,2024-01-03,7",
        [1, 2, 3],
        ("2 series stacked",),
        ("series=b",),
        "D",
    ),
    "zero-width": Row("1\u200b\n2\u200b\n3", [1, 2, 3], ("2 invisible characters",)),
    "UTF-16": Row("1,5\n2,5\n3,5".encode("utf-16"), [1.5, 2.5, 3.5], ("UTF-16",)),
    "Windows-1252": Row("Größe\n5\n6".encode("cp1252"), [5, 6], ("Windows-1252", "“Größe”")),
    "JSON records": Row(
        '[{"date":"2024-01","a":1,"b":5},{"date":"2024-02","a":2,"b":6}]', [5, 6], ("“b” is used",), ("column=a",), "MS"
    ),
    "tensor": Row("tensor([1., 2., 3.])", [1, 2, 3], ("inside “tensor”",)),
    "R vector": Row(" [1] 112 118 132\n [4] 129 121 135", [112, 118, 132, 129, 121, 135], ("R print-out",)),
    "R code": Row("c(1, 2, 3, NA)", [1, 2, 3, nan], ("1 missing value",)),
    "R years": Row(
        "Time Series:\nStart = 1871 \nEnd = 1873 \nFrequency = 1 \n[1] 1120 1160  963",
        [1120, 1160, 963],
        (),
        (),
        "YS-JAN",
    ),
    "R months": Row(
        f"     {JAN_TO_DEC}\n1949 112 118 132 129 121 135 148 148 136 119 104 118\n1950 115 126",
        [112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118, 115, 126],
        ("1949-01 to 1950-02",),
        (),
        "MS",
    ),
    "R quarters, slipped": Row(
        "     Qtr1 Qtr2 Qtr3 Qtr4\n1960  160.1  129.7   84.8  120.1", [160.1, 129.7, 84.8, 120.1], (), (), "QS-OCT"
    ),
    "pandas print-out": Row(
        "2024-01-01    1.0\n2024-02-01    2.5\n2024-03-01    4.0\nFreq: MS, Name: y, dtype: float64",
        [1, 2.5, 4],
        ("end of a pandas print-out",),
        (),
        "MS",
    ),
    "markdown": Row(
        "| month | sales |\n|---|---:|\n| 2024-01 | 5 |\n| 2024-02 | 6 |\n| 2024-03 | 8 |", [5, 6, 8], (), (), "MS"
    ),
    "FRED": Row(
        "observation_date,UNRATE\n2024-01-01,3.7\n2024-02-01,.\n2024-03-01,3.8", [3.7, nan, 3.8], ("line 3 “.”",)
    ),
    "ONS": Row(
        '"Title","Retail index"\n"CDID","J5EK"\n"2024 JAN","101.5"\n"2024 FEB","102.5"\n"2024 MAR","99.5"',
        [101.5, 102.5, 99.5],
        ("“CDID J5EK”",),
    ),
    "Eurostat": Row(
        "geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG\nDE,2024-01,101.5,\nDE,2024-02,102.5,p\nDE,2024-03,99.5,p",
        [101.5, 102.5, 99.5],
    ),
    "bank statement": Row(
        "Buchungstag;Betrag;Währung\n01.02.2024;-1.234,56;EUR\n15.02.2024;2.000,00;EUR\n20.02.2024;-12,50;EUR",
        [-1234.56, 2000, -12.5],
        ("2 values with thousands in groups",),
    ),
    "years by months": Row(
        f"Year,{JAN_TO_DEC.replace(' ', ',')}\n2022,1,2,3,4,5,6,7,8,9,10,11,12\n2023,2,3,4,5,6,7,8,9,10,11,12,13",
        [*range(1, 13), *range(2, 14)],
        ("row by row",),
        ("rows=columns",),
        "MS",
    ),
    "quoted decimals": Row('date,y\n2024-01-01,"1,5"\n2024-01-02,"2,7"\n2024-01-03,"3,1"', [1.5, 2.7, 3.1]),
    "semicolon CSV": Row("Datum;Wert\n01.01.2024;1,5\n01.02.2024;2,5\n01.03.2024;3,5", [1.5, 2.5, 3.5], (), (), "MS"),
    "footnotes": Row("2024-01 5\n2024-02 6p\n2024-03 7p", [5, 6, 7], ("2 values with a footnote mark",)),
    "a total": Row("Month,Sales\nJan 2024,5\nFeb 2024,6\nTotal,11", [5, 6], ("Totals left out",)),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_row(row: Row) -> None:
    reading = read(row.source)
    series = reading.series[reading.selected]
    np.testing.assert_array_equal(series.values, row.values)
    said = " ".join((*reading.notes, *reading.warnings))
    assert [words for words in row.said if words not in said] == []
    assert {*row.choices} <= {other.choice for other in reading.alternatives}
    if row.frequency:
        assert series.frequency == row.frequency


def test_numbers_in_a_sentence_are_asked_about() -> None:
    reading = read("sales were 12 then 15")
    assert reading.series == ()
    assert "looks like text; it holds 2 numbers" in " ".join(reading.notes)
    assert [other.choice for other in reading.alternatives] == ["words=numbers"]
    assert read("sales were 12 then 15", choices=("words=numbers",)).series[0].values.tolist() == [12, 15]


def test_hexadecimal_numbers_alone_are_named() -> None:
    assert "Hexadecimal numbers such as “0x10”" in " ".join(read("0x10\n0x11").notes)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("1\n0x10\n3\n4", "line 2: .*Write hexadecimal numbers in decimal"),
        ("12%\n13\n14%", "line 2: .*after every value or after none"),
        ("1\n2\nabc\n4\nxyz\n6\n7", r"line 3: .*“abc”.*\nline 5: .*“xyz”"),
        ("a,b\n1,2\n3,4,5\n6,7", "line 3: expected 2 cells, found 3 cells"),
        (b"%PDF-1.7\n", "found a PDF. Select the column"),
        (b"\x89PNG\r\n\x1a\n\0\0", "found a PNG image"),
        (b"1\n" * 3_000_000, "at most 5 MB, found a file of 6.0 MB"),
    ],
)
def test_refused_with_place_and_fix(source: str | bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(source)
