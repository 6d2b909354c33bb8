"""How fast a forecaster is: measured on one thread, told in words."""

from __future__ import annotations

from pathlib import Path

import torch

from rnn_model import load
from training import speed

TINY = Path(__file__).parent / "checkpoints" / "forecast-tiny"


def test_it_measures_whole_forecasts_on_one_thread(monkeypatch) -> None:
    calls: list[tuple[int, int]] = []

    def watched(model, sequences, horizon, season):
        calls.append((len(sequences), torch.get_num_threads()))
        return forecast_many(model, sequences, horizon, season)

    forecast_many = speed.forecast_many
    monkeypatch.setattr(speed, "forecast_many", watched)
    before = torch.get_num_threads()
    found = speed.measured(load(TINY), many=40)
    assert calls == [(40, 1)]
    assert torch.get_num_threads() == before
    assert 0 < found.one_wall < 1
    assert 0 < found.many_cpu / 40 < found.one_cpu, "a batch costs less a series than one alone"


def test_the_series_differ_and_have_the_length_that_is_told() -> None:
    first, second = speed.invented(2)
    assert len(first) == len(second) == speed.LENGTH
    assert (first != second).all()


def test_words() -> None:
    said = speed.report(speed.Speed(0.004, 0.005, 2.0, 2.5, 4000))
    assert "4.0 ms of the processor, 5.0 ms by the clock" in said
    assert "2,000 a second of the processor, 1,600 by the clock" in said


def test_a_classifier_is_refused_in_words(capsys) -> None:
    assert speed.main([str(TINY.parent / "text-tiny")]) == 1
    assert "expected a model that forecasts" in capsys.readouterr().err
