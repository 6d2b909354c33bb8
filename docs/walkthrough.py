"""python docs/walkthrough.py: the first walk of a new person, for real, and docs/walkthrough.md with what it took.

From a fresh clone and with the README's commands: the app is installed and started, a browser forecasts a spreadsheet's
column and trains a classifier from a table of texts, and its publication is rehearsed.
"""

from __future__ import annotations

import csv
import datetime
import io
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl import Workbook
from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT, PICTURES = ROOT / "docs" / "walkthrough.md", ROOT / "docs" / "walkthrough"
LIMIT = 600.0  # seconds that the whole may take
PATIENCE = 300_000  # milliseconds; a busy machine is slow, not wrong
SETTLED = 1000  # milliseconds until nothing on the page is faint or moving any more
SHADES = 96  # colours of a screenshot; more only make the file larger
MESSAGE = "Please put aside two poppy seed cakes for Saturday morning"

INTRODUCTION = """# A first walk

What a person who has only the [README](../README.md) does to get a forecast of a column of their own spreadsheet, a
classifier trained from their own table, and the rehearsal of its publication. `python docs/walkthrough.py` has walked
it from a fresh clone, with a spreadsheet and a table that it made up, and wrote this page: every second, sentence and
picture below is what came of it, on a machine with {cores} cores, no GPU and {others:.1f} other programs at work (load
average). Packages came from nearby; over a slow line the first step takes as long as it takes to fetch them. Reading
and thinking are not counted.
"""


@dataclass
class Step:
    """One thing that a person does.

    Attributes:
        title: what for.
        words: what is done, as Markdown.
        seconds: from the last keystroke or click until the answer was there.
        said: what the program answered, line by line.
        picture: file name of the screenshot.
    """

    title: str
    words: str
    seconds: float = 0.0
    said: list[str] = field(default_factory=list)
    picture: str = ""


class Walk:
    """The steps taken so far."""

    def __init__(self, pictures: Path) -> None:
        """
        Args:
            pictures: folder for the screenshots.
        """
        self.steps: list[Step] = []
        self.pictures = pictures

    @contextmanager
    def step(self, title: str, words: str) -> Iterator[Step]:
        """Times what is done inside."""
        step = Step(title, words)
        began = time.monotonic()
        yield step
        step.seconds = step.seconds or time.monotonic() - began
        self.steps.append(step)
        print(f"{step.seconds:>6.1f} s  {title}", flush=True)

    def shoot(self, page: Page, step: Step, name: str) -> None:
        """A screenshot of the window in few colours; it does not count as time of the step."""
        step.picture = f"{name}.png"
        page.evaluate("scrollTo(0, 0)")
        page.wait_for_timeout(SETTLED)
        taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        self.pictures.mkdir(exist_ok=True)
        taken.quantize(SHADES, dither=Image.Dither.NONE).save(self.pictures / step.picture, optimize=True)


# What the person brings


