"""What the Train tab shows before a visitor trained anything: a small run of an example, made when first looked at"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from interface.train import texts, view
from interface.train.choices import NOTHING, TEXTS, usual
from interface.train.given import Given
from interface.train.runs import finished

EXAMPLE = "Polite or rude"
STEPS, UNITS = 120, 32  # enough to learn by heart what is noise, and few seconds
WAITING = (
    '<p class="said">Choose a table, then Train: the curves grow here while the network learns; then they are judged '
    "in words, and it is tested beside simpler methods.</p>"
    '<p class="hint">A small example is being trained, so that you can see one …</p>'
)


def is_made() -> bool:
    """Whether `made` would take no time."""
    return made.cache_info().currsize > 0


@cache
def made() -> str:
    """A run of an example from nothing: its curves, what they say, and how it did on the test rows."""
    from training.toy_texts import TOYS, as_csv

    rows, _ = TOYS[EXAMPLE]
    chosen = replace(usual(TEXTS, NOTHING), steps=STEPS, hidden_size=UNITS)
    curves, run = finished(texts.asked(Given(f"{EXAMPLE}.csv", as_csv(rows())), chosen))
    assert run.outcome is not None, "a run that breaks raises"
    said = (
        "Choose a table, then Train: your own run takes this place. What you see is an example, “"
        f"{EXAMPLE}”, trained on this server from nothing, with {UNITS} hidden units for {STEPS} steps."
    )
    return f'<p class="said">{said}</p>{curves}{view.verdicts(run.found)}{run.outcome.results}'
