"""Two networks side by side on a task that asks for memory alone: what reaches the start, and who learns it"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from interface.live import followed
from interface.scores import score_table
from interface.sections import picture
from interface.train import choices, view
from interface.train.choices import Choices, cell_of, recipe_of
from rnn_model import InputError
from rnn_model.config import CellConfig, check, within
from rnn_model.errors import Problem
from rnn_model.plots_training import gradient_figure
from rnn_model.records import History
from rnn_model.report import percent

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.diagnose import Change, Diagnosis
    from training.memory_task import Remembered

SAID = (
    "A sequence shows one of four signs at its first step and noise at all others; after the last step the network "
    "names the sign. There is nothing to learn but to remember. Does the loss at the end reach the first step?"
)


@dataclass(frozen=True)
class Side:
    """One of the two networks: its recurrent layers, and how it is trained."""

    cell: CellConfig
    recipe: TrainConfig

    @property
    def name(self) -> str:
        """What it is called in pictures."""
        cell = self.cell
        kind = f"RNN {cell.activation}" if cell.cell == "rnn" else cell.cell.upper()
        start = "torch's own start" if cell.initialisation == "torch" else f"{cell.initialisation} start"
        return f"{kind}, {start}"


@dataclass(frozen=True, eq=False)
class Pair:
    """Two networks on the same task, and what came of them.

    Attributes:
        sides: the two.
        distance: steps from the sign to the answer.
        made: how each did; empty while they run.
        found: what the doctor says of each.
        change: of which the second side is the test; None when both were chosen.
    """

    sides: tuple[Side, Side]
    distance: int
    made: tuple[Remembered, ...] = ()
    found: tuple[tuple[Diagnosis, ...], ...] = ()
    change: Change | None = None

    @property
    def names(self) -> tuple[str, str]:
        """What they are called, so that they can be told apart."""
        first, second = (side.name for side in self.sides)
        if self.change is not None:
            return first, f"{first} with {self.change.field.replace('_', ' ')} {self.change.after}"
        return first, second

    @property
    def proposals(self) -> list[tuple[Side, Change]]:
        """What the doctor would try, and with which of the two."""
        found = {
            (side, one.change): None
            for side, of_side in zip(self.sides, self.found, strict=False)
            for one in of_side
            if one.change is not None
        }
        return list(found)

    def with_change(self, side: Side, change: Change) -> Pair:
        """One of the two beside itself with one setting changed.

        Raises:
            ConfigError: such a network cannot be built.
        """
        from training.diagnose import changed

        recipe, cell = changed(change, side.recipe, side.cell)
        assert cell is not None, "both networks are made anew"
        return Pair((side, Side(cell, recipe)), self.distance, change=change)


def asked(chosen: Choices, first: tuple[str, str, str], second: tuple[str, str, str], distance: int) -> Pair:
    """The comparison that was asked for.

    Args:
        chosen: what both have in common.
        first, second: cell, activation and initial weights of each.
        distance: steps from the sign to the answer.

    Raises:
        ConfigError, InputError: a network cannot be built, is more than a visitor may ask for, or both are the same.
    """
    from training.memory_task import CELLS, RECIPE

    recipe = recipe_of(chosen, RECIPE)
    check(within("distance", distance, 1, choices.FARTHEST))
    cells = [
        cell_of(replace(chosen, cell=cell, activation=activation, initialisation=start), CELLS["tanh"])
        for cell, activation, start in (first, second)
    ]
    if cells[0] == cells[1]:
        fix = "Give one of them another cell, activation or start."
        raise InputError(Problem("two networks that are the same", "two that differ", fix))
    return Pair((Side(cells[0], recipe), Side(cells[1], recipe)), distance)


def compared(pair: Pair, stop: threading.Event) -> Iterator[tuple[str, Pair]]:
    """Trains one after the other.

    Yields:
        What to show, as HTML, and the pair so far; the last one holds how both did.
    """
    from training.diagnose import Facts, diagnose
    from training.memory_task import remember

    made: list[Remembered] = []
    for side, name in zip(pair.sides, pair.names, strict=True):
        before = made[0].history if made else None
        yield view.curves(History(), f"{name}: starting …"), pair

        def fit(watch: Callable[[History], bool], side: Side = side, name: str = name) -> Remembered:
            return remember(name, side.cell, pair.distance, side.recipe, watch)

        for curve, result in followed(fit, stop, choices.SECONDS / 2):
            if curve is not None and curve.epochs:
                said = f"{name}: {view.progress(curve, side.recipe)}"
                yield view.curves(curve, said, before, pair.names[0]), pair
            elif result is not None:
                made.append(result)
    found = tuple(
        diagnose(one.history, Facts(side.recipe, side.cell, flow=one.after))
        for side, one in zip(pair.sides, made, strict=True)
    )
    pair = replace(pair, made=tuple(made), found=found)
    first, second = made
    yield view.curves(second.history, _sentence(pair), first.history, first.name), pair


def judged(pair: Pair) -> str:
    """What the doctor says of both."""
    return "".join(
        view.verdicts(found, f"What the curves say of {one.name}")
        for one, found in zip(pair.made, pair.found, strict=True)
    )


def results(pair: Pair) -> str:
    """Both in numbers, and the gradient against distance before and after training."""
    rows = [
        (
            one.name,
            percent(one.accuracy),
            f"{one.before.memory} → {one.after.memory}",
            f"{one.before.radius.max():.2f} → {one.after.radius.max():.2f}",
            percent(one.clipped),
        )
        for one in pair.made
    ]
    heads = ("Network", "Right on new sequences", "Effective memory", "Spectral radius", "Steps clipped")
    flows = [
        replace(flow, name=f"{one.name}, {when}")
        for one in pair.made
        for flow, when in ((one.before, "untrained"), (one.after, "trained"))
    ]
    said = "; ".join(f"{flow.name}: {flow.verdict}" for flow in flows)
    drawn = picture(lambda narrow: gradient_figure(flows, narrow=narrow), said)
    hint = (
        "Effective memory: the steps back up to which a hundredth of the gradient is left, of "
        f"{pair.distance} to the sign; before → after training. The spectral radius is that of W_hh: below 1 a "
        "gradient fades on its way back, above it may explode. Guessing is right in a quarter of the sequences."
    )
    return (
        f'{score_table("Side by side", heads, rows)}<p class="hint">{hint}</p>'
        f'<p class="small-heading">Gradient against distance</p>{drawn}'
    )


def _sentence(pair: Pair) -> str:
    words = [f"{one.name} names the sign in {percent(one.accuracy)} of new sequences" for one in pair.made]
    broke = [f" {one.name} broke at {one.history.stopped}." for one in pair.made if "found loss" in one.history.stopped]
    return f"{words[0]}, {words[1]}; guessing is right in {percent(0.25)}.{''.join(broke)}"
