"""Logistic regression on hashed n-grams, weighed as TF-IDF weighs words, as a text network without recurrence

It is linear in the features, and so is the bag of a text network: the weights become rows of its embedding, exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import csr_matrix

from rnn_model.config import TextConfig
from rnn_model.network import TextNetwork
from rnn_model.ngrams import prepared, steps_of
from training.classifying import honest_temperature
from training.table.splits import dealt

STRENGTHS = (0.12, 0.5, 2.0, 8.0, 32.0)  # inverse penalties to choose from
POWERS = (1.0, 2.0)  # of the rarity of a feature, by which it is weighed, to choose from
PARTS = 5  # of the rows, each in its turn held out to choose by
GROWTH = 0.5  # the length of a vector of n features grows as the root of n, as in TF-IDF's normalisation
UNSEEN = -30.0  # logit of a class of which there was no row


class Choice(NamedTuple):
    """How a regression weighs features and is held back, how its logits become probabilities, and what it says.

    Attributes:
        power: of the rarity of a feature.
        strength: inverse penalty of the weights.
        temperature: what the logits are divided by.
        parts: (N,) the part of the rows that each belongs to, from 0.
        logits: (N, C) of every row, by a regression on the other parts, divided by the temperature.
    """

    power: float
    strength: float
    temperature: float
    parts: np.ndarray
    logits: np.ndarray


def choose(
    texts: Sequence[str],
    labels: np.ndarray,
    config: TextConfig,
    seed: int,
    go_on: Callable[[], bool] = lambda: True,
) -> Choice:
    """The choice of the lowest cross-entropy on rows that a regression on the others has not seen.

    Every row is held out once, copies of a text together, so that none is lost to the training or to the choice.

    Args:
        texts, labels: N rows to train on.
        config: of the network.
        seed: of the order in which rows are dealt out.
        go_on: asked after every regression; when it says no, the best so far is taken.
    """
    counts = _counts(texts, config)
    parts = np.empty(len(texts), np.int64)
    for number, rows in enumerate(dealt(texts, labels, PARTS, seed)):
        parts[rows] = number
    best, lowest, wanted = None, np.inf, True
    for power in POWERS:
        before = np.inf
        for strength in STRENGTHS:
            logits = np.empty((len(texts), len(config.labels)))
            for part in range(PARTS):
                if not wanted and best is not None:
                    return best
                held_out = parts == part
                weights, bias = _fitted(counts[~held_out], labels[~held_out], power, strength, len(config.labels))
                logits[held_out] = _scaled(counts[held_out]) @ weights.T + bias
                wanted = wanted and go_on()
            temperature, loss = honest_temperature([(torch.from_numpy(logits), torch.from_numpy(labels))])
            if loss < lowest:
                best, lowest = Choice(power, strength, temperature, parts, logits / temperature), loss
            if loss >= before:
                break
            before = loss
    assert best is not None, "the first strength has a finite loss"
    return best


def regression(
    texts: Sequence[str], labels: np.ndarray, config: TextConfig, power: float, strength: float
) -> TextNetwork:
    """A network without recurrence whose bag is a logistic regression on the hashed features of the texts.

    A text is x_v = r (idf_v / r)^power count_v / n^(1/2), with idf_v = ln((1 + N)/(1 + N_v)) + 1 (as scikit-learn's),
    r that of a feature in one text alone, and n the features of the text.

    Args:
        texts, labels: N rows to train on, of at least two classes.
        config: of the network; its recurrence is left out, and a number stands in its embedding for each class.
        power, strength: as in `Choice`.
    """
    weights, bias = _fitted(_counts(texts, config), labels, power, strength, len(config.labels))
    classes = len(config.labels)
    with torch.random.fork_rng(devices=[]):
        network = TextNetwork(bag_config(config))
    with torch.no_grad():
        network.embedding.weight.copy_(torch.from_numpy(weights.T))
        network.bag.weight.copy_(torch.eye(classes))
        network.bag.bias.copy_(torch.from_numpy(bias))
        network.growth.fill_(GROWTH)
    return network


def bag_config(config: TextConfig) -> TextConfig:
    """Of the network that `regression` makes."""
    return replace(config, embedding=len(config.labels), recurrent=None)


def _counts(texts: Sequence[str], config: TextConfig) -> csr_matrix:
    """(N, V) how often each text holds each feature."""
    steps = steps_of([prepared(text, config)[0] for text in texts], config)
    first = np.concatenate(([0], np.cumsum(steps.lengths)))
    pointers = np.append(steps.starts, len(steps.features))[first]
    counts = csr_matrix((np.ones(len(steps.features)), steps.features, pointers), (len(texts), config.buckets))
    counts.sum_duplicates()
    return counts


def _scaled(counts: csr_matrix) -> csr_matrix:
    """Counts (N, V) divided by a power of the features of their text, as the network does."""
    held = np.maximum(np.asarray(counts.sum(1)), 1)
    return counts.multiply(held ** (GROWTH - 1)).tocsr()


def _fitted(
    counts: csr_matrix, labels: np.ndarray, power: float, strength: float, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (C, V) of `_scaled` counts and biases (C,) of a regression on the weighed ones."""
    from sklearn.linear_model import LogisticRegression

    rarest = np.log((1 + counts.shape[0]) / 2) + 1
    held = np.bincount(counts.indices, minlength=counts.shape[1])
    used = np.flatnonzero(held)  # the weight of any other feature stays 0, at a cost for each class
    if not len(used):
        used = np.zeros(1, np.int64)  # by a column of zeros only the shares of the classes can be learnt
    idf = np.log((1 + counts.shape[0]) / (1 + held[used])) + 1
    weighed = rarest * (idf / rarest) ** power
    features = _scaled(counts)[:, used].multiply(weighed).tocsr()
    model = LogisticRegression(C=strength, max_iter=500).fit(features, labels)
    found, offsets = model.coef_ * weighed, model.intercept_
    if len(found) == 1:  # two classes have one row, of the second against the first
        found, offsets = np.concatenate((-found, found)) / 2, np.concatenate((-offsets, offsets)) / 2
    weights, bias = np.zeros((classes, counts.shape[1])), np.full(classes, UNSEEN)
    weights[np.ix_(model.classes_, used)], bias[model.classes_] = found, offsets
    return weights, bias
