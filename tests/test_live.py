"""A run followed from outside: its curves are handed on at sensible moments, its end at once"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from interface import live
from interface.live import PAUSE, SHARE, followed
from rnn_model.records import Epoch, History


def grown(steps: int) -> History:
    """A learning curve of so many validations."""
    return History(tuple(Epoch(step, 1.0, 1.0, 0.1, 1.0, 0.0, 1.0) for step in range(1, steps + 1)), 0)


def learning(steps: int, seconds: float, told: list[float]) -> Callable[[live.Watch], str]:
    """A run of so many validations, one after so many seconds; `told` receives when each was handed on."""

    def fit(watch: live.Watch) -> str:
        for step in range(1, steps + 1):
            watch(grown(step))
            told.append(time.monotonic())
            time.sleep(seconds)
        return "done"

    return fit


@pytest.mark.parametrize("drawing", [0.01, 0.2])
def test_a_curve_comes_when_the_one_before_it_was_worth_its_drawing(drawing: float) -> None:
    told: list[float] = []
    due = 0.0
    drawn: list[int] = []
    for curve, result in followed(learning(150, 0.02, told), threading.Event(), 600.0):
        if curve is None:
            assert result == "done"
            break
        began = time.monotonic()
        assert began >= due
        assert len(curve.epochs) >= sum(when < due for when in told), "the latest, not the oldest that waits"
        time.sleep(drawing)
        drawn.append(len(curve.epochs))
        spent = time.monotonic() - began
        due = began + spent + max(PAUSE, spent * (1 / SHARE - 1)) - 0.01
    else:
        raise AssertionError("no result came")
    assert drawn[0] < 40, "the first one at once"
    assert len(drawn) >= 2
    assert drawn == sorted(set(drawn))


def test_the_end_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PAUSE", 600.0)
    began = time.monotonic()
    made = [result or len(curve.epochs) for curve, result in followed(learning(3, 0.3, []), threading.Event(), 900.0)]
    assert made[-1] == "done"
    assert time.monotonic() - began < 300


def test_an_error_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PAUSE", 600.0)

    def fit(watch: live.Watch) -> str:
        watch(grown(1))
        time.sleep(0.3)
        watch(grown(2))
        raise ValueError("broke")

    began = time.monotonic()
    with pytest.raises(ValueError, match="broke"):
        list(followed(fit, threading.Event(), 900.0))
    assert time.monotonic() - began < 300
