"""The page in a real browser: what a visitor sees, does and gets."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from rnn_model import backtest, calibrate, forecast

PASSENGERS = "112 118 132 129 121 135 148 148 136 119 104 118 115 126 141 135 125 149 170 170 158 133 114 140"
HOSTILE = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
DESKTOP, PHONE = (1280, 900), (390, 844)
expect.set_options(timeout=20_000)  # milliseconds; a busy machine is slow, not wrong


@pytest.fixture
def visit(visitor: BrowserContext, address: str) -> Callable[..., Page]:
    """Opens the page in a window of a given size and theme."""

    def opened(size=DESKTOP, theme="light") -> Page:
        page = visitor.new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(f"{address}?__theme={theme}")
        verdict(page).wait_for()
        return page

    return opened


def verdict(page: Page) -> Locator:
    return page.locator(".verdict")


def picture(page: Page) -> Locator:
    return page.locator(".picture svg:visible")


def paste(page: Page, text: str) -> None:
    """Pastes as a visitor does, through the clipboard's event."""
    box = page.get_by_label("Your numbers")
    box.fill("")
    box.focus()
    page.keyboard.insert_text(text)


def ask(page: Page) -> None:
    page.get_by_role("button", name="Forecast", exact=True).click()


def rows(page: Page) -> list[list[str]]:
    """The cells of the table that are on screen; the table draws its rows only when they are scrolled to."""
    grid = page.get_by_role("grid", name="Table")
    grid.get_by_role("gridcell").first.wait_for()
    lines = grid.locator("[role=row]:has([role=gridcell])").all()
    return [[cell.strip() for cell in line.locator("[role=gridcell]").all_inner_texts()] for line in lines]


def test_an_example_is_forecast_before_anything_is_done(visit):
    page = visit()

    expect(page.get_by_role("tab", name="Forecast", selected=True)).to_be_visible()
    expect(verdict(page)).to_contain_text("The next 24 months")
    expect(picture(page)).to_have_count(1)
    expect(picture(page).get_by_text("Passengers (thousand)")).to_be_visible()
    expect(page.get_by_text("How I read this")).to_be_visible()
    expect(page.get_by_text("Box, Jenkins")).to_be_visible()
    expect(page.get_by_role("gridcell", name="Jan 1961")).to_be_visible()


def test_pasted_numbers_become_a_table(visit, model):
    page = visit()
    paste(page, PASSENGERS)
    page.get_by_label("Steps ahead").fill("6")
    ask(page)
    expect(verdict(page)).to_contain_text("The next 6 values")
    expected = calibrate(forecast(model, PASSENGERS, horizon=6), backtest(model, PASSENGERS, horizon=6))

    read = rows(page)
    assert [row[0] for row in read] == list("123456")
    np.testing.assert_allclose(
        np.array([row[1:] for row in read], dtype=float),
        np.stack([expected.quantile(level) for level in (0.1, 0.5, 0.9)], axis=1),
        atol=0.06,
    )


def test_the_whole_way_by_keyboard(visit):
    page = visit()
    page.get_by_label("Your numbers").focus()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("5 6 5 6 5 6 5 6")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == "Forecast":
            break
    page.keyboard.press("Enter")

    expect(verdict(page)).to_contain_text("values")
    expect(page.locator(".strip")).to_contain_text("8 values")


def test_arrows_lead_from_choice_to_choice(visit):
    page = visit()
    page.get_by_role("radio", name="8 in 10").focus()
    expect(page.get_by_role("group", name="Chance that low to high holds the value")).to_be_visible()
    for key, chance in (("ArrowRight", "a 5 in 10 chance"), ("ArrowLeft", "an 8 in 10 chance")):
        page.keyboard.press(key)
        expect(verdict(page)).to_contain_text(chance)
        expect(page.get_by_role("radio", name=chance[2:].strip().removesuffix(" chance"))).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_chosen_looks_chosen_under_the_pointer_too(visit, theme):
    page = visit(theme=theme)
    chosen, other = page.get_by_label("8 in 10", exact=True).first, page.get_by_label("5 in 10", exact=True).first
    colour = "element => getComputedStyle(element).backgroundColor"
    page.mouse.move(2, 2)
    at_rest, unchosen = chosen.evaluate(colour), other.evaluate(colour)
    chosen.hover()
    page.wait_for_timeout(400)  # colours fade
    assert chosen.evaluate(colour) == at_rest != unchosen


def test_on_a_phone_the_answer_stands_right_under_the_question(visit):
    page = visit(PHONE)
    asked, answered, examples = (
        place.bounding_box()["y"]
        for place in (
            page.get_by_role("button", name="Forecast", exact=True),
            verdict(page),
            page.get_by_text("to try"),
        )
    )
    assert asked < answered < PHONE[1], "the answer is not on the first screen"
    assert answered < examples


