"""What the Train tab shows of a run: curves, verdict, scores beside the controls, mistakes, memory, as HTML"""

from __future__ import annotations

import io
import tempfile
import zipfile
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from interface.sections import picture
from rnn_model import InputError, UnrolledError
from rnn_model.checkpoint import save
from rnn_model.plots_training import confusion_figure, gradient_figure, learning_curve_figure
from rnn_model.records import ClassScores, History

if TYPE_CHECKING:
    from training.diagnose import Change, Diagnosis
    from training.own_texts import OwnTexts
    from training.table import Split, TextTable

MOST_DRAWN = 40  # classes of a confusion matrix
LONGEST_SHOWN = 160  # characters of a mistaken text


def curves(history: History, said: str, earlier: History | None = None) -> str:
    """A sentence and the learning curve under it; the sentence alone before the first validation."""
    sentence = f'<p class="verdict" role="status">{escape(said)}</p>'
    if not history.epochs:
        return sentence
    drawn = picture(lambda narrow: learning_curve_figure(history, earlier=earlier, narrow=narrow), f"Curves: {said}")
    hint = '<p class="hint">Dashed: the run before the change.</p>' if earlier is not None and earlier.epochs else ""
    return f"{sentence}{drawn}{hint}"


def progress(history: History, steps: int) -> str:
    """Where a run is, in a sentence."""
    last, best = history.epochs[-1], history.epochs[history.best]
    words = f"Step {last.step:,} of {steps:,}; the best validation so far was at step {best.step:,}"
    return words + ("." if best.valid_accuracy is None else f", {best.valid_accuracy:.1%} right.")


def outcome(history: History, seconds: float, reason: str) -> str:
    """How a run ended, in a sentence."""
    best = history.epochs[history.best]
    right = (
        ""
        if best.train_accuracy is None
        else f": {best.train_accuracy:.1%} of the training rows right, {best.valid_accuracy:.1%} of the validation rows"
    )
    return f"Ended after {seconds:.0f} s: {reason}. Kept: the weights of step {best.step:,}{right}."


def compared(before: History, after: History, change: Change) -> str:
    """What a change did to the validation, in a sentence."""
    old, new = before.epochs[before.best].valid_loss, after.epochs[after.best].valid_loss
    word = "better" if new < old else "no better"
    said = f"With {_named(change)} the best validation loss is {new:.3f}, before {old:.3f}: {word}."
    return said + ("" if word == "better" else " One run is not proof; another seed may say otherwise.")


def proposal(change: Change) -> str:
    """The label of the button that tries a change."""
    return f"Try it: {_named(change)}"


def _named(change: Change) -> str:
    return f"{change.field.replace('_', ' ')} {change.after} instead of {change.before}"


def verdicts(found: Sequence[Diagnosis]) -> str:
    """What the doctor found, the gravest first, each with its evidence and what to do."""
    parts = []
    for one in found:
        evidence = "".join(f"<li>{escape(line)}</li>" for line in one.evidence)
        parts.append(
            f"<h3>{escape(one.name[0].upper() + one.name[1:])}</h3><p>{escape(one.verdict)}</p><ul>{evidence}</ul>"
            f"<p><b>What to do:</b> {escape(one.advice)}</p>"
        )
    return f'<section class="strip doctor"><h2>What the curves say</h2>{"".join(parts)}</section>'


def results(fitted: OwnTexts, table: TextTable) -> str:
    """Scores on the test rows beside the controls, which to believe, confusion, mistakes and memory."""
    return "".join((_scores(fitted), _confusion(fitted, table), _mistakes(fitted, table), _memory(fitted)))


def believed(fitted: OwnTexts) -> str:
    """Which to believe, and by how much, in words."""
    rows = next(iter(fitted.scores.values())).rows
    lines = []
    for name, gap in fitted.against.items():
        low, high = gap.log_loss_interval
        by = (
            f"the network's log loss is {_lower(gap.log_loss)} (with 95 % confidence {_lower(low)} to {_lower(high)}), "
            f"its accuracy {100 * gap.accuracy:+.1f} points"
        )
        if gap.verdict == "better":
            lines.append(f"Believe the network rather than {name}: {by}.")
        elif gap.verdict == "worse":
            lines.append(f"Believe {name}, not the network: {by}.")
        else:
            lines.append(f"{rows:,} test rows cannot tell the network from {name}: {by}. The simpler one will do.")
    if not fitted.ordered:
        lines.append(
            "The order of words added nothing on the validation rows, so the network that is kept weighs n-grams "
            "alone; the curves are those of the recurrent layers that were left out."
        )
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _lower(saved: float) -> str:
    return f"{abs(saved):.3f} {'lower' if saved >= 0 else 'higher'}"


