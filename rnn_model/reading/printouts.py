"""What programs print around numbers, taken off: Python, R, pandas, databases, Markdown, LaTeX, bullet lists.

Lines are blanked rather than removed, so that a later message still names the right line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rnn_model.errors import InputError, Problem
from rnn_model.reading.dates import matches, month_number
from rnn_model.reading.log import Log, count, quote
from rnn_model.reading.numerals import form_of, shapes_of
from rnn_model.reading.separator import is_value
from rnn_model.reading.table import Table, list_table

# A text may hold millions of characters, so no pattern for a whole text or line lets two repetitions meet: where both
# could take the same characters, failing would take a time that grows with their square.
_CALL = re.compile(
    r"(?:(?:const |let |var )?(?P<name>[A-Za-z_][\w.]*)\s*(?::[\w\[\]., ]{1,60})?(?:=|<-)\s*)?"
    r"(?P<callee>[A-Za-z_][\w.]*)?\s*(?P<body>[\[({].*[\])}])(?:\s*;)?",
    re.DOTALL,
)
_SCALAR = re.compile(
    r"\b(?:np\.|numpy\.|torch\.|decimal\.)?(?:u?int|float|Decimal|tensor)\d*\(['\"]?([^()'\"]*)['\"]?\)"
)
_DATE_CALL = re.compile(
    r"\b(?:datetime\.)?date(?:time)?\((\d{4}), ?(\d{1,2}), ?(\d{1,2})(?:, ?(\d{1,2}), ?(\d{1,2})(?:, ?(\d{1,2}))?)?\)"
)
_R_NAMED = re.compile(r"\s*[`\"']?(?P<name>[^=`\"']+?)[`\"']? ?= ?(?P<value>[^=]+)")
_R_FRAME = re.compile(r"(?:[\w.]+\s*(?:<-|=)\s*)?(?:structure\()?(?:list|data\.frame|tibble)\(\s*(?=[\w.`]+\s*=\s*c\()")
_R_FIELD = re.compile(r"[`]?([\w. ]+)[`]?\s*=\s*c\(([^()]*)\)")
_SQL_INSERT = re.compile(r"INSERT\s+INTO\b[^()]{0,200}(?:\([^()]*\)\s*)?VALUES\s*(?=\()", re.IGNORECASE)
_STAMP = re.compile(r"\b(?:pd\.)?(?:Timestamp|Period|np\.datetime64|datetime64)\(['\"]([^'\"]*)['\"][^()]*\)")
_ARGUMENT = re.compile(r"\b(?:dtype|device|grad_fn|requires_grad|size|name|index|shape)\s*=.*", re.DOTALL)
_ELLIPSIS = re.compile(r"(?:^|[\s,\[])(?:\.\.\.|…)(?:$|[\s,\]])")
_R_INDEX = re.compile(r"^\s*\[\d+\]\s")
_R_STRUCTURE = re.compile(r"(?:[\w.]+\s*(?:<-|=)\s*)?structure\(\s*c\((?P<values>.*?)\)\s*,(?P<rest>.*)", re.DOTALL)
_R_TSP = re.compile(r"tsp\s*=\s*c\(\s*([\d.]+)L?\s*,\s*[\d.]+L?\s*,\s*(\d+)L?\s*\)")
_R_LABELS = re.compile(r"\n*[ \t]+(?:Jan[ \t]+Feb|Q(?:tr)?1[ \t]+Q(?:tr)?2)")
_R_START = re.compile(r"^Start = (?:c\((\d+), (\d+)\)|(\d+))\s*$", re.MULTILINE)
_R_FREQUENCY = re.compile(r"^Frequency = (\d+)\s*$", re.MULTILINE)
_DOTS_ROW = re.compile(r"(?:\.\.\.|…)(?:\s+(?:\.\.\.|…))+|\d+\s+(?:\.\.\.|…)|\.\.\s+\.\.\.")
_PANDAS_END = re.compile(r"(?:Name: .*|Freq: .*|Length: \d+.*|dtype: .*)(?:, )?|\[\d+ rows x \d+ columns\]")
_RULE_SIGNS = frozenset(" \t|:+=─━┄┼├┤┌┐└┘│-")
_RULE = re.compile(r"[-=─━]{3}|:-|-:")
_BOX = frozenset("─━═╌┄│┆║┌┬┐├┼┤└┴┘╞╪╡╔╦╗╠╬╣╚╩╝╒╤╕╘╧╛╭╮╰╯ ")
_BARS = str.maketrans("│┆║", "|||")
_TYPES_IN_BARS = re.compile(
    r"(?:\|\s?(?:[iuf](?:8|16|32|64)|str|date|bool|datetime\[[^|]*|VARCHAR|varchar|double|int64)\s*)+\|"
)
_MATLAB_COLUMNS = re.compile(r"\s*Columns? \d+(?: (?:through|to|and) \d+)?\s*")
_TYPES_ROW = re.compile(r"\s*(?:<\w+>\s*)+")
_COMMENT = re.compile(r"\s*(?:#(?!N/A|NAME|REF|DIV|VALUE|NUM|NULL)|//|--\s)", re.IGNORECASE)
_LOG_TIME = re.compile(
    r"[\[(]?(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?)[\])]?[\s:,]+"
)
_BULLET = re.compile(r"\s*(?:[*•●▪◦‣·]|\d{1,4}\)|\(\d{1,4}\))\s+(?=\S)")
_DASH_BULLET = re.compile(r"\s*[-–]\s+(?=[\d(.,$€£¥+-])")
# "112, 118 and 132", in one line
_CONJUNCTION = re.compile(r"(?<=\d),?\s+(?:and|und|et|y|e|i|og|och|en|ja|&)\s+(?=[+-]?\d[\d.,]*\s*$)", re.IGNORECASE)
_PAIR = re.compile(r"\s*(?P<key>[^\t;|]*?[^\s:=\t;|])\s*(?::(?=\s)|=>|=|->)\s*(?P<value>\S.*)")


def unwrap(text: str, log: Log) -> str | Table:
    """The text without what a program printed around the numbers; a Table when the print-out says all by itself.

    Raises:
        InputError: the print-out was shortened with "...".
    """
    text = _CONJUNCTION.sub(", ", text) if "\n" not in text.strip() else text
    for step in (_r_frame, _r_structure, _r_calendar, _r_vector, _sql_insert, _call):
        found = step(text, log)
        if found is not None:
            return found
    lines = text.split("\n")
    for signs, change in _CHANGES:
        if any(sign in text for sign in signs):
            lines = change(lines, log)
    return "\n".join(lines)


def _shortened() -> InputError:
    fix = "Print all of them, or save them as CSV and upload the file."
    return InputError(Problem("“...” in the middle of a print-out", "all values", fix))


def _bare(body: str, log: Log) -> Table | None:
    """The values between brackets, as written in code: a list, or a table of nested lists."""
    body = iso_dates(_STAMP.sub(r"\1", _SCALAR.sub(r"\1", body)))
    if _ELLIPSIS.search(body):
        raise _shortened()
    if ";" in body and body.startswith("["):
        body = body.replace(";", "] [")  # rows of MATLAB
    inner = body.lstrip("[({ \t\n").rstrip("])} \t\n,")
    rows = [row for row in re.split(r"[\])}]\s*(?:,\s*)?[\[({]", inner) if row.strip()]
    if re.search(r"[\[\](){}]", "".join(rows)):
        return None
    cells = [[cell.strip().strip("'\"") for cell in _elements(row)] for row in rows]
    cells = [[re.sub(r"(?<=\d)L$", "", cell) for cell in row] for row in cells]
    flat = [cell for row in cells for cell in row]
    named = [_R_NAMED.fullmatch(cell) for cell in flat]
    if len(cells) == 1 and all(match and is_value(match["value"].strip("L ")) for match in named):
        pairs = [(match["name"].strip(), match["value"].strip("L ")) for match in named if match]
        return Table([[name for name, _ in pairs], [value for _, value in pairs]], ["", ""], exact=True)
    if not flat or sum(map(is_value, flat)) < 0.5 * len(flat):
        return None
    if len(cells) == 1 or {len(row) for row in cells} == {1}:
        return list_table(flat, exact=True)
    width = max(map(len, cells))
    columns = [[row[i] if i < len(row) else "" for row in cells] for i in range(width)]
    return Table(columns, [""] * width, exact=True)


def iso_dates(code: str) -> str:
    """Python code with "2024-01-31" for `datetime.date(2024, 1, 31)`."""

    def iso(match: re.Match[str]) -> str:
        year, month, day, *clock = (int(part or 0) for part in match.groups())
        return f"{year}-{month:02d}-{day:02d}{'T{:02d}:{:02d}:{:02d}'.format(*clock) if any(clock) else ''}"

    return _DATE_CALL.sub(iso, code) if "date" in code else code


def _elements(row: str) -> list[str]:
    if "," in row:
        return row.rstrip(", \n").split(",")
    return row.split()


def _call(text: str, log: Log) -> Table | None:
    """`[1, 2]`, `array([1., 2.])`, `tensor([...], dtype=...)`, `x = c(1, 2)`, `(1, 2, 3)`."""
    match = _CALL.fullmatch(text.strip())
    if match is None or form_of(text.strip()).kind == "number":
        return None
    body = match["body"]
    if body.startswith("(") and match["callee"] and 0 < body.find("[") < body.rfind("]"):
        body = body[body.index("[") : body.rindex("]") + 1]
    elif body.startswith("("):
        body = body[1:-1]
        body = f"({_ARGUMENT.sub('', body)})"
    table = _bare(body, log)
    if table is not None:
        log.note(f"{count(len(table), 'value')} inside {quote(match['callee'] or body[0] + body[-1])}.")
        if match["name"] and len(table.columns) == 1:
            table.names[0] = match["name"]
    return table


def _sql_insert(text: str, log: Log) -> Table | None:
    """`INSERT INTO sales VALUES ('2024-01-01', 5), ('2024-02-01', 6);`"""
    match = _SQL_INSERT.match(text.strip())
    if match is None:
        return None
    table = _bare(text.strip()[match.end() :].rstrip("; \n"), log)
    if table is not None:
        log.note(f"{count(len(table), 'row')} of an SQL statement.")
    return table


def _r_frame(text: str, log: Log) -> Table | None:
    """`data.frame(date = c("2024-01", "2024-02"), y = c(5, 6))`, or the same as R's dput writes it."""
    if not _R_FRAME.match(text.strip()):
        return None
    fields = _R_FIELD.findall(text.partition("class =")[0].partition("row.names")[0])
    columns = [
        [re.sub(r"(?<=\d)L$", "", cell.strip().strip("\"'")) for cell in cells.split(",")] for _, cells in fields
    ]
    if not columns or len({len(column) for column in columns}) > 1:
        return None
    log.note(f"{count(len(columns[0]), 'row')} of an R data frame.")
    return Table(columns, [name.strip() for name, _ in fields], exact=True)


