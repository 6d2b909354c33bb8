"""Bytes -> text, and text -> clean text: encodings, byte order marks, invisible characters, other scripts' digits."""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from rnn_model.errors import InputError, Problem
from rnn_model.reading.limits import HEAD_BYTES, MAX_CHARACTERS
from rnn_model.reading.log import Log, count

KINDS = "CSV, TSV, TXT, JSON or XLSX"
_BLOCK = 65_536  # bytes read at a time

# First bytes of kinds of files that people upload and that hold no readable table.
_SIGNATURES = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a sound or image file"),
    (b"BM", "a bitmap image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file (.xls, .doc)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PAR1", "a Parquet file"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite file"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"\x7fELF", "a program"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound file"),
    (b"\x00\x00\x00\x1cftyp", "a video"),
)
_ADVICE = {
    "an old Excel or Word file (.xls, .doc)": "Save it as .xlsx or CSV and upload that.",
    "a gzip archive": "Unpack it and upload the file inside.",
    "a 7z archive": "Unpack it and upload the file inside.",
    "a RAR archive": "Unpack it and upload the file inside.",
}


def other_kind(kind: str) -> InputError:
    """The refusal of a kind of file that cannot be read."""
    to_file = "or save the table in it as CSV or XLSX and give that."
    advice = _ADVICE.get(kind, f"Select the column of numbers, copy it, and paste it here, {to_file}")
    return InputError(Problem(kind, f"a {KINDS} file", advice))


def decode(data: bytes, log: Log) -> str:
    """Text of a whole file.

    Raises:
        InputError: the bytes are no text.
    """
    return _checked(data.decode(_encoding(data, log, whole=True), errors="replace"))


def decoded_lines(head: bytes, rest: BinaryIO, log: Log) -> Iterator[str]:
    """The lines of a file of any size, without their ends; one at a time is in memory, and a block of the file.

    Args:
        head: its first bytes, by which the encoding is judged; what does not fit it later becomes U+FFFD.
        rest: all the others.

    Raises:
        InputError: the bytes are no text, or a line is longer than MAX_CHARACTERS.
    """
    blocks = chain([head], iter(lambda: rest.read(_BLOCK), b""))
    encoding = _encoding(head, log, whole=len(head) < HEAD_BYTES)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    _checked(codecs.getincrementaldecoder(encoding)(errors="replace").decode(head))
    newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
    line, number = "", 1
    for block in chain(blocks, [b""]):
        *ended, line = (line + newlines.decode(block, final=not block)).split("\n")
        yield from ended
        number += len(ended)
        if len(line) > MAX_CHARACTERS:
            fix = "Give a file with line ends: one text or one row in each line."
            raise InputError(Problem("a line without an end", f"at most {MAX_CHARACTERS:,} characters", fix, number))
    if line:
        yield line


def _encoding(data: bytes, log: Log, whole: bool) -> str:
    """By byte order mark, then UTF-16 without one, UTF-8, and Windows-1252 as the last resort.

    Args:
        whole: the bytes are all there are, so that none may be missing from the last character.

    Raises:
        InputError: another kind of file.
    """
    for signature, kind in _SIGNATURES:
        if data.startswith(signature) and not (signature == b"BM" and data[:64].isascii() and b"\0" not in data[:64]):
            raise other_kind(kind)
    for mark, encoding in (
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            log.note(f"Removed a byte order mark; the file is {encoding.removesuffix('-sig').upper()}.")
            return encoding
    if b"\0" in data:
        head = data[:2000]
        even, odd = head[::2].count(0), head[1::2].count(0)
        if max(even, odd) > 0.3 * len(head) / 2 and min(even, odd) < 0.05 * len(head):
            encoding = "utf-16-le" if odd > even else "utf-16-be"
            log.note(f"The file is {encoding[:6].upper()} without a byte order mark.")
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=whole)
    except UnicodeDecodeError:
        log.note("The file is not UTF-8; read as Windows-1252.")
        return "cp1252"
    return "utf-8"


