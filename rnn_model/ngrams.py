"""Text becomes steps of hashed n-grams: what was read at each letter, or at each word

Unit "character": a step is a letter, or the blank that ends a word; its features are the n-grams that end there, within
the word (Cavnar & Trenkle 1994), the whole word at its blank, and the Unicode block of the letter.  What is no letter
only separates words.  Unit "word": a step is a word, a number or a mark; its features are the word, the word with the
one before it, its shape, and the n-grams in it (Bojanowski et al. 2017).

Features are hashed into a fixed number of buckets (Weinberger et al. 2009), so there is no vocabulary to store.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from rnn_model.config import TextConfig

_END = 0  # the code of a blank, a text's own end included
_CODES = 0x20000  # above lie rare ideographs, all letters
_WORD, _BLOCK = 101, 102  # salts of features that are no n-gram
_IDEOGRAPHS, _HANGUL, _BLOCK_SIZE = (0x3400, 0x9FFF), (0xAC00, 0xD7AF), 0x80
_JOINERS = (0x200C, 0x200D)  # written within words of Persian and the languages of India

# All hashes are modulo 2^64, where an odd factor has an inverse.
_FACTOR = 0x9E3779B97F4A7C15
_INVERSE = pow(_FACTOR, -1, 1 << 64)
_SALT, _MIX = 0xD6E8FEB86659FD93, np.uint64(0xFF51AFD7ED558CCD)

# addresses and names of files are in no language
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\S+|\S+\.(?:com|org|net|html?|php|py|js|json|exe)\b", re.I)
_TOKEN = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
_RUN = re.compile(r"(.)\1+")
_LONGEST_WORD = 100  # letters whose n-grams are read; what is longer is no word


@dataclass(frozen=True, eq=False)
class Steps:
    """The features of a batch of texts, one text after the other.

    Attributes:
        features: (N,) int64 buckets, from 0.
        starts: (S,) int64, where the features of each step begin in `features`.
        lengths: (B,) int64 steps of each text, at least 1; they sum to S.
        ends: (S,) int64, characters of the prepared text that were read when the step is over.
        closing: (S,) bool, whether the step is the blank after a word.
    """

    features: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    ends: np.ndarray
    closing: np.ndarray

    @property
    def spoken(self) -> np.ndarray:
        """(B,) bool, whether a text holds any letter or word."""
        ends = np.append(self.starts, len(self.features))
        last = np.cumsum(self.lengths)
        return ends[last] > ends[last - self.lengths]

    def of(self, texts: np.ndarray) -> Steps:
        """The features of some of the texts, in the order of their numbers (R,)."""
        firsts = np.cumsum(self.lengths) - self.lengths
        lengths = self.lengths[texts]
        steps = _runs(firsts[texts], lengths)
        held = np.diff(self.starts, append=len(self.features))[steps]
        features = self.features[_runs(self.starts[steps], held)]
        return Steps(features, np.cumsum(held) - held, lengths, self.ends[steps], self.closing[steps])

    def one(self, step: int) -> Steps:
        """A single step as a batch of one text."""
        end = self.starts[step + 1] if step + 1 < len(self.starts) else len(self.features)
        return Steps(
            self.features[self.starts[step] : end],
            np.zeros(1, np.int64),
            np.ones(1, np.int64),
            self.ends[step : step + 1],
            self.closing[step : step + 1],
        )


def _runs(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The numbers from each start on, as many as its length says, one run after the other."""
    offsets = starts - (np.cumsum(lengths) - lengths)
    return np.repeat(offsets, lengths) + np.arange(lengths.sum())


def prepared(text: str, config: TextConfig) -> tuple[str, bool]:
    """The text as it is read, composed (NFC), addresses blanked out unless they count, and whether its end was cut off.

    Of unit "character" the first `config.longest` characters are read, of unit "word" as many words.
    """
    whole = unicodedata.normalize("NFC", text)
    length = config.longest
    if config.unit == "word":
        beyond = next(itertools.islice(_TOKEN.finditer(whole), config.longest, None), None)
        length = len(whole) if beyond is None else beyond.start()
    read = whole[:length]
    if not config.addresses:
        read = _ADDRESS.sub(lambda match: " " * len(match.group()), read)
    return read, length < len(whole)


