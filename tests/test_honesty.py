"""The command that measures the calibration: what it counts, and that the closed sets stay closed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnn_model import explain
from rnn_model.records import Forecast, Series
from training import honesty
from training.benchmarks import BenchmarkSet


def narrow(model, histories, steps, season):
    """Forecasts whose 80 % band reaches one tenth each way."""
    offsets = np.linspace(-0.1, 0.1, 9)
    levels = np.arange(1, 10) / 10
    return [Forecast(Series(np.asarray(one)), levels, np.tile(offsets, (steps, 1))) for one in histories]


def test_bands_are_counted_before_and_after(monkeypatch):
    rng = np.random.default_rng(0)
    histories, futures = (tuple(rng.normal(size=(5, n))) for n in (30, 4))
    benchmark = BenchmarkSet("made", 1, 4, histories, futures, "made", "none")
    monkeypatch.setattr(honesty, "forecast_many", narrow)
    monkeypatch.setattr(honesty, "backtest", lambda model, history, steps, season: None)
    monkeypatch.setattr(honesty, "calibrate", lambda made, checked: replace(made, quantiles=made.quantiles * 3))
    row = honesty.measure_bands(None, benchmark)

    came = np.abs(np.concatenate(futures))
    assert row.raw == np.mean(came <= 0.1)
    assert row.calibrated == np.mean(came <= 0.3 + 1e-12)
    assert row.width == pytest.approx(3)
    assert row.changed == 1
    assert row.loss < 1


def test_the_calibration_helps_a_network_whose_bands_are_too_narrow(model, monkeypatch):
    """The whole way, with the shipped network's bands made half as wide: the planted fault is found and mended."""
    rng = np.random.default_rng(1)
    series = rng.normal(size=(12, 132))
    benchmark = BenchmarkSet("noise", 1, 12, tuple(series[:, :120]), tuple(series[:, 120:]), "made", "none")
    for name in ("widening", "widening_high_frequency"):
        monkeypatch.setattr(model.network, name, getattr(model.network, name) / 2)
    row = honesty.measure_bands(model, benchmark)

    assert row.raw < 0.65
    assert row.calibrated > row.raw + 0.1
    assert row.width > 1.3


def test_gradient_and_deletion_are_compared(model, monkeypatch):
    """The true gradient agrees well beyond chance; one of the wrong sign is found out."""
    rng = np.random.default_rng(2)
    series = tuple(rng.normal(size=(6, 40)).cumsum(1) + 50)
    benchmark = BenchmarkSet("walks", 1, 6, series, tuple(rng.normal(size=(6, 6))), "made", "none")
    row = honesty.measure_gradient(model, benchmark)
    assert row.pearson > 0.5
    assert row.series == 6
    monkeypatch.setattr(honesty, "explain", lambda *given: replace(made := explain(*given), gradient=-made.gradient))
    wrong = honesty.measure_gradient(model, benchmark)
    assert wrong.pearson == pytest.approx(-row.pearson)
    assert wrong.sign < 0.5 < row.sign


def test_no_more_series_are_looked_at_than_said(monkeypatch):
    monkeypatch.setattr(honesty, "_agreement", lambda model, history, benchmark: (1.0, 1.0, 1.0))
    series = tuple(np.ones((46, 12)))
    benchmark = BenchmarkSet("many", 1, 4, series, tuple(np.ones((46, 4))), "made", "none")
    looked_at = [honesty.measure_gradient(None, benchmark, most).series for most in (12, 40, 46, 60)]
    assert looked_at == [12, 40, 46, 46]


def test_closed_sets_are_not_opened():
    source = Path(honesty.__file__).read_text(encoding="utf-8")
    assert "final_sets" not in source
    assert "M3 and Tourism stay closed" in source


def test_the_table_has_a_line_a_set_and_their_means():
    rows = {"a": honesty.Bands(0.7, 0.78, 1.1, 1.01, 1.0), "b": honesty.Bands(0.9, 0.84, 0.9, 0.99, 0.5)}
    lines = honesty.bands_table(rows).splitlines()
    assert lines[1].split() == ["a", "0.700", "0.780", "1.100", "1.0100", "100", "%"]
    assert lines[3].split() == ["mean", "0.800", "0.810", "1.000", "1.0000"]
    assert lines[4].split()[-2:] == ["0.100", "0.030"]


def test_a_missing_folder_is_one_line(tmp_path, capsys):
    assert honesty.main([str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.startswith("error: ")