def _checked(text: str) -> str:
    """The text itself; refused when it is mostly control characters."""
    head = text[:4000]
    odd = sum(1 for c in head if (ord(c) < 32 and c not in "\t\n\r\f\v\x1c\x1d\x1e\x1f") or c == "\ufffd")
    if odd > 0.05 * len(head) + 1:
        raise other_kind("a file that is no text")
    return text


_INVISIBLE = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u00ad\u180e\x00-\x08\x0e-\x1b\x7f]"
)
_GROUP_SPACE = re.compile("(?<=[0-9])[\u00a0\u202f\u2007\u2009](?=[0-9]{3}(?![0-9]))")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_DASH_AS_MINUS = re.compile(r"(?<![\w.,)\]–—])[–—](?=\s?[0-9.,])")
_SIGNS = {
    **dict.fromkeys("−﹣－", "-"),
    **{"＋": "+", "，": ",", "；": ";", "．": ".", "：": ":", "％": "%", "（": "(", "）": ")", "､": ",", "、": ","},
    **{
        "٫": ".",
        "٬": "'",
        "،": ",",
        "؛": ";",
        "٪": "%",
        "‘": "'",
        "ʼ": "'",
        "′": "'",
        "→": " -> ",
        "＄": "$",
        "￥": "¥",
    },
    **{"\x85": "\n", "\u2028": "\n", "\u2029": "\n", "\x0b": "\n", "\x0c": "\n"},
}
_FRACTION = re.compile("(?<![0-9.,])([0-9]{0,9}) ?([¼½¾⅐-⅞])(?![0-9.,])")
_POWER = re.compile("(?<=[0-9]) ?[×·] ?10(?:\\^([+-]?[0-9]+)|([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))")
_RAISED = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")
_SIGN_TABLE = str.maketrans(_SIGNS)


def clean(text: str, log: Log) -> str:
    """The text with one kind of line end, plain digits and signs, and nothing invisible; what changed is noted.

    Raises:
        InputError: more than MAX_CHARACTERS.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            Problem(
                count(len(text), "character"),
                f"at most {MAX_CHARACTERS:,} characters",
                "Leave out the columns that are not needed, or the oldest rows.",
            )
        )
    text = valid(text.replace("\r\n", "\n").replace("\r", "\n"))
    if text.isascii() and text.isprintable():
        return text
    text, removed = _INVISIBLE.subn("", text)
    if removed:
        log.note(f"Removed {count(removed, 'invisible character')} (zero-width marks, byte order marks, controls).")
    if text.isascii():
        return text.replace("\x0b", "\n").replace("\x0c", "\n")
    text = text.translate(_SIGN_TABLE)
    text, digits = _plain_digits(text)
    if digits:
        log.note(f"{count(digits, 'digit')} of another script or width, read as 0-9.")
    text = _GROUP_SPACE.sub("\ue000", text)
    text = _SPACES.sub(" ", text).replace("\ue000", "\u00a0")
    return _DASH_AS_MINUS.sub("-", _written_out(text, log))


def _written_out(text: str, log: Log) -> str:
    """Fractions and powers of ten in one sign or in raised digits, as decimal numbers."""
    text, fractions = _FRACTION.subn(_decimal, text)
    if fractions:
        log.note(f"{count(fractions, 'fraction')} in one sign (such as ½), read as decimal numbers.")
    return _POWER.sub(lambda match: "e" + (match[1] or match[2].translate(_RAISED)), text)


def _decimal(match: re.Match[str]) -> str:
    return f"{int(match[1] or 0) + unicodedata.numeric(match[2]):.12g}"


def valid(text: str) -> str:
    """The text with "?" in place of lone surrogates, which no encoding can write."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _plain_digits(text: str) -> tuple[str, int]:
    """Every decimal digit of Unicode as 0-9, and how many there were."""
    table: dict[int, str] = {}
    for character in set(text):
        if not character.isascii() and character.isdecimal():
            table[ord(character)] = str(unicodedata.decimal(character))
    if not table:
        return text, 0
    return text.translate(table), sum(text.count(chr(code)) for code in table)
