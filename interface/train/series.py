"""Series of numbers as a task for the Train tab: how they are trained on, and what is shown of the result"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from interface.live import Watch
from interface.scores import Measured
from interface.sections import picture
from interface.train import view
from interface.train.choices import PACKAGED, SERIES, Choices, cell_of, recipe_of
from interface.train.given import Given, series_in
from interface.train.runs import Outcome, Run, command
from rnn_model import Model, forecast
from rnn_model.backtest import known
from rnn_model.baselines import seasonal_naive
from rnn_model.config import CellConfig
from rnn_model.plots import forecast_figure
from rnn_model.records import Series
from rnn_model.report import percent

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.diagnose import Facts
    from training.own_series import OwnSeries
    from training.table.series import SeriesTable

MOST_SHOWN = 4  # series whose end is drawn
NAMES = {"network": "your network", "zero-shot": "the packaged network", "seasonal naive": "repeating the last season"}


@dataclass(frozen=True, eq=False)
class OwnNumbers:
    """A `Task`: series of a file, with both ends held out.

    Attributes:
        given: where they came from.
        table: the series.
        standing: the packaged network, which is started from or must be beaten.
        start: PACKAGED or NOTHING.
        horizon, season: as asked; 0 when they were to be found.
    """

    given: Given
    table: SeriesTable
    standing: Model
    start: str
    horizon: int
    season: int
    kind: str = SERIES

    @property
    def identity(self) -> str:
        return f"{self.table.sha256} {self.table.horizon} {[part.season for part in self.table.test]}"

    @property
    def opening(self) -> str:
        return "Forecasting the held-out ends in the classical way first …"

    @property
    def notes(self) -> list[str]:
        """How the file was read and cut."""
        return [f"From {self.given.name}.", *self.table.notes]

    @property
    def rows(self) -> int | None:
        return None

    def command(self, recipe: TrainConfig, cell: CellConfig | None) -> str:
        from training.own_series import FINE, SCRATCH

        usual = (FINE if cell is None else SCRATCH, CellConfig())
        given = ["--data", self.given.name, *([] if cell is None else ["--scratch"])]
        for name, steps in (("--season", self.season), ("--horizon", self.horizon)):
            given += [name, str(steps)] if steps else []
        return command("forecast", given, usual, recipe, cell)

    def facts(self, recipe: TrainConfig, cell: CellConfig | None) -> Facts:
        from training.diagnose import Facts

        return Facts(recipe, cell, rows=len(self.table.series))

    def fit(self, recipe: TrainConfig, cell: CellConfig | None, folder: Path, watch: Watch) -> Outcome:
        from training.own_series import files_for_people, fit_own

        fitted = fit_own(self.table, self.standing, folder, cell, recipe, say=lambda _: None, watch=watch)
        named = fitted.model.config
        papers = files_for_people(self.table, fitted, named, self.command(recipe, cell), named.name)
        model = replace(fitted.model, papers=papers)
        return Outcome(model, fitted.history, fitted.facts, results(fitted, self.table, self.standing))


def asked(given: Given, chosen: Choices, standing: Model) -> Run:
    """The training that was asked for.

    Raises:
        InputError, ConfigError: the table cannot be trained on, or a choice cannot be built.
    """
    from training.own_series import FINE, SCRATCH

    fine = chosen.start == PACKAGED
    recipe = recipe_of(chosen, FINE if fine else SCRATCH)
    cell = None if fine else cell_of(chosen, CellConfig())
    return Run(read(given, chosen, standing), recipe, cell)


def read(given: Given, chosen: Choices, standing: Model) -> OwnNumbers:
    """The series, with both ends held out.

    Raises:
        InputError: they cannot be trained on.
    """
    table = series_in(given, chosen)
    return OwnNumbers(given, table, standing, chosen.start, chosen.horizon or 0, chosen.season or 0)


def results(fitted: OwnSeries, table: SeriesTable, standing: Model) -> str:
    """Scores on the test ends beside the controls, which to believe, and predicted beside actual."""
    return _scores(fitted, table) + _foretold(fitted, table, standing)


def believed(fitted: OwnSeries) -> str:
    """Which to believe, and by how much, in words."""
    lines = []
    for name, gain in fitted.against.items():
        if math.isnan(gain.saved):
            lines.append(f"Beside {NAMES[name]} your network is {gain.verdict}.")
            continue
        by = f"its {gain.measure} is {view.lower(gain.saved, gain.interval)}"
        lines.append(view.believe(NAMES["network"], NAMES[name], gain.verdict, by, "These series"))
    tails = " and ".join(
        f"{scores['network']:.3f} on the {'ends that chose' if name == 'valid' else 'test ends'} "
        f"(before {scores['zero-shot']:.3f})"
        for name, scores in fitted.relative.items()
    )
    kept = "keeps it, since it is better on both" if fitted.wins else "would keep the packaged one"
    lines.append(f"Loss relative to the classical forecast: {tails}. The same command {kept}.")
    return view.paragraphs(lines)


def _scores(fitted: OwnSeries, table: SeriesTable) -> str:
    rows = [
        (
            NAMES[name][0].upper() + NAMES[name][1:],
            Measured(row.mase, row.mase_interval),
            Measured(row.loss, row.loss_interval),
            "" if row.coverage is None else percent(row.coverage),
        )
        for name, row in reversed(list(fitted.test.items()))
    ]
    count, steps = len(table.series), table.horizon
    of = f" of {count:,} series" if count > 1 else ""
    caption = f"On the last {steps} steps{of}, by which nothing was chosen"
    hint = (
        "Both in units of the usual change from one season to the next, lower is better; the quantile loss judges the "
        "whole band, the error (MASE) its middle. In brackets: where the true value lies with 95 % confidence, if "
        "there are enough series to say."
    )
    heads = ("Forecast by", "Error (MASE)", "Quantile loss", "In the 80 % band")
    return view.scores(caption, heads, rows, hint, believed(fitted))


def _foretold(fitted: OwnSeries, table: SeriesTable, standing: Model) -> str:
    """The held-out end of some series: what was predicted by whom, and what came."""
    drawn = [
        _end(table.series[row], why, table.horizon, fitted.model, standing) for row, why in _shown(fitted.by_series)
    ]
    return f'<p class="small-heading">Predicted and actual</p>{"".join(drawn)}'


def _end(series: Series, why: str, horizon: int, model: Model, standing: Model) -> str:
    """The end of one series: the forecasts of both networks and of seasonal naive, and what came."""
    past, came, season = known(series, len(series) - horizon), series.values[-horizon:], series.season or 1
    made = forecast(model, past, horizon, season)
    rivals = [
        (NAMES["zero-shot"], forecast(standing, past, horizon, season).median),
        (NAMES["seasonal naive"], seasonal_naive(past.values, horizon, season)),
    ]
    said = f"{series.name or 'The series'}{why}: what was predicted of the last {horizon} steps, and what came."
    drawn = picture(lambda narrow: forecast_figure(made, narrow=narrow, rivals=rivals, came=came), said)
    return f'<p class="said">{escape(said)}</p>{drawn}'


def _shown(by_series: np.ndarray) -> list[tuple[int, str]]:
    """Rows to draw, and why: all of a few, else those on which it gained and lost most against the packaged one."""
    if len(by_series) <= MOST_SHOWN:
        return [(row, "") for row in range(len(by_series))]
    order = [int(row) for row in np.argsort(by_series) if not np.isnan(by_series[row])]
    if not order:
        return [(row, "") for row in range(MOST_SHOWN)]
    half = MOST_SHOWN // 2
    gained = [(row, ", where it gained most on the packaged network") for row in order[:half]]
    lost = [(row, ", where it gained least or lost most") for row in order[::-1][:half]]
    return gained + [one for one in lost if one[0] not in order[:half]]