def takings(months: int = 66) -> bytes:
    """A bakery's workbook: a title, a header, dates, two columns of amounts, a remark, and a total that is no value."""
    drawn = random.Random(4)
    book = Workbook()
    sheet = book.active
    sheet.append(["Corner bakery, takings in €"])
    sheet.append([])
    sheet.append(["Month", "Bread", "Coffee", "Remarks"])
    for month in range(months):
        bread = 8200 + 35 * month + 900 * math.cos(math.tau * (month - 11) / 12) + drawn.gauss(0, 180)
        coffee = 3100 + 60 * month + 500 * math.cos(math.tau * (month - 6) / 12) + drawn.gauss(0, 120)
        day = datetime.date(2020 + month // 12, month % 12 + 1, 1)
        sheet.append([day, round(bread, 2), round(coffee, 2), "closed for two days" if month == 17 else None])
    last = sheet.max_row
    sheet.append(["Total", f"=SUM(B4:B{last})", f"=SUM(C4:C{last})"])
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


_OPENINGS = ("", "", "Hello, ", "Good morning, ", "Dear bakers, ", "Hi, ")
_GOODS = (
    "rye bread", "croissants", "poppy seed cake", "rolls", "apple tart", "pretzels", "cheesecake", "baguettes",
    "plum cake", "cinnamon buns", "spelt loaf", "eclairs", "walnut loaf", "muffins", "brioche", "sourdough",
    "gingerbread", "macaroons", "onion bread", "doughnuts", "marble cake", "bagels", "ciabatta", "strudel",
)  # fmt: skip
_DAYS = (
    "on Monday", "yesterday", "on Saturday", "this morning", "at the weekend", "on Thursday", "at noon", "last week",
    "on Friday", "on Sunday", "tonight", "before ten", "on Tuesday", "after work", "for breakfast", "at four",
    "on the 3rd", "in March", "for the party", "on Wednesday",
)  # fmt: skip
_WHOSE = ("my", "our", "the", "half of the", "all the", "your")
_WAS = ("was", "came out", "turned out", "tasted", "looked")
_ASKS = ("please", "could you", "would you", "can somebody", "I ask you to", "we need you to", "may we have you")
_VERBS = ("put aside", "keep", "save", "reserve", "bake", "set apart", "pack", "hold back")
_WHY = ("", ", a birthday", ", I come early", ", my sister collects them", ", we have guests", ", as always")
_BAD = ("burnt", "stale", "dry", "hard as stone", "half raw", "soaked", "far too salty", "squashed", "mouldy", "tiny")
_ANGRY = ("", ", money back", ", for the second time", ", nobody answered", ", how can that be", ", sadly")
_FINE = ("wonderful", "so soft", "perfect", "better than ever", "like grandmother's", "crisp", "a delight", "lovely")
_HAPPY = ("", ", thank you", ", my guests agreed", ", change nothing", ", well done", ", we come again")


def mail(rows: int = 480) -> bytes:
    """Messages to the bakery and what each of them is, as CSV; one in seven is two things at once, filed as either."""
    drawn = random.Random(8)

    def one(kind: str) -> str:
        good, day = drawn.choice(_GOODS), drawn.choice(_DAYS)
        if kind == "order":
            what, end = f"{drawn.choice(_VERBS)} {drawn.randint(2, 30)} {good}", drawn.choice(_WHY)
            said = (f"{drawn.choice(_ASKS)} {what} {day}{end}", f"{day} {drawn.choice(_ASKS)} {what}{end}")
        else:
            how, ends = (_BAD, _ANGRY) if kind == "complaint" else (_FINE, _HAPPY)
            whose, was = drawn.choice(_WHOSE), f"{drawn.choice(_WAS)} {drawn.choice(how)}{drawn.choice(ends)}"
            said = (f"{whose} {good} {day} {was}", f"{day} {whose} {good} {was}")
        return drawn.choice(said)

    kinds = ("order", "complaint", "praise")
    found: dict[str, str] = {}
    while len(found) < rows:
        kind = kinds[len(found) % 3]
        text = one(kind)
        if drawn.random() < 1 / 7:
            other = drawn.choice(kinds)
            text, kind = f"{text}. Also, {one(other)}", drawn.choice((kind, other))
        text = drawn.choice(_OPENINGS) + text
        found.setdefault(text[0].upper() + text[1:], kind)
    sink = io.StringIO()
    csv.writer(sink).writerows([("message", "kind"), *found.items()])
    return sink.getvalue().encode()


# The walk


def in_the_page(walk: Walk, page: Page, address: str, own: Path, rows: int = 480) -> Path:
    """Forecasts the spreadsheet, trains on the table, asks the new network and takes it home.

    Args:
        walk: where the steps are kept.
        page: of a browser.
        address: of the running app.
        own: folder of the person's files.
        rows: of the table.

    Returns:
        The folder of the checkpoint that was taken home.
    """
    (own / "bakery.xlsx").write_bytes(takings())
    (own / "messages.csv").write_bytes(mail(rows))
    verdict = page.locator(".verdict:visible").first
    page.set_default_timeout(PATIENCE)

    with walk.step("Open the page", "The address goes into a browser. An example is forecast already."):
        page.goto(address)
        page.get_by_role("grid", name="Table").wait_for()

    words = "“or choose a CSV, TSV, TXT, JSON or XLSX file”: `bakery.xlsx`, as it is, with title, remarks and total."
    with walk.step("Give it the spreadsheet", words) as step:
        _choose(page, own / "bakery.xlsx")
        page.get_by_text("From bakery.xlsx").wait_for()
        step.said = page.locator(".strip:visible li").all_inner_texts()

    words = "It has taken the last column. “Series” has the other one: Bread. “Steps ahead”: 12, a year."
    with walk.step("Choose the column", words) as step:
        before = verdict.inner_text()
        page.get_by_label("Series").click()
        page.get_by_role("option", name="Bread").click()
        page.wait_for_function("before => document.querySelector('.verdict').innerText !== before", arg=before)
        page.get_by_label("Steps ahead").fill("12")
        page.get_by_label("Steps ahead").press("Enter")
        page.locator(".verdict:visible", has_text="The next 12 months").wait_for()
        step.said = [verdict.inner_text(), page.locator(".believe:visible").first.inner_text()]
    walk.shoot(page, step, "forecast")

    words = (
        "The tab “Train”, “Choose a CSV …”: `messages.csv`. It finds the columns and says how the rows are dealt out."
    )
    with walk.step("Give it the table of texts", words) as step:
        page.get_by_role("tab", name="Train").click()
        example = page.get_by_text("What you see is an example")
        example.wait_for()
        _choose(page, own / "messages.csv")
        page.locator(".strip:visible", has_text="From messages.csv").wait_for()
        step.said = page.locator(".strip:not(.doctor):visible li").all_inner_texts()

    words = "“Train”, with everything as it stands there. The curves grow while it learns; then it is judged."
    with walk.step("Train", words) as step:
        page.get_by_role("button", name="Train", exact=True).click()
        example.wait_for(state="detached")
        page.locator(".doctor:visible").wait_for()
        step.said = [verdict.inner_text(), *page.locator(".believe:visible p").all_inner_texts()]
    walk.shoot(page, step, "train")

    words = f"“Use it in the Classify tab”, a message that is in no row of the table, “Classify”: “{MESSAGE}”."
    with walk.step("Ask the new network", words) as step:
        page.get_by_role("button", name="Use it in the Classify tab").click()
        page.get_by_role("radio", name="yours: own-texts").wait_for()
        page.get_by_label("Your text").fill(MESSAGE)
        page.get_by_role("button", name="Classify", exact=True).click()
        page.locator(".letters:visible", has_text=MESSAGE).wait_for()
        step.said = [verdict.inner_text()]
    walk.shoot(page, step, "classify")

    words = "The tab “Train”: “Prepare the download”, “Download the checkpoint”. The ZIP is unpacked beside the app."
    with walk.step("Take it home", words) as step:
        page.get_by_role("tab", name="Train").click()
        page.get_by_role("button", name="Prepare the download").click()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download the checkpoint").click()
        with zipfile.ZipFile(download.value.path()) as packed:
            packed.extractall(own)
        step.said = sorted(f"own-texts/{path.name}" for path in (own / "own-texts").iterdir())
    return own / "own-texts"


def rehearsal(walk: Walk, checkout: Path, environment: dict[str, str]) -> None:
    """The dry run of a publication of `own-texts`, in a checkout."""
    command = "python -m training.publish --model YOU/own-texts --weights own-texts"
    words = f"In another terminal, from the README: `source .venv/bin/activate`, then `{command}`. Nothing is sent."
    with walk.step("Rehearse the publication", words) as step:
        done = subprocess.run(
            ["bash", "-c", command], cwd=checkout, env=environment, capture_output=True, text=True, check=False
        )
        step.said = [line for line in (done.stdout + done.stderr).splitlines() if line]


def _choose(page: Page, file: Path) -> None:
    page.locator("[role=tabpanel]:visible input[type=file]").first.set_input_files(file)


# The page that tells of it


def told(steps: Sequence[Step], others: float) -> str:
    """The steps as Markdown.

    Args:
        steps: as they were taken.
        others: load average of the machine before the first of them.
    """
    total = sum(step.seconds for step in steps)
    parts = [
        INTRODUCTION.format(cores=os.cpu_count(), others=others),
        f"All of it took {total:.0f} seconds of waiting, which is {total / 60:.1f} minutes.\n",
    ]
    for number, step in enumerate(steps, 1):
        parts.append(f"## {number}. {step.title}: {step.seconds:.1f} s\n\n{step.words}\n")
        if step.said:
            parts.append("\n".join(["```text", *(line.replace("```", "") for line in step.said), "```\n"]))
        if step.picture:
            parts.append(f"![The page after this step: {step.title.lower()}](walkthrough/{step.picture})\n")
    return "\n".join(parts)


def main() -> int:
    """Walks; 0 if it took no longer than LIMIT, and only then the page is written."""
    others = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        checkout, walk = Path(folder) / "unrolled", Walk(Path(folder) / "pictures")
        subprocess.run(["git", "clone", "-q", str(ROOT), str(checkout)], check=True)
        # nobody's token, and no environment but the one that is made here
        environment = {name: value for name, value in os.environ.items() if name not in ("HF_TOKEN", "VIRTUAL_ENV")}
        environment |= {"HF_HOME": f"{folder}/hub", "PYTHONUNBUFFERED": "1"}
        words = "In a fresh clone: `make demo`. It makes an environment, installs what the app needs and starts it."
        with walk.step("Install and start", words) as step:
            app = subprocess.Popen(
                ["make", "demo"],
                cwd=checkout,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            assert app.stdout is not None
            for line in app.stdout:
                step.said += [line.rstrip()] if line[0] in "IU" else []  # not the commands that make repeats
                if found := re.search(r"Unrolled is at (http://[\d.:]+)", line):
                    break
            else:
                raise SystemExit("make demo ended without an address")
        try:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            in_the_page(walk, page, found[1], checkout)
            browser.close()
        finally:
            os.killpg(app.pid, signal.SIGINT)
            app.wait(60)
        binaries = checkout / ".venv" / "bin"
        rehearsal(walk, checkout, environment | {"PATH": f"{binaries}{os.pathsep}{environment['PATH']}"})
        total = sum(step.seconds for step in walk.steps)
        print(f"{total:>6.1f} s  in all")
        if total > LIMIT:
            print(f"expected at most {LIMIT:.0f} s. The page stays as it was; is the machine busy?", file=sys.stderr)
            return 1
        DOCUMENT.write_text(told(walk.steps, others), encoding="utf-8")
        shutil.copytree(walk.pictures, PICTURES, dirs_exist_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
