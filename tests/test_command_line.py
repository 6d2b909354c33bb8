"""python -m rnn_model: the same answers as on the page, of files of any size, and errors in one line."""

from __future__ import annotations

import csv
import gc
import io
import re
import subprocess
import sys
import tracemalloc
from base64 import b64decode
from html import unescape
from pathlib import Path

import gradio_client
import numpy as np
import openpyxl
import pytest

from interface import classify_tab
from interface.forecast_tab import Chosen, answer
from rnn_model import __main__ as command_line
from rnn_model import classify_many, forecast, read
from rnn_model.__main__ import main
from rnn_model.reading import decode, long, table, texts
from rnn_model.reading.read import read_table
from rnn_model.records import Classification, Forecast

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = str(ROOT / "weights" / "forecast")
LANGUAGE = str(ROOT / "weights" / "language")
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


# Texts

LINES = ["Das ist ein Satz.", "", "And this is another.", "Un chat, et un autre.", "xqzt 12"]


@pytest.fixture
def classes(capsys):
    """Runs classify and returns its exit code, what it writes and what it says."""

    def command(*arguments):
        code = main(["classify", *map(str, arguments), "--weights", LANGUAGE])
        return code, *capsys.readouterr()

    return command


def test_texts_are_classified_as_on_the_page(classes, classifier, tmp_path):
    path = written(tmp_path, "texts.txt", "\n".join(LINES))
    code, out, said = classes(path)
    *_, download = classify_tab.of_file(classifier, str(path))
    content = re.search(r"base64,([^\"]*)", download)
    assert content is not None

    assert code == 0
    assert out == b64decode(content[1]).decode("utf-8-sig")
    assert "4 texts, one a line." in said
    rows = list(csv.DictReader(io.StringIO(out)))
    expected = classify_many(classifier, [line for line in LINES if line])
    assert [row["label"] for row in rows] == [one.label or "" for one in expected] == ["de", "en", "fr", ""]


@pytest.mark.parametrize(
    ("name", "text", "arguments"),
    [
        ("a.csv", "id,text,label\n1,Guten Morgen zusammen,x\n2,Good morning everyone,y\n", []),
        ("a.csv", "who;said\nA;Guten Morgen zusammen\nB;Good morning everyone\n", ["--column", "said"]),
        ("a.tsv", "who\tsaid\nA\tGuten Morgen zusammen\nB\tGood morning everyone\n", ["--column", "2"]),
        ("a.json", '[{"text": "Guten Morgen zusammen"}, {"text": "Good morning everyone"}]', []),
        ("a.txt", "Guten Morgen zusammen\r\nGood morning everyone", []),
    ],
)
def test_texts_are_found_in_files_of_every_kind(classes, tmp_path, name, text, arguments):
    code, out, _ = classes(written(tmp_path, name, text), *arguments)

    assert code == 0
    assert [row["label"] for row in csv.DictReader(io.StringIO(out))] == ["de", "en"]


@pytest.mark.parametrize(
    ("name", "text", "arguments", "words"),
    [
        ("a.csv", "id,text\n1,Hallo\n", ["--column", "body"], "Use one of: id, text"),
        ("a.pdf", "%PDF-1.7", [], "found a PDF"),
        ("a.csv", "id,text\n1,Hallo\n", ["--weights", WEIGHTS], "classif"),
        ("a.csv", 'id,text\n1,"' + "x" * 200_000, [], "no CSV"),
    ],
)
def test_what_is_no_texts_is_said_in_one_line(capsys, tmp_path, name, text, arguments, words):
    code = main(["classify", str(written(tmp_path, name, text)), "--weights", LANGUAGE, *arguments])
    out, err = capsys.readouterr()

    assert (code, out) == (2, "")
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert words in line


