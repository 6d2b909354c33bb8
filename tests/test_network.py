"""Recurrent stacks: initialisation, states of every layer and step, padding; the forecaster's quantiles."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

import hypothesis
import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from rnn_model import unroll
from rnn_model.config import CELLS, CellConfig, ForecastConfig
from rnn_model.network import ForecastInputs, ForecastNetwork, RecurrentNetwork, State

FEATURES = 3
HIDDEN = 6
# Two float32 computations of the same numbers in another order: a few hundred roundings of 6e-8 at most.
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(3)


def network(**settings: object) -> RecurrentNetwork:
    return RecurrentNetwork(FEATURES, CellConfig(**{"hidden_size": HIDDEN, **settings})).eval()


def gates(matrix: Tensor) -> tuple[Tensor, ...]:
    return matrix.split(HIDDEN)


class TestInitialisation:
    @pytest.mark.parametrize("cell", CELLS)
    def test_orthogonal_recurrent_matrices(self, cell: str) -> None:
        for layer in network(cell=cell, layers=2, initialisation="orthogonal").cells:
            for gate in gates(layer.weight_hh_l0):
                torch.testing.assert_close(gate @ gate.T, torch.eye(HIDDEN), **CLOSE)
                assert not torch.equal(gate, torch.eye(HIDDEN))

    @pytest.mark.parametrize("cell", CELLS)
    def test_xavier_bounds_and_spread(self, cell: str) -> None:
        size = 64
        wide = RecurrentNetwork(FEATURES, CellConfig(cell=cell, hidden_size=size, initialisation="xavier"))
        bound = math.sqrt(6 / (size + size))  # Glorot & Bengio (2010), equation 16, each gate a matrix of its own
        for name in ("weight_ih_l0", "weight_hh_l0"):
            for gate in getattr(wide.cells[0], name).split(size):
                assert 0.95 * bound < gate.abs().max() <= bound
                # the standard deviation of 4096 uniform draws is known to about 1 %
                assert gate.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)

    def test_identity_starts_as_an_accumulator(self) -> None:
        layer = network(activation="relu", initialisation="identity").cells[0]
        assert torch.equal(layer.weight_hh_l0, torch.eye(HIDDEN))
        pushes = torch.rand(1, 5, HIDDEN)
        with torch.no_grad():
            layer.weight_ih_l0.copy_(torch.eye(HIDDEN))
        torch.testing.assert_close(layer(pushes)[0], pushes.cumsum(1), **CLOSE)

    @pytest.mark.parametrize("cell", CELLS)
    @pytest.mark.parametrize("initialisation", ["orthogonal", "xavier"])
    def test_biases_start_at_zero_except_the_forget_gate(self, cell: str, initialisation: str) -> None:
        stack = network(cell=cell, layers=2, initialisation=initialisation, forget_bias=1.5)
        assert not stack.project.bias.any()
        for layer in stack.cells:
            start = layer.bias_ih_l0 + layer.bias_hh_l0
            expected = torch.zeros_like(start)
            if cell == "lstm":
                expected[HIDDEN : 2 * HIDDEN] = 1.5
            assert torch.equal(start, expected)

    def test_the_forget_bias_keeps_the_memory(self) -> None:
        """That the biased gate is the forget gate: with it wide open and no input, the memory stays."""
        cell = network(cell="lstm", forget_bias=10.0).cells[0]
        memory = torch.rand(1, 1, HIDDEN)
        _, (_, after) = cell(torch.zeros(1, 1, HIDDEN), (torch.zeros(1, 1, HIDDEN), memory))
        torch.testing.assert_close(after, memory, rtol=1e-3, atol=1e-3)

    @pytest.mark.parametrize("cell", CELLS)
    def test_torch_default_is_left_alone(self, cell: str) -> None:
        torch.manual_seed(11)
        ours = network(cell=cell, initialisation="torch")
        torch.manual_seed(11)
        nn.Linear(FEATURES, HIDDEN)
        theirs = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell](HIDDEN, HIDDEN)
        for found, expected in zip(ours.cells[0].parameters(), theirs.parameters(), strict=True):
            assert torch.equal(found, expected)
        assert ours.cells[0].bias_hh_l0.any()


class TestStates:
    @pytest.mark.parametrize("residual", [True, False])
    @pytest.mark.parametrize(
        ("cell", "activation"), [("rnn", "tanh"), ("rnn", "relu"), ("gru", "tanh"), ("lstm", "tanh")]
    )
    def test_every_layer_and_step_equals_the_recurrence_written_out(
        self, cell: str, activation: str, residual: bool
    ) -> None:
        stack = network(cell=cell, activation=activation, layers=3, residual=residual)
        inputs = torch.randn(2, 5, FEATURES)
        outputs, hidden, state = stack(inputs, torch.tensor([5, 5]))
        assert outputs.shape == (2, 5, HIDDEN)
        assert hidden.shape == (2, 5, 3, HIDDEN)
        assert state.hidden.shape == state.memory.shape == (2, 3, HIDDEN)

        signal = stack.project(inputs)
        for layer, module in enumerate(stack.cells):
            memory = torch.zeros(2, 5, HIDDEN)
            if cell == "lstm":
                expected, memory = unroll.lstm(module, signal)
            else:
                expected = getattr(unroll, cell)(module, signal)
            torch.testing.assert_close(hidden[:, :, layer], expected, **CLOSE)
            torch.testing.assert_close(state.hidden[:, layer], expected[:, -1], **CLOSE)
            torch.testing.assert_close(state.memory[:, layer], memory[:, -1], **CLOSE)
            signal = stack.norms[layer](signal + expected) if residual else expected
        torch.testing.assert_close(outputs, signal, **CLOSE)

    @pytest.mark.parametrize("cell", CELLS)
    def test_padding_is_never_read(self, cell: str) -> None:
        """Not even padding of nan reaches a real step, the final state, or a gradient."""
        stack = network(cell=cell, layers=2)
        lengths = torch.tensor([4, 7, 1])
        real = torch.arange(7)[None] < lengths[:, None]
        found = []
        for filling in (0.0, 1e6, math.nan):
            inputs = torch.randn(3, 7, FEATURES, generator=torch.Generator().manual_seed(1))
            inputs[~real] = filling
            outputs, hidden, state = stack(inputs, lengths)
            found.append((outputs[real], hidden[real], *state))
        for other in found[1:]:
            for ours, expected in zip(other, found[0], strict=True):
                assert torch.equal(ours, expected)

        for row, length in enumerate(lengths.tolist()):
            alone = stack(inputs[row : row + 1, :length], torch.tensor([length]))[2]
            for ours, expected in zip(alone, found[0][2:], strict=True):
                torch.testing.assert_close(ours[0], expected[row], **CLOSE)

    @pytest.mark.parametrize("cell", CELLS)
    def test_no_gradient_reaches_padding(self, cell: str) -> None:
        stack = network(cell=cell, layers=2)
        inputs = torch.randn(2, 6, FEATURES, requires_grad=True)
        _, _, state = stack(inputs, torch.tensor([2, 6]))
        (gradient,) = torch.autograd.grad(state.hidden.sum() + state.memory.sum(), inputs)
        assert not gradient[0, 2:].any()
        assert gradient[0, :2].any(1).all()
        assert gradient[1].any(1).all()

    @pytest.mark.parametrize("cell", CELLS)
    def test_carrying_the_state_on_equals_one_pass(self, cell: str) -> None:
        stack = network(cell=cell, layers=2)
        inputs = torch.randn(2, 9, FEATURES)
        whole_outputs, whole_hidden, whole = stack(inputs, torch.tensor([9, 9]))
        state: State | None = None
        outputs, hidden = [], []
        for piece in inputs.split((4, 1, 4), 1):
            of_piece, states, state = stack(piece, torch.full((2,), piece.shape[1]), state)
            outputs.append(of_piece)
            hidden.append(states)
        torch.testing.assert_close(torch.cat(outputs, 1), whole_outputs, **CLOSE)
        torch.testing.assert_close(torch.cat(hidden, 1), whole_hidden, **CLOSE)
        for ours, expected in zip(state, whole, strict=True):
            torch.testing.assert_close(ours, expected, **CLOSE)

    def test_the_future_does_not_reach_the_past(self) -> None:
        stack = network(layers=2)
        inputs = torch.randn(1, 8, FEATURES)
        changed = inputs.clone()
        changed[:, 5:] += 1
        (before, _, _), (after, _, _) = (stack(version, torch.tensor([8])) for version in (inputs, changed))
        assert torch.equal(before[:, :5], after[:, :5])
        assert not torch.equal(before[:, 5], after[:, 5])

    def test_dropout_acts_between_layers_while_training_only(self) -> None:
        inputs, lengths = torch.randn(2, 5, FEATURES), torch.tensor([5, 5])
        stack = network(layers=2, dropout=0.5)
        assert torch.equal(stack(inputs, lengths)[0], stack(inputs, lengths)[0])
        stack.train()
        first, second = stack(inputs, lengths)[1], stack(inputs, lengths)[1]
        assert torch.equal(first[:, :, 0], second[:, :, 0])
        assert not torch.equal(first[:, :, 1], second[:, :, 1])


PAST, AHEAD = 4, 5
FORECASTS = len(ForecastConfig().families) + len(ForecastConfig().log_families)


def forecaster(cell: str = "rnn", encoder: bool = True, **settings: object) -> ForecastNetwork:
    layers = CellConfig(cell=cell, hidden_size=HIDDEN, layers=2)
    config = ForecastConfig(encoder=layers if encoder else None, decoder=layers)
    return ForecastNetwork(PAST, AHEAD, replace(config, **settings)).eval()


def shaken(network: ForecastNetwork, size: float = 1.0) -> ForecastNetwork:
    """With last layers that are not zero, as after training."""
    for last in (network.head, network.weigh):
        nn.init.normal_(last.weight, std=size)
        nn.init.normal_(last.bias, std=size)
    return network


def batch(horizon: int = 7, size: float = 1.0) -> ForecastInputs:
    lengths = torch.tensor([5, 2, 8])
    return ForecastInputs(
        past=size * torch.randn(3, 8, PAST),
        lengths=lengths,
        ahead=size * torch.randn(3, horizon, AHEAD),
        forecasts=size * torch.randn(3, horizon, FORECASTS),
        evidence=torch.randn(3, FORECASTS),
        spread=size * (0.1 + torch.rand(3, horizon)),
        high_frequency=torch.tensor([False, True, False]),
    )


class TestForecaster:
    @pytest.mark.parametrize("cell", CELLS)
    def test_shapes(self, cell: str) -> None:
        quantiles, hidden = forecaster(cell)(batch())
        assert quantiles.shape == (3, 7, 9)
        assert hidden.shape == (3, 8, 2, HIDDEN)
        quantiles, hidden = forecaster(cell, encoder=False)(batch())
        assert quantiles.shape == (3, 7, 9)
        assert hidden is None

    @pytest.mark.parametrize("cell", CELLS)
    @pytest.mark.parametrize("encoder", [True, False])
    def test_quantiles_alone_are_those_beside_the_states(self, cell: str, encoder: bool) -> None:
        network, inputs = shaken(forecaster(cell, encoder=encoder)), batch()
        assert torch.equal(network.quantiles(inputs), network(inputs)[0])

    @pytest.mark.parametrize("levels", [(0.5,), (0.025, 0.5, 0.975), tuple(round(0.1 * k, 1) for k in range(1, 10))])
    def test_untrained_it_is_the_classical_forecast_with_a_normal_spread(self, levels: tuple[float, ...]) -> None:
        inputs = batch()
        quantiles, _ = forecaster(levels=levels)(inputs)
        normal = torch.tensor([NormalDist().inv_cdf(level) for level in levels])
        torch.testing.assert_close(quantiles, inputs.centre[..., None] + inputs.spread[..., None] * normal, **CLOSE)

    @hypothesis.settings(max_examples=60, deadline=None)
    @hypothesis.given(
        seed=st.integers(0, 10_000),
        cell=st.sampled_from(CELLS),
        weights=st.sampled_from([0.01, 1.0, 30.0, 1e4]),
        size=st.sampled_from([1e-6, 1.0, 1e3, 1e12]),
    )
    def test_quantiles_never_cross(self, seed: int, cell: str, weights: float, size: float) -> None:
        torch.manual_seed(seed)
        quantiles, _ = shaken(forecaster(cell), weights)(batch(size=size))
        assert quantiles.isfinite().all()
        assert (quantiles.diff(dim=2) >= 0).all()

    def test_padding_of_the_past_changes_no_quantile(self) -> None:
        network, inputs = shaken(forecaster()), batch()
        past = inputs.past.clone()
        past[torch.arange(8)[None] >= inputs.lengths[:, None]] = 1e6
        assert torch.equal(network(inputs)[0], network(inputs._replace(past=past))[0])

    @pytest.mark.parametrize("cell", CELLS)
    def test_the_horizon_is_walked_from_the_last_state_of_the_past(self, cell: str) -> None:
        """Every real step of the past moves the first step ahead, so the decoder starts where the encoder ends."""
        network, inputs = shaken(forecaster(cell)), batch()
        past = inputs.past.clone().requires_grad_()
        quantiles, _ = network(inputs._replace(past=past))
        (gradient,) = torch.autograd.grad(quantiles[:, 0].sum(), past)
        real = torch.arange(8)[None] < inputs.lengths[:, None]
        assert torch.equal(gradient.any(2), real)

    def test_a_longer_horizon_leaves_the_nearer_steps_alone(self) -> None:
        network, inputs = shaken(forecaster()), batch(horizon=9)
        shorter = inputs._replace(
            ahead=inputs.ahead[:, :4], forecasts=inputs.forecasts[:, :4], spread=inputs.spread[:, :4]
        )
        torch.testing.assert_close(network(inputs)[0][:, :4], network(shorter)[0], **CLOSE)

    def test_the_median_goes_to_the_forecast_that_is_weighed_most(self) -> None:
        network, inputs = forecaster(), batch()
        nn.init.constant_(network.weigh.bias[4:5], 50.0)
        torch.testing.assert_close(network(inputs)[0][..., 4], inputs.forecasts[..., 4], **CLOSE)

    @pytest.mark.parametrize("cell", CELLS)
    def test_every_weight_learns(self, cell: str) -> None:
        network = shaken(forecaster(cell))
        network(batch())[0].square().sum().backward()
        idle = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
        # the decoder's outputs are read, the encoder's are not: only its states go on, so its last norm has no say
        assert idle == ["encoder.norms.1.weight", "encoder.norms.1.bias"]


def test_widening_stretches_every_distance_from_the_median() -> None:
    cell = CellConfig(hidden_size=4)
    config = ForecastConfig(encoder=cell, decoder=cell)
    wider = replace(config, widening=1.5, widening_high_frequency=2.0)
    plain, wide = (ForecastNetwork(3, 5, part) for part in (config, wider))
    wide.load_state_dict(plain.state_dict())
    series = ForecastInputs(
        torch.randn(2, 7, 3),
        torch.tensor([7, 4]),
        torch.randn(2, 6, 5),
        torch.randn(2, 6, FORECASTS),
        torch.randn(2, FORECASTS),
        torch.rand(2, 6) + 0.1,
        torch.tensor([False, True]),
    )
    one, other = plain(series)[0], wide(series)[0]
    median = one[..., 4:5]
    factor = torch.tensor([1.5, 2.0])[:, None, None]
    torch.testing.assert_close(other - median, factor * (one - median), rtol=1e-4, atol=1e-5)
