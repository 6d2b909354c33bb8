"""The texts that designs are chosen with: words, pairs of words and sentences that the training text does not hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import regex

from training.text.clean import key, words
from training.text.languages import WITHOUT_BLANKS

KINDS = ("word", "pair", "sentence")
PER_KIND = 100  # of a language and source
SHORTEST_WORD, SHORTEST_PAIR = 5, 10  # characters, as published of the peers' suites
_SEED = 20_261_123


@dataclass(frozen=True)
class DevelopmentText:
    """One text whose language is known.

    Attributes:
        language: ISO 639-1 code.
        kind: `word`, `pair` or `sentence`.
        source: the package it comes from.
        text: as written there.
    """

    language: str
    kind: str
    source: str
    text: str


def cut(language: str, source: str, sentences: Sequence[str]) -> tuple[DevelopmentText, ...]:
    """Up to `PER_KIND` sentences, and as many pairs and words cut from all of them, the same on every call.

    Languages without blanks give stretches of two to four characters as words and of five to eight as pairs.
    """
    rng = np.random.default_rng([_SEED, *language.encode(), *source.encode()])
    unbroken = language in WITHOUT_BLANKS
    pieces = [_stretches(rng, text) for text in sentences] if unbroken else [_pieces(text) for text in sentences]
    chosen = {
        "word": _distinct(word for single, _ in pieces for word in single),
        "pair": _distinct(pair for _, pairs in pieces for pair in pairs),
        "sentence": _distinct(sentences),
    }
    return tuple(
        DevelopmentText(language, kind, source, texts[index])
        for kind, texts in chosen.items()
        for index in sorted(rng.permutation(len(texts))[:PER_KIND])
    )


class Guard:
    """Knows the development sentences, and finds training text that holds one or a long run of one."""

    RUN = 40  # letters

    def __init__(self, texts: Iterable[DevelopmentText]) -> None:
        keys = [(text.language, key(text.text)) for text in texts if text.kind == "sentence"]
        self._whole = {(language, letters) for language, letters in keys}
        self._runs = {
            (language, letters[start : start + self.RUN])
            for language, letters in keys
            for start in range(max(len(letters) - self.RUN + 1, 0))
        }

    def holds(self, language: str, sentence: str) -> bool:
        """Whether `sentence` is a development sentence of the same language, or shares 40 letters in a row with one."""
        letters = key(sentence)
        return (language, letters) in self._whole or any(
            (language, letters[start : start + self.RUN]) in self._runs
            for start in range(max(len(letters) - self.RUN + 1, 0))
        )


def _pieces(sentence: str) -> tuple[list[str], list[str]]:
    found = [word for word in words(sentence) if not (word.isupper() and len(word) > 1)]
    pairs = [f"{first} {second}" for first, second in pairwise(found)]
    return (
        [word for word in found if len(word) >= SHORTEST_WORD],
        [pair for pair in pairs if len(pair) >= SHORTEST_PAIR and pair in sentence],
    )


def _stretches(rng: np.random.Generator, sentence: str) -> tuple[list[str], list[str]]:
    single: list[str] = []
    pairs: list[str] = []
    for run in regex.findall(r"[\p{L}\p{M}]{2,}", sentence):
        for stretches, shortest in ((single, 2), (pairs, 5)):
            length = shortest + int(rng.integers(3 if shortest == 2 else 4))
            if len(run) >= length:
                start = int(rng.integers(len(run) - length + 1))
                stretches.append(run[start : start + length].lstrip())
    return _well_begun(single), _well_begun(pairs)


def _well_begun(texts: list[str]) -> list[str]:
    """Without those that a cut made begin with a vowel sign."""
    return [text for text in texts if not regex.match(r"\p{M}", text)]


def _distinct(texts: Iterable[str]) -> list[str]:
    return list({text.lower(): text for text in texts}.values())
