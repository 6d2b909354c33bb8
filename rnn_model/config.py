"""All that is needed to rebuild a network and to read its input; saved as `config.json` in a checkpoint.

A knob belongs here if deleting it would change predictions; what only shapes the training lives in
`training/config.py`.  Every record checks itself at birth and names all its mistakes at once.
"""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from typing import Any, TypeVar

from rnn_model.errors import ConfigError, Mistake

FORMAT = 1

CELLS = ("rnn", "gru", "lstm")
ACTIVATIONS = ("tanh", "relu")
INITIALISATIONS = ("orthogonal", "xavier", "identity", "torch")
UNITS = ("character", "word")
AUTOREGRESSION = "autoregression"
FILTERS = ("level", "half_drift", "drift", "trend", "damped", "strongly_damped")
FAMILIES = (*FILTERS, AUTOREGRESSION)
# A trend that multiplies and is neither damped nor the average one runs away.
LOG_FAMILIES = ("level", "half_drift", "drift", "damped", "strongly_damped")

Record = TypeVar("Record")


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> Mistake | None:
    """A mistake if `value` is not among `allowed`, with the nearest right name."""
    if value in allowed:
        return None
    expected = f"expected one of {', '.join(map(repr, allowed))}"
    return Mistake(name, f"{expected}, found {_told(value)}{_nearest(str(value), allowed)}")


def within(name: str, value: object, low: float, high: float) -> Mistake | None:
    """A mistake if `value` is not a number of the type of `low` between `low` and `high`."""
    kinds = (int,) if isinstance(low, int) else (int, float)
    if isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high:
        return None
    kind = "a whole number" if kinds == (int,) else "a number"
    return Mistake(name, f"expected {kind} from {low} to {high}, found {_told(value)}")


def check(*mistakes: Mistake | None) -> None:
    """Raises ConfigError naming every mistake that is not None."""
    found = [mistake for mistake in mistakes if mistake is not None]
    if found:
        raise ConfigError(*found)


def _told(value: object) -> str:
    return "nothing" if value is None else repr(value)


