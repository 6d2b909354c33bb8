"""How well texts of known language are told apart: the packaged identifier beside its peers, on the same texts"""

from __future__ import annotations

import gzip
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnn_model import Model, classify_many
from rnn_model.errors import InputError, Problem
from rnn_model.metrics import expected_calibration_error
from training.peers import PEERS, PUBLISHED, PUBLISHED_MEANS, PUBLISHED_SOURCE, Answers, ask, size_on_disk

MODEL = "model"
KINDS = {"single-words": "words", "word-pairs": "pairs", "sentences": "sentences"}
CONFUSABLE = (("bs", "hr"), ("id", "ms"), ("xh", "zu"), ("nb", "nn"), ("st", "tn"))


@dataclass(frozen=True)
class Suite:
    """Texts of one kind.

    Attributes:
        kind: "words", "pairs" or "sentences", or the name of the file.
        texts: N of them.
        codes: (N,) the language of each.
    """

    kind: str
    texts: tuple[str, ...]
    codes: np.ndarray


def read_suites(folder: Path) -> tuple[Suite, ...]:
    """Every `*.tsv` or `*.tsv.gz` of a folder, a line being a code, a tab and a text.

    Raises:
        InputError: there is no such file, or a line has no tab.
    """
    order = list(KINDS)
    files = [path for path in folder.glob("*.tsv*") if path.name.endswith((".tsv", ".tsv.gz"))]
    if not files:
        fix = "Give the folder that holds them."
        raise InputError(Problem(f"none in {folder.name}", "files .tsv or .tsv.gz of language<TAB>text", fix))
    files.sort(key=lambda path: (order.index(_stem(path)) if _stem(path) in order else len(order), path.name))
    return tuple(_suite(path) for path in files)


def _stem(path: Path) -> str:
    return path.name.split(".")[0]


def _suite(path: Path) -> Suite:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    codes, texts = [], []
    for number, line in enumerate(content.decode("utf-8").splitlines(), 1):
        code, tab, text = line.partition("\t")
        if not tab:
            raise InputError(Problem(repr(line[:40]), "language<TAB>text", f"Correct {path.name}.", number))
        codes.append(code)
        texts.append(text)
    return Suite(KINDS.get(_stem(path), _stem(path)), tuple(texts), np.array(codes))


def measure(model: Model, suites: Sequence[Suite], size: int, peers: bool) -> dict[str, Any]:
    """Accuracies and speed of the model and, if asked for, of its peers, as `scores.json` holds them.

    Accuracy is the mean over languages of the share of texts whose likeliest language is the right one, among all
    languages the method knows; a refusal counts as wrong.  A peer is also compared on the languages it knows.

    Args:
        model: that classifies texts.
        suites: the same languages in each.
        size: bytes of the model on disk.
        peers: whether to ask the others too.
    """
    config, _ = model.classifier
    began = time.process_time()
    answers = [classify_many(model, suite.texts) for suite in suites]
    seconds = time.process_time() - began
    labels = np.array(config.labels)
    probabilities = [np.stack([answer.probabilities for answer in of_suite]) for of_suite in answers]
    ours = [labels[chances.argmax(1)] for chances in probabilities]
    count = sum(len(suite.texts) for suite in suites)
    known = sorted(set(np.concatenate([suite.codes for suite in suites]).tolist()))
    methods: dict[str, Any] = {
        MODEL: {
            "languages": len(set(known) & set(config.labels)),
            "accuracy": _accuracies(suites, ours, known),
            "calibration_error": {
                suite.kind: expected_calibration_error(_indices(suite, config.labels), chances)
                for suite, chances in zip(suites, probabilities, strict=True)
            },
            "refused": {
                suite.kind: float(np.mean([answer.label is None for answer in of_suite]))
                for suite, of_suite in zip(suites, answers, strict=True)
            },
            "texts_per_second": count / seconds,
            "bytes": size,
            "source": "measured",
        }
    }
    if peers:
        for peer in PEERS:
            print(f"asking {peer.name} ...", flush=True)
            said = [ask(peer, suite.texts) for suite in suites]
            methods[peer.name] = _of_peer(suites, said, ours, known) | {"bytes": size_on_disk(peer)}
    return {
        "texts": {suite.kind: len(suite.texts) for suite in suites},
        "languages": known,
        "methods": methods,
        "published": {
            name: dict(zip(("words", "pairs", "sentences", "mean"), row, strict=True))
            for name, row in PUBLISHED.items()
        },
        "published_means": {
            name: {"languages": languages, "mean": mean} for name, (languages, mean) in PUBLISHED_MEANS.items()
        },
        "published_source": PUBLISHED_SOURCE,
        "by_language": {
            code: {
                suite.kind: float(np.mean(said[suite.codes == code] == code))
                for suite, said in zip(suites, ours, strict=True)
            }
            for code in known
        },
        "confusions": [
            {"kind": suite.kind, "of": one, "as": other, "share": float(np.mean(said[suite.codes == one] == other))}
            for pair in CONFUSABLE
            for one, other in (pair, pair[::-1])
            if one in known
            for suite, said in zip(suites, ours, strict=True)
        ],
    }


