"""The Classify tab: a text in; the answer in words, the belief as it formed, and the letters that spoke for it"""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache, partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pandas as pd

from interface.endpoints import FILE_TYPES, called
from interface.link import Shared, copy_link, unpacked
from interface.program import program
from interface.sections import downloads, picture
from interface.visit import CLASSIFY, Visit, network_choice, offered, used
from rnn_model import InputError, Model, classify, classify_many
from rnn_model.attribution import attribution, hidden_states
from rnn_model.plots_text import belief_figure, hidden_figure
from rnn_model.reading import read_texts
from rnn_model.records import Classification
from rnn_model.report import percent
from rnn_model.report_text import classes_csv, describe_class

SHOWN, LEAST = 5, 0.005  # classes, and the probability of one worth a line
FAINTEST = 0.06  # of the strongest letter: weaker ones are left uncoloured
MOST_ROWS = 500  # of a file, shown in the page; the download holds all
EXAMPLES = (
    ("One word", "szczęście"),
    ("A sentence", "Le chat dort sur le canapé depuis ce matin"),
    ("Near relatives", "Jeg vet ikke hva han heter"),
    ("Two languages", "Ich habe gestern im Park gelesen and then I walked home with a friend"),
    ("No language", "xqzt vbnm 2024 https://example.org"),
)


@cache
def names_of(labels: tuple[str, ...]) -> dict[str, str]:
    """What labels stand for when all are codes of languages; those of another model, "no" for one, are themselves."""
    names: dict[str, str] = json.loads(Path(__file__).with_name("languages.json").read_text(encoding="utf-8"))
    return names if set(labels) <= set(names) else {}


def classify_tab(model: Model, visit: Visit) -> None:
    """Adds the tab, with an example already classified, and the endpoints `/classify` and `/classify_file`."""
    _, first = EXAMPLES[1]
    own = visit.classifier
    opening = answer(model, first)
    with gr.Tab("Classify", id=CLASSIFY) as tab, gr.Row(elem_classes="sides"):
        with gr.Column(scale=4, min_width=300):
            text = gr.Textbox(
                first,
                label="Your text",
                info=looked_for(model),
                lines=5,
                max_lines=12,
            )
            network = network_choice()
            go = gr.Button("Classify", variant="primary")
            with gr.Column(elem_classes="later"):
                copy_link(CLASSIFY, Shared, [text], network)
                with gr.Column(elem_classes="examples"):
                    gr.HTML('<p class="hint">Texts to try</p>')
                    with gr.Row():
                        buttons = [gr.Button(label, size="sm", min_width=120) for label, _ in EXAMPLES]
                many = "Many texts: choose a CSV, TSV, TXT, JSON or XLSX file"
                file = gr.UploadButton(many, file_types=FILE_TYPES, size="sm")
        with gr.Column(scale=7, min_width=300):
            result = gr.HTML(opening, elem_classes="answer")
            table = gr.Dataframe(visible=False, interactive=False, max_height=420, label="Texts", wrap=True)
            download = gr.HTML()
    outputs = [result, table, download]
    using = [network, own]
    hidden = [gr.update(visible=False), ""]

    def run(text: str, network: str, mine: Model | None) -> list[Any]:
        return [answer(used(model, mine, network), text), *hidden]

    def run_example(text: str, network: str, mine: Model | None) -> list[Any]:
        return [text, *run(text, network, mine)]

    def run_file(path: str, network: str, mine: Model | None) -> list[Any]:
        return of_file(used(model, mine, network), path)

    def open_link(link: str) -> list[Any]:
        try:
            shared = unpacked(CLASSIFY, link)
        except InputError as error:
            return [gr.Tabs(selected=CLASSIFY), "", problems(error), *hidden]
        if shared is None:
            return [gr.skip()] * (2 + len(outputs))
        return [gr.Tabs(selected=CLASSIFY), shared.text, answer(model, shared.text), *hidden]

    def look_for(network: str, mine: Model | None) -> Any:
        return gr.update(info=looked_for(used(model, mine, network)))

    quietly: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
    gr.on([go.click, text.submit], run, [text, *using], outputs, **quietly)
    for button, (_, example) in zip(buttons, EXAMPLES, strict=True):
        button.click(partial(run_example, example), using, [text, *outputs], **quietly)
    file.upload(run_file, [file, *using], outputs, **quietly)
    visit.link.change(open_link, visit.link, [visit.tabs, text, *outputs], **quietly)
    for switched in (network.input, own.change(offered, own, network, **quietly).then):
        switched(look_for, using, text, **quietly).then(run, [text, *using], outputs, **quietly)
    with tab:
        _endpoints(model)


def looked_for(model: Model) -> str:
    """What a network tells apart, and how, in words."""
    config, _ = model.classifier
    languages = bool(names_of(config.labels))
    count = len(config.labels)
    classes = f"{count} languages" if languages else f"{count} classes" if count > SHOWN else ", ".join(config.labels)
    unit = "letter" if config.unit == "character" else "word"
    return f"{'A word is enough. ' if languages else ''}One of {classes} is looked for, {unit} by {unit}."


def answer(model: Model, text: str) -> str:
    """HTML: the sentence, the likeliest classes, the belief as it formed, and the letters that spoke for the answer."""
    found = classify(model, text)
    names = names_of(found.labels)
    sentence = describe_class(found, names)
    if not len(found.belief):
        return f'<p class="verdict" role="status">{escape(sentence)}</p>'
    film = picture(lambda narrow: belief_figure(found, names, narrow=narrow), sentence, "belief")
    notes = "".join(f'<p class="hint">{escape(note)}</p>' for note in found.notes)
    return (
        f'<p class="verdict" role="status">{escape(sentence)}</p>{notes}{_bars(found)}'
        f"{film}{_letters(model, found)}{downloads('belief', classes_csv([found]))}"
        f"{program('classify', text, {})}{_inside(model, found)}"
    )


