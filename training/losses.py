"""Training losses; each names the axes it averages over."""

from __future__ import annotations

import torch
from torch import Tensor


def pinball(quantiles: Tensor, targets: Tensor, levels: Tensor) -> Tensor:
    """Quantile loss (Koenker & Bassett 1978) of each series, averaged over the steps ahead K and the levels Q.

    Args:
        quantiles: (B, K, Q).
        targets: (B, K); nan where missing, those steps do not count.
        levels: (Q,).

    Returns:
        (B,) in the unit of the targets, 0 where no target is known; lower is better.
    """
    known = ~targets.isnan()
    error = torch.where(known, targets, 0.0)[..., None] - quantiles
    loss = torch.maximum(levels * error, (levels - 1) * error).mean(2)
    return torch.where(known, loss, 0.0).sum(1) / known.sum(1).clamp(min=1)
