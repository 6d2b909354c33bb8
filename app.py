"""Loads the weights and serves the page: python app.py --help"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import gradio as gr
import torch

from interface.forecast_tab import forecast_tab
from interface.look import head, theme
from rnn_model import Model, UnrolledError, load
from rnn_model.reading.limits import MAX_FILE_BYTES

WEIGHTS = "weights/forecast"
MCP_MISSING = """\
--mcp needs the package mcp, which is not installed. It brings an older pydantic than the rest is tested with, so it is
kept out of requirements.txt. Install it into an environment of its own: pip install -r requirements.txt "gradio[mcp]"
"""
HEAD = """
<header class="head"><h1>Unrolled</h1>
<p>Paste numbers, see what comes next, and how sure a small recurrent network is of it.</p></header>
"""


def build(model: Model) -> gr.Blocks:
    """The page, with an example already forecast by `model`."""
    with gr.Blocks(title="Unrolled", analytics_enabled=False, delete_cache=(600, 3600)) as demo:
        gr.HTML(HEAD)
        forecast_tab(model)
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
        max_file_size=MAX_FILE_BYTES,
        ssr_mode=False,
        **options,
    )
    return address


def main(argv: Sequence[str] | None = None) -> int:
    """Loads the weights and serves the page until it is interrupted; returns the exit status."""
    parser = argparse.ArgumentParser(prog="app.py", description="Forecasts pasted numbers in a web page.")
    parser.add_argument(
        "--weights",
        default=os.environ.get("RNN_WEIGHTS", WEIGHTS),
        help="checkpoint folder or Hugging Face model id (default: $RNN_WEIGHTS, or %(default)s)",
    )
    parser.add_argument("--host", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, help="port to listen on (default: the first free one from 7860)")
    parser.add_argument("--mcp", action="store_true", help="also offer the endpoints over MCP (optional extra)")
    options = parser.parse_args(argv)
    if options.mcp and find_spec("mcp") is None:
        print(MCP_MISSING, file=sys.stderr)
        return 1
    try:
        model = load(options.weights)
    except UnrolledError as error:
        print(f"{error}\nWeights can be trained with: python -m training.fit forecast", file=sys.stderr)
        return 1
    torch.set_num_threads(1)  # a network this small is slower on several
    serve(build(model), options.host, options.port, mcp_server=options.mcp)
    return 0


if __name__ == "__main__":
    sys.exit(main())
