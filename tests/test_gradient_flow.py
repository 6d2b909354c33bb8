"""The gradient at every step: that of the fused cells, of the closed form, and of small nudges to a state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rnn_model import unroll
from rnn_model.config import CELLS, CellConfig, ForecastConfig
from rnn_model.gradient_flow import forecast_gradient_flow, gradient_flow, spectral_radius, walk
from rnn_model.network import ForecastInputs, ForecastNetwork, RecurrentNetwork, State
from rnn_model.records import GradientFlow

B, T, D, H = 3, 12, 2, 5


def network_of(**options: object) -> RecurrentNetwork:
    torch.manual_seed(1)
    return RecurrentNetwork(D, CellConfig(hidden_size=H, **options)).double().eval()  # type: ignore[arg-type]


def inputs() -> Tensor:
    return torch.randn(B, T, D, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def loss_of(last: Tensor) -> Tensor:
    return (last * torch.arange(1.0, H + 1, dtype=last.dtype)).sum(1).square()


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "rnn", "layers": 2},
        {"cell": "rnn", "activation": "relu", "residual": False},
        {"cell": "gru", "layers": 2},
        {"cell": "lstm", "layers": 3, "dropout": 0.5},
    ],
)
def test_the_walk_computes_what_the_network_computes(options: dict[str, object]) -> None:
    network, x = network_of(**options), inputs()
    outputs, carriers, end = walk(network, x)
    expected, states, last = network(x, torch.full((B,), T))
    torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(end, last, rtol=0, atol=1e-12)
    for layer, carried in enumerate(carriers):
        if options["cell"] == "lstm":
            torch.testing.assert_close(carried[-1], last.memory[:, layer], rtol=0, atol=1e-12)
        else:
            torch.testing.assert_close(torch.stack(carried, 1), states[:, :, layer], rtol=0, atol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_it_is_the_closed_form_of_backpropagation_through_time(activation: str) -> None:
    network, x = network_of(activation=activation, residual=False), inputs()
    (cell,) = network.cells
    hidden = unroll.rnn(cell, network.project(x)).detach()
    last = hidden[:, -1].requires_grad_()
    (gradient,) = torch.autograd.grad(loss_of(last).sum(), last)
    expected = unroll.gradient_norms(cell, hidden, gradient).mean(0).flip(0).detach().numpy()
    flow = gradient_flow(network, x, loss_of)
    np.testing.assert_allclose(flow.norms[:, 0], expected, rtol=1e-10)


@pytest.mark.parametrize("cell", CELLS)
def test_it_is_what_a_small_nudge_to_a_state_does_to_the_loss(cell: str) -> None:
    """Central differences on the fused cell of torch, started from a nudged state: no autograd involved."""
    network, x = network_of(cell=cell, residual=False), inputs()[:1]
    (fused,) = network.cells
    signal = network.project(x).detach()
    flow = gradient_flow(network, x, loss_of)
    for distance in (1, 5, 10):
        at = T - distance
        start = [torch.zeros(1, 1, H, dtype=torch.float64) for _ in range(2)]

        def loss(nudge: Tensor, at: int = at, start: list[Tensor] = start) -> float:
            if isinstance(fused, nn.LSTM):
                _, (h, c) = fused(signal[:, :at], tuple(start))
                # c_t also shows in h_t = o * tanh(c_t)
                gate = h / torch.tanh(c)
                hidden, _ = fused(signal[:, at:], (gate * torch.tanh(c + nudge), c + nudge))
            else:
                _, h = fused(signal[:, :at], start[0])
                hidden, _ = fused(signal[:, at:], h + nudge)
            return loss_of(hidden[:, -1]).item()

        with torch.no_grad():
            steps = 1e-6 * torch.eye(H, dtype=torch.float64)
            slope = np.array([(loss(step[None, None]) - loss(-step[None, None])) / 2e-6 for step in steps])
        assert flow.norms[distance, 0] == pytest.approx(np.linalg.norm(slope), rel=1e-5)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_of_a_forecaster_it_is_what_a_small_nudge_to_a_state_of_reading_does_to_the_loss(cell: str) -> None:
    """The fused layers read up to a step, their state is nudged, and they read on and forecast."""
    torch.manual_seed(3)
    config = ForecastConfig(encoder=CellConfig(cell=cell, hidden_size=H), decoder=CellConfig(cell=cell, hidden_size=H))
    network = ForecastNetwork(D, 4, config).double().eval()
    nn.init.normal_(network.head.weight)
    generator = torch.Generator().manual_seed(4)
    nn.init.normal_(network.weigh.weight)
    shapes = (T + 3, D), (4, 4), (4, network.weigh.out_features)
    past, ahead, said = (torch.randn(2, *shape, generator=generator, dtype=torch.float64) for shape in shapes)
    lengths = torch.tensor([T, T + 3])
    beside = (said, torch.zeros_like(said[:, 0]), torch.ones(2, 4, dtype=torch.float64), torch.tensor([False, True]))
    made = ForecastInputs(past, lengths, ahead, *beside)

    def losses(quantiles: Tensor) -> Tensor:
        return quantiles.square().sum((1, 2))

    flow = forecast_gradient_flow(network, made, losses)
    assert flow is not None
    assert flow.norms.shape == (T, 1)
    assert network.encoder is not None
    slopes = {}
    for distance in (0, 4, 9):
        norms = []
        for row, length in enumerate(lengths.tolist()):
            read = past[row : row + 1, length - T : length]
            one = ForecastInputs(read, torch.tensor([T]), *(part[row : row + 1] for part in (ahead, *beside)))
            at = torch.tensor([T - distance])
            _, _, state = network.encoder(read[:, : T - distance], at)

            def loss(nudge: Tensor, state: State = state, one: ForecastInputs = one, distance: int = distance) -> float:
                moved = State(state.hidden + nudge, state.memory)
                if cell == "lstm":  # c_t also shows in h_t = o * tanh(c_t)
                    memory = state.memory + nudge
                    moved = State(state.hidden / torch.tanh(state.memory) * torch.tanh(memory), memory)
                if distance:
                    _, _, moved = network.encoder(one.past[:, T - distance :], torch.tensor([distance]), moved)
                return losses(network.ahead(one, moved)).item()

            with torch.no_grad():
                steps = 1e-5 * torch.eye(H, dtype=torch.float64)
                norms.append(
                    np.linalg.norm([(loss(step[None, None]) - loss(-step[None, None])) / 2e-5 for step in steps])
                )
        slopes[distance] = np.mean(norms)
    assert [flow.norms[distance, 0] for distance in slopes] == pytest.approx(list(slopes.values()), rel=1e-5)
    assert forecast_gradient_flow(ForecastNetwork(D, 4, replace(config, encoder=None)), made, losses) is None


def test_the_spectral_radius_is_that_of_the_matrix_that_was_drawn() -> None:
    assert spectral_radius(network_of(initialisation="orthogonal").cells[0]) == pytest.approx(1.0)
    assert spectral_radius(network_of(initialisation="identity", activation="relu").cells[0]) == pytest.approx(1.0)
    assert spectral_radius(network_of(cell="lstm").cells[0]) == pytest.approx(1.0)
    assert spectral_radius(network_of(cell="gru", initialisation="torch").cells[0]) < 0.9
    cell = nn.RNN(2, 2)
    with torch.no_grad():
        cell.weight_hh_l0.copy_(torch.tensor([[0.0, 3.0], [-3.0, 0.0]]))  # turns by a right angle and triples
    assert spectral_radius(cell) == pytest.approx(3.0)


def test_gradients_vanish_and_explode_as_the_recurrent_matrix_says() -> None:
    def scaled(factor: float) -> GradientFlow:
        network = network_of(activation="relu", residual=False, initialisation="identity")
        with torch.no_grad():
            network.cells[0].weight_hh_l0.mul_(factor)
            network.project.bias.fill_(5.0)  # all units stay on the side where relu is the identity
            network.cells[0].weight_ih_l0.copy_(torch.eye(H))
        return gradient_flow(network, inputs(), lambda last: last.sum(1))

    np.testing.assert_allclose(scaled(0.5).shares, 0.5 ** np.arange(T), rtol=1e-9)
    assert scaled(0.5).memory == 6  # 0.5 ** 6 is above a hundredth, 0.5 ** 7 is not
    assert "effective memory: 6 steps" in scaled(0.5).verdict
    assert scaled(1.0).memory == T - 1
    assert "all 11 steps" in scaled(1.0).verdict
    assert "explodes" in scaled(2.0).verdict
    np.testing.assert_allclose(scaled(2.0).radius, [2.0])


def test_a_loss_that_reaches_nothing_has_no_memory() -> None:
    flow = GradientFlow("", np.zeros((4, 1)), np.ones(1))
    assert flow.memory == 0
    assert not flow.shares.any()


def test_measuring_leaves_the_network_alone() -> None:
    network = network_of()
    gradient_flow(network, inputs(), loss_of)
    assert all(parameter.grad is None for parameter in network.parameters())
