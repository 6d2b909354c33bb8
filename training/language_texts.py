"""Texts that the language identifier is trained on, drawn from its corpus, and texts in no language"""

from __future__ import annotations

import string
from collections.abc import Sequence

import numpy as np

from rnn_model.ngrams import alphabets_of
from training.corpus import Corpus, LanguageText
from training.text.languages import WITHOUT_BLANKS
from training.text_batches import NO_CLASS

NONSENSE = 0.04  # share of texts that are in no language
WORDS = (1, 2, 3, 5, 9, 16)  # how many words a text has; one and two are what is hardest
WORDS_CHANCE = (0.35, 0.27, 0.13, 0.11, 0.09, 0.05)
FROM_SENTENCES = 0.5  # share of texts cut from running text, in a language with ENOUGH of it; less with less
ENOUGH = 2000  # sentences
FLATTENED = 0.6  # power of a word's frequency: people write rare words, and common ones are soon learnt
MET = 1e-3  # share of the letters of a language below which an alphabet is that of names and quotations
LATIN, CYRILLIC = string.ascii_lowercase, "абвгдежзийклмнопрстуфхцчшщъыьэюя"
CODE = (
    "for (int i = 0; i < n; i++) { sum += x[i]; }",
    "def main(argv): return parser.parse_args(argv)",
    "SELECT id, name FROM users WHERE age > 18",
    "git commit -m fix && git push origin main",
    '<div class="row"><span>{{ item }}</span></div>',
    "import numpy as np",
    "const x = await fetch(url).then(r => r.json());",
    "std::vector<int> v; v.push_back(1);",
    "if err != nil { return err }",
    "x = lambda a, b: a + b",
    "public static void main(String[] args)",
    'printf("%d\\n", i);',
    "chmod +x run.sh && ./run.sh --help",
    "0x7fff5fbff8a0 ffff a3b9c2",
    "http https www html css js",
)


class LanguageTexts:
    """Draws texts of all languages alike: single words, a few words, and pieces of running text."""

    def __init__(self, corpus: Corpus, labels: Sequence[str]) -> None:
        """
        Args:
            corpus: from `training.corpus.build`.
            labels: codes of its languages, in the order of the classes.
        """
        self.texts = [corpus.texts[corpus.languages.index(label)] for label in labels]
        self.chances = [np.cumsum(text.frequencies.astype(np.float64) ** FLATTENED) for text in self.texts]
        self.joints = ["" if label in WITHOUT_BLANKS else " " for label in labels]

    def __call__(self, rng: np.random.Generator, count: int) -> tuple[list[str], list[int]]:
        labels = rng.integers(0, len(self.texts), count).tolist()
        size = int(rng.choice(WORDS, p=WORDS_CHANCE))  # one for all, so that little is padding
        texts = []
        for index, label in enumerate(labels):
            if rng.random() < NONSENSE:
                texts.append(nonsense(rng))
                labels[index] = NO_CLASS
            elif rng.random() < FROM_SENTENCES * min(len(self.texts[label].sentences) / ENOUGH, 1.0):
                texts.append(self._running(rng, self.texts[label], label, size))
            else:
                texts.append(self._listed(rng, self.texts[label], label, size))
        return texts, labels

    def _listed(self, rng: np.random.Generator, text: LanguageText, label: int, size: int) -> str:
        """Words of the frequency list, each drawn by itself."""
        chance = self.chances[label]
        drawn = np.searchsorted(chance, rng.random(size) * chance[-1])
        return self.joints[label].join(text.words[index] for index in drawn)

    def _running(self, rng: np.random.Generator, text: LanguageText, label: int, size: int) -> str:
        """A sentence, or some words in a row of one, or some characters where words are not set apart."""
        sentence = text.sentences[int(rng.integers(len(text.sentences)))]
        parts: Sequence[str] = sentence if not self.joints[label] else sentence.split()
        size = size if self.joints[label] else 2 * size + 1
        first = int(rng.integers(max(len(parts) - size, 0) + 1))
        return self.joints[label].join(parts[first : first + size])


def alphabets(corpus: Corpus) -> tuple[str, ...]:
    """Of the letters it is written with: every alphabet that has MET of those in the words of some language."""
    found: set[str] = set()
    for text in corpus.texts:
        shares = alphabets_of(zip(text.words, text.frequencies.tolist(), strict=True))
        found |= {name for name, share in shares.items() if share >= MET}
    return tuple(sorted(found))


def nonsense(rng: np.random.Generator) -> str:
    """What is in no language: pieces of program code, random letters, a single letter."""
    kind = rng.random()
    if kind < 0.15:
        return str(rng.choice(list(string.ascii_letters)))
    if kind < 0.5:
        words = " ".join(rng.choice(CODE, 2)).split()
        first = int(rng.integers(len(words)))
        return " ".join(words[first : first + int(rng.integers(2, 10))])
    letters = LATIN if kind < 0.9 else CYRILLIC
    sizes = rng.integers(4, 14, int(rng.integers(1, 4)))
    return " ".join("".join(rng.choice(list(letters), size)) for size in sizes)
