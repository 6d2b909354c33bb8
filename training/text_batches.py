"""Batches for the text network: the batch of a step is a pure function of (seed, step)

Where texts come from is a function of its own: `LanguageTexts` makes them from the corpus of the language identifier.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from rnn_model.config import TextConfig
from rnn_model.network import TextInputs
from rnn_model.ngrams import Steps, prepared, steps_of
from training.corpus import Corpus, LanguageText
from training.text.languages import WITHOUT_BLANKS

Draw = Callable[[np.random.Generator, int], tuple[list[str], list[int]]]

NO_CLASS = -1
NONSENSE = 0.04  # share of texts that are in no language
WORDS = (1, 2, 3, 5, 9, 16)  # how many words a text has; one and two are what is hardest
WORDS_CHANCE = (0.35, 0.27, 0.13, 0.11, 0.09, 0.05)
FROM_SENTENCES = 0.5  # share of texts cut from running text, in a language with ENOUGH of it; less with less
ENOUGH = 2000  # sentences
FLATTENED = 0.6  # power of a word's frequency: people write rare words, and common ones are soon learnt
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


class TextBatch(NamedTuple):
    """What a training step needs.

    Attributes:
        inputs: of the network.
        labels: (B,) index of each text's class, or NO_CLASS where every class is as wrong as the others.
    """

    inputs: TextInputs
    labels: Tensor


class TextBatches(Dataset[TextBatch]):
    """Item `step` is the whole batch of that step."""

    def __init__(self, draw: Draw, config: TextConfig, seed: int, batch: int, steps: int, dropped: float) -> None:
        """
        Args:
            draw: (generator, B) -> B texts and the indices of their classes.
            config: of the network that will read the batches.
            seed, batch, steps: see `TrainConfig`.
            dropped: share of features left out at random, so that none is relied upon.
        """
        self.draw, self.config, self.seed, self.batch, self.steps = draw, config, seed, batch, steps
        self.dropped = dropped

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> TextBatch:
        rng = np.random.default_rng((self.seed, step))
        texts, labels = self.draw(rng, self.batch)
        steps = steps_of([prepared(text, self.config)[0] for text in texts], self.config)
        return TextBatch(_thinned(steps, rng, self.dropped), torch.tensor(labels))


def _thinned(steps: Steps, rng: np.random.Generator, dropped: float) -> TextInputs:
    kept = rng.random(len(steps.features)) >= dropped
    before = np.concatenate(([0], np.cumsum(kept)))
    starts = before[steps.starts]
    return TextInputs(*(torch.from_numpy(part) for part in (steps.features[kept], starts, steps.lengths)))


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