def steps_of(texts: Sequence[str], config: TextConfig) -> Steps:
    """Texts as steps; one without a letter or word is a single step without features.

    Args:
        texts: B texts from `prepared`.
        config: unit, buckets and longest n-gram.
    """
    return _characters(texts, config)[0] if config.unit == "character" else _words(texts, config)


def endings(text: str, config: TextConfig, count: int) -> Steps:
    """For each of the first letters of a text, the blank that would follow if the text ended there.

    Args:
        text: prepared.
        config: of unit "character".
        count: letters T, at most those of the text.

    Returns:
        T texts of one step each.
    """
    return _characters([text], config, count)[1]


def _characters(texts: Sequence[str], config: TextConfig, supposed: int = 0) -> tuple[Steps, Steps]:
    """The steps of all texts, and the endings supposed at the first letters.

    With letters c as code points and A = _FACTOR, S_i = sum_{j<i} c_j A^-j gives the hash of letters i ... j as
    (S_{j+1} - S_i) A^j, whatever came before them: one cumulative sum serves all n-grams of all texts.
    """
    joined = "\0" + "\0".join(_lower(text).replace("\0", " ") for text in texts) + "\0"
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    letter = _letters(config.alphabets)[np.minimum(raw, _CODES)]
    kept = letter.copy()
    kept[1:] |= letter[:-1]  # of blanks in a row the first
    kept[0] = True
    position = np.flatnonzero(kept)
    codes = np.where(letter, raw, _END)[position].astype(np.uint64)
    blank = ~letter[position]
    text = np.cumsum(raw == _END)[position] - 1 - (raw[position] == _END)
    begin = np.flatnonzero(raw == _END)[:-1] + 1

    index = np.arange(len(codes))
    last_blank = np.maximum.accumulate(np.where(blank, index, 0))
    before = np.concatenate(([0], last_blank[:-1]))  # the last blank before this letter or blank
    power, inverse = _powers(_FACTOR, len(codes) + 1), _powers(_INVERSE, len(codes) + 1)
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(codes * inverse[:-1])))

    def grams(close: np.ndarray, at: np.ndarray, since: np.ndarray) -> list[np.ndarray]:
        """Buckets (len(at), orders) of the n-grams that end `at`, `close` being the sum up to there."""
        found = []
        for order in range(1, config.ngrams + 1):
            first = at - order + 1
            found.append(_buckets((close - sums[first.clip(0)]) * power[at], order, config) * (first >= since))
        return found

    def closing(close: np.ndarray, at: np.ndarray, since: np.ndarray) -> np.ndarray:
        """Buckets of blanks: the n-grams that end in the blank, and the word before it."""
        word = _buckets((close - sums[since]) * power[at], _WORD, config)
        return np.stack((*grams(close, at, since)[1:], word), 1)

    letters, blanks = index[~blank], index[blank][1:]
    of_letters = grams(sums[letters + 1], letters, before[letters])
    block = _buckets(_block(codes[letters]), _BLOCK, config)
    table = np.zeros((len(codes), config.ngrams + 1), np.int64)
    table[letters] = np.stack((*of_letters, block), 1)
    table[blanks, : config.ngrams] = closing(sums[blanks + 1], blanks, before[blanks])
    ends = position - begin[np.minimum(text, len(begin) - 1)] + ~blank

    steps = _steps(*_used(table[1:]), text[1:], ends[1:], blank[1:], len(texts))
    letters = letters[:supposed]
    table = closing(sums[letters + 1], letters + 1, before[letters])
    alone = np.arange(supposed)
    endings = _steps(*_used(table), alone, ends[letters], np.ones(supposed, bool), supposed)
    return steps, endings


def _lower(text: str) -> str:
    lower = text.replace("Σ", "σ").lower()  # which of its two small letters depends on what follows
    return lower if len(lower) == len(text) else "".join(letter.lower()[0] for letter in text)


@cache
def _letters(alphabets: tuple[str, ...]) -> np.ndarray:
    """(_CODES + 1,) bool, whether a code point belongs to a word: letters of some alphabets or, without their names, of
    all, the marks on them, and joiners.
    """
    table = np.array([_is_letter(chr(code)) for code in range(_CODES)] + [True])
    if alphabets:
        table &= np.array([not is_in or alphabet(chr(code)) in alphabets for code, is_in in enumerate(table)])
    table[list(_JOINERS)] = True
    return table


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM"


def alphabet(letter: str) -> str:
    """What the Unicode name of a letter or of a mark on one begins with: LATIN, CJK, THAI; empty without a name."""
    return unicodedata.name(letter, "").partition(" ")[0].partition("-")[0]


