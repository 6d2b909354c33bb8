"""The README is true: its commands exist, its Python runs, its tree and its results are those of the repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def readme(script):
    return script("readme")


def test_results_and_tree_are_up_to_date(readme):
    assert readme.written(README) == README, "run: make readme"


def test_the_tree_leaves_no_place_out(readme):
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    places = {f"{name.split('/')[0]}/" if "/" in name else name for name in tracked if name}
    given = {"requirements.txt", "README.md", "pyproject.toml", "Makefile", "LICENSE", ".gitignore", ".ci/"}

    assert places - given == set(readme.PLACES)


def test_a_stale_section_is_noticed(readme):
    stale = README.replace("\n  plots.py", "\n  plans.py")

    assert stale != README
    assert readme.written(stale) == README


def test_missing_marks_are_named(readme):
    with pytest.raises(ValueError, match="end of tree"):
        readme.written(README.replace("<!-- end of tree -->", ""))


@pytest.mark.parametrize("code", blocks("python"))
def test_python_runs(code, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    exec(compile(code, "README.md", "exec"), {})

    assert len(capsys.readouterr().out) > 10


def test_every_make_target_and_command_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = "\n".join(blocks("sh"))

    for target in re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for module in re.findall(r"-m (training\.\w+)", commands):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module
    for path in re.findall(r"[\w./]+\.(?:py|txt)\b", commands):
        assert (ROOT / path).exists(), path


def test_every_link_and_picture_exists():
    links = re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r"(?:src|srcset)=\"([^\"]+)\"", README)

    assert links
    for link in links:
        assert link.startswith("https://") or (ROOT / link).exists(), link
