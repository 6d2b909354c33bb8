"""python docs/recipes.py NAME=FOLDER ...: learning curve and verdict of trained checkpoints, as docs/recipe-NAME.svg

The two pictures in docs/ come from a table of texts that is not part of the repository:

    python -m training.fit classify --data FILE --recipe notebook --out runs/notebook
    python -m training.fit classify --data FILE --out runs/default
    python docs/recipes.py notebook=runs/notebook default=runs/default
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from rnn_model.plots import INK, size_of, svg  # noqa: E402 - the repository is not installed as a package
from rnn_model.plots_training import learning_curve_figure  # noqa: E402
from rnn_model.records import history_of  # noqa: E402

LETTERS = 100  # on a line
LINE = 17  # points
HEAD = 40


def main(argv: Sequence[str] | None = None) -> int:
    for one in sys.argv[1:] if argv is None else argv:
        name, _, folder = one.partition("=")
        record, history = (
            json.loads((Path(folder) / f"{file}.json").read_text(encoding="utf-8")) for file in ("training", "history")
        )
        (HERE / f"recipe-{name}.svg").write_text(drawn(record, history), encoding="utf-8")
    return 0


def drawn(record: Mapping[str, Any], history: Mapping[str, Any]) -> str:
    """The command, the learning curve, and what the doctor said, as a picture that stands alone.

    Args:
        record, history: what `training.json` and `history.json` hold.
    """
    figure = learning_curve_figure(history_of(history))
    width, height = size_of(figure)
    curve = svg(figure, "Training and validation over the steps").replace("<svg ", f'<svg x="0" y="{HEAD}" ', 1)
    curve = curve.replace('width="100%"', f'width="{width:g}" height="{height:g}"', 1)
    lines = list(_said(record))
    rows = [
        f'<text x="8" y="{HEAD + height + 22 + LINE * number:g}"{weight}>{escape(line)}</text>'
        for number, (line, weight) in enumerate(lines)
    ]
    whole = HEAD + height + 22 + LINE * len(lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width:g}" '
        f'height="{whole:g}" viewBox="0 0 {width:g} {whole:g}" color="{INK}" font-family="system-ui, sans-serif" '
        f'font-size="12.5" fill="{INK}"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="8" y="24" font-family="monospace" font-size="11.5">{escape(_command(record))}</text>{curve}'
        f"{''.join(rows)}</svg>\n"
    )


def _command(record: Mapping[str, Any]) -> str:
    """The command with the table's name alone, wherever it lay, and without the folder that was written."""
    words = record["command"].split()
    if "--out" in words:
        del words[words.index("--out") : words.index("--out") + 2]
    return " ".join(Path(word).name if word.endswith(".csv") else word for word in words)


def _said(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Lines of the diagnosis, and how heavy each is."""
    for found in record["diagnosis"]:
        yield found["name"][0].upper() + found["name"][1:], ' font-weight="650"'
        for line in textwrap.wrap(" ".join((found["verdict"], *found["evidence"])), LETTERS):
            yield line, ""


if __name__ == "__main__":
    sys.exit(main())
