"""Word frequencies of every language, cleaned of what does not belong to it, and merged over their sources."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from training.text.clean import WORD
from training.text.clean import words as words_of
from training.text.languages import OWN_WORD, scripts

MOST = 60_000  # words kept of a language
LONGEST = 30  # letters; what is longer is run together or code
ENGLISH = 4.0  # times as frequent in English as here: a foreign word, unless it is very short
COMMON_RANK = 5000  # a word of more than two letters among this many of ...
COMMON_FAMILIES = 5  # ... this many of the families below is a template's parameter, a name, or English
# Languages that share no vocabulary of their own, and few speakers who would keep code out of their Wikipedias.
FAMILIES = "cy|eo|eu|ga|is|la|lg|mi|sn|so|sq|st tn|sw|tl|ts|vi|xh zu|yo"

FrequencyList = dict[str, float]


def clean_list(language: str, frequencies: Mapping[str, float]) -> FrequencyList:
    """The frequent words of `language`'s script in `frequencies`, in lower case and NFC, adding up to one."""
    kept: FrequencyList = {}
    for word, frequency in sorted(frequencies.items(), key=lambda item: (-item[1], item[0])):
        word = unicodedata.normalize("NFC", word).lower()
        if len(word) <= LONGEST and OWN_WORD[language].fullmatch(word) and WORD.fullmatch(word):
            kept[word] = kept.get(word, 0.0) + frequency
            if len(kept) == 2 * MOST:
                break
    return _normalised(kept)


def counted(language: str, texts: Iterable[str]) -> FrequencyList:
    """The relative frequencies of the words of `texts`."""
    return clean_list(language, Counter(word for text in texts for word in words_of(text.lower())))


def merged(lists: Sequence[tuple[FrequencyList, float]]) -> FrequencyList:
    """The weighted mean of several lists: a word that a list lacks has frequency zero there."""
    total: FrequencyList = {}
    for frequencies, weight in lists:
        for word, frequency in frequencies.items():
            total[word] = total.get(word, 0.0) + weight * frequency
    return _normalised(total)


def without_foreign(lists: Mapping[str, FrequencyList]) -> dict[str, FrequencyList]:
    """The lists of all languages without English words and the code of wiki templates in those of others.

    A word of more than two letters goes when English has it `ENGLISH` times as often, or when it is among the most
    frequent of several unrelated languages. Words that neighbours share stay.
    """
    latin = [language for language in lists if scripts(language) == ("Latin",)]
    spread: Counter[str] = Counter()
    for family in FAMILIES.split("|"):
        spread.update({word for language in family.split() for word in _frequent(lists.get(language, {}))})
    # Three letters meet by chance more often than four.
    everywhere = {
        word for word, count in spread.items() if len(word) > 2 and count >= COMMON_FAMILIES + (len(word) == 3)
    }
    english = lists.get("en", {})
    cleaned = dict(lists)
    for language in latin:
        if language != "en":
            cleaned[language] = _normalised(
                {
                    word: frequency
                    for word, frequency in lists[language].items()
                    if word not in everywhere and (len(word) <= 2 or english.get(word, 0.0) <= ENGLISH * frequency)
                }
            )
    return cleaned


def table(frequencies: FrequencyList) -> tuple[tuple[str, ...], np.ndarray]:
    """The `MOST` frequent words, most frequent first (ties in order of the alphabet), and their shares (float32)."""
    ranked = sorted(frequencies, key=lambda word: (-frequencies[word], word))[:MOST]
    shares = np.array([frequencies[word] for word in ranked])
    return tuple(ranked), (shares / shares.sum() if len(shares) else shares).astype(np.float32)


def _frequent(frequencies: FrequencyList) -> list[str]:
    return sorted(frequencies, key=lambda word: (-frequencies[word], word))[:COMMON_RANK]


def _normalised(frequencies: FrequencyList) -> FrequencyList:
    total = sum(frequencies.values())
    return {word: frequency / total for word, frequency in frequencies.items()} if total else {}
