"""What spreadsheets, statistics packages, banks and statistics offices print, and how each is read."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
import pytest

from rnn_model import InputError, read
from rnn_model.report import percent


@dataclass(frozen=True)
class Row:
    """One input and what is read in it.

    Attributes:
        source: what is pasted, or the bytes of a file.
        values: of the series that is used; empty when there is none.
        said: parts of the notes, the warnings, or of the refusal.
        choices: readings offered, among others.
        frequency: of the series; None leaves it open.
        first: the first time, from its beginning; None leaves it open.
        name: of the series; None leaves it open.
        unit: of the series; None leaves it open.
        other: a choice offered, and the values that it gives.
        refused: the input is refused.
    """

    source: str | bytes
    values: list[float]
    said: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    frequency: str | None = None
    first: str | None = None
    name: str | None = None
    unit: str | None = None
    other: tuple[str, list[float]] | None = None
    refused: bool = False


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
    "one value": Row("5", [5], ("Only one value",)),
    "constant": Row("5 5 5 5", [5, 5, 5, 5], ("no variation seen",)),
    "zeros": Row("0\n0\n0\n0", [0, 0, 0, 0], ("All values are zero",)),
    "mostly zeros": Row("0 0 0 0 0 3 0 0 2 0", [0, 0, 0, 0, 0, 3, 0, 0, 2, 0], (percent(0.8), "intermittent")),
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


# The sample of inputs that the reader was specified by, by its row numbers.
HUNDRED = ["95", "97", "102", "99", "101", "98", "103", "100"]
LISTED = {
    "1 commas": Row("112, 118, 132, 129", [112, 118, 132, 129], ("4 values in one line, separated by commas",)),
    "2 groups or a list": Row(
        "112,118,132,129", [112, 118, 132, 129], ("one number",), other=("split=line", [112118132129])
    ),
    "3 blanks": Row("112 118  132\t129", [112, 118, 132, 129]),
    "3 lines of Windows": Row("112\r\n118\r\n132\r\n\r\n\r\n", [112, 118, 132]),
    "3 tabs beside blanks": Row("112 118\t132", [112, 118, 132], (), other=("split=tab", [112118, 132])),
    "4 semicolons": Row("1;2;3", [1, 2, 3], ("semicolons",)),
    "5 semicolons and decimal commas": Row("1,5; 2,7; 3,1", [1.5, 2.7, 3.1], ("comma is the decimal mark",)),
    "6 one comma a line": Row("0,35\n0,41\n0,38", [0.35, 0.41, 0.38], (), other=("split=comma", [35, 41, 38])),
    "7 both marks": Row("1.234,56\n2.345,67", [1234.56, 2345.67], ("2 values with thousands in groups",)),
    "7 both marks, English": Row("1,234.56\n2,345.67", [1234.56, 2345.67], ("2 values with thousands in groups",)),
    "8 no-break spaces": Row("1\u00a0234,56\n2\u202f345,00", [1234.56, 2345], ("thousands in groups",)),
    "8 no-break spaces in one line": Row("1\u00a0234,56 2\u00a0345,00", [1234.56, 2345], ("2 values in one line",)),
    "9 apostrophes": Row("1'234.50\n2\u2019345.10", [1234.5, 2345.1]),
    "10 three digits": Row("1.234\n2.345", [1.234, 2.345], ("another number",), other=("decimal=comma", [1234, 2345])),
    "11 currency before": Row("$1,200\n$1,300", [1200, 1300], unit="$"),
    "11 currency code": Row("EUR 95\nEUR 97", [95, 97], unit="EUR"),
    "11 currency after": Row("95 kr\n97 kr", [95, 97], unit="kr"),
    "11 mixed currencies": Row("$5\n€6", [], ("line 2: expected one unit", "“€6” beside “$5”"), refused=True),
    "12 percent": Row("12%\n13 %", [12, 13], unit="%"),
    "12 percent on some": Row("12%\n13\n14%", [], ("line 2", "after every value or after none"), refused=True),
    "13 accounting": Row("(1,250)\n1,300", [-1250, 1300], ("1 value negative by brackets",)),
    "14 minus signs": Row("\u22125\n\u22126", [-5, -6]),
    "15 missing": Row(
        "1\n-\n—\nn/a\nNA\n#N/A\nnull\nNone\n.\n?\n11",
        [1, *[nan] * 9, 11],
        ("8 missing values", "line 2 “-”", "“#N/A”"),
    ),
    "15 empty cell": Row("a,b\n1,5\n,6\n3,", [5, 6, nan], ("missing",), ("column=a",)),
    "16 empty middle": Row("1,2,,4", [1, 2, nan, 4], ("1 missing value",)),
    "16 trailing comma": Row("1,2,3,", [1, 2, 3]),
    "17 infinite": Row("1\nNaN\ninf\n1e999", [1, nan, nan, nan], ("2 infinite values", "line 3 “inf”")),
    "18 JSON list": Row("[112, 118, 132]", [112, 118, 132], ("JSON: 3 rows",)),
    "18 JSON object": Row('{"values": [1, 2, null]}', [1, 2, nan], ("JSON",), name="values"),
    "18 JSON records": Row('[{"date": "2024-01", "y": 3}, {"date": "2024-02", "y": 4}]', [3, 4], (), (), "MS"),
    "18 JSON, several fields": Row(
        '[{"date":"2024-01","a":1,"b":5},{"date":"2024-02","a":2,"b":6}]', [5, 6], ("“b”",), other=("column=a", [1, 2])
    ),
    "19 array": Row("array([1., 2.])", [1, 2], ("inside “array”",)),
    "19 tensor": Row("tensor([[1.5, 2.5]], dtype=torch.float64)", [1.5, 2.5]),
    "19 Python list": Row("[1, None, np.nan]", [1, nan, nan], ("2 missing values",)),
    "20 scientific": Row("1.2e3\n1.2E+03", [1200, 1200]),
    "20 scientific, decimal comma": Row("1,2E+03\n1,5E+03", [1200, 1500]),
    "21 multipliers": Row("1.2k\n3M\n4.5bn", [1200, 3e6, 4.5e9], ("3 values multiplied", "line 1 “1.2k”")),
    "22 underscores": Row("1_000\n2_000", [1000, 2000]),
    "22 full-width digits": Row("１２\n１３", [12, 13], ("4 digits of another script or width",)),
    "22 hexadecimal": Row("1\n0x10\n3\n4", [], ("line 2", "Write hexadecimal numbers in decimal"), refused=True),
    "23 header": Row("Sales\n1\n2\n3", [1, 2, 3], ("named “Sales”",), name="Sales"),
    "24 two columns, tab": Row("Month\tSales\n2024-01\t5\n2024-02\t6", [5, 6], (), (), "MS", name="Sales"),
    "24 two columns, comma": Row("Month,Sales\n2024-01,5\n2024-02,6", [5, 6], (), (), "MS", name="Sales"),
    "25 several columns": Row("a,b,c\n1,2,3\n4,5,6\n7,8,", [2, 5, 8], ("fewest gaps",), other=("column=a", [1, 4, 7])),
    "26 ISO dates": Row("2024-01-31,5\n2024-02-29,6\n2024-03-31,7", [5, 6, 7], (), (), "ME", "2024-01-31"),
    "26 zone": Row("2024-01-31T00:00Z,1\n2024-02-01T00:00Z,2", [1, 2], ("Times are in UTC",), (), "D"),
    "26 clock change, days": Row(
        "2024-03-30T00:00+01:00,1\n2024-03-31T00:00+01:00,2\n2024-04-01T00:00+02:00,3", [1, 2, 3], ("clock",), (), "D"
    ),
    "26 clock change, hours": Row(
        "2024-03-31T00:00+01:00,1\n2024-03-31T01:00+01:00,2\n2024-03-31T03:00+02:00,3", [1, 2, 3], ("UTC",), (), "h"
    ),
    "27 a field above 12": Row("01/31/2024,5\n02/29/2024,6\n03/31/2024,6", [5, 6, 6], (), (), "ME", "2024-01-31"),
    "27 day first": Row("31/01/2024,5\n29/02/2024,6\n31/03/2024,6", [5, 6, 6], (), (), "ME", "2024-01-31"),
    "27 an even step": Row(
        "01/02/2024,1\n08/02/2024,2\n15/02/2024,3\n22/02/2024,3", [1, 2, 3, 3], (), (), "W-THU", "2024-02-01"
    ),
    "27 asked": Row(
        "03/04/2024,1\n05/06/2024,2\n11/09/2024,3", [1, 2, 3], ("fit two orders", "Check this"), ("dates=day-first",)
    ),
    "28 points": Row("31.01.2024;5\n29.02.2024;6\n31.03.2024;1", [5, 6, 1], (), (), "ME"),
    "28 Jan-24": Row("Jan-24 5\nFeb-24 6\nMar-24 7", [5, 6, 7], (), (), "MS", "2024-01-01"),
    "28 January 2024": Row("January 2024\t1\nFebruary 2024\t2\nMarch 2024\t3", [1, 2, 3], (), (), "MS"),
    "28 2024 M01": Row("2024 M01\t1\n2024 M02\t2\n2024 M03\t3", [1, 2, 3], (), (), "MS"),
    "29 2024Q1": Row("2024Q1,5\n2024Q2,6\n2024Q3,7", [5, 6, 7], ("every quarter",), (), "QS-OCT"),
    "29 Q1 2024": Row("Q1 2024,5\nQ2 2024,6\nQ3 2024,7", [5, 6, 7], (), (), "QS-OCT"),
    "29 1Q24": Row("1Q24,5\n2Q24,6\n3Q24,7", [5, 6, 7], (), (), "QS-OCT"),
    "30 index": Row("1 5\n2 7\n3 9", [5, 7, 9], ("a count, not data",), other=("times=data", [5, 7, 9])),
    "30 years": Row("1990 5\n1991 6\n1992 7", [5, 6, 7], ("years, not data",), ("times=data",), "YS-JAN", "1990"),
    "31 Unix times": Row("1704067200,5\n1704153600,6\n1704240000,7", [5, 6, 7], (), ("times=unix",)),
    "31 Excel dates": Row("45292\t5\n45293\t6\n45294\t7", [5, 6, 7], ("may hold dates",), ("times=excel",)),
    "31 Excel dates under their name": Row(
        "Date\tSales\n45292\t5\n45323\t6\n45352\t7",
        [5, 6, 7],
        ("day numbers of a spreadsheet",),
        (),
        "MS",
        "2024-01-01",
    ),
    "32 unsorted": Row("2024-01-03,7\n2024-01-01,5\n2024-01-02,6", [5, 6, 7], ("Rows sorted by time (1 row",), (), "D"),
    "32 newest first": Row("2024-03-01,7\n2024-02-01,6\n2024-01-01,5", [5, 6, 7], ("turned round",), (), "MS"),
    "32 duplicates": Row(
        "2024-01-01,5\n2024-01-01,7\n2024-01-02,1",
        [6, 1],
        ("1 time occurs more than once (first 2024-01-01)", "averaged"),
        ("duplicates=last",),
        other=("duplicates=sum", [12, 1]),
    ),
    "32 gaps": Row(
        "2024-01-01,1\n2024-01-02,2\n2024-01-05,3", [1, 2, nan, nan, 3], ("2 steps without a row (first 2024-01-03",)
    ),
    "32 month ends": Row("2023-01-31,5\n2023-02-28,6\n2023-03-31,7\n2023-04-30,7", [5, 6, 7, 7], (), (), "ME"),
    "32 business days": Row(
        "2024-01-04,1\n2024-01-05,2\n2024-01-08,3\n2024-01-09,4\n2024-01-10,5\n2024-01-11,6\n2024-01-12,7\n2024-01-15,8",
        [1, 2, 3, 4, 5, 6, 7, 8],
        ("business day",),
        (),
        "B",
    ),
    "33 irregular": Row(
        "2024-01-01,1\n2024-01-04,2\n2024-01-05,3\n2024-01-19,4\n2024-01-22,5",
        [1, 2, 3, 4, 5],
        ("irregular (median step: 3 days)", "A step ahead means the next observation"),
        ("steps=order",),
        other=("steps=resample", [1, 2.5, nan, nan, nan, nan, 4, 5]),
    ),
    "34 byte order mark": Row(b"\xef\xbb\xbf1\n2\n3", [1, 2, 3], ("byte order mark", "UTF-8")),
    "34 UTF-16": Row("1,5\n2,5\n3,5".encode("utf-16"), [1.5, 2.5, 3.5], ("UTF-16",)),
    "34 UTF-16 without a mark": Row("15\n25\n35\n45\n55".encode("utf-16-le"), [15, 25, 35, 45, 55], ("UTF-16",)),
    "34 Windows-1252": Row("Größe\n5\n6".encode("cp1252"), [5, 6], ("Windows-1252",), name="Größe"),
    "34 zero-width": Row("1\u200b\n2\u200b\n3", [1, 2, 3], ("2 invisible characters",)),
    "35 a sentence": Row("sales were 12 then 15", [], ("looks like text; it holds 2 numbers",), ("words=numbers",)),
    "36 one unit": Row("12 kg, 13 kg", [12, 13], unit="kg"),
    "36 two units": Row("12 kg\n13 lb", [], ("line 2: expected one unit", "Convert"), refused=True),
    "37 nothing": Row("  \n", [], ("Paste a column",)),
    "37 no numbers": Row("hello world", [], ("Paste a column",)),
    "38 one value": Row("5", [5], ("Only one value",)),
    "38 few values": Row("5 6 7 8", [5, 6, 7, 8], ("Only 4 values: a forecast will be wide",)),
    "38 less than two seasons": Row(
        "\n".join(f"2024-{month:02},{month}" for month in range(1, 11)),
        list(range(1, 11)),
        ("Fewer than two seasons (10 values, a season has 12)",),
    ),
    "39 constant": Row("5 5 5 5", [5, 5, 5, 5], ("All values are 5: no variation seen",)),
    "39 all zeros": Row("0\n0\n0\n0", [0, 0, 0, 0], ("All values are zero: no variation seen",)),
    "39 mostly zeros": Row("0 0 0 0 0 3 0 0 2 0", [0, 0, 0, 0, 0, 3, 0, 0, 2, 0], (percent(0.8), "intermittent")),
    "40 negative": Row("-5\n-3\n2\n-1", [-5, -3, 2, -1]),
    "41 extreme sizes": Row("1e300\n1e-300\n5", [1e300, 1e-300, 5], ("Sizes from 1e-300 to 1e+300",)),
    "42 a wild value": Row(
        "112 118 112 113 114 112 1120 115 113 112",
        [112, 118, 112, 113, 114, 112, 1120, 115, 113, 112],
        ("1120 at position 7", "kept as found"),
    ),
    "43 a tail of zeros": Row(
        "5 6 7 8 9 8 7 6 0 0 0 0 0",
        [5, 6, 7, 8, 9, 8, 7, 6, 0, 0, 0, 0, 0],
        ("The last 5 values are zero", "are they missing?"),
        other=("tail=missing", [5, 6, 7, 8, 9, 8, 7, 6, nan, nan, nan, nan, nan]),
    ),
    "44 more values than fit": Row(b"1\n" * 3_000_000, [], ("at most 5 MB", "found a file of 6.0 MB"), refused=True),
    "44 more cells than fit": Row("1 2\n" * 600_000, [], ("1,200,000 cells", "at most 1,000,000"), refused=True),
    "44 many values": Row("\n".join(HUNDRED * 1000), [float(value) for value in HUNDRED] * 1000, ("8,000 values",)),
    "45 stacked series": Row(
        "id,date,y\na,2024-01-01,1\na,2024-01-02,2\nb,2024-01-01,5\nb,2024-01-02,6",
        [1, 2],
        ("2 series stacked, told apart by “id”",),
        other=("series=b", [5, 6]),
    ),
    "46 formulas and errors": Row(
        "=SUM(A1:A3)\n1\n2\n3\n4\n#DIV/0!\n#REF!", [nan, 1, 2, 3, 4, nan, nan], ("3 spreadsheet formulas or errors",)
    ),
    "47 PDF": Row(b"%PDF-1.7\n", [], ("found a PDF", "CSV, TSV, TXT, JSON or XLSX", "copy"), refused=True),
    "47 image": Row(b"\x89PNG\r\n\x1a\n\0\0", [], ("found a PNG image", "paste it here"), refused=True),
    "47 old Excel": Row(b"\xd0\xcf\x11\xe0\xa1\xb1", [], ("old Excel", "Save it as .xlsx or CSV"), refused=True),
}

# Further inputs of the kinds that spreadsheets, programs, banks and statistics offices print.
FOUND = {
    # numbers
    "Swiss": Row("1’234’567.50\n2’345’678.25", [1234567.5, 2345678.25]),
    "lakh": Row("1,23,456\n2,34,567\n12,34,567", [123456, 234567, 1234567], ("Commas group thousands",)),
    "rupees": Row("₹1,23,456.50\n₹99,999.00", [123456.5, 99999], unit="₹"),
    "dollar before brackets": Row("$(1,250)\n$1,300\n($500)", [-1250, 1300, -500], ("2 values negative",), unit="$"),
    "dollar apart from brackets": Row("$ 1,250.00\n$ (300.00)\n$ 12.00", [1250, -300, 12], unit="$"),
    "trailing minus": Row("1.234,56-\n2.345,67\n12,00-", [-1234.56, 2345.67, -12], ("trailing minus",)),
    "percent, decimal comma": Row("12,5 %\n13,1 %\n14 %", [12.5, 13.1, 14], unit="%"),
    "euros after": Row("1.200,50 €\n950,00 €\n-20,00 €", [1200.5, 950, -20], unit="€"),
    "pounds": Row("£1,200.00\n-£300.00\n£5", [1200, -300, 5], unit="£"),
    "yen, full width": Row("１２０，０００円\n１３５，０００円", [120000, 135000], unit="円"),
    "kronor": Row("1 200,50 kr\n950,00 kr\n12 345,00 kr", [1200.5, 950, 12345], unit="kr"),
    "reais": Row("R$ 1.234,56\nR$ 12,00", [1234.56, 12], unit="R$"),
    "degrees": Row("12.5°C\n13.1°C\n-1°C", [12.5, 13.1, -1], unit="°C"),
    "speeds": Row("12 km/h\n15 km/h", [12, 15], unit="km/h"),
    "money, multiplied": Row("$1.2M\n$850K\n$2.1B", [1.2e6, 850e3, 2.1e9], ("3 values multiplied",), unit="$"),
    "millions in German": Row("1,2 Mio. €\n1,5 Mio. €", [1.2e6, 1.5e6], unit="€"),
    "some thousands": Row("1.2k\n950\n3.4k", [1200, 950, 3400], ("2 values multiplied",)),
    "dashes as minus": Row("–5\n–6\n7", [-5, -6, 7]),
    "Arabic digits and marks": Row("١٬٢٣٤٫٥\n٢٬٣٤٥٫٦", [1234.5, 2345.6]),
    "Devanagari": Row("१२३\n१३५", [123, 135], ("6 digits of another script",)),
    "powers of ten": Row("1.5×10^3\n2×10³", [1500, 2000]),
    "fractions in one sign": Row("½\n¾\n1½", [0.5, 0.75, 1.5], ("3 fractions",)),
    "approximate": Row("~112\n<118\n*132", [112, 118, 132], ("3 values with a sign before it",)),
    "blanks in thousands": Row("1 234\n950\n1 050", [1234, 950, 1050], (), ("grouping=none",)),
    "two marks": Row("1.5\n2,5\n3.5", [1.5, 2.5, 3.5], ("Two decimal marks are used",)),
    "wrapped list": Row(
        "112, 118,\n132, 129,\n121, 135", [112, 118, 132, 129, 121, 135], ("one after the other",), ("rows=columns",)
    ),
    "commas that begin lines": Row("112\n,118\n,132", [112, 118, 132], ("Commas that begin a line",)),
    "single quotes": Row("'112', '118'", [112, 118]),
    "and": Row("112, 118 and 132", [112, 118, 132]),
    "or": Row("112, 118 or maybe 132", [], ("it holds 3 numbers",), other=("words=numbers", [112, 118, 132])),
    "a list cut off": Row("118, 120,, 132", [118, 120, nan, 132]),
    "raised footnotes": Row("112¹\n118²\n132", [112, 118, 132], ("2 values with a footnote mark",)),
    "bullets": Row("- 112\n- 118\n- 132", [112, 118, 132], ("bullets",), other=("bullets=minus", [-112, -118, -132])),
    "numbered": Row("1) 112\n2) 118\n3) 132", [112, 118, 132], ("bullets left out",)),
    # times
    "week 53": Row("2020-W52,5\n2020-W53,6\n2021-W01,7", [5, 6, 7], (), (), "W-MON", "2020-12-21"),
    "calendar weeks": Row("KW 1/2024;5\nKW 2/2024;6\nKW 3/2024;7", [5, 6, 7], (), (), "W-MON"),
    "week codes": Row(
        "\n".join(f"2020{week:02},{week}" for week in range(1, 21)), list(range(1, 21)), ("weeks",), (), "W-MON"
    ),
    "quarters of R": Row("2020:1 5\n2020:2 6\n2020:3 7\n2020:4 8\n2021:1 9", [5, 6, 7, 8, 9], (), (), "QS-OCT"),
    "Q1/20": Row("Q1/20;5\nQ2/20;6\nQ3/20;7", [5, 6, 7], (), (), "QS-OCT", "2020-01-01"),
    "quarters in German": Row("1. Quartal 2020;5\n2. Quartal 2020;6\n3. Quartal 2020;7", [5, 6, 7], (), (), "QS-OCT"),
    "months in French": Row("janv. 2020;5\nfévr. 2020;6\nmars 2020;7\navr. 2020;9", [5, 6, 7, 9], (), (), "MS"),
    "months in Spanish": Row("enero de 2020;5\nfebrero de 2020;6\nmarzo de 2020;7", [5, 6, 7], (), (), "MS"),
    "months in Japanese": Row("2020年1月,5\n2020年2月,6\n2020年3月,7", [5, 6, 7], (), (), "MS"),
    "months in Korean": Row("2020년 1월,5\n2020년 2월,6\n2020년 3월,7", [5, 6, 7], (), (), "MS"),
    "month, day, year in words": Row(
        "January 31, 2020,5\nFebruary 29, 2020,6\nMarch 31, 2020,7", [5, 6, 7], (), (), "ME", "2020-01-31"
    ),
    "weekdays": Row("Mon 01 Jan 2024,5\nTue 02 Jan 2024,6\nWed 03 Jan 2024,7", [5, 6, 7], (), (), "D"),
    "mail": Row("Mon, 01 Jan 2024 00:00:00 GMT,5\nTue, 02 Jan 2024 00:00:00 GMT,6", [5, 6], ("UTC",), (), "D"),
    "zone by name": Row("2024-01-01 00:00 CET,5\n2024-01-01 01:00 CET,6", [5, 6], ("Times are in CET",), (), "h"),
    "twelve hours": Row("12:00 AM,5\n1:00 AM,6\n2:00 AM,7", [5, 6, 7], (), (), "h"),
    "milliseconds under their name": Row("timestamp,y\n1704067200000,5\n1704153600000,6", [5, 6], (), (), "D", "2024"),
    "two-digit years": Row("01/31/24,5\n02/29/24,6\n03/31/24,7", [5, 6, 7], (), (), "ME"),
    "compact days": Row("20240131,5\n20240229,6\n20240331,7", [5, 6, 7], ("YYYYMMDD",), (), "ME"),
    "fiscal years": Row("FY2019,5\nFY2020,6\nFY2021,7", [5, 6, 7], (), (), "YS-JAN", "2019-01-01"),
    "fiscal years, short": Row("FY19,5\nFY20,6\nFY21,7", [5, 6, 7], (), (), "YS-JAN", "2019-01-01"),
    "seasons over two years": Row("2019/20,5\n2020/21,6\n2021/22,7", [5, 6, 7], (), (), "YS-JAN"),
    "decades": Row("1970,5\n1980,6\n1990,7", [5, 6, 7], ("stand between two columns",), ("split=line",), "10YS-JAN"),
    "numbered weeks": Row("Week 1,5\nWeek 2,6\nWeek 3,7", [5, 6, 7], (), ("split=space",)),
    "months with points": Row("01.2024;5\n02.2024;6\n03.2024;7", [5, 6, 7], (), (), "MS"),
    "years with points": Row(
        "\n".join(f"2024.{month:02} {month}" for month in range(1, 13)), list(range(1, 13)), ("YYYY.MM",), (), "MS"
    ),
    "years with a fraction": Row("2020.000 5\n2020.083 6\n2020.167 7", [5, 6, 7], ("a fraction",), (), "MS"),
    "year and month": Row("2023\t1\t5\n2023\t2\t6\n2023\t3\t7", [5, 6, 7], ("together are the times",), (), "MS"),
    "year and quarter": Row("2019 1 5\n2019 2 6\n2019 3 7\n2019 4 8\n2020 1 9", [5, 6, 7, 8, 9], (), (), "QS-OCT"),
    "year in the first row only": Row(
        "Year,Month,Sales\n2023,Nov,5\n,Dec,6\n2024,Jan,7", [5, 6, 7], (), (), "MS", "2023-11-01"
    ),
    "months across": Row(
        "Jan\tFeb\tMar\tApr\n5\t6\t7\t8", [5, 6, 7, 8], ("Times run across",), ("rows=columns",), "MS"
    ),
    "date and time of day": Row(
        "Date,Time,Value\n2024-01-01,00:00,5\n2024-01-01,01:00,6\n2024-01-01,02:00,7", [5, 6, 7], name="Value"
    ),
    "SAS": Row("01JAN2024,5\n01FEB2024,6\n01MAR2024,7", [5, 6, 7], (), (), "MS"),
    "a day that does not exist": Row(
        "2024-02-28,5\n2024-02-29,6\n2024-02-30,7", [], ("line 3, column 1", "“2024-02-30”"), refused=True
    ),
    # print-outs
    "R data frame": Row(
        "        date  y\n1 2024-01-01  5\n2 2024-02-01  6\n3 2024-03-01 NA",
        [5, 6, nan],
        ("counts the rows",),
        name="y",
    ),
    "tsibble": Row(
        "# A tsibble: 3 x 2 [1M]\n     Month Sales\n     <mth> <dbl>\n1 2024 Jan     5\n2 2024 Feb     6\n"
        "3 2024 Mar     7",
        [5, 6, 7],
        frequency="MS",
        name="Sales",
    ),
    "dput of a series": Row(
        'structure(c(5, 6, 7), tsp = c(1949, 1949.167, 12), class = "ts")', [5, 6, 7], (), (), "MS"
    ),
    "dput of a data frame": Row(
        'structure(list(date = c("2024-01-01", "2024-02-01"), y = c(5, 6)), '
        'class = "data.frame", row.names = c(NA, -2L))',
        [5, 6],
        frequency="MS",
        name="y",
    ),
    "named vector of R": Row("c(Jan = 5, Feb = 6, Mar = 7)", [5, 6, 7], (), (), "MS"),
    "str of R": Row(" num [1:5] 112 118 132 129 121", [112, 118, 132, 129, 121]),
    "pandas data frame": Row(
        "            sales  price\ndate                    \n2024-01-01      5    1.0\n2024-02-01      6    NaN",
        [5, 6],
        name="sales",
    ),
    "pandas, shortened": Row(
        "0      112\n1      118\n      ... \n98     132\nLength: 100, dtype: int64",
        [],
        ("Print all of them",),
        refused=True,
    ),
    "Python tuples": Row("[('2024-01', 5), ('2024-02', 6), ('2024-03', 7)]", [5, 6, 7], (), (), "MS"),
    "Python dates": Row("[(datetime.date(2024, 1, 1), 5), (datetime.date(2024, 2, 1), 6)]", [5, 6], (), (), "MS"),
    "Python dict": Row("{'2024-01': 5, '2024-02': 6, '2024-03': 7}", [5, 6, 7], (), (), "MS"),
    "dict of Timestamps": Row(
        "{Timestamp('2024-01-01 00:00:00'): 5, Timestamp('2024-02-01 00:00:00'): 6}", [5, 6], (), (), "MS"
    ),
    "NumPy over two lines": Row("[112 118 132 129\n 121 135]", [112, 118, 132, 129, 121, 135]),
    "NumPy scalars": Row("[np.float64(1.5), np.float64(2.5)]", [1.5, 2.5]),
    "polars": Row(
        "shape: (2, 2)\n┌─────────┬─────┐\n│ date    ┆ y   │\n│ ---     ┆ --- │\n│ str     ┆ i64 │\n╞═════════╪═════╡\n"
        "│ 2024-01 ┆ 5   │\n│ 2024-02 ┆ 6   │\n└─────────┴─────┘",
        [5, 6],
        frequency="MS",
        name="y",
    ),
    "MATLAB": Row(
        "ans =\n\n  Columns 1 through 3\n\n   112   118   132\n\n  Columns 4 through 5\n\n   129   121\n",
        [112, 118, 132, 129, 121],
        name="ans",
    ),
    "JavaScript": Row("const data = [112, 118, 132];", [112, 118, 132], name="data"),
    "JSON of pandas, split": Row(
        '{"columns":["ds","y"],"index":[0,1],"data":[["2024-01-01",5],["2024-02-01",6]]}', [5, 6], (), (), "MS"
    ),
    "JSON of pandas, columns": Row(
        '{"ds":{"0":"2024-01-01","1":"2024-02-01"},"y":{"0":5,"1":6}}', [5, 6], (), (), "MS"
    ),
    "JSON lines": Row('{"t":"2024-01-01","y":5}\n{"t":"2024-01-02","y":6}', [5, 6], (), (), "D"),
    "JSON of a chart": Row('{"meta": {"n": 3}, "series": [{"name": "a", "data": [1,2,3]}]}', [1, 2, 3]),
    "JSON of the World Bank": Row(
        '[{"page":1,"pages":1,"total":2},[{"date":"2022","value":7},{"date":"2021","value":6}]]', [6, 7], name="value"
    ),
    "Markdown in bold": Row(
        "| Month | Sales |\n|---|---|\n| Jan 2024 | **5** |\n| Feb 2024 | 6 |", [5, 6], (), (), "MS"
    ),
    "fenced code": Row("```\n112\n118\n132\n```", [112, 118, 132]),
    "HTML": Row(
        "<table><tr><th>Month</th><th>Sales &amp; co</th></tr>\n"
        "<tr><td>2024-01<td><b>5</b><tr><td>2024-02<td>6</table>",
        [5, 6],
        ("HTML table of 3 rows",),
        name="Sales & co",
    ),
    "LaTeX": Row(
        "\\begin{tabular}{lr}\n\\hline\nYear & GDP (\\$) \\\\\n\\hline\n"
        "2020 & 1{,}200 \\\\\n2021 & 1{,}300 \\\\ \\hline\n"
        "\\end{tabular}",
        [1200, 1300],
        frequency="YS-JAN",
        name="GDP ($)",
    ),
    "PostgreSQL": Row(
        "    month    | sales \n------------+-------\n 2024-01-01 |     5\n 2024-02-01 |     6\n(2 rows)\n",
        [5, 6],
        name="sales",
    ),
    "MySQL": Row(
        "+---------+-------+\n| month   | sales |\n+---------+-------+\n| 2024-01 |     5 |\n| 2024-02 |  NULL |\n"
        "+---------+-------+\n2 rows in set (0.00 sec)",
        [5, nan],
        ("missing",),
        name="sales",
    ),
    "SQL INSERT": Row("INSERT INTO t VALUES ('2024-01-01', 5), ('2024-02-01', 6);", [5, 6], (), (), "MS"),
    "log lines": Row(
        "2024-01-01 00:00:00 INFO temp=21.5\n2024-01-01 00:01:00 INFO temp=21.7", [21.5, 21.7], (), (), "min"
    ),
    "counts before dates": Row("     12 2024-01-01\n     15 2024-01-02\n      9 2024-01-03", [12, 15, 9], (), (), "D"),
    # files of banks and offices
    "bank, with a preamble and a total": Row(
        "Kontonummer;DE12 3456\nZeitraum;01.01.2024 - 31.01.2024\n\nBuchungstag;Valuta;Zweck;Betrag;Saldo\n"
        "02.01.2024;02.01.2024;Miete;-850,00;1.150,00\n05.01.2024;05.01.2024;Gehalt;2.500,00;3.650,00\n"
        "09.01.2024;09.01.2024;Markt;-45,30;3.604,70\n;;;Summe;1.604,70",
        [1150, 3650, 3604.7],
        ("3 lines before or after the table left out",),
        other=("column=Betrag", [-850, 2500, -45.3]),
        name="Saldo",
    ),
    "bank in America": Row(
        'Date,Description,Amount\n01/02/2024,PAYROLL,"2,500.00"\n01/19/2024,"STORE, INC",-45.30', [2500, -45.3]
    ),
    "Eurostat TSV": Row(
        "freq,geo\\TIME_PERIOD\t2020-01 \t2020-02 \t2020-03 \nM,DE\t5.1 \t5.2 p\t: \nM,FR\t6.1 e\t6.2 \t6.3 ",
        [6.1, 6.2, 6.3],
        ("footnote", "missing"),
        ("column=M,DE",),
        "MS",
    ),
    "Eurostat CSV that ends with a gap": Row(
        "freq,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG\nM,DE,2023-10,5.1,\nM,DE,2023-11,5.2,p\nM,DE,2023-12,,c",
        [5.1, 5.2, nan],
        frequency="MS",
    ),
    "World Bank": Row(
        '"Data Source","WDI",\n\n"Country Name","Country Code","2019","2020","2021",\n"Aruba","ABW","1.5","2.5","",\n'
        '"Angola","AGO","5","6","7",',
        [5, 6, 7],
        ("Times run across",),
        ("column=Aruba ABW",),
        "YS-JAN",
    ),
    "FRED in text": Row(
        "Title:  Unemployment\nSource: BLS\n\nDATE        VALUE\n2024-01-01    3.7\n2024-02-01    3.9",
        [3.7, 3.9],
        ("left out",),
        name="VALUE",
    ),
    "BLS with yearly averages": Row(
        "Year,Period,Value\n2023,M11,5\n2023,M12,6\n2023,M13,5.5\n2024,M01,7", [5, 6, 7], ("1 row of yearly averages",)
    ),
    "Destatis": Row(
        "Verbraucherpreisindex\n;;2020=100\n2023;Januar;114,3\n;Februar;115,2\n;März;116,1\n__________\n© Amt",
        [114.3, 115.2, 116.1],
        ("3 lines before or after",),
        (),
        "MS",
        "2023-01-01",
    ),
    "INSEE, with a date that never changes": Row(
        '"Mise à jour";"Période";"Valeur"\n"12/01/2024";"2023-11";"117,6"\n"12/01/2024";"2023-12";"117,7"',
        [117.6, 117.7],
        frequency="MS",
    ),
    "NOAA": Row(
        "Missing: -999\nYear,Anomaly\n2020,0.98\n2021,-999\n2022,0.86",
        [0.98, -999, 0.86],
        ("1 value is -999", "does it stand for a missing value?"),
        other=("placeholder=missing", [0.98, nan, 0.86]),
    ),
    "Google Analytics": Row(
        '# ---\n# All Data\n# ---\nDay Index,Users\n1/14/24,"1,200"\n1/15/24,"1,350"\n,"2,550"',
        [1200, 1350],
        ("1 row without a time left out",),
    ),
    "the header again": Row(
        "date,y\n2024-01-01,5\n2024-01-02,6\ndate,y\n2024-01-03,7", [5, 6, 7], ("1 line left out: the header again",)
    ),
    "empty columns": Row("date,,y,,\n2024-01-01,,5,,\n2024-01-02,,6,,", [5, 6], ("Empty columns left out",), name="y"),
    "row numbers of pandas": Row(",date,y\n0,2024-01-01,5\n1,2024-01-02,6", [5, 6], ("counts the rows",), name="y"),
    "two columns of one name": Row("d,x,x\n2024-01,1,5\n2024-02,2,6", [5, 6], (), other=("column=x", [1, 2])),
    "a long frame": Row(
        "unique_id,ds,y\nA,2024-01-01,5\nA,2024-02-01,6\nB,2024-01-01,7\nB,2024-02-01,8",
        [5, 6],
        ("2 series stacked, told apart by “unique_id”",),
        other=("series=B", [7, 8]),
    ),
    "a hint for Excel": Row("sep=;\ndate;y\n2024-01-01;5,5\n2024-01-02;6,5", [5.5, 6.5], ("a hint",), name="y"),
    "Latin-1 with an Austrian month": Row("Monat;Zahl\nJänner 2024;1,5\nFebruar 2024;2,5".encode("cp1252"), [1.5, 2.5]),
    "carriage returns": Row(b"5\r6\r7\r", [5, 6, 7]),
    "a word among numbers": Row("5\nsix\n7", [], ("line 2", "“six”"), refused=True),
    "a column for each year": Row(
        "Month\t2022\t2023\n" + "\n".join(f"{m}\t{i}\t{i + 12}" for i, m in enumerate(JAN_TO_DEC.split(), 1)),
        list(range(1, 25)),
        ("A column for each year",),
        ("rows=columns",),
        "MS",
        "2022-01-01",
    ),
    "two columns of names": Row(
        "region,product,date,y\nN,a,2024-01,1\nN,a,2024-02,2\nN,b,2024-01,3\nN,b,2024-02,4",
        [1, 2],
        other=("series=b", [3, 4]),
    ),
    "names crossed": Row(
        "region,product,date,y\nN,a,2024-01,1\nN,a,2024-02,2\nN,b,2024-01,3\nN,b,2024-02,4\nS,a,2024-01,5\nS,a,2024-02,6",
        [1, 2],
        ("3 series stacked, told apart by “region” and “product”",),
        other=("series=S / a", [5, 6]),
    ),
    "dashes between": Row("5 - 6 - 7 - 8", [5, 6, 7, 8], ("only part them",), ("split=space",)),
    "dots at the end": Row("5, 6, 7, ...", [5, 6, 7], ("dots at the end",)),
    "arrows": Row("5→6→7→8", [], ("it holds 4 numbers",), ("words=numbers",)),
    "comments behind values": Row("5 # first\n6 # second\n7", [5, 6, 7], ("Comments behind values left out",)),
    "MATLAB column": Row("y=[1.5;2.5;3.5]", [1.5, 2.5, 3.5], name="y"),
    "years with letters": Row("2022 5\n2023 6\n2024e 7\n2025f 8", [5, 6, 7, 8], (), (), "YS-JAN"),
    "JSON by day": Row(
        '{"Daily": {"2024-01-03": {"open": "5.1", "close": "5.5"}, "2024-01-02": {"open": "5.0", "close": "5.4"}}}',
        [5.4, 5.5],
        ("newest first",),
        other=("column=open", [5.0, 5.1]),
    ),
    "hours of ISO": Row("2024-01-01T00 5\n2024-01-01T01 6", [5, 6], (), (), "h"),
    "bank of Germany": Row(
        '"","BBK01.SU0101"\n"","Umsatz"\nEinheit,%\n2024-01,5.1\n2024-02,5.2\n2024-03,.', [5.1, 5.2, nan], (), (), "MS"
    ),
    "Statistics Canada": Row(
        '"REF_DATE","GEO","VALUE","STATUS"\n"2024-01","Canada",1.5,""\n"2024-02","Canada",..,".."',
        [1.5, nan],
        name="VALUE",
    ),
    "francs without cents": Row("CHF 1'200.-\nCHF 950.50", [1200, 950.5], unit="CHF"),
    "euros without cents": Row("5,-\n6,50\n-7,-", [5, 6.5, -7]),
    "a date before a list": Row("2024-01-01: 5, 6, 7, 8", [5, 6, 7, 8], name="2024-01-01"),
    "remarks in brackets": Row("112 (estimated)\n118\n132", [112, 118, 132], ("1 value with a footnote mark",)),
    "prose": Row("In January we sold 12 units, then 15 in February.", [], ("it holds 2 numbers",), ("words=numbers",)),
}


EVERY = LISTED | ROWS | FOUND


@pytest.mark.parametrize("row", EVERY.values(), ids=EVERY)
def test_row(row: Row) -> None:
    if row.refused:
        with pytest.raises(InputError) as caught:
            read(row.source)
        assert [words for words in row.said if words not in str(caught.value)] == []
        return
    reading = read(row.source)
    said = " ".join((*reading.notes, *reading.warnings))
    assert [words for words in row.said if words not in said] == []
    assert {*row.choices} <= {other.choice for other in reading.alternatives}
    if not row.values:
        assert reading.series == ()
        return
    series = reading.series[reading.selected]
    np.testing.assert_allclose(series.values, row.values, rtol=1e-12)
    assert row.frequency in (None, series.frequency)
    assert row.first is None or str(series.times[0]).startswith(row.first)
    assert row.name in (None, series.name)
    assert row.unit in (None, series.unit)
    if row.other:
        choice, values = row.other
        assert choice in {other.choice for other in reading.alternatives}
        reading = read(row.source, choices=(choice,))
        np.testing.assert_allclose(reading.series[reading.selected].values, values, rtol=1e-12)


def test_the_table_holds_every_row_of_the_list() -> None:
    """Rows 48 and 49 are about the page and about texts to classify; the others are readings."""
    assert {int(name.split()[0]) for name in LISTED} == set(range(1, 48))


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
