"""The call below an answer: taken from the page in a real browser and run as it stands, it gives that answer."""

from __future__ import annotations

import json
import re
import shlex
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from interface.program import LONGEST, program
from rnn_model import Model, backtest, calibrate, classify, forecast
from rnn_model.constraints import constrain

COUNTS = "3 0 1 0 2 0 0 4 1 0 0 1 2 0 3 0 0 1 0 2 1 0 0 1 0 0 3 1 0 2"
HOSTILE = "<script>document.title='taken'</script> '\"\"\" \\ $(date) `date` \0 und der Hund schläft"


def run(code: str) -> Any:
    """What a program of a visitor gets."""
    known: dict[str, Any] = {}
    exec(code, known)
    known["client"].close()
    return known["answer"]


def fetched(code: str) -> Any:
    """What the lines for a command line get, the part of curl played by another client."""
    call, asked, got = code.splitlines()
    words = shlex.split(re.search(r"\$\((.*)\| cut", asked)[1].replace("$call", call.partition("=")[2]))
    assert words[:2] == ["curl", "-s"]
    _, _, address, _, header, _, content = words
    answer = httpx.post(address, headers=dict([header.split(": ")]), content=content.encode())
    number = answer.text.split('"')[3]  # cut -d '"' -f 4
    assert got == "curl -s $call/$number"
    streamed = httpx.get(f"{address}/{number}", timeout=60).text
    (answer,) = json.loads(re.search(r"^event: complete\ndata: (.*)$", streamed, re.MULTILINE)[1])
    return answer


@pytest.fixture
def page(visitor: BrowserContext, address: str) -> Page:
    page = visitor.new_page()
    page.goto(f"{address}?__theme=light")
    page.locator(".verdict").first.wait_for()
    return page


def opened(page: Page) -> Locator:
    """The calls of the tab that is open, unfolded by keyboard."""
    there = page.locator(".program:visible")
    there.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(there.get_by_role("region", name="Python")).to_be_visible()
    return there


def copied(page: Page, name: str) -> str:
    button = page.locator(".program:visible").get_by_role("button", name=f"Copy the code: {name}")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_text("Copied")
    code: str = page.evaluate("navigator.clipboard.readText()")
    return code


def test_the_calls_of_a_forecast_give_what_the_page_shows(page: Page, address: str, model: Model) -> None:
    page.get_by_label("Your numbers").fill(COUNTS)
    page.get_by_label("Steps ahead").fill("6")
    page.get_by_label("Steps in a season").fill("1")
    page.get_by_role("button", name="Forecast", exact=True).click()
    expect(page.locator(".verdict:visible")).to_contain_text("The next 6 values")
    page.get_by_role("checkbox", name="whole numbers").click()
    expect(page.locator(".strip")).to_contain_text("30 values")
    expect(page.locator(".program")).to_contain_text("whole=True")
    opened(page)
    expected = calibrate(forecast(model, COUNTS, 6, 1), backtest(model, COUNTS, 6, 1))
    expected = constrain(expected, positive=True, whole=True)

    code = copied(page, "Python")
    assert f'Client("{address}")' in code
    np.testing.assert_allclose(run(code)["quantiles"], expected.quantiles)
    np.testing.assert_allclose(fetched(copied(page, "Command line"))["quantiles"], expected.quantiles)


def test_a_reading_that_was_chosen_is_in_the_call(page: Page) -> None:
    page.get_by_label("Your numbers").fill("112,118,132,129")
    page.get_by_role("button", name="Forecast", exact=True).click()
    page.get_by_role("radio", name="as one number").click()
    expect(page.locator(".verdict:visible")).to_contain_text("billion")
    opened(page)

    assert run(copied(page, "Python"))["median"][0] > 1e6


def test_the_call_of_a_file_sends_the_file(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "it's.csv"
    file.write_text("Sales\n" + COUNTS.replace(" ", "\n"), encoding="utf-8")
    page.locator("input[type=file][accept*=xlsx]").first.set_input_files(file)
    expect(page.locator(".strip")).to_contain_text("30 values")
    there = opened(page)
    expect(there.get_by_role("region", name="Command line")).to_have_count(0)
    monkeypatch.chdir(tmp_path)

    answer = run(copied(page, "Python"))
    assert answer["name"] == "Sales"
    assert answer["stated"][-1] == "kept at or above zero"


def test_the_calls_of_a_text_hold_it_as_it_is(page: Page, classifier: Model) -> None:
    typed = HOSTILE.replace("\0", "")  # no keyboard has it
    page.get_by_role("tab", name="Classify").click()
    page.get_by_label("Your text").fill(typed)
    page.get_by_role("button", name="Classify", exact=True).click()
    expect(page.locator(".letters:visible")).to_have_text(typed)
    opened(page)
    expected = classify(classifier, typed).probabilities

    np.testing.assert_allclose(run(copied(page, "Python"))["probabilities"], expected, atol=1e-6)
    np.testing.assert_allclose(fetched(copied(page, "Command line"))["probabilities"], expected, atol=1e-6)
    assert page.title() == "Unrolled"


def codes(html: str) -> list[str]:
    return [unescape(re.sub("<[^>]*>", "", code)) for code in re.findall("<code>(.*?)</code>", html, re.DOTALL)]


def test_nothing_in_an_input_stands_for_something_else() -> None:
    python, shell = codes(program("classify", HOSTILE, {}))

    assert python.count("http://127.0.0.1:7860/") == shell.count("http://127.0.0.1:7860/") == 1
    assert "<script" not in program("classify", HOSTILE, {})
    assert repr(HOSTILE) in python
    assert json.loads(shlex.split(shell.splitlines()[1].removeprefix("number=$("))[6])["text"] == HOSTILE


def test_an_input_too_long_for_a_call_is_read_from_a_file(tmp_path: Path, address: str, monkeypatch: Any) -> None:
    (code,) = codes(program("classify", "Guten Morgen. " * LONGEST, {}))
    assert len(code) < 1000
    (tmp_path / "input.txt").write_text("Guten Morgen. " * 3, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert run(code.replace("http://127.0.0.1:7860/", address))["label"] == "de"
