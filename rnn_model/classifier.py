"""A text in, probabilities of classes out, and the belief as it formed: prepare, hash, network, softmax"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from rnn_model.checkpoint import Model
from rnn_model.config import TextConfig
from rnn_model.errors import InputError, Problem
from rnn_model.network import Gathered, State, TextInputs, TextNetwork
from rnn_model.ngrams import Steps, endings, prepared, steps_of, unknown_alphabets
from rnn_model.records import Classification, Part

BATCH_STEPS = 16_384  # of all texts of a batch, padding included
NEIGHBOURS = 2  # words read before and after one, to say what that one is: few say too little alone
CHANGE = 4.0  # nats; how unlikely a change of class is from one word to the next
SHORTEST_PART = 2  # words
FEW_LETTERS = 0.1  # share of a text's letters that may go unread without a word, such as that in 1º

_WORD = re.compile(r"[^\W\d_]+")


def classify(model: Model, text: str) -> Classification:
    """Which class a text belongs to, and what the model believed after every letter or word of it.

    Args:
        model: from `load`, of a checkpoint that classifies texts.
        text: any Unicode; what is beyond the model's longest text is not read, and a note says so.

    Raises:
        InputError: `text` is no str.
        CheckpointError: the model forecasts.
    """
    config, network = model.classifier
    answer = classify_many(model, [text])[0]
    belief, ends = _belief(config, network, answer.text)
    return replace(answer, belief=belief, ends=ends, parts=_parts(config, network, answer.text))


def classify_many(model: Model, texts: Sequence[str]) -> list[Classification]:
    """The same for many texts at once, batched, with an empty `belief`.

    Args:
        model: from `load`, of a checkpoint that classifies texts.
        texts: any number of them.

    Raises:
        InputError: one of `texts` is no str.
        CheckpointError: the model forecasts.
    """
    config, network = model.classifier
    made = [prepared(_text(text, number, len(texts)), config) for number, text in enumerate(texts, 1)]
    read = [text for text, _ in made]
    probabilities = np.empty((len(read), len(config.labels)))
    spoken = np.empty(len(read), bool)
    for rows in batches_of(read):
        steps = steps_of([read[row] for row in rows], config)
        probabilities[rows] = _probabilities(_logits(network, steps), config)
        spoken[rows] = steps.spoken
    return [
        Classification(
            text=text,
            label=_label(of_text, config) if letters else None,
            labels=config.labels,
            probabilities=of_text,
            belief=np.empty((0, len(config.labels))),
            ends=np.empty(0, np.int64),
            threshold=config.threshold,
            notes=(*_cut(text, cut), *_unread(text, config)),
        )
        for (text, cut), of_text, letters in zip(made, probabilities, spoken, strict=True)
    ]


def _cut(text: str, cut: bool) -> tuple[str, ...]:
    return (f"Only the first {len(text)} characters were read.",) if cut else ()


def _unread(text: str, config: TextConfig) -> tuple[str, ...]:
    """Letters of which nothing is known are no evidence, and must not pass for it in silence."""
    unread = unknown_alphabets(text, config)
    if sum(unread.values()) > FEW_LETTERS:
        names = ", ".join(name.capitalize() for name in unread)
        return (f"Not read, since no text in such letters was learnt from: {names}.",)
    return ()


def inputs_of(steps: Steps) -> TextInputs:
    """Steps as the tensors that the network reads."""
    return TextInputs(*(torch.from_numpy(part) for part in (steps.features, steps.starts, steps.lengths)))


def _text(text: object, number: int, count: int) -> str:
    if not isinstance(text, str):
        which = f" as text {number} of {count}" if count > 1 else ""
        raise InputError(Problem(f"{type(text).__name__}{which}", "a text (str)", "Give the text itself."))
    return text


def batches_of(texts: Sequence[str]) -> Iterator[list[int]]:
    """Rows of texts of similar length, so that little is padding."""
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    rows: list[int] = []
    for row in order:
        width = len(texts[row]) + 1
        if rows and (len(rows) + 1) * width > BATCH_STEPS:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


@torch.inference_mode()
def _logits(network: TextNetwork, steps: Steps) -> Tensor:
    logits, _, _ = network(inputs_of(steps))
    return logits


def _probabilities(logits: Tensor, config: TextConfig) -> np.ndarray:
    """(B, C) float64, each row summing to 1."""
    return (logits.double() / config.temperature).softmax(1).numpy()


def _label(probabilities: np.ndarray, config: TextConfig) -> str | None:
    best = int(probabilities.argmax())
    return config.labels[best] if probabilities[best] >= config.threshold else None


@torch.inference_mode()
def _belief(config: TextConfig, network: TextNetwork, text: str) -> tuple[np.ndarray, np.ndarray]:
    """(T, C) probabilities had the text ended after each letter or word, and (T,) characters read by then.

    The network reads on from state to state.  Had the text ended at a letter, the blank that ends a word would have
    followed, so from the state at every letter one more step is taken, all letters in one batch.
    """
    steps = steps_of([text], config)
    if not len(steps.features):
        return np.empty((0, len(config.labels))), np.empty(0, np.int64)
    before, reached = None, []
    for step, last in enumerate(steps.closing):
        _, before, _ = network(inputs_of(steps.one(step)), before)
        if not last:
            reached.append(before)
    gathered = _stacked(reached)
    if config.unit == "word":
        return _probabilities(network.logits(gathered), config), steps.ends
    supposed = endings(text, config, len(reached))
    logits, _, _ = network(inputs_of(supposed), gathered)
    return _probabilities(logits, config), supposed.ends


def _parts(config: TextConfig, network: TextNetwork, text: str) -> tuple[Part, ...]:
    """The stretches of a text that are of different classes, or none when it is of one piece.

    Every word is read with its neighbours; the likeliest sequence of classes, changes being rare, is found by dynamic
    programming (Viterbi 1967).
    """
    words = list(_WORD.finditer(text))
    if config.unit != "character" or len(words) < 2 * SHORTEST_PART:
        return ()
    around = [
        text[words[max(index - NEIGHBOURS, 0)].start() : words[min(index + NEIGHBOURS, len(words) - 1)].end()]
        for index in range(len(words))
    ]
    chances = np.empty((len(words), len(config.labels)))
    for rows in batches_of(around):
        chances[rows] = _probabilities(_logits(network, steps_of([around[row] for row in rows], config)), config)
    path = _likeliest_path(np.log(chances.clip(1e-12)), CHANGE)
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    parts = []
    for first, last in itertools.pairwise(edges):
        probability = float(chances[first:last, path[first]].mean())
        if last - first >= SHORTEST_PART and probability >= config.threshold:
            parts.append(Part(words[first].start(), words[last - 1].end(), config.labels[path[first]], probability))
    return tuple(parts) if len({part.label for part in parts}) > 1 else ()


def _likeliest_path(scores: np.ndarray, change: float) -> np.ndarray:
    """(T,) the classes with the highest sum of scores (T, C), each change from one to another costing `change`."""
    best = scores[0]
    came_from = np.empty(scores.shape, np.int64)
    for step in range(1, len(scores)):
        leader = int(best.argmax())
        stays = best >= best[leader] - change
        came_from[step] = np.where(stays, np.arange(len(best)), leader)
        best = np.where(stays, best, best[leader] - change) + scores[step]
    path = [int(best.argmax())]
    for step in range(len(scores) - 1, 0, -1):
        path.append(int(came_from[step, path[-1]]))
    return np.array(path[::-1])


def _stacked(parts: Sequence[Gathered]) -> Gathered:
    """What was held at each of several moments, as a batch."""

    def joined(tensors: list[Tensor | None]) -> Tensor | None:
        found = [tensor for tensor in tensors if tensor is not None]
        return torch.cat(found) if found else None

    states = [part.state for part in parts if part.state is not None]
    return Gathered(
        state=State(*(torch.cat(tensors) for tensors in zip(*states, strict=True))) if states else None,
        output=joined([part.output for part in parts]),
        outputs=joined([part.outputs for part in parts]),
        steps=torch.cat([part.steps for part in parts]),
        embedded=torch.cat([part.embedded for part in parts]),
        features=torch.cat([part.features for part in parts]),
    )
