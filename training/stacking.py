"""Recurrent networks side by side on top of a bag of n-grams, weighed by rows that those which judge them never saw

Trained on the answers of a bag that was fitted to the same rows, a recurrence finds nothing left to learn but noise.
So a few small networks, the members, learn by themselves, each without another part of the rows; on that part it is
judged, beside a bag fitted without it.  All rows together then tell how much the order of words adds, if anything
(stacked generalisation: Wolpert 1992; members kept as an ensemble: Breiman 1996).

Networks whose logits are weighed and added are one network: embeddings side by side, recurrent matrices in blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from rnn_model.classifier import inputs_of
from rnn_model.config import TextConfig
from rnn_model.network import Gathered, TextInputs, TextNetwork
from rnn_model.ngrams import Steps
from training.classifying import honest_temperature
from training.config import TrainConfig
from training.lengths import Epochs
from training.regression import GROWTH
from training.text_batches import thinned

RARE = 0  # row of a member's embedding for all features that are too rare to learn from: always zero
MOST_FEATURES = 20_000  # the most frequent ones, learnt from
LEAST_TEXTS = 2  # that hold a feature
DROPPED, SKIPPED = 0.4, 0.2  # shares of the features, and of whole steps, left out of a training text
HEAD_DROPPED = 0.5  # share of what the head reads that is zeroed while training
SMOOTHING = 0.05  # share of the target spread over all classes (Szegedy et al. 2016)
MOST_WEIGHT = 10.0
TOGETHER = 256  # texts answered at once


class PartBatch(NamedTuple):
    """What a training step of the members needs.

    Attributes:
        inputs: of every member.
        labels: (B,) index of each text's class.
        parts: (B,) the part each text belongs to, which the member of that number must not learn from.
    """

    inputs: TextInputs
    labels: Tensor
    parts: Tensor


class Weights(NamedTuple):
    """What logits are multiplied by before they are added: those of the bag, and the mean of the members'."""

    bag: float
    order: float


class Members(nn.Module):
    """K text networks without a say of the bag: what they know, they know by reading in order."""

    def __init__(self, config: TextConfig, features: int, members: int, shares: np.ndarray) -> None:
        """
        Args:
            config: of each member; its buckets are replaced.
            features: V, those learnt from, counted from 1.
            members: K.
            shares: (C,) of the rows, by class, all above 0: what a member says before it has learnt anything.
        """
        super().__init__()
        small = replace(config, buckets=max(features + 1, 2))
        self._networks = nn.ModuleList(TextNetwork(small) for _ in range(members))
        for network in self.networks:
            network.embedding.padding_idx = RARE
            with torch.no_grad():
                network.embedding.weight[RARE] = 0
                network.bag.weight.zero_()
                network.bag.bias.copy_(torch.from_numpy(np.log(shares)))
                network.growth.fill_(GROWTH)
                nn.init.normal_(network.order.weight, std=0.1)
            network.bag.weight.requires_grad_(False)
            network.growth.requires_grad_(False)

    @property
    def networks(self) -> list[TextNetwork]:
        """The members, by number."""
        return list(self._networks)  # type: ignore[arg-type]

    def forward(self, inputs: TextInputs) -> Tensor:
        """(B, K, C) logits of every member."""
        return torch.stack([self._answer(network, inputs) for network in self.networks], 1)

    def _answer(self, network: TextNetwork, inputs: TextInputs) -> Tensor:
        logits, gathered, _ = network(inputs)
        if not self.training:
            return logits
        return network.logits(_dropped(gathered))


def _dropped(gathered: Gathered) -> Gathered:
    """With a share of what the head reads of the recurrence zeroed."""
    assert gathered.output is not None, "a member has a recurrence"
    assert gathered.outputs is not None, "a member has a recurrence"
    return gathered._replace(
        output=nn.functional.dropout(gathered.output, HEAD_DROPPED),
        outputs=nn.functional.dropout(gathered.outputs, HEAD_DROPPED),
    )