def _alias(per_year: int) -> str | None:
    return {1: "YS-JAN", 4: "QS-OCT", 12: "MS", 2: "6MS", 52: None, 7: "D", 24: "h"}.get(per_year)


def _ts_table(cells: list[str], lines: Sequence[int], year: int, step: int, per_year: int) -> Table:
    """A list whose start and frequency the print-out states."""
    frequency = _alias(per_year)
    month = (step - 1) * (12 // per_year) + 1 if per_year in (1, 2, 4, 12) else 0
    start = f"{year:04d}-{month:02d}-01" if 1 <= month <= 12 and 1 <= year <= 9999 else None
    return list_table(cells, lines, exact=True, frequency=frequency, start=start)


def _r_structure(text: str, log: Log) -> Table | None:
    """`structure(c(112, 118), tsp = c(1949, 1960.917, 12), class = "ts")`, as R's dput writes."""
    match = _R_STRUCTURE.match(text.strip())
    if match is None:
        return None
    cells = [re.sub(r"L$", "", cell.strip()) for cell in match["values"].split(",")]
    if not all(map(is_value, cells)):
        return None
    log.note(f"{count(len(cells), 'value')} of an R structure.")
    tsp = _R_TSP.search(match["rest"])
    if tsp is None:
        return list_table(cells, exact=True)
    start, per_year = float(tsp[1]), int(tsp[2])
    return _ts_table(cells, (), int(start), round((start % 1) * per_year) + 1, per_year)


def _r_vector(text: str, log: Log) -> Table | None:
    """Lines that begin with an index in brackets: `[1] 112 118 132`."""
    if "[" not in text:
        return None
    numbered = [(number, line) for number, line in enumerate(text.split("\n"), 1) if _R_INDEX.match(line)]
    others = [line for line in text.split("\n") if line.strip() and not _R_INDEX.match(line)]
    if not numbered or len(others) > 6 or (others and not _R_FREQUENCY.search(text)):
        if others and len(others) <= 2 and numbered and all(re.match(r"\s*(Levels|>|\[ reached)", o) for o in others):
            log.note(f"{count(len(others), 'line')} of the R print-out left out ({quote(others[0])}).")
        elif not numbered or others:
            return None
    cells, lines = [], []
    for number, line in numbered:
        row = _R_INDEX.sub("", line).split()
        cells += [cell.strip('"') for cell in row]
        lines += [number] * len(row)
    if sum(map(is_value, cells)) < 0.5 * len(cells):
        return None
    log.note(f"{count(len(cells), 'value')} of an R print-out; the [indices] are left out.")
    start, frequency = _R_START.search(text), _R_FREQUENCY.search(text)
    if start and frequency:
        return _ts_table(cells, lines, int(start[1] or start[3]), int(start[2] or 1), int(frequency[1]))
    return list_table(cells, lines, exact=True)


def _r_calendar(text: str, log: Log) -> Table | None:
    """An R time series by year: a header of months or quarters, values right under the ends of its labels."""
    if not _R_LABELS.match(text):
        return None
    lines = text.expandtabs().split("\n")
    head = next((i for i, line in enumerate(lines) if line.strip()), 0)
    labels = list(re.finditer(r"\S+", lines[head]))
    words = [label.group() for label in labels]
    months = words == ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    quarters = words in (["Qtr1", "Qtr2", "Qtr3", "Qtr4"], ["Q1", "Q2", "Q3", "Q4"])
    if not (months or quarters) or not lines[head][:1].isspace():
        return None
    times, values, numbers = [], [], []
    for number, line in enumerate(lines[head + 1 :], head + 2):
        cells = list(re.finditer(r"\S+", line))
        if not cells:
            continue
        if not re.fullmatch(r"\d{4}", cells[0].group()):
            return None
        whole = len(cells) == len(labels) + 1  # a year without gaps tells its steps even where the columns have slipped
        for place, cell in enumerate(cells[1:]):
            ends = [abs(label.end() - cell.end()) for label in labels]
            step = place if whole else ends.index(min(ends))
            times.append(f"{cells[0].group()}-{step * (1 if months else 3) + 1:02d}")
            values.append(cell.group())
            numbers.append(number)
    if not values:
        return None
    log.note(f"{count(len(values), 'value')} of an R time series, row by row, {times[0]} to {times[-1]}.")
    return Table([times, values], ["time", ""], numbers, exact=True)


def _blanked(lines: list[str], test: Callable[[str], object], log: Log, what: str) -> list[str]:
    hits = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and test(line)]
    if not hits:
        return lines
    gone = {number for number, _ in hits}
    number, line = hits[0]
    log.note(f"{count(len(hits), 'line')} left out: {what} (line {number} {quote(line.strip())}).")
    return ["" if number in gone else line for number, line in enumerate(lines, 1)]


