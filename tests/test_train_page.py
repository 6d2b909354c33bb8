"""The Train tab in a real browser: a table is uploaded, a network trained, judged, used and taken home."""

from __future__ import annotations

import re
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import interface.train_tab as tab
from interface.live import followed
from interface.visit import begun
from rnn_model import classify, load
from rnn_model.errors import ConfigError, InputError
from rnn_model.records import Epoch, History
from training.loop import NotFiniteError
from training.own_texts import N_GRAMS, NOTHING
from training.toy_texts import as_csv, forwarded, messages

LONG = 180_000  # milliseconds; a busy machine is slow, not wrong
HOSTILE = "<script>document.title='taken'</script>"


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    complaints: list[str] = []
    page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}?__theme=light")
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="Train", exact=True).wait_for()
    yield page
    page.close()
    assert complaints == []


def upload(page: Page, content: bytes, name: str = "letters.csv") -> None:
    table = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.locator("[role=tabpanel]:visible input[type=file]").set_input_files(table)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def curve(page: Page) -> Locator:
    return page.locator(".picture:visible svg:visible").first


def test_a_table_is_uploaded_a_network_trained_judged_changed_used_and_downloaded(page: Page, tmp_path: Path) -> None:
    before = {path.name for path in Path(tempfile.gettempdir()).iterdir() if path.name.startswith("tmp")}
    hostile = [(f"{HOSTILE} {text}", label) for text, label in messages(20, seed=5)]
    upload(page, as_csv(messages(160) + hostile))
    expect(page.locator(".strip:visible")).to_contain_text("From letters.csv")
    expect(page.locator(".strip:visible")).to_contain_text("2 classes")
    page.get_by_label("from nothing").click()
    page.get_by_label("Steps", exact=True).fill("60")
    press(page, "Train")

    # while it learns
    expect(page.locator(".verdict:visible")).to_contain_text("the best validation so far", timeout=LONG)
    expect(curve(page)).to_contain_text("Accuracy")
    # at the end
    expect(page.locator(".doctor")).to_contain_text("What to do", timeout=LONG)
    expect(page.locator(".verdict:visible")).to_contain_text("all 60 steps taken")
    expect(curve(page)).to_contain_text("best validation, kept")
    expect(page.locator(".doctor")).to_contain_text("Too little data")
    expect(page.locator(".scores tbody tr")).to_have_count(3)
    expect(page.locator(".scores")).to_contain_text("TF-IDF + logistic regression")
    expect(page.locator(".believe:visible")).to_contain_text("with 95 % confidence")
    confusion = page.get_by_role("img", name=re.compile("Confusion matrix: .* test rows are right"))
    expect(confusion.locator("visible=true")).to_contain_text("polite")
    expect(page.get_by_role("img", name=re.compile("ffective memory|explodes")).locator("visible=true")).to_be_visible()
    assert page.title() == "Unrolled"

    # use it
    press(page, "Use it in the Classify tab")
    expect(page.get_by_role("radio", name="yours: own-texts")).to_be_checked()
    expect(page.get_by_label("Your text")).to_be_visible()
    expect(page.get_by_text("One of polite, rude is looked for")).to_be_visible()
    page.get_by_label("Your text").fill("Could you please send the report")
    press(page, "Classify")
    expect(page.locator(".verdict:visible")).to_contain_text("polite")
    expect(page.locator(".letters:visible")).to_have_text("Could you please send the report")
    page.get_by_role("radio", name="the packaged one").click()
    expect(page.locator(".verdict:visible")).to_contain_text("English")
    expect(page.get_by_text("languages is looked for")).to_be_visible()

    # take it home
    page.get_by_role("tab", name="Train").click()
    press(page, "Prepare the download")
    link = page.get_by_role("link", name="Download the checkpoint")
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "own-texts.zip"
    with zipfile.ZipFile(download.value.path()) as packed:
        packed.extractall(tmp_path)
    folder = tmp_path / "own-texts"
    assert {"config.json", "model.safetensors", "README.md", "history.json"} <= {path.name for path in folder.iterdir()}
    assert classify(load(folder), "Could you please send the report").label == "polite"
    assert "--start nothing --steps 60" in (folder / "README.md").read_text().replace("--workers 0 ", "")

    # try what the doctor proposes
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".verdict:visible").first).to_contain_text("the best validation loss is", timeout=LONG)
    expect(curve(page)).to_contain_text("before")
    expect(page.locator(".doctor")).to_contain_text("What to do")

    left = {path.name for path in Path(tempfile.gettempdir()).iterdir() if path.name.startswith("tmp")} - before
    assert left == set(), "a run left files behind"


def test_an_example_is_stopped_and_what_was_best_by_then_is_kept(page: Page) -> None:
    press(page, "Copies among them")
    expect(page.locator(".strip:visible")).to_contain_text("Leak suspected")
    page.get_by_label("from nothing").click()
    page.get_by_label("Steps", exact=True).fill("3000")
    press(page, "Train")
    expect(page.locator(".verdict:visible")).to_contain_text("the best validation so far", timeout=LONG)
    press(page, "Stop")

    expect(page.locator(".doctor")).to_contain_text("Leak suspected", timeout=LONG)
    expect(page.locator(".verdict:visible").first).to_contain_text("you stopped it")
    expect(page.get_by_role("button", name="Use it in the Classify tab")).to_be_visible()