def common(steps: Steps, buckets: int) -> np.ndarray:
    """(buckets,) for each feature its row in a member's embedding, from 1, or RARE.

    Args:
        steps: of the texts to learn from.
        buckets: V of the hash.
    """
    firsts = np.concatenate(([0], np.cumsum(steps.lengths)))
    ends = np.append(steps.starts, len(steps.features))[firsts]
    texts = np.repeat(np.arange(len(steps.lengths)), np.diff(ends))
    held = np.bincount(np.unique(texts * buckets + steps.features) % buckets, minlength=buckets)
    chosen = np.argsort(-held, kind="stable")[:MOST_FEATURES]
    chosen = np.sort(chosen[held[chosen] >= LEAST_TEXTS])
    rows = np.full(buckets, RARE)
    rows[chosen] = np.arange(1, len(chosen) + 1)
    return rows


def loss_of_members(members: Members, batch: PartBatch) -> Tensor:
    """(B,) cross-entropy of each text, mean over the members that may learn from it."""
    likelihood = members(batch.inputs).log_softmax(2)
    count = likelihood.shape[1]
    named = likelihood.gather(2, batch.labels[:, None, None].expand(-1, count, 1))[..., 0]
    losses = -(1 - SMOOTHING) * named - SMOOTHING * likelihood.mean(2)
    allowed = batch.parts[:, None] != torch.arange(count, device=batch.parts.device)
    return (losses * allowed).sum(1) / (count - 1)


class PartBatches(Dataset[PartBatch]):
    """Item `step` is the batch of that step: rows of similar length, each once an epoch."""

    def __init__(self, steps: Steps, labels: np.ndarray, parts: np.ndarray, recipe: TrainConfig) -> None:
        """
        Args:
            steps: of N texts, features as rows of the members' embeddings.
            labels: (N,) their classes.
            parts: (N,) the part each belongs to.
            recipe: its seed, batch and steps.
        """
        self.texts, self.labels, self.parts, self.recipe = steps, labels, parts, recipe
        self.epochs = Epochs(steps.lengths, recipe.batch, recipe.seed)

    def __len__(self) -> int:
        return self.recipe.steps

    def __getitem__(self, step: int) -> PartBatch:
        rows = self.epochs[step]
        rng = np.random.default_rng((self.recipe.seed, step))
        inputs = thinned(self.texts.of(rows), rng, DROPPED, SKIPPED)
        return PartBatch(inputs, torch.from_numpy(self.labels[rows]), torch.from_numpy(self.parts[rows]))