def _filled(lines: list[str]) -> list[str]:
    return [line for line in lines if line.strip()]


def _refuse_shortened(lines: list[str], log: Log) -> list[str]:
    """A row of dots stands for rows that were not printed."""
    if any(_DOTS_ROW.fullmatch(line.strip()) or re.fullmatch(r"\s+(?:\.\.\.|…)\s*", line) for line in lines):
        raise _shortened()
    return lines


def _without_comments(lines: list[str], log: Log) -> list[str]:
    filled = _filled(lines)
    if all(_COMMENT.match(line) for line in filled):
        return lines
    more = next((line for line in filled if re.match(r"#.*\d+ more rows", line)), None)
    if more:
        log.warn(f"The print-out was shortened ({quote(more.strip())}); print all rows, or upload a CSV file.")
    lines = _blanked(lines, _COMMENT.match, log, "comments")
    behind = dict.fromkeys(  # in the order of the text, each once
        line for line in lines if _before_comment(line) != line.strip() and is_value(_before_comment(line))
    )
    if not behind:
        return lines
    log.note(f"Comments behind values left out ({quote(next(iter(behind)).strip())}).")
    return [_before_comment(line) if line in behind else line for line in lines]


def _before_comment(line: str) -> str:
    return line.partition(" # ")[0].partition(" // ")[0].strip()


