"""A training run in a thread of its own, followed from outside, ended when asked to or when its time is up"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import TypeVar

from rnn_model.records import History

Result = TypeVar("Result")
Watch = Callable[[History], bool]


def followed(
    fit: Callable[[Watch], Result], stop: threading.Event, seconds: float
) -> Iterator[tuple[History | None, Result | None]]:
    """Learning curves as they grow, the latest only when several came at once, and at last the result.

    Closing the iterator ends the run where it asks next whether to go on, and waits for that.

    Args:
        fit: given what to call with the learning curve so far, as often as can be, which says whether to go on.
        stop: set it to end the run.
        seconds: after which it ends.

    Yields:
        (curve, None) again and again, then (None, result).

    Raises:
        Exception: what `fit` raised.
    """
    told: SimpleQueue[tuple[History | None, Result | None, Exception | None]] = SimpleQueue()
    deadline = time.monotonic() + seconds
    left = threading.Event()
    latest: History | None = None

    def watch(history: History) -> bool:
        nonlocal latest
        if history != latest:
            latest = history
            told.put((history, None, None))
        return not (stop.is_set() or left.is_set()) and time.monotonic() < deadline

    def work() -> None:
        try:
            told.put((None, fit(watch), None))
        except Exception as error:  # carried to the thread that follows
            told.put((None, None, error))

    thread = threading.Thread(target=work, name="training", daemon=True)
    thread.start()
    try:
        while True:
            curve, result, error = told.get()
            while curve is not None and not told.empty():
                curve, result, error = told.get()
            if error is not None:
                raise error
            yield curve, result
            if curve is None:
                return
    finally:
        left.set()
        thread.join()
