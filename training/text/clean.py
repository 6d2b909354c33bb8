"""From strings of catalogues and web pages to sentences as people write them, and to the words in them."""

from __future__ import annotations

import html
from collections.abc import Iterator

import regex

from training.text.languages import WITHOUT_BLANKS, own_script

WORD = regex.compile(r"[\p{L}\p{M}]+(?:['’ʼʻ·][\p{L}\p{M}]+)*")
LONGEST_SENTENCE = 400  # characters
OWN_SCRIPT = 0.7  # share of the letters; brand names in Latin letters are part of how people write

_PLURAL_RULE = regex.compile(r",\s*(plural|select|selectordinal)\s*,")
_LINK = regex.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG = regex.compile(r"<[^<>]{1,300}>")
_PLACEHOLDER = regex.compile(
    r"\{\{.*?\}\}|%?\{[^{}]*\}|%\([^)]*\)[a-z]|%\d*\$?[sdifruc@]\b|%\d+|\$\{?\w+\}?|\[\[.*?\]\]|\[[A-Z][A-Z_0-9]+\]|`[^`]*`"
)
_ADDRESS = regex.compile(r"\w+://\S+|www\.\S+|\S+@\S+\.\S+|\b[\w.-]+\.(?:com|org|net|io|edu|gov|html|py|js|yaml)\b\S*")
_IDENTIFIER = regex.compile(r"\S*[_\\=]\S*|\b[a-z]+[A-Z]\w*")
_ORNAMENT = regex.compile(r"[*#|~^<>{}\[\]•·▸►→←]+(?!\p{L})|(?<!\p{L})[*#|~^<>{}\[\]•·▸►→←]+")
_HOLLOW = regex.compile(r"\(\s*\)|\[\s*\]|\"\s*\"|“\s*”|„\s*“|«\s*»|'\s+'")
_INVISIBLE = regex.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]")
_BLANK = regex.compile(r"\s+")
_END = regex.compile(r"(?<=[.!?؟۔።။।…])[\"'”’»)]*\s+(?=\P{Ll})|(?<=[。！？])")
_EDGE = " \t-–—:;,/|&+.•\"'“”„«»()"


def sentences(language: str, text: str) -> Iterator[str]:
    """The sentences of `text` that are plainly prose of `language`'s script: no markup, addresses or placeholders."""
    if _PLURAL_RULE.search(text):
        return
    text = _TAG.sub(" ", html.unescape(html.unescape(text)).replace("\xa0", " "))
    text = _INVISIBLE.sub("", text)
    text = _LINK.sub(r"\1", text)
    text = _HOLLOW.sub(" ", _IDENTIFIER.sub(" ", _ADDRESS.sub(" ", _PLACEHOLDER.sub(" ", text))))
    for line in text.splitlines():
        for sentence in _END.split(_ORNAMENT.sub(" ", line)):
            sentence = _BLANK.sub(" ", sentence).strip().lstrip(_EDGE).rstrip(_EDGE.replace(".", "")).strip()
            sentence = shorten(sentence)
            if _is_prose(language, sentence):
                yield sentence


def shorten(sentence: str) -> str:
    """At most `LONGEST_SENTENCE` characters, cut between words where there are blanks."""
    if len(sentence) <= LONGEST_SENTENCE:
        return sentence
    head, blank, _ = sentence[:LONGEST_SENTENCE].rpartition(" ")
    return head if blank else sentence[:LONGEST_SENTENCE]


def words(text: str) -> list[str]:
    """The words of `text`, in order, as they are written."""
    return WORD.findall(text)


def key(text: str) -> str:
    """What two writings of the same text share: their letters, in lower case."""
    return "".join(regex.findall(r"[\p{L}\p{M}]+", text.lower()))


def _is_prose(language: str, sentence: str) -> bool:
    found = words(sentence)
    letters = sum(map(len, found))
    enough = letters >= 6 if language in WITHOUT_BLANKS else len(found) >= 2 and letters >= 8
    if not enough or letters < 0.6 * len(sentence.replace(" ", "")) or own_script(language, sentence) < OWN_SCRIPT:
        return False
    # A Japanese sentence has kana; without them it reads as Chinese.
    return (regex.search(r"[\p{Hiragana}\p{Katakana}]", sentence) is not None) == (language == "ja")
