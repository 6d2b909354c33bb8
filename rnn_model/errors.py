"""The errors a caller can meet, as a tree.

    UnrolledError
    ├── InputError        what a person gave cannot be read, or cannot be forecast or classified
    ├── ConfigError       a configuration holds a value that cannot be built
    ├── CheckpointError   a checkpoint folder is incomplete, damaged, or not one of ours
    └── TrainingError     a training run cannot start, or had to stop

Every message says what was expected, what came instead, and what to do about it.  The edges of the
program (page, command line) print the message alone; anything else that escapes is a bug.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


class UnrolledError(Exception):
    """Base of every error this project raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: where it is, what was found there, and what would be right.

    Attributes:
        found: the offending text or value, shortened for display.
        expected: what would have been accepted in its place.
        fix: one imperative sentence.
        line: 1-based line of the input, or None when the problem is not in a line.
        column: 1-based column (cell) of that line, or None.
    """

    found: str
    expected: str
    fix: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = ", ".join(
            f"{word} {number}" for word, number in (("line", self.line), ("column", self.column)) if number is not None
        )
        return f"{place + ': ' if place else ''}expected {self.expected}, found {self.found}. {self.fix}"


class InputError(UnrolledError, ValueError):
    """The input cannot be read as a sequence; `problems` lists everything that is wrong, not the first only."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True)
class Mistake:
    """A value of a configuration that cannot be.

    Attributes:
        field: what the value is called; several names, if they do not go together.
        said: what was expected, and what came instead.
    """

    field: str
    said: str

    def __str__(self) -> str:
        return f"{self.field}: {self.said}"


class ConfigError(UnrolledError, ValueError):
    """A configuration value is unknown or out of range; `mistakes` names all of them at once."""

    def __init__(self, *mistakes: Mistake) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(map(str, mistakes)))

    def renamed(self, name: Callable[[str], str]) -> ConfigError:
        """The same mistakes with the fields called as a reader knows them: a flag, a label, a place in a file."""
        return ConfigError(*(Mistake(name(one.field), one.said) for one in self.mistakes))


class CheckpointError(UnrolledError):
    """A checkpoint cannot be loaded; the message names file, key, expected, found, and the fix."""


class TrainingError(UnrolledError):
    """A training run cannot start or had to stop; the message names the cause."""
