"""A thread of its own for what runs an event loop: the browser of other tests keeps one running in the main thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def apart(function: Callable[[], Result]) -> Result:
    """What `function` returns or raises there."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()