def unknown_alphabets(text: str, config: TextConfig) -> dict[str, float]:
    """Alphabets that are read as blanks, in order of appearance, with their share of the letters of a text."""
    if not config.alphabets or config.unit != "character":
        return {}
    met = Counter(alphabet(character) for character in text if unicodedata.category(character)[0] == "L")
    return {name: count / met.total() for name, count in met.items() if name and name not in config.alphabets}


def alphabets_of(texts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The share that each alphabet has of the letters of texts, each with its weight."""
    found: dict[str, float] = {}
    for text, weight in texts:
        for character in filter(_is_letter, unicodedata.normalize("NFC", text)):
            found[alphabet(character)] = found.get(alphabet(character), 0.0) + weight
    total = sum(found.values())
    return {name: share / total for name, share in found.items()}


def _block(codes: np.ndarray) -> np.ndarray:
    """Where in Unicode a letter stands; ideographs are one place, Hangul is another."""
    block = codes // np.uint64(_BLOCK_SIZE)
    for first, last in (_IDEOGRAPHS, _HANGUL):
        block[(codes >= first) & (codes <= last)] = first // _BLOCK_SIZE
    return block


def _powers(base: int, count: int) -> np.ndarray:
    factors = np.full(count, base, np.uint64)
    factors[0] = 1
    return np.multiply.accumulate(factors)


def _buckets(hashes: np.ndarray, salt: int, config: TextConfig) -> np.ndarray:
    mixed = hashes + np.uint64(_SALT * salt % (1 << 64))
    for shift in (np.uint64(33), np.uint64(29)):
        mixed = (mixed ^ (mixed >> shift)) * _MIX
    return ((mixed ^ (mixed >> np.uint64(32))) % np.uint64(config.buckets)).astype(np.int64) + 1


def _words(texts: Sequence[str], config: TextConfig) -> Steps:
    seen: dict[str, list[int]] = {}
    rows: list[list[int]] = []
    owner: list[int] = []
    ends: list[int] = []
    for number, text in enumerate(texts):
        previous = ""
        for match in _TOKEN.finditer(text):
            token = match.group()
            if token not in seen:
                seen[token] = [_bucket(feature, config) for feature in _features(token, config.ngrams)]
            lower = token.lower()
            rows.append([*seen[token], _bucket(f"p{previous} {lower}", config)])
            owner.append(number)
            ends.append(match.end())
            previous = lower
    # no table as of letters: one long word would make it wide for all
    features = np.fromiter(itertools.chain.from_iterable(rows), np.int64)
    held = np.fromiter(map(len, rows), np.int64, len(rows))
    of_text = np.array(owner, np.int64)
    return _steps(features, held, of_text, np.array(ends, np.int64), np.zeros(len(rows), bool), len(texts))


def _features(token: str, longest: int) -> Iterator[str]:
    """The word, its shape with runs of a kind cut to two, and the n-grams of three letters and more in it."""
    lower = token.lower()
    yield f"w{lower}"
    shape = "".join("X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c for c in token)
    yield "s" + _RUN.sub(lambda run: run.group(1) * 2, shape)
    framed = f"<{lower[:_LONGEST_WORD]}>"
    for order in range(3, longest + 1):
        yield from (f"g{framed[start : start + order]}" for start in range(len(framed) - order + 1))


def _bucket(feature: str, config: TextConfig) -> int:
    return zlib.crc32(feature.encode("utf-8", "surrogatepass")) % config.buckets + 1


def _steps(
    features: np.ndarray, held: np.ndarray, text: np.ndarray, ends: np.ndarray, closing: np.ndarray, count: int
) -> Steps:
    """Steps from buckets (N,) counted from 1, of which each step holds `held` (S,); `text` (S,) owns the steps."""
    lengths = np.bincount(text, minlength=count)
    empty = np.flatnonzero(lengths == 0)
    where = np.searchsorted(text, empty)
    held, ends, closing = np.insert(held, where, 0), np.insert(ends, where, 0), np.insert(closing, where, False)
    starts = np.cumsum(held) - held
    return Steps(features - 1, starts, np.maximum(lengths, 1), ends, closing)


def _used(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The buckets in a table (S, slots), where 0 is a free slot, and how many there are in each row."""
    used = table > 0
    return table[used], used.sum(1)
