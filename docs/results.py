"""python docs/results.py: writes the measured results from weights/forecast/scores.json into README.md."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
SCORES = ROOT / "weights" / "forecast" / "scores.json"
START = "<!-- results: written by `make readme` from weights/forecast/scores.json -->"
END = "<!-- end of results -->"


def results(scores: Mapping[str, Any]) -> str:
    """The section as Markdown: every method, relative to seasonal naive, over each group of benchmark sets."""
    groups = scores["aggregates"].values()
    methods = dict.fromkeys(method for group in groups for method in group["methods"])
    header = ["MASE / WQL", *(group["heading"] for group in groups)]
    lines = [_row(header), _row(["---", *("---:" for _ in groups)])]
    for method in methods:
        cells = [_cell(group["methods"].get(method)) for group in groups]
        lines.append(_row([f"**{_name(method)}**" if method == "model" else _name(method), *cells]))
    notes = [f"- {note}" for note in scores["notes"]]
    return "\n".join([*lines, "", *notes])


def between_marks(readme: str, section: str) -> str:
    """The README with the text between the two marks replaced."""
    before, _, rest = readme.partition(START)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"expected {START} and {END} in the README, found one or neither: put them back")
    return f"{before}{START}\n\n{section}\n\n{END}{after}"


def main() -> int:
    section = results(json.loads(SCORES.read_text(encoding="utf-8")))
    README.write_text(between_marks(README.read_text(encoding="utf-8"), section), encoding="utf-8")
    return 0


def _name(method: str) -> str:
    return {"model": "Unrolled", "seasonal_naive": "seasonal naive"}.get(method, method)


def _cell(row: Mapping[str, float] | None) -> str:
    return "" if row is None else f"{row['mase']:.3f} / {row['wql']:.3f}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
