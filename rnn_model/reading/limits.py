"""How much the reader takes; every limit is named in the message that refuses more."""

from __future__ import annotations

MAX_FILE_BYTES = 5_000_000
HEAD_BYTES = 250_000  # of a larger file, by which is judged how to read it
MAX_CHARACTERS = 5_000_000
MAX_CELLS = 1_000_000  # cells of a table, or values of a list
MAX_UNPACKED_BYTES = 50_000_000  # what a workbook may unpack to, so that a small file cannot fill the memory
MAX_COLUMNS = 5_000  # columns of a table
MAX_SERIES = 200  # series offered from one table
MAX_PROBLEMS = 20  # problems listed in one error; the rest are counted
MAX_NUMBER_LENGTH = 64  # characters of a cell that can still be a number or a date
MAX_TEXTS = 1_000  # texts to classify in one request
MAX_TEXT_LENGTH = 100_000  # characters of one text to classify
