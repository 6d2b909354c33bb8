"""What the Models tab shows of a network: scores, where it is weak, what it foretold, how it learnt, and its card"""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Any

from markdown_it import MarkdownIt

from interface.answer import examples
from interface.classify_tab import names_of
from interface.program import taken_away
from interface.scores import Measured, score_table
from interface.sections import picture
from rnn_model import Model, backtest, read
from rnn_model.checkpoint import CARD, stored_bytes
from rnn_model.config import CellConfig
from rnn_model.plots import backtest_figure
from rnn_model.plots_training import learning_curve_figure
from rnn_model.records import Backtest, History, history_of
from rnn_model.report import percent

REFERENCE, OURS = "seasonal_naive", "model"
MEASURES = {"mase": "MASE", "wql": "WQL"}
FAIR = (0.77, 0.83)  # of the values, in a band that should hold 0.8 of them
WEAKEST = 5  # sets or classes named as weak
LONGEST_NAME = 60
_STRANGE = "is not in a form that this page knows, so it is not shown."


def shown(model: Model, own: bool) -> str:
    """All there is to say of a model.

    Args:
        model: from a checkpoint, or just trained.
        own: whether a visitor made or brought it; how it was trained is then for its card to say.
    """
    parts: dict[str, Callable[[], str]] = {
        "What stands in training.json": lambda: _made(model, own),
        "What stands in scores.json": lambda: _results(model),
        "The comparison with other methods": lambda: _weak(model),
        "What it foretold": lambda: "" if model.config.forecast is None else _held_out(model, own),
        "What stands in history.json": lambda: _curves(model),
        "What to do with it": lambda: _taken_away(model, own),
        "The card": lambda: _card(model),
    }
    return _sentence(model) + "".join(_guarded(name, part) for name, part in parts.items())


def _guarded(name: str, part: Callable[[], str]) -> str:
    """A part; a sentence in its place where a file that came along holds something else than it should."""
    try:
        return part()
    except (ArithmeticError, AttributeError, LookupError, RecursionError, StopIteration, TypeError, ValueError):
        return f'<p class="hint">{name} {_STRANGE}</p>'


def _document(model: Model, name: str) -> dict[str, Any]:
    """A JSON file that came along; empty when there is none."""
    document = json.loads(model.papers.get(name, "{}"))
    if not isinstance(document, dict):
        raise TypeError(f"{name} holds no object")
    return document


def _sentence(model: Model) -> str:
    """What it is."""
    config = model.config
    parameters = sum(parameter.numel() for parameter in model.network.parameters())
    size = stored_bytes(model) / 1e6
    task = "forecasts series of numbers"
    if config.text is not None:
        labels = config.text.labels
        task = f"tells {len(labels)} {'languages' if names_of(labels) else 'classes'} of texts apart"
    sentence = f"{config.name[:LONGEST_NAME]} {task}: {parameters:,} parameters in {size:.1f} MB."
    return f'<p class="verdict" role="status">{escape(sentence)}</p>'


def _made(model: Model, own: bool) -> str:
    """How it was made."""
    record = _document(model, "training.json")
    rows = {"Recurrent layers": _layers(model)} | ({"From": model.source} if own else {})
    if record:
        rows["Made by"] = str(record["command"])
        rows["Learnt from"] = _learnt_from(record)
        rows["Made with"] = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    return score_table("How it was made", (), list(rows.items()))


def _layers(model: Model) -> str:
    forecast, text = model.config.forecast, model.config.text
    if forecast is not None:
        stacks: Iterable[tuple[str, CellConfig | None]] = (
            ("reads the history", forecast.encoder),
            ("walks the horizon", forecast.decoder),
        )
    else:
        assert text is not None, "a configuration has one of the two"
        stacks = (("reads letter by letter" if text.unit == "character" else "reads word by word", text.recurrent),)
    found = [
        f"{cell.layers} × {cell.hidden_size} {cell.cell.upper()} units ({cell.activation}) {what}"
        if cell.cell == "rnn"
        else f"{cell.layers} × {cell.hidden_size} {cell.cell.upper()} units {what}"
        for what, cell in stacks
        if cell is not None
    ]
    return "; ".join(found) or "none: n-grams alone"


