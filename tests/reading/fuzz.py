"""Feeds the reader mutations of the fixtures and random bytes for a while: python tests/reading/fuzz.py --minutes 60

A finding is an exception other than InputError, a record that breaks its own rules, or an input that takes more than
two seconds of processor time.  Input number n of a seed is always the same; `--only N` repeats one.
"""

from __future__ import annotations

import argparse
import io
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a script, from anywhere

from test_inputs import EVERY

from rnn_model import InputError, read
from rnn_model.reading import future_times, read_texts
from rnn_model.records import Reading

SLOW = 2.0  # seconds of processor time
HANGING = 30.0  # seconds of processor time after which an input is given up
PIECES = [
    *("0", "1", "-", "+", ".", ",", ";", ":", "'", '"', "(", ")", "[", "]", "{", "}", "|", "/", "\\", "&", "=", "#"),
    *(" ", "  ", "\t", "\n", "\r\n", "\r", "\0", "\u00a0", "\u202f", "\u200b", "\ufeff", "\u2212", "\x1c", "\x85"),
    *("%", "$", "€", "kr", "kg", "k", "M", "bn", "e", "1e999", "1e-999", "0x1F", "NaN", "inf", "-inf", "NA", "null"),
    *("2024-01-31", "31/12/2024", "12/31/24", "Jan", "Jan-24", "2024Q1", "Q5 2024", "2024-W53", "2024-W99", "9999"),
    *("2024-01-01T00:00:00+99:99", "24:60", "99991231", "00000000", "1/0/0", "0000-00-00", "29.02.2023", "1e15"),
    *(
        "Total",
        "id",
        "date",
        "value",
        "...",
        "[1]",
        "array(",
        "c(",
        "tsp = c(1,2,0)",
        "Frequency = 0",
        "Start = c(0, 0)",
    ),
    *(
        "<td>",
        "</td>",
        "<tr>",
        "<table>",
        "| --- |",
        "+---+",
        "\\\\",
        "```",
        "**",
        "│",
        "sep=;",
        " # ",
        "½",
        "²",
        "×10³",
    ),
    *("١", "１", "∞", "→", "😀", "é", "\ud800", '"\\ud800"'),
]


def seeds() -> list[str | bytes]:
    """What is mutated: the fixtures, some longer inputs, and a workbook."""
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["month", "sales", "share"], ["2024-01-01", 1, 0.5], ["2024-02-01", 2, None], ["2024-03-01", 4, 1e9]):
        book.active.append(row)
    sink = io.BytesIO()
    book.save(sink)
    days = np.datetime64("2023-01-01") + np.arange(400)
    long = [
        "\n".join(f"{day},{number % 7},{number * 1.5}" for number, day in enumerate(days)),
        "\n".join(f"{number}.{number % 1000:03d},{number % 100:02d}" for number in range(1, 2000)),
        " ".join(map(str, range(3000))),
    ]
    return [*(row.source for row in EVERY.values() if len(row.source) < 10_000), *long, sink.getvalue()]


def mutated(source: str | bytes, rng: random.Random, others: Sequence[str | bytes]) -> str | bytes:
    """The source after one to six changes; now and then something that is not made from it at all."""
    kind = rng.random()
    if kind < 0.04:
        return rng.randbytes(rng.randrange(400))
    if kind < 0.1:
        return "".join(rng.choices(PIECES, k=rng.randrange(1, 80)))
    if kind < 0.13:
        return "".join(
            chr(rng.choice([rng.randrange(32, 127), rng.randrange(0x3000)])) for _ in range(rng.randrange(200))
        )
    if kind < 0.15:  # one piece over and over: where patterns that search twice become slow
        return "".join(rng.choices(PIECES, k=rng.randrange(1, 4))) * rng.randrange(1, 20_000)
    if isinstance(source, bytes):
        data = bytearray(source)
        for _ in range(rng.randrange(1, 7)):
            place = rng.randrange(len(data) + 1)
            data[place : place + rng.randrange(4)] = rng.randbytes(rng.randrange(4))
        return bytes(data[: rng.randrange(len(data) + 1)]) if rng.random() < 0.1 else bytes(data)
    for _ in range(rng.randrange(1, 7)):
        source = _changed(source, rng, others)
    if rng.random() < 0.1:
        return source.encode(rng.choice(["utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"]), "replace")
    return source


