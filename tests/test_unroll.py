"""The recurrence written out equals torch.nn, values and gradients; gradients through time equal autograd's."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from rnn_model import unroll
from rnn_model.config import CELLS, CellConfig
from rnn_model.network import RecurrentNetwork

BATCH, STEPS, HIDDEN = 3, 7, 5
# Both sides do the same products in float64 in another order; 1e-10 leaves six digits of room for rounding.
EXACT = {"rtol": 0.0, "atol": 1e-10}

DRAWN = [
    ("rnn", "tanh", "orthogonal"),
    ("rnn", "tanh", "xavier"),
    ("rnn", "tanh", "torch"),
    ("rnn", "relu", "identity"),
    ("rnn", "relu", "torch"),
    ("gru", "tanh", "orthogonal"),
    ("gru", "tanh", "torch"),
    ("lstm", "tanh", "orthogonal"),
    ("lstm", "tanh", "torch"),
]


def cell_of(kind: str, activation: str, initialisation: str) -> nn.RNNBase:
    torch.manual_seed(7)
    config = CellConfig(cell=kind, activation=activation, initialisation=initialisation, hidden_size=HIDDEN)
    cell = RecurrentNetwork(4, config).cells[0].double()
    with torch.no_grad():
        for bias in (cell.bias_ih_l0, cell.bias_hh_l0):
            bias += 0.3 * torch.randn_like(bias)  # zero biases would hide that one of them is forgotten
    return cell


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(len(shape)))


def written_out(cell: nn.RNNBase, inputs: Tensor, start: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    if isinstance(cell, nn.LSTM):
        hidden, memories = unroll.lstm(cell, inputs, start, memory)
        return hidden, memories[:, -1]
    return (unroll.gru if isinstance(cell, nn.GRU) else unroll.rnn)(cell, inputs, start), torch.zeros_like(start)


def by_torch(cell: nn.RNNBase, inputs: Tensor, start: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    if isinstance(cell, nn.LSTM):
        hidden, (_, last) = cell(inputs, (start[None], memory[None]))
        return hidden, last[0]
    return cell(inputs, start[None])[0], torch.zeros_like(start)


@pytest.mark.parametrize(("kind", "activation", "initialisation"), DRAWN)
def test_values_and_gradients_equal_torch(kind: str, activation: str, initialisation: str) -> None:
    cell = cell_of(kind, activation, initialisation)
    found = []
    for run in (written_out, by_torch):
        inputs, start, memory = (
            part.requires_grad_() for part in (draw(BATCH, STEPS, HIDDEN), draw(BATCH, HIDDEN), 2 * draw(BATCH, HIDDEN))
        )
        hidden, last_memory = run(cell, inputs, start, memory)
        # a different weight on every state, so that no two of them can be exchanged unnoticed
        loss = (hidden * draw(BATCH, STEPS, HIDDEN).cos()).sum() + last_memory.square().sum()
        wanted = [inputs, start, *cell.parameters()] + ([memory] if kind == "lstm" else [])
        found.append((hidden, last_memory, *torch.autograd.grad(loss, wanted)))
    assert found[0][0].shape == (BATCH, STEPS, HIDDEN)
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, **EXACT)


def test_every_cell_is_compared() -> None:
    assert {kind for kind, _, _ in DRAWN} == set(CELLS)


@pytest.mark.parametrize("kind", CELLS)
def test_starts_from_zeros_when_nothing_is_given(kind: str) -> None:
    cell = cell_of(kind, "tanh", "orthogonal")
    inputs = draw(BATCH, STEPS, HIDDEN)
    ours = getattr(unroll, kind)(cell, inputs)
    torch.testing.assert_close(ours[0] if kind == "lstm" else ours, cell(inputs)[0], **EXACT)


def test_every_memory_of_the_lstm_is_returned() -> None:
    cell = cell_of("lstm", "tanh", "orthogonal")
    inputs = draw(BATCH, STEPS, HIDDEN)
    _, memories = unroll.lstm(cell, inputs)
    for step in range(STEPS):
        _, (_, memory) = cell(inputs[:, : step + 1])
        torch.testing.assert_close(memories[:, step], memory[0], **EXACT)


def test_one_elman_step_by_hand() -> None:
    cell = nn.RNN(1, 1, batch_first=True).double()
    with torch.no_grad():
        for parameter, value in zip(cell.parameters(), (2.0, 0.5, 0.1, -0.3), strict=True):
            parameter.fill_(value)
    hidden = unroll.rnn(cell, torch.tensor([[[0.25], [-1.0]]], dtype=torch.float64))
    first = torch.tensor(2 * 0.25 + 0.1 - 0.3, dtype=torch.float64).tanh()
    second = (-2.0 + 0.1 + 0.5 * first - 0.3).tanh()
    torch.testing.assert_close(hidden[0, :, 0], torch.stack((first, second)), **EXACT)


@pytest.mark.parametrize(
    ("activation", "initialisation"), [("tanh", "orthogonal"), ("tanh", "torch"), ("relu", "torch")]
)
def test_gradient_norms_equal_autograd(activation: str, initialisation: str) -> None:
    cell = cell_of("rnn", activation, initialisation)
    h, states = torch.zeros(BATCH, HIDDEN, dtype=torch.float64), []
    for x in draw(BATCH, STEPS, HIDDEN).unbind(1):
        h = unroll.rnn(cell, x[:, None], h)[:, 0]
        states.append(h)
    target = draw(BATCH, HIDDEN)
    expected = torch.autograd.grad((h - target).square().sum(), states)
    norms = unroll.gradient_norms(cell, torch.stack(states, 1), 2 * (h - target))
    assert norms.shape == (BATCH, STEPS)
    torch.testing.assert_close(norms, torch.stack([of_step.norm(dim=1) for of_step in expected], 1), **EXACT)


@pytest.mark.parametrize(("factor", "ratio"), [(0.5, 0.5), (1.0, 1.0), (1.5, 1.5)])
def test_gradient_vanishes_stays_or_explodes_with_the_recurrent_matrix(factor: float, ratio: float) -> None:
    """A rectified cell that never rests on zero multiplies the gradient by W_hh alone: factor * identity."""
    cell = cell_of("rnn", "relu", "identity")
    with torch.no_grad():
        cell.weight_hh_l0 *= factor
    hidden = torch.ones(1, STEPS, HIDDEN, dtype=torch.float64)
    norms = unroll.gradient_norms(cell, hidden, torch.ones(1, HIDDEN, dtype=torch.float64))[0]
    torch.testing.assert_close(norms[:-1] / norms[1:], torch.full((STEPS - 1,), ratio, dtype=torch.float64), **EXACT)


@pytest.mark.parametrize(
    "cell",
    [
        nn.RNN(2, 2, num_layers=2),
        nn.RNN(2, 2, bidirectional=True),
        nn.RNN(2, 2, bias=False),
        nn.LSTM(2, 2, proj_size=1),
    ],
    ids=["layers", "directions", "no biases", "projection"],
)
def test_other_cells_are_refused(cell: nn.RNNBase) -> None:
    function = unroll.lstm if isinstance(cell, nn.LSTM) else unroll.rnn
    with pytest.raises(ValueError, match="one layer, one direction"):
        function(cell, torch.zeros(1, 3, 2))
