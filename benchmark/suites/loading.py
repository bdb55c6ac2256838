"""Load the puzzles of a run from folders and suites."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.results.planned import NOT_AS_LOCKED, LockState, PlannedPuzzle, SuiteUse
from benchmark.suites.building import check_built
from benchmark.suites.cache import puzzle_home
from benchmark.suites.finding import built_in_suites, find_suite_file
from benchmark.suites.folders import (
    WHAT_IS_A_PUZZLE,
    content_in_words,
    holds_answers,
    holds_results,
    is_puzzle,
    natural_order,
    puzzles_at,
)
from benchmark.suites.locking import lock_path
from benchmark.suites.reading import puzzles_folder, read_suite
from generator.errors import SpecError
from generator.family.registry import find_family
from generator.puzzle.storage import DEFAULT_ANSWERS, LoadedPuzzle, load_with_answer
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.suites.record import Entry, Suite

__all__ = ["Target", "common_seeds", "differing", "find_target", "find_targets", "load_target", "suite_use"]


@dataclass(frozen=True)
class Target:
    """The meaning of one argument of a command: the folder of a puzzle, or puzzles of a suite."""

    folder: Path | None = None
    suite: Suite | None = None
    entries: tuple[Entry, ...] = ()

    @property
    def hidden(self) -> tuple[Path, ...]:
        """Paths to hide from solvers, because a suite's file tells how to make the answers."""
        if self.suite is None:
            return ()
        source = self.suite.source.resolve()
        beside = (puzzles_folder(source),) if any(entry.supplied for entry in self.entries) else ()
        return (source, lock_path(source), *beside, puzzle_home())

    @property
    def built(self) -> Target:
        """The same target without unbuilt puzzles."""
        return dataclasses.replace(self, entries=tuple(entry for entry in self.entries if entry.digest is not None))

    def refreshed(self) -> Target:
        """Update which puzzles of the suite are built."""
        if self.suite is None:
            return self
        suite = self.suite.refreshed()
        return dataclasses.replace(self, suite=suite, entries=tuple(suite.entry(entry.name) for entry in self.entries))


def find_targets(texts: Sequence[str]) -> list[Target]:
    """Parse arguments: each is a puzzle's folder, a folder of puzzles, a suite, or `suite/pattern`.

    A folder of puzzles stands for its puzzles, one target each. A folder of sealed answers or of results beside puzzles
    is skipped, because a shell's pattern may name it too. Puzzles that are given one after another are sorted in
    natural order, and a puzzle's folder that is given twice counts once.

    Raises:
        SpecError: if an argument is none of these, a folder holds no puzzle, or a suite's file or pattern is invalid.
        StorageError: if a folder or a suite's file cannot be read.
    """
    others = {text: _other_content(Path(text)) for text in texts if find_suite_file(text) is None}
    passed = {text: content for text, content in others.items() if content}
    found = [target for text in texts if text not in passed for target in _targets(text)]
    if passed and not any(target.folder for target in found):
        text, content = next(iter(passed.items()))
        raise SpecError(f"{text} holds {content}, no puzzle; {WHAT_IS_A_PUZZLE}")
    once = {target.folder.resolve() if target.folder else number: target for number, target in enumerate(found)}
    ordered: list[Target] = []
    for home, beside in groupby(once.values(), key=lambda target: target.folder and target.folder.absolute().parent):
        group = list(beside)
        ordered += group if home is None else sorted(group, key=lambda target: natural_order(target.folder or home))
    return ordered


def find_target(text: str) -> Target:
    """Read an argument that names one puzzle's folder, one suite, or `suite/pattern`.

    Raises:
        SpecError: as `find_targets` does, and if a folder holds several puzzles.
        StorageError: as `find_targets` does.
    """
    targets = find_targets([text])
    if len(targets) > 1:
        names = ", ".join(str(target.folder) for target in targets[:3])
        more = ", ..." if len(targets) > 3 else ""
        raise SpecError(f"{text} holds {len(targets)} puzzles; choose one: {names}{more}")
    return targets[0]


