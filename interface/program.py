"""Lines to copy: the call that gives a program the answer that the page shows, the commands for a checkpoint"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

LONGEST = 20_000  # characters of an input that stand in the call itself
_HERE = "\0"  # the address of the page, which program.js fills in; in a visitor's words, repr and JSON escape it


def program(endpoint: str, source: str | Path, given: Mapping[str, Any]) -> str:
    """HTML, folded: how a program asks for this answer.

    Args:
        endpoint: what it calls for a text; "_file" is added for a file.
        source: the input, a text or the file that was chosen.
        given: what else was asked for, by the names of the endpoint's parameters.
    """
    calls = {"Python": _python(endpoint, source, given)}
    if isinstance(source, str) and len(source) <= LONGEST:
        calls["Command line"] = _shell(endpoint, {"text": source, **given})
    shown = "".join(copyable(name, code) for name, code in calls.items())
    return (
        f'<details class="inside program"><summary>Ask from a program</summary>{shown}'
        '<p class="hint">Programs are answered by the packaged network; python app.py --weights FOLDER serves yours. '
        "All endpoints and parameters: “Use via API” at the foot of the page.</p></details>"
    )


def _python(endpoint: str, source: str | Path, given: Mapping[str, Any]) -> str:
    imported, first = "from gradio_client import Client", ""
    if isinstance(source, Path):
        endpoint, imported, first = f"{endpoint}_file", f"{imported}, handle_file", f"file=handle_file({source.name!r})"
    elif len(source) > LONGEST:
        imported, first = f"from pathlib import Path\n\n{imported}", 'text=Path("input.txt").read_text("utf-8")'
    arguments = [first or f"text={source!r}", *(f"{name}={value!r}" for name, value in given.items())]
    lines = "".join(f"    {argument},\n" for argument in [*arguments, f'api_name="/{endpoint}"'])
    return (
        f"{imported}  # python -m pip install gradio_client\n\n"
        f'client = Client("{_HERE}")\nanswer = client.predict(\n{lines})\nprint(answer)'
    )


def _shell(endpoint: str, given: Mapping[str, Any]) -> str:
    """Asked first and fetched then: the server answers a call with the number under which its answer will be."""
    asked = shlex.quote(json.dumps(given, ensure_ascii=False))
    return (
        f"call={_HERE}gradio_api/call/v2/{endpoint}\n"
        f"number=$(curl -s $call -H 'Content-Type: application/json' -d {asked} | cut -d '\"' -f 4)\n"
        "curl -s $call/$number"
    )


def taken_away(folder: str, model: str | None) -> str:
    """HTML: the commands that serve a checkpoint elsewhere and publish it.

    Args:
        folder: where it is, for whoever types them.
        model: what to call it on the Hub; None when it came from there.
    """
    calls = [f"python app.py --weights {folder}  # serves it"]
    if model is not None:
        name, sent = re.sub(r"[^\w.-]", "-", model), "what would be sent to the Hugging Face Hub; with --yes it is"
        calls.append(f"python -m training.publish --model USER/{name} --weights {folder}  # {sent}")
    return f'<div class="program">{copyable("Take it with you", chr(10).join(calls))}</div>'


def copyable(name: str, code: str) -> str:
    """HTML: lines to copy, under their name."""
    text = escape(code).replace(_HERE, '<span class="here">http://127.0.0.1:7860/</span>')
    return (
        f'<p class="small-heading">{name}</p><pre tabindex="0" role="region" aria-label="{name}"><code>{text}</code>'
        f'</pre><button type="button" class="save-link copy-code" aria-label="Copy the code: {name}">Copy</button>'
    )
