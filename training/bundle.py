"""What goes to the Hugging Face Hub: the files of a Space or of a model, and all that is wrong with them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from rnn_model.checkpoint import CARD, CONFIG, WEIGHTS, load
from rnn_model.errors import CheckpointError, Problem
from rnn_model.records import history_of
from training import card, card_pictures
from training.card_parts import PROJECT, Place

APP, LICENCE, REQUIREMENTS = "app.py", "LICENSE", "requirements.txt"
CHECKPOINTS = "weights"  # every folder in it that has a configuration is published
SERVED = f"{CHECKPOINTS}/forecast"  # what app.py loads
SOURCES = "docs/data-sources.md"

# What may leave: these files, what the README shows, and in these folders files of these kinds.  Nothing is sent
# because it is there.
FILES = (APP, LICENCE, SOURCES)
FOLDERS = ("interface", "rnn_model", "training")
KINDS = (".css", ".csv", ".html", ".js", ".json", ".md", ".png", ".py", ".safetensors", ".svg", ".txt")
CACHES = ("__pycache__", "runs")
MOST_BYTES = 1_000_000_000

SECRET_NAMES = (
    ".env", ".env.*", "*.env", ".netrc", ".npmrc", ".pypirc", ".git-credentials", "credentials*", "secrets.*",
    "token", "token.txt", "*.token", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*",
    "*.pem", "*.key", "*.p12", "*.pfx", "*.kdbx",
)  # fmt: skip
SECRET_TEXT = re.compile(
    rb"\bhf_[A-Za-z0-9]{30,}|\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_\w{40,}|\bsk-[A-Za-z0-9_-]{32,}"
    rb"|\bAKIA[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)

# Sections of the README that speak of files which are not sent.
OF_THE_CHECKOUT = ("Start", "Train on your own data", "Publish", "Where things are")

# https://huggingface.co/docs/hub/spaces-config-reference
FRONT_MATTER: Mapping[str, Any] = {
    "title": "Unrolled",
    "emoji": "📈",
    "colorFrom": "blue",
    "colorTo": "gray",
    "sdk": "gradio",
    "app_file": APP,
    "python_version": "3.11",  # a Space's own default is too old for numpy, pandas and matplotlib as pinned
    "license": "apache-2.0",
    "short_description": "Paste numbers, see what comes next and how sure it is",
    "tags": card.TAGS,
}
COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
PYTHONS = ("3.11", "3.12")
LONGEST_DESCRIPTION = 60

# Only here: without it pip takes the build for GPUs on Linux, several GB that a free Space has no use for.  Where this
# project is developed the plain pin already brings the build for CPUs, so requirements.txt does without.
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"


@dataclass(frozen=True)
class Bundle:
    """What one repository on the Hub will hold.

    Attributes:
        kind: "space" or "model".
        name: "user/name" there.
        files: path there -> content.  Read once: what was checked is what is sent.
        left_out: files beside them that are of no kind that is sent.
        problems: everything that speaks against sending it.
    """

    kind: str
    name: str
    files: Mapping[str, bytes]
    left_out: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self.files.values()))


def space_bundle(root: Path, name: str, models: tuple[str, ...] = ()) -> Bundle:
    """The app with its weights, as a Space runs it.

    Args:
        root: of the checkout.
        name: "user/space".
        models: ids of the models on the Hub that it shows.
    """
    checkpoints = _checkpoints(root)
    readme, mistakes = space_readme(_text(root / CARD), _gradio_pin(_text(root / REQUIREMENTS)), models)
    shown = tuple(sorted({link for link in _links(readme) if not link.startswith(FOLDERS)}))
    files, left_out, problems = _gathered(root, FILES + shown, FOLDERS + checkpoints)
    files |= {CARD: readme.encode(), REQUIREMENTS: space_requirements(_text(root / REQUIREMENTS)).encode()}
    problems += [_missing(path) for path in FILES + shown if path not in files]
    problems += mistakes
    problems += _requirement_problems(_text(root / REQUIREMENTS))
    for folder in checkpoints:
        problems += checkpoint_problems(root, root / folder)
    return _bundle("space", name, files, left_out, problems)


def model_bundle(root: Path, folder: Path, name: str) -> Bundle:
    """A checkpoint folder by itself, with a card that knows its id, pictures, and where the data came from.

    Args:
        root: of the checkout.
        folder: of the checkpoint.
        name: "user/model".
    """
    files, left_out, problems = _gathered(folder, (), (".",))
    faults = checkpoint_problems(root, folder)
    if not faults:
        try:
            text = card.from_folder(folder, Place(name, pictures=True))
            if text is not None:
                files |= {CARD: text.encode(), **_pictures(folder, text)}
                files |= {path: _text(root / path).encode() for path in re.findall(r"`(docs/[\w-]+\.md)`", text)}
        except ModuleNotFoundError as error:
            fix = "Run: pip install -r training/requirements.txt"
            faults.append(Problem("none", f"the package {error.name}, for the pictures of the card", fix))
    problems += faults
    problems += card_problems(files.get(CARD, b"").decode(errors="replace"))
    return _bundle("model", name, files, left_out, problems)


def space_requirements(pins: str) -> str:
    """The requirements as a Space needs them: torch in its build for CPUs."""
    lines = [re.sub(r"^(torch==[\d.]+).*", r"\1+cpu", line) for line in pins.splitlines()]
    return "\n".join([f"--extra-index-url {TORCH_CPU_INDEX}", *lines]) + "\n"


def space_readme(text: str, gradio: str | None, models: tuple[str, ...]) -> tuple[str, list[Problem]]:
    """README.md of the Space: its metadata, then what the README of the project says that is true there, too.

    Args:
        text: the README of the project; metadata that it has of its own win.
        gradio: the pinned version, None without a full pin.
        models: ids of the models on the Hub that the Space shows.
    """
    from huggingface_hub import SpaceCardData

    own, body, problems = _parsed(text)
    data = {**FRONT_MATTER, "sdk_version": gradio, **({"models": list(models)} if models else {}), **own}
    first, *sections = re.split(r"^(?=## )", re.sub(r"<!--.*?-->\n*", "", body), flags=re.MULTILINE)
    kept = [section for section in sections if section.partition("\n")[0].removeprefix("## ") not in OF_THE_CHECKOUT]
    return (
        f"---\n{SpaceCardData(**data).to_yaml()}\n---\n\n{first.lstrip()}{''.join(kept)}",
        problems or front_matter_problems(data, gradio),
    )


def checkpoint_problems(root: Path, folder: Path) -> list[Problem]:
    """Whether a checkpoint is there, loads, is kept by git if it is a shipped one, and is the one its scores are of."""
    place = _place(root, folder)
    retrieve = f"Train it with python -m training.fit --out {place}, or get it back: git checkout -- {place}"
    missing = [name for name in (CONFIG, WEIGHTS) if not (folder / name).is_file()]
    if missing:
        return [Problem(f"no {' and no '.join(missing)}", f"a checkpoint in {place}", retrieve + ".")]
    problems = []
    try:
        load(folder)
    except CheckpointError as error:
        problems.append(Problem(f"this fault: {error}", f"a checkpoint that loads in {place}", retrieve + "."))
    # what a person trained lies in a folder that git ignores, and is sent from there
    shipped = (folder / CONFIG, folder / WEIGHTS) if place.startswith(f"{CHECKPOINTS}/") else ()
    for path in shipped:
        rule = _ignoring_rule(root, path)
        if rule:
            found = f"that git ignores {_place(root, path)} by {rule}"
            problems.append(
                Problem(found, "weights that every clone has", "Take that line out of the .gitignore and add the file.")
            )
    return problems + _score_problems(folder, place)


def card_problems(text: str) -> list[Problem]:
    """What the Hub would not understand of a model card."""
    from huggingface_hub import ModelCard

    fix = f"Write it anew with python -m training.evaluate, or mend the block between --- and --- in {CARD}."
    expected = f"a model card ({CARD}) that starts with valid metadata"
    if not text.startswith("---\n"):
        return [Problem("none" if not text.strip() else "a card without metadata", expected, fix)]
    try:
        data = ModelCard(text).data.to_dict()
    except Exception as error:  # of the YAML parser, or of the Hub's client for a wrong model-index
        return [Problem(_first_line(error), expected, fix)]
    if not data.get("license"):
        return [Problem("no license", expected, fix)]
    return []


def front_matter_problems(data: Mapping[str, Any], gradio: str | None) -> list[Problem]:
    """What is missing from or wrong in the metadata of a Space, all of it.

    Args:
        data: the metadata as parsed.
        gradio: the pinned version, None without a full pin.
    """
    wanted = {
        "title": ("a title", lambda value: isinstance(value, str) and value.strip()),
        "emoji": ("one emoji", lambda value: isinstance(value, str) and 0 < len(value) <= 8 and not value.isascii()),
        "colorFrom": (f"one of {', '.join(COLOURS)}", COLOURS.__contains__),
        "colorTo": (f"one of {', '.join(COLOURS)}", COLOURS.__contains__),
        "sdk": ("gradio", "gradio".__eq__),
        "sdk_version": (f"{gradio}, the gradio pinned in {REQUIREMENTS}", lambda value: value == gradio),
        "python_version": (f"one of {', '.join(PYTHONS)}, in quotes", PYTHONS.__contains__),
        "app_file": (APP, APP.__eq__),
        "license": ("the id of a licence", lambda value: isinstance(value, str) and value),
        "short_description": (
            f"1 to {LONGEST_DESCRIPTION} characters",
            lambda value: isinstance(value, str) and 0 < len(value) <= LONGEST_DESCRIPTION,
        ),
        "tags": (
            f"a list of words, {PROJECT!r} among them, by which publish knows its own",
            lambda value: _is_list_of_words(value) and PROJECT in value,
        ),
        "models": ("a list of ids USER/MODEL", lambda value: value is None or _is_list_of_words(value)),
    }
    fix = f"Mend it in the block between --- and --- of {CARD}, or delete that block: publish writes a whole one."
    return [
        Problem(f"{data.get(key)!r}", f"{key}: {expected}", fix)
        for key, (expected, right) in wanted.items()
        if not right(data.get(key)) and not (key == "sdk_version" and gradio is None)  # the pin is reported itself
    ]


def _bundle(kind: str, name: str, files: dict[str, bytes], left_out: list[str], problems: list[Problem]) -> Bundle:
    bundle = Bundle(kind, name, dict(sorted(files.items())), tuple(sorted(left_out)), tuple(problems))
    if bundle.size <= MOST_BYTES:
        return bundle
    largest = max(files, key=lambda path: len(files[path]))
    found = f"{bundle.size:,}, most of them in {largest}"
    too_much = Problem(found, f"at most {MOST_BYTES:,} bytes", "Move large files out of the folders that are sent.")
    return Bundle(kind, name, bundle.files, bundle.left_out, (*problems, too_much))


def _gathered(
    root: Path, names: tuple[str, ...], folders: tuple[str, ...]
) -> tuple[dict[str, bytes], list[str], list[Problem]]:
    """What may be sent of a folder, what else lies there, and every secret found, even where it would not be sent."""
    files: dict[str, bytes] = {}
    left_out: list[str] = []
    top = sorted(path for path in root.glob("*") if path.is_file())
    problems = [_secret(path.name) for path in top if _is_secret_name(path.name)]
    paths = [root / name for name in names if (root / name).is_file()]
    for folder in folders:
        paths += _walked(root / folder)
    for path in paths:
        place = path.relative_to(root).as_posix()
        if _is_secret_name(path.name):
            problems += [_secret(place)] if path.parent != root else []
        elif path.is_symlink() or path.name.startswith(".") or (path.suffix not in KINDS and place not in names):
            left_out.append(place)
        else:
            files[place] = path.read_bytes()
            problems += _secrets_in(place, files[place])
    return files, left_out, problems


def _walked(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in CACHES and not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.endswith(".pyc"))


def _checkpoints(root: Path) -> tuple[str, ...]:
    """Folders of checkpoints, that of the app always among them."""
    found = (path.parent for path in (root / CHECKPOINTS).glob(f"*/{CONFIG}"))
    return tuple(sorted({SERVED, *(f"{CHECKPOINTS}/{folder.name}" for folder in found if folder.name[0] != ".")}))


def _links(text: str) -> list[str]:
    """Paths that a Markdown text links to or shows."""
    links = re.findall(r"\]\(([^)#\s]+)|(?:src|srcset)=\"([^\"]+)", text)
    return [link or source for link, source in links if "://" not in link + source]


def _is_secret_name(name: str) -> bool:
    return any(fnmatch(name.lower(), pattern) for pattern in SECRET_NAMES)


def _secret(place: str) -> Problem:
    fix = "Move it out of this folder; a token belongs to hf auth login or among the secrets in the Space's settings."
    return Problem(f"{place}, by its name a secret", "no secrets beside what is published", fix)


def _secrets_in(place: str, content: bytes) -> Iterator[Problem]:
    """Secrets in a text file, by line; what was found is not repeated."""
    for number, line in enumerate(content.splitlines() if not place.endswith(".safetensors") else (), 1):
        if SECRET_TEXT.search(line):
            fix = "Take it out, and withdraw it where it was issued if it was ever sent anywhere."
            yield Problem(f"a token or private key in {place}", "no secrets in what is published", fix, line=number)


def _parsed(text: str) -> tuple[dict[str, Any], str, list[Problem]]:
    """Metadata, the text below it, and what is wrong with the former."""
    from huggingface_hub import SpaceCard

    if not text.startswith("---\n"):
        return {}, text, []
    try:
        parsed = SpaceCard(text)
        return parsed.data.to_dict(), parsed.text, []
    except Exception as error:  # of the YAML parser, or of the Hub's client for wrong types
        expected = f"valid YAML between --- and --- at the start of {CARD}"
        fix = "Mend it, or delete that block: publish writes a whole one."
        return {}, text, [Problem(_first_line(error), expected, fix)]


def _gradio_pin(pins: str) -> str | None:
    found = re.search(r"^gradio==(\d+\.\d+\.\d+)\s*(?:#|$)", pins, re.MULTILINE)
    return found and found[1]


def _requirement_problems(pins: str) -> list[Problem]:
    if not pins.strip():
        return [_missing(REQUIREMENTS)]
    found = {"gradio": _gradio_pin(pins), "torch": re.search(r"^torch==\d+\.\d+\.\d+\s*(?:#|$)", pins, re.MULTILINE)}
    return [
        Problem(
            next((line for line in pins.splitlines() if re.match(rf"{package}\b", line)), "none"),
            f"a line {package}==X.Y.Z in {REQUIREMENTS}",
            f"Pin {package} to the full version that the tests ran with.",
        )
        for package, pinned in found.items()
        if not pinned
    ]


def _ignoring_rule(root: Path, path: Path) -> str | None:
    """file:line of the rule by which git ignores a path, tracked or not; None outside a git checkout."""
    command = ["git", "-C", str(root), "check-ignore", "--no-index", "-v", str(path.resolve())]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return run.stdout.partition("\t")[0].rpartition(":")[0] or None if run.returncode == 0 else None


def _score_problems(folder: Path, place: str) -> list[Problem]:
    if not (folder / "scores.json").exists():
        return []
    fix = f"Measure anew with python -m training.evaluate {place}, or delete {place}/scores.json."
    try:
        measured = json.loads((folder / "scores.json").read_text("utf-8"))["checkpoint"]["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        return [Problem(f"a damaged one ({_first_line(error)})", f"{place}/scores.json as written", fix)]
    if measured != hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest():
        return [Problem("scores of other weights", f"{place}/scores.json measured on the weights beside it", fix)]
    return []


def _pictures(folder: Path, shown_by: str) -> dict[str, bytes]:
    """The pictures that a card shows."""
    from training.benchmarks import open_sets

    def curve() -> Figure:
        return card_pictures.learning_curve(history_of(json.loads((folder / "history.json").read_text("utf-8"))))

    def held_out() -> Figure:
        return card_pictures.held_out(load(folder), open_sets())

    drawn = {card_pictures.CURVE: curve, card_pictures.HELD_OUT: held_out}
    return {name: card_pictures.png(draw()) for name, draw in drawn.items() if f"]({name})" in shown_by}


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _missing(path: str) -> Problem:
    return Problem("no such file", path, f"Get it back: git checkout -- {path}")


def _place(root: Path, path: Path) -> str:
    full = path.resolve()
    return full.relative_to(root.resolve()).as_posix() if full.is_relative_to(root.resolve()) else path.name


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__


def _is_list_of_words(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) and word for word in value)
