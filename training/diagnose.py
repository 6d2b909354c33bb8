"""The doctor: learning curve, gradients and what is known of the data -> what went wrong, in words, and what to try

Every judgement compares a curve with itself, so that it holds for any loss: a forecaster's training and validation
losses are in different units.  Accuracies, where there are any, are compared with each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from rnn_model.config import CellConfig
from rnn_model.records import GradientFlow, History
from rnn_model.report import percent
from training.config import TrainConfig

# What counts as much.  Shares of the value compared with, unless said otherwise.
RISE = 0.05  # of a validation loss above its best
OF_THE_FALL = 0.02  # least share of the fall before that a rise must take back: near 0 a loss doubles over nothing
CONFIDENT_RISE = 0.15  # of a validation loss, while the accuracy holds
HELD = 0.02  # accuracy lost that still counts as holding
GAP = 0.08  # training accuracy above validation accuracy
LITTLE_LEARNT = 0.1  # fall of the training loss over the run
POORLY_FITTED = 0.85  # training accuracy below which a network has room
STILL_FALLING = 0.1  # share of the whole fall of the validation loss that came in the last third of a run
NOTABLE = 0.005  # fall of the validation loss that shows
BLOW_UP = 1.5  # times the lowest training loss before
SPIKE = 20.0  # times the usual gradient norm before
MOSTLY_CLIPPED = 0.5  # share of the steps
SHORT = 0.5  # share of the steps back, up to which enough of the gradient should be left
FAINT = 1e-4  # gradient norm relative to its first value
FEW_ROWS = 50  # for each class, to train on
FEW_SERIES = 30
WIDE = 0.05  # half of an accuracy's interval
MOST_DECAY = 5.0  # to be tried
LEAKED = 0.01  # share of the held-out rows
TOO_GOOD = 0.05  # validation accuracy above training accuracy


@dataclass(frozen=True)
class Compared:
    """The network beside a baseline on the same held-out rows; scores are losses, lower is better.

    Attributes:
        name: of the baseline.
        loss: of the network.
        baseline_loss: of the baseline.
        better_by: where the loss saved lies with 95 % confidence; None when it was not measured.
    """

    name: str
    loss: float
    baseline_loss: float
    better_by: tuple[float, float] | None = None


@dataclass(frozen=True)
class Facts:
    """What is known beside the learning curve; each may be left unknown.

    Attributes:
        train, cell: how the run went and what was trained; changes start from them.  No cell means that the layers were
            given, with trained weights, so nothing about them is proposed.
        rows: of the training part, series or texts.
        classes: C; 1 for forecasts.
        held_out: rows of the held-out parts.
        leaks: those of them that nearly repeat a training row.
        accuracy_interval: of the accuracy on the test rows.
        compared: with baselines.
        flow: gradient against distance, of the trained network.
        kept: whether the layers are in the model that came of it.
    """

    train: TrainConfig = field(default_factory=TrainConfig)
    cell: CellConfig | None = field(default_factory=CellConfig)
    rows: int | None = None
    classes: int = 1
    held_out: int | None = None
    leaks: int = 0
    accuracy_interval: tuple[float, float] | None = None
    compared: tuple[Compared, ...] = ()
    flow: GradientFlow | None = None
    kept: bool = True


@dataclass(frozen=True)
class Change:
    """One thing to try: a field of `TrainConfig` or `CellConfig` with another value."""

    field: str
    before: object
    after: object

    def __str__(self) -> str:
        return f"--{self.field.replace('_', '-')} {self.after} (now {self.before})"


@dataclass(frozen=True)
class Diagnosis:
    """One finding.

    Attributes:
        name: "overfitting", "underfitting", "over-confident", "diverging", "vanishing gradient", "exploding gradient",
            "not better than the baseline", "too little data", "leak suspected" or "healthy".
        verdict: what it is, in a sentence.
        evidence: the numbers it rests on, in words.
        advice: what to do, in a sentence.
        change: the setting to try first; None when no setting helps.
    """

    name: str
    verdict: str
    evidence: tuple[str, ...]
    advice: str
    change: Change | None = None


def diagnose(history: History, facts: Facts = Facts()) -> tuple[Diagnosis, ...]:
    """Everything found, the gravest first; "healthy" alone when nothing is wrong.

    Args:
        history: the learning curve; empty when the run broke before its first validation.
        facts: what is known beside it.
    """
    found = [
        *_leak(history, facts),
        *_diverging(history, facts),
        *_gradient(history, facts),
        *_baseline(facts),
        *_overfitting(history, facts),
        *_over_confident(history, facts),
        *_underfitting(history, facts),
        *_little_data(facts),
    ]
    return tuple(found) or (_healthy(history, facts),)


def changed(change: Change, train: TrainConfig, cell: CellConfig | None) -> tuple[TrainConfig, CellConfig | None]:
    """Both configurations with one change made."""
    if cell is None or hasattr(train, change.field):
        return replace(train, **{change.field: change.after}), cell  # type: ignore[arg-type]
    return train, replace(cell, **{change.field: change.after})  # type: ignore[arg-type]


def _leak(history: History, facts: Facts) -> Iterator[Diagnosis]:
    evidence = []
    if facts.held_out and facts.leaks > LEAKED * facts.held_out:
        evidence.append(f"{facts.leaks:,} of {facts.held_out:,} held-out rows nearly repeat a training row.")
    if history.epochs:
        kept = history.epochs[history.best]
        if (
            kept.train_accuracy is not None
            and kept.valid_accuracy is not None
            # twice the standard error of a share of few rows, if they are few
            and kept.valid_accuracy > kept.train_accuracy + max(TOO_GOOD, (facts.held_out or math.inf) ** -0.5)
        ):
            evidence.append(
                f"Validation accuracy {percent(kept.valid_accuracy, 1)} is above training accuracy "
                f"{percent(kept.train_accuracy, 1)}."
            )
    if evidence:
        yield Diagnosis(
            "leak suspected",
            "The held-out rows may not be new to the network, so its scores may be too good.",
            tuple(evidence),
            "Remove rows that say almost the same, or keep those of one source on one side, and train again.",
        )


def _diverging(history: History, facts: Facts) -> Iterator[Diagnosis]:
    train, valid = ([getattr(epoch, loss) for epoch in history.epochs] for loss in ("train_loss", "valid_loss"))
    broke = any(word in history.stopped for word in ("nan", "inf")) or not np.isfinite(train).all()
    evidence = []
    if broke:
        evidence.append(history.stopped or "A training loss is not finite.")
    elif len(train) >= 3:
        for row in range(2, len(train)):
            lowest, level = min(train[: row - 1]), min(train[row - 1 : row + 1])  # two rows high: no outlier
            # the mean of a few batches is noisy; where the validation loss is at its best nothing blows up
            risen = min(valid[row - 1 : row + 1]) > min(valid[: row - 1])
            if risen and level > BLOW_UP * lowest > 0 and level > train[0] / 2:
                step = history.epochs[row].step
                evidence.append(f"The training loss was {lowest:.3g} once, and {level:.3g} or more by step {step:,}.")
                break
    if evidence:
        yield Diagnosis(
            "diverging",
            "The training loss itself rises: the steps are too large to follow the slope.",
            tuple(evidence),
            "Take smaller steps.",
            Change("learning_rate", facts.train.learning_rate, _short(facts.train.learning_rate / 5)),
        )


def _gradient(history: History, facts: Facts) -> Iterator[Diagnosis]:
    norms = np.array([epoch.gradient_norm for epoch in history.epochs])
    clipped = float(np.mean([epoch.clipped for epoch in history.epochs])) if history.epochs else 0.0
    flow, evidence = facts.flow, []
    steps_back = len(flow.norms) - 1 if flow is not None else 0
    if facts.cell is not None and flow is not None and flow.memory < SHORT * steps_back:
        evidence.append(f"{_capital(flow.verdict)}; spectral radius of W_hh {flow.radius.max():.2f}.")
    if len(norms) > 1 and norms[0] > 0 and np.median(norms[-2:]) < FAINT * norms[0] and not _learnt(history):
        evidence.append(f"The gradient norm fell from {norms[0]:.2g} to {norms[-1]:.2g} while nothing was learnt.")
    if evidence:
        yield Diagnosis(
            "vanishing gradient",
            "The loss at the end does not reach the early steps, so the network cannot learn to use them.",
            tuple(evidence),
            "Use a cell whose memory carries the gradient, or start from weights that keep its length.",
            _for_memory(facts.cell),
        )
    evidence = []
    if flow is not None and "explodes" in flow.verdict:
        evidence.append(f"Sent back through time the gradient {flow.verdict}; spectral radius {flow.radius.max():.2f}.")
    for row in range(2, len(norms)):
        usual = float(np.median(norms[:row]))
        if norms[row] > SPIKE * usual > 0:
            evidence.append(
                f"Up to step {history.epochs[row].step:,} its norm was {norms[row]:.3g}, before usually {usual:.3g}."
            )
            break
    if clipped > MOSTLY_CLIPPED and np.median(norms) > 5 * facts.train.clip:
        evidence.append(
            f"{percent(clipped)} of the steps were clipped to {facts.train.clip:g}; the norm was usually "
            f"{np.median(norms):.3g}."
        )
    if evidence:
        cell = facts.cell
        yield Diagnosis(
            "exploding gradient",
            "Some steps have gradients so long that only the clipping holds the run together.",
            tuple(evidence),
            "Start from weights that keep the length of a gradient, or take smaller steps.",
            Change("learning_rate", facts.train.learning_rate, _short(facts.train.learning_rate / 3))
            if cell is None or cell.initialisation == "orthogonal"
            else Change("initialisation", cell.initialisation, "orthogonal"),
        )


def _baseline(facts: Facts) -> Iterator[Diagnosis]:
    lost = []
    for one in facts.compared:
        sure = one.better_by is None or one.better_by[0] > 0
        if not (one.loss < one.baseline_loss and sure):
            between = "" if one.better_by is None else f", better by {one.better_by[0]:.3f} to {one.better_by[1]:.3f}"
            lost.append(f"{one.name}: loss {one.baseline_loss:.4g}, the network {one.loss:.4g}{between}.")
    if lost:
        yield Diagnosis(
            "not better than the baseline",
            "Something simpler does as well or better on the same held-out rows: believe that one.",
            tuple(lost),
            "Use the baseline, or give the network more rows; a different seed is not an improvement.",
        )


def _overfitting(history: History, facts: Facts) -> Iterator[Diagnosis]:
    epochs, best = history.epochs, history.best
    if len(epochs) < 3 or best >= len(epochs) - 2:
        return
    train = np.array([epoch.train_loss for epoch in epochs])
    valid = np.array([epoch.valid_loss for epoch in epochs])
    last, last_valid = epochs[-1], float(np.median(valid[-2:]))
    noise = float(np.median(np.abs(np.diff(valid)))) if len(valid) > 4 else 0.0
    risen = last_valid - valid[best]
    if not (_risen(valid, best, last_valid, RISE) and risen > noise and train[-1] < train[best]):
        return
    since = next(i for i in range(best, len(epochs)) if (valid[i:] > valid[best] + RISE / 5 * abs(valid[best])).all())
    evidence = [
        f"Since step {epochs[since].step:,} the validation loss rises, from {valid[best]:.4g} to {last_valid:.4g}, "
        f"while the training loss falls, from {train[best]:.4g} to {train[-1]:.4g}."
    ]
    if last.train_accuracy is not None and last.valid_accuracy is not None:
        evidence.append(
            f"In the end it gets {percent(last.train_accuracy, 1)} of the training rows right and "
            f"{percent(last.valid_accuracy, 1)} of the others: "
            f"a gap of {100 * (last.train_accuracy - last.valid_accuracy):.0f} points."
        )
    evidence.append(f"The weights kept are those of step {epochs[best].step:,}, before that.")
    yield Diagnosis(
        "overfitting",
        "The network learns the training rows by heart instead of what they have in common.",
        tuple(evidence),
        "Make it harder to remember single rows.",
        _against_memorising(facts),
    )


def _over_confident(history: History, facts: Facts) -> Iterator[Diagnosis]:
    epochs, best = history.epochs, history.best
    if len(epochs) < 3 or best >= len(epochs) - 1:
        return
    kept, last = epochs[best], epochs[-1]
    if kept.valid_accuracy is None or last.valid_accuracy is None:
        return
    valid = np.array([epoch.valid_loss for epoch in epochs])
    if _risen(valid, best, last.valid_loss, CONFIDENT_RISE) and last.valid_accuracy >= kept.valid_accuracy - HELD:
        yield Diagnosis(
            "over-confident",
            "It gets as many right as before but is ever surer of those it gets wrong.",
            (
                f"From step {kept.step:,} to {last.step:,} the validation loss rises from {kept.valid_loss:.4g} to "
                f"{last.valid_loss:.4g}; accuracy goes from {percent(kept.valid_accuracy, 1)} to "
                f"{percent(last.valid_accuracy, 1)}.",
            ),
            "Hold the weights smaller, and do not read the last epoch's probabilities as probabilities.",
            _decayed(facts.train) or _smaller(facts.cell),
        )


def _underfitting(history: History, facts: Facts) -> Iterator[Diagnosis]:
    epochs, best = history.epochs, history.best
    if len(epochs) < 3 or any(True for _ in _diverging(history, facts)):
        return
    valid = np.array([epoch.valid_loss for epoch in epochs])
    third = len(epochs) - max(len(epochs) // 3, 1)
    before = float(valid[:third].min())
    least = max(STILL_FALLING * (valid[0] - valid[best]), NOTABLE * abs(before))
    if best >= len(epochs) - 2 and before - valid[best] > least > 0:
        yield Diagnosis(
            "underfitting",
            "It was still learning when the run ended.",
            (f"In the last third of the run the validation loss fell from {before:.4g} to {valid[best]:.4g}.",),
            "Train longer.",
            Change("steps", facts.train.steps, 2 * facts.train.steps),
        )
        return
    last = epochs[-1]
    poor = last.train_accuracy is not None and last.train_accuracy < POORLY_FITTED
    gap = (last.train_accuracy or 0.0) - (last.valid_accuracy or 0.0)
    overfitted = any(True for _ in _overfitting(history, facts))
    if overfitted or (last.train_accuracy is not None and not (poor and gap < GAP)):
        return
    # trained weights have little left to learn
    if poor or not (facts.cell is None or _learnt(history)):
        evidence = [f"The training loss went from {epochs[0].train_loss:.4g} to {last.train_loss:.4g}."]
        if last.train_accuracy is not None and last.valid_accuracy is not None:
            evidence.append(
                f"It gets {percent(last.train_accuracy, 1)} of its own training rows right, and "
                f"{percent(last.valid_accuracy, 1)} of the others."
            )
        yield Diagnosis(
            "underfitting",
            "It does not even fit the rows it was trained on, and has stopped getting better.",
            tuple(evidence),
            "Give it more units, or larger steps; or the rows do not tell what is asked.",
            Change("hidden_size", facts.cell.hidden_size, min(2 * facts.cell.hidden_size, 4096))
            if facts.cell is not None and facts.cell.hidden_size < 4096
            else None,
        )


def _little_data(facts: Facts) -> Iterator[Diagnosis]:
    evidence = []
    if facts.rows is not None:
        least = FEW_ROWS * facts.classes if facts.classes > 1 else FEW_SERIES
        kind = f"rows to train on for {facts.classes} classes" if facts.classes > 1 else "series to train on"
        if facts.rows < least:
            evidence.append(f"{facts.rows:,} {kind}; from about {least:,} on it gets dependable.")
    if facts.accuracy_interval is not None:
        low, high = facts.accuracy_interval
        if high - low > 2 * WIDE:
            evidence.append(
                f"The test rows can only tell that the accuracy lies between {percent(low, 1)} and {percent(high, 1)}."
            )
    if evidence:
        yield Diagnosis(
            "too little data",
            "There is too little to learn from, or to know how good the network is by.",
            tuple(evidence),
            "Collect more" + ("; until then a smaller network has less to remember them with." if facts.kept else "."),
            _smaller(facts.cell) if facts.kept else None,
        )


def _healthy(history: History, facts: Facts) -> Diagnosis:
    evidence = []
    if history.epochs:
        first, kept = history.epochs[0], history.epochs[history.best]
        evidence.append(
            f"Validation loss {first.valid_loss:.4g} at step {first.step:,}, {kept.valid_loss:.4g} at step "
            f"{kept.step:,}, which was kept."
        )
        if kept.train_accuracy is not None and kept.valid_accuracy is not None:
            evidence.append(
                f"{percent(kept.train_accuracy, 1)} of the training rows right, "
                f"{percent(kept.valid_accuracy, 1)} of the others."
            )
    evidence += [f"Better than {one.name}: loss {one.loss:.4g}, not {one.baseline_loss:.4g}." for one in facts.compared]
    return Diagnosis("healthy", "Nothing in the curves speaks against it.", tuple(evidence), "Use it.")


def _risen(valid: np.ndarray, best: int, last: float, share: float) -> bool:
    """Whether the last validation loss is that share above the best one, and more than a trifle of the fall before."""
    return bool(last - valid[best] > max(share * abs(valid[best]), OF_THE_FALL * (valid[0] - valid[best])))


def _learnt(history: History) -> bool:
    """The training loss or the validation loss fell by more than a little, or was small from the first row on."""
    epochs = history.epochs
    return any(
        min(losses) < (1 - LITTLE_LEARNT) * losses[0]
        for losses in ([epoch.train_loss for epoch in epochs], [epoch.valid_loss for epoch in epochs])
    )


def _for_memory(cell: CellConfig | None) -> Change | None:
    """First the start, then the activation, then the cell: each change alone can be built."""
    if cell is None:
        return None
    if cell.initialisation in ("torch", "xavier") or (cell.initialisation == "identity" and cell.activation == "tanh"):
        return Change("initialisation", cell.initialisation, "orthogonal")
    if cell.activation == "relu":
        return Change("activation", cell.activation, "tanh")
    if cell.cell != "lstm":
        return Change("cell", cell.cell, "lstm")
    return Change("forget_bias", cell.forget_bias, min(cell.forget_bias + 1, 10.0))


def _against_memorising(facts: Facts) -> Change | None:
    """Smaller steps away from given weights; else dropout (it acts between layers), weight decay, fewer units."""
    cell = facts.cell
    if cell is None:  # decay would pull trained weights to zero, away from what they know
        return Change("learning_rate", facts.train.learning_rate, _short(facts.train.learning_rate / 3))
    if cell.layers > 1 and cell.dropout < 0.5:
        return Change("dropout", cell.dropout, 0.3 if cell.dropout < 0.3 else 0.5)
    return _decayed(facts.train) or _smaller(cell)


def _decayed(train: TrainConfig) -> Change | None:
    """The decay under which a weight that no gradient holds falls to 1/e over the run, if it is not near that already.

    A step multiplies it by 1 - rate * decay, and the cosine makes the rate half of its highest on average.
    """
    fading = min(_short(2 / max(train.learning_rate * train.steps, 1e-9)), MOST_DECAY)
    if train.weight_decay > fading / 2:
        return None
    return Change("weight_decay", train.weight_decay, fading)


def _smaller(cell: CellConfig | None) -> Change | None:
    if cell is None or cell.hidden_size <= 4:
        return None
    return Change("hidden_size", cell.hidden_size, max(cell.hidden_size // 2, 4))


def _short(value: float) -> float:
    """Two digits are enough for something to try."""
    return float(f"{value:.2g}") if math.isfinite(value) else value


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
