"""How the C library treats memory that is freed."""

from __future__ import annotations

from functools import lru_cache

import torch

KEPT = 31 * 2**20  # bytes; the GNU library's rule ends at 32 MiB


@lru_cache(maxsize=1)
def keep_freed_memory() -> None:
    """Lets what one operation frees serve the next.

    The GNU C library gives large pieces back to the system at once, until it saw one of such a size freed: then it
    keeps what is smaller, and twice as much in all (mallopt(3), M_MMAP_THRESHOLD).  Being given pages anew takes a
    fifth of the time of a batch of forecasts.  Elsewhere this does nothing.
    """
    torch.empty(KEPT, dtype=torch.uint8)
