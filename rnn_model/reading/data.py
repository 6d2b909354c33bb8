"""Numbers that a program already has -> table: lists, numpy arrays, pandas Series and DataFrames.

The cells become text as Python writes them (`repr` of a float gives the same float back), so that they take the same
path as anything pasted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnn_model.errors import InputError, Problem
from rnn_model.reading.decode import valid
from rnn_model.reading.limits import MAX_CELLS
from rnn_model.reading.log import count
from rnn_model.reading.table import Table, list_table


def from_data(source: Any) -> Table | None:
    """The table in a list, array, pandas Series or DataFrame; None when the source is none of them.

    Raises:
        InputError: more than two dimensions, or more than MAX_CELLS values.
    """
    kind = type(source)
    if kind.__module__.split(".")[0] == "pandas":
        return _from_pandas(source)
    if hasattr(source, "detach"):  # a torch tensor
        source = source.detach().cpu().numpy()
    if not isinstance(source, list | tuple | np.ndarray | range):
        return None
    if isinstance(source, np.ndarray):
        return _from_array(source)
    items = list(source)
    _check_size(len(items))
    if any(isinstance(item, dict) for item in items):
        raise _wrong("a list of dictionaries", "Pass a pandas DataFrame of them.")
    if any(isinstance(item, list | tuple | np.ndarray) for item in items):
        rows = [list(item) if isinstance(item, list | tuple | np.ndarray) else [item] for item in items]
        width = max(map(len, rows))
        _check_size(width * len(rows))
        columns = [[_text(row[i]) if i < len(row) else "" for row in rows] for i in range(width)]
        return Table(columns, [""] * width, exact=True)
    return list_table([_text(item) for item in items], exact=True)


def _from_array(array: np.ndarray) -> Table:
    _check_size(array.size)
    if array.ndim <= 1:
        return list_table(_texts(array.reshape(-1)), exact=True)
    if array.ndim == 2:
        return Table([_texts(column) for column in array.T], [""] * array.shape[1], exact=True)
    raise _wrong(f"an array of {array.ndim} dimensions", "Pass one series, or a table of rows and columns.")


def _from_pandas(source: Any) -> Table | None:
    if not hasattr(source, "index"):  # an Index or an extension array
        return _from_array(np.asarray(source)) if hasattr(source, "__array__") else None
    _check_size(int(source.size))
    frame = source.to_frame("" if source.name is None else source.name) if source.ndim == 1 else source
    columns = [_texts(frame.iloc[:, number]) for number in range(frame.shape[1])]
    names = [_text(name) for name in frame.columns]
    index = source.index
    counts = index.nlevels == 1 and list(index[:1]) == [0] and type(index).__name__ == "RangeIndex"
    if not counts:
        for level in reversed(range(index.nlevels)):
            columns.insert(0, _texts(index.get_level_values(level)))
            names.insert(0, _text(index.names[level]))
    if len(columns) == 1:
        return Table(columns, names, exact=True, flat=True)
    return Table(columns, names, exact=True)


def _texts(values: Any) -> list[str]:
    """Cells of one column."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
        return list(map(_text, values.tolist()))
    return [_text(value) for value in values]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[s]").item()
    elif isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return "" if value != value else repr(value)
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return str(value) if abs(value) < 10**300 else "inf"
    if hasattr(value, "start_time") and "/" in str(value):
        value = value.start_time  # a week of pandas, "2024-01-01/2024-01-07"
    zone = _zone_name(getattr(value, "tzinfo", None))
    if hasattr(value, "isoformat"):
        return f"{value.isoformat()}{f'[{zone}]' if zone and zone != 'UTC' else ''}".replace("NaT", "")
    return valid(str(value).strip().replace("\0", ""))


def _zone_name(zone: Any) -> str:
    """ "Europe/Berlin" for a zone of zoneinfo or pytz, "" for a bare offset."""
    return str(getattr(zone, "key", None) or getattr(zone, "zone", None) or "")


def _check_size(cells: int) -> None:
    if cells > MAX_CELLS:
        fix = "Pass the most recent part of the series."
        raise InputError(Problem(count(cells, "value"), f"at most {MAX_CELLS:,} values", fix))


def _wrong(found: str, fix: str) -> InputError:
    return InputError(Problem(found, "a list of numbers, a numpy array, a pandas Series or a DataFrame", fix))
