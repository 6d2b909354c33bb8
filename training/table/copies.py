"""When two texts are the same, and which held-out texts stand, wholly or for the most part, in the training texts"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence

ADDRESS = re.compile(r"https?://\S+")

_SHINGLE = 5  # words
_ALIKE = 0.6  # share of a text's shingles that stand in the training texts, above which it is nearly a copy
_SHORTEST_ALIKE = 8  # words, below which sharing some says little


def same_text(text: str) -> str:
    """What is left of a text without case, punctuation, blanks and web addresses; texts with equal rests are copies."""
    plain = unicodedata.normalize("NFKC", ADDRESS.sub(" ", text)).casefold()
    return " ".join(re.findall(r"\w+", plain)) or text


def leaking(texts: Sequence[str], train: Collection[int], held_out: Collection[int]) -> tuple[int, ...]:
    """The held-out rows whose text stands, wholly or for the most part, in the training rows.

    A text is nearly a copy when more than _ALIKE of its runs of five words stand in the training texts.
    """
    whole = {same_text(texts[row]) for row in train}
    runs = {run for text in whole for run in _runs(text)}
    found = []
    for row in held_out:
        text = same_text(texts[row])
        own = list(_runs(text)) if len(text.split()) >= _SHORTEST_ALIKE else []
        if text in whole or (own and sum(run in runs for run in own) > _ALIKE * len(own)):
            found.append(row)
    return tuple(found)


def _runs(text: str) -> Iterator[int]:
    words = text.split()
    return (hash(tuple(words[start : start + _SHINGLE])) for start in range(len(words) - _SHINGLE + 1))
