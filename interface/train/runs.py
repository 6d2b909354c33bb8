"""A training that a visitor asked for, carried out before their eyes, whatever is learnt from"""

from __future__ import annotations

import shlex
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from interface.live import Watch, followed
from interface.train import choices, view
from rnn_model import Model
from rnn_model.config import CellConfig
from rnn_model.records import History

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.diagnose import Change, Diagnosis, Facts

# Settings by which two runs can be told apart; what follows from others is left out.
TOLD = ("cell", "activation", "initialisation", "layers", "hidden_size", "dropout", "forget_bias")
TOLD_OF_TRAINING = ("learning_rate", "clip", "steps", "weight_decay", "seed")


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a training.

    Attributes:
        model: with the papers that its checkpoint would hold.
        history: its learning curve.
        facts: what the doctor wants to know beside it.
        results: HTML: scores beside the controls, which to believe, and what it got right and wrong.
    """

    model: Model
    history: History
    facts: Facts
    results: str


class Task(Protocol):
    """What a network learns from: a visitor's texts or series, read, cut into parts and within the limits."""

    @property
    def kind(self) -> str:
        """TEXTS or SERIES of `interface.train.choices`."""

    @property
    def start(self) -> str:
        """What the network starts from."""

    @property
    def identity(self) -> str:
        """Equal for tasks whose losses on the validation rows can be compared."""

    @property
    def opening(self) -> str:
        """What is done before the first validation, in words."""

    @property
    def rows(self) -> int | None:
        """Training rows that are seen one after the other, epoch by epoch; None where they are drawn otherwise."""

    def command(self, recipe: TrainConfig, cell: CellConfig | None) -> str:
        """The same training at the command line."""

    def facts(self, recipe: TrainConfig, cell: CellConfig | None) -> Facts:
        """What the doctor may know of a run that broke."""

    def fit(self, recipe: TrainConfig, cell: CellConfig | None, folder: Path, watch: Watch) -> Outcome:
        """Trains; `watch` receives the learning curve and says whether to go on."""


@dataclass(frozen=True, eq=False)
class Run:
    """A training that was asked for, and what came of it.

    Attributes:
        task: what is learnt from.
        recipe, cell: how it goes and what is trained; no cell where the layers are given with their weights.
        history: its learning curve; empty before the first validation.
        found: what the doctor says; empty while it runs.
        outcome: None while it runs, and when it broke.
    """

    task: Task
    recipe: TrainConfig
    cell: CellConfig | None
    history: History = field(default_factory=History)
    found: tuple[Diagnosis, ...] = ()
    outcome: Outcome | None = None

    @property
    def changes(self) -> list[Change]:
        """What the doctor would try, the gravest finding first, each change once."""
        return list(dict.fromkeys(one.change for one in self.found if one.change is not None))

    def with_change(self, change: Change) -> Run:
        """The same training, not yet begun, with one setting changed.

        Raises:
            ConfigError: such a network cannot be built.
        """
        from training.diagnose import changed

        recipe, cell = changed(change, self.recipe, self.cell)
        return Run(self.task, recipe, cell)


def differences(before: Run, after: Run) -> list[Change]:
    """The settings in which two runs differ."""
    from training.diagnose import Change

    pairs = [("start", before.task.start, after.task.start)]
    if before.cell is not None and after.cell is not None:
        pairs += [(name, getattr(before.cell, name), getattr(after.cell, name)) for name in TOLD]
    pairs += [(name, getattr(before.recipe, name), getattr(after.recipe, name)) for name in TOLD_OF_TRAINING]
    return [Change(*pair) for pair in pairs if pair[1] != pair[2]]


def comparable(before: Run | None, after: Run) -> Run | None:
    """The run before, if it can be drawn beside the one that comes: of the same rows, with something different."""
    if before is None or not before.history.epochs or before.task.identity != after.task.identity:
        return None
    return before if differences(before, after) else None


def command(kind: str, given: Sequence[str], usual: Sequence[Any], recipe: TrainConfig, cell: CellConfig | None) -> str:
    """A training at the command line.

    Args:
        kind: what `python -m training.fit` calls it.
        given: flags that say what is learnt from.
        usual: recipe and cell whose settings need no flag.
        recipe, cell: of the training.
    """
    known = {name: value for one in usual for name, value in asdict(one).items()}
    chosen = asdict(recipe) | ({} if cell is None else asdict(cell))
    flags = [
        part
        for name, value in chosen.items()
        if value != known[name]
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]
    return shlex.join(["python", "-m", "training.fit", kind, *given, *flags])


def finished(run: Run) -> tuple[str, Run]:
    """Carries a run out with nobody watching.

    Returns:
        What to show of it, as HTML, and the run.

    Raises:
        UnrolledError: it broke.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        run = _judged(run, run.task.fit(run.recipe, run.cell, Path(folder), lambda _: True))
    said = view.outcome(run.history, time.monotonic() - began, run.history.stopped)
    return view.curves(run.history, said, apart=run.task.kind == choices.SERIES), run


def _judged(run: Run, outcome: Outcome) -> Run:
    from training.diagnose import diagnose

    return replace(run, history=outcome.history, found=tuple(diagnose(outcome.history, outcome.facts)), outcome=outcome)


def trained(run: Run, stop: threading.Event, earlier: Run | None = None) -> Iterator[tuple[str, Run]]:
    """Carries a run out.

    Args:
        run: asked for.
        stop: set it to end the run, with the best so far.
        earlier: another run of the same rows, drawn beside it.

    Yields:
        What to show of it, as HTML, and the run so far; in the last one `found` is not empty.
    """
    from training.diagnose import diagnose
    from training.loop import NotFiniteError

    before = None if earlier is None else earlier.history
    series = run.task.kind == choices.SERIES
    began = time.monotonic()
    yield view.curves(History(), run.task.opening, apart=series), run
    with tempfile.TemporaryDirectory() as folder:

        def fit(watch: Callable[[History], bool]) -> Outcome:
            return run.task.fit(run.recipe, run.cell, Path(folder), watch)

        try:
            for curve, outcome in followed(fit, stop, choices.SECONDS):
                if curve is not None and curve.epochs:
                    run = replace(run, history=curve)
                    said = view.progress(curve, run.recipe, run.task.rows)
                    yield view.curves(curve, said, before, apart=series), run
                elif outcome is not None:
                    run = _judged(run, outcome)
        except NotFiniteError as error:
            found = diagnose(error.history, run.task.facts(run.recipe, run.cell))
            run = replace(run, history=error.history, found=found)
            said = f"The training broke at {error.history.stopped}. No model came of it."
            yield view.curves(error.history, said, before, apart=series), run
            return
    reason = run.history.stopped
    if reason.startswith("asked"):
        reason = "you stopped it" if stop.is_set() else f"the {choices.SECONDS:.0f} seconds were up"
    said = view.outcome(run.history, time.monotonic() - began, reason)
    if earlier is not None and earlier.history.epochs:
        said = f"{view.compared(earlier.history, run.history, differences(earlier, run))} {said}"
    yield view.curves(run.history, said, before, apart=series), run