def _without_pandas_end(lines: list[str], log: Log) -> list[str]:
    if not any(_PANDAS_END.fullmatch(line.strip()) for line in _filled(lines)[-2:]):
        return lines
    return _blanked(lines, lambda line: _PANDAS_END.fullmatch(line.strip()), log, "the end of a pandas print-out")


def _without_types(lines: list[str], log: Log) -> list[str]:
    if not any(_TYPES_ROW.fullmatch(line) for line in _filled(lines)[:5]):
        return lines
    return _blanked(lines, _TYPES_ROW.fullmatch, log, "column types")


def _without_rules(lines: list[str], log: Log) -> list[str]:
    """Lines of dashes; three dashes alone are one of the signs for a missing value."""
    if len(_filled(lines)) < 3:
        return lines
    bars = any("|" in line or "+" in line for line in lines)
    return _blanked(lines, lambda line: _is_rule(line) and (bars or len(line.strip()) > 4), log, "rules")


def _is_rule(line: str) -> bool:
    return _RULE_SIGNS.issuperset(line) and _RULE.search(line) is not None


def _without_emphasis(lines: list[str], log: Log) -> list[str]:
    """`**5**`, `` `5` `` and fences of code, as Markdown has them."""
    lines = ["" if line.strip().startswith("```") else line for line in lines]
    changed = sum("**" in line or "`" in line for line in lines)
    if changed:
        log.note(f"Emphasis (** or `) taken off {count(changed, 'line')}.")
    return [line.replace("**", "").replace("`", "") for line in lines]


