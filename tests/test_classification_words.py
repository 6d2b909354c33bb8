"""A classification in words, as CSV, as a picture and as shaded letters says what the record says."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
import torch
from tiny_checkpoint import TEXT_FOLDER

from rnn_model import InputError, Model, classify, load
from rnn_model.attribution import attribution, hidden_states
from rnn_model.config import ModelConfig, TextConfig
from rnn_model.network import TextNetwork
from rnn_model.ngrams import steps_of
from rnn_model.plots import svg
from rnn_model.plots_text import belief_figure, hidden_figure
from rnn_model.records import Classification, Part
from rnn_model.report_text import classes_csv, describe_class

NAMES = {"de": "German", "en": "English"}


def answer(belief: list[list[float]], threshold: float = 0.5, text: str = "abcd", **more: object) -> Classification:
    rows = np.array(belief)
    best = int(rows[-1].argmax())
    return Classification(
        text=text,
        label=("de", "en", "xx")[best] if rows[-1, best] >= threshold else None,
        labels=("de", "en", "xx"),
        probabilities=rows[-1],
        belief=rows,
        ends=np.arange(1, len(rows) + 1),
        threshold=threshold,
        **more,  # type: ignore[arg-type]
    )


SURE = answer([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.4, 0.5, 0.1], [0.9, 0.08, 0.02]])
UNSURE = answer([[0.4, 0.35, 0.25]], text="a")


def test_the_sentence_names_answer_and_doubt() -> None:
    assert (
        describe_class(SURE, NAMES) == "German: 90\N{NO-BREAK SPACE}% sure. Next is English with 8\N{NO-BREAK SPACE}%."
    )
    assert describe_class(UNSURE, NAMES).startswith(
        "Not sure. German is likeliest with 40\N{NO-BREAK SPACE}%, English follows with 35\N{NO-BREAK SPACE}%"
    )
    assert "xx" in describe_class(answer([[0.0, 0.0, 1.0]]), NAMES)
    parts = (Part(0, 2, "de", 0.9), Part(2, 4, "en", 0.8))
    assert describe_class(answer([[0.6, 0.4, 0.0]], parts=parts), NAMES).startswith(
        "More than one: German (“ab”), then"
    )
    assert "no letters" in describe_class(classify(load(TEXT_FOLDER), "12 !"), NAMES)


def test_the_decision_is_the_last_turn_to_the_answer() -> None:
    assert SURE.decided == 3
    assert answer([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0]]).decided == 0
    assert UNSURE.decided is None


def test_the_csv_holds_every_text_and_an_empty_label_for_not_sure() -> None:
    rows = list(csv.DictReader(io.StringIO(classes_csv([SURE, UNSURE]))))

    assert [row["label"] for row in rows] == ["de", ""]
    assert rows[0]["probability"] == "0.9000"
    assert rows[1]["second"] == "en"


@pytest.mark.parametrize("narrow", [False, True])
def test_the_picture_draws_the_belief_and_marks_the_decision(narrow: bool) -> None:
    figure = belief_figure(SURE, NAMES, narrow=narrow)
    (axes,) = figure.axes
    drawn = [np.asarray(line.get_ydata(), float) for line in axes.lines]

    assert any(np.array_equal(line, SURE.belief[:, 0]) for line in drawn)
    assert any(np.array_equal(line, SURE.belief[:, 1]) for line in drawn)
    words = {text.get_text() for text in axes.texts}
    assert {"German", "English", "decided"} <= words
    assert {"a", "b", "c", "d"} <= words
    assert 'aria-label="said"' in svg(figure, "said")


def test_a_hostile_text_is_escaped_in_the_picture() -> None:
    made = answer([[0.9, 0.1, 0.0]] * 8, text="<script>")
    assert "<script>" not in svg(belief_figure(made, {"de": "<img src=x>"}), "<b>")


def bag(text: str, wanted: int) -> Model:
    """A bag of n-grams of which those of one word speak for a class, and no others for any."""
    config = TextConfig(("de", "en"), buckets=2**16, embedding=2, ngrams=3, recurrent=None)
    torch.manual_seed(0)
    network = TextNetwork(config).eval().requires_grad_(False)
    network.embedding.weight.zero_()
    network.embedding.weight[torch.from_numpy(steps_of([text], config).features), wanted] = 1.0
    network.bag.weight.copy_(torch.eye(2) * 20)
    network.bag.bias.zero_()
    return Model(ModelConfig("bag", text=config), network, "bag")


def test_the_letters_that_carry_the_evidence_are_found() -> None:
    scores, ends = attribution(bag("und", 0), "xxx und yyy", "de")

    assert ends.tolist() == [1, 2, 3, 5, 6, 7, 9, 10, 11]
    assert (scores[3:6] > 0).all()
    assert scores[3:6].min() > 2 * np.abs(scores[[0, 1, 2, 6, 7, 8]]).max()  # these share the Unicode block
    against, _ = attribution(bag("und", 0), "xxx und yyy", "en")
    assert (against[3:6] < 0).all()


def test_letters_speak_for_an_answer_beyond_doubt_too() -> None:
    """Where the probability is 1, its logarithm has no slope, and only rounding would be shown."""
    sure = bag("und", 0)
    sure.network.bag.weight.mul_(50)
    assert classify(sure, "und und").probabilities[0] == 1
    scores, _ = attribution(sure, "und und", "de")
    assert (scores > 1).all()


def test_attribution_agrees_with_a_small_change() -> None:
    """Gradient times input of all steps together is how the log odds move when all embeddings grow a little."""
    model = load(TEXT_FOLDER)
    config, network = model.classifier
    scores, _ = attribution(model, "Guten Tag", "de")
    steps = steps_of(["Guten Tag"], config)

    from rnn_model.classifier import inputs_of

    inputs = inputs_of(steps)
    embedded = network.embedding(inputs.features, inputs.starts).double()
    network.double()
    odds = []
    for change in (-1e-4, 1e-4):
        logits = network.read(embedded * (1 + change), inputs)[0][0] / config.temperature
        odds.append((logits[0] - logits[1:].logsumexp(0)).item())
    network.float()
    assert scores.sum() == pytest.approx((odds[1] - odds[0]) / 2e-4, rel=1e-2, abs=1e-4)


def test_the_hidden_states_are_those_of_the_answer() -> None:
    """Read out after the blank that ends the text, the last of them gives the answer's probabilities."""
    model = load(TEXT_FOLDER)
    found = classify(model, "Guten Tag")
    hidden = hidden_states(model, "Guten Tag")

    assert hidden.shape == (len(found.belief), 1, 4)
    shorter = hidden_states(model, "Guten")
    np.testing.assert_allclose(hidden[: len(shorter)], shorter, atol=1e-6)
    (axes,) = hidden_figure(hidden, found).axes
    assert axes.images[0].get_array().shape[:2] == (4, len(hidden))
    assert hidden_states(model, "12").size == 0