def test_another_reading_is_one_click_away(visit):
    page = visit()
    paste(page, "112,118,132,129")
    ask(page)
    expect(page.locator(".strip")).to_contain_text("4 values")
    page.get_by_role("radio", name="as one number").click()

    expect(verdict(page)).to_contain_text("billion")


def test_the_strip_tells_what_was_done_and_a_choice_changes_it(visit):
    page = visit()
    strip = page.locator(".strip")
    paste(page, "2024-01-01;1.234\n2024-01-03;n/a\n2024-01-02;2.345\n2024-01-02;4.345\n2024-01-06;5.678")
    ask(page)
    expect(strip).to_contain_text("1 missing value, kept as missing (line 2 “n/a”)")
    expect(strip).to_contain_text("Rows sorted by time (1 row came after a later one)")
    expect(strip).to_contain_text("1 time occurs more than once (first 2024-01-02); their values were averaged")
    expect(strip).to_contain_text("“1.234” is read as 1.234")
    expect(strip.locator(".warning")).to_have_count(1)  # few values, said once

    page.get_by_role("radio", name="add up the values with the same time").click()
    expect(strip).to_contain_text("their values were added up")
    page.get_by_role("radio", name="read “1.234” as 1234").click()
    expect(strip).to_contain_text("Read with a decimal comma, as chosen")
    expect(strip).to_contain_text("their values were added up")
    page.get_by_role("radio", name="read “1.234” as 1.234").click()
    expect(strip).to_contain_text("Read with a decimal point, as chosen")


def test_each_series_of_a_file_can_be_chosen(visit):
    page = visit()
    lines = [
        f"{shop},2024-{month:02},{month + start}" for shop, start in (("A", 0), ("B", 500)) for month in range(1, 13)
    ]
    content = "\n".join(["shop,month,sales", *lines]).encode()
    page.locator("input[type=file][accept*=xlsx]").set_input_files(
        {"name": "shops.csv", "mimeType": "text/csv", "buffer": content}
    )
    expect(page.locator(".strip")).to_contain_text("Series “A” is used")
    page.get_by_label("Series", exact=True).click()
    page.get_by_role("option", name="“B”").click()

    expect(page.locator(".strip")).to_contain_text("Series “B” is used (as chosen)")
    assert float(rows(page)[0][2]) > 400


def test_the_chance_changes_sentence_and_table(visit):
    page = visit()
    before = rows(page)[0]
    page.get_by_role("radio", name="5 in 10").click()

    expect(verdict(page)).to_contain_text("a 5 in 10 chance")
    first_row = page.get_by_role("row").filter(has=page.get_by_role("gridcell", name=before[0]))
    expect(first_row).not_to_contain_text(before[1])
    after = rows(page)[0]
    assert float(after[1]) > float(before[1])
    assert float(after[3]) < float(before[3])


@pytest.mark.parametrize("name", ["Carbon dioxide", "River Nile", "Lynx"])
def test_examples(visit, name):
    page = visit()
    before = verdict(page).inner_text()
    page.get_by_role("button", name=name).click()

    expect(verdict(page)).not_to_have_text(before)
    assert page.locator(".examples .hint").last.inner_text() != ""


def test_a_file_is_read_like_a_paste(visit):
    page = visit()
    content = "Day;Visitors\n" + "\n".join(f"2024-01-{day:02};{day % 7 + 10},5" for day in range(1, 29))
    upload = {"name": "visitors.csv", "mimeType": "text/csv", "buffer": content.encode("cp1252")}
    page.locator("input[type=file][accept*=xlsx]").set_input_files(upload)

    expect(verdict(page)).to_contain_text("The next 24 days")
    expect(page.get_by_text("From visitors.csv")).to_be_visible()
    expect(page.get_by_label("Your numbers")).to_have_value("")


@pytest.mark.parametrize("then", ["typed", "example"])
def test_a_file_is_forgotten_once_there_is_something_else(visit, then):
    page = visit()
    upload = {"name": "few.csv", "mimeType": "text/csv", "buffer": b"5 6 7 8 9 10 11 12 13 14"}
    page.locator("input[type=file][accept*=xlsx]").set_input_files(upload)
    expect(page.get_by_text("From few.csv")).to_be_visible()
    box = page.get_by_label("Your numbers")
    if then == "typed":
        box.fill("1 2 3 4 5 6 7 8")
        page.get_by_role("button", name="Forecast", exact=True).click()
        expect(page.get_by_text("From few.csv")).to_be_hidden()
    else:
        page.locator(".examples").get_by_role("button").first.click()
        expect(box).not_to_have_value("")
    box.fill("")
    page.get_by_role("button", name="Forecast", exact=True).click()
    expect(page.locator(".invitation")).to_contain_text("Paste a column")


