"""Recurrent cells written out, one time step at a time and one equation a line, as the papers have them.

Each function takes the weights of a one-layer `torch.nn` cell and computes what the cell computes: x is the input of
a step and h the hidden state, W_ih and W_hh multiply them, b_ih and b_hh are torch's two bias vectors.  torch stacks
the gates of a cell on top of each other; the order in which they come off is named where they do.

Axes: `B` batch, `T` time steps, `D` features a step, `H` hidden units.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def rnn(cell: nn.RNN, inputs: Tensor, start: Tensor | None = None) -> Tensor:
    """Hidden states (B, T, H) of the simple recurrent network of Elman (1990), "Finding structure in time".

    Args:
        cell: its weights and its activation are used.
        inputs: (B, T, D).
        start: (B, H) hidden state before the first step; None for zeros.

    Raises:
        ValueError: the cell has several layers, two directions or no biases.
    """
    h = _zeros(inputs, cell) if start is None else start
    states = []
    for x in inputs.unbind(1):
        h = rnn_step(cell, x, h)
        states.append(h)
    return torch.stack(states, 1)


def rnn_step(cell: nn.RNN, x: Tensor, h: Tensor) -> Tensor:
    """The next hidden state (B, H) from an input (B, D) and the hidden state (B, H) before it."""
    W_ih, W_hh, b_ih, b_hh = _weights(cell)
    f = torch.tanh if cell.nonlinearity == "tanh" else torch.relu
    return f(x @ W_ih.T + b_ih + h @ W_hh.T + b_hh)


def gru(cell: nn.GRU, inputs: Tensor, start: Tensor | None = None) -> Tensor:
    """Hidden states (B, T, H) of the gated recurrent unit of Cho et al. (2014), arXiv:1406.1078.

    As in torch, the reset gate r acts after the recurrent product (version 1 of the paper), and z = 1 keeps the old
    state.  Arguments and errors as for `rnn`.
    """
    h = _zeros(inputs, cell) if start is None else start
    states = []
    for x in inputs.unbind(1):
        h = gru_step(cell, x, h)
        states.append(h)
    return torch.stack(states, 1)


def gru_step(cell: nn.GRU, x: Tensor, h: Tensor) -> Tensor:
    """The next hidden state (B, H) from an input (B, D) and the hidden state (B, H) before it."""
    W_ih, W_hh, b_ih, b_hh = _weights(cell)
    x_r, x_z, x_n = (x @ W_ih.T + b_ih).chunk(3, 1)  # torch's order: reset, update, new
    h_r, h_z, h_n = (h @ W_hh.T + b_hh).chunk(3, 1)
    r = torch.sigmoid(x_r + h_r)
    z = torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h


def lstm(
    cell: nn.LSTM, inputs: Tensor, start: Tensor | None = None, start_memory: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Hidden states and memory cells, (B, T, H) each, of the long short-term memory.

    Hochreiter & Schmidhuber (1997), with the forget gate of Gers, Schmidhuber & Cummins (2000); no peepholes.
    Arguments and errors as for `rnn`; `start_memory` is the memory (B, H) before the first step.
    """
    h = _zeros(inputs, cell) if start is None else start
    c = _zeros(inputs, cell) if start_memory is None else start_memory
    states, memories = [], []
    for x in inputs.unbind(1):
        h, c = lstm_step(cell, x, h, c)
        states.append(h)
        memories.append(c)
    return torch.stack(states, 1), torch.stack(memories, 1)


def lstm_step(cell: nn.LSTM, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The next hidden state and memory cell, (B, H) each, from an input (B, D) and those before it."""
    W_ih, W_hh, b_ih, b_hh = _weights(cell)
    i, f, g, o = (x @ W_ih.T + b_ih + h @ W_hh.T + b_hh).chunk(4, 1)  # torch's order: input, forget, cell, output
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    return h, c


def gradient_norms(cell: nn.RNN, hidden: Tensor, gradient: Tensor) -> Tensor:
    """How much of a loss at the last step reaches each earlier one: backpropagation through time, made visible.

    With E_t the loss at step t, the chain rule through the recurrence of `rnn` multiplies one Jacobian a step,

        dE_t/dh_s  =  dE_t/dh_t  *  product over k = t, t-1, ..., s+1 of  diag(f'(h_k)) W_hh

    where f' is 1 - h^2 for tanh and the step function for relu (Werbos 1990; Pascanu, Mikolov & Bengio 2013,
    arXiv:1211.5063, equation 5).  Norms that fall or rise geometrically with t - s are the vanishing or exploding
    gradient.

    Args:
        cell: its recurrent weights and its activation are used.
        hidden: (B, T, H) states h_1 ... h_t as `rnn` returns them; t = T.
        gradient: (B, H) dE_t/dh_t, the gradient of the loss with respect to the last state.

    Returns:
        (B, T) the Euclidean norm of dE_t/dh_s for s = 1 ... t.

    Raises:
        ValueError: as for `rnn`.
    """
    _, W_hh, _, _ = _weights(cell)
    norms = [gradient.norm(dim=1)]
    for h in hidden[:, 1:].flip(1).unbind(1):
        slope = 1 - h.square() if cell.nonlinearity == "tanh" else (h > 0).to(h.dtype)
        gradient = (gradient * slope) @ W_hh
        norms.append(gradient.norm(dim=1))
    return torch.stack(norms[::-1], 1)


def _weights(cell: nn.RNNBase) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """W_ih (gates * H, D), W_hh (gates * H, H), b_ih and b_hh (gates * H,)."""
    if cell.num_layers != 1 or cell.bidirectional or not cell.bias or cell.proj_size:
        raise ValueError(
            f"expected a cell with one layer, one direction and biases, found {cell}. Unroll layer by layer."
        )
    W_ih, W_hh, b_ih, b_hh = cell.parameters()
    return W_ih, W_hh, b_ih, b_hh


def _zeros(inputs: Tensor, cell: nn.RNNBase) -> Tensor:
    return inputs.new_zeros(inputs.shape[0], cell.hidden_size)
