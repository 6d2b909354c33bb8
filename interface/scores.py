"""A table of scores as HTML: its first column names the rows, and it scrolls by itself where a page is narrow"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Measured:
    """A score.

    Attributes:
        value: None or nan where there is none.
        interval: where the true one lies with 95 % confidence, if that is known.
    """

    value: float | None
    interval: Sequence[float] | None = None


Cell = str | Measured


def score_table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]], kind: str = "scores") -> str:
    """A table under its caption.

    Args:
        caption: says what it holds, to a screen reader too.
        heads: of all columns, that of the rows' names among them; none for a table of names and what they stand for.
        rows: the cells of each, its name first.
        kind: the class by which it is styled.
    """
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    head = f"<thead><tr>{top}</tr></thead>" if heads else ""
    lines = "".join(
        f'<tr><th scope="row">{_html(first)}</th>{"".join(f"<td>{_html(cell)}</td>" for cell in cells)}</tr>'
        for first, *cells in rows
    )
    name = escape(caption)
    return (
        f'<p class="small-heading">{name}</p><div class="scroll" tabindex="0" role="region" aria-label="{name}">'
        f'<table class="{kind}">{head}<tbody>{lines}</tbody></table></div>'
    )


def _html(cell: Cell) -> str:
    if isinstance(cell, str):
        return escape(cell)
    if cell.value is None or math.isnan(cell.value):
        return "–"
    between = "" if cell.interval is None else " <span>({:.3f} to {:.3f})</span>".format(*cell.interval)
    return f"{cell.value:.3f}{between}"
