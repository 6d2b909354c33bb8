"""python docs/bench.py: the app as its visitors feel it, measured over HTTP on a server process of its own."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
from page_time import shares
from playwright.sync_api import sync_playwright

from rnn_model.report import percent  # found since page_time has put the repository on the path

ROOT = Path(__file__).resolve().parent.parent
PASSENGERS = json.loads((ROOT / "interface" / "examples.json").read_text(encoding="utf-8"))[0]["text"]
SENTENCE = "Le chat dort sur le canapé depuis ce matin"
REPEATS = 40  # of one visitor alone, for a median and a 95th percentile
WARM_UP, REQUESTS = 300, 1000  # before memory is first measured, and until it is measured again
VISITORS, LOOKING, SECONDS = 50, 10.0, 60.0  # at once; each looks at an answer this long on average; for how long
MOST_TIMES, MOST_GROWTH = 12, 0.05  # what is aimed at

Work = Callable[[httpx.AsyncClient], Awaitable[None]]


@dataclass(frozen=True)
class Event:
    """One handler of the page: its number, and the values of its inputs when the page has just been opened."""

    number: int
    values: list[Any]


def event(config: dict[str, Any], button: str, text: str) -> Event:
    """What pressing a button sends, with `text` in the first box that the handler reads.

    Args:
        config: what the server says of the page, from /config.
        button: its label.
    """
    parts = {part["id"]: part for part in config["components"]}
    pressed = next(key for key, part in parts.items() if part["type"] == "button" and part["props"]["value"] == button)
    handler = next(one for one in config["dependencies"] if [pressed, "click"] in [list(to) for to in one["targets"]])
    inputs = [parts[key] for key in handler["inputs"]]
    box = next(index for index, part in enumerate(inputs) if part["type"] == "textbox")
    values = [None if part["type"] == "state" else part["props"].get("value") for part in inputs]
    return Event(handler["id"], [*values[:box], text, *values[box + 1 :]])


def press(pressed: Event, session: str = "") -> Work:
    """Presses a button as the page does, in one session or each time in a new one; an error of the server is raised."""

    async def work(client: httpx.AsyncClient) -> None:
        visit = session or uuid4().hex
        asked = {"fn_index": pressed.number, "data": pressed.values, "session_hash": visit}
        (await client.post("/gradio_api/queue/join", json=asked)).raise_for_status()
        async with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": visit}) as answer:
            async for line in answer.aiter_lines():
                message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
                if message.get("msg") == "process_completed":
                    if not message["success"]:
                        raise RuntimeError(f"not answered: {message['output']}")
                    return
        raise RuntimeError("the connection ended before the answer")

    return work


def call(info: dict[str, Any], name: str, text: str) -> Work:
    """Calls an endpoint as a program does: the text first, all else as it is by default.

    Args:
        info: what the server says of its endpoints, from /gradio_api/info.
    """
    _, *others = info["named_endpoints"][f"/{name}"]["parameters"]
    values = [text, *(other["parameter_default"] for other in others)]

    async def work(client: httpx.AsyncClient) -> None:
        path = f"/gradio_api/call/{name}"
        asked = (await client.post(path, json={"data": values})).raise_for_status()
        answer = await client.get(f"{path}/{asked.json()['event_id']}")
        if "event: complete" not in answer.text:
            raise RuntimeError(f"not answered: {answer.text[:200]}")

    return work


def said(address: str, what: str) -> dict[str, Any]:
    """What the server says of itself."""
    found: dict[str, Any] = httpx.get(httpx.URL(address).join(what), timeout=60).raise_for_status().json()
    return found


async def alone(address: str, work: Work, repeats: int) -> np.ndarray:
    """(repeats,) seconds of one visitor who asks again and again, after one request to warm up."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        return np.array([await _seconds(client, work) for _ in range(repeats + 1)])[1:]


async def crowd(address: str, works: list[Work], looking: float, lasting: float) -> tuple[np.ndarray, int]:
    """Seconds of every request of several visitors at once, and how many were lost.

    Args:
        works: what each visitor does.
        looking: mean seconds between an answer and the visitor's next request (exponential); 0: all ask once, at the
            same instant.
        lasting: seconds after which nobody asks anew.
    """
    end = time.perf_counter() + lasting

    async def visitor(number: int, work: Work) -> list[float]:
        drawn, times = random.Random(number), []
        async with httpx.AsyncClient(base_url=address, timeout=300) as client:
            if not looking:
                return [await _seconds(client, work)]
            await asyncio.sleep(drawn.uniform(0, looking))
            while time.perf_counter() < end:
                times.append(await _seconds(client, work))
                await asyncio.sleep(drawn.expovariate(1 / looking))
        return times

    times = np.concatenate(await asyncio.gather(*(visitor(number, work) for number, work in enumerate(works))))
    return times[~np.isnan(times)], int(np.isnan(times).sum())


async def _seconds(client: httpx.AsyncClient, work: Work) -> float:
    """How long one request took; nan when it was lost."""
    began = time.perf_counter()
    try:
        await work(client)
    except (httpx.HTTPError, RuntimeError) as error:
        print(f"lost: {error!r}", file=sys.stderr)
        return float("nan")
    return time.perf_counter() - began


