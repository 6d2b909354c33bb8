"""What is freed serves the next operation: batches of forecasts come to take hardly a page from the system."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = """
import resource, torch
from rnn_model import forecast_many, load
from training.speed import invented
torch.set_num_threads(1)
model, series = load("weights/forecast"), invented(256)
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
found = []
for _ in range(14):
    before = faults()
    forecast_many(model, series, 24, 12)
    found.append(faults() - before)
print(min(found[-5:]))
"""


def test_memory_that_was_freed_is_not_asked_for_again() -> None:
    said = subprocess.run([sys.executable, "-c", PAGES], check=True, capture_output=True, text=True, cwd=ROOT)
    assert int(said.stdout) < 400, "a batch that gives its memory back takes some ten thousand pages of 4 kB"