def _without_boxes(lines: list[str], log: Log) -> list[str]:
    """Tables drawn with lines, as polars and command-line tools print them."""
    lines = _blanked(lines, lambda line: _is_rule(line) or not set(line) - _BOX, log, "rules")
    lines = [line.translate(_BARS) for line in lines]
    return _blanked(lines, _TYPES_IN_BARS.fullmatch, log, "column types")


def _without_matlab(lines: list[str], log: Log) -> list[str]:
    return _blanked(lines, _MATLAB_COLUMNS.fullmatch, log, "numbers of columns")


def _without_leading_commas(lines: list[str], log: Log) -> list[str]:
    """ "112", ",118", ",132": the comma before each line but the first parts it from the line above."""
    filled = _filled(lines)
    if len(filled) > 2 and filled[0].strip()[0] != "," and all(re.match(r"\s*,[^,]*$", line) for line in filled[1:]):
        log.note("Commas that begin a line stand between values.")
        return [line.lstrip(" \t,") for line in lines]
    return lines


def _without_excel_hint(lines: list[str], log: Log) -> list[str]:
    """A first line "sep=;", which tells a spreadsheet how to split the file."""
    first = next(iter(_filled(lines)), "")
    if not re.fullmatch(r"\"?sep=.\"?", first.strip(" ")):
        return lines
    return _blanked(lines, lambda line: line is first, log, "a hint for spreadsheets")


def _without_latex(lines: list[str], log: Log) -> list[str]:
    filled = [line for line in _filled(lines) if "&" in line or not line.lstrip().startswith("\\")]
    rows = [line for line in filled if "&" in line and line.rstrip().endswith("\\\\")]
    if len(rows) < 0.5 * len(filled) or not rows:
        return lines
    log.note("Read as rows of a LaTeX table.")
    return [_latex_row(line) if "&" in line else "" for line in lines]


