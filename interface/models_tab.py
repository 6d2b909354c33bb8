"""The Models tab: each checkpoint with scores, weaknesses, curves and card; and a place to bring one of your own"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from interface.brought import FILE_TYPES, MOST_BYTES, from_files, from_hub
from interface.model_view import LONGEST_NAME, shown
from interface.visit import CLASSIFY, FORECAST, MODELS, Visit
from rnn_model import Model, UnrolledError, load
from rnn_model.checkpoint import CONFIG, WEIGHTS

OWN = ("own forecaster", "own classifier")  # in the order of the visit
BRING = (
    '<p class="small-heading">Use one of your own</p><p class="hint">Drop a checkpoint folder as training writes '
    f"it, or choose its {CONFIG} and {WEIGHTS}, or a ZIP file of it: {MOST_BYTES / 1e6:.0f} MB at most. It is yours "
    "alone: kept in memory while this page is open, for an hour at most, and never written to a place that stays.</p>"
)


def models_tab(served: Sequence[Model], weights: Path, visit: Visit) -> None:
    """Adds the tab; what it shows is drawn when it is opened.

    Args:
        served: the models that the other tabs answer with.
        weights: the folder of checkpoints; those in it that are not served are shown, too.
    """
    standing = {model.source: model for model in served}
    there = {Path(source).resolve() for source in standing}
    others = sorted(path.parent for path in weights.glob(f"*/{CONFIG}") if path.parent.resolve() not in there)
    packaged = {source: Path(source).name.partition("@")[0] for source in (*standing, *map(str, others))}
    first = next(iter(packaged))

    @cache
    def model_of(source: str) -> Model:
        return standing[source] if source in standing else load(source)

    @cache
    def view_of(source: str) -> str:
        return shown(model_of(source), own=False)

    with gr.Tab("Models", id=MODELS) as tab, gr.Row(elem_classes="sides"):
        with gr.Column(scale=4, min_width=300):
            network = gr.Radio([(name, source) for source, name in packaged.items()], value=first, label="Network")
            use = gr.Button(visible=False, size="sm")
            with gr.Column(elem_classes="later"):
                gr.HTML(BRING)
                files = gr.File(
                    label="Checkpoint files",
                    file_count="multiple",
                    file_types=FILE_TYPES,
                    height=130,
                    elem_classes="checkpoint-files",
                )
                hub = "Or a public model on the Hugging Face Hub"
                hub_id = gr.Textbox(label=hub, placeholder="USER/NAME", max_lines=1)
                fetch = gr.Button("Load from the Hub", size="sm")
                told = gr.HTML()
        with gr.Column(scale=7, min_width=300):
            view = gr.HTML('<p class="hint">Drawing …</p>', elem_classes="answer")
    with tab:
        drawn = gr.State("")  # what `view` shows, empty when that may have changed since
        usable = gr.State("")  # what the button opens: it stands beside `view` before the choice follows

    own = [visit.forecaster, visit.classifier]

    def draw(source: str, *mine: Model | None) -> list[Any]:
        return [*drawing(source, *mine), source, source]

    def drawing(source: str, *mine: Model | None) -> list[Any]:
        try:
            if source in standing:
                return [view_of(source), gr.update(visible=False)]
            if source in packaged:
                return [view_of(source), _usable(model_of(source))]
            model = mine[OWN.index(source)]
        except UnrolledError as error:
            return [refusal(error), gr.update(visible=False)]
        if model is None:
            return [_FORGOTTEN, gr.update(visible=False)]
        return [shown(model, own=True), _usable(model)]

    def draw_once(now: str, source: str, *mine: Model | None) -> list[Any]:
        return [gr.skip()] * 4 if now == source else draw(source, *mine)

    def offer(newest: str, *mine: Model | None) -> list[Any]:
        choices = [(name, source) for source, name in packaged.items()]
        theirs = {name: model for name, model in zip(OWN, mine, strict=True) if model is not None}
        choices += [(f"yours: {model.config.name[:LONGEST_NAME]}", name) for name, model in theirs.items()]
        return [gr.update(choices=choices, value=newest if newest in theirs else first), ""]

    def take(bring: Callable[[Any], Model], what: Any) -> list[Any]:
        if not what:
            return [gr.skip()] * 7
        try:
            model = bring(what)
        except UnrolledError as error:
            return [refusal(error), None, *[gr.skip()] * 5]
        said = f"{model.config.name[:LONGEST_NAME]} is loaded, and the {_tab(model)} tab answers with it."
        status = f'<p class="said" role="status">{escape(said)}</p>'
        name = OWN[0] if model.config.forecast is not None else OWN[1]
        return [status, None, *_kept(model), shown(model, own=True), _usable(model), name]

    def open_in_tab(source: str, *mine: Model | None) -> list[Any]:
        model = model_of(source) if source in packaged else mine[OWN.index(source)]
        return [gr.skip()] * 3 if model is None else [gr.Tabs(selected=_tab(model).lower()), *_kept(model)]

    quietly: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
    tab.select(draw_once, [drawn, network, *own], [view, use, drawn, usable], **quietly)
    network.input(draw, [network, *own], [view, use, drawn, usable], **quietly, trigger_mode="always_last")
    for state, name in zip(own, OWN, strict=True):
        state.change(partial(offer, name), own, [network, drawn], **quietly)
    brought = [told, files, *own, view, use, usable]
    files.upload(partial(take, from_files), files, brought, **quietly)
    gr.on([fetch.click, hub_id.submit], partial(take, from_hub), hub_id, brought, **quietly)
    use.click(open_in_tab, [usable, *own], [visit.tabs, *own], **quietly)


_FORGOTTEN = '<div class="problems" role="alert"><p>Your network was forgotten: train or load it again.</p></div>'


def refusal(error: UnrolledError) -> str:
    """What is wrong with a checkpoint, in words."""
    lines = "".join(f"<li>{escape(line.strip())}</li>" for line in str(error).splitlines())
    return f'<div class="problems" role="alert"><p>This checkpoint cannot be used.</p><ul>{lines}</ul></div>'


def _usable(model: Model) -> Any:
    return gr.update(visible=True, value=f"Use it in the {_tab(model)} tab")


def _tab(model: Model) -> str:
    """The tab that answers with such a model."""
    return (FORECAST if model.config.forecast is not None else CLASSIFY).capitalize()


def _kept(model: Model) -> list[Any]:
    """The visitor's forecaster and classifier once this model is among them."""
    return [model, gr.skip()] if model.config.forecast is not None else [gr.skip(), model]
