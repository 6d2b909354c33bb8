"""Backpropagation through time, made visible: how much of a loss reaches each earlier step of a recurrent network.

`torch.nn` keeps the recurrence inside one fused operation, so the gradient at a state in the middle cannot be asked
for.  Here each layer is walked one step at a time with the cells of `rnn_model/unroll.py`, every state is kept, and
autograd is asked for the gradient at each.

Axes: `B` batch, `T` time steps, `L` layers, `H` hidden units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from rnn_model import unroll
from rnn_model.classifier import inputs_of
from rnn_model.config import TextConfig
from rnn_model.network import ForecastInputs, ForecastNetwork, Gathered, RecurrentNetwork, State, TextNetwork
from rnn_model.ngrams import prepared, steps_of
from rnn_model.records import GradientFlow

MOST_TEXTS, MOST_STEPS = 64, 60  # that a text network is measured on


def gradient_flow(
    network: RecurrentNetwork, inputs: Tensor, loss_of: Callable[[Tensor], Tensor], name: str = ""
) -> GradientFlow:
    """Sends a loss back through every step of every layer.

    The gradient is taken at what carries a layer's past into its future: the hidden state h_t of an Elman layer or a
    GRU, and the memory cell c_t of an LSTM, whose path through time was made for it (Hochreiter & Schmidhuber 1997).
    It is the whole derivative: through the recurrence, and through the layers above.

    Args:
        network: its weights are read and left alone; dropout is left out.
        inputs: (B, T, D), without padding.
        loss_of: outputs of the last step (B, H) -> loss of each sequence (B,).
        name: for a legend.
    """
    outputs, carriers, _ = walk(network, inputs)
    return _sent_back(network, carriers, loss_of(outputs[:, -1]), name)


def forecast_gradient_flow(
    network: ForecastNetwork, inputs: ForecastInputs, loss_of: Callable[[Tensor], Tensor], name: str = ""
) -> GradientFlow | None:
    """The same for the layers of a forecaster that read the history, and its loss over all the steps ahead.

    Distances count from the last step read; the layers that walk the horizon start from the state there.  What the
    network is told of the steps ahead without any memory (the classical forecast, the season) is held constant.

    Args:
        network: with an encoder; without one the answer is None.
        inputs: (B, ...); of each sequence as many last steps are read as the shortest has.
        loss_of: quantiles (B, K, Q) in scaled units -> loss of each sequence (B,).
        name: for a legend.
    """
    if network.encoder is None:
        return None
    steps = int(inputs.lengths.min())
    last = inputs.lengths[:, None] - steps + torch.arange(steps)
    past = inputs.past.gather(1, last[..., None].expand(-1, -1, inputs.past.shape[2]))
    _, carriers, state = walk(network.encoder, past)
    return _sent_back(network.encoder, carriers, loss_of(network.ahead(inputs, state)), name)


def text_gradient_flow(
    network: TextNetwork, config: TextConfig, texts: Sequence[str], labels: Sequence[int], name: str = ""
) -> GradientFlow | None:
    """The same for the recurrence of a text network and its loss after the last letter or word of a text.

    What the network reads beside its last output (the bag, and the mean of all outputs) is held constant, since it
    reaches every step without any memory.

    Args:
        network: with recurrence; without one the answer is None.
        config: of the network.
        texts: N of them; those of a usual length or longer are read, to a common length.
        labels: (N,) their classes.
        name: for a legend.
    """
    if network.recurrent is None:
        return None
    read = steps_of([prepared(text, config)[0] for text in texts], config)
    length = min(int(np.median(read.lengths)), MOST_STEPS)
    rows = np.flatnonzero(read.lengths >= length)[:MOST_TEXTS]
    inputs = inputs_of(steps_of([prepared(texts[row], config)[0] for row in rows], config))
    with torch.no_grad():
        embedded, count = network.padded(network.embedding(inputs.features, inputs.starts), inputs)
        embedded, count = embedded[:, :length], count[:, :length]
        fed = embedded / count.clamp(min=1)
        held, _, _ = walk(network.recurrent, fed)
    target = torch.tensor([labels[row] for row in rows])

    def loss_of(last: Tensor) -> Tensor:
        steps = torch.full((len(rows),), length)
        gathered = Gathered(None, last, held.sum(1), steps, embedded.sum(1), count.sum((1, 2)))
        return nn.functional.cross_entropy(network.logits(gathered), target, reduction="none")

    return gradient_flow(network.recurrent, fed.requires_grad_(), loss_of, name)


def walk(network: RecurrentNetwork, inputs: Tensor) -> tuple[Tensor, list[list[Tensor]], State]:
    """What `network` computes for inputs (B, T, D), one step at a time.

    Returns:
        outputs (B, T, H) of the top layer, for every layer the T states (B, H) that carry its past, and the state
        after the last step.
    """
    signal = network.project(inputs)
    carriers, hiddens = [], []
    for cell, norm in zip(network.cells, network.norms, strict=True):
        states, carried = _walk_layer(cell, signal)  # type: ignore[arg-type]
        carriers.append(carried)
        hiddens.append(states[-1])
        hidden = torch.stack(states, 1)
        signal = norm(signal + hidden) if network.config.residual else hidden
    ends = torch.stack(hiddens, 1)
    if network.config.cell != "lstm":
        return signal, carriers, State(ends, torch.zeros_like(ends))
    return signal, carriers, State(ends, torch.stack([carried[-1] for carried in carriers], 1))


def spectral_radius(cell: nn.RNNBase) -> float:
    """Largest absolute eigenvalue of the recurrent matrix W_hh.

    In a linear network gradients vanish below 1 and may explode above it (Pascanu, Mikolov & Bengio 2013,
    arXiv:1211.5063).  Of a gated cell it is that of the block which makes the new candidate state; its gates decide
    how much of that counts.
    """
    matrix = cell.get_parameter("weight_hh_l0").detach()
    if cell.mode == "GRU":
        matrix = matrix.chunk(3)[2]  # torch's order: reset, update, new
    elif cell.mode == "LSTM":
        matrix = matrix.chunk(4)[2]  # torch's order: input, forget, cell, output
    return float(torch.linalg.eigvals(matrix).abs().max())


def _sent_back(network: RecurrentNetwork, carriers: list[list[Tensor]], losses: Tensor, name: str) -> GradientFlow:
    """Losses (B,) sent back to the T states of every layer that led to them."""
    # a sum keeps the sequences of the batch apart
    gradients = torch.autograd.grad(losses.sum(), [state for layer in carriers for state in layer])
    norms = torch.stack([gradient.norm(dim=1).mean() for gradient in gradients]).view(len(carriers), -1)
    radii = [spectral_radius(cell) for cell in network.cells]  # type: ignore[arg-type]
    return GradientFlow(name, norms.flip(1).T.double().numpy(), np.array(radii))


def _walk_layer(cell: nn.RNNBase, signal: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Hidden states, and the states that carry the past, of one layer: T tensors (B, H) each."""
    hidden: list[Tensor] = []
    memories: list[Tensor] = []
    h = c = signal.new_zeros(signal.shape[0], cell.hidden_size)
    for x in signal.unbind(1):
        if isinstance(cell, nn.LSTM):
            h, c = unroll.lstm_step(cell, x, h, c)
            memories.append(c)
        elif isinstance(cell, nn.GRU):
            h = unroll.gru_step(cell, x, h)
        else:
            h = unroll.rnn_step(cell, x, h)  # type: ignore[arg-type]
        hidden.append(h)
    return hidden, memories or hidden
