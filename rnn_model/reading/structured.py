"""JSON and HTML -> table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from rnn_model.errors import InputError, Problem
from rnn_model.reading.dates import matches
from rnn_model.reading.log import Log, count, quote
from rnn_model.reading.numerals import shapes_of
from rnn_model.reading.printouts import iso_dates
from rnn_model.reading.separator import is_number
from rnn_model.reading.table import Rows, Table, list_table

_MAX_DEPTH = 8  # how deep lists and objects are searched
# A pair of escaped surrogates is one character; a lone one is none, and no encoding can write it.
_SURROGATES = re.compile(r"(\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w)|\\u[dD][89a-fA-F]\w\w")


_MAPPING = ["key", ""]  # names of the columns of an object whose members are single values


class _Number(str):
    """A number of a JSON text, kept as it was written."""

    __slots__ = ()


def read_json(text: str, log: Log, required: bool, numbers: bool = True) -> Table | None:
    """The table in a JSON text, or in lines of JSON objects; None when the text is no JSON.

    Args:
        required: the input says that it is JSON.
        numbers: tables without a number are of no use.

    Raises:
        InputError: `required`, and the text is no JSON.
    """
    stripped = text.strip()
    if not required and stripped[:1] not in ("[", "{"):
        return None
    try:
        value = _parse(stripped)
    except RecursionError:
        raise InputError(
            Problem("lists nested too deeply", "a list of numbers or records", "Extract the list of values.")
        ) from None
    except ValueError as error:
        value = _parse_lines(stripped) or _parse_python(stripped)
        if value is None:
            if required:
                line = getattr(error, "lineno", None)
                fix = "Correct the file, or paste the numbers as a list."
                raise InputError(Problem(str(error)[:80], "valid JSON", fix, line)) from None
            return None
    found = {path: table for path, table in _tables(value, "", 0) if not numbers or _has_numbers(table)}
    if not found:
        return Table([], []) if required or stripped[:1] == "{" else None
    asked = log.choice("field") if len(found) > 1 else None
    # a mapping of single values is often an account of the data ("page": 1, "total": 3)
    selected = (
        asked if asked in found else max(found, key=lambda path: (found[path].names != _MAPPING, len(found[path])))
    )
    for path in found:
        if path != selected and len(found) <= 20:
            log.offer(f"read {quote(path)}", f"field={path}")
    table = found[selected]
    log.note(f"JSON: {count(len(table), 'row')}{f' in {quote(selected)}' if selected else ''}.")
    return table


def _parse(text: str) -> Any:
    text = _SURROGATES.sub(lambda match: match[1] or r"\ufffd", text)
    return json.loads(text, parse_float=_Number, parse_int=_Number, parse_constant=_Number)


def _parse_lines(text: str) -> list[Any] | None:
    lines = text.split("\n")
    if len(lines) < 2 or not all(line.strip()[:1] == "{" for line in lines[:5]):
        return None
    try:
        return [_parse(line) for line in lines if line.strip()]
    except (ValueError, RecursionError):
        return None


def _parse_python(text: str) -> Any:
    """A Python dict or list of dicts, with its quotes and words replaced by those of JSON."""
    text = re.sub(r"datetime\.date(?:time)?\([^()]*\)", lambda match: f"'{iso_dates(match[0])}'", text)
    if "'" not in text or '"' in text or len(text) > 1_000_000:
        return None
    text = re.sub(r"\bNone\b", "null", text.replace("'", '"'))
    text = re.sub(r"\b(?:np\.)?nan\b", "NaN", text)
    text = re.sub(r"\bTrue\b", "true", re.sub(r"\bFalse\b", "false", text))
    text = re.sub(r"\b(?:pd\.)?(?:Timestamp|Period)\((\"[^\"]*\")\)", r"\1", text)
    try:
        return _parse(re.sub(r",\s*([\]}])", r"\1", text))
    except (ValueError, RecursionError):
        return None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value if type(value) is _Number else value.strip().replace("\0", "")
    return json.dumps(value)[:100]


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | bool)


def _exact(cells: list[Any]) -> bool:
    """No cell is a number written as a string with marks that could be read two ways."""
    return not any(type(cell) is str and is_number(cell) and re.search("[.,]", cell) for cell in cells)


def _make(columns: list[list[Any]], names: list[str], flat: bool = False) -> Table:
    exact = all(_exact(column) for column in columns)
    cells = [[_cell(value) for value in column] for column in columns]
    return list_table(cells[0], exact=exact) if flat else Table(cells, names, exact=exact)


def _has_numbers(table: Table) -> bool:
    return any(is_number(cell) for column in table.columns for cell in column[:1000])


def _tables(value: Any, path: str, depth: int) -> Iterator[tuple[str, Table]]:
    """Every list of values, table of records or mapping found, with its path."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        yield from _from_list(value, path, depth)
    elif isinstance(value, dict):
        yield from _from_object(value, path, depth)
    elif isinstance(value, _Number):
        yield path, _make([[value]], [""], flat=True)