def test_weights_of_the_kind_come_from_the_environment(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("RNN_WEIGHTS", f"{LANGUAGE} {WEIGHTS}")
    for command, text in (("classify", "Guten Morgen"), ("forecast", "1 2 3")):
        assert main([command, str(written(tmp_path, "a.txt", text))]) == 0
    assert "Guten Morgen,de" in capsys.readouterr().out


# Large files

LEVELS = np.arange(1, 10) / 10


@pytest.fixture
def small_parts(monkeypatch):
    """Files of more than 5 kB count as large."""
    for module in (command_line, decode, texts):
        monkeypatch.setattr(module, "HEAD_BYTES", 5_000)
    for module, name in ((table, "PART"), (long, "PART"), (decode, "_BLOCK")):
        monkeypatch.setattr(module, name, 5_000)


def panel(count, length=40, mark="."):
    """A long table of daily series, semicolons between the cells."""
    days = np.datetime_as_string(np.datetime64("2024-01-01") + np.arange(length))
    rows = (
        f"S{number:04};{day};{number % 7}{mark}{step % 9}5" for number in range(count) for step, day in enumerate(days)
    )
    return "\n".join(["unique_id;ds;y", *rows])


def test_a_long_table_is_forecast_in_parts_as_it_is_in_one(run, tmp_path, monkeypatch):
    path = written(tmp_path, "panel.csv", panel(30, mark=","))
    whole = run(path, "--horizon", 2)
    sizes = []
    monkeypatch.setattr(long, "read_table", lambda *of: sizes.append(len(of[0])) or read_table(*of))
    for module, name in ((command_line, "HEAD_BYTES"), (decode, "HEAD_BYTES"), (table, "PART"), (long, "PART")):
        monkeypatch.setattr(module, name, 5_000)
    code, rows, said = run(path, "--horizon", 2, "--progress")

    assert code == whole[0] == 0
    assert [list(row.values())[:2] for row in rows] == [list(row.values())[:2] for row in whole[1]]
    for row, same in zip(rows, whole[1], strict=True):
        assert float(row["median"]) == pytest.approx(float(same["median"]), rel=1e-6)
    assert max(sizes) < 320, "rows read at a time"
    assert "30 series, 100\N{NO-BREAK SPACE}% of the file" in said
    assert "The comma is the decimal mark" in said
    assert "S0000: A season of 7 steps is taken from the calendar. (So for 30 series.)" in said


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("column", ["S0021", "y", "price"])
def test_one_column_or_series_of_a_large_table(run, tmp_path, column):
    lines = panel(30).splitlines()
    priced = "\n".join([f"{lines[0]};price", *(f"{line};{500 + number % 3}" for number, line in enumerate(lines[1:]))])
    code, rows, _ = run(written(tmp_path, "panel.csv", priced), "--horizon", 1, "--column", column)

    assert code == 0
    assert {row["series"] for row in rows} == {"S0021"} if column == "S0021" else len(rows) == 30
    assert (float(rows[0]["median"]) > 400) == (column == "price")


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        (panel(30) + "\nS0003;2024-03-01;5", [], "line 1202: expected all rows of a series one after the other"),
        (panel(30).replace("S0020;2024-02-03", "S0020;soon"), [], "line 835, column 2: expected a time written as"),
        (panel(30) + ";many", [], "line 1201: expected 3 cells"),
        (panel(30)[:-4] + "many", [], "line 1201, column 3: expected"),
        (panel(30, mark=",") + ".5", [], "line 1201, column 3: expected a number with a decimal comma"),
        (panel(30) + "\nS0099;soon;5" * 1000, [], "expected rows like those before (times: ds)"),
        (panel(30) + "\nS0099;2024-03-01;?" * 1000, [], "expected rows like those before (times: ds)"),
        (panel(30), ["--column", "S9999"], "a column of numbers or a series of the file"),
        (SHOPS + "\n2025-01,1,2" * 500_000, [], "at most 5 MB, or the rows of each series one after the other"),
    ],
)
def test_what_does_not_fit_the_head_of_a_large_table_is_named(run, tmp_path, text, arguments, words):
    code, _, said = run(written(tmp_path, "panel.csv", text), "--horizon", 1, *arguments)

    assert code == 2
    assert words in next(line for line in said.splitlines() if line.startswith("error: "))


@pytest.mark.usefixtures("small_parts")
def test_large_files_of_texts_are_read_as_their_head_was(classes, tmp_path):
    text = "id,text\n" + "".join(f'{number},"Guten Morgen, {number}\nund Tag"\n' for number in range(400))
    path = tmp_path / "texts.csv"
    path.write_bytes(text.encode("utf-16"))
    code, out, said = classes(path, "--progress")

    assert code == 0
    assert [row["text"] for row in csv.DictReader(io.StringIO(out))] == [
        f"Guten Morgen, {number}\nund Tag" for number in range(400)
    ]
    assert said.splitlines()[-1] == "400 texts."
    assert "400 texts, 100\N{NO-BREAK SPACE}% of the file" in said


def peak(work):
    """Bytes, the least of three times: other threads allocate too, and garbage is collected when it likes."""
    found = []
    for _ in range(3):
        gc.collect()
        tracemalloc.start()
        try:
            work()
            found.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    return min(found)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("command", ["forecast", "classify"])
def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch, command):
    """All but the networks, whose batches are no larger for a larger file."""
    made = Forecast(read("1 2 3").series[0], LEVELS, np.zeros((1, 9)))
    one = Classification("a", "b", ("b", "c"), np.array([0.9, 0.1]), np.empty((0, 2)), np.empty(0, int), 0.5)
    monkeypatch.setattr(command_line, "forecast_many", lambda model, series, *rest: [made] * len(series))
    monkeypatch.setattr(command_line, "classify_many", lambda model, texts: [one] * len(texts))
    monkeypatch.setattr(command_line, "_model", lambda *asked: None)

    def used(series):
        path = written(tmp_path, "table.csv", panel(series, length=20))
        return peak(lambda: main([command, str(path), "--out", str(tmp_path / "out.csv")]))

    used(20)
    small, large = used(40), used(200)
    assert (tmp_path / "table.csv").stat().st_size > 80_000
    assert large < 1.5 * small, f"{small:,} bytes for 40 series, {large:,} for 200"


def test_a_reader_that_has_enough_ends_it_quietly(tmp_path):
    path = written(tmp_path, "texts.txt", "Guten Morgen\n" * 10_000)
    command = [sys.executable, "-m", "rnn_model", "classify", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as running:
        assert running.stdout.readline().startswith(b"text,label")
        running.stdout.close()
        said = running.stderr.read().decode()
    assert running.returncode == 0
    assert said.splitlines() == []
