"""`make bench` presses the buttons of the page, counts what is lost, and would see a server grow."""

from __future__ import annotations

import asyncio
import mmap
import os
from collections.abc import Callable
from types import ModuleType

import httpx
import numpy as np
import pytest
from own_thread import apart

SERIES = "5 6 5 6 5 6 5 6"


@pytest.fixture(scope="module")
def bench(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("bench")


@pytest.mark.parametrize(("button", "text"), [("Forecast", SERIES), ("Classify", "Guten Morgen")])
def test_a_button_is_pressed_with_the_text_in_the_box(bench: ModuleType, address: str, button: str, text: str) -> None:
    pressed = bench.event(bench.said(address, "/config"), button, text)
    assert text in pressed.values
    times = apart(lambda: asyncio.run(bench.alone(address, bench.press(pressed), 2)))
    assert times.shape == (2,)
    assert (times > 0).all()


def test_endpoints_are_called_and_an_error_is_a_loss(bench: ModuleType, address: str) -> None:
    info = bench.said(address, "/gradio_api/info")
    times = apart(lambda: asyncio.run(bench.alone(address, bench.call(info, "forecast", SERIES), 1)))
    assert np.isfinite(times).all()
    times = apart(lambda: asyncio.run(bench.alone(address, bench.call(info, "forecast", "12 kg, 13 lb"), 1)))
    assert np.isnan(times).all()


def test_a_crowd_is_counted(bench: ModuleType, address: str) -> None:
    good = bench.press(bench.event(bench.said(address, "/config"), "Forecast", SERIES))

    async def bad(client: httpx.AsyncClient) -> None:
        (await client.get("/nowhere")).raise_for_status()

    times, lost = apart(lambda: asyncio.run(bench.crowd(address, [good, bad, good], 0.0, 1.0)))
    assert (len(times), lost) == (2, 1)
    times, lost = apart(lambda: asyncio.run(bench.crowd(address, [good] * 3, 0.2, 2.0)))
    assert len(times) >= 3
    assert lost == 0


def test_memory_that_is_kept_is_seen(bench: ModuleType, address: str) -> None:
    kept = []

    async def work(client: httpx.AsyncClient) -> None:
        block = mmap.mmap(-1, 8_000_000)  # of the system itself: the C library may have freed memory in store
        block.write(bytes([1]) * len(block))
        kept.append(block)

    before, after = apart(lambda: asyncio.run(bench.memory(address, os.getpid(), [work], 2, 10)))
    assert 60e6 < after - before < 200e6
