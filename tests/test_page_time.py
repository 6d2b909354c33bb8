"""The benches run and name what they measure; how long it takes is for their reader to judge."""

from __future__ import annotations

import asyncio
import os
import re

from own_thread import apart


def test_an_answer_is_timed_part_by_part(script, monkeypatch, capsys):
    bench = script("page_time")
    monkeypatch.setattr(bench, "REPEATS", 1)

    assert bench.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert {"a forecast", "the sections below", "a sentence classified"} <= set(lines)
    assert all("processor" in line for line in lines if line.startswith("  "))


def test_visitors_are_all_served_and_counted(script, monkeypatch, capsys, address):
    monkeypatch.setattr(script("page_time"), "REPEATS", 1)
    bench = script("bench")
    monkeypatch.setattr(bench, "weight", lambda *_: (1, 2, 3))  # a second browser beside that of the tests
    for name, few in {"REPEATS": 1, "VISITORS": 4, "LOOKING": 0.5, "SECONDS": 1, "WARM_UP": 4, "REQUESTS": 4}.items():
        monkeypatch.setattr(bench, name, few)

    assert apart(lambda: bench.measure(address, os.getpid(), None)) in (True, False)
    said = capsys.readouterr().out
    assert re.search(r"at the same instant .* 4 answered, 0 lost", said)
    assert "MiB" in said
    assert re.search(r"of a forecast +\d+\s%", said)


def test_a_lost_request_is_counted_not_timed(script, address, capsys):
    bench = script("bench")
    nowhere = bench.press(bench.Event(10**6, []))
    times, lost = apart(lambda: asyncio.run(bench.crowd(address, [nowhere] * 2, 0, 1)))
    assert (len(times), lost) == (0, 2)
    assert "lost" in capsys.readouterr().err
