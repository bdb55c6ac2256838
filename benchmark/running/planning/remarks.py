"""Remarks on solvers: source that the digest does not cover, and a puzzle that lies beside a program's script."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.results.outcome import one_line
from benchmark.results.trial import Status
from generator.family.registry import find_family

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmark.running.judge import Verdict
    from solvers.reference import Reference
    from solvers.tracing.trace import Trace

__all__ = ["puzzle_beside", "reason_of", "rerun_in_words", "uncovered_by", "warnings_of"]

MOST_GAPS = 3
"""Most gaps that a row names. A larger value makes the line longer. Hand-set."""
_BLAMED = frozenset({Status.PARTIAL, Status.WRONG_FORMAT})
"""Statuses of an answer that may be right for another puzzle."""


def uncovered_by(gaps: Sequence[str]) -> str:
    """Write the gaps of a solver's source in one line; empty if there are none."""
    more = f"; and {len(gaps) - MOST_GAPS} more" if len(gaps) > MOST_GAPS else ""
    return one_line("; ".join(gaps[:MOST_GAPS]) + more)


def rerun_in_words(solvers: Iterable[tuple[str, str]]) -> list[str]:
    """Explain why stored trials run again, in one line for each solver.

    Args:
        solvers: the solver's label of each trial, and why its source is not covered, now or when the row was written.
    """
    counts: dict[str, int] = {}
    reasons: dict[str, str] = {}
    for label, why in solvers:
        counts[label] = counts.get(label, 0) + 1
        reasons[label] = reasons.get(label) or why
    return [
        f"{label}: the store holds {count} trial{'' if count == 1 else 's'}, run again because the source is not "
        f"covered ({reasons[label] or 'when the trial was run'})"
        for label, count in counts.items()
    ]


def puzzle_beside(trace: Trace, family: str) -> str:
    """Name the files of a working folder that lie beside a program's script as well; empty if none does."""
    return next((f"{names} beside {file.name}" for file, names in _beside(trace, family)), "")


def warnings_of(references: Iterable[Reference], families: Iterable[str]) -> list[str]:
    """Warn of each program that runs a missing file, or whose script has a puzzle beside it and may answer that one."""
    known = dict.fromkeys(families)
    warnings = []
    for reference in references:
        trace = None if reference.command is None else reference.command.trace
        missing = [] if trace is None else [gap for gap in trace.gaps if gap.endswith(", which is not found")]
        warnings += [f"{reference.label}: {gap}; check the path" for gap in missing if " runs " in gap]
        found = [] if trace is None else [pair for family in known for pair in _beside(trace, family)]
        if found:
            file, names = found[0]
            path = os.path.relpath(file) if file.is_relative_to(Path.cwd()) else str(file)
            warnings.append(
                f"{reference.label}: {names} beside {path}; a script that reads its own folder answers that puzzle, "
                "not the one it is given. Let the script read the current folder, or copy it to a folder without them, "
                f"or let the command copy it: sh -c 'cp {file} . && ...'"
            )
    return warnings


def reason_of(verdict: Verdict, beside: str) -> str:
    """Explain a verdict, with a remark where the program may have answered another puzzle."""
    if not beside or verdict.status not in _BLAMED:
        return verdict.reason
    remark = f"{beside}: a script that reads its own folder answers that puzzle"
    return f"{verdict.reason}; {remark}" if verdict.reason else remark


def _beside(trace: Trace, family: str) -> Iterator[tuple[Path, str]]:
    layout = find_family(family).foreign_layout
    names = () if layout is None else layout.names
    for file in trace.files:
        if file.name in names or any(part in names for part in file.parent.parts):
            continue  # a part of the puzzle itself, which the command names
        folders = dict.fromkeys((file.parent, Path(os.path.realpath(file)).parent))
        paths = [path for folder in folders for name in names if (path := folder / name).exists()]
        if paths:
            shown = dict.fromkeys(f"{path.name}/" if path.is_dir() else path.name for path in paths)
            yield file, f"{' and '.join(shown)} {'lies' if len(shown) == 1 else 'lie'}"
