"""What the tabs share in one visit: which of them is open, and the visitor's own networks"""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from rnn_model import Model

FORECAST, CLASSIFY, TRAIN, MODELS = "forecast", "classify", "train", "models"  # ids of the tabs
PACKAGED, YOURS = "packaged", "yours"
# A browser sends what follows the # to no server; a link pasted over the address of an open page loads nothing anew.
_OPENED = '() => { addEventListener("hashchange", () => location.reload()); return location.hash.slice(1); }'
FORGOTTEN = 3600  # seconds after which what a visitor made or brought is dropped


@dataclass(frozen=True)
class Visit:
    """Make them outputs of an event: the tab that answers with such a network then offers it, and uses it at once.

    Attributes:
        tabs: `gr.Tabs(selected=CLASSIFY)` opens one.
        forecaster, classifier: each holds a `Model` of this visitor, or None.
        link: changes once when the page is opened by a link that carries an input (`interface/link.py`).
    """

    tabs: gr.Tabs
    forecaster: gr.State
    classifier: gr.State
    link: gr.Textbox


def begun(page: gr.Blocks) -> Visit:
    """A visit in which nothing has happened; its tabs are yet to be filled."""
    link = gr.Textbox(visible="hidden")
    page.load(None, None, link, js=_OPENED, api_visibility="private")
    return Visit(gr.Tabs(), gr.State(None, time_to_live=FORGOTTEN), gr.State(None, time_to_live=FORGOTTEN), link)


def network_choice() -> gr.Radio:
    """The choice between the packaged network and the visitor's; hidden while there is none of theirs."""
    return gr.Radio([("the packaged one", PACKAGED)], value=PACKAGED, label="Network", visible=False)


def offered(own: Model | None) -> gr.Radio:
    """The choice once the visitor has a network of their own."""
    if own is None:
        return gr.Radio(value=PACKAGED, visible=False)
    choices = [("the packaged one", PACKAGED), (f"yours: {own.config.name}", YOURS)]
    return gr.Radio(choices, value=YOURS, visible=True)


def used(packaged: Model, own: Model | None, network: str) -> Model:
    """The network that was chosen.

    Raises:
        gr.Error: the visitor's own was chosen, and forgotten since.
    """
    if network != YOURS:
        return packaged
    if own is None:
        said = "Your network was forgotten: train or load it again, or choose the packaged one."
        raise gr.Error(said, print_exception=False)
    return own
