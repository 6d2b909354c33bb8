"""Which letters or words of a text spoke for an answer, by one backward pass through time"""

from __future__ import annotations

import numpy as np
import torch

from rnn_model.checkpoint import Model
from rnn_model.classifier import inputs_of
from rnn_model.errors import InputError, Problem
from rnn_model.ngrams import prepared, steps_of


def attribution(model: Model, text: str, label: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """How much each letter (or word) moved the log odds of a class: gradient times input.

    For step t with embedded features e_t it is e_t . d(log p / (1 - p))/d(e_t) (Shrikumar et al. 2016), which is exact
    for a network linear in its input and says otherwise what a small change would do.  The log-probability itself has
    no slope left where the network is sure.  The blank after a word counts for the letter before it.

    Args:
        model: from `load`, of a checkpoint that classifies texts.
        text: what `classify` was given.
        label: the class to explain; None takes the likeliest.

    Returns:
        scores (T,), positive where a letter spoke for the class, and ends (T,), characters of the prepared text read
        by then, as in `Classification.ends`.

    Raises:
        InputError: no such class.
        CheckpointError: the model forecasts.
    """
    config, network = model.classifier
    if label is not None and label not in config.labels:
        raise InputError(Problem(f"label {label!r}", "one of " + ", ".join(config.labels), "Choose one of these."))
    steps = steps_of([prepared(text, config)[0]], config)
    if not len(steps.features):
        return np.empty(0), np.empty(0, np.int64)
    inputs = inputs_of(steps)
    with torch.enable_grad():
        embedded = network.embedding(inputs.features, inputs.starts).detach().requires_grad_()
        logits, _, _ = network.read(embedded, inputs)
        scaled = logits[0] / config.temperature
        chosen = int(scaled.argmax()) if label is None else config.labels.index(label)
        others = torch.cat((scaled[:chosen], scaled[chosen + 1 :]))
        (gradient,) = torch.autograd.grad(scaled[chosen] - others.logsumexp(0), embedded)
    scores = (gradient * embedded).sum(1).detach().double().numpy()
    letters = np.flatnonzero(~steps.closing)
    blanks = np.flatnonzero(steps.closing)
    scores[blanks - 1] += scores[blanks]
    return scores[letters], steps.ends[letters]


def hidden_states(model: Model, text: str) -> np.ndarray:
    """(T, L, H) what every unit of every layer held after each letter (or word) that `classify` reads.

    Args:
        model: from `load`, of a checkpoint that classifies texts.
        text: what `classify` was given.

    Raises:
        CheckpointError: the model forecasts.
    """
    config, network = model.classifier
    steps = steps_of([prepared(text, config)[0]], config)
    if config.recurrent is None or not len(steps.features):
        return np.empty((0, 0, 0))
    with torch.inference_mode():
        _, _, hidden = network(inputs_of(steps))
    assert hidden is not None, "a network with recurrence has hidden states"
    return hidden[0].numpy()[~steps.closing]
