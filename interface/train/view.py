"""What the Train tab shows of any training, as HTML: curves, verdict, gradient through time, download, refusal"""

from __future__ import annotations

import io
import shlex
import tempfile
import zipfile
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from interface.program import taken_away
from interface.scores import Cell, score_table
from interface.sections import picture
from interface.train.choices import LABELS
from rnn_model import InputError, Model, UnrolledError
from rnn_model.checkpoint import save
from rnn_model.errors import ConfigError
from rnn_model.plots_training import gradient_figure, learning_curve_figure
from rnn_model.records import GradientFlow, History
from rnn_model.report import percent

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.diagnose import Change, Diagnosis


# Where the page has what a message says of the command line.
KNOBS = {
    "with --text-column": "under “More choices”",
    "with --label-column": "under “More choices”",
    "a smaller --horizon": "fewer steps held out, under “More choices”",
}


def curves(
    history: History, said: str, earlier: History | None = None, earlier_name: str = "before", apart: bool = False
) -> str:
    """A sentence and the learning curve under it; the sentence alone before the first validation."""
    sentence = f'<p class="verdict" role="status">{escape(said)}</p>'
    if not history.epochs:
        return sentence
    drawn = picture(
        lambda narrow: learning_curve_figure(
            history, earlier=earlier, earlier_name=earlier_name, apart=apart, narrow=narrow
        ),
        f"Curves: {said}",
    )
    hints = ["The validation loss is relative to the classical forecast's: below 1 the network adds to it."] * apart
    if earlier is not None and earlier.epochs:
        hints.append(f"Dashed: {'the run before' if earlier_name == 'before' else earlier_name}.")
    hint = f'<p class="hint">{escape(" ".join(hints))}</p>' if hints else ""
    return f"{sentence}{drawn}{hint}"


def progress(history: History, recipe: TrainConfig, rows: int | None = None) -> str:
    """Where a run is, in a sentence.

    Args:
        history: so far.
        recipe: how it goes.
        rows: of the training part, if each of them is seen once an epoch.
    """
    last, best = history.epochs[-1], history.epochs[history.best]
    epoch = "" if rows is None else f" (epoch {last.step / -(-rows // recipe.batch):.1f})"
    words = f"Step {last.step:,} of {recipe.steps:,}{epoch}; the best validation so far was at step {best.step:,}"
    return words + ("." if best.valid_accuracy is None else f", {percent(best.valid_accuracy, 1)} right.")


def outcome(history: History, seconds: float, reason: str) -> str:
    """How a run ended, in a sentence."""
    best = history.epochs[history.best]
    right = f", validation loss {best.valid_loss:.3f}"
    if best.train_accuracy is not None and best.valid_accuracy is not None:
        valid = f"{percent(best.valid_accuracy, 1)} of the validation rows"
        right = f": {percent(best.train_accuracy, 1)} of the training rows right, {valid}"
    return f"Ended after {seconds:.0f} s: {reason}. Kept: the weights of step {best.step:,}{right}."


def compared(before: History, after: History, changes: Sequence[Change]) -> str:
    """What changed settings did to the validation, in a sentence."""
    old, new = before.epochs[before.best].valid_loss, after.epochs[after.best].valid_loss
    word = "better" if new < old and f"{new:.3f}" != f"{old:.3f}" else "no better"
    named = ", ".join(map(_named, changes))
    said = f"With {named} the best validation loss is {new:.3f}, before {old:.3f}: {word}."
    return said + ("" if word == "better" else " One run is not proof; another seed may say otherwise.")


def proposal(change: Change) -> str:
    """The label of the button that tries a change."""
    return f"Try it: {_named(change)}"


def _named(change: Change) -> str:
    return f"{change.field.replace('_', ' ')} {change.after} instead of {change.before}"


def verdicts(found: Sequence[Diagnosis], title: str = "What the curves say") -> str:
    """What the doctor found, the gravest first, each with its evidence and what to do."""
    parts = []
    for one in found:
        evidence = "".join(f"<li>{escape(line)}</li>" for line in one.evidence)
        parts.append(
            f"<h3>{escape(one.name[0].upper() + one.name[1:])}</h3><p>{escape(one.verdict)}</p><ul>{evidence}</ul>"
            f"<p><b>What to do:</b> {escape(one.advice)}</p>"
        )
    return f'<section class="strip doctor"><h2>{escape(title)}</h2>{"".join(parts)}</section>'


