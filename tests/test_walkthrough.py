"""The first walk can be walked, and docs/walkthrough.md tells of the walk as it is now."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from checkout import cloned, environment

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "walkthrough.md"
LARGEST = 150_000  # bytes of a screenshot


@pytest.fixture(scope="module")
def program(script):
    return script("walkthrough")


@pytest.fixture(scope="module")
def walk(program, browser, address, tmp_path_factory):
    """Walked for real in the app of the session, with fewer messages; only the installation is left out."""
    place = cloned(tmp_path_factory.mktemp("clone"))
    taken = program.Walk(place / "pictures")
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    program.in_the_page(taken, page, address, place, rows=150)
    page.close()
    surroundings = environment("http://127.0.0.1:9", place / "home", token="")
    path = f"{Path(sys.executable).parent}{os.pathsep}{surroundings['PATH']}"
    program.rehearsal(taken, place, surroundings | {"PATH": path})
    return taken


def test_it_ends_in_a_forecast_a_classifier_and_a_rehearsal(walk):
    said = {step.title: "\n".join(step.said) for step in walk.steps}

    assert "expected near" in said["Choose the column"]
    assert "test rows" in said["Train"]
    assert re.match("order|Not sure", said["Ask the new network"])
    assert "own-texts/model.safetensors" in said["Take it home"]
    assert "model.safetensors" in said["Rehearse the publication"]
    assert said["Rehearse the publication"].count("- expected") == 1  # a token, and nothing else
    assert "Make a token" in said["Rehearse the publication"]


def test_the_page_tells_of_this_walk(walk):
    page = DOCUMENT.read_text(encoding="utf-8")
    titles = re.findall(r"^## \d+\. (.+): ([\d.]+) s$", page, re.MULTILINE)

    assert [title for title, _ in titles][1:] == [step.title for step in walk.steps]  # the first one installs
    for step in walk.steps:
        assert step.words in page, "run: python docs/walkthrough.py"
    assert re.findall(r"\]\(walkthrough/(.+)\)", page) == [step.picture for step in walk.steps if step.picture]


def test_it_took_less_than_ten_minutes(program):
    seconds = [float(found) for found in re.findall(r"^## .+: ([\d.]+) s$", DOCUMENT.read_text("utf-8"), re.MULTILINE)]

    assert 0 < sum(seconds) < program.LIMIT == 600


def test_the_pictures_are_there_and_small():
    shown = set(re.findall(r"\]\(walkthrough/(.+)\)", DOCUMENT.read_text(encoding="utf-8")))
    kept = {path.name: path.stat().st_size for path in (ROOT / "docs" / "walkthrough").iterdir()}

    assert shown == set(kept)
    assert max(kept.values()) < LARGEST


def test_its_terminal_commands_stand_in_the_readme(program):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    source = Path(program.__file__).read_text(encoding="utf-8")

    for command in ("make demo", "source .venv/bin/activate", "python -m training.publish --model"):
        assert command in readme
        assert command in source
