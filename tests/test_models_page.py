"""The Models tab in a real browser: what stands there of each network, and one of the visitor's own put to use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from interface.model_view import shown
from rnn_model import Model, load

CHECKPOINTS = Path(__file__).parent / "checkpoints"


@pytest.fixture
def harmless() -> set[str]:
    return {"Method not implemented."}  # Gradio's client says so whenever a stream of an upload ends


@pytest.fixture
def visit(visitor: BrowserContext, address: str) -> Callable[..., Page]:
    """Opens the tab in a window of a given width and theme."""

    def opened(width: int = 1280, theme: str = "light") -> Page:
        page = visitor.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{address}?__theme={theme}")
        page.get_by_role("tab", name="Models").click()
        expect(verdict(page)).to_contain_text("forecasts series of numbers", timeout=20_000)
        return page

    return opened


def verdict(page: Page) -> Locator:
    return page.locator(".verdict:visible")


def dropped(page: Page, path: Path) -> None:
    """Drops a file or a folder from the file manager where files are to be dropped."""
    box = page.locator(".checkpoint-files").bounding_box()
    assert box is not None
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    protocol = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        protocol.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})


@pytest.mark.parametrize("width", [390, 1280])
def test_each_network_is_shown_with_all_there_is_to_say(visit, width: int) -> None:
    page = visit(width)
    panel = page.locator("[role=tabpanel]:visible")
    for heading in ("How it was made", "Predicted and actual", "Learning curve", "Take it with you"):
        expect(panel.get_by_text(heading, exact=True)).to_be_visible()
    expect(panel.get_by_text("python -m training.publish --model USER/unrolled-forecast")).to_be_visible()
    for picture in panel.locator(".picture svg:visible").all():
        assert len(picture.get_attribute("aria-label") or "") > 40, "a picture says nothing to those who cannot see it"
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    panel.get_by_role("radio", name="forecast").focus()  # by keyboard alone
    expect(panel.get_by_role("group", name="Network")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(verdict(page)).to_contain_text("75 languages")
    expect(panel.get_by_text("Where it is weak")).to_be_visible()
    expect(panel.get_by_role("region", name="Confused most")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    card = panel.get_by_text("The model card")
    card.focus()
    page.keyboard.press("Enter")
    expect(panel.locator(".card")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_folder_that_is_dropped_answers_in_its_tab(visit, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for file in (CHECKPOINTS / "text-tiny").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    for other in (".gitattributes", "run.py"):  # what else lies in such folders
        (folder / other).write_text("x", encoding="utf-8")
    page = visit()
    dropped(page, folder)

    expect(page.get_by_text("is loaded, and the Classify tab answers with it.")).to_be_visible()
    expect(verdict(page)).to_contain_text("3 ")
    expect(page.get_by_text("--weights FOLDER  # serves it")).to_be_visible()
    page.get_by_role("button", name="Use it in the Classify tab").click()
    expect(page.get_by_role("tab", name="Classify", selected=True)).to_be_visible()
    expect(page.get_by_role("radio", name="yours: ")).to_be_checked()
    expect(page.get_by_text("One of 3 languages is looked for")).to_be_visible()


def test_a_folder_that_is_no_checkpoint_is_refused_in_words(visit, tmp_path: Path) -> None:
    folder = tmp_path / "half"
    folder.mkdir()
    (folder / "config.json").write_text("{}", encoding="utf-8")
    page = visit()
    dropped(page, folder)

    expect(page.get_by_role("alert").filter(has_text="This checkpoint cannot be used")).to_contain_text(
        "model.safetensors: expected among the files, found config.json"
    )


def test_a_name_that_the_hub_cannot_know_is_refused_in_words(visit) -> None:
    page = visit()
    box = page.get_by_label("Or a public model on the Hugging Face Hub")
    box.fill("no name at all")
    box.press("Enter")

    expect(page.get_by_role("alert").filter(has_text="cannot be used")).to_contain_text("id of a model")


def test_without_scores_and_papers_the_page_says_so() -> None:
    model = load(CHECKPOINTS / "forecast-tiny")
    said = shown(Model(model.config, model.network, "weights/own folder", {}), own=False)

    assert "No scores came along: python -m training.evaluate FOLDER --baselines measures it." in said
    assert "No card came along." in said
    assert "--weights &#x27;weights/own folder&#x27;" in said
    hub = shown(Model(model.config, model.network, "me/tiny@0123", {}), own=True)
    assert "python app.py --weights me/tiny  # serves it" in hub
    assert "training.publish" not in hub
