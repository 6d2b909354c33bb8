"""The Classify tab in a real browser, and its endpoints through a real client."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import Browser, BrowserContext, Page, expect

from rnn_model import Model, classify

GERMAN = "Der Hund schläft heute den ganzen Tag im Garten"
HOSTILE = "<script>document.title='taken'</script> und der Hund schläft"


@pytest.fixture
def page(visitor: BrowserContext, address: str) -> Page:
    page = visitor.new_page()
    page.goto(f"{address}?__theme=light")
    page.get_by_role("tab", name="Classify").click()
    page.get_by_label("Your text").wait_for()
    return page


def ask(page: Page, text: str) -> None:
    page.get_by_label("Your text").fill(text)
    page.get_by_role("button", name="Classify", exact=True).click()


def verdict(page: Page):
    return page.locator(".verdict:visible")


def test_the_tab_opens_with_an_example_classified(page: Page) -> None:
    expect(verdict(page)).to_contain_text("French")
    expect(page.locator(".bars:visible tr").first).to_contain_text("French")
    expect(page.get_by_role("tab")).to_have_count(page.get_by_role("tab").count())
    names = page.get_by_role("tab").all_inner_texts()
    assert len(names) == len(set(names)), "a tab is shown twice"


def test_a_sentence_shows_answer_film_and_letters(page: Page) -> None:
    ask(page, GERMAN)

    expect(verdict(page)).to_contain_text("German")
    film = page.locator(".picture:visible svg:visible").first
    expect(film).to_have_attribute("aria-label", verdict(page).inner_text())
    assert "German" in film.inner_html()
    assert "decided" in film.inner_html()
    expect(page.locator(".letters:visible")).to_have_text(GERMAN)
    assert page.locator(".letters:visible mark.for").count() > 3
    page.get_by_text("Inside the network").locator("visible=true").click()
    expect(page.locator(".inside svg:visible")).to_have_attribute("aria-label", re.compile("192 hidden units over"))


def test_gibberish_is_not_sure(page: Page) -> None:
    ask(page, "xqzt vbnm kjhg qwrt")
    expect(verdict(page)).to_contain_text("Not sure")


def test_two_languages_are_both_named(page: Page) -> None:
    page.get_by_role("button", name="Two languages").click()
    expect(verdict(page)).to_contain_text("German")
    expect(verdict(page)).to_contain_text("English")


def test_what_is_pasted_is_shown_not_run(page: Page) -> None:
    ask(page, HOSTILE)
    expect(verdict(page)).to_contain_text("German")
    expect(page.locator(".letters:visible")).to_have_text(HOSTILE)
    assert page.title() == "Unrolled"


def test_a_file_of_texts_becomes_a_table_and_a_download(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    file.write_text("text\nGuten Morgen liebe Leute\nBonjour tout le monde\n", encoding="utf-8")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Many texts").click()
    chooser.value.set_files(file)

    expect(verdict(page)).to_contain_text("2 texts")
    table = page.get_by_role("grid", name="Texts")
    expect(table).to_contain_text("German")
    expect(table).to_contain_text("French")
    expect(page.get_by_role("link", name="Download as CSV, all texts")).to_have_attribute("download", "classes.csv")


def test_there_is_no_sideways_scroll_on_a_phone(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(address)
    page.get_by_role("tab", name="Classify").click()
    page.locator(".letters:visible").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_programs_get_the_numbers_of_the_library(address: str, classifier: Model, tmp_path: Path) -> None:
    client = Client(address, verbose=False)
    said = client.predict(GERMAN, api_name="/classify")
    here = classify(classifier, GERMAN)

    assert said["label"] == here.label == "de"
    np.testing.assert_allclose(said["probabilities"], here.probabilities, atol=1e-6)
    file = tmp_path / "texts.json"
    file.write_text(json.dumps([GERMAN, "123"]), encoding="utf-8")
    many = client.predict(handle_file(file), api_name="/classify_file")
    assert [one["label"] for one in many] == ["de", None]
    client.close()
