"""Text -> table: rows are split, a header named, and lines that are no data set aside with a note."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from rnn_model.errors import InputError, Problem
from rnn_model.reading.dates import matches
from rnn_model.reading.limits import MAX_CELLS, MAX_COLUMNS
from rnn_model.reading.log import Log, count, examples, quote, refuse
from rnn_model.reading.marks import CURRENCIES, FOOTNOTE, HEXADECIMAL, MULTIPLIERS, TOTAL
from rnn_model.reading.numerals import form_of, shapes_of
from rnn_model.reading.separator import NAMES, choose_separator, is_number, is_value
from rnn_model.reading.table import Rows, Table, columns_of, list_table
from rnn_model.reading.wide import bare_time, even_times

DELIMITERS = {"tab": "\t", "semicolon": ";", "pipe": "|", "comma": ","}
_EDGE = 40  # rows looked at from each end for headers, preambles and footers


def lay_out(text: str, log: Log) -> Table:
    """The table in a clean text.

    Raises:
        InputError: rows of different widths, too many cells.
    """
    numbered = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line and not line.isspace()]
    if not numbered:
        return Table([], [])
    texts = [line for _, line in numbered]
    separator = choose_separator(texts, log)
    rows, lines = split_rows(numbered, separator)
    return arrange(rows, lines, log, separator)


def split_rows(numbered: Sequence[tuple[int, str]], separator: str) -> tuple[Rows, list[int]]:
    """Cells of every line, stripped, and the line each row starts on."""
    texts = [line for _, line in numbered]
    lines = [number for number, _ in numbered]
    delimiter = DELIMITERS.get(separator)
    if delimiter is None:
        pattern = {"comma-space": r",\s+|,$", "wide-space": r"\s{2,}|\t", "line": r"\n"}.get(separator)
        if separator == "line":
            quoted = any(mark in line for line in texts[:_EDGE] for mark in "\"'")
            return [[_unquote(line.strip()) if quoted else line.strip()] for line in texts], lines
        if pattern is None:
            # not at the no-break spaces that are left by now: they group thousands (see decode.clean)
            return [[cell for cell in re.split(r"[ \t]+", line) if cell] for line in texts], lines
        return [[cell.strip() for cell in re.split(pattern, line.strip())] for line in texts], lines
    if any('"' in line for line in texts):
        try:
            return _quoted_rows(texts, lines, delimiter)
        except csv.Error:
            pass  # a stray quotation mark: cells are taken as they stand
    if any("'" in line for line in texts):
        return [[_unquote(cell.strip()) for cell in line.split(delimiter)] for line in texts], lines
    return [[cell.strip() for cell in line.split(delimiter)] for line in texts], lines


def _quoted_rows(texts: list[str], lines: list[int], delimiter: str) -> tuple[Rows, list[int]]:
    rows, starts, read = [], [], 0
    reader = csv.reader((line + "\n" for line in texts), delimiter=delimiter, skipinitialspace=True)
    for row in reader:
        if row:
            rows.append([cell.strip() for cell in row])
            starts.append(lines[read])
        read = reader.line_num
    return rows, starts


def _unquote(cell: str) -> str:
    return cell[1:-1].strip() if len(cell) > 1 and cell[0] == cell[-1] and cell[0] in "\"'" else cell


def arrange(rows: Rows, lines: list[int], log: Log, separator: str) -> Table:
    """Rows of cells -> list or table with names.

    Raises:
        InputError: rows of different widths in a table; more than MAX_CELLS cells.
    """
    cells = sum(map(len, rows))
    if cells > MAX_CELLS:
        fix = "Leave out the columns that are not needed, or the oldest rows."
        raise InputError(Problem(count(cells, "cell"), f"at most {MAX_CELLS:,} cells", fix))
    rows, wrapped = _without_empty_ends(rows, separator)
    if separator == "pipe":
        rows = _without_outer_bars(rows)
    if separator in ("space", "comma"):
        rows = _join_times(rows, separator)
    if separator == "space":
        rows = _join_units(rows)
    flat = _as_list(rows, lines, log, separator, wrapped)
    return flat or _as_table(rows, lines, log, separator)


def _without_empty_ends(rows: Rows, separator: str) -> tuple[Rows, bool]:
    """A separator after the last value of a list, or of every row of a table, makes no cell.

    Returns:
        The rows; whether every line but the last ends with a separator, as a long list does that was wrapped.
    """
    if separator in ("space", "line", "wide-space"):
        return rows, False
    widths = Counter(map(len, rows))
    ends_empty = [bool(row) and len(row) > 1 and row[-1] == "" for row in rows]
    list_like = separator in ("comma", "comma-space", "semicolon")
    wrapped = list_like and len(rows) > 1 and all(ends_empty[:-1]) and not ends_empty[-1]
    if all(ends_empty) or (wrapped and len(widths) <= 3):
        return [row[:-1] if empty else row for row, empty in zip(rows, ends_empty, strict=True)], wrapped
    return rows, False


def _without_outer_bars(rows: Rows) -> Rows:
    barred = [row for row in rows if len(row) > 1]
    if all(row[0] == "" for row in barred):
        rows = [row[1:] if len(row) > 1 else row for row in rows]
    if all(row[-1] == "" for row in barred):
        rows = [row[:-1] if len(row) > 1 else row for row in rows]
    return rows


def _join_times(rows: Rows, separator: str) -> Rows:
    """Cells that only together are a time ("Jan" "2024", "2024-01-01" "12:00:00") become one again."""
    glue = " " if separator == "space" else ", "
    edge = [row for row in rows[: 2 * _EDGE] if len(row) > 1]
    for start in (0, 1):
        numbered = [row[0] for row in edge if len(row) > 2 and row[0].isdecimal()]
        if start and (len(numbered) < 3 or not all(len(a) < 7 and int(b) - int(a) == 1 for a, b in pairwise(numbered))):
            break  # a first cell may be left out only where it counts the rows
        for stop in (start + 4, start + 3, start + 2):
            together = [row for row in edge if len(row) > stop and _is_time(glue.join(row[start:stop]))]
            if len(together) > 0.5 * len(edge):
                width = Counter(map(len, together)).most_common(1)[0][0]
                return [_joined(row, start, stop, glue, width) for row in rows]
    return rows


def _joined(row: list[str], start: int, stop: int, glue: str, width: int) -> list[str]:
    """The row with these cells as one, if they are a time, or the names above such cells in a row of `width`."""
    time = glue.join(row[start:stop])
    names = len(row) == width and not any(c.isdigit() for cell in row for c in cell)
    return [*row[:start], time, *row[stop:]] if len(row) > stop and (names or _is_time(time)) else row


def _join_units(rows: Rows) -> Rows:
    """A sign after a number that blanks parted from it ("5 kg 6 kg", "1.2 p", "5 EUR") belongs to it again."""
    after = {(a, b) for row in rows[:_EDGE] for a, b in pairwise(shapes_of(row))}
    if not any(is_number(a) and not is_value(b) for a, b in after):
        return rows
    words = Counter(b for row in rows[:_EDGE] for a, b in pairwise(row) if is_number(a) and not is_value(b))
    known = {word for word in words if word in CURRENCIES or word in MULTIPLIERS or word in ("%", "‰")}
    flags = {word for word in words if FOOTNOTE.fullmatch(word)}
    common = {word for word, number in words.items() if number > 1 and len(words) == 1 and not _is_time(word)}
    signs = known | flags | common
    return [_with_signs(row, signs) for row in rows] if signs else rows


def _with_signs(row: list[str], signs: set[str]) -> list[str]:
    joined: list[str] = []
    for cell in row:
        if cell in signs and joined and is_number(joined[-1]):
            joined[-1] += f" {cell}"
        else:
            joined.append(cell)
    return joined


def _is_time(cell: str) -> bool:
    return bool(matches(shapes_of([cell])[0]))


def _as_list(rows: Rows, lines: list[int], log: Log, separator: str, wrapped: bool) -> Table | None:
    """A list of values: one row, or rows of unequal widths that hold nothing but values; None when it is a table."""
    if max(map(len, rows)) == 1:
        return None
    widths = {len(row) for row in rows}
    body = rows
    name = ""
    labels = next((i for i, cell in enumerate(rows[0]) if is_value(cell)), len(rows[0]))
    if len(rows) == 1:
        if 0 < labels < len(rows[0]) - 1 and all(map(is_value, rows[0][labels:])):
            name, _, value = " ".join(rows[0][:labels]).rstrip(":= ").rpartition(": ")
            body = [rows[0][labels:]]
            if is_value(value) and name:  # "Sales: 5" before "6", "7"
                body = [[value, *body[0]]]
            else:
                name = " ".join(rows[0][:labels]).rstrip(":= ")
    elif labels == len(rows[0]) and (labels == 1 or rows[0][-1] in ("=", ":")):
        name, body = " ".join(rows[0]).rstrip(":= "), rows[1:]
        widths = {len(row) for row in body}
    chosen = log.choice("rows")
    ragged = len(widths) > 1 or wrapped
    if not (len(body) == 1 or ragged or chosen == "flat") or (chosen == "columns" and len(body) > 1):
        return None
    cells = [cell for row in body for cell in row]
    values = sum(values_among(cells))
    if values < 0.8 * len(cells) or (len(body) > 1 and values < len(cells) and chosen != "flat"):
        return None
    if len(cells) > 3 and cells[-1] in ("...", "…"):
        log.note("The dots at the end are left out.")
        cells = cells[:-1]
    if len(cells) > 2 and len(cells) % 2 and set(cells[1::2]) == {"-"} and all(map(is_number, cells[::2])):
        log.note(f"The {count(len(cells) // 2, 'dash', 'dashes')} between the values only part them.")
        log.offer("dashes stand for missing values", "split=space")
        if log.choice("split") != "space":
            cells = cells[::2]
    row_lines = [line for row, line in zip(body, lines[len(rows) - len(body) :], strict=True) for _ in row]
    if len(body) > 1:
        how = "that end with a separator" if wrapped else "of different lengths"
        log.note(f"{count(len(body), 'line')} {how}, read one after the other as one series.")
        log.offer("read the columns as separate series", "rows=columns")
    else:
        log.note(f"{count(len(cells), 'value')} in one line, separated by {NAMES[separator]}.")
    table = list_table(cells, row_lines[: len(cells)])
    if name:
        log.note(f"{quote(name)} is the name of the series.")
        table.names[0] = name
    return table


def values_among(cells: Sequence[str]) -> list[bool]:
    """Which cells hold a number or a sign for a missing one."""
    shapes = shapes_of(cells)
    known = {shape: is_value(shape) for shape in set(shapes)}
    return [known[shape] for shape in shapes]


def _as_table(rows: Rows, lines: list[int], log: Log, separator: str) -> Table:
    width = _body_width(rows)
    if width > MAX_COLUMNS:
        fix = "Keep the columns that are needed, or let the times run down the rows."
        raise InputError(Problem(count(width, "column"), f"at most {MAX_COLUMNS:,} columns", fix))
    first = _first_body_row(rows, width)
    last = _last_body_row(rows, width, first)
    names, header_row = _header(rows, lines, first, width)
    skipped = [row for row in range(first) if row != header_row] + list(range(last + 1, len(rows)))
    if skipped:
        places = [(lines[row], " ".join(rows[row])) for row in skipped]
        log.note(f"{count(len(skipped), 'line')} before or after the table left out ({examples(places)}).")
    kept = list(range(first, last + 1))
    if header_row is not None:
        kept = [row for row in kept if rows[row] != rows[header_row]]
        if len(kept) < last + 1 - first:
            log.note(f"{count(last + 1 - first - len(kept), 'line')} left out: the header again.")
    body, body_lines = [rows[row] for row in kept], [lines[row] for row in kept]
    if header_row is not None and len(rows[header_row]) == width - 1:
        # print-outs leave out the name of the index, or give it a line of its own
        below = rows[header_row + 1] if header_row + 1 < first else []
        names = [below[0] if len(below) == 1 else "", *names]
    check_widths(body, body_lines, width, log)
    table = Table(columns_of(body, width), _filled(names, width), body_lines)
    if width > 1:
        shown = f" named {', '.join(quote(n, 24) for n in names[:6])}{', …' if len(names) > 6 else ''}" if names else ""
        log.note(f"{count(len(body), 'row')} of {width} columns{shown}, separated by {NAMES[separator]}.")
    else:
        log.note(f"{count(len(body), 'value')}, one a line{f', named {quote(names[0])}' if names else ''}.")
    return table


def _filled(names: Sequence[str], width: int) -> list[str]:
    return [*names, *[""] * (width - len(names))][:width]


def _body_width(rows: Rows) -> int:
    """The commonest width; among equals the larger."""
    widths = Counter(len(row) for row in rows)
    return max(widths, key=lambda width: (widths[width], width))


def _has_data(row: Sequence[str]) -> bool:
    """A cell of the row is a number, or every cell is missing."""
    forms = [form_of(cell) for cell in row]
    if any(f.kind == "number" and len(f.suffix) < 8 for f in forms) or any(map(HEXADECIMAL.fullmatch, row)):
        return not _is_header_of_times(row)
    return all(f.kind != "text" for f in forms)


def _is_header_of_times(row: Sequence[str]) -> bool:
    """A label, then years one after another: "Country", "2019", "2020", "2021"."""
    labels = next((i for i, cell in enumerate(row) if _is_time(bare_time(cell))), len(row))
    return (
        0 < labels <= len(row) - 3
        and not any(map(is_value, filter(None, row[:labels])))
        and even_times([bare_time(cell) for cell in row[labels:]])
    )


def _first_body_row(rows: Rows, width: int) -> int:
    return next((i for i, row in enumerate(rows[:_EDGE]) if len(row) == width and _has_data(row)), 0)


def _last_body_row(rows: Rows, width: int, first: int) -> int:
    last = len(rows) - 1
    for row in range(last, max(first - 1, last - _EDGE), -1):
        if len(rows[row]) == width and (_has_data(rows[row]) or any(map(_is_time, rows[row]))):
            # a label of the first column is the clock's to judge, which knows the times
            total = row > first and any(map(TOTAL.fullmatch, rows[row][1:]))
            if not (total and not any(map(_is_time, rows[row]))):
                return row
    return last


def _header(rows: Rows, lines: list[int], first: int, width: int) -> tuple[list[str], int | None]:
    """Names of the columns and the row they stand in: the topmost of the rows without numbers above the body.

    Rows above an empty line, and above the name of an index, are no names.
    """
    candidates: list[int] = []
    for row in range(first - 1, -1, -1):
        alone = row == first - 1 and len(rows[row]) == 1 and row > 0 and len(rows[row - 1]) == width - 1 > 1
        if _has_data(rows[row]) or not (alone or len(rows[row]) in (width, width - 1)):
            break
        if candidates and lines[candidates[0]] != lines[row] + 1:
            break
        if alone and not _has_data(rows[row - 1]):
            return [_unquote(cell) for cell in rows[row - 1]], row - 1
        candidates.insert(0, row)
    if not candidates or (width == 1 and len(rows[candidates[0]]) == 0):
        return [], None
    whole = [row for row in candidates if len(rows[row]) == width]
    row = candidates[-1] if width == 1 or not whole else whole[0]
    return [_unquote(cell) for cell in rows[row]], row


def check_widths(body: Rows, lines: list[int], width: int, log: Log) -> None:
    """Refuses rows of more than `width` cells, and warns of those with fewer."""
    longer = [i for i, row in enumerate(body) if len(row) > width]
    if longer:
        raise refuse(
            Problem(
                f"{count(len(body[i]), 'cell')}: {quote(' | '.join(body[i]))}",
                count(width, "cell"),
                "Check for a separator inside a value; put such values in double quotes.",
                lines[i],
            )
            for i in longer
        )
    shorter = [(line, " ".join(row)) for row, line in zip(body, lines, strict=True) if len(row) < width]
    if shorter:
        log.warn(
            f"{count(len(shorter), 'line')} with fewer than {width} cells; the cells that lack at the end are missing "
            f"({examples(shorter)})."
        )
