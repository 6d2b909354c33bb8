"""python docs/readme.py: writes into README.md what can be read off the repository, the results and the tree."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
SCORES = ROOT / "weights" / "forecast" / "scores.json"
LANGUAGES = ROOT / "weights" / "language" / "scores.json"

PLACES = {
    "app.py": "",
    "interface/": "the page, one module a tab",
    "rnn_model/": "a sequence in, a prediction out, and how the network got there",
    "training/": "trains, measures, exports; not needed to predict",
    "weights/": "one folder is one checkpoint, readable without this code",
    "tests/": "mirrors the packages; a real browser drives the page",
    "docs/": "how it works, a first walk, sources, research log, and what makes the pictures and this README",
    "CONTRIBUTING.md": "set up, test, the house, how to add to it",
}
# The modules that tell most of a package, in the order in which they are best read.
TELLING = {
    "interface/": ("forecast_tab.py", "classify_tab.py", "train/", "models_tab.py", "endpoints.py"),
    "rnn_model/": (
        "reading/", "encode.py", "smoothing.py", "filters.py", "network.py", "unroll.py", "gradient_flow.py",
        "forecaster.py", "classifier.py", "explain.py", "backtest.py", "calibration.py", "checkpoint.py", "records.py",
        "plots.py",
    ),
    "training/": (
        "fit.py", "table/", "synthetic.py", "real/", "text/", "loop.py", "diagnose.py", "memory_task.py",
        "evaluate.py", "publish.py",
    ),
}  # fmt: skip
UNMEASURED = (
    "These weights have not been measured yet; `python -m training.evaluate` does it."  # new ones have no scores
)
WIDTH = 110


def results(scores: Mapping[str, Any]) -> str:
    """Every method, relative to seasonal naive, over each group of benchmark sets, as Markdown."""
    groups = scores["aggregates"].values()
    methods = dict.fromkeys(method for group in groups for method in group["methods"])
    lines = [_row(["MASE / WQL", *(group["heading"] for group in groups)]), _row(["---", *("---:" for _ in groups)])]
    for method in methods:
        rows = [row["methods"][method] for row in scores["sets"].values() if method in row["methods"]]
        mark = " \\*" if any(row["source"] == "published" for row in rows) else ""
        name = {"model": "**Unrolled**"}.get(method, method.replace("_", " "))
        lines.append(_row([name + mark, *(_cell(group["methods"].get(method)) for group in groups)]))
    notes = [note.replace("*", "\\*") for note in scores["notes"]]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes)])


def identified(scores: Mapping[str, Any]) -> str:
    """Every language identifier on the same texts, in per cent, as Markdown."""
    kinds = [*scores["texts"], "mean"]
    heads = ["accuracy in %", *kinds, "languages", "on those: it / Unrolled", "texts a second", "MB"]
    lines = [_row(heads), _row(["---", *("---:" for _ in heads[1:])])]
    for method, row in scores["methods"].items():
        name = {"model": "**Unrolled**"}.get(method, method)
        both = ""
        if "model_on_its_languages" in row:
            one, other = row["accuracy_on_its_own_languages"]["mean"], row["model_on_its_languages"]["mean"]
            both = f"{100 * one:.1f} / {100 * other:.1f}"
        accuracies = [f"{100 * row['accuracy'][kind]:.1f}" for kind in kinds]
        rest = [str(row["languages"]), both, f"{row['texts_per_second']:,.0f}", f"{row['bytes'] / 1e6:.1f}"]
        lines.append(_row([name, *accuracies, *rest]))
    for method, row in scores["published"].items():
        lines.append(_row([f"{method} \\*", *(f"{100 * row[kind]:.1f}" for kind in kinds), "75", "", "", ""]))
    errors = scores["methods"]["model"]["calibration_error"]
    said = ", ".join(f"{kind} {value:.3f}" for kind, value in errors.items())
    return "\n".join([*lines, "", f"- Expected calibration error: {said}.", f"- \\* {scores['published_source']}."])


def tree() -> str:
    """The places of the house and, of the packages, the telling modules with the first sentence of their docstrings."""
    lines = []
    for place, purpose in PLACES.items():
        lines.append((place, purpose or _first_sentence(ROOT / place)))
        if place in TELLING:
            modules = dict(_modules(ROOT / place))
            lines += [(f"  {name}", modules.pop(name)) for name in TELLING[place]]
            lines.append(("  …", f"and {len(modules)} more, each with a first line that says what it is"))
    column = max(len(name) for name, _ in lines) + 2
    return "\n".join(
        ["```", *(f"{name:{column}}{_fitted(said, WIDTH - column)}".rstrip() for name, said in lines), "```"]
    )


def written(readme: str) -> str:
    """The README with both sections brought up to date."""
    readme = _between(readme, "results", _measured(SCORES, results))
    readme = _between(readme, "languages", _measured(LANGUAGES, identified))
    return _between(readme, "tree", tree())


def _measured(scores: Path, table: Callable[[Mapping[str, Any]], str]) -> str:
    return table(json.loads(scores.read_text(encoding="utf-8"))) if scores.exists() else UNMEASURED


def main() -> int:
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def _modules(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.iterdir()):
        if path.suffix == ".py" and path.name != "__init__.py":
            yield path.name, _first_sentence(path)
        elif (path / "__init__.py").exists():
            yield f"{path.name}/", _first_sentence(path / "__init__.py")


def _first_sentence(path: Path) -> str:
    text = " ".join((ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0].split())
    return text.split(". ")[0].rstrip(".:")


def _fitted(text: str, width: int) -> str:
    """The text, or what of it fits, up to the last mark that ends a part of the sentence."""
    if len(text) <= width:
        return text
    ends = [mark.start() for mark in re.finditer(r"[,;:](?= )", text[: width + 1])]
    return text[: ends[-1]] if ends else f"{text[: width - 1].rsplit(' ', 1)[0]} …"


def _between(readme: str, name: str, section: str) -> str:
    """The text with what stands between the two marks called `name` replaced."""
    start, end = f"<!-- {name}: written by `make readme` -->", f"<!-- end of {name} -->"
    before, found, rest = readme.partition(start)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"expected {start} … {end} in README.md, found {'only the first' if found else 'neither'}")
    return f"{before}{start}\n\n{section}\n\n{end}{after}"


def _cell(row: Mapping[str, float] | None) -> str:
    return "" if row is None else f"{row['mase']:.3f} / {row['wql']:.3f}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
