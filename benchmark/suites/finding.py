"""Suites by name: built-in ones, TOML files anywhere, and folders that hold one with its puzzles."""

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
    """List the suites that come with the program: name to TOML file."""
    found = {path.stem: path for path in BUILT_IN.glob("*.toml")}
    found |= {path.parent.name: path for path in BUILT_IN.glob(f"*/{SUITE_FILE}")}
    return dict(sorted(found.items()))


def find_suite_file(text: str) -> Path | None:
    """Find the TOML file of a suite; None if the text names none.

    A bare name is a built-in suite where there is one of that name, wherever one stands;
    write `./name` for a folder of the same name.
    """
    known = built_in_suites()
    if text in known:
        return known[text]
    path = Path(text)
    if path.suffix == ".toml" and path.is_file():
        return path
    return path / SUITE_FILE if (path / SUITE_FILE).is_file() else None


def resolve_suite(text: str) -> Suite:
    """Read a suite: the name of a built-in one, a TOML file, or a folder that holds `suite.toml`.

    Raises:
        SpecError: if there is none, or something is wrong with its file.
        StorageError: if a file cannot be read.
        PuzzleError: if its lock, or the manifest of a puzzle that is built, is damaged.
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