def _changed(text: str, rng: random.Random, others: Sequence[str | bytes]) -> str:
    start = rng.randrange(len(text) + 1)
    stop = min(len(text), start + int(rng.expovariate(0.2)))
    match rng.randrange(9):
        case 0:
            return text[:start] + text[stop:]
        case 1:
            return text[:start] + rng.choice(PIECES) + text[stop:]
        case 2:
            return text[:start] + text[start:stop] * rng.randrange(2, 5) + text[stop:]
        case 3:
            lines = text.split("\n")
            rng.shuffle(lines)
            return "\n".join(lines)
        case 4:
            old, new = rng.choice(text or " "), rng.choice(PIECES)
            return text.replace(old, new) if text.count(old) * len(new) < 1_000_000 else text
        case 5:
            other = rng.choice(others)
            return text + rng.choice(["\n", "", ","]) + other if isinstance(other, str) else text
        case 6:
            lines = text.split("\n")
            line = rng.randrange(len(lines))
            return "\n".join([*lines[:line], rng.choice(PIECES) + lines[line], *lines[line:]])
        case 7:
            return "\n".join(line + rng.choice(PIECES) for line in text.split("\n"))
        case _:
            number = "".join(rng.choices("0123456789.,-e", k=rng.randrange(1, 12)))
            return text[:start] + number + text[stop:]


def check(reading: Reading) -> None:
    """The promises of the records."""
    assert not reading.series or 0 <= reading.selected < len(reading.series)
    for series in reading.series:
        assert series.values.dtype == np.float64
        assert series.values.ndim == 1
        assert not np.isinf(series.values).any()
        if series.times is not None:
            assert series.times.shape == series.values.shape
            assert not np.isnat(series.times).any()
            assert (np.diff(series.times).astype(np.int64) > 0).all()
        future_times(series, 3)
    for text in (*reading.notes, *reading.warnings, *(other.label for other in reading.alternatives)):
        assert text.strip()
        text.encode()


def attempt(source: str | bytes, rng: random.Random) -> float:
    """Read it, then up to three of the other readings that were offered, one upon the other; seconds of the slowest."""
    slowest = 0.0
    filename = rng.choice([None, None, "a.csv", "a.json", "a.tsv", "a.xlsx"])
    choices: tuple[str, ...] = ()
    for _ in range(4):
        began = time.thread_time()
        try:
            reading = read(source, choices=choices, filename=filename)
        except InputError as error:
            str(error).encode()
            break
        finally:
            slowest = max(slowest, time.thread_time() - began)
        check(reading)
        if not reading.alternatives:
            break
        choices = (*choices, rng.choice(reading.alternatives).choice)
    if rng.random() < 0.1:
        try:
            read_texts(source, filename=filename)
        except InputError as error:
            str(error).encode()
    return slowest


class _GivenUp(Exception):
    """The input took too long."""


def _give_up(*_: object) -> None:
    raise _GivenUp


def main(argv: Sequence[str] | None = None) -> int:
    """Runs until the time is over; prints every kind of finding once; returns 1 when there was one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="run this input alone and show it")
    options = parser.parse_args(argv)
    sources = seeds()
    signal.signal(signal.SIGVTALRM, _give_up)
    began, number, slowest = time.monotonic(), options.only or 0, (0.0, 0)
    findings: Counter[str] = Counter()
    told = began
    while time.monotonic() - began < 60 * options.minutes:
        rng = random.Random(f"{options.seed} {number}")
        source = mutated(rng.choice(sources), rng, sources)
        if options.only is not None:
            print(repr(source))
        seconds, finding = 0.0, ""
        signal.setitimer(signal.ITIMER_VIRTUAL, HANGING)
        try:
            seconds = attempt(source, rng)
        except Exception as error:
            finding = f"{type(error).__name__} at {traceback.extract_tb(error.__traceback__)[-1]}"
            if not findings[finding]:
                print(f"input {number}: {finding}\n  {source[:600]!r}\n{traceback.format_exc()}", flush=True)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        slowest = max(slowest, (seconds, number))
        if not finding and seconds > SLOW:
            finding = "slow"
            print(f"input {number}: {seconds:.1f} s for {len(source)} characters\n  {source[:200]!r}", flush=True)
        if finding:
            findings[finding] += 1
        number += 1
        if options.only is not None:
            break
        if time.monotonic() - told > 300:
            told = time.monotonic()
            print(f"{number} inputs, {len(findings)} kinds of findings, slowest {slowest[0]:.2f} s", flush=True)
    print(
        f"{number} inputs of seed {options.seed} in {(time.monotonic() - began) / 60:.1f} minutes; "
        f"{len(findings)} kinds of findings; slowest {slowest[0]:.2f} s (input {slowest[1]})"
    )
    for finding, times in findings.most_common():
        print(f"  {times} x {finding}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
