"""The endpoints over MCP: the app in a process of its own, its tools called by the client of the protocol's authors."""

from __future__ import annotations

import ast
import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from own_thread import apart

from rnn_model import classify, forecast

ROOT = Path(__file__).resolve().parent.parent
PASSENGERS = "112 118 132 129 121 135 148 148 136 119 104 118 115 126 141 135 125 149 170 170 158 133 114 140"
TOOLS = {f"{name}{kind}" for name in ("forecast", "backtest", "explain", "classify") for kind in ("", "_file")}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Where `python app.py --mcp` says that it offers the tools."""
    command = [sys.executable, "-u", "app.py", "--mcp", "--host", "127.0.0.1"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    printed = []
    for line in process.stdout:
        printed.append(line)
        if line.startswith("Unrolled is at"):
            break
    (told,) = [line for line in printed if "/mcp" in line] or [""]
    yield told[told.find("http") :].strip()
    process.terminate()
    process.wait(timeout=30)
    process.stdout.close()


def asked(server: str, what: Callable[[ClientSession], Awaitable[Any]]) -> Any:
    """What a client of its own gets from the server."""

    async def visit() -> Any:
        async with streamable_http_client(server) as (reading, writing, _), ClientSession(reading, writing) as session:
            await session.initialize()
            return await what(session)

    return apart(lambda: asyncio.run(visit()))


def test_every_endpoint_is_a_tool_of_its_name_that_says_what_it_does(server: str) -> None:
    tools = {tool.name: tool for tool in asked(server, lambda session: session.list_tools()).tools}

    assert set(tools) == TOOLS
    assert tools["forecast"].description.startswith("Forecasts a sequence of numbers")
    given = tools["forecast"].inputSchema
    assert given["required"] == ["text"]
    assert given["properties"]["horizon"]["default"] == 12
    assert "0 to have it found" in given["properties"]["season"]["description"]


def test_a_tool_answers_as_the_engine_does(server: str, model: Any, classifier: Any) -> None:
    answer = asked(server, lambda session: session.call_tool("forecast", {"text": PASSENGERS, "horizon": 6}))
    assert not answer.isError
    given = ast.literal_eval(answer.content[0].text)  # Gradio writes answers as Python does, not as JSON
    np.testing.assert_allclose(given["quantiles"], forecast(model, PASSENGERS, horizon=6).quantiles)

    answer = asked(server, lambda session: session.call_tool("classify", {"text": "Guten Morgen"}))
    assert not answer.isError
    assert ast.literal_eval(answer.content[0].text)["label"] == classify(classifier, "Guten Morgen").label == "de"


def test_a_tool_says_what_is_wrong(server: str) -> None:
    answer = asked(server, lambda session: session.call_tool("forecast", {"text": "12 kg, 13 lb"}))

    assert answer.isError
    assert "expected one unit" in answer.content[0].text
    assert "Traceback" not in answer.content[0].text
