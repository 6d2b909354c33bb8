"""python docs/pictures.py: serves the app with the shipped weights and takes the screenshots in docs/."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import app  # noqa: E402 - the repository is not installed as a package
from rnn_model import load  # noqa: E402

VIEWS = {"light": (1280, 860), "dark": (1280, 860), "phone": (390, 844)}


def main() -> int:
    weights = HERE.parent / "weights"
    demo = app.build(load(weights / "forecast"), load(weights / "language"))
    address = app.serve(demo, "127.0.0.1", quiet=True, prevent_thread_lock=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (width, height) in VIEWS.items():
            _take(browser, address, name, width, height)
        browser.close()
    demo.close()
    return 0


def _take(browser: Browser, address: str, name: str, width: int, height: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=1.5)
    page.goto(f"{address}?__theme={'dark' if name == 'dark' else 'light'}")
    page.get_by_role("grid", name="Table").wait_for()
    page.evaluate("document.fonts.ready")
    page.screenshot(path=HERE / f"{name}.png", full_page=name == "phone")
    page.close()


if __name__ == "__main__":
    sys.exit(main())
