"""python docs/page_time.py: what an answer of the page costs, part by part, without the network between."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import app  # noqa: E402 - the repository is not installed as a package
from interface.answer import Chosen, answer  # noqa: E402
from interface.classify_tab import EXAMPLES  # noqa: E402
from interface.classify_tab import answer as classified  # noqa: E402
from interface.sections import Asked, picture, section  # noqa: E402
from rnn_model import backtest, classify, explain, forecast, load, read  # noqa: E402
from rnn_model.attribution import hidden_states  # noqa: E402
from rnn_model.backtest import known  # noqa: E402
from rnn_model.plots import forecast_figure  # noqa: E402
from rnn_model.plots_text import belief_figure, hidden_figure  # noqa: E402

REPEATS = 11
WHOLE = "the whole answer"


def median_ms(work: Callable[[], object]) -> np.ndarray:
    """(2,) median clock and processor time of a piece of work, after one run to warm up, in milliseconds."""
    work()
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter(), time.thread_time()
        work()
        times.append((time.perf_counter() - began[0], time.thread_time() - began[1]))
    return 1000 * np.median(times, axis=0)


def parts() -> dict[str, dict[str, Callable[[], object]]]:
    """What is done for a forecast, for the sections below it when they are opened, and for a classified sentence."""
    torch.set_num_threads(1)
    model, classifier = load(ROOT / app.FORECASTER), load(ROOT / app.CLASSIFIER)
    text = json.loads((ROOT / "interface" / "examples.json").read_text(encoding="utf-8"))[0]["text"]
    series = read(text).series[0]
    made, checked = forecast(model, series, 24), backtest(model, series, 24)
    asked = Asked(series, 24, None, checked)
    sentence = EXAMPLES[1][1]
    found, hidden = classify(classifier, sentence), hidden_states(classifier, sentence)
    return {
        "a forecast": {
            "reading": lambda: read(text),
            "forecast": lambda: forecast(model, series, 24),
            "back-test": lambda: backtest(model, series, 24),
            "pictures": lambda: picture(lambda narrow: forecast_figure(made, narrow=narrow), ""),
            WHOLE: lambda: answer(model, text, None, 24, None, 0.8, Chosen()),
        },
        "the sections below": {
            "how it did": lambda: section("checked", model, asked),
            "gradient": lambda: explain(model, series, 24),
            "what mattered": lambda: section("mattered", model, asked),
            "inside": lambda: section("inside", model, asked),
            "one more value, full pass": lambda: forecast(model, known(series, 120), 24),
        },
        "a sentence classified": {
            "class": lambda: classify(classifier, sentence),
            "pictures": lambda: (
                picture(lambda narrow: belief_figure(found, narrow=narrow), ""),
                picture(lambda narrow: hidden_figure(hidden, found, narrow=narrow), ""),
            ),
            WHOLE: lambda: classified(classifier, sentence),
        },
    }


def shares() -> dict[str, float]:
    """Share of an answer's processor time that goes into its pictures."""
    answers = {name: named for name, named in parts().items() if WHOLE in named}
    return {name: median_ms(named["pictures"])[1] / median_ms(named[WHOLE])[1] for name, named in answers.items()}


def main() -> int:
    for name, named in parts().items():
        print(name)
        for part, work in named.items():
            print("  {:28} {:7.0f} ms, of them processor {:5.0f} ms".format(part, *median_ms(work)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
