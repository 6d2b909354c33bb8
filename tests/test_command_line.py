"""python -m rnn_model: the same reading and the same forecast as on the page, every series, and errors in one line."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from base64 import b64decode
from html import unescape
from pathlib import Path

import gradio_client
import numpy as np
import openpyxl
import pytest

from interface.forecast_tab import Chosen, answer
from rnn_model import forecast, read
from rnn_model.__main__ import main

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = str(ROOT / "weights" / "forecast")
SALES = "Monat;Umsatz\n" + "\n".join(f"2023-{month:02};{month % 5 * 100 + month},5 €" for month in range(1, 13))
SHOPS = "Month,North,South\n" + "\n".join(f"2024-{month:02},{month},{20 - month % 3}" for month in range(1, 13))
STACKED = "unique_id,ds,y,price\n" + "\n".join(
    f"{shop},2024-{month:02}-01,{month + start},{start}.5"
    for shop, start in (("A", 0), ("B", 50))
    for month in range(1, 9)
)


@pytest.fixture
def run(capsys):
    """Runs the command and returns its exit code, its rows and what it says."""

    def command(*arguments):
        code = main(["forecast", *map(str, arguments), "--weights", WEIGHTS])
        out, err = capsys.readouterr()
        return code, list(csv.DictReader(io.StringIO(out))), err

    return command


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_reading_and_forecast_are_those_of_the_page(run, model, tmp_path):
    path = written(tmp_path, "sales.csv", SALES)
    code, rows, said = run(path, "--horizon", 6)
    page = answer(model, "", str(path), 6, 0, 0.8, Chosen(path), adjust=[])  # the raw band, as programs get it
    download = re.search(r"base64,([^\"]*)", page.download)
    assert download is not None

    assert code == 0
    assert rows == list(csv.DictReader(io.StringIO(b64decode(download[1]).decode("utf-8-sig"))))
    notes = [unescape(note) for note in re.findall(r"<li[^>]*>(.*?)</li>", page.strip)]
    assert len(notes) > 3
    assert [note for note in notes if note not in said] == []


def test_the_forecast_is_that_of_the_endpoint(run, address, tmp_path):
    path = written(tmp_path, "sales.csv", SALES)
    _, rows, _ = run(path)
    client = gradio_client.Client(address, verbose=False)
    given = client.predict(gradio_client.handle_file(str(path)), 12, 0, api_name="/forecast_file")

    assert [row["time"] for row in rows] == given["times"]
    np.testing.assert_array_equal([float(row["median"]) for row in rows], given["median"])


def test_every_series_is_forecast(run, model, tmp_path):
    code, rows, said = run(written(tmp_path, "shops.csv", SHOPS), "--horizon", 3)
    series = read(SHOPS).series

    assert code == 0
    assert [row["series"] for row in rows] == ["North"] * 3 + ["South"] * 3
    assert "All 2 series are forecast" in said
    for number, name in enumerate(("North", "South")):
        medians = [float(row["median"]) for row in rows if row["series"] == name]
        np.testing.assert_allclose(medians, forecast(model, series[number], 3).median, rtol=1e-5)


@pytest.mark.parametrize(
    ("text", "column", "names"),
    [
        (SHOPS, "North", {"North"}),
        (SHOPS, "South", {"South"}),
        (SALES, "Umsatz", {"Umsatz (€)"}),
        (STACKED, "B", {"B"}),
        (STACKED, "price", {"A", "B"}),
    ],
)
def test_one_column_can_be_named(run, tmp_path, text, column, names):
    code, rows, _ = run(written(tmp_path, "some.csv", text), "--horizon", 1, "--column", column)

    assert code == 0
    assert {row["series"] for row in rows} == names


def test_another_reading_can_be_chosen(run, tmp_path):
    path = written(tmp_path, "list.txt", "112,118,132,129")
    _, rows, said = run(path, "--horizon", 1)
    _, other, _ = run(path, "--horizon", 1, "--choice", "split=line")

    assert "--choice split=line" in said
    assert float(rows[0]["median"]) < 1000 < 1e9 < float(other[0]["median"])


def test_workbooks_json_and_columns_without_values(run, tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["month", "sales", "empty"],
        ["2024-01-01", 1, "n/a"],
        ["2024-02-01", 2, "n/a"],
        ["2024-03-01", 4, "n/a"],
    ):
        book.active.append(row)
    book.save(tmp_path / "book.xlsx")
    records = written(tmp_path, "records.json", '[{"month": "2024-01", "sales": 1}, {"month": "2024-02", "sales": 2}]')

    assert {row["series"] for row in run(tmp_path / "book.xlsx")[1]} == {"sales"}
    assert {row["series"] for row in run(records)[1]} == {"sales"}


def test_standard_input_and_a_file_for_the_result(tmp_path):
    out = tmp_path / "ahead.csv"
    command = [sys.executable, "-m", "rnn_model", "forecast", "-", "--horizon", "2", "--out", str(out)]
    done = subprocess.run(command, input=SALES.encode("utf-16"), capture_output=True, cwd=ROOT, check=True)

    assert done.stdout == b""
    assert "UTF-16" in done.stderr.decode()
    assert out.read_text(encoding="utf-8").startswith("series,time,median,p10")
    assert len(out.read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("12 kg\n13 lb", [], "line 2: expected one unit"),
        ("hello", [], "at least one number"),
        (SHOPS, ["--column", "West"], "Use one of: “North”, “South”"),
        (SHOPS, ["--horizon", "0"], "whole number from 1"),
        (SHOPS, ["--choice", "nonsense"], "a choice such as decimal=comma"),
        (SHOPS, ["--weights", "nowhere"], "nowhere: expected a checkpoint folder"),
        (SHOPS, ["--out", "no/such/folder/x.csv"], "a file that can be written"),
    ],
)
def test_errors_are_one_line_and_exit_code_two(capsys, tmp_path, text, arguments, words):
    path = written(tmp_path, "some.csv", text)
    code = main(["forecast", str(path), "--weights", WEIGHTS, *arguments])
    out, err = capsys.readouterr()

    assert code == 2
    assert out == ""
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert words in line
    assert "Traceback" not in err


def test_a_missing_file_is_named(run):
    code, rows, said = run("nowhere.csv")

    assert (code, rows) == (2, [])
    assert "“nowhere.csv” (No such file or directory)" in said
