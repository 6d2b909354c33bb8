"""The networks: recurrent layers on `torch.nn`, the forecaster built from two stacks of them, the classifier from one.

Axes: `B` batch, `T` time steps in, `K` steps ahead, `D` features a step, `L` layers, `H` hidden units, `Q` quantile
levels, `C` classes.  Input (B, T, D); hidden states (B, T, L, H); one state (B, L, H).  Sequences of a batch are
left-aligned and padded on the right, so that no real step is computed from padding; the last real state is picked by
length.
"""

from __future__ import annotations

import itertools
from statistics import NormalDist
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rnn_model.config import CellConfig, ForecastConfig, TextConfig


class State(NamedTuple):
    """Where a recurrence stands after a step; it can be carried on from here.

    Attributes:
        hidden: (B, L, H).
        memory: (B, L, H) the LSTM's cell state; zeros for the other cells.
    """

    hidden: Tensor
    memory: Tensor


class RecurrentNetwork(nn.Module):
    """A stack of recurrent layers whose every hidden state can be seen.

    `torch.nn.RNN` with `num_layers > 1` hands out the states of its top layer alone, so each layer is a module of
    its own.  With `config.residual`, layer l computes LayerNorm(input + cell(input)).
    """

    def __init__(self, features: int, config: CellConfig, members: int = 1) -> None:
        """
        Args:
            features: D, numbers at each step.
            config: cell, sizes and initialisation.
            members: networks side by side in it, see `TextConfig.members`.
        """
        super().__init__()
        self.config = config
        self.project = nn.Linear(features, config.hidden_size)
        self.cells = nn.ModuleList(_cell(config) for _ in range(config.layers))
        self.norms = nn.ModuleList(
            _norm(config.hidden_size, members) if config.residual else nn.Identity() for _ in range(config.layers)
        )
        self.dropout = nn.Dropout(config.dropout)
        initialise(self, config)

    def forward(self, inputs: Tensor, lengths: Tensor, state: State | None = None) -> tuple[Tensor, Tensor, State]:
        """Reads a batch of sequences.

        Args:
            inputs: (B, T, D), left-aligned.
            lengths: (B,) real steps of each sequence, at least 1.
            state: where to carry on from; None starts from zeros.

        Returns:
            outputs (B, T, H) of the top layer, hidden states (B, T, L, H), and the state after the last real step.
        """
        fed, hidden, state = self.read(inputs, lengths, state)
        return self._outputs(-1, fed, hidden[-1]), torch.stack(hidden, 2), state

    def read(self, inputs: Tensor, lengths: Tensor, state: State | None = None) -> tuple[Tensor, list[Tensor], State]:
        """As `forward`, without what is not needed to carry on: from what the top layer was fed no output is made, and
        the hidden states (B, T, H) of the layers are not copied together.
        """
        last = (lengths - 1)[:, None, None].expand(-1, 1, self.config.hidden_size)
        signal = self.project(inputs)
        states: list[Tensor] = []
        memories: list[Tensor] = []
        for layer, cell in enumerate(self.cells):
            if layer:
                signal = self._outputs(layer - 1, signal, states[-1])
            fed = signal if layer == 0 else self.dropout(signal)
            if self.config.cell == "lstm":
                hidden, memory = self._lstm(cell, fed, lengths, state, layer)
            else:
                start = None if state is None else state.hidden[None, :, layer].contiguous()
                hidden, _ = cell(fed, start)
                memory = torch.zeros_like(hidden[:, 0])
            states.append(hidden)
            memories.append(memory)
        final = torch.stack([hidden.gather(1, last)[:, 0] for hidden in states], 1)
        return signal, states, State(final, torch.stack(memories, 1))

    def _outputs(self, layer: int, signal: Tensor, hidden: Tensor) -> Tensor:
        """(B, T, H) of a layer that was fed `signal` and came to `hidden`."""
        return self.norms[layer](signal + hidden) if self.config.residual else hidden

    def _lstm(
        self, cell: nn.Module, fed: Tensor, lengths: Tensor, state: State | None, layer: int
    ) -> tuple[Tensor, Tensor]:
        """Hidden states (B, T, H) and the cell state (B, H) after each sequence's own last step.

        `nn.LSTM` returns cell states at the end only, so ragged batches are packed.
        """
        start = None if state is None else tuple(part[None, :, layer].contiguous() for part in state)
        packed = nn.utils.rnn.pack_padded_sequence(fed, lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed_hidden, (_, memory) = cell(packed, start)
        hidden, _ = nn.utils.rnn.pad_packed_sequence(packed_hidden, batch_first=True, total_length=fed.shape[1])
        return hidden, memory[0]


def _norm(size: int, members: int) -> nn.Module:
    return nn.LayerNorm(size) if members == 1 else MemberNorm(size, members)


class MemberNorm(nn.LayerNorm):
    """Layer normalisation (Ba et al. 2016) of each member's share of the units by itself."""

    def __init__(self, size: int, members: int) -> None:
        """
        Args:
            size: H, units of all members.
            members: K.
        """
        super().__init__(size)
        self.members = members

    def forward(self, inputs: Tensor) -> Tensor:
        """(..., H) -> (..., H)."""
        share = inputs.unflatten(-1, (self.members, -1))
        return nn.functional.layer_norm(share, share.shape[-1:]).flatten(-2) * self.weight + self.bias


def _cell(config: CellConfig) -> nn.Module:
    size = config.hidden_size
    if config.cell == "rnn":
        return nn.RNN(size, size, nonlinearity=config.activation, batch_first=True)
    return (nn.GRU if config.cell == "gru" else nn.LSTM)(size, size, batch_first=True)


def initialise(network: RecurrentNetwork, config: CellConfig) -> None:
    """Sets weights and biases by the scheme named in `config` (see `CellConfig.initialisation`)."""
    if config.initialisation == "torch":
        return
    for cell in network.cells:
        for name, parameter in cell.named_parameters():
            if name.startswith("bias"):
                nn.init.zeros_(parameter)
            elif name.startswith("weight_ih"):
                for gate in parameter.split(config.hidden_size):
                    nn.init.xavier_uniform_(gate)
            else:
                for gate in parameter.split(config.hidden_size):
                    _initialise_recurrent(gate, config.initialisation)
        if config.cell == "lstm":
            # torch orders the gates input, forget, cell, output, and adds two bias vectors
            nn.init.constant_(cell.get_parameter("bias_ih_l0").split(config.hidden_size)[1], config.forget_bias)
    nn.init.xavier_uniform_(network.project.weight)
    nn.init.zeros_(network.project.bias)


def _initialise_recurrent(matrix: Tensor, scheme: str) -> None:
    if scheme == "identity":
        nn.init.eye_(matrix)
    elif scheme == "orthogonal":
        nn.init.orthogonal_(matrix)
    else:
        nn.init.xavier_uniform_(matrix)


class ForecastInputs(NamedTuple):
    """What the forecast network reads, made by `rnn_model.encode`.

    Attributes:
        past: (B, T, D) features of the last steps, left-aligned.
        lengths: (B,) real steps in `past`.
        ahead: (B, K, E) features of the steps ahead.
        forecasts: (B, K, F) classical point forecasts, in scaled units.
        evidence: (B, F) logarithms of their weights.
        spread: (B, K) expected error of their mean, in scaled units, positive.
        high_frequency: (B,) bool, see `rnn_model.filters.high_frequency`.
    """

    past: Tensor
    lengths: Tensor
    ahead: Tensor
    forecasts: Tensor
    evidence: Tensor
    spread: Tensor
    high_frequency: Tensor

    @property
    def centre(self) -> Tensor:
        """(B, K) weighted mean of the classical forecasts."""
        return self.weighted(self.evidence[:, None])

    def weighted(self, evidence: Tensor) -> Tensor:
        """(B, K) their mean with weights whose logarithms are (B, K, F), or (B, 1, F) for all steps alike."""
        return (evidence.softmax(2) * self.forecasts).sum(2)


class ForecastNetwork(nn.Module):
    """Reads the history with one recurrent stack, walks the horizon with another, and gives quantiles.

        centre = sum over f of softmax(evidence + shrinkage * adjustment)[f] * forecast[f]
        quantiles = centre + spread * (shrinkage * median offset +/- widening * cumulative positive gaps)

    The classical forecasts are weighed anew at each step ahead, and quantiles cannot cross.  Before training the
    adjustment is zero and the offsets are those of a normal distribution, so it starts as the classical forecast.
    """

    def __init__(self, past_features: int, ahead_features: int, config: ForecastConfig) -> None:
        """
        Args:
            past_features: D of `ForecastInputs.past`.
            ahead_features: E of `ForecastInputs.ahead`.
            config: levels, classical forecasts and the two stacks.
        """
        super().__init__()
        self.encoder = None if config.encoder is None else RecurrentNetwork(past_features, config.encoder)
        self.decoder = RecurrentNetwork(ahead_features, config.decoder)
        self.weigh = nn.Linear(config.decoder.hidden_size, len(config.families) + len(config.log_families))
        self.head = nn.Linear(config.decoder.hidden_size, len(config.levels))
        self.widening = self.widening_high_frequency = config.widening
        if config.widening_high_frequency is not None:
            self.widening_high_frequency = config.widening_high_frequency
        self.shrinkage = self.shrinkage_high_frequency = config.shrinkage
        if config.shrinkage_high_frequency is not None:
            self.shrinkage_high_frequency = config.shrinkage_high_frequency
        self.levels: Tensor
        self.register_buffer("levels", torch.tensor(config.levels), persistent=False)
        for last in (self.weigh, self.head):
            nn.init.zeros_(last.weight)
        nn.init.zeros_(self.weigh.bias)
        with torch.no_grad():
            self.head.bias.copy_(_normal_offsets(config.levels))

    def forward(self, inputs: ForecastInputs) -> tuple[Tensor, Tensor | None]:
        """Quantiles (B, K, Q) in scaled units, and the encoder's hidden states (B, T, L, H), None without encoder."""
        if self.encoder is None:
            return self.ahead(inputs, None), None
        _, hidden, state = self.encoder.read(inputs.past, inputs.lengths)
        return self.ahead(inputs, state), torch.stack(hidden, 2)

    def quantiles(self, inputs: ForecastInputs) -> Tensor:
        """The first of what `forward` returns, without the second, which takes longer to copy than to compute."""
        state = None if self.encoder is None else self.encoder.read(inputs.past, inputs.lengths)[2]
        return self.ahead(inputs, state)

    def ahead(self, inputs: ForecastInputs, state: State | None) -> Tensor:
        """Quantiles (B, K, Q) in scaled units, from the state after the last step read; None starts from zeros."""
        steps = torch.full_like(inputs.lengths, inputs.ahead.shape[1])
        outputs, _, _ = self.decoder(inputs.ahead, steps, state)
        median, below, above = self.head(outputs).split(
            (1, self.head.out_features // 2, self.head.out_features // 2), 2
        )
        often = inputs.high_frequency[:, None, None]
        kept = torch.where(often, self.shrinkage_high_frequency, self.shrinkage)
        widening = torch.where(often, self.widening_high_frequency, self.widening)
        median = kept * median
        lower = median - widening * nn.functional.softplus(below).cumsum(2).flip(2)
        upper = median + widening * nn.functional.softplus(above).cumsum(2)
        offsets = torch.cat((lower, median, upper), 2)
        centre = inputs.weighted(inputs.evidence[:, None] + kept * self.weigh(outputs))
        return centre[..., None] + inputs.spread[..., None] * offsets


def _normal_offsets(levels: tuple[float, ...]) -> Tensor:
    """Head biases whose quantile offsets are those of the standard normal (softplus of a bias is a gap)."""
    upper = [NormalDist().inv_cdf(level) for level in levels if level >= 0.5]
    gaps = torch.tensor([high - low for low, high in itertools.pairwise(upper)])
    inverse = torch.expm1(gaps).log()
    return torch.cat((torch.zeros(1), inverse, inverse))


class TextInputs(NamedTuple):
    """What the text network reads, made by `rnn_model.ngrams`; steps of all texts stand one after the other.

    Attributes:
        features: (N,) buckets of the features of all steps.
        starts: (S,) where each step begins in `features`; a step may be without any.
        lengths: (B,) steps of each text, at least 1, S in all.
    """

    features: Tensor
    starts: Tensor
    lengths: Tensor


class Gathered(NamedTuple):
    """What a text network holds after the steps read so far; reading can be carried on from here.

    Attributes:
        state: of the recurrence; None without one.
        output: (B, H) of the top layer after the last step; None without recurrence.
        outputs: (B, H) their sum over the steps; None without recurrence.
        steps: (B,) their number.
        embedded: (B, E) sum of the embeddings of all features.
        features: (B,) their number.
    """

    state: State | None
    output: Tensor | None
    outputs: Tensor | None
    steps: Tensor
    embedded: Tensor
    features: Tensor


class TextNetwork(nn.Module):
    """Embeds the features of each step, reads the steps in order, and scores the classes.

    logits = W_b mean(embeddings) * n^growth + W_r [last output, mean output] + bias, with n the features read so far: a
    bag of n-grams (Joulin et al. 2017), which is sure of itself as evidence grows, and on top of it what order adds.
    Before training the recurrence adds nothing.
    """

    def __init__(self, config: TextConfig) -> None:
        """
        Args:
            config: sizes, and the recurrent layers.
        """
        super().__init__()
        self.embedding = nn.EmbeddingBag(config.buckets, config.embedding, mode="sum")
        self.bag = nn.Linear(config.embedding, len(config.labels))
        self.growth = nn.Parameter(torch.zeros(()))
        self.recurrent = (
            None if config.recurrent is None else RecurrentNetwork(config.embedding, config.recurrent, config.members)
        )
        if config.recurrent is not None:
            self.order = nn.Linear(2 * config.recurrent.hidden_size, len(config.labels), bias=False)
            nn.init.zeros_(self.order.weight)
        nn.init.normal_(self.embedding.weight, std=config.embedding**-0.5)

    def forward(self, inputs: TextInputs, before: Gathered | None = None) -> tuple[Tensor, Gathered, Tensor | None]:
        """Reads a batch of texts.

        Args:
            inputs: steps of the texts.
            before: what was read of them already; None starts anew.

        Returns:
            logits (B, C) after the last step, what to carry on from, and hidden states (B, T, L, H), None without
            recurrence.
        """
        return self.read(self.embedding(inputs.features, inputs.starts), inputs, before)

    def read(
        self, steps: Tensor, inputs: TextInputs, before: Gathered | None = None
    ) -> tuple[Tensor, Gathered, Tensor | None]:
        """As `forward`, from the embedded steps (S, E): a place to ask how the logits depend on each of them."""
        embedded, count = self.padded(steps, inputs)
        gathered = Gathered(None, None, None, inputs.lengths, embedded.sum(1), count.sum((1, 2)))
        hidden = None
        if self.recurrent is not None:
            state = None if before is None else before.state
            outputs, hidden, state = self.recurrent(embedded / count.clamp(min=1), inputs.lengths, state)
            last = (inputs.lengths - 1)[:, None, None].expand(-1, 1, outputs.shape[2])
            real = torch.arange(outputs.shape[1], device=outputs.device)[None] < inputs.lengths[:, None]
            summed = (outputs * real[..., None]).sum(1)
            gathered = gathered._replace(state=state, output=outputs.gather(1, last)[:, 0], outputs=summed)
        if before is not None:
            gathered = _carried_on(before, gathered)
        return self.logits(gathered), gathered, hidden

    def padded(self, steps: Tensor, inputs: TextInputs) -> tuple[Tensor, Tensor]:
        """Sum of the embeddings (B, T, E) and number of the features (B, T, 1) of each step, zeros after the last."""
        held = torch.diff(inputs.starts, append=inputs.starts.new_tensor([len(inputs.features)]))
        counted = held[:, None].to(steps.dtype)
        return self._by_text(steps, inputs.lengths), self._by_text(counted, inputs.lengths)

    def logits(self, gathered: Gathered) -> Tensor:
        """(B, C) scores of the classes, before any temperature."""
        features = gathered.features.clamp(min=1)[:, None]
        logits = self.bag(gathered.embedded / features * features**self.growth)
        if gathered.output is not None and gathered.outputs is not None:
            heard = torch.cat((gathered.output, gathered.outputs / gathered.steps[:, None]), 1)
            logits = logits + self.order(heard)
        return logits

    @staticmethod
    def _by_text(steps: Tensor, lengths: Tensor) -> Tensor:
        """(S, D) steps one after the other as (B, T, D), zeros after a text's last."""
        text = torch.arange(len(lengths), device=lengths.device).repeat_interleave(lengths)
        step = torch.arange(len(steps), device=lengths.device) - (lengths.cumsum(0) - lengths)[text]
        padded = steps.new_zeros(len(lengths), int(lengths.max()), steps.shape[1])
        return padded.index_put((text, step), steps)


def _carried_on(before: Gathered, after: Gathered) -> Gathered:
    """Sums over both parts; what stands at the end is that of the later one."""
    outputs = after.outputs
    if outputs is not None and before.outputs is not None:
        outputs = outputs + before.outputs
    return after._replace(
        outputs=outputs,
        steps=before.steps + after.steps,
        embedded=before.embedded + after.embedded,
        features=before.features + after.features,
    )