def test_the_download_is_the_forecast(visit):
    page = visit()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    content = download.value.path().read_text(encoding="utf-8-sig").splitlines()

    assert download.value.suggested_filename == "forecast.csv"
    assert content[0].startswith("series,time,median,p10")
    assert len(content) == 1 + 24


def test_mistakes_are_explained_where_the_forecast_would_be(visit):
    page = visit()
    paste(page, "12 kg\n13 lb")
    ask(page)

    expect(page.get_by_role("alert")).to_contain_text("expected one unit")
    expect(picture(page)).to_have_count(0)
    expect(page.get_by_role("grid", name="Table")).to_have_count(0)
    paste(page, PASSENGERS)
    ask(page)
    expect(verdict(page)).to_be_visible()
    expect(page.get_by_role("grid", name="Table")).to_be_visible()


def test_an_empty_box_invites(visit):
    page = visit()
    paste(page, " ")
    ask(page)

    expect(page.locator(".invitation")).to_contain_text("Paste a column")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_hostile_text_stays_text(visit):
    page = visit()
    title = page.title()
    paste(page, HOSTILE + "\n" + "\n".join(PASSENGERS.split()))
    ask(page)
    expect(page.locator(".strip")).to_contain_text("24 values")

    assert page.title() == title
    assert page.locator(".picture img, .picture script, .strip img, .strip script").count() == 0


def test_the_picture_has_the_sentence_as_its_text(visit):
    page = visit()
    assert picture(page).get_attribute("role") == "img"
    assert picture(page).get_attribute("aria-label") == verdict(page).text_content()


def test_every_control_has_a_name(visit):
    page = visit()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input, textarea, select, a[href]')]
            .filter(e => e.offsetParent !== null && e.type !== 'file')
            .filter(e => !(e.innerText || e.ariaLabel || e.title || (e.labels && e.labels.length)))
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert nameless == []


@pytest.mark.parametrize("size", [PHONE, (768, 1024), DESKTOP])
def test_everything_fits_the_window_and_can_be_read(visit, size):
    page = visit(size)
    paste(
        page,
        "\n".join(f"{'a very long name ' * 10},{'x' * 200}" if n == 0 else f"2024-01-{n:02},{n}e9" for n in range(25)),
    )
    ask(page)
    expect(verdict(page)).to_contain_text("billion")

    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    shown = picture(page).bounding_box()
    assert shown is not None
    assert shown["x"] >= 0
    assert shown["x"] + shown["width"] <= size[0]
    type_sizes = page.evaluate(
        """() => [...document.querySelectorAll('.picture svg text')].filter(e => e.getClientRects().length)
            .map(e => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a)"""
    )
    assert min(type_sizes) >= 10, "type in the picture is too small to read"


SECTIONS = {
    "How it did on your own values": "better than repeating last year",
    "Which past values mattered": "Most was moved by the last value (Dec 1960)",
    "Inside the network": "Of 64 hidden units",
}


def opened(page: Page, title: str) -> Locator:
    """The section of that title, opened by keyboard."""
    button = page.get_by_role("button", name=title)
    button.focus()
    page.keyboard.press("Enter")
    return page.locator(".block", has=button).last


@pytest.mark.parametrize("title", SECTIONS)
def test_sections_open_by_keyboard_and_hold_words_a_picture_and_files(visit, title):
    page = visit()
    expect(page.locator(".said:visible")).to_have_count(0)
    opened(page, title)

    said = page.locator(".said:visible")
    expect(said).to_contain_text(SECTIONS[title])
    expect(page.locator(".picture svg:visible")).to_have_count(2)
    assert page.locator(".picture svg:visible").last.get_attribute("aria-label") in said.inner_text()
    if title != "Inside the network":
        for kind in ("CSV", "PNG", "SVG"):
            with page.expect_download() as download:
                page.get_by_label(f"Download as {kind}").last.click()
            assert download.value.suggested_filename.endswith(kind.lower())
            content = download.value.path().read_bytes()
            assert len(content) > 500
            if kind == "PNG":
                assert content.startswith(b"\x89PNG")
            if kind == "SVG":  # stands alone: its own size and colours
                drawn = ElementTree.fromstring(content)
                assert drawn.get("width") == "677"
                assert drawn[0].get("fill") == "white"
                assert b"currentColor" not in content
                assert b"var(" not in content


