"""Loads the weights and serves the page: python app.py --help"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gradio as gr
import torch

from interface.brought import MOST_BYTES
from interface.classify_tab import classify_tab
from interface.forecast_tab import forecast_tab
from interface.look import head, theme
from interface.models_tab import models_tab
from interface.train import train_tab
from interface.visit import begun
from rnn_model import Model, UnrolledError, load
from rnn_model.reading.limits import MAX_FILE_BYTES

FORECASTER, CLASSIFIER = "weights/forecast", "weights/language"
MCP_MISSING = """\
--mcp needs the package mcp, which is not installed: python -m pip install "mcp<2"
"""
HEAD = """
<header class="head"><h1>Unrolled</h1>
<p>Give it numbers or words: a small recurrent network says what comes next or what it is, and how it got there.</p>
</header>
"""


def build(forecaster: Model, classifier: Model) -> gr.Blocks:
    """The page, with an example already forecast and another classified."""
    with gr.Blocks(title="Unrolled", analytics_enabled=False, delete_cache=(600, 3600)) as demo:
        gr.HTML(HEAD)
        visit = begun(demo)
        with visit.tabs:
            forecast_tab(forecaster, visit)
            classify_tab(classifier, visit)
            train_tab(forecaster, visit)
            models_tab((forecaster, classifier), Path(FORECASTER).parent, visit)
    # A forecast is pure computation: more at once than cores would only make each one slower.
    return demo.queue(default_concurrency_limit=2)


def serve(demo: gr.Blocks, host: str | None = None, port: int | None = None, **options: Any) -> str:
    """Starts the server with the looks and limits of this app and returns its address."""
    _, address, _ = demo.launch(
        server_name=host,
        server_port=port,
        theme=theme(),
        head=head(),
        footer_links=["api", "settings"],
        max_file_size=max(MAX_FILE_BYTES, MOST_BYTES),
        ssr_mode=False,
        **options,
    )
    return address


def main(argv: Sequence[str] | None = None) -> int:
    """Loads the weights and serves the page until it is interrupted; returns the exit status."""
    parser = argparse.ArgumentParser(prog="app.py", description="Forecasts numbers and classifies texts in a web page.")
    parser.add_argument(
        "--weights",
        nargs="+",
        default=os.environ.get("RNN_WEIGHTS", "").split(),
        metavar="FOLDER",
        help="checkpoint folders or Hugging Face model ids; each takes the place of the packaged model of its kind "
        f"(default: $RNN_WEIGHTS; the packaged ones are {FORECASTER} and {CLASSIFIER})",
    )
    parser.add_argument("--host", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, help="port to listen on (default: the first free one from 7860)")
    parser.add_argument("--mcp", action="store_true", help="also offer the endpoints over MCP (optional extra)")
    options = parser.parse_args(argv)
    if options.mcp and find_spec("mcp") is None:
        print(MCP_MISSING, file=sys.stderr)
        return 1
    try:
        forecaster, classifier = _models(options.weights)
    except UnrolledError as error:
        print(
            f"{error}\nWeights can be trained with: python -m training.fit forecast, python -m training.fit classify",
            file=sys.stderr,
        )
        return 1
    torch.set_num_threads(1)  # a network this small is slower on several
    demo = build(forecaster, classifier)
    # Gradio's own words speak of a public link that this app does not offer.
    quietly: dict[str, Any] = {"quiet": True, "prevent_thread_lock": True}
    try:
        address = serve(demo, options.host, options.port, mcp_server=options.mcp, **quietly)
    except OSError:
        place = f"{options.host or 'this machine'}, port {options.port or 'any of a hundred from 7860'}"
        fix = "Choose another --port, or leave --host and --port out."
        print(f"expected a free place to listen at, found {place}, taken or not this machine's. {fix}", file=sys.stderr)
        return 1
    print(f"Unrolled is at {address} and stops with Ctrl+C.", flush=True)
    demo.block_thread()
    return 0


def _models(sources: Sequence[str]) -> tuple[Model, Model]:
    """The forecaster and the classifier: those named, and the packaged one for a kind that was not named."""
    named = [load(source) for source in sources]
    forecasters = [model for model in named if model.config.forecast is not None]
    classifiers = [model for model in named if model.config.text is not None]
    return (forecasters or [load(FORECASTER)])[-1], (classifiers or [load(CLASSIFIER)])[-1]


if __name__ == "__main__":
    sys.exit(main())