def memory(flows: Sequence[GradientFlow], clipped: float | None = None) -> str:
    """How much of the loss reaches the earlier steps, the first of `flows` in words, all in a picture.

    Args:
        flows: of the network, and of others to compare with.
        clipped: share of the training steps whose gradient was clipped.
    """
    if not flows or len(flows[0].norms) < 2:
        return ""
    flow = flows[0]
    said = f"{flow.verdict[0].upper()}{flow.verdict[1:]}. Spectral radius of W_hh {flow.radius.max():.2f}."
    if clipped is not None:
        said += f" In {percent(clipped)} of the training steps the gradient was clipped."
    hint = (
        "How much of the loss at the end reaches the states before it, through the trained recurrent layers: what does "
        "not reach a step cannot teach the network to use it."
    )
    drawn = picture(lambda narrow: gradient_figure(flows, narrow=narrow), said)
    heading = '<p class="small-heading">Gradient against distance</p>'
    return f'{heading}<p class="said">{escape(said)}</p>{drawn}<p class="hint">{hint}</p>'


def reading(notes: Sequence[str]) -> str:
    """How a table was read and dealt out."""
    lines = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<section class="strip"><h2>How I read this</h2><ul>{lines}</ul></section>'


def refusal(error: UnrolledError) -> str:
    """What is wrong, in words."""
    said = [str(error)]
    if isinstance(error, InputError):
        said = [str(one) for one in error.problems]
    elif isinstance(error, ConfigError):
        said = [str(one) for one in error.renamed(lambda field: LABELS.get(field, field)).mistakes]
    for flag, knob in KNOBS.items():
        said = [line.replace(flag, knob) for line in said]
    lines = "".join(f"<li>{escape(line)}</li>" for line in said)
    return f'<div class="problems" role="alert"><p>This cannot be trained on as it is.</p><ul>{lines}</ul></div>'


def scores(caption: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]], hint: str, believed: str) -> str:
    """Scores beside the controls, how they are to be read, and which to believe."""
    return f'{score_table(caption, heads, rows)}<p class="hint">{escape(hint)}</p><div class="believe">{believed}</div>'


def believe(ours: str, rival: str, verdict: str, by: str, judges: str) -> str:
    """Which of two networks to believe, in a sentence.

    Args:
        ours, rival: what they are called.
        verdict: "better" or "worse" when `judges` can tell.
        by: what speaks for that, in words.
        judges: what they were scored on, in the plural.
    """
    if verdict == "better":
        return f"Believe {ours} rather than {rival}: {by}."
    if verdict == "worse":
        return f"Believe {rival}, not {ours}: {by}."
    return f"{judges} cannot tell {ours} from {rival}: {by}."


def lower(saved: float, interval: tuple[float, float] | None) -> str:
    """A difference of losses in words, and where the true one lies."""
    between = "" if interval is None else f" (with 95 % confidence {_lower(interval[0])} to {_lower(interval[1])})"
    return f"{_lower(saved)}{between}"


def _lower(saved: float) -> str:
    return f"{abs(saved):.3f} {'lower' if saved >= 0 else 'higher'}"


def paragraphs(lines: Sequence[str]) -> str:
    """Sentences, each by itself."""
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def archive(model: Model) -> bytes:
    """The checkpoint folder as a ZIP file: configuration, weights, card, learning curve, record of the training."""
    sink = io.BytesIO()
    with tempfile.TemporaryDirectory() as place, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        folder = Path(place) / model.config.name
        save(model.config, model.network, folder, model.papers)
        for file in sorted(folder.iterdir()):
            packed.write(file, f"{model.config.name}/{file.name}")
    return sink.getvalue()


def archive_link(model: Model) -> str:
    """A link that holds the file itself, so that nothing of a visitor's stays on the server for it, and what to do."""
    name, content = model.config.name, archive(model)
    link = f'href="data:application/zip;base64,{b64encode(content).decode()}" download="{escape(name)}.zip"'
    size = f"{len(content) / 1e6:.1f} MB"
    download = f'<a class="save-link" {link}>Download the checkpoint ({size})</a><p class="hint">Unpack it, then:</p>'
    return download + taken_away(shlex.quote(name), name)
