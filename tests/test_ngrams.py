"""Hashed n-grams: the same letters give the same features wherever they stand, and a prefix is read as the whole is."""

from __future__ import annotations

import itertools
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_model.config import TextConfig
from rnn_model.ngrams import Steps, alphabets_of, endings, prepared, steps_of, unknown_alphabets

LABELS = ("a", "b")
CHARACTERS = TextConfig(LABELS, buckets=2**20)
WORDS = TextConfig(LABELS, unit="word", buckets=2**20)
TEXTS = st.text(st.sampled_from("abcXYZ äßİσΣ日本語한국.,'0\n\u200d\u0301😀\x00"), max_size=40)


def by_step(steps: Steps) -> list[tuple[int, ...]]:
    edges = [*steps.starts, len(steps.features)]
    return [tuple(steps.features[start:end].tolist()) for start, end in itertools.pairwise(edges)]


def features(text: str, config: TextConfig = CHARACTERS) -> list[tuple[int, ...]]:
    return by_step(steps_of([text], config))


def test_a_letter_carries_the_ngrams_that_end_there_and_its_block() -> None:
    steps = steps_of(["ab"], CHARACTERS)

    # a: "a", " a", block; b: "b", "ab", " ab", block; the blank: "b ", "ab ", " ab ", the word
    assert [len(row) for row in by_step(steps)] == [3, 4, 4]
    assert steps.ends.tolist() == [1, 2, 2]
    assert steps.closing.tolist() == [False, False, True]


def test_ngrams_end_at_the_words_edge() -> None:
    apart, together = features("in put"), features("input")

    assert apart[:3] == features("in")
    assert apart[3:] == features("put")
    assert set(itertools.chain(*apart)) != set(itertools.chain(*together))


@pytest.mark.parametrize("config", [CHARACTERS, WORDS], ids=["characters", "words"])
@given(texts=st.lists(TEXTS, min_size=1, max_size=5))
@settings(max_examples=150, deadline=None)
def test_a_batch_is_its_texts_one_by_one(config: TextConfig, texts: list[str]) -> None:
    steps = steps_of(texts, config)

    alone = [steps_of([text], config) for text in texts]
    np.testing.assert_array_equal(steps.lengths, [one.lengths[0] for one in alone])
    np.testing.assert_array_equal(steps.ends, np.concatenate([one.ends for one in alone]))
    assert by_step(steps) == list(itertools.chain(*map(by_step, alone)))
    assert steps.lengths.min() >= 1
    assert steps.lengths.sum() == len(steps.starts)
    assert all(0 <= bucket < config.buckets for bucket in steps.features)


@given(text=TEXTS)
@settings(max_examples=150, deadline=None)
def test_a_supposed_ending_is_what_a_text_that_ends_there_holds(text: str) -> None:
    whole = steps_of([text], CHARACTERS)
    letters = [index for index, closing in enumerate(whole.closing) if not closing and len(whole.features)]
    supposed = endings(text, CHARACTERS, len(letters))

    for row, ending in zip(letters, by_step(supposed), strict=True):
        shorter = features(text[: whole.ends[row]])
        assert shorter[:-1] == by_step(whole)[: row + 1]
        assert shorter[-1] == ending


def test_what_is_no_letter_separates_and_nothing_else() -> None:
    assert features("Hello, big\n\nworld!") == features("hello big world") == features("  HELLO 12 big 😀 world ")
    assert features("İstanbul") == features("istanbul")


@pytest.mark.parametrize("text", ["", "   ", "123 456", "🙂🙂", "!?", "\x00"])
def test_a_text_without_letters_is_one_step_without_features(text: str) -> None:
    assert features(text) == [()]


def test_composed_and_decomposed_letters_are_the_same() -> None:
    composed = "naïve Việt"
    assert prepared(unicodedata.normalize("NFD", composed), CHARACTERS) == (composed, False)


@pytest.mark.parametrize(
    "address", ["https://example.org/ein/pfad?x=1", "www.example.org", "name@example.org", "index.html"]
)
def test_addresses_are_not_read(address: str) -> None:
    read, cut = prepared(f"see {address} now", CHARACTERS)

    assert read.split() == ["see", "now"]
    assert len(read) == len(f"see {address} now")
    assert not cut


def test_a_long_text_is_cut_at_letters_or_words() -> None:
    short = TextConfig(LABELS, longest=10)
    assert prepared("one two three", short) == ("one two th", True)
    assert prepared("one two th", short) == ("one two th", False)
    by_word = TextConfig(LABELS, unit="word", longest=2)
    assert prepared("one two three", by_word) == ("one two ", True)


def test_word_steps_hold_word_pair_shape_and_ngrams() -> None:
    assert len(features("to", WORDS)[0]) == 3 + 2 + 1  # word, shape, pair; <to, to>; <to>
    first, second = features("new york", WORDS)
    alone = features("york", WORDS)[0]
    assert len(set(second) - set(alone)) == 1  # the pair
    assert set(first) == set(features("new", WORDS)[0])
    assert features("York", WORDS)[0] != alone  # the shape
    assert len(set(features("York", WORDS)[0]) ^ set(alone)) == 2


def test_hashes_stay_as_they_are() -> None:
    """A checkpoint depends on them: other numbers here make every shipped text model useless."""
    config = TextConfig(LABELS, buckets=1000, ngrams=3)
    assert features("Äh no", config) == GOLDEN
    assert features("no 12", TextConfig(LABELS, unit="word", buckets=1000, ngrams=3)) == GOLDEN_WORDS


GOLDEN = [(954, 825, 919), (719, 561, 142, 55), (163, 790, 587), (509, 252, 55), (608, 85, 165, 55), (396, 550, 518)]
GOLDEN_WORDS = [(647, 387, 330, 623, 24), (213, 713, 368, 643, 449)]


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=5), data=st.data())
@pytest.mark.parametrize("config", [CHARACTERS, WORDS], ids=["character", "word"])
def test_steps_of_some_texts_are_those_read_alone(config: TextConfig, texts: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), min_size=1, max_size=6))
    read = [prepared(text, config)[0] for text in texts]
    found, expected = steps_of(read, config).of(np.array(rows)), steps_of([read[row] for row in rows], config)
    for name in ("features", "starts", "lengths", "ends", "closing"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_letters_of_an_alphabet_that_was_never_met_are_blanks() -> None:
    latin = TextConfig(LABELS, buckets=2**20, alphabets=("LATIN", "CJK"))
    assert by_step(steps_of(["salut ನಮಸ್ಕಾರ дом 語 été"], latin)) == features("salut 語 été")
    assert not steps_of(["ನಮಸ್ಕಾರ"], latin).spoken.any()
    assert unknown_alphabets("sa ನಮ дом 1ª", latin) == {"KANNADA": 0.25, "CYRILLIC": 0.375, "FEMININE": 0.125}
    assert unknown_alphabets("ನಮಸ್ಕಾರ", CHARACTERS) == {}


def test_alphabets_have_shares_of_the_letters() -> None:
    assert alphabets_of([("ab1", 1.0), ("дом", 2.0), ("ー", 2.0)]) == {
        "LATIN": 0.2,
        "CYRILLIC": 0.6,
        "KATAKANA": 0.2,
    }
