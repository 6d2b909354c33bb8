"""The Train tab in a real browser: tables are uploaded, networks trained, compared, judged, used and taken home."""

from __future__ import annotations

import re
import tempfile
import threading
import time
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from interface.live import followed
from interface.model_view import shown
from interface.train import choices, given, memory, series, tab, texts, view
from interface.train.choices import MEMORY, N_GRAMS, NOTHING, PACKAGED, SERIES, TEXTS, Choices, acting
from interface.train.given import Given
from interface.train.runs import Run, comparable, differences, trained
from interface.visit import begun
from rnn_model import Model, classify, forecast, load
from rnn_model.errors import ConfigError, InputError
from rnn_model.records import Epoch, History
from training import toy_series
from training.fit import main
from training.loop import NotFiniteError
from training.table.splits import split_texts
from training.toy_texts import as_csv, forwarded, messages

LONG = 180_000  # milliseconds; a busy machine is slow, not wrong
HOSTILE = "<script>document.title='taken'</script>"


@pytest.fixture
def page(visitor: BrowserContext, address: str) -> Page:
    page = visitor.new_page()
    page.goto(f"{address}?__theme=light")
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="Train", exact=True).wait_for()
    return page


def upload(page: Page, content: bytes, name: str = "letters.csv") -> None:
    table = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.locator("[role=tabpanel]:visible input[type=file]").set_input_files(table)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def curve(page: Page) -> Locator:
    return page.locator(".picture:visible svg:visible").first


def train(page: Page) -> None:
    """Presses the button and waits until what is shown is no longer the example."""
    press(page, "Train")
    expect(page.get_by_text(re.compile("What you see is an example|A small example is being"))).to_have_count(
        0, timeout=LONG
    )