def of_file(model: Model, path: str) -> list[Any]:
    """Result, table and download for the texts of a file."""
    try:
        reading = read_texts(Path(path))
    except InputError as error:
        return [problems(error), gr.update(visible=False), ""]
    found = classify_many(model, reading.texts)
    names = names_of(model.classifier[0].labels)
    rows = [
        (one.text[:200], names.get(one.label, one.label) if one.label else "not sure", percent(one.likeliest(1)[0][1]))
        for one in found[:MOST_ROWS]
    ]
    sure = sum(one.label is not None for one in found)
    sentence = f"{len(found):,} texts, {sure:,} of them with an answer."
    lines = "".join(f"<li>{escape(note)}</li>" for note in reading.notes)
    strip = f'<section class="strip"><h2>How I read this</h2><ul>{lines}</ul></section>' if lines else ""
    shown = pd.DataFrame(rows, columns=["Text", "Answer", "Probability"])
    result = f'<p class="verdict" role="status">{sentence}</p>{strip}'
    call = program("classify", Path(path), {})
    return [result, gr.update(value=shown, visible=True), _download(found) + call]


def problems(error: InputError) -> str:
    """What is wrong with an input, in words."""
    lines = "".join(f"<li>{escape(str(problem))}</li>" for problem in error.problems)
    return f'<div class="problems" role="alert"><p>No texts found.</p><ul>{lines}</ul></div>'


def as_json(found: Classification) -> dict[str, Any]:
    """A classification as numbers, strings and lists."""
    return {
        "sentence": describe_class(found, names_of(found.labels)),
        "label": found.label,
        "labels": list(found.labels),
        "probabilities": found.probabilities.tolist(),
        "threshold": found.threshold,
        "parts": [
            {"start": part.start, "end": part.end, "label": part.label, "probability": part.probability}
            for part in found.parts
        ],
        "notes": list(found.notes),
    }


def _bars(found: Classification) -> str:
    """The likeliest classes as a table whose cells are bars."""
    names = names_of(found.labels)
    rows = "".join(
        f'<tr><th scope="row">{escape(names.get(label, label))}</th>'
        f'<td><span class="bar" style="width:{100 * chance:.1f}%"></span></td><td>{percent(chance, 1)}</td></tr>'
        for rank, (label, chance) in enumerate(found.likeliest(SHOWN))
        if rank < 2 or chance >= LEAST
    )
    return f'<table class="bars" aria-label="Likeliest classes"><tbody>{rows}</tbody></table>'


def _letters(model: Model, found: Classification) -> str:
    """The text with each letter shaded by how much it spoke for (blue) or against (orange) the likeliest class."""
    best = found.likeliest(1)[0][0]
    scores, ends = attribution(model, found.text, best)
    strongest = float(np.abs(scores).max()) or 1.0
    pieces, start = [], 0
    for score, end in zip(scores / strongest, ends, strict=True):
        piece = escape(found.text[start:end])
        start = int(end)
        if abs(score) < FAINTEST:
            pieces.append(piece)
        else:
            kind = "for" if score > 0 else "against"
            pieces.append(f'<mark class="{kind}" style="--strength:{100 * abs(score):.0f}%">{piece}</mark>')
    name = escape(names_of(found.labels).get(best, best))
    text = "".join(pieces) + escape(found.text[start:])
    key = '<span class="key for">for</span> <span class="key against">against</span>'
    return f'<p class="small-heading">What spoke for {name} {key}</p><p class="letters">{text}</p>'


def _inside(model: Model, found: Classification) -> str:
    """The hidden states, folded away; nothing for a network without recurrence."""
    hidden = hidden_states(model, found.text)
    if not len(hidden):
        return ""
    said = f"Heat map of {hidden[0].size} hidden units over {len(hidden)} steps"
    drawn = picture(lambda narrow: hidden_figure(hidden, found, narrow=narrow), said)
    return f'<details class="inside"><summary>Inside the network</summary>{drawn}</details>'


def _download(found: list[Classification]) -> str:
    """A link that holds the file itself, so that nothing of a visitor's stays on the server for it."""
    content = b64encode(classes_csv(found).encode("utf-8-sig")).decode()
    link = f'href="data:text/csv;charset=utf-8;base64,{content}" download="classes.csv"'
    return f'<a class="save-link" {link}>Download as CSV, all texts</a>'


def _endpoints(model: Model) -> None:
    def of_text(text: str) -> dict[str, Any]:
        """Says which class a text belongs to, with the probabilities of all of them.

        Parameters:
            text: any text; a word is enough.
        """
        return as_json(classify(model, text))

    def of_many(file: str) -> list[dict[str, Any]]:
        """Classifies every text in a CSV, TSV, TXT, JSON or XLSX file; otherwise like /classify."""
        try:
            return [as_json(one) for one in classify_many(model, read_texts(Path(file)).texts)]
        except InputError as error:
            raise gr.Error(str(error), print_exception=False) from None

    gr.api(called("classify", of_text), api_name="classify")
    with gr.Row(visible=False):  # an endpoint that takes a file needs components
        of_upload = called("classify_file", of_many)
        gr.Button().click(of_upload, gr.File(file_types=FILE_TYPES), gr.JSON(), api_name="classify_file")
