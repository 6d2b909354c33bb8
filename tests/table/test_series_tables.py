"""Series of a file: two tails held out of each, and those left out that are too short or never change"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnn_model.errors import InputError
from training.table.series import read_series_table


def test_series_have_two_tails_held_out_and_the_short_ones_are_left_out(tmp_path: Path) -> None:
    months = np.arange("2015-01", "2020-01", dtype="datetime64[M]")
    lines = ["month,shop a,shop b"] + [f"{month},{100 + n},{200 - n}" for n, month in enumerate(months)]
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(lines))
    table = read_series_table(path)
    assert table.horizon == 12
    (valid,), (test,) = table.valid, table.test
    assert (valid.season, valid.horizon, len(valid)) == (12, 12, 2)
    assert [len(one) for one in table.train] == [36, 36]
    np.testing.assert_array_equal(test.futures[0], 100 + np.arange(48, 60))
    np.testing.assert_array_equal(valid.futures[0], 100 + np.arange(36, 48))
    assert len(valid.histories[0]) == len(table.train[0]) == 36
    assert table.train[0].times[-1] == np.datetime64("2017-12-01")
    assert read_series_table(path, horizon=3).valid[0].histories[0].shape == (54,)
    path.write_text("\n".join([*lines, ""]).replace(",100,", ", 100 ,"))
    assert read_series_table(path).sha256 == table.sha256
    still = [lines[0] + ",shop c,shop d", *(f"{line},5,{n if n > 55 else ''}" for n, line in enumerate(lines[1:]))]
    path.write_text("\n".join(still))
    table = read_series_table(path)
    assert [one.name for one in table.series] == ["shop a", "shop b"]
    assert table.notes[-2:] == (
        "Left out: 1 series too short for that (“shop d”).",
        "Left out: 1 series without any change (“shop c”).",
    )
    path.write_text("value\n" + "5\n" * 60)
    with pytest.raises(InputError, match=r"a series that changes, found 1 series without any change \(“value”\)"):
        read_series_table(path)
    path.write_text("\n".join([line.rsplit(",", 1)[0] + ("," if n < 30 else ",7") for n, line in enumerate(lines)]))
    with pytest.raises(InputError, match=r"at least 75 of which two tails of 25 steps are held out"):
        read_series_table(path, horizon=25)


def test_the_season_is_not_looked_for_in_the_tails() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=24)
    tails = [10 * np.sin(2 * np.pi * np.arange(48) / 5), rng.normal(size=48)]
    seen = [read_series_table(_file(np.concatenate((noise, tail))), horizon=24, filename="a.csv") for tail in tails]
    assert [table.series[0].season for table in seen] == [1, 1]

    # of a series shorter than most, the usual tails are more than two fifths
    short = np.resize([1.0, 5.0, 2.0, 8.0, 3.0, 9.0], 20)
    table = read_series_table(_file(*rng.normal(size=(3, 60)), short), filename="a.csv")
    assert (table.horizon, len(table.train[3])) == (6, 8)
    assert table.series[3].season == 1, "8 values hardly repeat themselves, 12 do"


def test_blank_rows_to_come_are_no_tail() -> None:
    months = np.arange("2018-01", "2024-01", dtype="datetime64[M]")
    rows = [f"{month},{n if n < 60 else ''}" for n, month in enumerate(months)]
    table = read_series_table("\n".join(["month,y", *rows]).encode(), filename="a.csv")
    np.testing.assert_array_equal(table.test[0].futures[0], np.arange(48.0, 60.0))
    assert table.series[0].times[-1] == np.datetime64("2022-12-01")


def test_what_is_too_short_is_told_by_its_known_values_and_what_can_be_done() -> None:
    few = np.full(300, np.nan)
    few[[0, 4, 9, 200, 299]] = np.arange(5.0)
    with pytest.raises(InputError, match=r"found 5 known values .* Give longer series or a smaller --horizon\.$"):
        read_series_table(_file(few), horizon=9, filename="a.csv")
    with pytest.raises(InputError, match=r"found 5 known values .* Give longer series\.$"):
        read_series_table(_file(np.arange(5.0)), filename="a.csv")


def _file(*series: np.ndarray) -> bytes:
    rows = [f"shop {shop},{step},{v:.4f}" for shop, values in enumerate(series) for step, v in enumerate(values)]
    return "\n".join(["unique_id,ds,y", *rows]).encode()
