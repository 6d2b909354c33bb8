"""What a visitor may choose for a training and how much of it, and which choices have an effect"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rnn_model.config import INITIALISATIONS, CellConfig, check, within

if TYPE_CHECKING:
    from training.config import TrainConfig

# What one visitor may ask of a server that others wait for.
SECONDS = 120.0
# Scoring comes on top of the seconds: with as many letters, half a minute for 20 classes, a few seconds for two.
MOST_ROWS, MOST_LETTERS, MOST_CLASSES = 5_000, 500_000, 20
MOST_SERIES, MOST_VALUES = 100, 50_000
MOST_AHEAD, MOST_SEASON = 60, 366  # steps in each held-out end, and in a season
MOST_STEPS, MOST_UNITS, MOST_LAYERS = 3000, 256, 4
FARTHEST = 100  # steps from the sign to the answer
VALIDATIONS = 30  # in a run

TEXTS, SERIES, MEMORY = "texts", "series", "memory"  # kinds of tasks
N_GRAMS, PACKAGED, NOTHING = "n-grams", "packaged", "nothing"  # what a network starts from
STARTS = {
    TEXTS: (("from n-grams (the recipe)", N_GRAMS), ("from nothing (watch it learn by heart)", NOTHING)),
    SERIES: (("from the packaged network", PACKAGED), ("from nothing", NOTHING)),
}
USUAL_STEPS = 600  # at most; fewer than the recipes take, for the sake of those who wait
# What the page calls the choices, on their knobs and in what it says of them.
LABELS = {
    "start": "Start",
    "cell": "Cell",
    "activation": "Activation",
    "initialisation": "Initial weights",
    "layers": "Layers",
    "hidden_size": "Hidden units",
    "dropout": "Dropout",
    "learning_rate": "Learning rate",
    "clip": "Clip gradients at",
    "steps": "Steps",
    "seed": "Seed",
    "horizon": "Steps held out",
    "season": "Steps in a season",
    "text_column": "Column of texts",
    "label_column": "Column of labels",
    "distance": "Steps from the sign to the answer",
}


@dataclass(frozen=True)
class Choices:
    """What a visitor chose; what has no effect on a task is left aside (see `acting`)."""

    start: str = N_GRAMS
    cell: str = "rnn"
    activation: str = "tanh"
    initialisation: str = "orthogonal"
    layers: int = 1
    hidden_size: int = 64
    dropout: float = 0.0
    learning_rate: float = 1e-3
    clip: float = 1.0
    steps: int = 600
    seed: int = 0
    horizon: int = 0
    season: int = 0
    text_column: str = ""
    label_column: str = ""


def starts_of(kind: str) -> tuple[tuple[str, str], ...]:
    """(words, name) of what a network for such a task may start from; one that is not asked about counts as nothing."""
    return STARTS.get(kind, (("from nothing", NOTHING),))


def usual(kind: str, start: str) -> Choices:
    """What the recipe for such a task takes."""
    from training import memory_task, own_series, own_texts

    recipe, cell = {
        (TEXTS, N_GRAMS): (own_texts.RECIPE, own_texts.CELL),
        (TEXTS, NOTHING): (own_texts.FROM_NOTHING, own_texts.CELL),
        (SERIES, PACKAGED): (own_series.FINE, CellConfig()),
        (SERIES, NOTHING): (own_series.SCRATCH, CellConfig()),
        (MEMORY, NOTHING): (memory_task.RECIPE, memory_task.CELLS["tanh"]),
    }[kind, start]
    return Choices(
        start,
        cell.cell,
        cell.activation,
        cell.initialisation,
        cell.layers,
        cell.hidden_size,
        cell.dropout,
        recipe.learning_rate,
        recipe.clip,
        min(recipe.steps, USUAL_STEPS),
        recipe.seed,
    )


def acting(kind: str, start: str, cell: str, layers: int) -> set[str]:
    """The fields of `Choices` that change what comes of a training; a knob for any other must not be shown.

    Layers that are given with their weights have their cell, size and activation; gated cells have fixed activations;
    dropout acts between layers.
    """
    fields = {"learning_rate", "clip", "steps", "seed"}
    if kind != MEMORY:
        fields |= {"start"}
    if (kind, start) != (SERIES, PACKAGED):
        fields |= {"layers", "hidden_size"} | ({"dropout"} if (layers or 1) > 1 else set())
        if kind != MEMORY:  # it compares two networks, each with its own of these
            fields |= {"cell", "initialisation"} | ({"activation"} if cell == "rnn" else set())
    fields |= {TEXTS: {"text_column", "label_column"}, SERIES: {"horizon", "season"}}.get(kind, set())
    return fields


def initialisations_for(cell: str) -> list[str]:
    """Gated cells cannot start as accumulators."""
    return [scheme for scheme in INITIALISATIONS if cell == "rnn" or scheme != "identity"]


def cell_of(chosen: Choices, usual: CellConfig) -> CellConfig:
    """The recurrent layers that were chosen.

    Raises:
        ConfigError: they cannot be built, or are more than a visitor may ask for.
    """
    check(
        within("layers", chosen.layers, 1, MOST_LAYERS),
        within("hidden_size", chosen.hidden_size, 1, MOST_UNITS),
    )
    return replace(
        usual,
        cell=chosen.cell,
        activation=chosen.activation if chosen.cell == "rnn" else "tanh",
        initialisation=chosen.initialisation,
        layers=chosen.layers,
        hidden_size=chosen.hidden_size,
        dropout=chosen.dropout if chosen.layers != 1 else 0.0,
    )


def recipe_of(chosen: Choices, usual: TrainConfig) -> TrainConfig:
    """How the training that was chosen goes: with the patience of the usual one, counted in steps.

    Raises:
        ConfigError: a choice is more than a visitor may ask for.
    """
    check(within("steps", chosen.steps, VALIDATIONS, MOST_STEPS))
    every = max(chosen.steps // VALIDATIONS, 1)
    patient = usual.patience * usual.validate_every // every
    return replace(
        usual,
        learning_rate=chosen.learning_rate,
        clip=chosen.clip,
        steps=chosen.steps,
        seed=chosen.seed,
        validate_every=every,
        patience=min(max(patient, 1), chosen.steps),
        workers=0,  # a server with many threads must not fork
    )