def _learnt_from(record: Mapping[str, Any]) -> str:
    if "table" in record:
        table, split = record["table"], record["split"]
        parts = ", ".join(f"{int(count):,} {name}" for name, count in split.items() if name != "seed")
        return f"{int(table['texts']):,} texts of a table (rows: {parts})"
    if "data" in record:
        data = record["data"]
        return f"{int(data['series']):,} series of {data['file']}; {data['split']}"
    if "real_series" in record:
        return f"{int(record['real_series']):,} real series from public packages, and series drawn by a program"
    return "word frequencies and sentences that public packages carry"


def _results(model: Model) -> str:
    """Scores beside the baselines."""
    scores, record = _document(model, "scores.json"), _document(model, "training.json")
    if "aggregates" in scores:
        return _benchmark(scores)
    if "by_language" in scores:
        return _identification(scores)
    if "ends" in record:
        return _ends(record)
    if "test" in record:
        return _test_rows(record)
    return '<p class="said">No scores came along: python -m training.evaluate FOLDER --baselines measures it.</p>'


def _benchmark(scores: Mapping[str, Any]) -> str:
    """Every method over the widest group of sets, then set by set."""
    whole = next(iter(scores["aggregates"].values()))
    rows = [
        (
            _method(name),
            f"{row['mase']:.3f}",
            f"{row['wql']:.3f}",
            "" if row["coverage"] is None else percent(row["coverage"], 1),
            "published *" if row["cpu_seconds"] is None else f"{row['cpu_seconds']:,.1f}",
        )
        for name, row in whole["methods"].items()
    ]
    series = sum(int(scores["sets"][name]["series"]) for name in whole["sets"])
    overall = score_table(
        f"Held-out values of {series:,} series in {len(whole['sets'])} sets, relative to the seasonal naive forecast",
        ("Method", "MASE", "WQL", "80 % band holds", "Seconds"),
        rows,
    )
    hint = "Below 1 is better than repeating the last season. " + " ".join(scores["notes"][2:4])
    methods = [name for name, row in whole["methods"].items() if row["reference"] == REFERENCE and name != REFERENCE]
    by_set = [
        (
            f"{_set(name)} ({int(row['series']):,})",
            *(f"{row['methods'][method]['mase'] / row['methods'][REFERENCE]['mase']:.3f}" for method in methods),
            percent(row["methods"][OURS]["coverage"], 1),
        )
        for name, row in scores["sets"].items()
    ]
    heads = ("Set (series)", *map(_method, methods), "Our 80 % band holds")
    each = score_table("MASE relative to the seasonal naive forecast", heads, by_set)
    return f'{overall}<p class="hint">{escape(hint)}</p>{_folded("Set by set", each)}'


def _identification(scores: Mapping[str, Any]) -> str:
    """Every language identifier on the same texts."""
    kinds = [*scores["texts"], "mean"]
    rows = [
        (
            _method(name),
            *(percent(row["accuracy"][kind], 1) for kind in kinds),
            str(int(row["languages"])),
            f"{row['texts_per_second']:,.0f}",
            f"{row['bytes'] / 1e6:.1f}",
        )
        for name, row in scores["methods"].items()
    ]
    texts = sum(map(int, scores["texts"].values()))
    return score_table(
        f"Right on {texts:,} held-out texts in {len(scores['languages'])} languages, mean over the languages",
        ("Method", *(kind.capitalize() for kind in kinds), "Languages", "Texts a second", "MB"),
        rows,
    )


def _ends(record: Mapping[str, Any]) -> str:
    """A forecaster fitted to a person's own series, on the ends of them that it never saw."""
    rows = [
        (
            method,
            *(Measured(row[measure], row[f"{measure}_interval"]) for measure in ("mase", "loss")),
            "" if row["coverage"] is None else percent(row["coverage"], 1),
        )
        for method, row in record["ends"].items()
    ]
    caption = "On held-out ends of its series; in brackets where the true value lies (95 % confidence)"
    return score_table(caption, ("Method", "MASE", "Quantile loss", "80 % band holds"), rows)


