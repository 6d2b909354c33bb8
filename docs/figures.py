"""python docs/figures.py: draws the pictures of docs/how-it-works.md, as the app does, from what is packaged."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from interface.answer import examples  # noqa: E402 - the repository is not installed as a package
from interface.classify_tab import EXAMPLES, names_of  # noqa: E402
from interface.sections import influence_words, units_in_words  # noqa: E402
from rnn_model import backtest, calibrate, classify, explain, forecast, load, read  # noqa: E402
from rnn_model.gradient_flow import gradient_flow  # noqa: E402
from rnn_model.plots import ACCENT, forecast_figure, hidden_figure, influence_figure, size_of, svg  # noqa: E402
from rnn_model.plots_text import belief_figure  # noqa: E402
from rnn_model.plots_training import gradient_figure  # noqa: E402
from rnn_model.report import describe  # noqa: E402
from rnn_model.report_text import describe_class  # noqa: E402
from training.memory_task import CELLS, HELD_OUT, RECIPE, MemoryBatches, MemoryNetwork  # noqa: E402

FOLDER = ROOT / "docs" / "figures"
DISTANCE = 60  # steps from the first one to the loss in the picture of the gradient
DRAWN = ("tanh", "relu", "relu, identity start", "tanh, torch's own start", "LSTM")  # a picture holds five lines
# GitHub shows a picture as a document of its own, which no style of the page reaches.
THEME = (
    f"<style>svg{{color:#1f2328;--forecast:{ACCENT}}}"
    "@media(prefers-color-scheme:dark){svg{color:#e6edf3;--forecast:#56b4e9}}</style>"
)


def pictures() -> dict[str, str]:
    """File name -> SVG of every picture."""
    torch.set_num_threads(1)
    drawn = {**_forecaster(), **_classifier(), "gradient": _fresh_cells()}
    return {f"{name}.svg": _file(figure, sentence) for name, (figure, sentence) in drawn.items()}


def _forecaster() -> dict[str, tuple[Figure, str]]:
    model, example = load(ROOT / "weights" / "forecast"), examples()[0]
    series = read(example.text).series[0]
    made = calibrate(forecast(model, series, example.horizon), backtest(model, series, example.horizon))
    trace = explain(model, series, example.horizon)
    return {
        "forecast": (forecast_figure(made), describe(made)),
        "influence": (influence_figure(trace), influence_words(trace)),
        "hidden-states": (hidden_figure(trace), units_in_words(trace)),
    }


def _classifier() -> dict[str, tuple[Figure, str]]:
    answer = classify(load(ROOT / "weights" / "language"), EXAMPLES[1][1])
    names = names_of(answer.labels)
    return {"belief": (belief_figure(answer, names), describe_class(answer, names))}


def _fresh_cells() -> tuple[Figure, str]:
    """The gradient that a sign at the first step of the memory task gets from a loss at the last, before training."""
    batch = MemoryBatches(DISTANCE, RECIPE.batch, HELD_OUT)[0]
    flows = []
    for name in DRAWN:
        torch.manual_seed(RECIPE.seed)
        network = MemoryNetwork(CELLS[name])

        def loss_of(last: Tensor, network: MemoryNetwork = network) -> Tensor:
            return nn.functional.cross_entropy(network.head(last), batch.signs, reduction="none")

        flows.append(gradient_flow(network.recurrent, batch.inputs, loss_of, name))
    return gradient_figure(flows), "; ".join(f"{flow.name}: {flow.verdict}" for flow in flows)


def _file(figure: Figure, sentence: str) -> str:
    """The figure as the app draws it, with a size and colours of its own."""
    document = svg(figure, sentence)
    head, _, body = document.partition(">")
    head = head.replace('width="100%"', f'width="{size_of(figure)[0]:g}"')
    return f"{head}>{THEME}{body}\n"


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    for name, picture in pictures().items():
        (FOLDER / name).write_text(picture, encoding="utf-8")
        print(f"{len(picture.encode()):>8,}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
