"""The table of variants: what is left out stays out, runs are kept, and the numbers are those of the comparison."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from training import ablation
from training.ablation import (
    HORIZONS,
    VARIANTS,
    is_left_out,
    left_out_sets,
    on_shapes,
    on_waves,
    relative,
    table,
    variant,
)
from training.real_series import RealSeries


def pool() -> tuple[RealSeries, ...]:
    rng = np.random.default_rng(0)
    return tuple(
        RealSeries(50 + rng.normal(size=90).cumsum(), season, f"package:{name}{finer}", f"{name} {number}")
        for name in range(16)
        for season, finer in ((12, ""), (4, "@Q"), (1, "@Y"))
        for number in range(2)
    )


def test_all_steps_of_a_source_are_on_the_same_side() -> None:
    sides = {}
    for series in pool():
        sides.setdefault(series.source.split("@")[0], set()).add(is_left_out(series))
    assert all(len(side) == 1 for side in sides.values())
    assert 1 <= sum(True in side for side in sides.values()) < len(sides)


def test_sets_hold_the_ends_of_what_was_left_out() -> None:
    sets = left_out_sets(pool())
    by_source = {(series.source, series.season): series for series in pool() if is_left_out(series)}
    assert {(one.source, one.season) for one in sets} == set(by_source)
    for one in sets:
        assert one.horizon == HORIZONS[one.season]
        ends = [series.values for series in pool() if series.source == one.source and series.season == one.season]
        joined = [np.concatenate(pair) for pair in zip(one.histories, one.futures, strict=True)]
        assert all(any(np.array_equal(window, end[: len(window)]) for end in ends) for window in joined)
        assert any(np.array_equal(window, ends[0]) for window in joined), "the very end is among them"


def test_a_variant_changes_what_it_names_and_nothing_else() -> None:
    usual, recipe = variant(VARIANTS["the recipe"], 3, 50)
    assert (recipe.seed, recipe.steps) == (3, 50)
    forecast, same = variant(VARIANTS["GRU"], 3, 50)
    assert same == recipe
    assert forecast.encoder is not None
    assert forecast.encoder.cell == forecast.decoder.cell == "gru"
    assert variant(VARIANTS["no encoder"], 3, 50)[0].encoder is None
    assert variant(VARIANTS["no logarithms"], 3, 50)[0].log_families == ()
    assert variant(VARIANTS["no noise"], 3, 50)[0] == usual


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_a_network_that_can_be_built(name: str) -> None:
    variant(VARIANTS[name], 0, 10)


def test_the_model_is_compared_with_seasonal_naive(model) -> None:
    found = relative(model, left_out_sets(pool()))
    assert 0.5 < found["mase"] < 1.1
    assert 0.4 < found["wql"] < 1.0


def test_waves_are_foretold_better_than_by_repeating_the_last_value(model) -> None:
    assert 0.2 < on_waves(model) < 0.8


def test_shapes_are_foretold_about_as_well_as_by_the_quantiles_of_the_history(model) -> None:
    assert 0.7 < on_shapes(model) < 1.5


def test_runs_are_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys) -> None:
    monkeypatch.setattr(ablation, "training_pool", pool)
    monkeypatch.setattr(ablation, "OUT", tmp_path)
    monkeypatch.setitem(VARIANTS, "the recipe", ({"hidden_size": 4, "layers": 1}, {}, {"batch": 8, "workers": 0}))
    command = ["the recipe", "--seeds", "2", "--steps", "2"]
    assert ablation.main(command) == 0
    said = capsys.readouterr().out
    assert json.loads((tmp_path / "the-recipe-1-2" / "scores.json").read_text())["parameters"] > 0

    monkeypatch.setattr(ablation, "run", lambda *_: pytest.fail("made again"))
    assert ablation.main(command) == 0
    assert capsys.readouterr().out == said


def test_the_table_tells_how_far_seeds_lie_apart() -> None:
    same = {"wql": 0.5, "waves": 0.4, "shapes": 1.1, "parameters": 1200, "cpu_seconds": 10.0}
    runs = [{"mase": mase, **same} for mase in (0.7, 0.72)]
    row = "| relu | 1,200 | 0.7100 (0.0200) | 0.5000 (0.0000) | 0.4000 (0.0000) | 1.1000 (0.0000) | 10 |"
    assert row in table({"relu": runs})