def _from_list(items: list[Any], path: str, depth: int) -> Iterator[tuple[str, Table]]:
    if not items:
        return
    if all(map(_is_scalar, items)):
        yield path, _make([items], [""], flat=True)
    elif all(isinstance(item, dict) or item is None for item in items):
        records = [_flattened(item or {}) for item in items]
        names = list(dict.fromkeys(name for record in records for name in record))
        for number, item in enumerate(items[:50]):
            for key, inner in (item or {}).items():
                if isinstance(inner, list):
                    yield from _tables(inner, f"{path}.{number}.{key}".strip("."), depth + 1)
        if len(names) * len(records) <= 1_000_000:
            yield path, _make([[record.get(name) for record in records] for name in names], names)
    elif all(isinstance(item, list) and all(map(_is_scalar, item)) for item in items):
        yield path, _from_rows(items)
    else:
        for number, item in enumerate(items[:50]):
            yield from _tables(item, f"{path}.{number}".strip("."), depth + 1)


def _from_rows(rows: list[list[Any]]) -> Table:
    width = max(map(len, rows))
    names = [""] * width
    header = (
        len(rows) > 1 and all(type(cell) is str and not is_number(cell) for cell in rows[0]) and len(rows[0]) == width
    )
    if header and any(type(cell) is _Number for row in rows[1:] for cell in row):
        names, rows = [_cell(cell) for cell in rows[0]], rows[1:]
    filled = [row + [None] * (width - len(row)) for row in rows]
    return _make([[row[i] for row in filled] for i in range(width)], names)


def _flattened(record: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            flat.update({f"{key}.{inner}": v for inner, v in value.items() if _is_scalar(v)})
        elif _is_scalar(value):
            flat[key] = value
    return flat


def _from_object(value: dict[str, Any], path: str, depth: int) -> Iterator[tuple[str, Table]]:
    items = value.items()
    lists = {k: v for k, v in items if isinstance(v, list) and v and all(map(_is_scalar, v))}
    data, columns, index = value.get("data"), value.get("columns"), value.get("index")
    if isinstance(data, list) and isinstance(columns, list) and data and isinstance(data[0], list):
        rows = data
        names = [_cell(name) for name in columns]
        if isinstance(index, list) and len(index) == len(rows):
            rows, names = [[i, *row] for i, row in zip(index, rows, strict=True)], ["", *names]
        if all(isinstance(row, list) and len(row) == len(names) and all(map(_is_scalar, row)) for row in rows):
            yield path, _make([list(column) for column in zip(*rows, strict=True)], names)
            return
    lengths: dict[int, list[str]] = {}
    for key, cells in lists.items():
        lengths.setdefault(len(cells), []).append(key)
    for length, keys in lengths.items():
        place = path if len(lengths) == 1 else f"{path}.{keys[0]}".strip(".")
        if len(keys) == 1:
            table = _make([lists[keys[0]]], [keys[0]])
            yield place, Table(table.columns, [keys[0]], exact=table.exact, flat=True)
        elif length:
            yield place, _make([lists[key] for key in keys], keys)
    mappings = {k: v for k, v in items if isinstance(v, dict) and v and all(map(_is_scalar, v.values()))}
    if mappings and len(mappings) == len(value):
        index_keys = list(dict.fromkeys(key for inner in mappings.values() for key in inner))
        if len(index_keys) * len(mappings) <= 1_000_000:
            if all(matches(shapes_of([key])[0]) for key in list(mappings)[:3]):  # a mapping for each time
                fields = [[inner.get(key) for inner in mappings.values()] for key in index_keys]
                yield path, _make([list(mappings), *fields], ["", *index_keys])
                return
            columns_ = [[inner.get(key) for key in index_keys] for inner in mappings.values()]
            yield path, _make([index_keys, *columns_], ["", *mappings])
        return
    scalars = {k: v for k, v in items if _is_scalar(v)}
    numbers = [v for v in scalars.values() if isinstance(v, _Number)]
    if len(scalars) == len(value) and numbers and len(numbers) >= 0.5 * len(scalars):
        yield path, _make([list(scalars), list(scalars.values())], _MAPPING)
        return
    for key, inner in items:
        if isinstance(inner, dict) or (isinstance(inner, list) and key not in lists):
            yield from _tables(inner, f"{path}.{key}".strip("."), depth + 1)


# Cells and rows; whatever else stands in angle brackets is decoration.  `html.parser` would take a time that grows with
# the square of a damaged text.
_CELLS = re.compile(r"<(/?)(td|th|tr|table)(?:\s[^<>]*)?>", re.IGNORECASE)
_TAG = re.compile(r"<[!/a-zA-Z][^<>]*>")


def read_html(text: str, log: Log) -> tuple[Rows, list[int]] | None:
    """Rows of cells of the tables in an HTML text, and the line each starts on; None when there is no table."""
    if not re.search(r"<t[rdh][\s>]", text[:200_000], re.IGNORECASE):
        return None
    rows: Rows = []
    lines: list[int] = []
    line, end, cell = 1, 0, -1  # line of the last row, where it was counted to, where the open cell's text begins
    for tag in _CELLS.finditer(text):
        if cell >= 0 and rows:
            rows[-1].append(" ".join(unescape(_TAG.sub(" ", text[cell : tag.start()])).split()))
        cell = tag.end() if not tag[1] and tag[2].lower() in ("td", "th") else -1
        if not tag[1] and tag[2].lower() == "tr":
            line += text.count("\n", end, tag.start())
            end = tag.start()
            rows.append([])
            lines.append(line)
    if cell >= 0 and rows:
        rows[-1].append(" ".join(unescape(_TAG.sub(" ", text[cell:])).split()))
    found = [(row, line) for row, line in zip(rows, lines, strict=True) if row]
    if not found:
        return None
    log.note(f"HTML table of {count(len(found), 'row')}.")
    return [row for row, _ in found], [line for _, line in found]
