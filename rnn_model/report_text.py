"""A classification in words, and many of them as CSV"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from rnn_model.records import Classification
from rnn_model.report import percent

CLASS_COLUMNS = ["text", "label", "likeliest", "probability", "second", "second_probability"]
NO_NAMES: Mapping[str, str] = {}


def describe_class(answer: Classification, names: Mapping[str, str] = NO_NAMES) -> str:
    """One or two sentences: the answer and how sure it is, or that it is not, or that the text is of several pieces.

    Args:
        answer: from `classify`.
        names: label -> what to call it; a label without a name is called by itself.
    """
    if not answer.text.strip() or (not len(answer.belief) and answer.label is None):
        known = " that are known" if any(map(str.isalpha, answer.text)) else ""
        return f"Nothing to go by: there are no letters{known} in this text."
    (best, chance), (second, second_chance) = answer.likeliest(2)
    best, second = names.get(best, best), names.get(second, second)
    if answer.parts:
        spans = ", then ".join(
            f"{names.get(part.label, part.label)} (“{_short(answer.text[part.start : part.end])}”)"
            for part in answer.parts
        )
        return f"More than one: {spans}. Taken as a whole, {best} leads with {percent(chance)}."
    if answer.label is None:
        return (
            f"Not sure. {best} is likeliest with {percent(chance)}, {second} follows with {percent(second_chance)}; "
            f"an answer needs {percent(answer.threshold)}."
        )
    if second_chance < 0.05:
        return f"{best}: {_sure(chance)} sure."
    return f"{best}: {_sure(chance)} sure. Next is {second} with {percent(second_chance)}."


def classes_csv(answers: Iterable[Classification]) -> str:
    """A line a text: the text, its label (empty when not sure), the two likeliest classes and their probabilities."""
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerows([CLASS_COLUMNS, *map(class_row, answers)])
    return sink.getvalue()


def class_row(answer: Classification) -> list[str]:
    """What stands under CLASS_COLUMNS for one text."""
    (best, chance), (second, second_chance) = answer.likeliest(2)
    return [answer.text, answer.label or "", best, f"{chance:.4f}", second, f"{second_chance:.4f}"]


def _sure(chance: float) -> str:
    return f"more than {percent(0.99)}" if chance > 0.99 else percent(chance)


def _short(text: str, length: int = 32) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
