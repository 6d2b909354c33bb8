"""The Train tab: a table of texts and labels in; a network watched while it learns, judged, used and taken home"""

from __future__ import annotations

import shlex
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from interface import train_view as view
from interface.live import followed
from interface.visit import CLASSIFY, FORGOTTEN, TRAIN, Visit
from rnn_model import InputError, Model, UnrolledError
from rnn_model.config import ACTIVATIONS, CELLS, INITIALISATIONS, CellConfig, check, within
from rnn_model.errors import Problem
from rnn_model.reading.limits import MAX_FILE_BYTES
from rnn_model.records import History

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.diagnose import Change, Diagnosis
    from training.own_texts import OwnTexts
    from training.table import Split, TextTable

FILE_TYPES = [".csv", ".tsv", ".json", ".xlsx"]
NEEDED = {"sklearn": "scikit-learn", "scipy": "scipy"}  # module -> package
# What one visitor may ask of a server that others wait for.
SECONDS = 120.0
MOST_ROWS, MOST_CLASSES = 5_000, 20
MOST_STEPS, MOST_UNITS, MOST_LAYERS = 3000, 256, 4
STEPS = 600
VALIDATIONS = 30  # in a run
STARTS = {"from n-grams (the recipe)": "n-grams", "from nothing (watch it learn by heart)": "nothing"}
USUAL_RATES = {"n-grams": 1e-3, "nothing": 3e-3}
QUEUE = "training"  # one at a time, whichever button started it


