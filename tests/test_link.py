"""A link that carries an input: packed and unpacked, and in a real browser copied and opened in a new page."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from interface.link import LONGEST, MOST, Shared, packed, unpacked
from interface.visit import CLASSIFY, FORECAST
from rnn_model import InputError

HOSTILE = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
PASTED = f"{HOSTILE}\n" + "112 118 132 129 121 135 148 148 136 119 104 118 115 126 141 135".replace(" ", "\n")


def link_of(fields: object) -> str:
    content = zlib.compress(json.dumps(fields).encode())
    return f"{FORECAST}={base64.urlsafe_b64encode(content).decode().rstrip('=')}"


@pytest.mark.parametrize("shared", [Shared("1 2 3"), Shared("ä=&#?\n日本", 7, 12, ("series=B", "date=dmy"))])
def test_what_is_packed_is_unpacked(shared: Shared) -> None:
    link = packed(FORECAST, shared)
    assert unpacked(FORECAST, link) == shared
    assert unpacked(CLASSIFY, link) is None
    assert set(link.removeprefix("forecast=")) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


def test_a_link_too_long_is_refused_with_what_would_fit() -> None:
    long = "".join(f"{(7919 * n * n) % 99991}\n" for n in range(9000))
    with pytest.raises(InputError, match=r"at most 8,000 characters, found [\d,]+ for [\d,]+ characters") as caught:
        packed(FORECAST, Shared(long))
    fits = int(str(caught.value).split("about ")[1].split(" ")[0].replace(",", ""))
    assert len(packed(FORECAST, Shared(long[:fits]))) <= LONGEST


@pytest.mark.parametrize(
    "link",
    [
        "forecast=",
        "forecast=!!!",
        "forecast=" + "A" * 50,
        packed(FORECAST, Shared("1 2 3"))[:-6],
        link_of([]),
        link_of({"text": 3}),
        link_of({"text": "1", "horizon": "12"}),
        link_of({"text": "1", "season": 10**9}),
        link_of({"text": "1", "choices": [{}]}),
        link_of({"text": "1", "more": 1}),
        link_of({"text": "1" * (MOST + 1)}),
    ],
)
def test_a_damaged_link_is_an_input_error(link: str) -> None:
    with pytest.raises(InputError, match="damaged or cut off"):
        unpacked(FORECAST, link)


@pytest.fixture
def harmless() -> set[str]:
    """Gradio ends a stream that it still listens to when a page is reloaded, which a link in its address does."""
    return {"AbortError: signal is aborted", "Connection errored out."}


@pytest.fixture
def context(visitor: BrowserContext) -> Iterator[BrowserContext]:
    """Afterwards no link may have reached the server: what stands behind the # of an address stays in the browser."""
    asked: list[str] = []
    visitor.on("page", lambda page: page.on("request", lambda request: asked.append(request.url)))
    yield visitor
    assert not any("forecast=" in url.partition("#")[0] or "classify=" in url.partition("#")[0] for url in asked)


def copied(page: Page) -> str:
    page.locator("[role=tabpanel]:visible").get_by_role("button", name="Copy link").click()
    expect(page.locator(".hint:visible", has_text="is copied.")).to_be_visible()
    link: str = page.evaluate("navigator.clipboard.readText()")
    return link


def verdict(page: Page) -> str:
    return page.locator(".verdict:visible").inner_text()


def test_a_forecast_is_sent_around_as_a_link(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    page.goto(address)
    page.get_by_label("Your numbers").fill(PASTED)
    page.get_by_label("Steps ahead").fill("5")
    page.get_by_label("Steps in a season").fill("4")
    page.get_by_role("button", name="Forecast", exact=True).click()
    expect(page.locator(".verdict:visible")).to_contain_text("The next 5 values")
    link = copied(page)
    before = verdict(page)

    other = context.new_page()
    other.goto(link)
    expect(other.locator(".verdict:visible")).to_have_text(before)
    expect(other.get_by_label("Your numbers")).to_have_value(PASTED)
    expect(other.get_by_label("Steps ahead")).to_have_value("5")
    expect(other.get_by_label("Steps in a season")).to_have_value("4")
    assert other.title() == "Unrolled"
    # pasted over the address of an open page
    page.evaluate(f"location.hash = {packed(FORECAST, Shared('5 6 5 6 5 6 5 6', 3))!r}")
    expect(page.locator(".verdict:visible")).to_contain_text("The next 3 values")


def test_a_classified_text_is_sent_around_as_a_link(context: BrowserContext, address: str) -> None:
    text = f"{HOSTILE} und der Hund schläft heute"
    page = context.new_page()
    page.goto(address)
    page.get_by_role("tab", name="Classify").click()
    page.get_by_label("Your text").fill(text)
    page.get_by_role("button", name="Classify", exact=True).click()
    expect(page.locator(".letters:visible")).to_have_text(text)
    link = copied(page)
    before = verdict(page)

    other = context.new_page()
    other.goto(link)
    expect(other.get_by_role("tab", name="Classify", selected=True)).to_be_visible()
    expect(other.locator(".verdict:visible")).to_have_text(before)
    expect(other.get_by_label("Your text")).to_have_value(text)
    assert other.title() == "Unrolled"


def test_what_cannot_be_linked_or_opened_says_why(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    page.goto(address)
    page.get_by_label("Your numbers").fill(" ".join(str((7919 * n * n) % 99991) for n in range(2500)))
    page.get_by_role("button", name="Copy link").locator("visible=true").click()
    expect(page.locator(".hint:visible", has_text="at most 8,000 characters")).to_be_visible()
    page.get_by_label("Your numbers").fill("")
    page.get_by_role("button", name="Copy link").locator("visible=true").click()
    expect(page.locator(".hint:visible", has_text="nothing in the box")).to_be_visible()

    page.goto("about:blank")
    page.goto(f"{address}#forecast=cut-off")
    expect(page.get_by_role("alert")).to_contain_text("damaged or cut off")