def test_a_table_is_uploaded_a_network_trained_judged_changed_used_and_downloaded(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = [(f"{HOSTILE} {text}", label) for text, label in messages(20, seed=5)]
    upload(page, as_csv(messages(160) + hostile))
    expect(page.locator(".strip:not(.doctor):visible")).to_contain_text("From letters.csv")
    expect(page.locator(".strip:not(.doctor):visible")).to_contain_text("2 classes")
    expect(page.get_by_role("radio", name="texts with labels")).to_be_checked()
    scratch = tmp_path / "scratch"  # of the server, which runs in this process
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    page.get_by_label("from nothing").click()
    page.get_by_label("Steps", exact=True).fill("60")
    train(page)

    # while it learns
    expect(page.locator(".verdict:visible")).to_contain_text("the best validation so far", timeout=LONG)
    expect(page.locator(".verdict:visible")).to_contain_text(re.compile(r"Step \d+ of 60 \(epoch \d+\.\d\)"))
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
    taken = page.get_by_role("region", name="Take it with you").locator("visible=true")
    expect(taken).to_contain_text("python app.py --weights own-texts")
    expect(taken).to_contain_text("python -m training.publish --model USER/own-texts --weights own-texts")
    with zipfile.ZipFile(download.value.path()) as packed:
        packed.extractall(tmp_path)
    folder = tmp_path / "own-texts"
    assert {"config.json", "model.safetensors", "README.md", "history.json"} <= {path.name for path in folder.iterdir()}
    assert classify(load(folder), "Could you please send the report").label == "polite"
    assert "--start nothing --steps 60" in (folder / "README.md").read_text().replace("--workers 0 ", "")

    # try what the doctor proposes
    page.get_by_role("button", name="Try it").first.click()
    expect(page.locator(".verdict:visible").first).to_contain_text("the best validation loss is", timeout=LONG)
    expect(curve(page)).to_contain_text("before")
    expect(page.locator(".doctor")).to_contain_text("What to do")
    flows = page.get_by_role("img", name=re.compile("ffective memory|explodes")).locator("visible=true")
    expect(flows).to_contain_text("the run before")

    left = [path.name for path in scratch.iterdir() if path.name.startswith("tmp")]  # torch has a folder there, too
    assert left == [], "a run left files behind"


def test_series_are_uploaded_a_forecaster_trained_judged_compared_used_and_downloaded(
    page: Page, tmp_path: Path
) -> None:
    upload(page, toy_series.as_csv(toy_series.shops(6), "2018-01"), "sales.csv")
    expect(page.locator(".strip:not(.doctor):visible")).to_contain_text(
        "6 series; of each the last 14 steps are the test"
    )
    expect(page.get_by_role("radio", name="series of numbers")).to_be_checked()
    expect(page.get_by_label("from the packaged network")).to_be_checked()
    # layers that come with their weights cannot be chosen; those of a new network can
    page.get_by_role("button", name="More choices").click()
    expect(page.get_by_label("Learning rate")).to_have_value("0.0001")
    for name in ("Cell", "Activation", "Initial weights", "Hidden units", "Dropout", "Column of texts"):
        expect(page.get_by_label(name).locator("visible=true")).to_have_count(0)
    page.get_by_label("Steps", exact=True).fill("40")
    train(page)

    expect(page.locator(".doctor")).to_contain_text("What to do", timeout=LONG)
    expect(page.locator(".verdict:visible")).to_contain_text("Kept: the weights of step")
    expect(curve(page)).to_contain_text("Validation loss")
    expect(page.locator(".scores tbody tr")).to_have_count(3)
    expect(page.locator(".scores")).to_contain_text("The packaged network")
    expect(page.locator(".believe:visible")).to_contain_text("with 95 % confidence")
    ends = page.get_by_role("img", name=re.compile("shop .*what was predicted of the last 14 steps, and what came"))
    expect(ends.locator("visible=true")).to_have_count(4)
    expect(ends.locator("visible=true").first).to_contain_text("repeating the last season")
    expect(page.get_by_role("img", name=re.compile("ffective memory")).locator("visible=true")).to_be_visible()

    # take it home
    press(page, "Prepare the download")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the checkpoint").click()
    assert download.value.suggested_filename == "own-series.zip"
    with zipfile.ZipFile(download.value.path()) as packed:
        packed.extractall(tmp_path)
    mine = load(tmp_path / "own-series")
    assert forecast(mine, [1.0, 3.0, 2.0, 4.0, 3.0, 5.0], horizon=2).quantiles.shape == (2, 9)
    assert "--data sales.csv --steps 40" in (tmp_path / "own-series" / "README.md").read_text()

    # the same rows with another start, beside the run before
    page.get_by_label("from nothing").click()
    expect(page.get_by_label("Learning rate")).to_have_value("0.002")
    expect(page.get_by_label("Steps", exact=True)).to_have_value("40")  # as it was turned
    page.get_by_role("radio", name="LSTM").click()
    expect(page.get_by_label("Activation").locator("visible=true")).to_have_count(0)
    expect(page.get_by_label("Dropout").locator("visible=true")).to_have_count(0)
    page.get_by_label("Layers").fill("2")
    expect(page.get_by_label("Dropout")).to_be_visible()
    page.get_by_label("Hidden units").fill("16")
    train(page)
    said = page.locator(".verdict:visible").first
    expect(said).to_contain_text("With start nothing instead of packaged", timeout=LONG)
    expect(curve(page)).to_contain_text("before")

    # use it
    press(page, "Use it in the Forecast tab")
    expect(page.get_by_role("radio", name="yours: own-series")).to_be_checked()
    expect(page.locator(".verdict:visible")).to_contain_text("Dec 1962")
    own = page.locator(".verdict:visible").inner_text()
    page.get_by_role("radio", name="the packaged one").click()
    expect(page.locator(".verdict:visible")).not_to_have_text(own)


def test_two_networks_are_compared_on_the_memory_task(page: Page) -> None:
    press(page, "What can a network remember?")
    expect(page.get_by_text("There is nothing to learn but to remember").first).to_be_visible()
    expect(page.get_by_role("radio", name="texts with labels")).to_have_count(0)
    distance = page.get_by_role("spinbutton", name=re.compile("Steps from the sign to the answer"))
    distance.fill("25")
    distance.press("Tab")
    page.get_by_label("Steps", exact=True).fill("150")
    train(page)

    said = page.locator(".verdict:visible").first
    expect(said).to_contain_text("guessing is right in 25 %", timeout=LONG)
    expect(curve(page)).to_contain_text("RNN tanh, torch's own start")
    expect(page.locator(".doctor")).to_have_count(2)
    expect(page.locator(".doctor").first).to_contain_text("Vanishing gradient")
    expect(page.locator(".scores tbody tr")).to_have_count(2)
    expect(page.locator(".scores tbody tr").last).to_contain_text("25 → 25")
    flows = page.get_by_role("img", name=re.compile("untrained: ")).locator("visible=true")
    expect(flows).to_contain_text("RNN tanh, orthogonal start, trained: memory 25 steps, spectral radius")

    page.get_by_role("button", name="Try it: initialisation orthogonal instead of torch").click()
    expect(said).to_contain_text("with initialisation orthogonal names the sign", timeout=LONG)


def test_an_example_is_stopped_and_what_was_best_by_then_is_kept(page: Page) -> None:
    press(page, "Copies among them")
    expect(page.locator(".strip:not(.doctor):visible")).to_contain_text("Leak suspected")
    page.get_by_label("from nothing").click()
    page.get_by_label("Steps", exact=True).fill("3000")
    train(page)
    expect(page.locator(".verdict:visible")).to_contain_text("the best validation so far", timeout=LONG)
    press(page, "Stop")

    expect(page.locator(".doctor")).to_contain_text("Leak suspected", timeout=LONG)
    expect(page.locator(".verdict:visible").first).to_contain_text("you stopped it")
    expect(page.get_by_role("button", name="Use it in the Classify tab")).to_be_visible()


def test_what_cannot_be_trained_is_explained(page: Page) -> None:
    press(page, "Train")
    # the example that opens the tab is still being trained when this is the first to be asked
    expect(page.get_by_role("alert")).to_contain_text("choose a file, or one of the examples", timeout=LONG)
    upload(page, b"text,label\n<b>a</b>,x\nb,y\n")
    expect(page.get_by_role("alert").first).to_contain_text("expected")
    assert page.locator("[role=alert] b").count() == 0
    press(page, "Train")
    expect(
        page.get_by_role("alert").locator("visible=true").filter(has_text="cannot be trained on as it is")
    ).to_have_count(2)
    expect(page.get_by_text("choose a file, or one of the examples")).to_have_count(0)

    # a table that can be read in two ways is read as its visitor says
    stars = "".join(f"I like number {n} of them very much,{n % 5}\n" for n in range(60))
    upload(page, b"review,stars\n" + stars.encode(), "stars.csv")
    expect(page.locator(".strip:not(.doctor):visible")).to_contain_text("labels from “stars”")
    expect(page.get_by_role("alert").locator("visible=true")).to_have_count(0)
    page.get_by_role("radio", name="series of numbers").click()
    expect(page.locator(".strip:not(.doctor):visible, .problems:visible")).not_to_contain_text("labels from")

    press(page, "Polite or rude")
    expect(page.locator(".strip:not(.doctor):visible")).to_contain_text("600 texts")
    page.get_by_label("Steps", exact=True).fill("100000")
    press(page, "Train")
    expect(page.locator(".problems:visible")).to_contain_text(
        "Steps: expected a whole number from 30 to 3000, found 100000"
    )


def test_a_finished_example_stands_there_until_a_visitor_trains(page: Page) -> None:
    told = page.get_by_text("What you see is an example, “Polite or rude”")
    expect(told).to_be_visible(timeout=LONG)
    expect(curve(page)).to_contain_text("best validation, kept")
    expect(page.locator(".doctor")).to_contain_text("Overfitting")
    expect(page.get_by_role("img", name=re.compile("Confusion matrix")).locator("visible=true")).to_be_visible()
    press(page, "Train")  # without a table
    expect(page.get_by_role("alert")).to_contain_text("choose a file, or one of the examples")
    expect(told).to_be_visible()
    press(page, "Polite or rude")
    page.get_by_label("from nothing").click()
    page.get_by_label("Steps", exact=True).fill("30")
    train(page)
    expect(told).to_have_count(0)
    expect(page.locator(".verdict:visible")).to_contain_text("all 30 steps taken", timeout=LONG)
    page.get_by_role("tab", name="Models").click()
    page.get_by_role("tab", name="Train").click()
    expect(page.locator(".verdict:visible")).to_contain_text("all 30 steps taken")
    expect(told).to_have_count(0)


def test_on_a_phone_the_curves_are_right_under_the_button(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{address}?__theme=light")
    page.get_by_role("tab", name="Train").click()
    press(page, "Polite or rude")
    page.get_by_label("from nothing").click()
    page.get_by_label("Steps", exact=True).fill("30")
    train(page)
    expect(page.locator(".doctor")).to_contain_text("What to do", timeout=LONG)
    expect(page.locator(".verdict:visible")).to_contain_text("all 30 steps taken")
    parts = [
        page.get_by_role("button", name="Train", exact=True),
        page.locator(".verdict:visible"),
        page.get_by_text("one training at a time"),
    ]
    button, said, limits = (part.evaluate("one => one.getBoundingClientRect().toJSON()") for part in parts)
    assert 0 <= said["top"] - button["bottom"] < 40
    assert limits["top"] > said["bottom"]
    page.close()


@pytest.mark.parametrize("example", ["Is the lamp lit?", "Oil tanks", "What can a network remember?"])
@pytest.mark.parametrize("size", [(390, 844), (768, 1024)])
def test_everything_fits_the_window_and_has_a_name(
    browser: Browser, address: str, size: tuple[int, int], example: str
) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.goto(f"{address}?__theme=dark")
    page.get_by_role("tab", name="Train").click()
    press(page, example)
    expect(page.get_by_label("Steps", exact=True)).to_be_visible()
    page.get_by_role("button", name="More choices").click()
    expect(page.get_by_label("Learning rate")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input, textarea, select, a[href]')]
            .filter(e => e.offsetParent !== null && e.type !== 'file')
            .filter(e => !(e.innerText || e.ariaLabel || e.title || (e.labels && e.labels.length)))
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    page.close()


def test_the_keyboard_alone_trains(page: Page) -> None:
    example = page.get_by_role("button", name="Polite or rude")
    example.focus()
    page.keyboard.press("Enter")
    steps = page.get_by_label("Steps", exact=True)
    expect(steps).to_have_value("600")

    def tab_to(wanted: Locator) -> None:
        for _ in range(30):
            page.keyboard.press("Tab")
            if wanted.evaluate("one => one === document.activeElement"):
                return
        raise AssertionError(f"{wanted} cannot be reached by Tab")

    tab_to(page.get_by_label("from n-grams"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("from nothing")).to_be_checked()
    tab_to(steps)
    page.keyboard.press("Control+a")
    page.keyboard.type("30")
    expect(page.get_by_text("What you see is an example")).to_be_visible(timeout=LONG)
    tab_to(page.get_by_role("button", name="Train", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_text("What you see is an example")).to_have_count(0, timeout=LONG)
    expect(page.locator(".doctor")).to_contain_text("What to do", timeout=LONG)
    expect(page.locator(".verdict:visible").first).to_contain_text("all 30 steps taken")


# Without a browser

PLAIN = Choices(NOTHING, hidden_size=32, learning_rate=3e-3, steps=60)


def run_of(rows, chosen: Choices = PLAIN, **other) -> Run:
    run = texts.asked(Given("rows.csv", as_csv(rows)), chosen)
    return replace(run, recipe=replace(run.recipe, **other))


def series_of(columns: toy_series.Columns, model: Model, chosen: Choices) -> Run:
    return series.asked(Given("sales.csv", toy_series.as_csv(columns, "2018-01")), chosen, model)


def test_what_a_table_is_can_be_told_from_what_stands_in_it() -> None:
    def kind(content: str) -> str:
        return given.kind_of(Given("table.csv", content.encode()))

    assert kind(as_csv(messages(100)).decode()) == TEXTS
    for columns, first, _ in toy_series.TOY_SERIES.values():
        assert kind(toy_series.as_csv(columns(), first).decode()) == SERIES
    stacked = "".join(f"2020-{m:02},Main Street Store {c},{7 * m}\n" for c in "ABC" for m in range(1, 13))
    assert kind("date,store,units\n" + stacked) == SERIES
    assert kind("day,sold\n" + "".join(f"Monday {n},{n % 4}\n" for n in range(60))) == SERIES
    letters = [f"{one}{two}olos" for one in "ABCDEFGH" for two in "aeiou"]
    names = "".join(f"{name},{'Greek' if n % 2 else 'German'}\n" for n, name in enumerate(letters))
    assert kind("name,origin\n" + names) == TEXTS
    rated = "".join(f"A rather long text about thing {n * 37},{n % 3}\n" for n in range(60))
    assert kind("review,stars\n" + rated) == TEXTS
    with pytest.raises(InputError, match=r"as texts with labels.*\n.*found no numbers.*as series"):
        kind("to be\nor not to be\n")
    with pytest.raises(InputError, match=r"\A[^\n]*a PDF[^\n]*\Z"):
        kind("%PDF-1.4")


def test_only_knobs_that_change_what_comes_of_a_training_are_shown(model: Model) -> None:
    """Each knob that is shown changes the configuration or the rows; each that is hidden changes nothing."""
    other = {
        "start": NOTHING, "cell": "lstm", "activation": "relu", "initialisation": "xavier", "layers": 2,
        "hidden_size": 8, "dropout": 0.3, "learning_rate": 0.02, "clip": 0.5, "steps": 90, "seed": 5,
        "horizon": 3, "season": 4, "text_column": "text", "label_column": "label",
    }  # fmt: skip
    rows, numbers = as_csv(messages(60)), toy_series.as_csv(toy_series.shops(3), "2018-01")

    def asked(kind: str, chosen: Choices) -> object:
        if kind == MEMORY:
            return memory.asked(chosen, ("rnn", "tanh", "torch"), ("gru", "tanh", "torch"), 5).sides
        if kind == TEXTS:
            run = texts.asked(Given("rows.csv", rows), chosen)
            assert isinstance(run.task, texts.Texts)
            return run.recipe, run.cell, run.task.start, run.task.split.train
        run = series.asked(Given("numbers.csv", numbers), chosen, model)
        return run.recipe, run.cell, run.task.start, run.task.identity

    for kind, start in ((TEXTS, N_GRAMS), (TEXTS, NOTHING), (SERIES, PACKAGED), (SERIES, NOTHING), (MEMORY, NOTHING)):
        for cell, layers in (("rnn", 1), ("gru", 2)):
            usual = Choices(start, cell, layers=layers)
            shown = acting(kind, start, cell, layers)
            for name, value in other.items():
                chosen = replace(usual, **{name: value})
                if value == getattr(usual, name) or name in ("text_column", "label_column"):
                    continue
                if name == "cell" and value != cell:
                    chosen = replace(chosen, activation="tanh")
                assert (asked(kind, chosen) != asked(kind, usual)) == (name in shown), (kind, start, cell, name)
    assert {"text_column", "label_column"} <= acting(TEXTS, N_GRAMS, "rnn", 1)


def test_more_than_a_visitor_may_ask_for_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    for most, value in {
        "MOST_ROWS": 150,
        "MOST_LETTERS": 999,
        "MOST_CLASSES": 1,
        "MOST_SERIES": 2,
        "MOST_VALUES": 100,
    }.items():
        monkeypatch.setattr(given, most, value)
    with pytest.raises(
        InputError, match=r"at most 150 here, found 200 rows.*\n.*\n.*at most 1 here, found 2 cl"
    ) as caught:
        run_of(messages(200))
    letters = sum(len(text) for text, _ in messages(200))
    assert f"at most 999 here, found {letters:,} characters of text. Leave some rows out" in str(caught.value)
    with pytest.raises(InputError, match=r"at most 2 here, found 3 series.*\n.*at most 100 here, found 216 values"):
        series_of(toy_series.shops(3), model, Choices(PACKAGED))
    for wrong, said in (
        ({"cell": "lstn"}, "did you mean 'lstm'"),
        ({"layers": 5}, "layers: expected a whole number from 1 to 4"),
        ({"hidden_size": 1024}, "hidden_size: expected a whole number from 1 to 256"),
        ({"layers": 2, "dropout": None}, "dropout"),
        ({"learning_rate": None}, "learning_rate"),
        ({"steps": None}, "steps"),
        ({"layers": None}, "layers"),
        ({"cell": "gru", "initialisation": "identity"}, "'identity' is defined for cell 'rnn'"),
    ):
        for asked in (
            lambda chosen: texts.asked(Given("rows.csv", as_csv(messages(60))), chosen),
            lambda chosen: series_of(toy_series.shops(3), model, chosen),
            lambda chosen: memory.asked(chosen, ("rnn", "tanh", "torch"), ("rnn", "relu", "torch"), 5),
        ):
            if "cell" in wrong and asked.__code__.co_names[:1] == ("memory",):
                continue
            with pytest.raises(ConfigError, match=re.escape(said)):
                asked(replace(PLAIN, **wrong))
    with pytest.raises(ConfigError, match="horizon: expected a whole number from 0 to 60"):
        series_of(toy_series.shops(2), model, Choices(PACKAGED, horizon=-3))
    with pytest.raises(ConfigError, match="distance: expected a whole number from 1 to 100"):
        memory.asked(PLAIN, ("rnn", "tanh", "torch"), ("gru", "tanh", "torch"), 1000)
    with pytest.raises(InputError, match="two networks that are the same"):
        memory.asked(PLAIN, ("gru", "tanh", "torch"), ("gru", "relu", "torch"), 5)


def test_a_refused_choice_is_called_as_on_its_knob() -> None:
    with pytest.raises(ConfigError) as caught:
        texts.asked(Given("rows.csv", as_csv(messages(60))), replace(PLAIN, learning_rate=None, clip=-1.0))
    assert view.refusal(caught.value).count("<li>") == 2
    assert "<li>Learning rate: expected a number from 0.0 to 10.0, found nothing</li>" in view.refusal(caught.value)
    assert "<li>Clip gradients at: expected a number" in view.refusal(caught.value)
    assert set(choices.LABELS) == {entry.name for entry in fields(Choices)} | {"distance"}


def test_the_seconds_are_enforced(monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    monkeypatch.setattr(choices, "SECONDS", 0.0)
    for run in (run_of(messages(100)), series_of(toy_series.shops(3), model, Choices(PACKAGED, learning_rate=1e-4))):
        *_, (said, ended) = trained(run, threading.Event())
        assert len(ended.history.epochs) == 1
        assert "the 0 seconds were up" in said
        assert ended.outcome is not None
    pair = memory.asked(PLAIN, ("rnn", "tanh", "torch"), ("gru", "tanh", "torch"), 5)
    *_, (_, both) = memory.compared(pair, threading.Event())
    assert [len(one.history.epochs) for one in both.made] == [1, 1]


def test_a_run_that_breaks_at_once_is_told_with_its_step_and_what_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise NotFiniteError("step 2", History((), 0, "step 2: found loss nan, row 3"))

    monkeypatch.setattr("training.own_texts.fit_texts", broken)
    *_, (said, run) = trained(run_of(messages(100)), threading.Event())
    assert "The training broke at step 2: found loss nan, row 3" in said
    assert run.outcome is None
    assert run.found[0].name == "diverging"
    assert run.changes[0].field == "learning_rate"


@pytest.mark.parametrize("kind", [TEXTS, SERIES])
def test_a_run_that_breaks_later_keeps_the_last_good_weights(
    kind: str, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the fifth step on a loss is nan, as from one wild row."""
    import torch

    module = {TEXTS: "training.own_texts", SERIES: "training.own_series"}[kind]
    calls = []

    def spoilt(network, batch):
        from training import classifying, forecasting

        rows = (classifying if kind == TEXTS else forecasting).loss_of(network, batch)
        calls.append(len(rows))
        spoil = torch.where(torch.arange(len(rows)) == 7, torch.nan, 1.0)
        return rows * spoil if len(calls) > 4 else rows

    monkeypatch.setattr(f"{module}.loss_of", spoilt)
    run = (
        run_of(messages(100))
        if kind == TEXTS
        else series_of(toy_series.shops(3), model, replace(PLAIN, start=PACKAGED))
    )
    *_, (said, ended) = trained(run, threading.Event())
    assert "step 5: expected a finite loss and gradient, found loss nan" in said
    assert "caused by row 7" in said
    assert "Kept: the weights of step" in said
    assert ended.outcome is not None
    assert ended.found[0].name == "diverging"
    assert all(parameter.isfinite().all() for parameter in ended.outcome.model.network.parameters())


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


def test_the_command_is_the_same_training(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(forwarded(80), replace(PLAIN, start=N_GRAMS), weight_decay=0.1)
    words = run.task.command(run.recipe, run.cell).split()
    assert words[:8] == ["python", "-m", "training.fit", "classify", "--data", "rows.csv", "--start", "n-grams"]
    assert words[words.index("--weight-decay") + 1] == "0.1"
    assert words[words.index("--cell") + 1] == "rnn"
    assert "--clip" not in words

    # of series it is carried out, and makes the same weights
    (tmp_path / "weights").symlink_to(Path(__file__).resolve().parent.parent / "weights")
    monkeypatch.chdir(tmp_path)
    chosen = Choices(NOTHING, "gru", hidden_size=6, learning_rate=5e-3, steps=30, horizon=4)
    run = series_of(toy_series.shops(3), model, chosen)
    Path("sales.csv").write_bytes(toy_series.as_csv(toy_series.shops(3), "2018-01"))
    words = run.task.command(run.recipe, run.cell).split()
    assert main([*words[3:], "--replace", "--out", "mine"]) == 0
    *_, (_, ended) = trained(run, threading.Event())
    assert ended.outcome is not None
    ours = ended.outcome.model.network.state_dict()
    assert all(tensor.equal(ours[name]) for name, tensor in load("mine").network.state_dict().items())
    told = shown(ended.outcome.model, own=True)  # in the Models tab
    assert "On held-out ends of its series" in told
    assert "3 series of sales.csv" in told


def test_a_run_stands_beside_the_one_before_where_that_says_something(model: Model) -> None:
    first = run_of(messages(60))
    assert comparable(None, first) is None
    assert comparable(first, first) is None, "nothing to see yet"
    learnt = replace(first, history=History((Epoch(10, 0.5, 0.6, 1e-3, 1.0, 0.0, 1.0),)))
    assert comparable(learnt, first) is None, "nothing differs"
    other = run_of(messages(60), replace(PLAIN, cell="lstm", clip=0.5))
    assert comparable(learnt, other) is learnt
    told = [(change.field, change.before, change.after) for change in differences(learnt, other)]
    assert told == [("cell", "rnn", "lstm"), ("clip", 1.0, 0.5)]
    assert "With cell lstm instead of rnn, clip 0.5 instead of 1.0" in view.compared(
        learnt.history, learnt.history, differences(learnt, other)
    )
    hardly = replace(learnt.history, epochs=(replace(learnt.history.epochs[0], valid_loss=0.5999),))
    assert "is 0.600, before 0.600: no better" in view.compared(learnt.history, hardly, ())
    assert comparable(learnt, run_of(messages(80), replace(PLAIN, cell="lstm"))) is None, "other rows"
    assert comparable(learnt, run_of(messages(60), replace(PLAIN, seed=3))) is None, "dealt out otherwise"
    assert comparable(learnt, series_of(toy_series.shops(2), model, Choices(PACKAGED))) is None


def test_the_usual_choices_are_those_of_the_recipes() -> None:
    from training.own_series import FINE
    from training.own_texts import CELL, RECIPE

    usual = choices.usual(TEXTS, N_GRAMS)
    run = run_of(messages(60), usual)
    assert run.cell == CELL
    assert (run.recipe.learning_rate, run.recipe.clip) == (RECIPE.learning_rate, RECIPE.clip)
    assert choices.usual(SERIES, PACKAGED).steps == FINE.steps
    for kind, start in ((TEXTS, NOTHING), (SERIES, NOTHING), (MEMORY, NOTHING)):
        assert 30 <= choices.usual(kind, start).steps <= choices.USUAL_STEPS


def test_the_split_a_visitor_sees_is_the_one_that_is_trained_on() -> None:
    run = run_of(messages(60), replace(PLAIN, seed=4))
    assert isinstance(run.task, texts.Texts)
    assert run.task.split == split_texts(run.task.table, 4)


def test_without_the_packages_of_training_the_tab_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, model: Model
) -> None:
    import gradio as gr

    monkeypatch.setattr(tab, "find_spec", lambda module: None if module == "sklearn" else object())
    with gr.Blocks() as demo:
        visit = begun(demo)
        with visit.tabs:
            tab.train_tab(model, visit)
    said = " ".join(str(block.value) for block in demo.blocks.values() if isinstance(block, gr.HTML))
    assert "scikit-learn" in said
    assert "pip install -r requirements.txt" in said
    assert not any(isinstance(block, gr.Button) for block in demo.blocks.values())
