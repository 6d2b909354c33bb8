"""What a text network must beat on a table: the commonest class, and TF-IDF with logistic regression.

The second is the control that a careful person would reach for first: it takes seconds and on small tables it is often
the better one (Wang and Manning 2012, "Baselines and bigrams", ACL).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnn_model.metrics import (
    accuracy,
    bootstrap_interval,
    confusion,
    expected_calibration_error,
    log_loss,
    log_losses,
    macro_f1,
    wilson_interval,
)
from rnn_model.records import ClassScores

MAJORITY = "majority class"
BAG = "TF-IDF + logistic regression"
LEAST = 5e-4  # nats; a log loss saved that three digits do not show is no reason to believe anything
# Inverse strengths of the penalty to choose from, by log loss on the rows that choose.
STRENGTHS = (1.0, 4.0, 16.0)


@dataclass(frozen=True)
class Difference:
    """How much better one classifier did than another on the same rows; positive is better.

    Attributes:
        accuracy, accuracy_interval: its accuracy minus the other's, and where that lies with 95 % confidence.
        log_loss, log_loss_interval: the other's log loss minus its own, in nats, and where that lies.
    """

    accuracy: float
    accuracy_interval: tuple[float, float]
    log_loss: float
    log_loss_interval: tuple[float, float]

    @property
    def verdict(self) -> str:
        """Which to believe, in words: judged by the log loss, which sees how sure an answer was."""
        low, high = self.log_loss_interval
        if low > LEAST:
            return "better"
        return "worse" if high < -LEAST else "no different as far as these rows can tell"

    def beside(self, name: str) -> str:
        """Which to believe, the network or the control of that name, and by how much, in a sentence."""
        return (
            f"Beside {name} the network is {self.verdict}: accuracy {self.accuracy:+.3f} "
            f"({self.accuracy_interval[0]:+.3f} to {self.accuracy_interval[1]:+.3f}), log loss saved "
            f"{self.log_loss:+.3f} ({self.log_loss_interval[0]:+.3f} to {self.log_loss_interval[1]:+.3f})."
        )


def majority(labels: np.ndarray, classes: int, rows: int) -> np.ndarray:
    """(N, C) the shares of the classes among the training labels, for every one of `rows` rows.

    Args:
        labels: of the training rows.
        classes: C.
        rows: N.
    """
    # one row added to each class keeps a class that was never seen possible (Laplace's rule)
    counts = np.bincount(labels, minlength=classes) + 1.0
    return np.tile(counts / counts.sum(), (rows, 1))


def bag_of_words(
    train: tuple[Sequence[str], np.ndarray],
    valid: tuple[Sequence[str], np.ndarray],
    texts: Sequence[str],
    classes: int,
) -> np.ndarray:
    """(N, C) probabilities for `texts` from TF-IDF of words, word pairs and runs of 3 to 5 letters.

    The strength of the penalty is the one with the lowest log loss on `valid`; then both parts train together, since
    nothing is left to choose: a control should be as good as it can be made without trying.

    Args:
        train: texts and labels (N,); every class must occur.
        valid: texts and labels that choose.
        texts: to classify.
        classes: C.
    """
    losses = [log_loss(valid[1], made) for made in _fitted(train, valid[0], STRENGTHS, classes)]
    best = STRENGTHS[int(np.argmin(losses))]
    both = [*train[0], *valid[0]], np.concatenate([train[1], valid[1]])
    (probabilities,) = _fitted(both, texts, (best,), classes)
    return probabilities


def _fitted(
    train: tuple[Sequence[str], np.ndarray], texts: Sequence[str], strengths: Sequence[float], classes: int
) -> Iterator[np.ndarray]:
    """Probabilities (N, C) of `texts` by a regression of each strength on `train`; 0 for a class not in there."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_union

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    # scikit-learn refuses to count the words where there are none
    features = make_union(words, letters) if any(re.search(r"\w", text) for text in train[0]) else letters
    known = features.fit_transform(train[0])
    unknown = features.transform(texts)
    for strength in strengths:
        model = LogisticRegression(C=strength, max_iter=1000).fit(known, train[1])
        probabilities = np.zeros((len(texts), classes))
        probabilities[:, model.classes_] = model.predict_proba(unknown)
        yield probabilities


def score(labels: np.ndarray, probabilities: np.ndarray) -> ClassScores:
    """Accuracy, log loss, macro-F1 and calibration of probabilities (N, C) against labels (N,), with intervals."""
    predicted, classes = np.argmax(probabilities, axis=1), probabilities.shape[1]
    losses = log_losses(labels, probabilities)
    right = accuracy(labels, probabilities)
    return ClassScores(
        rows=len(labels),
        accuracy=right,
        accuracy_interval=wilson_interval(right, len(labels)),
        log_loss=float(losses.mean()),
        log_loss_interval=bootstrap_interval(lambda rows: losses[rows].mean(), len(labels)),
        macro_f1=macro_f1(confusion(labels, predicted, classes)),
        macro_f1_interval=bootstrap_interval(
            lambda rows: macro_f1(confusion(labels[rows], predicted[rows], classes)), len(labels)
        ),
        calibration_error=expected_calibration_error(labels, probabilities),
        calibration_error_interval=bootstrap_interval(
            lambda rows: expected_calibration_error(labels[rows], probabilities[rows]), len(labels)
        ),
    )


def score_lines(scores: Mapping[str, ClassScores]) -> list[str]:
    """A heading, and a line for each classifier; in brackets where the true value lies with 95 % confidence."""
    measures = {"accuracy": "accuracy", "log loss": "log_loss", "calibration error": "calibration_error"}
    lines = [f"{'':<29}" + "".join(f" {heading:>22}" for heading in measures) + f" {'macro F1':>9}"]
    for name, row in scores.items():
        cells = [(getattr(row, field), *getattr(row, f"{field}_interval")) for field in measures.values()]
        shown = "".join(f" {value:>6.3f} ({low:.3f}-{high:.3f})" for value, low, high in cells)
        lines.append(f"{name:<29}{shown} {row.macro_f1:>9.3f}")
    return lines


def difference(labels: np.ndarray, one: np.ndarray, other: np.ndarray) -> Difference:
    """How much better `one` did than `other`, probabilities (N, C) each for the same rows."""
    right = (one.argmax(1) == labels).astype(float) - (other.argmax(1) == labels)
    saved = log_losses(labels, other) - log_losses(labels, one)
    return Difference(
        accuracy=float(right.mean()),
        accuracy_interval=_interval(right),
        log_loss=float(saved.mean()),
        log_loss_interval=_interval(saved),
    )


def _interval(values: np.ndarray) -> tuple[float, float]:
    """Where the mean of at least two values lies with 95 % confidence.

    Drawn again and again, few values spread too little: their variance is that of N, not of N - 1, and the quantiles
    are those of a normal distribution, not of Student's t (Hesterberg 2015, "What teachers should know about the
    bootstrap", American Statistician 69, 371-386).
    """
    from scipy.stats import norm, t

    count, mean = len(values), float(values.mean())
    wider = float(t.ppf(0.975, count - 1) / norm.ppf(0.975)) * (count / (count - 1)) ** 0.5
    low, high = bootstrap_interval(lambda rows: values[rows].mean(), count)
    return mean - wider * (mean - low), mean + wider * (high - mean)
