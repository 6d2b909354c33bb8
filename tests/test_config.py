"""Configurations check themselves at birth, name every mistake, and survive the way to JSON and back."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from rnn_model.config import CELLS, CellConfig, ForecastConfig, ModelConfig
from rnn_model.errors import ConfigError


def plain() -> dict[str, Any]:
    return json.loads(json.dumps(ModelConfig("sales", ForecastConfig()).to_dict()))


def test_every_mistake_of_a_cell_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        CellConfig(cell="gruu", activation="sigmoid", hidden_size=0, layers=1.5, dropout=1.0, initialisation="xavir")
    message = str(caught.value)
    for part in (
        f"cell: expected one of {', '.join(map(repr, CELLS))}, found 'gruu' (did you mean 'gru'?)",
        "activation: expected one of 'tanh', 'relu', found 'sigmoid'",
        "hidden_size: expected a whole number from 1 to 4096, found 0",
        "layers: expected a whole number from 1 to 32, found 1.5",
        "dropout: expected a number from 0.0 to 0.95, found 1.0",
        "found 'xavir' (did you mean 'xavier'?)",
    ):
        assert part in message


def test_every_mistake_of_a_forecaster_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        ForecastConfig(
            levels=(0.1, 0.5), context=4, window=4097, max_horizon=0, families=("levle",), encoder=CellConfig(layers=2)
        )
    message = str(caught.value)
    for key in ("levels", "context", "window", "max_horizon", "did you mean 'level'?", "encoder"):
        assert key in message


@pytest.mark.parametrize(
    "wrong",
    [
        {"cell": "lstm", "activation": "relu"},
        {"cell": "gru", "initialisation": "identity"},
        {"hidden_size": True},
        {"hidden_size": 8.0},
        {"dropout": float("nan")},
        {"forget_bias": float("inf")},
    ],
)
def test_values_that_torch_would_take_in_silence_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=list(wrong)[-1]):
        CellConfig(**wrong)


@pytest.mark.parametrize(
    "levels",
    [(), (0.1, 0.9), (0.1, 0.5, 0.8), (0.9, 0.5, 0.1), (0.5, 0.5, 0.5), (0.0, 0.5, 1.0), (0.1, float("nan"), 0.9)],
    ids=["none", "no median", "lopsided", "falling", "repeated", "touching 0 and 1", "nan"],
)
def test_levels_must_rise_about_the_median(levels: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="levels"):
        ForecastConfig(levels=levels)


def test_a_decoder_must_be_able_to_start_from_the_encoder() -> None:
    for field, value in (("hidden_size", 65), ("layers", 2), ("cell", "gru")):
        with pytest.raises(ConfigError, match="encoder"):
            ForecastConfig(encoder=replace(CellConfig(), **{field: value}))
    assert ForecastConfig(encoder=None).encoder is None


def test_configurations_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        CellConfig().layers = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    "config",
    [
        ForecastConfig(),
        ForecastConfig(levels=(0.05, 0.5, 0.95), families=("trend", "level"), encoder=None, context=100, max_horizon=7),
        ForecastConfig(
            encoder=CellConfig(cell="lstm", hidden_size=8, layers=3, dropout=0.1, residual=False, forget_bias=2.0),
            decoder=CellConfig(cell="lstm", hidden_size=8, layers=3, initialisation="xavier"),
        ),
    ],
)
def test_the_way_to_json_and_back(config: ForecastConfig) -> None:
    model = ModelConfig("sales", config)
    assert ModelConfig.from_dict(json.loads(json.dumps(model.to_dict()))) == model


def test_whole_numbers_stand_for_fractions_in_json() -> None:
    data = plain()
    data["forecast"]["decoder"]["dropout"] = 0
    dropout = ModelConfig.from_dict(data).forecast.decoder.dropout
    assert isinstance(dropout, float)


def test_unknown_and_missing_keys_are_named_together() -> None:
    data = plain()
    data["nmae"] = data.pop("name")
    with pytest.raises(ConfigError) as caught:
        ModelConfig.from_dict(data)
    assert "unknown key 'nmae' (did you mean 'name'?)" in str(caught.value)
    assert "key 'name' is missing" in str(caught.value)


def test_a_value_that_cannot_be_is_named_with_its_place() -> None:
    data = plain()
    data["forecast"]["decoder"]["hidden_size"] = 0
    with pytest.raises(ConfigError) as caught:
        ModelConfig.from_dict(data)
    said = "config.forecast.decoder.hidden_size: expected a whole number from 1 to 4096, found 0"
    assert str(caught.value) == said


def test_a_key_deep_inside_is_named_with_its_place() -> None:
    data = plain()
    data["forecast"]["decoder"]["hiden_size"] = 3
    with pytest.raises(ConfigError, match=r"config\.forecast\.decoder: unknown key 'hiden_size'.*'hidden_size'"):
        ModelConfig.from_dict(data)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("forecast",), []),
        (("forecast", "context"), "768"),
        (("forecast", "context"), True),
        (("forecast", "levels"), 0.5),
        (("forecast", "levels"), ["a", "b", "c"]),
        (("forecast", "levels"), [0.1, None, 0.9]),
        (("forecast", "families"), "level"),
        (("forecast", "families"), [1]),
        (("forecast", "decoder"), None),
        (("forecast", "decoder", "residual"), 1),
        (("name",), None),
        (("format",), 2),
    ],
)
def test_json_of_the_wrong_type_is_a_config_error(path: tuple[str, ...], value: object) -> None:
    data = plain()
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(ConfigError, match=path[-1]):
        ModelConfig.from_dict(data)


@pytest.mark.parametrize("data", [None, [], "sales", 3])
def test_something_else_than_an_object_is_a_config_error(data: Any) -> None:
    with pytest.raises(ConfigError, match="expected an object"):
        ModelConfig.from_dict(data)
