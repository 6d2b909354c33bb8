"""Several series stacked in one table: the column that tells them apart."""

from __future__ import annotations

import itertools
import re

import numpy as np

from rnn_model.reading.clock import Clock
from rnn_model.reading.columns import Roles
from rnn_model.reading.limits import MAX_SERIES
from rnn_model.reading.log import Log, count, quote
from rnn_model.reading.table import Table

_ID_NAMES = re.compile(
    r".*(?:\b|_)(?:id|unique_id|item|store|sku|product|series|group|region|country|station|geo)\b.*", re.I
)
_BETWEEN = " / "  # the names of several columns


def find_groups(table: Table, roles: Roles, clock: Clock | None, log: Log) -> dict[str, np.ndarray] | None:
    """Rows of each stacked series by its name, in order of appearance; None when there is one series.

    A column tells series apart when the same times repeat over the table, but not (or far less) within one name.
    """
    asked = columns_named(table, log.choice("group") or "")
    if asked:
        return _rows_by_name(table, asked, _joined(table, asked), log)
    if log.choice("duplicates") in ("sum", "mean", "last"):
        return None
    candidates = [number for number in _candidates(table, roles) if len(set(table.columns[number])) > 1]
    ways = [[number] for number in candidates]
    if 2 <= len(candidates) <= 4:
        ways.append(candidates)
    best: tuple[int, list[int], list[str]] | None = None
    for columns in ways:
        names = _joined(table, columns)
        # a column of remarks has many values too, but no such name
        identified = all(_ID_NAMES.fullmatch(table.names[number]) for number in columns)
        if not 2 <= len(set(names)) <= (len(table) // 2 if identified else min(MAX_SERIES, len(table) // 2)):
            continue
        repeats = _repeats(clock, names)
        if repeats is not None and (best is None or repeats < best[0]):
            best = (repeats, columns, names)
    if best is None:
        return None
    return _rows_by_name(table, best[1], best[2], log)


def columns_named(table: Table, name: str) -> list[int]:
    """The column of this name, or all of several joined by " / "; empty when one is missing."""
    found = [table.find(name)]
    if found == [None]:
        found = [table.find(part) for part in name.split(_BETWEEN)]
    return [] if None in found else [number for number in found if number is not None]


def _joined(table: Table, columns: list[int]) -> list[str]:
    return [_BETWEEN.join(cells) for cells in zip(*(table.columns[number] for number in columns), strict=True)]


def _rows_by_name(table: Table, columns: list[int], names: list[str], log: Log) -> dict[str, np.ndarray]:
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        rows.setdefault(name, []).append(row)
    log.settle("group", _BETWEEN.join(map(table.handle, columns)))
    told = " and ".join(map(table.title, columns))
    log.note(f"{count(len(rows), 'series', 'series')} stacked, told apart by {told}.")
    return {name: np.array(members) for name, members in rows.items()}


def _candidates(table: Table, roles: Roles) -> list[int]:
    identifiers = [n for n in roles.values if len(roles.values) > 1 and _ID_NAMES.fullmatch(table.names[n])]
    return [n for n in roles.texts if all(table.columns[n])] + identifiers


def _repeats(clock: Clock | None, names: list[str]) -> int | None:
    """Times that repeat within one name; None when the names do not make the times (nearly) unique."""
    if clock is None:
        sizes = np.unique(np.array(names), return_counts=True)[1]
        blocks = 1 + sum(a != b for a, b in itertools.pairwise(names))
        return 0 if sizes.min() >= 2 and blocks == len(sizes) else None
    if clock.dateless is not None or np.isnat(clock.times).any():
        return None
    times = clock.times.astype(np.int64)
    before = len(times) - len(np.unique(times))
    codes = np.unique(np.array(names), return_inverse=True)[1]
    after = len(times) - len(np.unique(np.stack([codes, times]), axis=1).T)
    return after if before and after <= 0.1 * before else None


def select_group(names: list[str], log: Log) -> int:
    """Index of the series to use: the chosen one, else the first; the others are offered."""
    asked = log.choice("series")
    selected = names.index(asked) if asked in names else 0
    log.note_selection(f"Series {quote(names[selected])} is used ({'as chosen' if asked in names else 'the first'}).")
    for number, name in enumerate(names[:MAX_SERIES]):
        if number != selected:
            log.offer(f"use series {quote(name)}", f"series={name}")
    return selected