def _scores(fitted: OwnTexts) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        f"<td>{_with(row, 'accuracy')}</td><td>{_with(row, 'log_loss')}</td></tr>"
        for name, row in fitted.scores.items()
    )
    count = next(iter(fitted.scores.values())).rows
    return (
        f'<p class="small-heading">On {count:,} test rows that nothing was chosen by</p>'
        '<div class="scroll"><table class="scores"><thead><tr><th></th><th scope="col">Accuracy</th>'
        f'<th scope="col">Log loss</th></tr></thead><tbody>{rows}</tbody></table></div>'
        f'<p class="hint">In brackets: where the true value lies with 95 % confidence.</p>'
        f'<div class="believe">{believed(fitted)}</div>'
    )


def _with(row: ClassScores, name: str) -> str:
    low, high = getattr(row, f"{name}_interval")
    return f"{getattr(row, name):.3f} <span>({low:.3f} to {high:.3f})</span>"


def _confusion(fitted: OwnTexts, table: TextTable) -> str:
    if len(table.classes) > MOST_DRAWN:
        return ""
    said = f"{int(fitted.confusion.trace()):,} of {int(fitted.confusion.sum()):,} test rows are right."
    return f'<p class="small-heading">Confusion matrix</p><p class="said">{said}</p>' + picture(
        lambda narrow: confusion_figure(fitted.confusion, table.classes, narrow=narrow), f"Confusion matrix: {said}"
    )


def _mistakes(fitted: OwnTexts, table: TextTable) -> str:
    if not fitted.worst:
        return '<p class="said">No test row was wrong.</p>'
    rows = []
    for number, taken in fitted.worst:
        text = " ".join(table.texts[number].split())
        shown = text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + " …"
        cells = (f"{table.lines[number]:,}", table.classes[table.labels[number]], taken, shown)
        rows.append(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Line", "It is", "Taken for", "Text"))
    return (
        '<p class="small-heading">Worst mistakes: wrong and surest</p><div class="scroll"><table class="worst">'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _memory(fitted: OwnTexts) -> str:
    flow = fitted.facts.flow
    if flow is None or len(flow.norms) < 2:
        return ""
    said = f"{flow.verdict[0].upper()}{flow.verdict[1:]}. Spectral radius of W_hh {flow.radius.max():.2f}."
    hint = (
        "How much of the loss after the last word reaches the states before it, through the trained recurrent layers: "
        "what does not reach a step cannot teach the network to use it."
    )
    drawn = picture(lambda narrow: gradient_figure([flow], narrow=narrow), said)
    heading = '<p class="small-heading">Gradient against distance</p>'
    return f'{heading}<p class="said">{escape(said)}</p>{drawn}<p class="hint">{hint}</p>'


def reading(table: TextTable, split: Split, where: str) -> str:
    """How the table was read and dealt out."""
    lines = "".join(f"<li>{escape(note)}</li>" for note in (f"From {where}.", *table.notes, *split.notes))
    return f'<section class="strip"><h2>How I read this</h2><ul>{lines}</ul></section>'


def refusal(error: UnrolledError) -> str:
    """What is wrong, in words."""
    said = [str(one) for one in error.problems] if isinstance(error, InputError) else [str(error)]
    lines = "".join(f"<li>{escape(line)}</li>" for line in said)
    return f'<div class="problems" role="alert"><p>This cannot be trained on as it is.</p><ul>{lines}</ul></div>'


def papers(fitted: OwnTexts, table: TextTable, split: Split, command: str) -> dict[str, str]:
    """Card, learning curve and record of the training."""
    from training.own_texts import files_for_people

    config = fitted.model.config
    return files_for_people(table, split, fitted, config, command, config.name)


def archive(fitted: OwnTexts, table: TextTable, split: Split, command: str) -> bytes:
    """The checkpoint folder as a ZIP file: configuration, weights, card, learning curve, record of the training."""
    config, (_, network) = fitted.model.config, fitted.model.classifier
    sink = io.BytesIO()
    with tempfile.TemporaryDirectory() as place, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        folder = Path(place) / config.name
        save(config, network, folder, papers(fitted, table, split, command))
        for file in sorted(folder.iterdir()):
            packed.write(file, f"{config.name}/{file.name}")
    return sink.getvalue()


def archive_link(content: bytes) -> str:
    """A link that holds the file itself, so that nothing of a visitor's stays on the server for it."""
    link = f'href="data:application/zip;base64,{b64encode(content).decode()}" download="own-texts.zip"'
    hint = "Unpack it and try it: python app.py --weights own-texts"
    size = f"{len(content) / 1e6:.1f} MB"
    return f'<a class="save-link" {link}>Download the checkpoint ({size})</a><p class="hint">{hint}</p>'