def _of_peer(
    suites: Sequence[Suite], said: Sequence[Answers], ours: Sequence[np.ndarray], known: list[str]
) -> dict[str, Any]:
    codes = [np.array([code or "" for code in answers.codes]) for answers in said]
    # a language that a peer never names, it does not know
    own = sorted(set(np.concatenate(codes).tolist()) & set(known))
    return {
        "languages": len(own),
        "accuracy": _accuracies(suites, codes, known),
        "accuracy_on_its_own_languages": _accuracies(suites, codes, own),
        "model_on_its_languages": _accuracies(suites, ours, own),
        "texts_per_second": sum(len(suite.texts) for suite in suites) / sum(answers.seconds for answers in said),
        "memory": max(answers.memory for answers in said),
        "source": "measured",
    }


def _accuracies(suites: Sequence[Suite], said: Sequence[np.ndarray], codes: Sequence[str]) -> dict[str, float]:
    """Of each kind the mean over the languages `codes`, and the mean over the kinds."""
    found = {
        suite.kind: float(np.mean([np.mean(answers[suite.codes == code] == code) for code in codes]))
        for suite, answers in zip(suites, said, strict=True)
    }
    return found | {"mean": float(np.mean(list(found.values())))}


def _indices(suite: Suite, labels: Sequence[str]) -> np.ndarray:
    position = {label: index for index, label in enumerate(labels)}
    return np.array([position.get(code, -1) for code in suite.codes])


def table(found: Mapping[str, Any]) -> str:
    """The scores as lines of text, in per cent."""
    kinds = [*found["texts"], "mean"]
    lines = [
        f"Accuracy in %, mean over {len(found['languages'])} languages; {sum(found['texts'].values()):,} texts",
        f"  {'':26}"
        + "".join(f"{kind:>10}" for kind in kinds)
        + f"{'known':>7} {'on those: it / we':>18}{'texts/s':>10}{'MB':>7}",
    ]
    for name, row in found["methods"].items():
        both = ""
        if "model_on_its_languages" in row:
            one, other = row["accuracy_on_its_own_languages"]["mean"], row["model_on_its_languages"]["mean"]
            both = f"{100 * one:.1f} / {100 * other:.1f}"
        lines.append(
            f"  {name:26}"
            + "".join(f"{100 * row['accuracy'][kind]:10.1f}" for kind in kinds)
            + f"{row['languages']:7} {both:>18}{row['texts_per_second']:10,.0f}{row['bytes'] / 1e6:7.1f}"
        )
    for name, row in found["published"].items():
        lines.append(f"  {name + ' *':26}" + "".join(f"{100 * row[kind]:10.1f}" for kind in kinds if kind in row))
    for name, row in found["published_means"].items():
        lines.append(f"  {name + ' *':26}{'':{10 * (len(kinds) - 1)}}{100 * row['mean']:10.1f}{row['languages']:7}")
    errors = found["methods"][MODEL]["calibration_error"]
    lines.append(
        "Expected calibration error of the model: " + ", ".join(f"{kind} {value:.3f}" for kind, value in errors.items())
    )
    lines.append(f"* published: {found['published_source']}; of those with a number of languages, over these alone")
    return "\n".join(lines)
