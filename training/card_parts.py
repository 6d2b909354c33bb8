"""What the cards of all kinds of models share: where they stand, and how wide their lines are"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 120
PROJECT = "unrolled"  # the tag by which publish knows what it sent itself


@dataclass(frozen=True)
class Place:
    """Where a card will stand, and what stands beside it.

    Attributes:
        source: what a reader gives to `load` there.
        pictures: whether `CURVE` and `HELD_OUT` of `training/card_pictures.py` stand beside it.
    """

    source: str = "weights/forecast"
    pictures: bool = False


HERE = Place()


def warnings(record: Mapping[str, Any]) -> Iterator[str]:
    """A section of what the doctor found, if anything is wrong, as the record of a person's own training has it."""
    found: Sequence[Mapping[str, Any]] = [one for one in record.get("diagnosis", ()) if one["name"] != "healthy"]
    if found:
        lines = [f"- **{one['name']}**: {one['verdict']} {' '.join(one['evidence'])}" for one in found]
        yield "\n".join(("## Warnings of the training", "", *lines))


def with_interval(value: float | None, interval: Sequence[float] | None) -> str:
    """A score, and in brackets where it lies; a dash where it is not known."""
    if value is None:
        return "–"
    return f"{value:.3f}" + ("" if interval is None else f" ({interval[0]:.3f} to {interval[1]:.3f})")


def wrapped(section: str) -> str:
    """Paragraphs and list entries at most 120 wide; tables, code and metadata as they are."""
    if section.startswith("---"):
        return section
    lines, code = [], False
    for line in section.split("\n"):
        code ^= line.startswith("```")
        kept = code or line.startswith(("|", "```", "!", "- **Command**"))
        indent = "  " if line.startswith("- ") else ""
        lines += (
            [line]
            if kept or not line
            else textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        )
    return "\n".join(lines)
