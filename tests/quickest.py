"""How long a piece of work takes, whatever else the machine is doing."""

from __future__ import annotations

import time
from collections.abc import Callable


def quickest(work: Callable[[], object], repeats: int = 3) -> float:
    """The least processor time, in seconds, that ``work`` took of this thread: others' load can only add to it."""

    def once() -> float:
        began = time.thread_time()
        work()
        return time.thread_time() - began

    return min(once() for _ in range(repeats))
