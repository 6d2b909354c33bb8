"""The Forecast tab: a sequence in; a sentence, a picture, a table, and below them whether and why to believe it."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from interface.answer import HORIZON, Answer, Chosen, Example, answer, examples, origin, problems, replay
from interface.endpoints import FILE_TYPES, endpoints
from interface.link import Shared, copy_link, unpacked
from interface.sections import SECTIONS, Asked, section
from interface.visit import FORECAST, Visit, network_choice, offered, used
from rnn_model import InputError, Model
from rnn_model.forecaster import longest_season

COVERAGES = [("8 in 10", 0.8), ("5 in 10", 0.5)]
REPLAY_HINT = (
    '<p class="hint">Move the slider to see the forecast of that moment beside what then came. '
    "Every moment is read anew: scale, season and what is done to the band follow from the values known then.</p>"
)


def forecast_tab(model: Model, visit: Visit) -> None:
    """Adds the tab, with an example already forecast, and the endpoints for programs."""
    first, (limits, _), own = examples()[0], model.forecaster, visit.forecaster
    opening = answer(model, first.text, None, first.horizon, None, 0.8, Chosen())
    with gr.Tab("Forecast", id=FORECAST) as tab, gr.Row(elem_classes="sides"):
        with gr.Column(scale=4, min_width=300):
            text = gr.Textbox(
                first.text,
                label="Your numbers",
                info="A list, a column, or a table with dates. Gaps and decimal commas are fine.",
                placeholder="112 118 132 129 121 135 …",
                lines=8,
                max_lines=8,
            )
            file = gr.UploadButton("or choose a CSV, TSV, TXT, JSON or XLSX file", file_types=FILE_TYPES, size="sm")
            with gr.Row():
                # no precision: it would round in silence
                horizon = gr.Number(
                    first.horizon, label="Steps ahead", info=f"1 to {limits.max_horizon}", min_width=110
                )
                seasons = f"0: found for you, 1: none; up to {longest_season(model)}"
                season = gr.Number(0, label="Steps in a season", info=seasons, min_width=110)
            network = network_choice()
            go = gr.Button("Forecast", variant="primary")
            chosen = gr.State(opening.chosen)
            with gr.Column(elem_classes="later"):
                copy_link(FORECAST, _shared, [text, horizon, season, chosen], network)
                with gr.Column(elem_classes="examples"):
                    gr.HTML('<p class="hint">Series to try</p>')
                    with gr.Row():
                        buttons = [gr.Button(example.name, size="sm", min_width=150) for example in examples()]
                    source = gr.HTML(origin(first.text))
        with gr.Column(scale=7, min_width=300):
            shown, folds = _results(opening)

    with tab:  # beside a tab there may only be other tabs
        asked_for = gr.State(opening.asked)
        opened: gr.State = gr.State(set())  # changed in place: sections may be opened while another is being drawn
        endpoints(model)
    using = [network, own, opened]
    inputs = [*using, text, file, horizon, season, shown["coverage"], chosen]
    outputs = [*shown.values(), source, chosen, asked_for]

    def run(network: str, mine: Model | None, opened: set[str], *values: Any) -> list[Any]:
        answering = used(model, mine, network)
        return _updates(answering, answer(answering, *values), opened)

    def run_asked(*values: Any) -> list[Any]:
        typed = values[inputs.index(text)].strip()
        # else an old file would come back when the box is emptied
        return [None if typed else gr.skip(), *run(*values)]

    def run_file(*values: Any) -> list[Any]:
        *using, path, ahead, season, chance = values
        return ["", *run(*using, "", path, ahead, season, chance, Chosen())]

    def run_example(example: Example, *values: Any) -> list[Any]:
        *using, chance = values
        shown = run(*using, example.text, None, example.horizon, None, chance, Chosen())
        return [None, example.text, example.horizon, 0, *shown]

    def open_link(link: str, opened: set[str]) -> list[Any]:
        try:
            shared = unpacked(FORECAST, link)
        except InputError as error:
            shown = _updates(model, Answer(problems(error), Chosen()), opened)
            return [gr.Tabs(selected=FORECAST), "", gr.skip(), gr.skip(), *shown]
        if shared is None:
            return [gr.skip()] * (4 + len(outputs))
        given = Chosen(shared.text, shared.choices)
        made = answer(model, shared.text, None, shared.horizon, shared.season, 0.8, given)
        return [gr.Tabs(selected=FORECAST), shared.text, shared.horizon, shared.season, *_updates(model, made, opened)]

    def run_replay(network: str, mine: Model | None, opened: set[str], *values: Any) -> str:
        return replay(used(model, mine, network), *values)

    def unfold(name: str, network: str, mine: Model | None, opened: set[str], asked: Asked | None) -> str:
        opened.add(name)
        return section(name, used(model, mine, network), asked) if asked else ""

    def fold(name: str, opened: set[str]) -> None:
        opened.discard(name)

    quietly: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
    asked = [go.click, horizon.submit, season.submit, network.input, shown["coverage"].input, shown["adjust"].input]
    gr.on(asked, run_asked, [*inputs, shown["adjust"]], [file, *outputs], **quietly)
    visit.link.change(open_link, [visit.link, opened], [visit.tabs, text, horizon, season, *outputs], **quietly)
    own.change(offered, own, network, **quietly).then(run, [*inputs, shown["adjust"]], outputs, **quietly)
    for chooser in (shown["others"], shown["series"]):
        chooser.input(run, [*inputs, shown["adjust"], chooser], outputs, **quietly, trigger_mode="always_last")
    for name, accordion in folds.items():
        accordion.expand(partial(unfold, name), [*using, asked_for], shown[name], **quietly)
        accordion.collapse(partial(fold, name), opened, None, **quietly)
    ahead = [horizon, season, shown["coverage"]]
    file.upload(run_file, [*using, file, *ahead], [text, *outputs], **quietly)
    for button, example in zip(buttons, examples(), strict=True):
        button.click(
            partial(run_example, example),
            [*using, shown["coverage"]],
            [file, text, horizon, season, *outputs],
            **quietly,
        )
    shown["moment"].change(  # its input event may still carry the value before
        run_replay,
        [*using, text, file, horizon, season, chosen, shown["adjust"], shown["moment"]],
        shown["replayed"],
        trigger_mode="always_last",
        **quietly,
    )


def _shared(text: str, horizon: float | None, season: float | None, chosen: Chosen) -> Shared:
    choices = chosen.choices if chosen.source == text else ()
    return Shared(text, HORIZON if horizon is None else round(horizon), round(season or 0), choices)


def _results(opening: Answer) -> tuple[dict[str, Any], dict[str, gr.Accordion]]:
    """The components that show an answer, in the order of `_updates`, and what the sections are folded into."""
    shown: dict[str, Any] = {}
    shown["result"] = gr.HTML(opening.result, elem_classes="answer")
    shown["strip"] = gr.HTML(opening.strip)
    shown["others"] = gr.Radio(list(opening.others), label="Or did you mean", visible=bool(opening.others))
    shown["series"] = gr.Dropdown(list(opening.series), label="Series", visible=bool(opening.series))
    shown["coverage"] = gr.Radio(COVERAGES, value=0.8, label="Chance that low to high holds the value")
    shown["adjust"] = gr.CheckboxGroup(list(opening.adjustable), value=list(opening.adjusted), label="Done to the band")
    shown["table"] = gr.Dataframe(
        opening.table, label="Table", interactive=False, max_height=330, elem_classes="forecast-table"
    )
    shown["download"] = gr.HTML(opening.download)
    shown["program"] = gr.HTML(opening.program)
    folds = {}
    for name, title in SECTIONS.items():
        with gr.Accordion(title, open=False) as folds[name]:
            shown[name] = gr.HTML()
    with gr.Accordion("At any moment of the past", open=False):
        first, last, at = opening.replayable or (1, 2, 1)
        shown["moment"] = gr.Slider(first, last, at, step=1, label="Values known")
        shown["replayed"] = gr.HTML(REPLAY_HINT)
    return shown, folds


def _updates(model: Model, made: Answer, opened: set[str]) -> list[Any]:
    """What the components of `_results` become, then the origin of the input and what the state of the visit holds."""
    there = made.table is not None
    slider: dict[str, Any] = {"visible": made.replayable is not None}
    if made.replayable:
        slider |= dict(zip(("minimum", "maximum", "value"), made.replayable, strict=True))
    return [
        made.result,
        made.strip,
        gr.update(choices=made.others, value=None, visible=bool(made.others)),
        gr.update(choices=made.series, value="" if made.series else None, visible=bool(made.series)),
        gr.update(visible=there),
        gr.update(choices=made.adjustable, value=list(made.adjusted), visible=bool(made.adjustable)),
        gr.update(value=made.table, visible=there),
        made.download,
        made.program,
        *(section(name, model, made.asked) if made.asked and name in opened else "" for name in SECTIONS),
        gr.update(**slider),
        REPLAY_HINT if made.replayable else "",
        origin(made.chosen.source),
        made.chosen,
        made.asked,
    ]