def test_an_open_section_follows_the_next_answer_and_a_closed_one_waits(visit):
    page = visit()
    opened(page, "How it did on your own values")
    said = page.locator(".said:visible")
    expect(said).to_have_count(1)
    before = said.inner_text()
    paste(page, PASSENGERS)
    ask(page)
    expect(said).not_to_have_text(before)
    expect(page.locator(".said")).to_have_count(1)
    opened(page, "Which past values mattered")
    expect(said).to_have_count(2)
    opened(page, "How it did on your own values")
    expect(said).to_have_count(1)


def test_the_verdict_stands_under_the_picture(visit, model):
    page = visit()
    paste(page, PASSENGERS)
    page.get_by_label("Steps ahead").fill("6")
    ask(page)
    expect(page.locator(".believe")).to_have_text(backtest(model, PASSENGERS, horizon=6).verdict)
    paste(page, "5 6 7")
    ask(page)
    expect(page.locator(".believe")).to_contain_text("Too short to check")


def test_the_raw_band_is_one_click_away(visit, model):
    page = visit()
    paste(page, PASSENGERS)
    page.get_by_label("Steps ahead").fill("6")
    ask(page)
    expect(verdict(page)).to_contain_text("The next 6 values")
    counted = rows(page)
    page.get_by_role("checkbox", name="bands as counted").click()
    raw = forecast(model, PASSENGERS, horizon=6).quantile(0.1)
    expect(page.get_by_role("gridcell", name=f"{raw[2]:.1f}", exact=True)).to_be_visible()
    after = rows(page)
    np.testing.assert_allclose([float(row[1]) for row in after], raw, atol=0.06)
    assert [row[2] for row in after] == [row[2] for row in counted]


def test_the_replay_shows_a_moment_of_the_past(visit):
    page = visit()
    opened(page, "At any moment of the past")
    said = page.locator(".said:visible")
    slider = page.locator("input[type=range]")
    slider.focus()
    page.wait_for_timeout(1000)  # the section is still being drawn, and the slider set to where it stands
    page.keyboard.press("ArrowLeft")
    expect(said).to_contain_text("As it would have been said in Nov 1958")
    for _ in range(12):
        page.keyboard.press("ArrowLeft")
    expect(said).to_contain_text("in Nov 1957")
    expect(page.locator(".picture svg:visible").last).to_contain_text("what came")


def test_whole_numbers_and_zero_are_offered_and_stated(visit):
    page = visit()
    paste(page, "3 0 1 0 2 0 0 4 1 0 0 1 2 0 3 0 0 1 0 2 1 0 0 1 0 0 3 1 0 2")
    ask(page)
    expect(page.locator(".strip")).to_contain_text("30 values")
    expect(page.get_by_role("checkbox", name="kept at or above zero")).to_be_checked()
    expect(picture(page)).to_contain_text("kept at or above zero")
    page.get_by_role("checkbox", name="whole numbers").click()
    expect(picture(page)).to_contain_text("whole numbers")


def test_one_of_several_series_is_chosen(visit):
    page = visit()
    paste(page, "Day,North,South\n" + "\n".join(f"2024-01-{day:02},{day},{100 + day % 3}" for day in range(1, 25)))
    ask(page)
    expect(picture(page)).to_contain_text("South")
    page.get_by_label("Series", exact=True).click()
    page.get_by_role("option", name="North").click()
    expect(picture(page)).to_contain_text("North")


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_open_sections_fit_the_window(visit, size):
    page = visit(size)
    for title in (*SECTIONS, "At any moment of the past"):
        opened(page, title)
    for said in SECTIONS.values():
        expect(page.locator(".said:visible", has_text=said)).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def luminance(colour: str) -> float:
    """Relative luminance of a CSS rgb() colour (WCAG 2.2)."""
    channels = np.array([float(part) for part in re.findall(r"[\d.]+", colour)[:3]]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_picture_stand_out_in_both_themes(visit, theme):
    page = visit(theme=theme)
    colours = """e => {
        const colours = [getComputedStyle(e).color];
        for (; e; e = e.parentElement) colours.push(getComputedStyle(e).backgroundColor);
        return [...colours, 'rgb(255, 255, 255)'];
    }"""
    for part in (".verdict", ".hint", ".strip li", ".head p", ".save-link", ".picture"):
        ink, *papers = page.locator(part).first.evaluate(colours)
        paper = next(colour for colour in papers if colour != "rgba(0, 0, 0, 0)")
        dark, light = sorted([luminance(ink), luminance(paper)])
        assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{part}: {ink} on {paper}"

    line = picture(page).locator("path[style*=currentColor]").first
    assert line.evaluate("e => getComputedStyle(e).stroke") == page.locator(".picture").evaluate(
        "e => getComputedStyle(e).color"
    )
