"""Score every row of a bundle from its raw answer alone, and compare the result with the bundle's claims."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from benchmark.results.outcome import Outcome
from benchmark.results.raw import outcome_of
from benchmark.results.trial import Row, Status
from benchmark.running.rescore import score_again
from benchmark.submission.bundle.archive import BundleError
from benchmark.submission.bundle.schema import is_line
from benchmark.submission.findings import Discrepancy
from benchmark.submission.times import check_times
from generator.errors import NetjigsawError
from generator.family.registry import find_family
from generator.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmark.results.raw import Raw
    from benchmark.running.judge import Judge
    from benchmark.submission.bundle.contents import Contents
    from benchmark.submission.suiting import RequiredCell
    from generator.puzzle.storage import LoadedPuzzle

__all__ = ["Scored", "score_cell"]

RELATIVE, ABSOLUTE = 1e-4, 1e-9
"""Tolerances of a metric, as a share of its value and in its unit. Hand-set, because sums of float32 round differently
on other processors. The recomputed value counts, so a submitter gains nothing from a difference within the tolerances.
"""

_BY_SCORE = frozenset({Status.SOLVED, Status.SCORED, Status.PARTIAL, Status.GAVE_UP})
"""Statuses that only scoring assigns; the raw record of a trial never holds them."""
_NEVER_RAN = frozenset({Status.SKIPPED, Status.UNAVAILABLE})
"""Statuses of trials without a raw answer, because the trial did not run."""


@dataclass(frozen=True)
class Scored:
    """A cell that was scored again.

    Attributes:
        row: recomputed row; None if it cannot be computed.
        findings: differences between the bundle's row and the recomputed row.
        rounded: number of metrics that differ only in their last digits.
    """

    row: Row | None
    findings: tuple[Discrepancy, ...]
    rounded: int = 0


def score_cell(contents: Contents, row: Row, cell: RequiredCell, loaded: LoadedPuzzle, judge: Judge) -> Scored:
    """Score one cell.

    Args:
        contents: contents of the bundle.
        row: row of the bundle on the cell.
        cell: cell with the values that the row must have.
        loaded: puzzle, with the sealed answer if it is on this machine.
        judge: scorer of this verification.
    """
    try:
        found = contents.raw(row.trial)
        faults = [] if found is None else list(_check_raw(row, found[0], contents, cell.place, loaded))
        outcome = _ended(row, cell.place, faults) if found is None else outcome_of(*found, row)
        if faults:
            return Scored(None, tuple(faults))
        expected = score_again(_known(row, cell), outcome, _as_submitted(loaded, cell), judge)
        verified = score_again(expected, outcome, loaded, judge)
    except NetjigsawError as error:
        return Scored(None, (Discrepancy(cell.place, problem=f"cannot be scored: {error}"),))
    same_program = contents.manifest.program == __version__
    differences, rounded = _compare(row, expected, cell.place, same_program=same_program)
    return Scored(verified, tuple(differences), rounded)


def _ended(row: Row, place: str, faults: list[Discrepancy]) -> Outcome:
    """Return the outcome of a trial without a raw answer. The trial must be one that never ran."""
    if row.status not in _NEVER_RAN:
        faults.append(
            Discrepancy(place, "status", f"is {row.status} in the bundle, but the bundle holds no raw answer")
        )
    measured = [field for field in ("wall_s", "load_s", "cpu_s", "peak_mib") if getattr(row, field) is not None]
    if measured:
        faults.append(Discrepancy(place, measured[0], "has a measured value, but the bundle holds no raw answer"))
    if not is_line(row.reason):
        faults.append(Discrepancy(place, "reason", "is not one printable line"))
    return Outcome(row.status, row.reason)


def _check_raw(row: Row, raw: Raw, contents: Contents, place: str, loaded: LoadedPuzzle) -> Iterator[Discrepancy]:
    """Check the raw record of a trial against its row."""
    for field in ("trial", "session"):
        if getattr(raw, field) != getattr(row, field):
            yield Discrepancy(place, f"raw answer's {field}", claimed=getattr(raw, field), verified=getattr(row, field))
    if raw.status in _BY_SCORE:
        yield Discrepancy(place, "raw answer's status", f"is {raw.status}, which only an answer's score can give")
    elif raw.status is None and raw.answer is None:
        yield Discrepancy(place, "status", f"is {row.status} in the bundle, but the raw answer is empty")
    elif raw.status is not None and raw.answer is not None:
        yield Discrepancy(place, "raw answer's status", f"is {raw.status}, though there is an answer")
    answers = [answer for answer in (raw.answer, *raw.reports) if answer is not None]
    if not all(map(is_line, [raw.reason, *(answer.note for answer in answers)])):
        yield Discrepancy(place, "reason", "or a note in the raw answer is not one printable line")
    if not all(map(is_line, (row.uncovered, row.beside))):
        yield Discrepancy(place, "uncovered", "or `beside` is not one printable line")
    if row.session not in contents.sessions:
        yield Discrepancy(place, "session", f"is {row.session}, which the bundle does not describe")
    else:
        has_oracle = find_family(loaded.puzzle.manifest.family).oracle_terms(loaded.puzzle) is not None
        yield from check_times(row, raw, contents.sessions[row.session], place, has_oracle=has_oracle)


def _known(row: Row, cell: RequiredCell) -> Row:
    """Return the row with all fields recomputed that do not depend on the solver."""
    trial = cell.trial
    return row.model_copy(
        update={
            "trial": trial.id,
            "puzzle_name": cell.entry.name,
            "family": trial.family,
            "groups": dict(cell.groups),
            "solver": cell.label,
            "source": trial.source,
            "limits": trial.limits,
        }
    )


def _as_submitted(loaded: LoadedPuzzle, cell: RequiredCell) -> LoadedPuzzle:
    """Remove the sealed answer if the submitter did not have it.

    Raises:
        BundleError: if the submitter had the answer and this machine has not.
    """
    if not cell.answered:
        return replace(loaded, sealed=None)
    if loaded.sealed is None:
        raise BundleError(
            "it was scored with the puzzle's sealed answer, which is not on this machine; name its "
            "folder with --answers"
        )
    return loaded


def _compare(row: Row, expected: Row, place: str, *, same_program: bool) -> tuple[list[Discrepancy], int]:
    """List the fields in which a row differs from the recomputed row; another version may have fewer metrics."""
    findings, rounded = [], 0
    claims, truths = _flat(row), _flat(expected)
    for field in [*claims, *(field for field in truths if field not in claims)]:
        claim, truth = claims.get(field), truths.get(field)
        if claim == truth or (field.startswith("metrics.") and claim is None and not same_program):
            continue
        if field.startswith("metrics.") and _close(claim, truth):
            rounded += 1
            continue
        findings.append(Discrepancy(place, field, claimed=claim, verified=truth))
    return findings, rounded


def _flat(row: Row) -> Mapping[str, Any]:
    # Group labels depend on the version of netjigsaw, so the recomputed labels count.
    fields = row.model_dump(mode="json", exclude={"groups"})
    for part in ("metrics", "limits"):
        fields |= {f"{part}.{name}": value for name, value in fields.pop(part).items()}
    return fields


def _close(claim: float | None, truth: float | None) -> bool:
    if claim is None or truth is None or not math.isfinite(claim):
        return False
    return math.isclose(claim, truth, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