def test_what_cannot_be_trained_is_explained(page: Page) -> None:
    press(page, "Train")
    expect(page.get_by_role("alert")).to_contain_text("Choose a file, or one of the examples")
    upload(page, b"text,label\n<b>a</b>,x\nb,y\n")
    expect(page.get_by_role("alert").first).to_contain_text("expected")
    assert page.locator("[role=alert] b").count() == 0

    press(page, "Polite or rude")
    expect(page.locator(".strip:visible")).to_contain_text("600 texts")
    page.get_by_label("Steps", exact=True).fill("100000")
    press(page, "Train")
    expect(page.locator(".problems:visible")).to_contain_text("steps: expected a whole number from 30 to 3000")


@pytest.mark.parametrize("size", [(390, 844), (768, 1024)])
def test_everything_fits_the_window_and_has_a_name(browser: Browser, address: str, size: tuple[int, int]) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.goto(f"{address}?__theme=dark")
    page.get_by_role("tab", name="Train").click()
    press(page, "Is the lamp lit?")
    expect(page.locator(".strip:visible")).to_contain_text("800 texts")
    page.get_by_role("button", name="More choices").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input, textarea, select, a[href]')]
            .filter(e => e.offsetParent !== null && e.type !== 'file')
            .filter(e => !(e.innerText || e.ariaLabel || e.title || (e.labels && e.labels.length)))
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    page.close()


# Without a browser


def run_of(rows, start: str = NOTHING, **chosen) -> tab.Run:
    given = tab.Given("rows.csv", as_csv(rows))
    table, split = tab.read_given(given)
    usual = (start, "rnn", "tanh", "orthogonal", 1, 32, 0.0, 3e-3, 1.0, 60, 0)
    recipe, cell = tab.settings(*usual)
    return tab.Run(given, table, split, start, replace(recipe, **chosen), cell)


def test_more_than_a_visitor_may_ask_for_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tab, "MOST_ROWS", 150)
    monkeypatch.setattr(tab, "MOST_CLASSES", 1)
    with pytest.raises(InputError, match=r"at most 150 here, found 200 rows.*\n.*at most 1 here, found 2 classes"):
        tab.read_given(tab.Given("rows.csv", as_csv(messages(200))))
    usual = [N_GRAMS, "rnn", "tanh", "orthogonal", 1, 64, 0.0, 1e-3, 1.0, 600, 0]
    for place, wrong, said in (
        (1, "lstn", "did you mean 'lstm'"),
        (4, 5, "layers: expected a whole number from 1 to 4"),
        (5, 1024, "hidden_size: expected a whole number from 1 to 256"),
        (6, None, "dropout"),
        (7, None, "learning_rate"),
        (9, None, "steps"),
    ):
        with pytest.raises(ConfigError, match=re.escape(said)):
            tab.settings(*usual[:place], wrong, *usual[place + 1 :])
    with pytest.raises(ConfigError, match="fixed activations"):
        tab.settings(N_GRAMS, "gru", "relu", *usual[3:])


def test_the_seconds_are_enforced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tab, "SECONDS", 0.0)
    *_, (shown, run) = tab.trained(run_of(messages(100)), threading.Event())
    assert len(run.history.epochs) == 1
    assert "the 0 seconds were up" in shown
    assert run.fitted is not None


def test_a_run_that_breaks_is_told_with_its_step_and_what_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        history = History((Epoch(10, 0.5, 0.6, 1e-3, 1.0, 0.0, 1.0),), 0, "step 12: found loss nan, row 3")
        raise NotFiniteError("step 12", history)

    monkeypatch.setattr("training.own_texts.fit_texts", broken)
    *_, (shown, run) = tab.trained(run_of(messages(100)), threading.Event())
    assert "The training broke at step 12: found loss nan, row 3" in shown
    assert "<svg" in shown
    assert run.fitted is None
    assert run.found[0].name == "diverging"
    assert run.change is not None
    assert run.change.field == "learning_rate"


def test_leaving_ends_the_run() -> None:
    ended = threading.Event()

    def fit(watch) -> str:
        while watch(History()):
            time.sleep(0.01)
        ended.set()
        return "done"

    runs = followed(fit, threading.Event(), 600.0)
    assert next(runs) == (History(), None)
    runs.close()
    assert ended.is_set()


def test_the_command_is_the_same_training() -> None:
    run = run_of(forwarded(80), N_GRAMS, weight_decay=0.1)
    words = run.command.split()
    assert words[:8] == ["python", "-m", "training.fit", "classify", "--data", "rows.csv", "--start", "n-grams"]
    assert words[words.index("--weight-decay") + 1] == "0.1"
    assert words[words.index("--cell") + 1] == "rnn"
    assert "--clip" not in words


def test_without_the_packages_of_training_the_tab_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import gradio as gr

    monkeypatch.setattr(tab, "find_spec", lambda module: None if module == "sklearn" else object())
    with gr.Blocks() as demo:
        visit = begun(demo)
        with visit.tabs:
            tab.train_tab(visit)
    said = " ".join(str(block.value) for block in demo.blocks.values() if isinstance(block, gr.HTML))
    assert "scikit-learn" in said
    assert "pip install -r requirements.txt" in said
    assert not any(isinstance(block, gr.Button) for block in demo.blocks.values())
