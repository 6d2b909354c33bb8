"""Three small tables of invented texts: words decide in one, only their order in another, and one leaks

Written by a generator with a fixed seed, so nothing in them was anybody's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping

import numpy as np

Rows = list[tuple[str, str]]

POLITE, RUDE = "polite", "rude"
ON, OFF = "lit", "dark"
DISPUTED = 0.08  # share of messages that a reader took the other way
UNMARKED = 0.1  # share of messages with next to nothing to tell them by

_THINGS = (
    "the report", "my invoice", "the chair", "our order", "the parcel", "that password", "the room", "the printer",
    "her contract", "the lamp", "our refund", "the timetable", "his ticket", "the key",
)  # fmt: skip
_WISHES = ("send", "explain", "repair", "check", "return", "find", "replace", "collect")
_TIMES = ("today", "before noon", "this week", "by Friday", "in the morning", "tonight", "on Monday", "at three")
_REASONS = (
    "it has been missing since Tuesday", "the customer is waiting", "nobody answered the phone",
    "I wrote about it twice", "the shop closes early", "we need it for the visit", "my colleague is ill",
)  # fmt: skip
_MARKS = {
    POLITE: (
        "could you please", "would you kindly", "when you can, please", "we ask you to", "thank you, do",
        "grateful if you could", "sorry to bother,", "many thanks if you",
    ),
    RUDE: (
        "hurry up and", "for the last time,", "wake up and", "stop dreaming and", "what a joke,",
        "even children could", "do your job,", "I am sick,",
    ),
}  # fmt: skip
_UNMARKED = ("please", "now", "so,", "again,")
_EVENTS = (
    "rain", "tea", "news", "knocking", "music", "cat", "letter", "silence", "bell", "footsteps", "supper", "wind",
    "call", "laughter", "neighbour", "yawn", "draught", "book", "song", "dog", "guest", "storm", "bath", "game",
    "prayer", "thunder", "radio", "quarrel", "coffee", "bread", "soup", "owl", "train", "whistle", "joke", "dance",
)  # fmt: skip


def messages(count: int = 600, seed: int = 0) -> Rows:
    """Messages to a help desk, polite or rude: the words tell, and some readers disagreed."""
    rng = np.random.default_rng(seed)
    rows: dict[str, str] = {}
    while len(rows) < count:
        label = (POLITE, RUDE)[len(rows) % 2]
        marks = _UNMARKED if rng.random() < UNMARKED else _MARKS[label]
        text = " ".join(_one(rng, part) for part in (marks, _WISHES, _THINGS))
        taken = {POLITE: RUDE, RUDE: POLITE}[label] if rng.random() < DISPUTED else label
        rows.setdefault(text[0].upper() + text[1:], taken)
    return list(rows.items())


def lamps(count: int = 800, seed: int = 0) -> Rows:
    """Evenings on which a lamp is switched on and off, twice each: is it lit in the end?

    Both switches stand equally often in every text, other events before and after each of them, so that neither words
    nor pairs of words tell anything.
    """
    rng = np.random.default_rng(seed)
    rows: dict[str, str] = {}
    while len(rows) < count:
        first = ["on", "off", "off"] if len(rows) % 2 else ["off", "on", "on"]
        switches = [*rng.permutation(first).tolist(), "on" if len(rows) % 2 else "off"]
        parts = [_one(rng, _EVENTS)]
        for switch in switches:
            parts += [switch, *(_one(rng, _EVENTS) for _ in range(int(rng.integers(1, 4))))]
        rows.setdefault(" ".join(parts), {"on": ON, "off": OFF}[switches[-1]])
    return list(rows.items())


def forwarded(count: int = 600, seed: int = 0) -> Rows:
    """Longer messages, each of them four times under another number: a held-out copy was as good as seen before."""
    rng = np.random.default_rng(seed)
    rows = []
    for text, label in messages(count // 4, seed):
        longer = f"{text} {_one(rng, _TIMES)}, {_one(rng, _REASONS)}"
        rows += [(f"{longer}, ticket {rng.integers(1000, 9999)}", label) for _ in range(4)]
    return rows


TOYS: Mapping[str, tuple[Callable[[], Rows], str]] = {
    "Polite or rude": (messages, "Words decide, and one label in twelve is wrong: there is noise to learn by heart."),
    "Is the lamp lit?": (lamps, "Only the order of the words decides: whatever counts words must fail."),
    "Copies among them": (forwarded, "Each message stands there four times, nearly the same: the held-out rows leak."),
}


def as_csv(rows: Rows) -> bytes:
    """The rows as a file that `training.table.texts.read_text_table` reads."""
    sink = io.StringIO()
    csv.writer(sink).writerows([("text", "label"), *rows])
    return sink.getvalue().encode()


def _one(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]
