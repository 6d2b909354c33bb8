"""Texts with labels as a task for the Train tab: how they are trained on, and what is shown of the result"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from interface.live import Watch
from interface.scores import Measured, score_table
from interface.sections import picture
from interface.train import view
from interface.train.choices import N_GRAMS, NOTHING, TEXTS, Choices, cell_of, recipe_of
from interface.train.given import Given, texts_in
from interface.train.runs import Outcome, Run, command
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

        usual = (RECIPE if self.start == N_GRAMS else FROM_NOTHING, CELL)
        given = ["--data", self.given.name, "--start", self.start]
        return command("classify", given, usual, recipe, cell)

    def facts(self, recipe: TrainConfig, cell: CellConfig | None) -> Facts:
        from training.diagnose import Facts

        return Facts(recipe, cell, rows=len(self.split.train), classes=len(self.table.classes))

    def fit(self, recipe: TrainConfig, cell: CellConfig | None, folder: Path, watch: Watch) -> Outcome:
        from training.own_texts import config_for, files_for_people, fit_texts

        assert cell is not None, "a text network is made of new layers"
        config = config_for(self.table, cell)
        fitted = fit_texts(self.table, self.split, folder, config, recipe, lambda _: None, self.start, watch)
        named = fitted.model.config
        papers = files_for_people(self.table, self.split, fitted, named, self.command(recipe, cell), named.name)
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
        by = (
            f"the network's log loss is {view.lower(gap.log_loss, gap.log_loss_interval)}, its accuracy "
            f"{100 * gap.accuracy:+.1f} points"
        )
        simpler = " The simpler one will do." if gap.verdict not in ("better", "worse") else ""
        lines.append(view.believe("the network", name, gap.verdict, by, f"{rows:,} test rows") + simpler)
    if fitted.gained is not None:
        from training.own_texts import told

        lines.append(told(fitted.gained))
    if not fitted.ordered:
        from training.own_texts import LEFT_OUT

        lines.append(LEFT_OUT)
    return view.paragraphs(lines)


def _scores(fitted: OwnTexts) -> str:
    rows = [
        (name, Measured(row.accuracy, row.accuracy_interval), Measured(row.log_loss, row.log_loss_interval))
        for name, row in fitted.scores.items()
    ]
    caption = f"On {next(iter(fitted.scores.values())).rows:,} test rows that nothing was chosen by"
    hint = "In brackets: where the true value lies with 95 % confidence."
    return view.scores(caption, ("Classifier", "Accuracy", "Log loss"), rows, hint, believed(fitted))


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
        rows.append((f"{table.lines[number]:,}", table.classes[table.labels[number]], taken, shown))
    return score_table("Worst mistakes: wrong and surest", ("Line", "It is", "Taken for", "Text"), rows, kind="worst")