def _nearest(name: str, allowed: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, allowed, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


@dataclass(frozen=True)
class CellConfig:
    """A stack of recurrent layers.

    Attributes:
        cell: "rnn" (Elman), "gru" or "lstm", as in `torch.nn`.
        activation: "tanh" or "relu"; relu exists for "rnn" only, as in `torch.nn`.
        hidden_size: units H in every layer.
        layers: number of layers L.
        dropout: share of each layer's input zeroed while training (not the first layer's), 0 <= dropout < 1.
        initialisation: of the weights.  "orthogonal" (Saxe et al. 2014) and "xavier" (Glorot & Bengio 2010) draw the
            recurrent matrix so, with xavier input weights; "identity" starts an Elman layer as an accumulator
            (IRNN, Le et al. 2015); "torch" keeps the uniform(-1/sqrt(H), 1/sqrt(H)) of `torch.nn`, biases too.
            The other schemes start all biases at zero.
        forget_bias: start value of the LSTM's forget-gate bias (Jozefowicz et al. 2015); used by "lstm" only.
        residual: add each layer's input to its output and normalise the sum (layer normalisation).
    """

    cell: str = "rnn"
    activation: str = "tanh"
    hidden_size: int = 64
    layers: int = 1
    dropout: float = 0.0
    initialisation: str = "orthogonal"
    forget_bias: float = 1.0
    residual: bool = True

    def __post_init__(self) -> None:
        check(
            one_of("cell", self.cell, CELLS),
            one_of("activation", self.activation, ACTIVATIONS),
            one_of("initialisation", self.initialisation, INITIALISATIONS),
            within("hidden_size", self.hidden_size, 1, 4096),
            within("layers", self.layers, 1, 32),
            within("dropout", self.dropout, 0.0, 0.95),
            within("forget_bias", self.forget_bias, -10.0, 10.0),
            None
            if self.cell == "rnn" or self.activation == "tanh"
            else Mistake(
                "activation", f"a {self.cell} has fixed activations, so expected 'tanh', found {self.activation!r}"
            ),
            None
            if self.cell == "rnn" or self.initialisation != "identity"
            else Mistake("initialisation", f"'identity' is defined for cell 'rnn', found cell {self.cell!r}"),
        )


@dataclass(frozen=True)
class ForecastConfig:
    """How a series of numbers becomes quantiles of what comes next.

    Attributes:
        levels: quantile levels Q, increasing, symmetric about a 0.5 in the middle.
        context: longest history that is read, in steps.
        window: last steps that the recurrent encoder and the smoothing filters read one by one.
        max_horizon: most steps ahead K.
        widening: factor on the distance of each quantile from the median, found after training such that bands hold
            the share they should on held-out series of low frequency.
        widening_high_frequency: the same for high frequency (`rnn_model.filters.high_frequency`); None for `widening`.
        shrinkage: factor on what the network learnt about the centre of a forecast of low frequency, found after
            training: what holds for the sources that were trained on holds for others in part.
        shrinkage_high_frequency: the same for high frequency; None for `shrinkage`.
        families: the classical one-pass forecasts given to the network (see `rnn_model/smoothing.py`).
        log_families: those of them that are made from the logarithms too (see `rnn_model/scales.py`); may be none.
        encoder: recurrent layers that read the history, or None to leave the history to the classical forecasts.
        decoder: recurrent layers that walk the horizon, starting from the encoder's last state.
    """

    levels: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    context: int = 768
    window: int = 96
    max_horizon: int = 240
    widening: float = 1.0
    widening_high_frequency: float | None = None
    shrinkage: float = 1.0
    shrinkage_high_frequency: float | None = None
    families: tuple[str, ...] = FAMILIES
    log_families: tuple[str, ...] = LOG_FAMILIES
    encoder: CellConfig | None = CellConfig()
    decoder: CellConfig = CellConfig()

    def __post_init__(self) -> None:
        middle = len(self.levels) // 2
        symmetric = len(self.levels) % 2 == 1 and all(
            abs(low + high - 1) < 1e-9 for low, high in zip(self.levels, reversed(self.levels), strict=True)
        )
        increasing = all(low < high for low, high in zip((0.0, *self.levels), (*self.levels, 1.0), strict=True))
        check(
            None
            if symmetric and increasing and self.levels[middle] == 0.5
            else Mistake("levels", f"expected increasing levels in (0, 1), symmetric about 0.5, found {self.levels}"),
            within("context", self.context, 8, 100_000),
            within("window", self.window, 8, 4096),
            within("widening", self.widening, 0.1, 10.0),
            None
            if self.widening_high_frequency is None
            else within("widening_high_frequency", self.widening_high_frequency, 0.1, 10.0),
            within("shrinkage", self.shrinkage, 0.0, 1.0),
            None
            if self.shrinkage_high_frequency is None
            else within("shrinkage_high_frequency", self.shrinkage_high_frequency, 0.0, 1.0),
            within("max_horizon", self.max_horizon, 1, 10_000),
            *(one_of("families", family, FAMILIES) for family in self.families),
            *(one_of("log_families", family, FAMILIES) for family in self.log_families),
            None
            if set(self.families) & set(FILTERS)
            else Mistake("families", f"expected at least one of {', '.join(FILTERS)}, found {self.families}"),
            None
            if self.encoder is None
            or (self.encoder.hidden_size, self.encoder.layers, self.encoder.cell)
            == (self.decoder.hidden_size, self.decoder.layers, self.decoder.cell)
            else Mistake(
                "encoder", "its cell, layers and hidden_size must equal the decoder's, which starts from its state"
            ),
        )


@dataclass(frozen=True)
class TextConfig:
    """How a text becomes probabilities of classes.

    Attributes:
        labels: names of the C classes, all different.
        unit: what is read at a step, "character" or "word" (see `rnn_model/ngrams.py`).
        buckets: number of different features V that hashing can tell apart.
        ngrams: letters in the longest n-gram.
        embedding: numbers that stand for a feature.
        longest: most characters (or words) read of a text.
        addresses: whether web addresses are read like the rest; else they are left out, being in no language.
        alphabets: what the Unicode names of the letters begin with that training met, such as LATIN; with the unit
            "character" others are read as blanks, since nothing is known of them. Empty for all.
        recurrent: layers that read the steps in order, or None for a bag of n-grams, blind to order.
        members: independent networks that stand side by side in them, each with its share of the hidden units, which
            it normalises by itself; the weights between members are zero.
        temperature: what the logits are divided by, found on held-out texts such that probabilities are honest.
        threshold: least probability of the likeliest class; below it the answer is "not sure".
    """

    labels: tuple[str, ...]
    unit: str = "character"
    buckets: int = 32_768
    ngrams: int = 5
    embedding: int = 64
    longest: int = 1000
    addresses: bool = False
    alphabets: tuple[str, ...] = ()
    recurrent: CellConfig | None = CellConfig(hidden_size=128)
    members: int = 1
    temperature: float = 1.0
    threshold: float = 0.0

    def __post_init__(self) -> None:
        check(
            None
            if len(self.labels) == len(set(self.labels)) >= 2
            else Mistake(
                "labels", f"expected at least two different names, found {', '.join(map(repr, self.labels)) or 'none'}"
            ),
            one_of("unit", self.unit, UNITS),
            within("buckets", self.buckets, 2, 2**24),
            within("ngrams", self.ngrams, 1, 8),
            within("embedding", self.embedding, 1, 1024),
            within("longest", self.longest, 1, 100_000),
            within("members", self.members, 1, 64),
            None
            if self.recurrent is None or not self.members or self.recurrent.hidden_size % self.members == 0
            else Mistake(
                "members", f"expected a divisor of {self.recurrent.hidden_size} hidden units, found {self.members}"
            ),
            within("temperature", self.temperature, 0.01, 100.0),
            within("threshold", self.threshold, 0.0, 1.0),
        )


@dataclass(frozen=True)
class ModelConfig:
    """A checkpoint's `config.json`.

    Attributes:
        name: what the model is called on its card.
        forecast: present when the model forecasts.
        text: present when the model classifies texts; one of the two is.
        format: version of this file's layout.
    """

    name: str
    forecast: ForecastConfig | None = None
    text: TextConfig | None = None
    format: int = FORMAT

    def __post_init__(self) -> None:
        check(
            None if self.format == FORMAT else Mistake("format", f"expected {FORMAT}, found {self.format!r}"),
            None
            if (self.forecast is None) != (self.text is None)
            else Mistake(
                "forecast, text", f"expected one of the two, found {'neither' if self.text is None else 'both'}"
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, strings and numbers, as written to JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ModelConfig:
        """Inverse of `to_dict`.

        Raises:
            ConfigError: a key is unknown or missing, or a value is out of range.
        """
        return _record(cls, data, "config")


def _record(kind: type[Record], data: object, where: str) -> Record:
    """Builds a frozen record from what JSON held, refusing unknown and missing keys by name."""
    if not isinstance(data, Mapping):
        raise ConfigError(Mistake(where, f"expected an object of named values, found {type(data).__name__}"))
    hints = typing.get_type_hints(kind)
    known = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type]
    mistakes = [
        Mistake(where, f"unknown key {key!r}{_nearest(str(key), tuple(known))}") for key in data if key not in known
    ] + [
        Mistake(where, f"key {name!r} is missing")
        for name, entry in known.items()
        if name not in data and entry.default is MISSING and entry.default_factory is MISSING
    ]
    if mistakes:
        raise ConfigError(*mistakes)
    values = {key: _value(hints[key], value, f"{where}.{key}") for key, value in data.items()}
    try:
        return kind(**values)
    except ConfigError as error:
        raise error.renamed(lambda field: f"{where}.{field}") from None


def _value(hint: Any, value: object, where: str) -> object:
    """A JSON value as the type that a record's field asks for; records and tuples inside are rebuilt."""
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and type(None) in options:
        return None
    for option in options:
        if is_dataclass(option):
            return _record(option, value, where)  # type: ignore[arg-type]
        if typing.get_origin(option) is tuple and isinstance(value, list):
            item = typing.get_args(option)[0]
            return tuple(_value(item, entry, f"{where}[{index}]") for index, entry in enumerate(value))
        if isinstance(option, type) and isinstance(value, option):
            return value
        if option is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
    raise ConfigError(Mistake(where, f"expected {hint}, found {value!r}"))
