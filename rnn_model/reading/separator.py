"""What stands between the values of a text: tabs, semicolons, pipes, commas, blanks or line ends.

The comma is the hard one, since it also marks decimals and thousands; the rules stand in `_comma_role`.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rnn_model.reading.dates import matches
from rnn_model.reading.log import Log, quote
from rnn_model.reading.numerals import form_of, shapes_of

NAMES = {
    "tab": "tabs",
    "semicolon": "semicolons",
    "pipe": "vertical bars",
    "comma": "commas",
    "comma-space": "commas followed by a blank",
    "space": "blanks",
    "wide-space": "two or more blanks",
    "line": "line ends",
    "cell": "the cells of the file",
}
_QUOTED = re.compile(r'"(?:[^"\n]|"")*"')
_LEADING_ZERO_GROUP = re.compile(r",0\d\d(?!\d)")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_SPACE_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?: \d{3})+(?:[.,]\d+)?")


def is_number(cell: str) -> bool:
    """The cell is a number under some decimal mark."""
    form = form_of(cell)
    return form.kind == "number" and (form.point or form.comma)


def is_value(cell: str) -> bool:
    """The cell is a number or one of the ways to write a missing one."""
    form = form_of(cell)
    return (form.kind == "number" and (form.point or form.comma)) or form.kind in ("missing", "error", "infinite")


@dataclass(frozen=True)
class Lines:
    """Lines of a text that are not blank, and the shapes they have."""

    texts: Sequence[str]

    def shapes(self) -> Counter[str]:
        """How many lines have each shape; what stands in double quotes is left out."""
        outside = [_QUOTED.sub('""', text) if '"' in text else text for text in self.texts]
        return Counter(shapes_of([text.strip(" ") for text in outside]))


def choose_separator(texts: Sequence[str], log: Log) -> str:
    """The separator of these lines, a key of NAMES; other readings that fit are offered.

    Args:
        texts: lines, none blank.
        log: asked for the choices "split" and "grouping".
    """
    chosen = log.choice("split")
    if chosen in NAMES:
        log.note(f"Split at {NAMES[chosen]}, as chosen.")
    shapes = Lines(texts).shapes()
    found = _found(texts, shapes, log)
    log.settle("split", chosen if chosen in NAMES else found)
    if chosen in NAMES:
        log.offer(f"split at {NAMES[found]}", f"split={found}")
        return chosen
    return found


def _found(texts: Sequence[str], shapes: Counter[str], log: Log) -> str:
    half = max(1.0, 0.5 * len(texts))

    def lines_with(mark: str) -> int:
        return sum(number for shape, number in shapes.items() if mark in shape)

    if lines_with("\t") >= half:
        mixed = _mixed_blanks(shapes)
        if mixed is None:
            return "tab"
        log.offer(*_TABS_ALONE if mixed else _TABS_AND_BLANKS)
        if not mixed:
            return "tab"
    if lines_with(";") >= half:
        return "semicolon"
    if lines_with("|") >= half:
        return "pipe"
    if lines_with(","):
        role = _comma_role(texts, shapes, log)
        if role != "mark" and (role != "comma" or lines_with(",") >= half):
            return role
    return _blank_role(texts, shapes, log)


_TABS_ALONE = ("tabs alone stand between values; blanks group thousands", "split=tab")
_TABS_AND_BLANKS = ("blanks stand between values like tabs", "split=space")


def _mixed_blanks(shapes: Counter[str]) -> bool | None:
    """Whether blanks stand between numbers as tabs do; None when no cell between tabs holds several numbers.

    "112 118" beside "132" is two values: were the blank a group mark, some first group would be shorter than three.
    """
    cells = [cell.strip(" ") for shape in shapes for cell in shape.split("\t")]
    parts = [re.split(" +", cell) for cell in cells if " " in cell]
    if not any(len(of_cell) > 1 and all(map(is_value, of_cell)) for of_cell in parts):
        return None
    if any(all(map(is_value, of_cell)) and not is_number(" ".join(of_cell)) for of_cell in parts):
        return True
    return len(shapes) == 1 and all(is_value(part) and len(part) > 2 for of_cell in parts for part in of_cell)


def _comma_role(texts: Sequence[str], shapes: Counter[str], log: Log) -> str:
    """Whether commas separate ("comma", "comma-space") or belong to numbers ("mark"; "space" if blanks separate)."""
    with_comma = {shape: number for shape, number in shapes.items() if "," in shape and any(c.isdigit() for c in shape)}
    if not with_comma:
        return "comma"
    total = sum(with_comma.values())
    times_first = sum(n for shape, n in with_comma.items() if matches(shape.split(",")[0].strip()).keys() - {"year"})
    if times_first > 0.5 * total:
        return "comma"
    if all(is_number(shape) and shape[-1] not in ",." for shape in with_comma):
        return _mark_or_comma(texts, shapes, log)
    spaced = [shape for shape in with_comma if re.search(r",\s", shape)]
    if not spaced and all(_comma_in_tokens(shape) for shape in with_comma):
        if _runs([text.split()[-1].split(",")[0] for text in texts if "," in text], least=3):
            log.offer("commas belong to the numbers", "split=space")
            return "comma"  # "Week 1,5", "Week 2,6", ...
        log.offer("commas stand between values", "split=comma")
        return "space"
    if spaced:
        pieces = [piece for shape in with_comma for piece in re.split(r",\s+", shape.rstrip(","))]
        bare = sum("," in piece for piece in pieces)
        if bare and all(map(is_value, pieces)) and (bare >= 0.6 * len(pieces) or _only_thousands(pieces)):
            log.offer("every comma stands between values", "split=comma")
            return "comma-space"
    return "comma"


def _only_thousands(pieces: list[str]) -> bool:
    """ "950", "1,200": commas come in groups of three, and what has no comma is below a thousand."""
    return all(_GROUPED.fullmatch(p) if "," in p else len(re.sub(r"\D", "", p.split(".")[0])) <= 3 for p in pieces)


def _comma_in_tokens(shape: str) -> bool:
    """Blanks separate, and every comma is inside a number: "1,5 2,7", "2024-01-01 1,5"."""
    tokens = shape.split()
    return len(tokens) > 1 and all(is_number(token) and token[-1] != "," for token in tokens if "," in token)


def _mark_or_comma(texts: Sequence[str], shapes: Counter[str], log: Log) -> str:
    """Each line as a whole can be one number with commas in it: "0,35", "1,234", "112,118,132"."""
    columns_offer = ("commas stand between values (two columns)", "split=comma")
    if len(texts) == 1:
        (line,) = texts
        body = line.strip()
        if _LEADING_ZERO_GROUP.search(body) or re.match(r"[+-]?0,\d", body) or ("." in body and body.count(",") == 1):
            log.offer("commas stand between values", "split=comma")
            return "mark"
        log.note(f"The commas in {quote(body)} stand between values; together they could also be one number.")
        log.offer(f"read {quote(body)} as one number", "split=line")
        return "comma"
    header = next((text for text in texts if not any(c.isdigit() for c in text)), "")
    if "," in header:
        return "comma"
    bodies = [text.strip() for text in texts if "," in text and any(c.isdigit() for c in text)]
    most = max(body.count(",") for body in bodies)
    if most == 1:
        if _runs([body.split(",")[0] for body in bodies]):
            log.note("The numbers before the commas count up, so the commas stand between two columns.")
            log.offer("commas belong to the numbers", "split=line")
            return "comma"
        if all(re.fullmatch(r"[+-]?9+,9+", shape.strip()) for shape in shapes if "," in shape):
            log.offer(*columns_offer)
        return "mark"
    varying = len({body.count(",") for body in bodies}) > 1 or len(bodies) < len(texts)
    short_first = any(len(re.split(r"\D", body.lstrip("+-$€£"))[0]) < 3 for body in bodies)
    if any(_LEADING_ZERO_GROUP.search(body) for body in bodies) or varying or short_first:
        log.note(f"Commas group thousands: {quote(bodies[0])} is read as one number.")
        log.offer("commas stand between values", "split=comma")
        return "mark"
    log.offer("commas group thousands: each line is one number", "split=line")
    return "comma"


def _runs(cells: Sequence[str], least: int = 4) -> bool:
    """Whole numbers counting up by one: an index of at least `least`, or years; or dates as evenly spaced numbers."""
    if not all(cell.isdecimal() and len(cell) < 14 for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    steps = {b - a for a, b in itertools.pairwise(numbers)}
    if len(numbers) > 2 and numbers[0] >= 15_000 and len(steps) == 1 and min(steps) > 0:
        return True
    years = numbers[0] >= 1500 and numbers[-1] <= 2200 and len(numbers) > 1
    if years and len(steps) == 1 and steps <= {1, 2, 4, 5, 10, 20, 25}:
        return True
    if steps != {1}:
        return False
    return years or (numbers[0] in (0, 1) and len(numbers) >= least)


def _blank_role(texts: Sequence[str], shapes: Counter[str], log: Log) -> str:
    # a no-break space that is left by now groups thousands (see decode.clean)
    blank = {shape: number for shape, number in shapes.items() if re.search(r"\S[ \t]+\S", shape)}
    if sum(blank.values()) < max(1.0, 0.5 * len(texts)) and not _groups_with_blanks(texts, shapes, log):
        return "line" if not blank or not _lists_of_numbers(blank) else "space"
    if _groups_with_blanks(texts, shapes, log):
        return "line"
    if all(is_number(shape) and not _SPACE_GROUPED.fullmatch(shape) for shape in blank):
        return "line"  # "12 kg", "95 kr", "12 %": the blank stands between a number and its unit
    if all(map(is_value, {token for shape in blank for token in shape.split()})):
        return "space"
    single = Counter(len(shape.split()) for shape in blank if any(c.isdigit() for c in shape))
    header = {len(shape.split()) for shape in blank if not any(c.isdigit() for c in shape)}
    if len(single) == 1 and header <= {width - step for width in single for step in (0, 1)}:
        return "space"
    widths = {len(re.split(r"\s{2,}|\t", shape)) for shape in blank}
    return "wide-space" if len(widths) == 1 and widths != {1} else "space"


def _lists_of_numbers(blank: dict[str, int]) -> bool:
    return all(map(is_value, {token for shape in blank for token in shape.split()}))


def _groups_with_blanks(texts: Sequence[str], shapes: Counter[str], log: Log) -> bool:
    """Lines such as "1 234,56", "950", "1 050": blanks group thousands rather than separate columns."""
    with_blank = {shape for shape in shapes if " " in shape.strip()}
    if not with_blank or not all(_SPACE_GROUPED.fullmatch(shape) for shape in with_blank) or len(texts) < 2:
        return False
    bodies = [text.strip() for text in texts if " " in text.strip()]
    decimals = all(re.search(r"[.,]\d+$", body) for body in bodies)
    zero_group = any(re.search(r" 0\d\d\b", body) for body in bodies)
    alone = any(is_number(shape) for shape in shapes if shape not in with_blank)
    varying = len({body.count(" ") for body in bodies}) > 1
    likely = (decimals or zero_group or alone or varying) and not _runs([body.split()[0] for body in bodies])
    chosen = log.choice("grouping")
    if likely or chosen == "space":
        log.offer("blanks stand between values", "grouping=none")
    else:
        log.offer(f"blanks group thousands: {quote(bodies[0])} is one number", "grouping=space")
    return chosen == "space" or (likely and chosen != "none")
