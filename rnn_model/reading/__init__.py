"""What a person pasted or uploaded, read into records, and an account of how it was read."""

from rnn_model.reading.long import long_table, series_in_parts
from rnn_model.reading.read import read
from rnn_model.reading.texts import TextReading, read_texts, texts_in_parts
from rnn_model.reading.times import future_times

__all__ = [
    "TextReading",
    "future_times",
    "long_table",
    "read",
    "read_texts",
    "series_in_parts",
    "texts_in_parts",
]
