"""Pictures of a training run: what they show is read off the figure itself."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from rnn_model.plots import ACCENT, INK, svg
from rnn_model.plots_training import confusion_figure, gradient_figure, learning_curve_figure
from rnn_model.records import Epoch, GradientFlow, History


def history(accuracies: bool = True) -> History:
    losses = [(1.0, 0.9), (0.5, 0.4), (0.2, 0.6), (0.1, float("inf"))]
    epochs = [
        Epoch(10 * n + 10, train, valid, 1e-3, 1.0, 0.0, 1.0 * n, *((0.5 + n / 10, 0.6) if accuracies else ()))
        for n, (train, valid) in enumerate(losses)
    ]
    return History(tuple(epochs), 1, "")


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in [figure, *figure.axes] for text in axes.texts]


def curves(figure: Figure, panel: int) -> dict[str, np.ndarray]:
    lines = [line for line in figure.axes[panel].lines if len(line.get_xdata()) == 4]
    return {line.get_color(): np.asarray(line.get_ydata(), float) for line in lines}


def test_the_learning_curve_shows_both_losses_and_accuracies_and_the_kept_row() -> None:
    figure = learning_curve_figure(history())
    assert len(figure.axes) == 2
    loss, right = curves(figure, 0), curves(figure, 1)
    np.testing.assert_allclose(loss[INK], [1.0, 0.5, 0.2, 0.1])
    np.testing.assert_allclose(loss[ACCENT], [0.9, 0.4, 0.6, np.nan])
    np.testing.assert_allclose(right[INK], [50, 60, 70, 80])
    marked = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in marked] == [(20, 0.4)]
    assert {"0.4", "60.0\N{NO-BREAK SPACE}%", "Loss", "Accuracy", "training", "validation"} <= set(texts(figure))


def test_without_accuracies_there_is_one_panel() -> None:
    assert len(learning_curve_figure(history(accuracies=False), narrow=True).axes) == 1
    one = History(history().epochs[:1], 0, "")
    svg(learning_curve_figure(one), "one row")


def test_losses_in_different_units_have_a_panel_each() -> None:
    figure = learning_curve_figure(history(accuracies=False), apart=True)
    assert set(curves(figure, 0)) == {INK}
    assert set(curves(figure, 1)) == {ACCENT}
    assert {"Training loss", "Validation loss"} <= set(texts(figure))
    assert [[line for line in axes.lines if line.get_marker() == "o"] != [] for axes in figure.axes] == [False, True]


def test_another_run_is_dashed_and_named() -> None:
    figure = learning_curve_figure(history(), earlier=history(), earlier_name="RNN, relu")
    assert len([line for line in figure.axes[0].lines if len(line.get_xdata()) == 4 and line.is_dashed()]) == 2
    assert "RNN, relu" in texts(figure)


def test_the_confusion_matrix_counts_and_shades_by_class() -> None:
    figure = confusion_figure(np.array([[90, 10], [1, 4]]), ["<b>fake</b>", "real"])
    (axes,) = figure.axes
    numbers = {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in axes.texts}
    assert [numbers[0, 0], numbers[0, 1], numbers[1, 0], numbers[1, 1]] == ["90", "10", "1", "4"]
    shades = [patch.get_alpha() for patch in axes.collections]
    assert np.argsort(shades).tolist() == [1, 2, 3, 0]
    assert "<b>" not in svg(figure, "x")
    turned = [
        {text.get_rotation() for text in confusion_figure(np.eye(size), [name] * size, narrow=True).axes[0].texts}
        for size, name in ((3, "yes"), (9, "yes"), (3, "delighted"), (9, "delighted"))
    ]
    assert turned == [{0.0}, {0.0}, {0.0}, {0.0, 90.0}], "names stand upright where they do not fit side by side"


def test_many_classes_lose_their_numbers_and_keep_their_cells() -> None:
    figure = confusion_figure(np.ones((30, 30), int), [f"class number {n}" for n in range(30)], narrow=True)
    assert len(figure.axes[0].collections) == 900
    assert "1" not in texts(figure)


def test_gradients_are_compared_on_a_logarithmic_scale() -> None:
    fading = GradientFlow("tanh", 2.0 * 0.1 ** np.arange(5.0)[:, None], np.array([0.7]))
    lasting = GradientFlow("LSTM", np.ones((5, 2)), np.array([0.9, 1.2]))
    figure = gradient_figure([fading, lasting])
    drawn = [np.asarray(line.get_ydata()) for line in figure.axes[0].lines if len(line.get_xdata()) == 5]
    np.testing.assert_allclose(drawn[0], [0, -1, -2, -3, -4], atol=1e-9)
    np.testing.assert_allclose(drawn[1], np.zeros(5))
    assert "tanh: memory 2 steps, spectral radius 0.70" in texts(figure)
    assert "LSTM: memory 4 steps, spectral radius 1.20" in texts(figure)
    long = GradientFlow("RNN tanh, torch's own start, untrained", np.ones((5, 1)), np.array([0.58]))
    on_a_phone = texts(gradient_figure([long, lasting], narrow=True))
    assert {"RNN tanh, torch's own start, untrained:", "memory 4 steps, spectral radius 0.58"} <= set(on_a_phone)
    nothing = GradientFlow("nothing", np.zeros((5, 1)), np.ones(1))
    exploded = GradientFlow("exploded", np.array([[1.0], [np.inf]]), np.ones(1))
    svg(gradient_figure([nothing, exploded], narrow=True), "edges")
    with pytest.raises(ValueError, match="found 6"):
        gradient_figure([fading] * 6)


def test_the_same_record_gives_the_same_picture() -> None:
    one, other = (svg(learning_curve_figure(history()), "curve") for _ in range(2))
    assert one == other
    assert "currentColor" in one
    assert 'aria-label="curve"' in one