async def memory(address: str, process: int, works: list[Work], warm_up: int, requests: int) -> tuple[int, int]:
    """Resident bytes of the server after the warm-up and after so many requests more, two at a time, by turns."""

    async def asked(count: int) -> int:
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            for first in range(0, count, 2):
                turns = range(first, min(first + 2, count))
                await asyncio.gather(*(works[turn % len(works)](client) for turn in turns))
        shown = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=True)
        return 1024 * int(shown.stdout)

    return await asked(warm_up), await asked(requests)


def weight(address: str, browser: str | None) -> tuple[int, int, int]:
    """Requests of the first load in a real browser, their bytes as sent, and unpacked."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page()
        network = page.context.new_cdp_session(page)
        sent: list[float] = []
        unpacked: list[float] = []
        network.on("Network.loadingFinished", lambda loaded: sent.append(loaded["encodedDataLength"]))
        network.on("Network.dataReceived", lambda data: unpacked.append(data["dataLength"]))
        network.send("Network.enable")
        page.goto(address)
        page.locator(".verdict").wait_for()
        page.wait_for_timeout(2000)  # the page keeps one connection open for ever: it is never idle
        chromium.close()
    return len(sent), int(sum(sent)), int(sum(unpacked))


def started(port: int) -> tuple[subprocess.Popen[bytes], str, float]:
    """The server, its address, and the seconds from its start until it had answered its first forecast."""
    began, address = time.perf_counter(), f"http://127.0.0.1:{port}"
    command = [sys.executable, str(ROOT / "app.py"), "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    while True:
        if server.poll() is not None:
            raise RuntimeError("the server ended before it answered")
        try:
            info = said(address, "/gradio_api/info")
            break
        except httpx.HTTPError:
            time.sleep(0.05)

    async def first() -> None:
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            await call(info, "forecast", PASSENGERS)(client)

    asyncio.run(first())
    return server, address, time.perf_counter() - began


def row(name: str, measured: str) -> None:
    print(f"{name:58} {measured}", flush=True)


def milliseconds(times: np.ndarray) -> str:
    return f"median {1000 * np.median(times):6.0f} ms   p95 {1000 * np.quantile(times, 0.95):6.0f} ms"


def measure(address: str, process: int, browser: str | None) -> bool:
    """Prints the table of a running server; whether what is aimed at was reached."""
    requests, sent, unpacked = weight(address, browser)
    row("first load", f"{requests} requests, {sent / 1e6:.2f} MB as sent, {unpacked / 1e6:.2f} MB unpacked")
    config, info = said(address, "/config"), said(address, "/gradio_api/info")
    forecast, classify = event(config, "Forecast", PASSENGERS), event(config, "Classify", SENTENCE)
    works = {
        "Forecast pressed": press(forecast),
        "Classify pressed": press(classify),
        "endpoint /forecast": call(info, "forecast", PASSENGERS),
        "endpoint /backtest": call(info, "backtest", PASSENGERS),
        "endpoint /explain": call(info, "explain", PASSENGERS),
        "endpoint /classify": call(info, "classify", SENTENCE),
    }
    times = {name: asyncio.run(alone(address, work, REPEATS)) for name, work in works.items()}
    for name, measured in times.items():
        row(f"{name}, one visitor", milliseconds(measured))
    for name, share in shares().items():
        row(f"drawing, share of the processor time of {name}", percent(share))

    many = [press(forecast, uuid4().hex) for _ in range(VISITORS)]
    single = float(np.median(times["Forecast pressed"]))
    there = True
    crowds = {f"looking {LOOKING:g} s at each answer": LOOKING, "all pressing at the same instant": 0.0}
    for name, looking in crowds.items():
        measured, lost = asyncio.run(crowd(address, many, looking, SECONDS))
        ratio = float(np.quantile(measured, 0.95)) / single
        row(f"{VISITORS} visitors, {name}", f"{milliseconds(measured)}   {len(measured)} answered, {lost} lost")
        aim = f"; aimed at: at most {MOST_TIMES}, none lost" if looking else "; aimed at: none lost"
        row("", f"p95 is {ratio:.1f} times the median of one visitor{aim}")
        there = there and not lost and (ratio <= MOST_TIMES or not looking)
    for name, of in (("forecasts", forecast), ("classifications", classify)):
        visits = [press(of, uuid4().hex) for _ in range(VISITORS)]
        before, after = asyncio.run(memory(address, process, visits, WARM_UP, REQUESTS))
        growth = after / before - 1
        grown = f"{before / 2**20:.0f} -> {after / 2**20:.0f} MiB"
        aim = f"grown by {percent(growth, 1)}; aimed at: at most {percent(MOST_GROWTH)}"
        row(f"memory after {REQUESTS} {name}", f"{grown} ({aim})")
        there = there and growth <= MOST_GROWTH
    return there


def main() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server, address, seconds = started(port)
    try:
        row("start of python app.py to the first forecast answered", f"{seconds:.1f} s")
        return 0 if measure(address, server.pid, shutil.which("chromium")) else 1
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