@dataclass(frozen=True)
class Given:
    """A table as it came: what to call it, and the file's bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, eq=False)
class Run:
    """A training that was asked for, and what came of it.

    Attributes:
        given: where its rows came from.
        table, split: its rows.
        start: what the recurrent layers started from.
        recipe, cell: how it went and what was trained.
        history: its learning curve; empty before the first validation.
        found: what the doctor says; empty while it runs.
        fitted: the model and its scores; None when the training broke.
    """

    given: Given
    table: TextTable
    split: Split
    start: str
    recipe: TrainConfig
    cell: CellConfig
    history: History = field(default_factory=History)
    found: tuple[Diagnosis, ...] = ()
    fitted: OwnTexts | None = None

    @property
    def change(self) -> Change | None:
        """What the doctor would try first."""
        return next((one.change for one in self.found if one.change is not None), None)

    @property
    def command(self) -> str:
        """The same from the command line."""
        from training.own_texts import CELL, FROM_NOTHING, N_GRAMS, RECIPE

        usual = asdict(RECIPE if self.start == N_GRAMS else FROM_NOTHING) | asdict(CELL)
        chosen = asdict(self.recipe) | asdict(self.cell)
        flags = [
            part
            for name, value in chosen.items()
            if value != usual[name]
            for part in (f"--{name.replace('_', '-')}", str(value))
        ]
        return shlex.join(
            ["python", "-m", "training.fit", "classify", "--data", self.given.name, "--start", self.start, *flags]
        )


def train_tab(visit: Visit) -> None:
    """Adds the tab; without the packages that training needs it says which."""
    missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
    with gr.Tab("Train", id=TRAIN):
        if missing:
            gr.HTML(
                '<div class="problems" role="alert"><p>Training needs packages that are not installed: '
                f"{', '.join(missing)}.</p><ul><li>Run: pip install -r requirements.txt, and start the app again."
                "</li></ul></div>"
            )
            return
        _contents(visit)


def read_given(given: Given | None, text_column: str = "", label_column: str = "", seed: int = 0) -> tuple[Any, Any]:
    """The table and its split.

    Raises:
        InputError: there is none, it cannot be read, or it is more than a visitor may ask for.
    """
    from training.table import read_text_table, split_texts

    if given is None:
        raise InputError(Problem("no table", "texts with labels", "Choose a file, or one of the examples."))
    table = read_text_table(
        given.content,
        filename=given.name,
        text_column=text_column.strip() or None,
        label_column=label_column.strip() or None,
    )
    here = "or train on your own machine with python -m training.fit classify --data FILE."
    problems = []
    if len(table) > MOST_ROWS:
        problems.append(Problem(f"{len(table):,} rows", f"at most {MOST_ROWS:,} here", f"Leave some out, {here}"))
    if len(table.classes) > MOST_CLASSES:
        found = f"{len(table.classes):,} classes"
        problems.append(Problem(found, f"at most {MOST_CLASSES} here", f"Join some, {here}"))
    if problems:
        raise InputError(problems)
    return table, split_texts(table, seed)


def settings(
    start: str,
    cell: str,
    activation: str,
    initialisation: str,
    layers: int,
    hidden_size: int,
    dropout: float,
    learning_rate: float,
    clip: float,
    steps: int,
    seed: int,
) -> tuple[TrainConfig, CellConfig]:
    """What a visitor chose, as configurations.

    Raises:
        ConfigError: a choice cannot be built, or is more than a visitor may ask for.
    """
    from training.own_texts import CELL, FROM_NOTHING, N_GRAMS, RECIPE

    chosen = replace(
        CELL,
        cell=cell,
        activation=activation,
        initialisation=initialisation,
        layers=layers,
        hidden_size=hidden_size,
        dropout=dropout,
    )
    check(
        chosen,
        within("layers", layers, 1, MOST_LAYERS),
        within("hidden_size", hidden_size, 1, MOST_UNITS),
        within("steps", steps, VALIDATIONS, MOST_STEPS),
    )
    recipe = replace(
        RECIPE if start == N_GRAMS else FROM_NOTHING,
        learning_rate=learning_rate,
        clip=clip,
        steps=steps,
        seed=seed,
        validate_every=max(steps // VALIDATIONS, 1),
        workers=0,  # a server with many threads must not fork
    )
    return recipe, chosen


def trained(run: Run, stop: threading.Event, earlier: Run | None = None) -> Iterator[tuple[str, Run]]:
    """Carries a run out.

    Yields:
        What to show of it, as HTML, and the run so far; in the last one `found` is not empty.
    """
    from training.diagnose import Facts, diagnose
    from training.loop import NotFiniteError
    from training.own_texts import config_for, fit_texts

    before = None if earlier is None else earlier.history
    began = time.monotonic()
    yield view.curves(History(), "Weighing the n-grams first …" if run.start == "n-grams" else "Starting …"), run
    with tempfile.TemporaryDirectory() as folder:

        def fit(watch: Callable[[History], bool]) -> OwnTexts:
            config, place = config_for(run.table, run.cell), Path(folder)
            return fit_texts(run.table, run.split, place, config, run.recipe, lambda _: None, run.start, watch)

        try:
            for curve, fitted in followed(fit, stop, SECONDS):
                if curve is not None and curve.epochs:
                    run = replace(run, history=curve)
                    yield view.curves(curve, view.progress(curve, run.recipe.steps), before), run
                elif fitted is not None:
                    found = diagnose(fitted.history, fitted.facts)
                    run = replace(run, history=fitted.history, found=found, fitted=fitted)
        except NotFiniteError as error:
            facts = Facts(run.recipe, run.cell, rows=len(run.split.train), classes=len(run.table.classes))
            run = replace(run, history=error.history, found=diagnose(error.history, facts))
            said = f"The training broke at {error.history.stopped}. No model came of it."
            yield view.curves(error.history, said, before), run
            return
    reason = run.history.stopped
    if reason.startswith("asked"):
        reason = "you stopped it" if stop.is_set() else f"the {SECONDS:.0f} seconds were up"
    said = view.outcome(run.history, time.monotonic() - began, reason)
    if earlier is not None and earlier.history.epochs and earlier.change is not None:
        said = f"{view.compared(earlier.history, run.history, earlier.change)} {said}"
    yield view.curves(run.history, said, before), run


def _contents(visit: Visit) -> None:
    from training.toy_texts import TOYS  # numpy alone, so the page opens as fast as before

    with gr.Row():
        with gr.Column(scale=4, min_width=300):
            gr.HTML(
                '<p class="said">A table with a column of texts and a column of labels: a network learns to tell the '
                "labels, while you watch.</p>"
            )
            file = gr.UploadButton("Choose a CSV, TSV, JSON or XLSX file", file_types=FILE_TYPES, size="sm")
            with gr.Column(elem_classes="examples"):
                gr.HTML('<p class="hint">Or one of these, invented by a program</p>')
                with gr.Row():
                    toys = [gr.Button(name, size="sm", min_width=120) for name in TOYS]
            read = gr.HTML()
            start = gr.Radio(list(STARTS.items()), value="n-grams", label="Start")
            with gr.Row():
                cell = gr.Radio([(name.upper(), name) for name in CELLS], value="rnn", label="Cell", min_width=150)
                steps = gr.Number(STEPS, label="Steps", info=f"at most {MOST_STEPS:,}", precision=0, min_width=110)
            with gr.Accordion("More choices", open=False):
                activation = gr.Radio(list(ACTIVATIONS), value="tanh", label="Activation", info="RNN only")
                initialisation = gr.Radio(list(INITIALISATIONS), value="orthogonal", label="Initial weights")
                with gr.Row():
                    layers = gr.Number(1, label="Layers", info=f"1 to {MOST_LAYERS}", precision=0, min_width=110)
                    units = gr.Number(64, label="Hidden units", info=f"1 to {MOST_UNITS}", precision=0, min_width=110)
                with gr.Row():
                    dropout = gr.Number(0.0, label="Dropout", info="between layers", min_width=110)
                    rate = gr.Number(USUAL_RATES["n-grams"], label="Learning rate", min_width=110)
                with gr.Row():
                    clip = gr.Number(1.0, label="Clip gradients at", min_width=110)
                    seed = gr.Number(0, label="Seed", precision=0, min_width=110)
                with gr.Row():
                    text_column = gr.Textbox("", label="Column of texts", placeholder="found", min_width=110)
                    label_column = gr.Textbox("", label="Column of labels", placeholder="found", min_width=110)
            with gr.Row():
                go = gr.Button("Train", variant="primary", min_width=120)
                halt = gr.Button("Stop", min_width=120)
            gr.HTML(
                f'<p class="hint">Here at most {MOST_ROWS:,} rows, {MAX_FILE_BYTES / 1e6:.0f} MB, {MOST_CLASSES} '
                f"classes; after {SECONDS:.0f} seconds learning ends with the best so far; one training at a time, so "
                "you may have to wait. The table and the network are yours alone: kept in memory while this page is "
                "open, for an hour at most, and never written to a place that stays.</p>"
            )
        with gr.Column(scale=7, min_width=300):
            shown = gr.HTML('<div class="invitation"><p>Choose a table, then Train.</p></div>')
            judged = gr.HTML()
            again = gr.Button(visible=False)
            tested = gr.HTML()
            with gr.Column(visible=False) as use:
                gr.HTML('<p class="small-heading">Your network</p>')
                open_it = gr.Button("Use it in the Classify tab", size="sm")
                save = gr.Button("Prepare the download", size="sm")
                link = gr.HTML()

    given = gr.State(None, time_to_live=FORGOTTEN)
    last = gr.State(None, time_to_live=FORGOTTEN)
    stop = gr.State(None, time_to_live=FORGOTTEN)

    def take(name: str, content: bytes, texts: str = "", labels: str = "") -> list[Any]:
        came = Given(name, content)
        try:
            return [came, view.reading(*read_given(came, texts, labels), name)]
        except UnrolledError as error:
            return [None, view.refusal(error)]

    def take_file(path: str, texts: str, labels: str) -> list[Any]:
        uploaded = Path(path)
        content = uploaded.read_bytes()
        uploaded.unlink()  # nothing of a visitor's stays on the disk
        return take(uploaded.name, content, texts, labels)

    def take_toy(name: str) -> list[Any]:
        from training.toy_texts import TOYS, as_csv

        rows, said = TOYS[name]
        came, read_as = take(name, as_csv(rows()))
        return [came, f'<p class="said">{escape(said)}</p>{read_as}', "", ""]

    def show(run: Run, earlier: Run | None = None) -> Iterator[dict[Any, Any]]:
        """Updates of the page while a run goes on, and at its end."""
        event = threading.Event()
        cleared = {judged: "", tested: "", link: "", again: gr.update(visible=False)}
        yield {**cleared, stop: event, use: gr.update(visible=False), last: None}
        for html, now in trained(run, event, earlier):
            yield {shown: html, **(_end(now) if now.found else {})}

    def _end(run: Run) -> dict[Any, Any]:
        change, fitted = run.change, run.fitted
        return {
            judged: view.verdicts(run.found),
            again: gr.update(visible=change is not None, value=view.proposal(change) if change else ""),
            tested: view.results(fitted, run.table) if fitted else "",
            use: gr.update(visible=fitted is not None),
            last: run,
            visit.classifier: _with_papers(run, fitted) if fitted else gr.skip(),
        }

    def start_run(came: Given | None, texts: str, labels: str, *chosen: Any) -> Iterator[dict[Any, Any]]:
        try:
            recipe, cell = settings(*chosen)
            table, split = read_given(came, texts, labels, recipe.seed)
            assert came is not None, "read_given refuses that"
            yield from show(Run(came, table, split, chosen[0], recipe, cell))
        except UnrolledError as error:
            yield {shown: view.refusal(error)}

    def try_change(run: Run | None) -> Iterator[dict[Any, Any]]:
        from training.diagnose import changed

        if run is None or run.change is None:
            yield {shown: _FORGOTTEN}
            return
        try:
            recipe, cell = changed(run.change, run.recipe, run.cell)
            fresh = replace(run, recipe=recipe, cell=cell, history=History(), found=(), fitted=None)
            yield from show(fresh, run)
        except UnrolledError as error:
            yield {shown: view.refusal(error)}

    def packed(run: Run | None) -> str:
        if run is None or run.fitted is None:
            return _FORGOTTEN
        return view.archive_link(view.archive(run.fitted, run.table, run.split, run.command))

    quietly: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
    alone: dict[str, Any] = {**quietly, "concurrency_limit": 1, "concurrency_id": QUEUE}
    columns = [text_column, label_column]
    chosen = [start, cell, activation, initialisation, layers, units, dropout, rate, clip, steps, seed]
    outputs = [shown, judged, again, tested, use, link, last, stop, visit.classifier]
    file.upload(take_file, [file, *columns], [given, read], **quietly)
    for button, name in zip(toys, TOYS, strict=True):
        button.click(partial(take_toy, name), None, [given, read, *columns], **quietly)
    start.input(lambda kind: USUAL_RATES[kind], start, rate, **quietly)
    cell.input(_fitting, [cell, initialisation], [activation, initialisation], **quietly)
    go.click(start_run, [given, *columns, *chosen], outputs, **alone)
    again.click(try_change, last, outputs, **alone)
    halt.click(_halt, stop, None, queue=False, **quietly)
    open_it.click(lambda: gr.Tabs(selected=CLASSIFY), None, visit.tabs, **quietly)
    save.click(packed, last, link, **quietly)


def _with_papers(run: Run, fitted: OwnTexts) -> Model:
    """The model as its checkpoint would load it, with what the Models tab shows of it."""
    return replace(fitted.model, papers=view.papers(fitted, run.table, run.split, run.command))


_FORGOTTEN = '<div class="problems" role="alert"><p>Nothing is trained, or it was forgotten: train again.</p></div>'


def _halt(event: threading.Event | None) -> None:
    if event is not None:
        event.set()


def _fitting(cell: str, initialisation: str) -> list[Any]:
    """What can be chosen for a cell: gated ones have fixed activations and cannot be accumulators."""
    free = cell == "rnn"
    schemes = [scheme for scheme in INITIALISATIONS if free or scheme != "identity"]
    chosen = initialisation if initialisation in schemes else "orthogonal"
    activation = gr.update(interactive=True) if free else gr.update(interactive=False, value="tanh")
    return [activation, gr.update(choices=schemes, value=chosen)]
