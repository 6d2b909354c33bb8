"""Texts with labels: columns found, mistakes named with their place and a fix, whatever kind of file it is"""

from __future__ import annotations

import io
import json
from pathlib import Path

import openpyxl
import pytest
from reviews import ROWS, csv_of

from rnn_model.errors import InputError
from training.table.texts import read_text_table


def workbook_of(rows: list[tuple[str, ...]]) -> bytes:
    book, sink = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(sink)
    return sink.getvalue()


def test_the_same_content_is_read_alike_and_hashed_alike_from_every_kind_of_file() -> None:
    names = ("review", "verdict")
    files = {
        "a.csv": csv_of(ROWS),
        "semicolons.csv": "\r\n".join(";".join(row) for row in [names, *ROWS]).encode("utf-16"),
        "a.tsv": "\n".join("\t".join(row) for row in [names, *ROWS]).encode(),
        "a.xlsx": workbook_of([names, *ROWS]),
        "a.json": json.dumps([dict(zip(names, row, strict=True)) for row in ROWS]).encode(),
        "a.jsonl": "\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in ROWS).encode(),
    }
    tables = {name: read_text_table(content, filename=name) for name, content in files.items()}
    expected = tables["a.csv"]
    assert [
        (text, expected.classes[label]) for text, label in zip(expected.texts, expected.labels, strict=True)
    ] == ROWS
    assert expected.columns == names
    assert expected.classes == ("bad", "good")
    for name, table in tables.items():
        assert (name, table.texts, table.labels, table.sha256) == (
            name,
            expected.texts,
            expected.labels,
            expected.sha256,
        )
    changed = [(ROWS[0][0] + "!", ROWS[0][1]), *ROWS[1:]]
    assert read_text_table(csv_of(changed), filename="a.csv").sha256 != expected.sha256


def test_columns_are_found_among_identifiers_and_columns_that_never_change() -> None:
    rows = [(f"A-{n:05}", text, "shop", label, str(n * 7 % 5)) for n, (text, label) in enumerate(ROWS)]
    table = read_text_table(csv_of(rows, "order,body,source,sentiment,stars"), filename="a.csv", label_column="stars")
    assert table.columns == ("body", "stars")
    table = read_text_table(csv_of(rows, "order,what was said,source,label,stars"), filename="a.csv")
    assert table.columns == ("what was said", "label")
    said = " ".join(table.notes)
    assert "“order” is not taken: it holds another mark in every row" in said
    assert "“source” is not taken: it holds “shop” in 84 of 84 rows" in said


def test_a_file_without_names_has_its_columns_counted() -> None:
    table = read_text_table(csv_of(ROWS[1:], ",".join(ROWS[0])), filename="a.csv")
    assert len(table) == len(ROWS)
    assert table.columns == ("1", "2")
    assert table.lines[0] == 1
    assert read_text_table(csv_of(ROWS), filename="a.csv", text_column="1", label_column="2").columns[0] == "review"


def test_two_columns_that_could_be_labels_are_a_question() -> None:
    rows = [(text, label, "ab"[n % 2]) for n, (text, label) in enumerate(ROWS)]
    with pytest.raises(InputError, match=r"several columns.*“verdict”, “group”.*--label-column"):
        read_text_table(csv_of(rows, "review,verdict,group"), filename="a.csv")


NAMED = {"label_column": "verdict"}


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (csv_of(ROWS), {"label_column": "verdikt"}, r"one of the columns, found no column “verdikt”.*“verdict”"),
        (csv_of(ROWS), {"text_column": "review", "label_column": "review"}, r"two different columns"),
        (b"review\nfine\nbad\n", {}, r"2 rows of 1 column"),
        (b"", {}, r"0 rows"),
        (csv_of([*ROWS, ("one, two", "good", "x")]), {}, r"line 86: expected 2 cells, found 4 cells: “one, two,g"),
        (csv_of([*ROWS[:3], ('"never closed', "good"), *ROWS[3:]]), {}, r"line 5: .*Close the quotation mark"),
        (csv_of([(row[0], str(n / 7)) for n, row in enumerate(ROWS)]), NAMED, r"line 2, column 2: .*names of classes"),
        (csv_of([(row[0], f"w{n}") for n, row in enumerate(ROWS)]), NAMED, r"line 2, column 2: .*84 different labels"),
        (csv_of([row for row in ROWS if row[1] == "good"]), {}, r"labels \(“verdict”: it holds “good” in \d+ of \d+"),
        (csv_of([("the same", label) for _, label in ROWS], "text,label"), {}, r"texts \(“text”: it holds “the same”"),
        (csv_of([]), {}, r"labels, found 1 row of 2 columns"),
        (csv_of([(f"well, {text}", label) for text, label in ROWS]), {}, r"line 1: expected 3 cells.*“review,verdict”"),
        (csv_of([*ROWS[:42], ("a", "bad"), ("b", "bad")]), {}, r"at least two labels with 5 different.*“bad” 2"),
        (b"%PDF-1.4", {}, r"a PDF"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place_and_a_fix(
    content: bytes, options: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_text_table(content, filename="a.csv", **options)


def test_columns_named_as_usual_are_taken_when_they_look_useless_and_nothing_else_fits() -> None:
    rare = [(f"a text about {n} things", "bad" if n < 6 else "good") for n in range(400)]
    table = read_text_table(csv_of(rare, "text,label"), filename="a.csv")
    assert (len(table), table.classes) == (400, ("bad", "good"))
    marks = [(f"!?{n}", "ab"[n % 2]) for n in range(60)]
    assert read_text_table(csv_of(marks, "text,label"), filename="a.csv").columns == ("text", "label")
    languages = [(*row, "en" if n else "de") for n, row in enumerate(ROWS)]
    assert read_text_table(csv_of(languages, "review,verdict,language"), filename="a.csv").columns[1] == "verdict"


def test_a_separator_at_the_end_of_every_row_is_no_column() -> None:
    trailing = read_text_table(csv_of([(*row, "") for row in ROWS]), filename="a.csv")
    assert trailing.columns == ("review", "verdict")
    assert trailing.sha256 == read_text_table(csv_of(ROWS), filename="a.csv").sha256


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv"):
        read_text_table(tmp_path / "none.csv")


def test_missing_labels_rare_classes_and_spellings_are_told() -> None:
    rows = [*ROWS, ("nobody judged this", ""), ("nor that", "NaN"), ("", "good"), ("odd", "mixed"), ("fine", "GOOD")]
    table = read_text_table(csv_of(rows), filename="a.csv")
    said = " ".join(table.notes)
    assert table.unlabelled == 2
    assert "2 rows without a label left out (line 86, 87)" in said
    assert "1 row without a text left out" in said
    assert "1 class left out for want of 5 different texts: “mixed” 1" in said
    assert "“GOOD” counted as “good”" in said
    assert table.classes == ("bad", "good")
    assert len(table) == len(ROWS) + 1
    assert table.lines[-1] == 90


def test_a_title_above_the_table_of_a_sheet_is_no_row_of_it() -> None:
    rows = [("Reviews of last year", ""), ("", ""), ("text", "label"), *ROWS]
    table = read_text_table(workbook_of(rows), filename="a.xlsx")
    assert table.texts == tuple(text for text, _ in ROWS)
    assert (table.columns, table.lines[0]) == (("text", "label"), 4)
    assert "Row 1 of the sheet, “Reviews of last year”, is its title." in table.notes
