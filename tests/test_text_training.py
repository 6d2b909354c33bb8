"""What a text network learns from: batches that depend on their step alone, and two stages, the second adding order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rnn_model.classifier import inputs_of
from rnn_model.config import CellConfig, TextConfig
from rnn_model.network import TextNetwork
from rnn_model.ngrams import steps_of
from training.classifying import (
    REFUSED,
    LabelledTexts,
    TextValidation,
    cautious,
    loss_of,
    tempered,
    train_in_stages,
)
from training.config import TrainConfig
from training.corpus import Corpus, LanguageText
from training.language_texts import ENOUGH, LanguageTexts, alphabets, nonsense
from training.text_batches import NO_CLASS, TextBatch, TextBatches

CONFIG = TextConfig(("ab", "ba"), unit="word", buckets=512, embedding=8, recurrent=CellConfig(hidden_size=16))
RUN = TrainConfig(steps=120, batch=32, learning_rate=1e-2, warmup=5, averaging=0.9, validate_every=40, workers=0)


def order_only(rng: np.random.Generator, count: int) -> tuple[list[str], list[int]]:
    """Texts of one a and one b, kept apart by fillers; the class is which of them comes first."""
    texts, labels = [], []
    for _ in range(count):
        label = int(rng.integers(2))
        words = [f"w{index}" for index in rng.integers(0, 30, 5)]
        words[1], words[3] = ("a", "b") if label == 0 else ("b", "a")
        texts.append(" ".join(words))
        labels.append(label)
    return texts, labels


def held_out(count: int = 200) -> TextValidation:
    texts, labels = order_only(np.random.default_rng(99), count)
    return TextValidation([LabelledTexts("valid", tuple(texts), np.array(labels))], CONFIG)


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    batches = TextBatches(order_only, CONFIG, 0, 8, 10, 0.2)
    again = TextBatches(order_only, CONFIG, 0, 8, 10, 0.2)

    for part, same in zip(batches[3].inputs, again[3].inputs, strict=True):
        assert torch.equal(part, same)
    assert not torch.equal(batches[3].inputs.features, batches[4].inputs.features)
    assert not torch.equal(
        batches[3].inputs.features, TextBatches(order_only, CONFIG, 1, 8, 10, 0.2)[3].inputs.features
    )


def test_features_are_left_out_and_steps_stay() -> None:
    whole = TextBatches(order_only, CONFIG, 0, 64, 10, 0.0)[0].inputs
    thinned = TextBatches(order_only, CONFIG, 0, 64, 10, 0.5)[0].inputs

    assert torch.equal(whole.lengths, thinned.lengths)
    assert 0.4 < len(thinned.features) / len(whole.features) < 0.6
    assert thinned.starts.shape == whole.starts.shape
    TextNetwork(CONFIG)(thinned)  # every start lies within the features


def test_the_recurrence_adds_what_order_adds(tmp_path: Path) -> None:
    """The words of both classes are the same, so a bag of them cannot tell; pairs of neighbours tell a little."""
    validation = held_out()
    stages = train_in_stages(
        CONFIG, lambda stage: TextBatches(order_only, CONFIG, stage.seed, stage.batch, stage.steps, 0.0),
        validation, RUN, replace(RUN, steps=240), tmp_path,
    )  # fmt: skip

    bag, network = (validation.accuracies(net)["valid"] for net in (stages.bag, stages.network))
    assert bag < 0.8
    assert network > 0.95
    assert validation(stages.network) < validation(stages.bag)
    assert stages.bag.recurrent is None


def test_the_second_stage_starts_where_the_first_ended() -> None:
    torch.manual_seed(0)
    bag = TextNetwork(replace(CONFIG, recurrent=None))
    network = TextNetwork(CONFIG)
    network.load_state_dict(network.state_dict() | bag.state_dict())
    inputs = inputs_of(steps_of(["a x b", "b"], CONFIG))

    assert torch.allclose(bag(inputs)[0], network(inputs)[0])


def test_a_text_of_no_class_pulls_towards_equal_chances() -> None:
    network = TextNetwork(replace(CONFIG, recurrent=None))
    inputs = inputs_of(steps_of(["a x b"], CONFIG))
    logits = network(inputs)[0].detach()
    batch = TextBatch(inputs, torch.tensor([NO_CLASS]))

    assert loss_of(network, batch).item() == pytest.approx(-logits.log_softmax(1).mean().item(), rel=1e-5)
    named = TextBatch(inputs, torch.tensor([1]))
    assert loss_of(network, named).item() == pytest.approx(-logits.log_softmax(1)[0, 1].item(), rel=1e-5)


def test_the_temperature_undoes_overconfidence() -> None:
    """Labels are drawn from the softmax of half the logits, which are too sure of themselves by a factor of two."""
    torch.manual_seed(1)
    network = TextNetwork(replace(CONFIG, recurrent=None))
    with torch.no_grad():
        network.bag.weight.mul_(20)
    texts, _ = order_only(np.random.default_rng(5), 3000)
    blank = TextValidation([LabelledTexts("valid", tuple(texts), np.arange(3000))], CONFIG)
    (logits, order), *_ = blank.logits(network).values()
    drawn = np.empty(3000, np.int64)
    drawn[order.numpy()] = torch.multinomial((logits / 2).softmax(1), 1)[:, 0].numpy()

    found = tempered(network, CONFIG, TextValidation([LabelledTexts("valid", tuple(texts), drawn)], CONFIG))
    assert found.temperature == pytest.approx(2, rel=0.15)


def test_most_nonsense_lies_below_the_threshold() -> None:
    torch.manual_seed(2)
    config = TextConfig(("a", "b", "c"), buckets=512, embedding=8, recurrent=None)
    network = TextNetwork(config)
    rng = np.random.default_rng(0)
    texts = [nonsense(rng) for _ in range(300)]
    found = cautious(network, config, texts)
    logits = network(inputs_of(steps_of(texts, config)))[0].detach()
    surest = logits.softmax(1).amax(1).numpy()

    assert (surest < found.threshold).mean() == pytest.approx(REFUSED, abs=0.02)


def corpus() -> Corpus:
    """Two languages: one with sentences, one with words alone."""
    talk = LanguageText(
        ("hello", "you"), np.array([0.9, 0.1], np.float32), ("Hello there, how are you?",) * ENOUGH, np.zeros(ENOUGH)
    )
    words = LanguageText(("ndi", "inu"), np.array([0.5, 0.5], np.float32), (), np.zeros(0))
    return Corpus(("en", "sn"), ("made",), (talk, words), ())


def test_an_alphabet_counts_that_a_language_is_written_in() -> None:
    shares = np.array([0.5, 0.4999, 0.0001], np.float32)
    text = LanguageText(("dom", "дом", "ನಮಸ್ಕಾರ"), shares, (), np.zeros(0))
    assert alphabets(Corpus(("sr",), ("made",), (text,), ())) == ("CYRILLIC", "LATIN")


def test_texts_of_a_language_come_from_its_words_and_sentences() -> None:
    draw = LanguageTexts(corpus(), ("sn", "en"))
    texts: dict[int, set[str]] = {NO_CLASS: set(), 0: set(), 1: set()}
    for seed in range(40):
        for text, label in zip(*draw(np.random.default_rng(seed), 40), strict=True):
            texts[label].add(text)

    assert {word for text in texts[0] for word in text.split()} == {"ndi", "inu"}
    spoken = {word for text in texts[1] for word in text.split()}
    assert spoken == {"Hello", "there,", "how", "are", "you?", "hello", "you"}
    assert texts[NO_CLASS]
