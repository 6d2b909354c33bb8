"""What several test files share: the shipped model, a running app, and a browser."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from rnn_model import Model

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Unasked, a browser fetches components and reports usage; in a container it has no sandbox and little /dev/shm.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


@pytest.fixture(autouse=True)
def _subnormal_numbers() -> Iterator[None]:
    """Training flushes them to zero for the whole thread; hypothesis must find them whole again."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


# Started first, so that no core is left with one of them while the others have ended.
LONG = ("test_readme.py", "test_train_page.py", "test_walkthrough.py", "test_page.py", "test_own_texts.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first; the order within a file and of the others stays."""
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.fixture(scope="session")
def script() -> Iterator[Callable[[str], ModuleType]]:
    """Loads a program in docs/, which is no package, by its name."""
    docs = ROOT / "docs"
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(docs))

        def loaded(name: str) -> ModuleType:
            spec = importlib.util.spec_from_file_location(name, docs / f"{name}.py")
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            patched.setitem(sys.modules, name, module)
            spec.loader.exec_module(module)
            return module

        yield loaded


@pytest.fixture(scope="session")
def model() -> Model:
    from rnn_model import load

    return load(ROOT / "weights" / "forecast")


@pytest.fixture(scope="session")
def classifier() -> Model:
    from rnn_model import load

    return load(ROOT / "weights" / "language")


@pytest.fixture(scope="session")
def address(model: Model, classifier: Model) -> Iterator[str]:
    """Where the app is being served."""
    import app  # here, not above: it takes seconds, which most test files need not wait for

    demo = app.build(model, classifier)
    yield app.serve(demo, "127.0.0.1", quiet=True, prevent_thread_lock=True)
    demo.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: one found on the path, or else the one that `playwright install chromium` brings."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=SWITCHES)
        yield chromium
        chromium.close()


@pytest.fixture
def harmless() -> set[str]:
    """How complaints begin that are not ours; a file of tests that meets some has a fixture of this name."""
    return set()


@pytest.fixture
def visitor(browser: Browser, address: str, harmless: set[str]) -> Iterator[BrowserContext]:
    """Opens pages; afterwards nothing may be wrong behind the scenes, and nothing asked of another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address.rstrip("/"))
    complaints: list[str] = []
    hosts: set[str] = set()

    def watch(page: Page) -> None:
        page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))

    context.on("page", watch)
    yield context
    context.close()
    assert [one for one in complaints if not one.startswith(tuple(harmless))] == []
    assert hosts - {"", urlsplit(address).netloc} == set(), "a request left for another host"
