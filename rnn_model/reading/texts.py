"""`read_texts`: what a person pasted or uploaded to be classified."""

from __future__ import annotations

from dataclasses import dataclass

from rnn_model.records import Alternative


@dataclass(frozen=True)
class TextReading:
    """Texts to classify, and how they were found."""

    texts: tuple[str, ...]
    column: str = ""
    notes: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()


def read_texts(source: object, *, filename: str | None = None, column: str | None = None) -> TextReading:
    raise NotImplementedError