def test_what_cannot_be_explained_is_said() -> None:
    model = load(TEXT_FOLDER)
    with pytest.raises(InputError, match="one of de, en, fr"):
        attribution(model, "Guten Tag", "es")
    assert len(attribution(model, "123")[0]) == 0


def two_languages() -> Model:
    """Letters a to m are one language, n to z the other."""
    config = TextConfig(("low", "high"), buckets=2**18, embedding=2, ngrams=1, recurrent=None, threshold=0.5)
    torch.manual_seed(0)
    network = TextNetwork(config).eval().requires_grad_(False)
    network.embedding.weight.zero_()
    for letter in "abcdefghijklmnopqrstuvwxyz":
        network.embedding.weight[int(steps_of([letter], config).features[0]), int(letter > "m")] = 1.0
    network.bag.weight.copy_(torch.eye(2) * 20)
    network.bag.bias.zero_()
    return Model(ModelConfig("two", text=config), network, "two")


def test_stretches_of_two_languages_are_told_apart() -> None:
    text = "bad cab face high sour tuttut soup trout"
    found = classify(two_languages(), text)

    assert [(text[part.start : part.end], part.label) for part in found.parts] == [
        ("bad cab face high", "low"),
        ("sour tuttut soup trout", "high"),
    ]
    assert classify(two_languages(), "bad cab face high bad cab").parts == ()
    assert classify(two_languages(), "bad sour").parts == ()