class HeldOut:
    """How the members do on rows that they have not seen; lower is better."""

    def __init__(self, steps: Steps, labels: np.ndarray, parts: np.ndarray, most_seen: int) -> None:
        """
        Args:
            steps, labels, parts: as in `PartBatches`.
            most_seen: rows that the accuracy on learnt rows is measured on.
        """
        self.texts, self.labels, self.parts = steps, labels, parts
        self.seen = np.arange(0, len(labels), -(-len(labels) // most_seen))

    @torch.inference_mode()
    def logits(self, members: Members, rows: np.ndarray, who: np.ndarray) -> np.ndarray:
        """(R, C) what member `who` (R,) says of each row (R,)."""
        members.eval()
        found = np.empty((len(rows), members.networks[0].bag.out_features))
        for number, network in enumerate(members.networks):
            asked = np.flatnonzero(who == number)
            asked = asked[np.argsort(self.texts.lengths[rows[asked]], kind="stable")]
            for start in range(0, len(asked), TOGETHER):
                some = asked[start : start + TOGETHER]
                found[some] = network(inputs_of(self.texts.of(rows[some])))[0].numpy()
        return found

    def unseen(self, members: Members) -> np.ndarray:
        """(N, C) logits of every row by the member that did not learn from it."""
        return self.logits(members, np.arange(len(self.labels)), self.parts)

    def __call__(self, members: Members) -> float:
        """Mean cross-entropy of `unseen` at its best temperature: how sure they are will be set by such rows."""
        return honest_temperature([(torch.from_numpy(self.unseen(members)), torch.from_numpy(self.labels))])[1]

    def accuracies(self, members: Members) -> tuple[float, float]:
        """Shares of rows got right by a member that learnt from them, and by the one that did not."""
        other = (self.parts[self.seen] + 1) % len(members.networks)
        learnt = self.logits(members, self.seen, other).argmax(1) == self.labels[self.seen]
        held_out = self.unseen(members).argmax(1) == self.labels
        return float(learnt.mean()), float(held_out.mean())


def weights_of(bag: np.ndarray, order: np.ndarray, labels: np.ndarray) -> Weights:
    """The weights, not negative, of the lowest cross-entropy.

    Args:
        bag, order: logits (N, C) by networks that did not learn from the row.
        labels: (N,) classes.
    """
    from scipy.optimize import minimize

    logits, classes = torch.from_numpy(np.stack((bag, order))), torch.from_numpy(labels)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        given = torch.tensor(weights, requires_grad=True)
        value = nn.functional.cross_entropy((given[:, None, None] * logits).sum(0), classes)
        value.backward()
        return value.item(), given.grad.numpy()  # type: ignore[union-attr]

    found = minimize(loss, [1.0, 0.1], jac=True, bounds=[(0.0, MOST_WEIGHT)] * 2)  # convex, so from anywhere
    return Weights(*found.x.tolist())


def member_config(config: TextConfig) -> TextConfig:
    """Of one member: as asked for, but with a quarter of the embedding, which is most of a checkpoint."""
    return replace(config, embedding=max(config.embedding // 4, 1))


def stacked_config(config: TextConfig, members: int) -> TextConfig:
    """Of the bag and the members, each of `config`, as one network."""
    assert config.recurrent is not None, "a member has a recurrence"
    return replace(
        config,
        embedding=len(config.labels) + members * config.embedding,
        recurrent=replace(config.recurrent, hidden_size=members * config.recurrent.hidden_size),
        members=members,
    )


@torch.no_grad()
def stacked(bag: TextNetwork, members: Members, weights: Weights, rows: np.ndarray, config: TextConfig) -> TextNetwork:
    """One network whose logits are the bag's and the mean of the members', weighed and added.

    Args:
        bag: without recurrence, with as many numbers for a feature as classes.
        members: trained.
        weights: of both.
        rows: from `common`.
        config: from `stacked_config`.
    """
    with torch.random.fork_rng(devices=[]):
        network = TextNetwork(config)
    parts = members.networks
    share = weights.order / len(parts)
    classes = len(config.labels)
    known = np.flatnonzero(rows != RARE)

    network.embedding.weight.zero_()
    network.embedding.weight[:, :classes] = bag.embedding.weight
    network.embedding.weight[known, classes:] = torch.cat([part.embedding.weight[rows[known]] for part in parts], 1)
    network.bag.weight.zero_()
    network.bag.weight[:, :classes] = weights.bag * bag.bag.weight
    network.bag.bias.copy_(weights.bag * bag.bag.bias + share * sum(part.bag.bias for part in parts))
    network.growth.copy_(bag.growth)
    heads = [part.order.weight.unflatten(1, (2, -1)) for part in parts]
    network.order.weight.copy_(share * torch.cat(heads, 2).flatten(1))

    whole, *stacks = (part.recurrent for part in (network, *parts) if part.recurrent is not None)
    whole.project.weight.zero_()
    whole.project.weight[:, classes:] = torch.block_diag(*(stack.project.weight for stack in stacks))
    whole.project.bias.copy_(torch.cat([stack.project.bias for stack in stacks]))
    for layer, cell in enumerate(whole.cells):
        for name, parameter in cell.named_parameters():
            parameter.copy_(_side_by_side([stack.cells[layer].get_parameter(name) for stack in stacks], config))
    for layer, norm in enumerate(whole.norms):
        for name, parameter in norm.named_parameters():
            parameter.copy_(torch.cat([stack.norms[layer].get_parameter(name) for stack in stacks]))
    return network.eval().requires_grad_(False)


def _side_by_side(parts: Sequence[Tensor], config: TextConfig) -> Tensor:
    """Weights of K cells, gates below each other, as those of one cell in which they do not touch."""
    assert config.recurrent is not None
    size = config.recurrent.hidden_size // config.members
    gates = zip(*(part.split(size) for part in parts), strict=True)
    if parts[0].ndim == 1:
        return torch.cat([torch.cat(gate) for gate in gates])
    return torch.cat([torch.block_diag(*gate) for gate in gates])
