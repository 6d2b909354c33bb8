"""A classification as a picture: the belief after every letter, drawn in the two colours of `rnn_model/plots.py`"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnn_model.explain import order_of_units
from rnn_model.plots import ACCENT, FONT, INK, MUTED, canvas, drawing, size_of, two_colours
from rnn_model.records import Classification

SHOWN = 4  # classes
LEAST = 0.08  # probability that a class must have had to be drawn
LETTERS = {False: 64, True: 26}  # of the text that can be written under the picture, wide and narrow
SIZES = {False: (677, 250), True: (320, 250)}  # points
_DASHES = ((), (5, 2), (2, 2), (1, 3))


def belief_figure(answer: Classification, names: Mapping[str, str] | None = None, *, narrow: bool = False) -> Figure:
    """Probability of the leading classes after every letter (or word), the moment of decision marked.

    Args:
        answer: from `classify`, with a belief of at least one row.
        names: label -> what to call it; a label without a name is called by itself.
        narrow: a figure for a phone.
    """
    named = names or {}
    shown = _leaders(answer)
    steps = np.arange(1, len(answer.belief) + 1)
    labels = [named.get(answer.labels[index], answer.labels[index]) for index in shown]
    percents = ["0 %", "50 %", "100 %"]
    with drawing():
        figure, axes = canvas(SIZES[narrow], percents, labels[:1])
        axes.set(xlim=(0.6, len(steps) + 0.4), ylim=(0, 1))
        beside = axes.get_yaxis_transform()
        gap = 10 / axes.bbox.width
        for level, percent in zip((0, 0.5, 1), percents, strict=True):
            axes.plot((0, 1), (level, level), color=INK, alpha=0.13, lw=0.8, transform=beside, clip_on=False)
            axes.text(-gap, level, percent, transform=beside, ha="right", va="center_baseline", alpha=MUTED)
        for rank, index in enumerate(shown):
            color, width = (ACCENT, 2.2) if rank == 0 else (INK, 1.3)
            line = answer.belief[:, index]
            axes.plot(steps, line, color=color, lw=width, dashes=_DASHES[rank], clip_on=False, alpha=1 - 0.15 * rank)
        _name_lines(axes, answer.belief[:, shown], labels)
        _write_letters(axes, answer, LETTERS[narrow])
        _mark_decision(axes, answer)
        width, height = size_of(figure)
        heading = f"Belief after every {'word' if _by_word(answer) else 'letter'}"
        figure.text(6 / width, 1 - 14 / height, heading, weight="bold")
    return figure


def hidden_figure(hidden: np.ndarray, answer: Classification, *, narrow: bool = False) -> Figure:
    """Hidden states over the letters (or words), a row a unit, units that move alike beside each other.

    Args:
        hidden: (T, L, H) from `rnn_model.attribution.hidden_states`, T at least 1.
        answer: of the same text.
        narrow: a figure for a phone.
    """
    units = hidden.reshape(len(hidden), -1)
    units = units[:, order_of_units(units)].T
    with drawing():
        figure, axes = canvas(SIZES[narrow], [""], [""])
        axes.imshow(
            two_colours(units / (np.abs(units).max() or 1.0)),
            interpolation="none",
            aspect="auto",
            extent=(0.5, len(hidden) + 0.5, 0, 1),
        )
        _write_letters(axes, answer, LETTERS[narrow])
        width, height = size_of(figure)
        figure.text(
            6 / width, 1 - 14 / height, f"{len(units)} hidden units, blue positive, orange negative", weight="bold"
        )
    return figure


def _leaders(answer: Classification) -> list[int]:
    """The likeliest classes of the whole text, and those that were likely on the way, most likely at the end first."""
    final, peak = answer.belief[-1], answer.belief.max(0)
    order = sorted(range(len(final)), key=lambda index: -final[index])
    seen = [index for index in order[:2] if final[index] >= LEAST or index == order[0]]
    seen += [
        index for index in sorted(order, key=lambda index: -peak[index]) if peak[index] >= LEAST and index not in seen
    ]
    return sorted(seen[:SHOWN], key=lambda index: -final[index])


def _name_lines(axes: Axes, belief: np.ndarray, labels: list[str]) -> None:
    """The answer's name beside its end; the others' at their highest points, a line apart where they would meet."""
    line = 1.3 * FONT / axes.bbox.height
    beside = axes.get_yaxis_transform()
    x = 1 + 9 / axes.bbox.width
    axes.text(x, belief[-1, 0], labels[0], color=ACCENT, weight="bold", va="center_baseline", transform=beside)
    width = 0.62 * FONT * len(belief) / axes.bbox.width  # of a letter, in steps
    taken: list[tuple[float, float, float]] = []
    for name, of_class in zip(labels[1:], belief.T[1:], strict=True):
        step, value = int(of_class.argmax()) + 1, min(float(of_class.max()) + 0.5 * line, 1 - line)
        late = step > 0.7 * len(belief)
        left = step - width * len(name) if late else float(step)
        for low, high, height in sorted(taken, key=lambda place: place[2]):
            if left < high and left + width * len(name) > low and abs(value - height) < line:
                value = height + line
        taken.append((left, left + width * len(name), value))
        axes.text(step, value, name, ha="right" if late else "left", alpha=0.85)


def _write_letters(axes: Axes, answer: Classification, most: int) -> None:
    """The letters under their steps, when there is room for them; words stand slanted."""
    below = axes.get_xaxis_transform()
    starts = [0, *answer.ends[:-1].tolist()]
    pieces = [answer.text[start:end].strip() for start, end in zip(starts, answer.ends, strict=True)]
    if len(pieces) > most or (_by_word(answer) and sum(map(len, pieces)) > 2 * most):
        axes.text(
            0.5, -18 / axes.bbox.height, f"{len(pieces)} steps", transform=axes.transAxes, ha="center", alpha=MUTED
        )
        return
    for step, piece in enumerate(pieces, 1):
        axes.text(step, -18 / axes.bbox.height, piece, transform=below, ha="center")


def _mark_decision(axes: Axes, answer: Classification) -> None:
    if answer.decided is None:
        return
    step = answer.decided + 1
    axes.axvline(step, color=INK, lw=0.8, alpha=0.5, dashes=(2, 3))
    late = step > 0.6 * len(answer.belief)
    axes.annotate(
        "decided",
        (step, 1),
        xytext=(-4 if late else 4, 4),
        textcoords="offset points",
        ha="right" if late else "left",
        alpha=MUTED,
    )


def _by_word(answer: Classification) -> bool:
    return bool((np.diff(answer.ends, prepend=0) > 3).any())
