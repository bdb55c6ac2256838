"""Find suites: built-in suites by name, TOML files, and folders with a TOML file and puzzles."""

from __future__ import annotations

from pathlib import Path

from benchmark.suites.cache import BUILT_IN
from benchmark.suites.folders import is_puzzle, puzzles_at
from benchmark.suites.reading import SUITE_FILE, read_suite
from benchmark.suites.record import Suite
from generator.errors import SpecError
from generator.suggest import did_you_mean

__all__ = ["Suite", "built_in_suites", "find_suite_file", "resolve_suite"]


def built_in_suites() -> dict[str, Path]:
    """Map the names of built-in suites to their TOML files."""
    found = {path.stem: path for path in BUILT_IN.glob("*.toml")}
    found |= {path.parent.name: path for path in BUILT_IN.glob(f"*/{SUITE_FILE}")}
    return dict(sorted(found.items()))


def find_suite_file(text: str) -> Path | None:
    """Find the TOML file of a suite; return None if the text names no suite.

    A bare name means the built-in suite of this name, if there is one. Write `./name` for a folder of the same name.
    """
    known = built_in_suites()
    if text in known:
        return known[text]
    path = Path(text)
    if path.suffix == ".toml" and path.is_file():
        return path
    return path / SUITE_FILE if (path / SUITE_FILE).is_file() else None


def resolve_suite(text: str) -> Suite:
    """Read a suite from its built-in name, a TOML file, or a folder with `suite.toml`.

    Raises:
        SpecError: if there is no such suite, or its file is invalid.
        StorageError: if a file cannot be read.
        PuzzleError: if the lock, or the manifest of a built puzzle, is damaged.
    """
    source = find_suite_file(text)
    if source is None:
        puzzles = [] if is_puzzle(Path(text)) else puzzles_at(Path(text))
        if puzzles:
            count = f"{len(puzzles)} puzzle{'s' if len(puzzles) > 1 else ''}"
            raise SpecError(f"{text} holds {count} but no {SUITE_FILE}, so it is no suite; netjigsaw run takes it")
        hint = did_you_mean(text, built_in_suites())
        raise SpecError(f"no suite {text!r}, and no TOML file or folder with {SUITE_FILE} of that name{hint}")
    return read_suite(source)