def _other_content(folder: Path) -> str:
    """Name the content of a folder that holds no puzzle: sealed answers or results; empty for any other folder.

    A folder with the default name of answers may be empty.
    """
    if holds_answers(folder) or (folder.name == DEFAULT_ANSWERS and folder.is_dir() and not puzzles_at(folder)):
        return "sealed answers"
    return "results" if holds_results(folder) and not puzzles_at(folder) else ""


def _targets(text: str) -> list[Target]:
    """Read one argument; a folder of puzzles gives several targets."""
    path = Path(text)
    if text not in built_in_suites() and is_puzzle(path):
        return [Target(folder=path)]
    source = find_suite_file(text)
    if source is not None:
        suite = read_suite(source)
        return [Target(suite=suite, entries=suite.entries)]
    head, slash, pattern = text.rpartition("/")
    source = find_suite_file(head) if slash else None
    if source is not None:
        suite = read_suite(source)
        return [Target(suite=suite, entries=suite.select(pattern))]
    folders = puzzles_at(path)
    if folders:
        return [Target(folder=folder) for folder in folders]
    if path.is_dir():
        raise SpecError(f"no puzzle in {text}, which holds {content_in_words(path)}; {WHAT_IS_A_PUZZLE}")
    if path.exists():
        raise SpecError(f"{text} is a file, no puzzle; {WHAT_IS_A_PUZZLE}")
    raise SpecError(f"no puzzle at {text}, and no suite of that name{did_you_mean(text, built_in_suites())}")


def load_target(target: Target, answers: Path | None = None) -> list[LoadedPuzzle]:
    """Read a target's puzzles, and their answers if available.

    Raises:
        StorageError: if a puzzle is not built, or a file cannot be read.
        PuzzleError: if a puzzle is damaged.
        AnswerError: if an answer does not open its puzzle's commitment.
    """
    if target.folder is not None:
        return [load_with_answer(target.folder, answers)]
    return [_load_entry(entry, answers) for entry in target.entries]


def _load_entry(entry: Entry, answers: Path | None) -> LoadedPuzzle:
    check_built(entry)
    loaded = load_with_answer(entry.path, answers)
    # Suites may share a puzzle under different names; the name is not part of the digest.
    name = entry.name + (NOT_AS_LOCKED if entry.state is LockState.DIFFERS else "")
    manifest = loaded.puzzle.manifest.model_copy(update={"name": name})
    return dataclasses.replace(loaded, puzzle=dataclasses.replace(loaded.puzzle, manifest=manifest))


def common_seeds(targets: Sequence[Target]) -> int:
    """Return the number of seeds: the number that the suites among the targets state, else 1.

    Raises:
        SpecError: if two suites state different numbers.
    """
    suites = [target.suite for target in targets if target.suite is not None]
    for suite in suites[1:]:
        if suite.seeds != suites[0].seeds:
            raise SpecError(f"suites {suites[0].name} and {suite.name} have different seeds; give --seeds for both")
    return suites[0].seeds if suites else 1


def suite_use(target: Target, loaded: Sequence[LoadedPuzzle], seeds: Sequence[int]) -> SuiteUse | None:
    """Describe the planned part of a suite for the session; None for a puzzle's folder."""
    if target.suite is None:
        return None
    planned = [
        PlannedPuzzle(
            name=entry.name,
            digest=item.puzzle.digest,
            family=entry.family,
            tags=entry.tags,
            groups=dict(find_family(entry.family).groups(item.puzzle)),
            state=entry.state,
        )
        for entry, item in zip(target.entries, loaded, strict=True)
    ]
    return SuiteUse(
        name=target.suite.name,
        digest=target.suite.digest,
        seeds=tuple(seeds),
        headline=target.suite.headline,
        puzzles=tuple(planned),
    )


def differing(use: SuiteUse) -> list[str]:
    """List the puzzles of a plan that differ from the suite's lock."""
    return [puzzle.name for puzzle in use.puzzles if puzzle.state is LockState.DIFFERS]
