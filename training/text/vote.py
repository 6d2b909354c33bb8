"""Word frequencies vote on the language of a sentence: labels that are plainly wrong are found this way."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from training.text.clean import words
from training.text.languages import scripts

_UNSEEN = math.log(2e-7)  # of a word that a list lacks
_MARGIN = 1.5  # nats a word, between the best other language and the label
_FEWEST = 4  # words; shorter texts may well be the same in two languages
_SURE = 2.0  # nats in all


class Vote:
    """Log-likelihoods of sentences under the word frequencies of each language."""

    def __init__(self, frequencies: Mapping[str, Mapping[str, float]]) -> None:
        self._logs = {
            language: {word: math.log(share) for word, share in found.items() if share > 2e-7}
            for language, found in frequencies.items()
            if found
        }
        self._rivals = {
            language: [other for other in self._logs if other != language and scripts(other) == scripts(language)]
            for language in self._logs
        }

    def contradicts(self, language: str, sentence: str) -> bool:
        """Whether another language of the same script explains `sentence` far better than `language` does."""
        found = words(sentence.lower())
        if language not in self._logs or len(found) < _FEWEST:
            return False
        own = self._score(language, found)
        return any(self._score(other, found) - own > _MARGIN * len(found) for other in self._rivals[language])

    def between(self, languages: Sequence[str], sentence: str) -> str | None:
        """The likeliest of `languages`, or None when two are about as likely."""
        found = words(sentence.lower())
        ranked = sorted(languages, key=lambda language: self._score(language, found), reverse=True)
        gap = self._score(ranked[0], found) - self._score(ranked[1], found)
        return ranked[0] if gap > _SURE else None

    def _score(self, language: str, found: Sequence[str]) -> float:
        logs = self._logs[language]
        return sum(logs.get(word, _UNSEEN) for word in found)
