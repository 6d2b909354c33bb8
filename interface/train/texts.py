"""Texts with labels as a task for the Train tab: how they are trained on, and what is shown of the result"""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from interface.live import Watch
from interface.sections import picture
from interface.train import view
from interface.train.choices import N_GRAMS, NOTHING, TEXTS, Choices, cell_of, recipe_of
from interface.train.given import Given, texts_in
from interface.train.runs import Outcome, Run, flags
from rnn_model.config import CellConfig
from rnn_model.plots_training import confusion_figure

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.diagnose import Facts
    from training.own_texts import OwnTexts
    from training.table.splits import Split
    from training.table.texts import TextTable

MOST_DRAWN = 40  # classes of a confusion matrix
LONGEST_SHOWN = 160  # characters of a mistaken text


@dataclass(frozen=True, eq=False)
class Texts:
    """A `Task`: a table of texts and labels, dealt out.

    Attributes:
        given: where its rows came from.
        table, split: its rows.
        start: what the recurrent layers start from.
    """

    given: Given
    table: TextTable
    split: Split
    start: str
    kind: str = TEXTS

    @property
    def identity(self) -> str:
        return f"{self.table.sha256} {self.split.seed}"

    @property
    def opening(self) -> str:
        return "Weighing the n-grams first …" if self.start == N_GRAMS else "Starting …"

    @property
    def notes(self) -> list[str]:
        """How the table was read and dealt out."""
        return [f"From {self.given.name}.", *self.table.notes, *self.split.notes]

    @property
    def rows(self) -> int | None:
        return len(self.split.train) if self.start == NOTHING else None

    def command(self, recipe: TrainConfig, cell: CellConfig | None) -> str:
        from training.own_texts import CELL, FROM_NOTHING, RECIPE

        usual = asdict(RECIPE if self.start == N_GRAMS else FROM_NOTHING) | asdict(CELL)
        given = ["--data", self.given.name, "--start", self.start]
        return shlex.join(["python", "-m", "training.fit", "classify", *given, *flags(usual, recipe, cell)])

    def facts(self, recipe: TrainConfig, cell: CellConfig | None) -> Facts:
        from training.diagnose import Facts

        return Facts(recipe, cell, rows=len(self.split.train), classes=len(self.table.classes))

    def fit(self, recipe: TrainConfig, cell: CellConfig | None, folder: Path, watch: Watch) -> Outcome:
        from training.own_texts import config_for, files_for_people, fit_texts

        assert cell is not None, "a text network is made of new layers"
        config = config_for(self.table, cell)
        fitted = fit_texts(self.table, self.split, folder, config, recipe, lambda _: None, self.start, watch)
        command, named = self.command(recipe, cell), fitted.model.config
        papers = files_for_people(self.table, self.split, fitted, named, command, named.name)
        model = replace(fitted.model, papers=papers)
        return Outcome(model, fitted.history, fitted.facts, results(fitted, self.table))


def asked(given: Given, chosen: Choices) -> Run:
    """The training that was asked for.

    Raises:
        InputError, ConfigError: the table cannot be trained on, or a choice cannot be built.
    """
    from training.own_texts import CELL, FROM_NOTHING, RECIPE

    recipe = recipe_of(chosen, RECIPE if chosen.start == N_GRAMS else FROM_NOTHING)
    cell = cell_of(chosen, CELL)
    return Run(read(given, chosen), recipe, cell)


def read(given: Given, chosen: Choices) -> Texts:
    """The table and its split.

    Raises:
        InputError: it cannot be trained on.
    """
    from training.table.splits import split_texts

    table = texts_in(given, chosen)
    return Texts(given, table, split_texts(table, chosen.seed or 0), chosen.start)


def results(fitted: OwnTexts, table: TextTable) -> str:
    """Scores on the test rows beside the controls, which to believe, confusion and mistakes."""
    return "".join((_scores(fitted), _confusion(fitted, table), _mistakes(fitted, table)))


def believed(fitted: OwnTexts) -> str:
    """Which to believe, and by how much, in words, and what the order of the words added."""
    rows = next(iter(fitted.scores.values())).rows
    lines = []
    for name, gap in fitted.against.items():
        low, high = gap.log_loss_interval
        by = (
            f"the network's log loss is {view.lower(gap.log_loss)} (with 95 % confidence {view.lower(low)} to "
            f"{view.lower(high)}), its accuracy {100 * gap.accuracy:+.1f} points"
        )
        if gap.verdict == "better":
            lines.append(f"Believe the network rather than {name}: {by}.")
        elif gap.verdict == "worse":
            lines.append(f"Believe {name}, not the network: {by}.")
        else:
            lines.append(f"{rows:,} test rows cannot tell the network from {name}: {by}. The simpler one will do.")
    if fitted.gained is not None:
        from training.own_texts import told

        lines.append(told(fitted.gained))
    if not fitted.ordered:
        from training.own_texts import LEFT_OUT

        lines.append(LEFT_OUT)
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _scores(fitted: OwnTexts) -> str:
    rows = [
        (
            escape(name),
            view.with_interval(row.accuracy, row.accuracy_interval),
            view.with_interval(row.log_loss, row.log_loss_interval),
        )
        for name, row in fitted.scores.items()
    ]
    count = next(iter(fitted.scores.values())).rows
    return (
        f"{view.table(f'On {count:,} test rows that nothing was chosen by', ('Accuracy', 'Log loss'), rows)}"
        f'<p class="hint">In brackets: where the true value lies with 95 % confidence.</p>'
        f'<div class="believe">{believed(fitted)}</div>'
    )


def _confusion(fitted: OwnTexts, table: TextTable) -> str:
    if len(table.classes) > MOST_DRAWN:
        return ""
    said = f"{int(fitted.confusion.trace()):,} of {int(fitted.confusion.sum()):,} test rows are right."
    return f'<p class="small-heading">Confusion matrix</p><p class="said">{said}</p>' + picture(
        lambda narrow: confusion_figure(fitted.confusion, table.classes, narrow=narrow), f"Confusion matrix: {said}"
    )


def _mistakes(fitted: OwnTexts, table: TextTable) -> str:
    if not fitted.worst:
        return '<p class="said">No test row was wrong.</p>'
    rows = []
    for number, taken in fitted.worst:
        text = " ".join(table.texts[number].split())
        shown = text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + " …"
        cells = (f"{table.lines[number]:,}", table.classes[table.labels[number]], taken, shown)
        rows.append(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Line", "It is", "Taken for", "Text"))
    return (
        '<p class="small-heading">Worst mistakes: wrong and surest</p><div class="scroll" tabindex="0" role="region" '
        'aria-label="Worst mistakes"><table class="worst">'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