def _test_rows(record: Mapping[str, Any]) -> str:
    """A classifier of a person's own texts, on rows that it never saw."""
    rows = [
        (name, *(Measured(row[measure], row[f"{measure}_interval"]) for measure in ("accuracy", "log_loss")))
        for name, row in record["test"].items()
    ]
    count = int(next(iter(record["test"].values()))["rows"])
    return score_table(
        f"On {count:,} test rows that nothing was chosen by; in brackets where the true value lies (95 % confidence)",
        ("Method", "Accuracy", "Log loss"),
        rows,
    )


def _weak(model: Model) -> str:
    """Where it does worst, in words."""
    scores = _document(model, "scores.json")
    names = names_of(() if model.config.text is None else model.config.text.labels)
    if "aggregates" in scores:
        lines, table = _weak_sets(scores), ""
    elif "by_language" in scores:
        lines, table = _weak_languages(scores, names), _confusions(scores, names)
    else:
        return ""
    body = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<section class="strip"><h2>Where it is weak</h2><ul>{body}</ul></section>{table}'


def _weak_sets(scores: Mapping[str, Any]) -> Iterator[str]:
    sets = {_set(name): row["methods"] for name, row in scores["sets"].items()}
    ratios = {name: row[OURS]["mase"] / row[REFERENCE]["mase"] for name, row in sets.items()}
    worst = sorted(ratios, key=lambda name: -ratios[name])[:3]
    said = ", ".join(f"{name} ({ratios[name]:.2f} of its MASE)" for name in worst)
    yield f"Nearest to the seasonal naive forecast, where it gains least: {said}."
    beaten = []
    for name, row in sets.items():
        rivals = [one for one, scored in row.items() if scored["source"] == "measured" and one not in (OURS, REFERENCE)]
        for measure, heading in MEASURES.items():
            best = min(rivals, key=lambda one: row[one][measure], default=None)
            if best is not None and row[best][measure] < row[OURS][measure]:
                beaten.append(f"{name} by {heading} ({best} {row[best][measure]:.3f}, ours {row[OURS][measure]:.3f})")
    yield "A classical method did better on: " + ("; ".join(beaten) or "no set") + "."
    held = {name: row[OURS]["coverage"] for name, row in sets.items()}
    narrow = [f"{name} ({percent(share)})" for name, share in held.items() if share < FAIR[0]]
    wide = [f"{name} ({percent(share)})" for name, share in held.items() if share > FAIR[1]]
    for word, found in (("narrow", narrow), ("wide", wide)):
        if found:
            yield f"Its 80 % band is too {word} on: {', '.join(found)}."


