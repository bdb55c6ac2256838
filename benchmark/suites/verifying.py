"""Check a suite's puzzles: digest every tensor, compare the digests with the lock, and open every commitment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.results.planned import LockState
from benchmark.suites.reading import puzzles_folder
from generator.errors import NetjigsawError
from generator.puzzle.storage import DEFAULT_ANSWERS, find_answer, load_puzzle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmark.suites.record import Entry, Suite
    from generator.puzzle.content import Puzzle

__all__ = ["PuzzleCheck", "verify"]


@dataclass(frozen=True)
class PuzzleCheck:
    """The result of checking one puzzle or one stray file: a problem, or a note if there is no problem."""

    name: str
    problem: str = ""
    note: str = ""


def verify(suite: Suite) -> list[PuzzleCheck]:
    """Check every puzzle of a suite, and find stray files among the puzzles that came with the suite."""
    return [*map(_verify_entry, suite.entries), *_strangers(suite)]


def _verify_entry(entry: Entry) -> PuzzleCheck:
    try:
        if entry.digest is None:
            where = f"it should have come with the suite, at {entry.path}" if entry.recipe is None else "not built here"
            return PuzzleCheck(entry.name, problem=where)
        puzzle = load_puzzle(entry.path)
        sealed = find_answer(puzzle, entry.answers)
    except NetjigsawError as error:
        return PuzzleCheck(entry.name, problem=str(error))
    problem = _contradiction(entry, puzzle)
    if problem:
        return PuzzleCheck(entry.name, problem=problem)
    answer = "its answer opens the commitment" if sealed is not None else "no answer here"
    return PuzzleCheck(entry.name, note=f"{puzzle.digest[:12]} {entry.state}, {answer}")


def _contradiction(entry: Entry, puzzle: Puzzle) -> str:
    """Describe how an undamaged puzzle differs from the puzzle that the suite names; empty if it does not."""
    if puzzle.manifest.family != entry.family:
        return f"a {puzzle.manifest.family} puzzle, not a {entry.family} one"
    if entry.state is LockState.DIFFERS:
        return f"digest {entry.digest}, but the lock has {entry.locked}"
    if entry.state is LockState.OUTDATED:
        return "its recipe was changed since the suite was locked"
    if entry.commitment is not None and entry.commitment != puzzle.manifest.commitment:
        return "the commitment in the suite's file differs from the puzzle's"
    return ""


def _strangers(suite: Suite) -> Iterator[PuzzleCheck]:
    """Find files among the supplied puzzles that belong to no puzzle."""
    supplied = [entry for entry in suite.entries if entry.supplied]
    home = puzzles_folder(suite.source)
    if not supplied or not home.is_dir():
        return
    known = {entry.name for entry in suite.entries} | {DEFAULT_ANSWERS}
    answers = {f"{entry.digest}{suffix}" for entry in supplied for suffix in (".json", ".safetensors")}
    for path in sorted(home.iterdir()):
        if path.name not in known:
            yield PuzzleCheck(path.name, problem=f"{path} belongs to no puzzle of the suite")
    for path in sorted((home / DEFAULT_ANSWERS).glob("*")):
        if path.name not in answers:
            yield PuzzleCheck(path.name[:12], problem=f"{path} is the answer of no puzzle of the suite")
