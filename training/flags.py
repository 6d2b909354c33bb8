"""Command-line flags from configuration records, one for each field"""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

Record = TypeVar("Record")


def add_flags(
    group: Any, record: type, defaults: Mapping[str, Any] | None = None, without: Collection[str] = ()
) -> None:
    """Adds a flag for every field of a configuration record, with the help of its docstring.

    Args:
        group: of an argument parser.
        record: a frozen dataclass whose docstring describes its fields.
        defaults: other defaults than the record's own.
        without: fields that get none, since they would change nothing.
    """
    described = dict(re.findall(r"^ {8}(\w+): (.+?)(?=^ {8}\w+: |^ {4}\w|\Z)", record.__doc__ or "", re.M | re.S))
    for entry in fields(record):
        if entry.name in without:
            continue
        default = (defaults or {}).get(entry.name, entry.default)
        flag = flag_for(entry.name)
        text = " ".join(described[entry.name].split()).replace("%", "%%") + f" (default {default})"
        if isinstance(entry.default, bool):
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=default, help=text)
        else:
            group.add_argument(flag, type=type(entry.default), default=default, help=text, metavar="VALUE")


def flag_for(field: str) -> str:
    """The flag that sets a field."""
    return "--" + field.replace("_", "-")


def settings(*records: Any, without: Collection[str] = ()) -> str:
    """The fields of configuration records in a line, but those `without` effect; a record may be None."""
    shown = {name: value for record in records if record is not None for name, value in asdict(record).items()}
    return ", ".join(f"{name.replace('_', '-')} {value}" for name, value in shown.items() if name not in without)


def from_flags(record: type[Record], arguments: argparse.Namespace) -> Record:
    """The record that the flags describe."""
    return record(**{entry.name: getattr(arguments, entry.name) for entry in fields(record)})  # type: ignore[arg-type]
