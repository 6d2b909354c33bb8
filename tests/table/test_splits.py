"""Splits of texts: fixed by their seed, in equal shares of every class, copies on one side, near copies told"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from reviews import ROWS, csv_of, large

from rnn_model.errors import InputError
from training.table.copies import leaking, same_text
from training.table.splits import split_texts
from training.table.texts import read_text_table


def test_a_split_is_stratified_fixed_by_its_seed_and_independent_of_the_order_of_rows() -> None:
    table = large()
    split = split_texts(table, seed=3)
    parts = (split.train, split.valid, split.test)
    assert sorted(row for part in parts for row in part) == list(range(len(table)))
    for part, share in zip(parts, (0.7, 0.1, 0.2), strict=True):
        sizes = Counter(table.labels[row] for row in part)
        assert set(sizes) == {0, 1}
        assert all(abs(size - share * 42) <= 1 for size in sizes.values())
    assert split == split_texts(table, seed=3)
    assert split.test != split_texts(table, seed=4).test
    order = np.random.default_rng(0).permutation(len(table))
    shuffled = replace(
        table, texts=tuple(table.texts[i] for i in order), labels=tuple(table.labels[i] for i in order), lines=()
    )
    again = split_texts(replace(shuffled, lines=tuple(range(len(order)))), seed=3)
    assert {shuffled.texts[row] for row in again.test} == {table.texts[row] for row in split.test}


def test_copies_stand_on_one_side_and_near_copies_are_suspected() -> None:
    copies = [(f"  {text.upper()}!", label) for text, label in ROWS for _ in range(2)]
    table = read_text_table(csv_of([*ROWS, *copies]), filename="a.csv")
    split = split_texts(table, seed=1)
    assert split.copies == len(copies)
    sides = [{same_text(table.texts[row]) for row in part} for part in (split.train, split.valid, split.test)]
    assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]
    assert any("168 rows repeat the text of another row, on the same side" in note for note in split.notes)

    # dealt out blindly, the same rows leak, and that is found
    assert len(leaking(table.texts, range(0, len(table), 2), range(1, len(table), 2))) > 0.5 * len(table) / 2


@pytest.mark.parametrize(
    "copies", [(13,) * 6, (1, 1, 1, 1, 100), (1,) * 5, (40, 40, 40, 40, 40, 1), (7, 60, 60, 60, 60, 60)], ids=str
)
def test_however_often_texts_are_repeated_each_part_has_some_of_every_class(copies: tuple[int, ...]) -> None:
    rows = [
        (f"{label} {subject} {number}", label)
        for label, subject in (("good", "lamp"), ("bad", "kettle"))
        for number, often in enumerate(copies)
        for _ in range(often)
    ]
    table = read_text_table(csv_of(rows), filename="a.csv")
    for seed in range(20):
        split = split_texts(table, seed)
        parts = (split.train, split.valid, split.test)
        assert sorted(row for part in parts for row in part) == list(range(len(table)))
        sides = [{table.texts[row] for row in part} for part in parts]
        assert sum(map(len, sides)) == len(set(table.texts)), "copies stand on one side"
        assert all({table.labels[row] for row in part} == {0, 1} for part in parts)
        assert ("in the same shares." in split.notes[0]) == (set(copies) == {1})


def test_a_near_copy_is_found_and_an_unlike_text_is_not() -> None:
    said = "the minister told reporters on friday that schools would stay closed for another two weeks"
    texts = [said, said + " at least", "schools stay open said the minister on friday", "Short text", "short  text."]
    assert leaking(texts, [0, 3], [1, 2, 4]) == (1, 4)


def test_texts_with_two_labels_are_told() -> None:
    rows = [*ROWS, (ROWS[0][0], "bad")]
    notes = split_texts(read_text_table(csv_of(rows), filename="a.csv")).notes
    assert any("1 text has more than one label" in note for note in notes)


def test_shares_that_leave_nothing_to_train_on_are_refused() -> None:
    with pytest.raises(InputError, match=r"add up to less than 0\.9"):
        split_texts(large(), valid=0.5, test=0.5)
