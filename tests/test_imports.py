"""The house rules that can be read off the source: which way imports point, no work at import, nothing unpickled."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    [ROOT / "app.py", *(path for top in ("interface", "rnn_model", "training") for path in (ROOT / top).rglob("*.py"))]
)

# Who -> what it may never import.  `app` and `interface` may import `training` where it is used, but not at the top.
FORBIDDEN = {
    "rnn_model": {"training", "interface", "app", "gradio", "matplotlib.pyplot", "pickle"},
    "training": {"interface", "app", "gradio", "matplotlib.pyplot", "pickle"},
    "interface": {"app", "matplotlib.pyplot", "pickle"},
    "app": {"matplotlib.pyplot", "pickle"},
}
AT_THE_TOP = {
    "rnn_model": {"huggingface_hub", "pandas", "openpyxl"},
    "training": {"huggingface_hub", "statsforecast", "sklearn"},
    "interface": {"training"},
    "app": {"training"},
}
WITHOUT_TORCH = {"baselines", "errors", "metrics", "plots", "plots_training", "reading", "records", "report"}
UNSAFE_CALLS = {"eval", "exec", "torch.load", "pickle.load", "pickle.loads", "np.load"}
WORK = {"print", "open", "os.getenv", "torch.set_num_threads", "random.seed", "torch.manual_seed", "np.random.seed"}
WORKING_ATTRIBUTES = {"environ", "read_text", "read_bytes", "write_text", "mkdir", "exists", "iterdir", "glob", "stat"}


def violations(source: str, module: str) -> list[str]:
    """Every rule that the source of `module` (a dotted name) breaks."""
    tree = ast.parse(source)
    package, _, rest = module.partition(".")
    at_top = set(map(id, _at_import(tree)))
    found = []
    for node in ast.walk(tree):
        for name in _imported(node):
            if _inside(name, FORBIDDEN[package]):
                found.append(f"{module} imports {name}")
            if id(node) in at_top and _inside(name, AT_THE_TOP[package]):
                found.append(f"{module} imports {name} at the top")
            if package == "rnn_model" and rest.split(".")[0] in WITHOUT_TORCH and _inside(name, {"torch"}):
                found.append(f"{module} imports {name}")
        if isinstance(node, ast.Call) and _dotted(node.func) in UNSAFE_CALLS and not _without_pickles(node):
            found.append(f"{module} calls {_dotted(node.func)}")
        if id(node) in at_top:
            found += [f"{module} does work at import: {ast.unparse(node)}" for _ in range(_is_work(node))]
    return found


def _at_import(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node that runs when the module is imported."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'"):
            continue
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += node.decorator_list if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else []
        else:
            waiting += ast.iter_child_nodes(node)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _inside(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _dotted(node: ast.AST) -> str:
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def _without_pickles(call: ast.Call) -> bool:
    """np.load refuses pickles when told to; spelled out, so that nobody has to know its default."""
    return _dotted(call.func) == "np.load" and any(
        word.arg == "allow_pickle" and ast.unparse(word.value) == "False" for word in call.keywords
    )


def _is_work(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant)  # a docstring is a constant, anything else is a call
    if isinstance(node, ast.Call):
        return _dotted(node.func) in WORK
    return isinstance(node, ast.Attribute) and node.attr in WORKING_ATTRIBUTES


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("path", SOURCES, ids=_module)
def test_no_rule_is_broken(path):
    assert violations(path.read_text(encoding="utf-8"), _module(path)) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("rnn_model.forecaster", "from training import loop"),
        ("rnn_model.forecaster", "import gradio as gr"),
        ("rnn_model.plots", "from matplotlib import pyplot as plt"),
        ("rnn_model.plots", "def draw():\n    import matplotlib.pyplot"),
        ("rnn_model.plots", "import torch"),
        ("rnn_model.reading.read", "from torch import Tensor"),
        ("rnn_model.checkpoint", "import pickle"),
        ("rnn_model.checkpoint", "def f(path):\n    return torch.load(path)"),
        ("rnn_model.checkpoint", "from huggingface_hub import snapshot_download"),
        ("rnn_model.encode", "x = np.load('a.npy', allow_pickle=True)"),
        ("rnn_model.reading.read", "def f(text):\n    return eval(text)"),
        ("training.fit", "import gradio"),
        ("training.fit", "print('hello')"),
        ("training.fit", "import os\nTHREADS = os.environ.get('THREADS')"),
        ("interface.forecast_tab", "from training import fit"),
        ("app", "from training.fit import main"),
        ("app", "demo = open('weights').read()"),
        ("app", "demo.launch()"),
        ("app", "class Page:\n    text = Path('a').read_text()"),
    ],
)
def test_a_broken_rule_is_found(module, source):
    assert violations(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("app", "def train():\n    from training import fit"),
        ("rnn_model.checkpoint", "def f():\n    from huggingface_hub import snapshot_download"),
        ("training.classical", "def f(path):\n    return np.load(path, allow_pickle=False)"),
        ("training.fit", "if __name__ == '__main__':\n    sys.exit(main())"),
        ("training.fit", "def main():\n    print('hello')"),
    ],
)
def test_what_the_rules_allow_passes(module, source):
    assert violations(source, module) == []


def test_importing_is_silent_and_light():
    """All of `rnn_model` in a fresh interpreter: nothing printed, nothing of the page or of training loaded."""
    modules = [_module(path).removesuffix(".__init__") for path in SOURCES if path.is_relative_to(ROOT / "rnn_model")]
    unwanted = sorted(FORBIDDEN["rnn_model"] - {"pickle"})
    code = f"import {', '.join(modules)}, sys; print([name for name in {unwanted} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"
    assert run.stderr == ""
