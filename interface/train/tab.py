"""The Train tab: a training that was asked for on the left is watched, judged, used and taken home on the right"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Any

import gradio as gr

from interface.train import memory, opening, series, texts, view
from interface.train.choices import MEMORY, SERIES, TEXTS, Choices
from interface.train.given import Given, kind_of
from interface.train.memory import Pair
from interface.train.panel import NO_TABLE, QUIETLY, Panel, Updates, panel
from interface.train.runs import Run, comparable, trained
from interface.visit import CLASSIFY, FORECAST, FORGOTTEN, TRAIN, Visit
from rnn_model import Model, UnrolledError

NEEDED = {"sklearn": "scikit-learn", "scipy": "scipy"}  # module -> package
QUEUE = "training"  # one at a time, whichever button started it
MOST_PROPOSED = 3  # changes with a button
NOTHING_TRAINED = (
    '<div class="problems" role="alert"><p>Nothing is trained, or it was forgotten: train again.</p></div>'
)


def train_tab(packaged: Model, visit: Visit) -> None:
    """Adds the tab; without the packages that training needs it says which.

    Args:
        packaged: the forecaster that series are fitted from.
        visit: what the tabs share.
    """
    missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
    with gr.Tab("Train", id=TRAIN) as tab:
        if missing:
            gr.HTML(
                '<div class="problems" role="alert"><p>Training needs packages that are not installed: '
                f"{', '.join(missing)}.</p><ul><li>Run: pip install -r requirements.txt, and start the app again."
                "</li></ul></div>"
            )
            return
        with gr.Row(elem_classes="sides"):
            with gr.Column(scale=4, min_width=300):
                left = panel(packaged)
            with gr.Column(scale=7, min_width=300):
                _results(packaged, visit, left, tab)


def _results(packaged: Model, visit: Visit, left: Panel, tab: gr.Tab) -> None:
    """The right side, and the trainings that it shows."""
    example = gr.HTML(opening.WAITING)
    shown = gr.HTML(elem_classes="answer")
    looked = gr.State("")  # at the example: "asked" for it, or "shown"
    judged = gr.HTML()
    again = [gr.Button(visible=False) for _ in range(MOST_PROPOSED)]
    tested = gr.HTML()
    with gr.Column(visible=False) as use:
        gr.HTML('<p class="small-heading">Your network</p>')
        open_it = gr.Button("Use it", size="sm")
        save = gr.Button("Prepare the download", size="sm")
        link = gr.HTML()
    last = gr.State(None, time_to_live=FORGOTTEN)  # a Run or a Pair
    stop = gr.State(None, time_to_live=FORGOTTEN)

    def cleared() -> tuple[threading.Event, Updates]:
        event = threading.Event()
        hidden = {part: gr.update(visible=False) for part in (*again, use, example)}
        return event, {judged: "", tested: "", link: "", stop: event, last: None, **hidden}

    def show(run: Run, earlier: Run | None = None) -> Iterator[Updates]:
        """Updates of the page while a run goes on, and at its end."""
        event, begun = cleared()
        yield begun
        for html, now in trained(run, event, earlier):
            yield {shown: html, **(ended(now, earlier) if now.found else {})}

    def ended(run: Run, earlier: Run | None) -> Updates:
        proposed = propose([view.proposal(change) for change in run.changes])
        updates = {judged: view.verdicts(run.found), last: run, **proposed}
        if run.outcome is None:
            return updates
        return {
            **updates,
            tested: run.outcome.results + _memory(run, earlier),
            use: gr.update(visible=True),
            open_it: gr.update(value=f"Use it in the {_tab_for(run).capitalize()} tab"),
            visit.forecaster if run.task.kind == SERIES else visit.classifier: run.outcome.model,
        }

    def show_pair(pair: Pair) -> Iterator[Updates]:
        event, begun = cleared()
        yield begun
        for html, now in memory.compared(pair, event):
            yield {shown: html}
            pair = now
        named = dict(zip(pair.sides, pair.names, strict=True))
        proposed = propose([f"{view.proposal(change)} ({named[side]})" for side, change in pair.proposals])
        yield {judged: memory.judged(pair), tested: memory.results(pair), last: pair, **proposed}

    def propose(labels: list[str]) -> Updates:
        padded = [*labels, *[""] * MOST_PROPOSED]
        return {
            button: gr.update(visible=bool(label), value=label) for button, label in zip(again, padded, strict=False)
        }

    def begin(before: Run | Pair | None, table: Given | None, kind: str, *values: Any) -> Iterator[Updates]:
        first, second, distance, chosen = values[:3], values[3:6], values[6], Choices(*values[7:])
        try:
            if kind == MEMORY:
                yield from show_pair(memory.asked(chosen, first, second, distance))
            elif table is None:
                yield {shown: NO_TABLE}
            else:
                kind = kind or kind_of(table)  # without one it was refused, and is again
                run = texts.asked(table, chosen) if kind == TEXTS else series.asked(table, chosen, packaged)
                yield from show(run, comparable(before, run) if isinstance(before, Run) else None)
        except UnrolledError as error:
            yield {shown: view.refusal(error)}

    def try_change(number: int, before: Run | Pair | None) -> Iterator[Updates]:
        try:
            if before is None:
                yield {shown: NOTHING_TRAINED}
            elif isinstance(before, Pair):
                yield from show_pair(before.with_change(*before.proposals[number]))
            else:
                change = before.changes[number]
                knob = left.knobs.get(change.field)
                turned = {} if knob is None else {knob: gr.update(value=change.after)}
                for updates in show(before.with_change(change), before):
                    yield {**updates, **turned}
        except UnrolledError as error:
            yield {shown: view.refusal(error)}

    def packed(run: Run | Pair | None) -> str:
        if not isinstance(run, Run) or run.outcome is None:
            return NOTHING_TRAINED
        return view.archive_link(run.outcome.model)

    alone: dict[str, Any] = {**QUIETLY, "concurrency_limit": 1, "concurrency_id": QUEUE}
    outputs = [
        shown,
        example,
        judged,
        *again,
        tested,
        use,
        open_it,
        link,
        last,
        stop,
        visit.classifier,
        visit.forecaster,
    ]
    left.go.click(begin, [last, *left.asked], outputs, **alone)
    for number, button in enumerate(again):
        button.click(partial(try_change, number), last, [*outputs, *left.knobs.values()], **alone)
    left.task.change(lambda run: gr.skip() if run else "", last, shown, **QUIETLY)
    tab.select(_first_look, looked, [example, looked], **QUIETLY)
    looked.change(lambda now: opening.made() if now == "asked" else gr.skip(), looked, example, **alone)
    left.halt.click(_halt, stop, None, queue=False, **QUIETLY)
    open_it.click(lambda run: gr.Tabs(selected=_tab_for(run)), last, visit.tabs, **QUIETLY)
    save.click(packed, last, link, **QUIETLY)


def _first_look(looked: str) -> list[Any]:
    """The example once it is made; else it is asked for, in the line of the trainings, being one."""
    if looked:
        return [gr.skip(), gr.skip()]
    return [opening.made(), "shown"] if opening.is_made() else [gr.skip(), "asked"]


def _tab_for(run: Run | Pair | None) -> str:
    """The tab that answers with such a network."""
    return FORECAST if isinstance(run, Run) and run.task.kind == SERIES else CLASSIFY


def _memory(run: Run, earlier: Run | None) -> str:
    """The gradient against distance of a run, beside that of the run before."""
    flows = []
    for one, name in ((run, "this network"), (earlier, "the run before")):
        flow = None if one is None or one.outcome is None else one.outcome.facts.flow
        if flow is None and one is run:
            return ""
        if flow is not None:
            flows.append(replace(flow, name=name))
    epochs = run.history.epochs
    return view.memory(flows, sum(epoch.clipped for epoch in epochs) / max(len(epochs), 1))


def _halt(event: threading.Event | None) -> None:
    if event is not None:
        event.set()
