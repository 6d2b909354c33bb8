"""Named recipes for a table of texts: the one that needs no tuning, and a first network as notebooks train it"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rnn_model.config import CellConfig
from rnn_model.errors import TrainingError
from training.config import TrainConfig
from training.own_texts import CELL, FROM_NOTHING, N_GRAMS, NOTHING, RECIPE


@dataclass(frozen=True)
class Recipe:
    """How a table is trained on unless single flags say otherwise.

    Attributes:
        said: what it is, for the help.
        start: what the recurrent layers begin with, as in `training.own_texts`.
        train, cell: how the run goes and what is trained.
        epochs: times that every training row is seen; None leaves it to the steps of `train`.
    """

    said: str
    start: str
    train: TrainConfig
    cell: CellConfig
    epochs: int | None = None


DEFAULT = "default"
RECIPES: Mapping[str, Recipe] = {
    DEFAULT: Recipe("needs no tuning", N_GRAMS, RECIPE, CELL),
    "notebook": Recipe(
        "a first LSTM as notebooks train it: 200 epochs without any regularisation, to see what comes of that",
        NOTHING,
        # 1e6 is never reached, so nothing is clipped; without averaging the weights are those of the last step
        replace(FROM_NOTHING, learning_rate=1e-3, warmup=0, clip=1e6, averaging=0.0),
        CellConfig(cell="lstm", hidden_size=64, initialisation="torch", forget_bias=0.0, residual=False),
        epochs=200,
    ),
}


def in_epochs(recipe: TrainConfig, epochs: int, rows: int) -> TrainConfig:
    """The recipe with as many steps as show each of `rows` training rows `epochs` times, validated once an epoch.

    Raises:
        TrainingError: there is no epoch.
    """
    if epochs < 1:
        raise TrainingError(f"--epochs: expected at least 1, found {epochs}")
    steps = -(-rows // recipe.batch)
    return replace(recipe, steps=epochs * steps, validate_every=steps)
