"""classify(): one text or many give the same numbers, and the belief is what a shorter text would have given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_checkpoint import FOLDER, TEXT_FOLDER, tiny_text

from rnn_model import CheckpointError, InputError, Model, classify, classify_many, forecast, load
from rnn_model.checkpoint import save
from rnn_model.config import CellConfig, ModelConfig, TextConfig
from rnn_model.network import TextNetwork
from rnn_model.report_text import describe_class

TEXTS = ["Guten Morgen, Welt!", "where is the station", "", "123 !", "é", "a" * 59, "漢字 한국어", "see https://x.org"]


@pytest.fixture(scope="module")
def tiny() -> Model:
    return load(TEXT_FOLDER)


def with_cell(recurrent: CellConfig | None, unit: str = "character") -> Model:
    config = TextConfig(("a", "b", "c"), unit=unit, buckets=512, embedding=8, longest=30, recurrent=recurrent)
    torch.manual_seed(3)
    network = TextNetwork(config).eval().requires_grad_(False)
    torch.nn.init.constant_(network.growth, 0.2)
    if recurrent is not None:
        torch.nn.init.normal_(network.order.weight)
    return Model(ModelConfig("made", text=config), network, "made")


def test_the_tiny_checkpoint_gives_what_it_always_gave(tiny: Model) -> None:
    """Another way of reading or hashing would change these numbers, and every text model with them."""
    found = classify(tiny, "Guten Tag")

    np.testing.assert_allclose(found.probabilities, GOLDEN, atol=1e-5)


GOLDEN = [1e-06, 0.001314, 0.998685]


def test_a_classification_is_whole(tiny: Model) -> None:
    found = classify(tiny, "Guten Tag")

    assert found.labels == ("de", "en", "fr")
    assert found.probabilities.sum() == pytest.approx(1)
    assert found.label in (None, found.labels[int(found.probabilities.argmax())])
    assert found.belief.shape == (8, 3)
    assert found.ends.tolist() == [1, 2, 3, 4, 5, 7, 8, 9]
    assert found.threshold == 0.4
    names, chances = zip(*found.likeliest(2), strict=True)
    assert set(names) < set(found.labels)
    assert chances[0] >= chances[1]


def test_many_are_each_as_alone(tiny: Model) -> None:
    together = classify_many(tiny, TEXTS * 40)

    assert len(together) == len(TEXTS) * 40
    for text, found in zip(TEXTS * 40, together, strict=True):
        alone = classify(tiny, text)
        assert found.label == alone.label
        np.testing.assert_allclose(found.probabilities, alone.probabilities, atol=1e-6)
        assert found.belief.shape == (0, 3)
    assert classify_many(tiny, []) == []


@pytest.mark.parametrize("unit", ["character", "word"])
@pytest.mark.parametrize(
    "recurrent",
    [None, CellConfig(hidden_size=6, layers=2), CellConfig("gru", hidden_size=6), CellConfig("lstm", hidden_size=6)],
    ids=["bag", "rnn", "gru", "lstm"],
)
def test_belief_is_what_the_text_so_far_would_give(recurrent: CellConfig | None, unit: str) -> None:
    model = with_cell(recurrent, unit)
    found = classify(model, "Hello, big wörld! İs it  over and out")

    assert len(found.belief) > 5
    for end, belief in zip(found.ends, found.belief, strict=True):
        np.testing.assert_allclose(classify(model, found.text[:end]).probabilities, belief, atol=1e-6)
    np.testing.assert_allclose(found.belief[-1], found.probabilities, atol=1e-6)


def test_a_bag_is_blind_to_the_order_of_words_and_a_recurrence_is_not() -> None:
    for recurrent, alike in ((None, True), (CellConfig(hidden_size=6), False)):
        model = with_cell(recurrent)
        one, other = (classify(model, text).probabilities for text in ("dog bites man", "man bites dog"))
        assert np.allclose(one, other, atol=1e-6) is alike


def test_below_the_threshold_there_is_no_label(tiny: Model) -> None:
    text, network = tiny.classifier
    found = classify(tiny, "Guten Tag")
    best = float(found.probabilities.max())
    for threshold, expected in ((best - 1e-6, found.labels[int(found.probabilities.argmax())]), (best + 1e-6, None)):
        config = ModelConfig("x", text=replace(text, threshold=threshold))
        assert classify(Model(config, network, "x"), "Guten Tag").label == expected


@pytest.mark.parametrize("text", ["", " \n ", "2024-01-01", "🙂"])
def test_a_text_without_letters_has_the_same_answer_as_none(tiny: Model, text: str) -> None:
    found = classify(tiny, text)

    np.testing.assert_array_equal(found.probabilities, classify(tiny, "").probabilities)
    assert found.belief.shape == (0, 3)


def test_a_long_text_is_cut_and_said_to_be(tiny: Model) -> None:
    found = classify(tiny, "word " * 100)

    assert len(found.text) == 60
    assert found.notes == ("Only the first 60 characters were read.",)
    assert classify(tiny, "word").notes == ()


@given(text=st.text(max_size=80))
@settings(max_examples=60, deadline=None)
def test_any_text_has_an_answer(text: str) -> None:
    found = classify(load(TEXT_FOLDER), text)

    assert np.isfinite(found.probabilities).all()
    assert found.probabilities.sum() == pytest.approx(1)
    assert (np.diff(found.ends) > 0).all()


def test_what_is_no_text_is_said_with_its_place(tiny: Model) -> None:
    with pytest.raises(InputError, match="text 2 of 3"):
        classify_many(tiny, ["a", 5, "b"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="NoneType"):
        classify(tiny, None)  # type: ignore[arg-type]


def test_each_model_does_what_it_was_made_for(tiny: Model) -> None:
    with pytest.raises(CheckpointError, match="expected a model that forecasts"):
        forecast(tiny, [1.0, 2.0, 3.0])
    with pytest.raises(CheckpointError, match="expected a model that classifies"):
        classify(load(FOLDER), "hello")


def test_a_saved_model_answers_as_before(tmp_path: pytest.TempPathFactory) -> None:
    config, network = tiny_text()
    folder = tmp_path / "again"  # type: ignore[operator]
    save(config, network, folder)

    again = load(folder)
    before = Model(config, network.eval().requires_grad_(False), "before")
    for text in TEXTS:  # the embedding is stored in float16
        np.testing.assert_allclose(classify(again, text).probabilities, classify(before, text).probabilities, atol=2e-3)
    size = (folder / "model.safetensors").stat().st_size
    assert size < 2 * 64 * 4 + 4 * sum(p.numel() for n, p in network.named_parameters() if "embedding" not in n) + 2000


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ನಮಸ್ಕಾರ ಜಗತ್ತು", "Kannada"),
        ("ສະບາຍດີ ໂລກ", "Lao"),
        ("ሰላም ለዓለም", "Ethiopic"),
        ("សួស្តី​ពិភពលោក", "Khmer"),
        ("ᎣᏏᏲ ᎡᎶᎯ", "Cherokee"),
    ],
)
def test_letters_that_were_never_met_are_no_evidence(classifier: Model, text: str, name: str) -> None:
    alone = classify(classifier, text)
    assert alone.label is None
    assert describe_class(alone) == "Nothing to go by: there are no letters that are known in this text."
    assert alone.notes == (f"Not read, since no text in such letters was learnt from: {name}.",)
    beside = classify(classifier, f"Guten Morgen, wie geht es dir? {text}")
    assert beside.label == "de"
    assert name in beside.notes[0]
    assert classify(classifier, "No 1º dia fomos todos juntos para a praia").notes == ()
