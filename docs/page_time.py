"""python docs/page_time.py: how long the page takes to answer 144 values -> 24 in full, and where the time goes."""

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
from interface.sections import check, downloads, inside, mattered, picture  # noqa: E402
from rnn_model import backtest, explain, forecast, load, read  # noqa: E402
from rnn_model.backtest import known  # noqa: E402
from rnn_model.plots import forecast_figure  # noqa: E402
from rnn_model.report import forecast_csv  # noqa: E402

REPEATS = 11


def median_ms(work: Callable[[], object]) -> np.ndarray:
    """(2,) median clock and processor time of a piece of work, after one run to warm up, in milliseconds."""
    work()
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter(), time.thread_time()
        work()
        times.append((time.perf_counter() - began[0], time.thread_time() - began[1]))
    return 1000 * np.median(times, axis=0)


def main() -> int:
    torch.set_num_threads(1)
    model, classifier = load(ROOT / app.FORECASTER), load(ROOT / app.CLASSIFIER)
    text = json.loads((ROOT / "interface" / "examples.json").read_text(encoding="utf-8"))[0]["text"]
    series = read(text).series[0]
    made, checked, trace = (work(model, series, 24) for work in (forecast, backtest, explain))
    parts: dict[str, Callable[[], object]] = {
        "reading": lambda: read(text),
        "forecast": lambda: forecast(model, series, 24),
        "back-test": lambda: backtest(model, series, 24),
        "gradient": lambda: explain(model, series, 24),
        "picture of the forecast": lambda: picture(lambda narrow: forecast_figure(made, narrow=narrow), ""),
        "its downloads": lambda: downloads("forecast", forecast_csv(made)),
        "section: check": lambda: check(checked),
        "section: what mattered": lambda: mattered(trace),
        "section: inside": lambda: inside(trace),
    }
    for name, work in parts.items():
        print("{:26} {:7.0f} ms, of them processor {:5.0f} ms".format(name, *median_ms(work)))
    whole = median_ms(lambda: answer(model, text, None, 24, None, 0.8, Chosen()))
    print("{:26} {:7.0f} ms, of them processor {:5.0f} ms".format("the whole answer", *whole))
    sentence = median_ms(lambda: classified(classifier, EXAMPLES[1][1]))
    print("{:26} {:7.0f} ms, of them processor {:5.0f} ms".format("a sentence classified", *sentence))
    moment = median_ms(lambda: forecast(model, known(series, 120), 24))
    print("{:26} {:7.0f} ms, of them processor {:5.0f} ms".format("one more value, full pass", *moment))
    return 0 if whole[0] < 1000 else 1


if __name__ == "__main__":
    sys.exit(main())
