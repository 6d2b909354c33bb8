"""The bench runs and names every part of an answer; how long they take is for its reader to judge."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


def test_the_bench_names_every_part(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(__file__).resolve().parent.parent / "docs" / "page_time.py"
    spec = importlib.util.spec_from_file_location("page_time", path)
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    monkeypatch.setattr(bench, "REPEATS", 1)

    assert bench.main() in (0, 1)
    lines = capsys.readouterr().out.splitlines()
    assert {"the whole answer", "a sentence classified", "back-test"} <= {line[:26].strip() for line in lines}
    assert all("processor" in line for line in lines)
