"""Ends that a run is judged by: none of their steps is trained on, and no source fills a set."""

from __future__ import annotations

import numpy as np

from training.real_series import RealSeries
from training.tails import AHEAD, MOST, kept_back


def pool() -> tuple[RealSeries, ...]:
    lengths = (100, 23, 300)
    return tuple(
        RealSeries(np.arange(length) + 1000.0 * number, season, source, f"{source} {number}")
        for source, season in (("many@M", 12), ("many@Y", 1), ("odd", 9))
        for number, length in enumerate(lengths * 8)
    )


def test_what_is_kept_back_is_cut_off_and_nothing_else() -> None:
    shortened, sets = kept_back(pool())
    for whole, rest in zip(pool(), shortened, strict=True):
        horizon = AHEAD.get(whole.season)
        cut = horizon is not None and len(whole.values) >= 4 * horizon
        expected = whole.values[:-horizon] if cut else whole.values
        assert np.array_equal(rest.values, expected)
        assert (rest.season, rest.source, rest.name) == (whole.season, whole.source, whole.name)
    trained = {value for series in shortened for value in series.values if series.source == "many@M"}
    monthly = next(one for one in sets if one.season == 12)
    assert trained.isdisjoint(np.concatenate(monthly.futures).tolist())


def test_a_source_gives_a_few_ends_to_the_set_of_its_season() -> None:
    _, sets = kept_back(pool())
    assert [(one.season, one.horizon, len(one)) for one in sets] == [(1, 6, MOST), (12, 18, MOST)]
    for one in sets:
        for history, future in zip(one.histories, one.futures, strict=True):
            assert future[0] == history[-1] + 1, "the end follows its history"


def test_the_same_pool_gives_the_same_ends() -> None:
    one, other = kept_back(pool())[1], kept_back(pool())[1]
    assert all(np.array_equal(a, b) for a, b in zip(one[0].futures, other[0].futures, strict=True))


def test_an_end_without_a_number_is_not_taken() -> None:
    values = np.r_[np.arange(80.0), np.full(20, np.nan)]
    shortened, sets = kept_back([RealSeries(values, 12, "gone", "gone")])
    assert len(shortened[0].values) == 100
    assert sets == ()
