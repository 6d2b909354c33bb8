"""The benchmark sets are whole, consistent, and the closed ones stay apart."""

from __future__ import annotations

import numpy as np
import pytest

from rnn_model.errors import InputError
from rnn_model.records import Series
from training.benchmarks import CLOSED_COMPETITIONS, PUBLISHED, BenchmarkSet, cut_series, final_sets, open_sets


def small_set(**changes):
    fields = {
        "name": "small",
        "season": 1,
        "horizon": 2,
        "histories": (np.array([1.0, 2.0]),),
        "futures": (np.array([3.0, 4.0]),),
        "source": "made up here",
        "licence": "CC0-1.0",
    }
    return BenchmarkSet(**fields | changes)


def test_the_nine_sets_have_the_sizes_and_horizons_of_the_competitions():
    found = {one.name: (len(one), one.horizon, one.season) for one in final_sets()}
    assert found == {
        "m1_yearly": (181, 6, 1),
        "m1_quarterly": (203, 8, 4),
        "m1_monthly": (617, 18, 12),
        "m3_yearly": (645, 6, 1),
        "m3_quarterly": (756, 8, 4),
        "m3_monthly": (1428, 18, 12),
        "tourism_yearly": (518, 4, 1),
        "tourism_quarterly": (427, 8, 4),
        "tourism_monthly": (366, 24, 12),
    }


def test_published_rows_cover_the_nine_sets():
    names = {one.name for one in final_sets()}
    assert all(set(rows) == names for rows in PUBLISHED.values())


def test_open_sets_hold_no_closed_competition():
    assert open_sets()
    assert not [one.name for one in open_sets() if one.name.startswith(CLOSED_COMPETITIONS)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"season": 0}, "season and horizon >= 1"),
        ({"futures": ()}, "as many futures as histories"),
        ({"histories": (), "futures": ()}, "at least one"),
        ({"futures": (np.array([3.0]),)}, "series 0: .*future of shape"),
        ({"histories": (np.array([]),)}, "series 0: .*T >= 1"),
        ({"histories": (np.ones((2, 2)),)}, "series 0: .*history of shape"),
    ],
)
def test_a_set_that_does_not_fit_together_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        small_set(**changes)


def test_series_of_a_file_are_cut_by_season():
    monthly = Series(np.arange(48.0), name="a", season=12)
    plain = Series(np.arange(10.0), name="b")
    sets = cut_series("mine.csv", (monthly, plain))
    assert [(one.name, one.season, one.horizon) for one in sets] == [
        ("file_season_1", 1, 3),
        ("file_season_12", 12, 16),
    ]
    np.testing.assert_array_equal(np.concatenate([sets[1].histories[0], sets[1].futures[0]]), np.arange(48.0))


def test_season_and_horizon_of_a_file_can_be_given():
    (only,) = cut_series("mine.csv", (Series(np.arange(48.0), season=12), Series(np.arange(30.0))), season=7, horizon=5)
    assert (only.season, only.horizon, len(only)) == (7, 5, 2)
    np.testing.assert_array_equal(only.futures[1], np.arange(25.0, 30.0))


def test_every_series_too_short_to_be_cut_is_named():
    series = (
        Series(np.arange(3.0), name="first"),
        Series(np.arange(9.0), name="good"),
        Series(np.ones(2), name="last"),
    )
    with pytest.raises(InputError) as caught:
        cut_series("mine.csv", series, horizon=2)
    assert "first" in str(caught.value)
    assert "last" in str(caught.value)
    assert "good" not in str(caught.value)


def test_a_file_without_numbers_is_refused():
    with pytest.raises(InputError, match=r"no numbers in mine\.csv"):
        cut_series("mine.csv", ())
