"""The left side of the Train tab: a table, an example or the memory task is chosen, and only the knobs that act show"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from interface.train import choices, given, memory, series, texts, view
from interface.train.choices import LABELS, MEMORY, SERIES, TEXTS, Choices
from interface.train.given import Given
from interface.visit import FORGOTTEN
from rnn_model import Model, UnrolledError
from rnn_model.config import ACTIVATIONS, CELLS, INITIALISATIONS
from rnn_model.reading.limits import MAX_FILE_BYTES

FILE_TYPES = [".csv", ".tsv", ".txt", ".json", ".xlsx"]
CELL_NAMES = [(name.upper(), name) for name in CELLS]
NO_TABLE = (
    '<div class="problems" role="alert"><p>There is no table, or it was forgotten: choose a file, or one of the '
    "examples.</p></div>"
)
QUIETLY: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
# Otherwise a knob that is turned before the answer to the one before it has come would not be heard.
TURNED: dict[str, Any] = QUIETLY | {"trigger_mode": "always_last"}

Updates = dict[Any, Any]
"""component -> what it becomes."""


@dataclass(frozen=True)
class Panel:
    """The components of the left side.

    Attributes:
        what: how the table is to be read, once there is one.
        read: how it was read, or why it cannot be.
        setting: holds all that follows, hidden until there is something to learn from.
        pair: holds the choices for two networks, for the memory task alone.
        knobs: a component for each field of `Choices`, in their order.
        first, second: cell, activation and initial weights of the two networks.
        distance: of the memory task.
        go, halt: begin and end a training.
        table: state; what was given, a `Given` or None.
        task: state; TEXTS, SERIES or MEMORY, "" while nothing was chosen.
    """

    what: gr.Radio
    read: gr.HTML
    setting: gr.Column
    pair: gr.Column
    knobs: dict[str, Any]
    first: list[Any]
    second: list[Any]
    distance: gr.Slider
    go: gr.Button
    halt: gr.Button
    table: gr.State
    task: gr.State

    @property
    def asked(self) -> list[Any]:
        """What a training is asked for by: table, task, both networks, distance, and the fields of `Choices`."""
        return [self.table, self.task, *self.first, *self.second, self.distance, *self.knobs.values()]

    def arranged(self, kind: str, start: str, cell: str, layers: int | None, scheme: str) -> Updates:
        """Shows the knobs that have an effect, and no others."""
        acting = choices.acting(kind, start, cell, layers or 1)
        updates: Updates = {knob: gr.update(visible=name in acting) for name, knob in self.knobs.items()}
        offered = choices.initialisations_for(cell)
        updates[self.knobs["initialisation"]] |= {
            "choices": [(one, one) for one in offered],
            "value": scheme if scheme in offered else "orthogonal",
        }
        return {self.setting: gr.update(visible=True), self.pair: gr.update(visible=kind == MEMORY), **updates}

    def begun(self, kind: str) -> Updates:
        """The usual choices for a kind of task."""
        starts = choices.starts_of(kind)
        usual = choices.usual(kind, starts[0][1])
        updates = self.arranged(kind, usual.start, usual.cell, usual.layers, usual.initialisation)
        for name, knob in self.knobs.items():
            updates[knob] |= {"value": getattr(usual, name)}
        updates[self.knobs["start"]] |= {"choices": list(starts)}
        return {**updates, self.task: kind}

    def restarted(self, kind: str, start: str, *others: Any) -> Updates:
        """For another start the knobs that act on it, with rate and steps at its usual ones unless they were turned.

        Args:
            kind, start: of the task.
            others: cell, layers and initial weights as for `arranged`, then rate and steps as they are.
        """
        *arranging, rate, steps = others
        updates = self.arranged(kind, start, *arranging)
        usual = [choices.usual(kind, name) for _, name in choices.starts_of(kind)]
        now = next(one for one in usual if one.start == start)
        for name, value in (("learning_rate", rate), ("steps", steps)):
            if value != getattr(now, name) and value in [getattr(one, name) for one in usual]:
                updates[self.knobs[name]] |= {"value": getattr(now, name)}
        return updates


def panel(packaged: Model) -> Panel:
    """Builds the left side, with all that happens on it before a training begins.

    Args:
        packaged: the forecaster that series are fitted from.
    """
    from training.toy_series import TOY_SERIES  # numpy alone, so the page opens as fast as before
    from training.toy_texts import TOYS

    gr.HTML(
        '<p class="said">A table of your own, texts with labels or series of numbers: a network learns from it while '
        "you watch, and you are told whether to believe it.</p>"
    )
    file = gr.UploadButton("Choose a CSV, TSV, JSON or XLSX file", file_types=FILE_TYPES, size="sm")
    with gr.Column(elem_classes="examples"):
        gr.HTML('<p class="hint">Or an example, invented by a program: texts, series, or no table at all</p>')
        with gr.Row():
            toys = {name: gr.Button(name, size="sm", min_width=120) for name in TOYS}
        with gr.Row():
            toys |= {name: gr.Button(name, size="sm", min_width=120) for name in TOY_SERIES}
        remember = gr.Button("What can a network remember?", size="sm")
    kinds = [("texts with labels", TEXTS), ("series of numbers", SERIES)]
    what = gr.Radio(kinds, label="Read it as", visible=False)
    read = gr.HTML()
    knobs: dict[str, Any] = {}
    with gr.Column(visible=False) as setting:
        knobs["start"] = gr.Radio([], label=LABELS["start"])
        with gr.Column(visible=False) as pair, gr.Row():
            first = _network("First network", "torch")
            second = _network("Second network", "orthogonal")
            distance = gr.Slider(1, choices.FARTHEST, 40, step=1, label=LABELS["distance"])
        with gr.Row():
            knobs["cell"] = gr.Radio(CELL_NAMES, value="rnn", label=LABELS["cell"], min_width=150)
            most = f"at most {choices.MOST_STEPS:,}"
            knobs["steps"] = gr.Number(600, label=LABELS["steps"], info=most, precision=0, min_width=110)
        with gr.Accordion("More choices", open=False):
            knobs |= _more()
    with gr.Row():
        go = gr.Button("Train", variant="primary", min_width=120)
        halt = gr.Button("Stop", min_width=120)
    gr.HTML(_limits(), elem_classes="later")
    knobs = {entry.name: knobs[entry.name] for entry in fields(Choices)}
    table, task = gr.State(None, time_to_live=FORGOTTEN), gr.State("")
    made = Panel(what, read, setting, pair, knobs, first, second, distance, go, halt, table, task)
    _wire(made, packaged, file, toys, remember)
    return made


def understood(table: Given, kind: str, chosen: Choices, packaged: Model) -> str:
    """How a table was read as one kind, or why it cannot be."""
    try:
        found = texts.read(table, chosen) if kind == TEXTS else series.read(table, chosen, packaged)
    except UnrolledError as error:
        return view.refusal(error)
    return view.reading(found.notes)


def _wire(made: Panel, packaged: Model, file: gr.UploadButton, toys: dict[str, gr.Button], remember: gr.Button) -> None:
    knobs = made.knobs

    def take(table: Given) -> Updates:
        try:
            kind = given.kind_of(table)
        except UnrolledError as error:
            hidden = {made.what: gr.update(visible=True, value=None), made.setting: gr.update(visible=False)}
            return {made.table: table, made.task: "", made.read: view.refusal(error), **hidden}
        return {
            **made.begun(kind),
            made.table: table,
            made.what: gr.update(visible=True, value=kind),
            made.read: understood(table, kind, Choices(), packaged),
        }

    def take_file(path: str) -> Updates:
        uploaded = Path(path)
        content = uploaded.read_bytes()
        uploaded.unlink()  # nothing of a visitor's stays on the disk
        return take(Given(uploaded.name, content))

    def take_toy(name: str) -> Updates:
        from training import toy_series, toy_texts

        if name in toy_texts.TOYS:
            rows, said = toy_texts.TOYS[name]
            kind, content = TEXTS, toy_texts.as_csv(rows())
        else:
            columns, axis, said = toy_series.TOY_SERIES[name]
            kind, content = SERIES, toy_series.as_csv(columns(), axis)
        table = Given(f"{name}.csv", content)
        notes = _hint(said) + understood(table, kind, Choices(), packaged)
        return {**made.begun(kind), made.table: table, made.what: gr.update(visible=False), made.read: notes}

    def take_memory() -> Updates:
        said = _hint(memory.SAID)
        return {**made.begun(MEMORY), made.table: None, made.what: gr.update(visible=False), made.read: said}

    def read_as(table: Given | None, kind: str) -> Updates:
        if table is None:
            return {made.read: NO_TABLE}
        return {**made.begun(kind), made.read: understood(table, kind, Choices(), packaged)}

    def read_again(table: Given | None, kind: str, *values: Any) -> Any:
        return gr.skip() if table is None or not kind else understood(table, kind, Choices(*values), packaged)

    everything = [made.table, made.task, made.what, made.read, made.setting, made.pair, *knobs.values()]
    arranging = [made.task, *(knobs[name] for name in ("start", "cell", "layers", "initialisation"))]
    file.upload(take_file, file, everything, **QUIETLY)
    for name, button in toys.items():
        button.click(partial(take_toy, name), None, everything, **QUIETLY)
    remember.click(take_memory, None, everything, **QUIETLY)
    made.what.input(read_as, [made.table, made.what], everything, **TURNED)
    turned = [knobs["learning_rate"], knobs["steps"]]
    knobs["start"].input(made.restarted, [*arranging, *turned], everything, **TURNED)
    gr.on([knobs["cell"].input, knobs["layers"].input], made.arranged, arranging, everything, **TURNED)
    for name in ("horizon", "season", "text_column", "label_column"):
        knobs[name].submit(read_again, [made.table, made.task, *knobs.values()], made.read, **QUIETLY)
    for network in (made.first, made.second):
        network[0].input(_fitting, [network[0], network[2]], network[1:], **TURNED)


def _hint(said: str) -> str:
    return f'<p class="said">{escape(said)}</p>' if said else ""


def _network(label: str, initialisation: str) -> list[Any]:
    """The choices for one of two networks that are compared: cell, activation, initial weights."""
    with gr.Column(min_width=150):
        gr.HTML(f'<p class="small-heading">{label}</p>')
        return [
            gr.Radio(CELL_NAMES, value="rnn", label=LABELS["cell"]),
            gr.Radio(list(ACTIVATIONS), value="tanh", label=LABELS["activation"]),
            gr.Radio(list(INITIALISATIONS), value=initialisation, label=LABELS["initialisation"]),
        ]


def _fitting(cell: str, scheme: str) -> list[Any]:
    """Activation and initial weights that a cell can have."""
    offered = choices.initialisations_for(cell)
    chosen = scheme if scheme in offered else "orthogonal"
    return [gr.update(visible=cell == "rnn"), gr.update(choices=offered, value=chosen)]


def _more() -> dict[str, Any]:
    """The choices that a visitor may leave as they are, by their names."""
    number: dict[str, Any] = {"min_width": 110}
    whole: dict[str, Any] = {"precision": 0, **number}
    knobs: dict[str, Any] = {
        "activation": gr.Radio(list(ACTIVATIONS), value="tanh", label=LABELS["activation"]),
        "initialisation": gr.Radio(list(INITIALISATIONS), value="orthogonal", label=LABELS["initialisation"]),
    }
    with gr.Row():
        knobs["layers"] = gr.Number(1, label=LABELS["layers"], info=f"1 to {choices.MOST_LAYERS}", **whole)
        knobs["hidden_size"] = gr.Number(64, label=LABELS["hidden_size"], info=f"1 to {choices.MOST_UNITS}", **whole)
        knobs["dropout"] = gr.Number(0.0, label=LABELS["dropout"], info="between layers", **number)
    with gr.Row():
        knobs["learning_rate"] = gr.Number(1e-3, label=LABELS["learning_rate"], **number)
        knobs["clip"] = gr.Number(1.0, label=LABELS["clip"], **number)
        knobs["seed"] = gr.Number(0, label=LABELS["seed"], **whole)
    with gr.Row():
        knobs["horizon"] = gr.Number(0, label=LABELS["horizon"], info="in each end; 0: found", **whole)
        knobs["season"] = gr.Number(0, label=LABELS["season"], info="0: found, 1: none", **whole)
    with gr.Row():
        knobs["text_column"] = gr.Textbox("", label=LABELS["text_column"], placeholder="found", **number)
        knobs["label_column"] = gr.Textbox("", label=LABELS["label_column"], placeholder="found", **number)
    return knobs


def _limits() -> str:
    """What a visitor may ask for, in words."""
    return (
        f'<p class="hint">Here at most {choices.MOST_ROWS:,} rows of texts, {choices.MOST_LETTERS:,} characters in '
        f"all, in {choices.MOST_CLASSES} classes, or "
        f"{choices.MOST_SERIES} series of {choices.MOST_VALUES:,} values in all, {MAX_FILE_BYTES / 1e6:.0f} MB; after "
        f"{choices.SECONDS:.0f} seconds learning ends with the best so far; one training at a time, so you may have to "
        "wait. The table and the network are yours alone: kept in memory while this page is open, for an hour at most, "
        "and never written to a place that stays.</p>"
    )
