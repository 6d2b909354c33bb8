"""The languages of the identifier, the scripts they are written in, and the tags other projects give them."""

from __future__ import annotations

import regex

_CODES = """
    af ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gu he hi hr hu hy id is it ja ka kk ko la lg lt lv
    mi mk mn mr ms nb nl nn pa pl pt ro ru sk sl sn so sq sr st sv sw ta te th tl tn tr ts uk ur vi xh yo zh zu
"""
LANGUAGES = tuple(_CODES.split())

_SCRIPTS = {
    "Arabic": "ar fa ur",
    "Armenian": "hy",
    "Bengali": "bn",
    "Cyrillic": "be bg kk mk mn ru sr uk",
    "Devanagari": "hi mr",
    "Georgian": "ka",
    "Greek": "el",
    "Gujarati": "gu",
    "Gurmukhi": "pa",
    "Han": "zh ja ko",
    "Hangul": "ko",
    "Hebrew": "he",
    "Hiragana": "ja",
    "Katakana": "ja",
    "Tamil": "ta",
    "Telugu": "te",
    "Thai": "th",
}
WITHOUT_BLANKS = ("ja", "th", "zh")  # written without blanks between words

_ALIASES = {"no": "nb", "fil": "tl", "iw": "he", "in": "id", "tgl": "tl"}


def scripts(language: str) -> tuple[str, ...]:
    """The Unicode scripts that `language` is written in here: Serbian, Kazakh and Mongolian in Cyrillic only."""
    return tuple(script for script, codes in _SCRIPTS.items() if language in codes.split()) or ("Latin",)


OWN_LETTER = {
    language: regex.compile(
        "[" + "".join(rf"\p{{Script={script}}}" for script in scripts(language)) + r"&&\p{L}]", regex.V1
    )
    for language in LANGUAGES
}
OWN_WORD = {
    language: regex.compile(rf"(?:{own.pattern}|[\p{{M}}ー'’ʼʻ·])+", regex.V1) for language, own in OWN_LETTER.items()
}
LETTER = regex.compile(r"\p{L}")


def language_of(tag: str) -> str | None:
    """The language a locale tag stands for, such as `pt_BR`, `fil` or `zh-Hans`; None when it is none of the 75.

    Scripts in the tag are not looked at: text in another script than the language's own is dropped by its letters.
    """
    if tag.lower().replace("-", "_") == "yo_bj":  # written with other letters in Benin
        return None
    base = regex.split(r"[-_@.]", tag.lower(), maxsplit=1)[0]
    base = _ALIASES.get(base, base)
    return base if base in LANGUAGES else None


def own_script(language: str, text: str) -> float:
    """The share of the letters of `text` that belong to a script of `language`; 0 without letters."""
    letters = len(LETTER.findall(text))
    return len(OWN_LETTER[language].findall(text)) / letters if letters else 0.0
