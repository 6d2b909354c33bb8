"""A link that carries an input: packed into the part of the address that a browser keeps to itself"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import gradio as gr
from gradio.components import Component

from interface.visit import YOURS
from rnn_model.errors import InputError, Problem

LONGEST = 8_000  # characters of a link that mail and chat programs leave whole
MOST = 1_000_000  # bytes that a link may unpack to
_COPY = """async (packed, said) => {
  if (!packed) return said;
  const link = location.origin + location.pathname + "#" + packed;
  let words = "is copied.";
  try { await navigator.clipboard.writeText(link); }
  catch { words = "can be copied by hand: the browser did not let the page do it."; }
  return `<p class="hint" role="status"><a class="save-link" href="${link}">The link</a> ${words}${said}</p>`;
}"""


@dataclass(frozen=True)
class Shared:
    """What a link carries.

    Attributes:
        text: the input.
        horizon, season: as asked in the Forecast tab; 0 when not.
        choices: readings chosen among those that fit.
    """

    text: str
    horizon: int = 0
    season: int = 0
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        numbers = all(isinstance(number, int) and abs(number) < 10**6 for number in (self.horizon, self.season))
        words = all(isinstance(choice, str) for choice in self.choices) and isinstance(self.text, str)
        if not (numbers and words):
            raise TypeError("expected a text, two whole numbers and words")


def packed(tab: str, shared: Shared) -> str:
    """What stands in a link after its #.

    Raises:
        InputError: it would be too long to be sent around.
    """
    content = zlib.compress(json.dumps(asdict(shared), ensure_ascii=False).encode(), 9)
    link = f"{tab}={base64.urlsafe_b64encode(content).decode().rstrip('=')}"
    if len(link) > LONGEST:
        about = int(0.9 * len(shared.text) * LONGEST / len(link)) // 100 * 100  # the start packs less well
        found = f"{len(link):,} for {len(shared.text):,} characters of input"
        fix = f"Shorten the input to about {about:,} characters, or send it as a file."
        raise InputError(Problem(found, f"a link of at most {LONGEST:,} characters", fix))
    return link


def unpacked(tab: str, link: str) -> Shared | None:
    """Inverse of `packed`; None for a link to another tab.

    Raises:
        InputError: the link is damaged.
    """
    if not link.startswith(f"{tab}="):
        return None
    coded = link.removeprefix(f"{tab}=")
    try:
        content = base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4))
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(content, MOST)
        if not unpacking.eof:
            raise ValueError("cut off, or more than a link may carry")
        fields = json.loads(text)
        return Shared(**fields | {"choices": tuple(fields.get("choices", ()))})
    except (ValueError, TypeError, AttributeError, zlib.error, RecursionError):
        fix = "Copy the whole of it, or ask for it again."
        raise InputError(Problem("one that is damaged or cut off", "a link made by “Copy link”", fix)) from None


def copy_link(tab: str, shared: Callable[..., Shared], inputs: Sequence[Component], network: gr.Radio) -> None:
    """Adds the button that copies a link.

    Args:
        tab: where the input belongs.
        shared: makes what the link carries of the values of `inputs`.
        inputs: components of the tab.
        network: a visitor's own cannot be sent along.
    """
    button = gr.Button("Copy link", size="sm")
    link = gr.Textbox(visible="hidden")
    told = gr.HTML()

    def make(network: str, *values: Any) -> tuple[str, str]:
        given = shared(*values)
        if not given.text.strip():
            return "", _said("There is nothing in the box: a link carries what is typed or pasted, not a file.")
        note = " It opens with the packaged network: yours stays yours." if network == YOURS else ""
        try:
            return packed(tab, given), note
        except InputError as error:
            return "", _said(str(error))

    click = button.click(make, [network, *inputs], [link, told], api_visibility="private", show_progress="minimal")
    click.then(None, [link, told], told, js=_COPY, api_visibility="private")


def _said(words: str) -> str:
    return f'<p class="hint" role="status">{escape(words)}</p>'
