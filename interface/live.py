"""A training run in a thread of its own, followed from outside, ended when asked to or when its time is up"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import TypeVar

from rnn_model.records import History

Result = TypeVar("Result")
Watch = Callable[[History], bool]

PAUSE = 1.0  # seconds between two curves at least
SHARE = 0.1  # of the time of a run, that may go into drawing it


def followed(
    fit: Callable[[Watch], Result], stop: threading.Event, seconds: float
) -> Iterator[tuple[History | None, Result | None]]:
    """Learning curves as they grow, the latest only when several came since the one before, and at last the result.

    A curve costs its drawing, which is done in the time of the run: the next one comes when PAUSE has passed, and when
    what was spent on this one is no more than SHARE of the time since.  The result waits for nothing.

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
    due = time.monotonic()
    try:
        while True:
            curve, result, error = told.get()
            while curve is not None:
                try:
                    curve, result, error = told.get(timeout=max(due - time.monotonic(), 0.0))
                except Empty:
                    break
            if error is not None:
                raise error
            given = time.monotonic()
            yield curve, result
            if curve is None:
                return
            drawn = time.monotonic()
            due = drawn + max(PAUSE, (drawn - given) * (1 / SHARE - 1))
    finally:
        left.set()
        thread.join()
