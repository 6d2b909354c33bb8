"""XLSX workbook -> rows of cells."""

from __future__ import annotations

import datetime
import io
import warnings
import zipfile
from typing import Any

from rnn_model.errors import InputError, Problem
from rnn_model.reading.decode import KINDS, other_kind
from rnn_model.reading.limits import MAX_CELLS, MAX_UNPACKED_BYTES
from rnn_model.reading.log import Log, count, quote
from rnn_model.reading.table import Rows

_OTHER_ZIPS = (
    ("word/", "a Word file"),
    ("ppt/", "a PowerPoint file"),
    ("content.xml", "an OpenDocument file"),
    ("xl/workbook.bin", "a binary Excel file (.xlsb)"),
    ("Index/", "a Numbers or Pages file"),
)


def is_zip(data: bytes) -> bool:
    return data.startswith(b"PK\x03\x04")


def read_workbook(data: bytes, log: Log, numbers: bool = True) -> tuple[Rows, list[int]]:
    """Rows of the sheet that was chosen, else of the first sheet with numbers, and their row numbers.

    Formulas give the value that was saved with them.  Dates become ISO texts, percentages texts with "%".

    Args:
        numbers: sheets without a number are of no use.

    Raises:
        InputError: no workbook, a damaged one, one that unpacks to more than MAX_UNPACKED_BYTES.
    """
    _check_archive(data)
    from openpyxl import load_workbook  # 0.2 s, needed for workbooks only

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles it does not know
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = {sheet.title: _rows(sheet) for sheet in book.worksheets}
            book.close()
    except InputError:
        raise
    except Exception as error:  # openpyxl lets errors of every kind out of a damaged file
        fix = "Open it in a spreadsheet, save it again as .xlsx or CSV, and upload that."
        raise InputError(Problem("a workbook that cannot be read", "a whole .xlsx file", fix)) from error
    usable = [name for name, (rows, _) in sheets.items() if (any(map(_has_number, rows)) if numbers else rows)]
    if not usable:
        return [], []
    asked = log.choice("sheet") if len(usable) > 1 else None
    name = asked if asked is not None and asked in usable else usable[0]
    if len(sheets) > 1:
        log.note(f"Sheet {quote(name)} of {count(len(sheets), 'sheet')}.")
    for other in usable:
        if other != name:
            log.offer(f"read sheet {quote(other)}", f"sheet={other}")
    return sheets[name]


def _check_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError) as error:
        raise InputError(Problem("a damaged zip archive", f"a {KINDS} file", "Save it again.")) from error
    if "xl/workbook.xml" not in names:
        kind = next((kind for part, kind in _OTHER_ZIPS if any(n.startswith(part) for n in names)), "a zip archive")
        raise other_kind(kind)
    if size > MAX_UNPACKED_BYTES:
        found = f"a workbook that unpacks to {size / 1e6:,.0f} MB"
        fix = "Save the one sheet that is needed as CSV."
        raise InputError(Problem(found, f"at most {MAX_UNPACKED_BYTES // 10**6} MB", fix))


def _rows(sheet: Any) -> tuple[Rows, list[int]]:
    """Cells as text, without empty rows and without the empty columns on the left."""
    sheet.reset_dimensions()  # files may state a size that is not theirs
    rows, lines, cells = [], [], 0
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells += max(1, len(row))
        if cells > MAX_CELLS:
            fix = "Save the columns that are needed as CSV."
            raise InputError(Problem("a sheet with more cells", f"at most {MAX_CELLS:,} cells", fix))
        texts = [_text(cell) for cell in row]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            rows.append(texts)
            lines.append(number)
    left = min((next(i for i, text in enumerate(row) if text) for row in rows), default=0)
    width = max((len(row) for row in rows), default=0)
    return [row[left:] + [""] * (width - len(row)) for row in rows], lines


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        text = value.isoformat()
        return text.removesuffix("T00:00:00")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if "%" in str(cell.number_format or ""):
            return f"{round(value * 100, 10):.12g}%"
        return repr(value)
    return " ".join(str(value).replace("\0", "").split())


def _has_number(row: list[str]) -> bool:
    return any(any(c.isdigit() for c in text) for text in row)