def _weak_languages(scores: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    for kind in scores["texts"]:
        rates = {code: row[kind] for code, row in scores["by_language"].items()}
        worst = sorted(rates, key=lambda code: rates[code])[:WEAKEST]
        said = ", ".join(f"{names.get(code, code)} {percent(rates[code])}" for code in worst)
        yield f"Least often right on {kind}: {said}."
    refused = ", ".join(f"{percent(share)} of {kind}" for kind, share in scores["methods"][OURS]["refused"].items())
    yield f"“Not sure”, and so no answer: {refused}."


def _confusions(scores: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The pairs of classes taken for one another most often."""
    kinds = list(scores["texts"])
    pairs: dict[tuple[str, str], dict[str, float]] = {}
    for row in scores["confusions"]:
        pairs.setdefault((row["of"], row["as"]), {})[row["kind"]] = float(row["share"])
    rows = [
        (names.get(of, of), names.get(taken, taken), *(percent(shares.get(kind, math.nan)) for kind in kinds))
        for (of, taken), shares in sorted(pairs.items(), key=lambda pair: -max(pair[1].values()))
    ]
    return score_table("Confused most", ("It is", "Taken for", *(kind.capitalize() for kind in kinds)), rows)


def _held_out(model: Model, own: bool) -> str:
    """Predictions beside what came, on the ends of examples that the packaged network was not trained on."""
    parts = []
    for example in examples():
        if example.learnt:
            continue
        reading = read(example.text)
        series = reading.series[reading.selected]
        checked = backtest(model, series, min(example.horizon, model.forecaster[0].max_horizon))
        parts.append(_foretold(example.name, checked))
    trained = "Whether it was trained on these series its card must say." if own else "It was trained on none of them."
    hint = f"Each stretch was forecast from the dotted line before it. {trained}"
    heading = f'<h2>Predicted and actual</h2><p class="hint">{hint}</p>'
    return f'<section class="foretold">{heading}{"".join(parts)}</section>'


def _foretold(name: str, checked: Backtest) -> str:
    """One series: what was predicted, what came, and who was closer."""
    if not len(checked.origins):
        return ""
    closer = "the network was closer" if checked.gain > 0 else f"{checked.rival} was closer"
    said = (
        f"{name}: {closer} (MASE {checked.mase:.2f}; {checked.rival} {checked.naive_mase:.2f}); "
        f"the 80 % band caught {checked.caught} of {checked.points} values."
    )
    drawn = picture(lambda narrow: backtest_figure(checked, narrow=narrow), said)
    return f'<p class="said">{escape(said)}</p>{drawn}'


def _curves(model: Model) -> str:
    """The learning curve of each stage of the training."""
    names = sorted(paper for paper in model.papers if re.fullmatch(r"history[\w-]*\.json", paper))
    if not names:
        return ""
    alike = "table" in _document(model, "training.json")  # rows of one table, dealt out at random
    apart = "The two losses are taken on different data and have a scale each."
    said = "" if alike else f'<p class="hint">{apart}</p>'
    drawn = "".join(_curve(name, history_of(_document(model, name)), not alike) for name in names)
    return f'<section class="foretold">{drawn}{said}</section>'


def _curve(name: str, history: History, apart: bool) -> str:
    best, last = history.epochs[history.best], history.epochs[-1]
    heading = "Learning curve" + (" of the bag of n-grams" if name == "history-bag.json" else "")
    said = (
        f"The weights of step {best.step:,} of {last.step:,} did best on the validation set ({best.valid_loss:.4f}). "
        f"It ended: {history.stopped}."
    )
    drawn = picture(lambda narrow: learning_curve_figure(history, apart=apart, narrow=narrow), f"{heading}. {said}")
    return f'<h2>{heading}</h2><p class="said">{escape(said)}</p>{drawn}'


def _taken_away(model: Model, own: bool) -> str:
    """The commands that serve it elsewhere and publish it; a visitor's own folder has a name that nobody knows here."""
    source, at, _ = model.source.partition("@")
    folder = "FOLDER" if own and not at else shlex.quote(source)
    return taken_away(folder, None if at else model.config.name[:LONGEST_NAME])


def _card(model: Model) -> str:
    """The model card; what is HTML in it stays text, and pictures, which may lie on other hosts, are left out."""
    text = model.papers.get(CARD, "")
    if not text:
        return '<p class="hint">No card came along.</p>'
    body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    drawn = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image").render(body)
    deeper = re.sub(r"<(/?)h([1-6])>", lambda tag: f"<{tag[1]}h{min(int(tag[2]) + 2, 6)}>", drawn)
    return _folded("The model card", f'<div class="card">{deeper}</div>')


def _folded(title: str, body: str) -> str:
    return f'<details class="inside"><summary>{escape(title)}</summary><div class="scroll">{body}</div></details>'


def _method(name: str) -> str:
    return "this network" if name == OURS else name.replace("_", " ")


def _set(name: str) -> str:
    """ "m3_monthly" as people write it."""
    kind, _, rest = name.partition("_")
    return f"{kind.upper() if len(kind) == 2 else kind.capitalize()} {rest.replace('_', ' ')}".strip()
