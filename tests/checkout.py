"""A fresh clone of this repository as it stands, and the surroundings of a process that talks to a Hub of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from hub_server import WRITE

ROOT = Path(__file__).resolve().parent.parent


def cloned(target: Path) -> Path:
    """Copies what a fresh clone holds, as a git repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.rstrip("\0").split("\0"):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name, follow_symlinks=False)
    subprocess.run(["git", "init", "-q"], cwd=target, check=True)
    return target


def environment(endpoint: str, home: Path, token: str = WRITE) -> dict[str, str]:
    """Variables of a process that knows no other Hub than the one at `endpoint`."""
    mine = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_TOKEN": token, "HF_HUB_DISABLE_XET": "1"}
    return {**os.environ, **mine, "PYTHONUNBUFFERED": "1"}
