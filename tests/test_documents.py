"""What docs/how-it-works.md and CONTRIBUTING.md say of the code is so: names, quoted lines, equations, pictures."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from rnn_model import encode, filters, seasonality, unroll
from rnn_model.classifier import inputs_of
from rnn_model.ngrams import prepared, steps_of

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "docs" / "how-it-works.md", ROOT / "CONTRIBUTING.md"]
FIGURES = ROOT / "docs" / "figures"
LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s]+)\)")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
TOLERANCE = 0.6  # points; what another processor's rounding may move a line by


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def names_in(path: Path) -> frozenset[str]:
    """What a module defines: functions, classes, constants, and `Class.member` for methods and fields."""
    found = set()
    for node in ast.parse(text_of(path)).body:
        found |= _defined(node)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}" for part in node.body for name in _defined(part)}
    return frozenset(found)


def _defined(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return {name.id for name in names if isinstance(name, ast.Name)}


def mistakes(document: str, folder: Path) -> list[str]:
    """Links that lead nowhere, names that are not defined where they are said to be, and lines that are not there.

    A link whose text is code names what its file defines, a path of its own, or a piece of the file.  A block of Python
    is quoted from the file that was linked last.
    """
    found = []
    quoted = folder
    for piece in re.split(r"(```\w*\n.*?```)", document, flags=re.DOTALL):
        if piece.startswith("```"):
            lines = piece.split("\n")[1:-1] if piece.startswith("```python") else []
            held = {line.split("  #")[0].strip() for line in text_of(quoted).splitlines()} if lines else set()
            found += [f"not in {quoted.name}: {line}" for line in lines if line.strip() not in held]
            continue
        for said, target in LINK.findall(piece):
            path = folder / target
            if target.startswith("https://"):
                continue
            if not path.exists():
                found.append(f"no such file: {target}")
                continue
            quoted = path if path.suffix == ".py" else quoted
            name = said.strip("`")
            if said.startswith("`") and not path.resolve().as_posix().endswith(f"/{name.rstrip('/')}"):
                known = name in names_in(path) if name.replace(".", "_").isidentifier() else name in text_of(path)
                found += [] if known else [f"{name} is not in {target}"]
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_names_links_and_quoted_lines_are_those_of_the_code(path):
    assert mistakes(text_of(path), path.parent) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "[`no_such_step`](../rnn_model/unroll.py)",
        "[`CellConfig.colour`](../rnn_model/config.py)",
        "[`PRIOR = 9.0`](../rnn_model/calibration.py)",
        "[a page](nowhere.md)",
        "![a picture](figures/nothing.svg)",
        "[`unroll`](../rnn_model/unroll.py)",
        "[x](../rnn_model/unroll.py)\n```python\nr = torch.tanh(x_r + h_r)\n```",
    ],
)
def test_a_mistake_is_found(wrong):
    assert mistakes(f"{wrong}\n", ROOT / "docs")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_formulas_are_whole(path):
    for formula in re.findall(r"```math\n(.*?)```", text_of(path), re.DOTALL):
        assert formula.count("{") == formula.count("}")
        assert len(re.findall(r"\\left\b", formula)) == len(re.findall(r"\\right\b", formula))
        assert re.findall(r"\\begin\{(\w+)\}", formula) == re.findall(r"\\end\{(\w+)\}", formula)[::-1]
    outside = re.sub(r"```.*?```", "", text_of(path), flags=re.DOTALL)
    assert [line for line in outside.splitlines() if line.count("$") % 2] == []  # GitHub takes a broken one for text


# Pictures


@pytest.fixture(scope="module")
def drawn(script):
    return script("figures").pictures()


def test_every_picture_is_shown_and_no_other_lies_there(drawn):
    shown = re.findall(r"!\[[^\]]+\]\(figures/([^)]+)\)", text_of(DOCUMENTS[0]))

    assert sorted(shown) == sorted(drawn)
    assert {path.name for path in FIGURES.iterdir()} == set(drawn)


def test_the_pictures_are_those_of_the_packaged_weights(drawn):
    """Text and order must be the same; places may differ by what another processor rounds, and the hidden units are
    ordered by a decomposition whose signs are free, so their image is not compared."""
    for name, picture in drawn.items():
        kept = text_of(FIGURES / name)
        (now, then), (places, before) = zip(*(_taken_apart(one) for one in (picture, kept)), strict=True)
        assert now == then, f"{name}: run make pictures"
        np.testing.assert_allclose(places, before, atol=TOLERANCE, rtol=0, err_msg=f"{name}: run make pictures")


def _taken_apart(picture: str) -> tuple[str, list[float]]:
    """What a picture says and how it is built, and the numbers in it."""
    plain = re.sub(r"data:image/png;base64,[^\"]+", "", picture)
    plain = re.sub(r"<!--.*?-->", "", plain)
    plain = re.sub(r"(?<=[\"#])(m|p|image)[0-9a-f]{10}(?=[\")])", r"\1", plain)  # ids are hashes of places
    return NUMBER.sub("#", plain), [float(number) for number in NUMBER.findall(plain)]


def test_a_picture_follows_the_readers_theme_and_reaches_for_nothing(drawn):
    for name, picture in drawn.items():
        assert "prefers-color-scheme:dark" in picture, name
        assert "currentColor" in picture, name
        assert re.search(r'<svg [^>]*width="\d+"', picture), name
        assert set(re.findall(r"https?://[^\"]+", picture)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }, name


# Equations that no other test holds


def test_the_gradient_of_a_weight_is_the_sum_over_the_steps():
    torch.manual_seed(0)
    cell = torch.nn.RNN(3, 5, batch_first=True).double()
    inputs = torch.randn(1, 7, 3, dtype=torch.float64)
    states = unroll.rnn(cell, inputs)
    towards = torch.randn(1, 5, dtype=torch.float64)
    (states[:, -1] * towards).sum().backward()

    h, gradient = states.detach()[0], towards[0]
    total = torch.zeros(5, 5, dtype=torch.float64)
    for s in range(6, -1, -1):
        slope = gradient * (1 - h[s].square())
        total += torch.outer(slope, h[s - 1] if s else torch.zeros(5, dtype=torch.float64))
        gradient = slope @ cell.weight_hh_l0.detach()
    torch.testing.assert_close(cell.weight_hh_l0.grad, total)


def test_quantiles_are_made_as_written(model):
    config, network = model.forecaster
    values = np.arange(60.0) % 12 + np.arange(60.0) / 7
    scaled = encode.scale([values], [seasonality.periods(values, 12)], config.context)
    inputs = encode.inputs(scaled, 5, config)
    with torch.inference_mode():
        quantiles, _ = network(inputs)
        _, _, state = network.encoder(inputs.past, inputs.lengths)
        outputs, _, _ = network.decoder(inputs.ahead, torch.tensor([5]), state)
        offsets, adjusted = (part(outputs)[0].double().numpy() for part in (network.head, network.weigh))
    forecasts, evidence, spread = (
        part[0].double().numpy() for part in (inputs.forecasts, inputs.evidence, inputs.spread)
    )
    offsets[:, 0] *= config.shrinkage
    weights = np.exp(evidence + config.shrinkage * adjusted)
    centre = (weights / weights.sum(1, keepdims=True) * forecasts).sum(1)
    middle = len(config.levels) // 2
    gaps = np.log1p(np.exp(offsets[:, 1:]))

    for j in range(middle + 1):
        below = offsets[:, 0] - config.widening * gaps[:, :j].sum(1)
        above = offsets[:, 0] + config.widening * gaps[:, middle : middle + j].sum(1)
        np.testing.assert_allclose(quantiles[0, :, middle - j], centre + spread * below, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(quantiles[0, :, middle + j], centre + spread * above, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scaled.anchor, values.mean())
    np.testing.assert_allclose(scaled.scale, np.abs(values - values.mean()).mean())


def test_the_prior_of_growth_is_as_written():
    text = text_of(DOCUMENTS[0])
    scale, steps, seasons = map(
        float, re.search(r"\{g\}\{([.\d]+) \\sqrt\{h / m\}\}.*h = ([.\d]+) \+ ([.\d]+)\\, m", text).groups()
    )
    growth, period, doubling = 0.7, 4, 2.5
    ahead = steps + seasons * period
    written = (1 + (growth / doubling / (scale * (ahead / period) ** 0.5)) ** 2 / 3) ** -2
    prior = filters.Growth.expected(torch.tensor([period]), torch.tensor([doubling]), torch.tensor([True]))
    assert prior.after.item() == ahead
    rise, fall, twice = (
        prior.log_prior(torch.full((1, 1, 1), value)).exp().item() for value in (growth, -growth, 2 * growth)
    )
    assert rise == pytest.approx(written, rel=1e-5)
    assert fall == pytest.approx(twice, rel=1e-5), "a fall counts twice"


def test_logits_are_made_as_written(classifier):
    config, network = classifier.classifier
    steps = steps_of([prepared("Guten Morgen", config)[0]], config)
    with torch.inference_mode():
        logits, _, _ = network(inputs_of(steps))
        rows = network.embedding.weight[torch.from_numpy(steps.features)]
        v = torch.stack([part.sum(0) for part in rows.tensor_split(torch.from_numpy(steps.starts[1:]))])
        n = torch.diff(torch.from_numpy(steps.starts), append=torch.tensor([len(rows)]))
        s, _, _ = network.recurrent((v / n[:, None])[None], torch.tensor([len(v)]))
        bag = network.bag.weight @ (v.sum(0) / n.sum() * n.sum() ** network.growth) + network.bag.bias
        order = network.order.weight @ torch.cat((s[0, -1], s[0].mean(0)))
    torch.testing.assert_close(logits[0], bag + order, rtol=1e-4, atol=1e-4)