def _latex_row(line: str) -> str:
    row = re.sub(r"\\\\(?:\s*\\\w+)*$", "", line.rstrip()).replace("{,}", ",").replace("\\,", "\u00a0")
    return re.sub(r"\\([%$&#_])", r"\1", row.replace("&", "\t"))


def _without_bullets(lines: list[str], log: Log) -> list[str]:
    filled = _filled(lines)
    if len(filled) > 1 and all(_BULLET.match(line) for line in filled):
        log.note(f"{count(len(filled), 'bullet')} left out ({quote(filled[0].strip())}).")
        return [_BULLET.sub("", line, count=1) for line in lines]
    return lines


def _without_dashes(lines: list[str], log: Log) -> list[str]:
    """ "- 12" on every line is a list rather than negative numbers; the other reading is offered."""
    filled = _filled(lines)
    if len(filled) > 1 and all(_DASH_BULLET.match(line) for line in filled):
        if log.choice("bullets") == "minus":
            log.offer("the dashes are bullets", "bullets=bullet")
            log.note("The dashes are read as minus signs, as chosen.")
            return lines
        log.offer("the dashes are minus signs", "bullets=minus")
        log.note(
            f"{count(len(filled), 'dash', 'dashes')} before the values read as bullets ({quote(filled[0].strip())})."
        )
        return [_DASH_BULLET.sub("", line, count=1) for line in lines]
    return lines


def _pairs(lines: list[str], log: Log) -> list[str]:
    """`Jan: 12`, `2024-01 = 5`, `Sales: 12, 15, 18`: the sign after the label becomes a tab, or the label a name."""
    filled = _filled(lines)
    found = [_PAIR.fullmatch(line) for line in filled[:200]]
    pairs = [match for match in found if match]
    later = filled[200:]
    if len(pairs) < max(1, 0.8 * len(found)) or (later and not all(_PAIR.fullmatch(line) for line in filled)):
        return lines
    if len(filled) == 1:
        (pair,) = pairs
        values = [cell for cell in re.split(r"[,;\s]+", pair["value"]) if cell]
        if not all(map(is_value, values)) or _is_time(pair["key"]) or is_value(pair["key"]):
            return lines
        log.note(f"{quote(pair['key'])} is the name of the series.")
        return [line.replace(pair.group(), f"{pair['key']}\n{pair['value']}") for line in lines]
    labels = [match["key"] for match in pairs]
    if not all(is_value(match["value"].strip()) for match in pairs):
        return lines
    if sum(map(_is_time, labels)) < 0.8 * len(labels) and sum(map(is_value, labels)) > 0:
        return lines
    log.note(f"Labels before the values ({quote(pairs[0].group().strip())}) are set apart.")
    return [f"{_label(m['key'])}\t{m['value']}" if (m := _PAIR.fullmatch(line)) else line for line in lines]


def _label(key: str) -> str:
    """The time that begins the label of a line of a log, else the label."""
    match = _LOG_TIME.match(key)
    return match[1] if match else key


def _is_time(cell: str) -> bool:
    return bool(matches(shapes_of([cell])[0])) or month_number(cell) is not None


# Each change with the signs without which it has nothing to do, so that plain numbers are not searched line by line.
_CHANGES: tuple[tuple[tuple[str, ...], Callable[[list[str], Log], list[str]]], ...] = (
    (("..", "…"), _refuse_shortened),
    (("#", "//", "-- "), _without_comments),
    (("Name:", "Freq:", "Length:", "dtype:", " rows x "), _without_pandas_end),
    (("<",), _without_types),
    (("**", "`"), _without_emphasis),
    (("│", "┆", "║"), _without_boxes),
    (("Column",), _without_matlab),
    ((",",), _without_leading_commas),
    (("sep=",), _without_excel_hint),
    (("---", "===", "──", "━━", ":-", "-:"), _without_rules),
    (("\\\\",), _without_latex),
    (tuple("*•●▪◦‣·)"), _without_bullets),
    (("- ", "– "), _without_dashes),
    ((":", "=", ">"), _pairs),
)
