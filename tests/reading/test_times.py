"""Steps ahead go on as the calendar does: worked by hand from the calendar of 2024 and 2025."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rnn_model import read
from rnn_model.reading import future_times


@pytest.mark.parametrize(
    ("start", "number", "frequency", "ahead"),
    [
        ("2024-11-30", 3, "ME", ["2025-02-28T00", "2025-03-31T00"]),
        ("2024-02-29", 4, "YE-FEB", ["2028-02-29T00", "2029-02-28T00"]),
        ("2024-01-31", 13, "B", ["2024-02-19T00", "2024-02-20T00"]),  # a Friday is followed by a Monday
        ("2024-01-01", 4, "QS-OCT", ["2025-01-01T00", "2025-04-01T00"]),
        ("2024-03-31", 4, "QE-DEC", ["2025-03-31T00", "2025-06-30T00"]),
        ("2024-01-07", 4, "W-SUN", ["2024-02-04T00", "2024-02-11T00"]),
        ("2024-02-28 22:00", 3, "h", ["2024-02-29T01", "2024-02-29T02"]),
    ],
)
def test_calendar(start: str, number: int, frequency: str, ahead: list[str]) -> None:
    index = pd.date_range(start, periods=number, freq=frequency)
    series = read(pd.Series(np.arange(number) + 1.0, index=index)).series[0]
    times = future_times(series, len(ahead))
    assert series.frequency == frequency
    assert times is not None
    assert times.astype("datetime64[h]").astype(str).tolist() == ahead


def test_irregular_times_have_no_next() -> None:
    text = "2024-01-01,1\n2024-01-04,2\n2024-01-05,3\n2024-01-19,4\n2024-01-22,5"
    assert future_times(read(text).series[0], 3) is None
