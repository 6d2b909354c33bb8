"""Numbers read back the same however they are printed; nothing but InputError leaves the reader."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quickest import quickest

from rnn_model import InputError, read

AMOUNTS = st.lists(st.integers(-(10**9), 10**9).map(lambda cents: cents / 100), min_size=2, max_size=20)


def first(source: object) -> np.ndarray:
    reading = read(source)
    return reading.series[reading.selected].values


@pytest.mark.parametrize("marks", [",.", ".,", "\u00a0,", "\u202f,", "'.", "\u2019."])
@pytest.mark.parametrize("between", ["\n", "\r\n", "; ", "\t"])
@settings(max_examples=10, deadline=None)
@given(amounts=AMOUNTS)
def test_two_decimals_in_every_locale(marks: str, between: str, amounts: list[float]) -> None:
    locale = str.maketrans(",.", marks)
    text = between.join(f"{amount:,.2f}".translate(locale) for amount in amounts)
    np.testing.assert_array_equal(first(text), amounts)


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=20))
def test_floats_read_back_bit_for_bit(values: list[float]) -> None:
    for source in (values, tuple(values), np.array(values), f"array({values})", "\n".join(map(repr, values))):
        np.testing.assert_array_equal(first(source), values)


FRAGMENTS = st.lists(
    st.sampled_from(
        [*"0159.,;:|-+%$€()[]{}\"'#=/\n\t\r \u00a0\u200b", "NA", "1e999", "Jan ", "2024-01-31", "Q1", "kg"]
    ),
    max_size=40,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(source=st.one_of(FRAGMENTS, FRAGMENTS.map(str.encode), st.text(max_size=200), st.binary(max_size=200)))
def test_any_text_is_read_or_refused(source: str | bytes) -> None:
    with contextlib.suppress(InputError):
        read(source)


def test_a_list_in_one_line_is_read_quickly() -> None:
    text = ", ".join(f"{value:.3f}" for value in np.random.default_rng(0).normal(100, 10, 100_000))
    assert len(first(text)) == 100_000
    assert quickest(lambda: first(text)) < 1.0
