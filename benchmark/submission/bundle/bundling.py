"""Write a bundle from a store: one solver's rows on every cell of a suite, with raw answers and sessions."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors.numpy import save

from benchmark.results.outcome import Outcome
from benchmark.results.planned import LockState
from benchmark.results.raw import raw_of
from benchmark.results.trial import PROTOCOL, Status
from benchmark.running.judge import Judge
from benchmark.running.planning.plan import label_of
from benchmark.running.rescore import score_again
from benchmark.submission.bundle.archive import write_archive
from benchmark.submission.bundle.contents import MANIFEST, ROWS
from benchmark.submission.bundle.privacy import make_scrub, scrub_session
from benchmark.submission.bundle.schema import BundledPuzzle, BundledSolver, BundledSuite, BundleManifest
from benchmark.submission.sourcing import gather_source
from generator.errors import SpecError, StorageError
from generator.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from pydantic import BaseModel

    from benchmark.results.store import Store
    from benchmark.results.trial import Row, Trial
    from benchmark.running.planning.plan import Cell
    from benchmark.suites.record import Suite
    from generator.puzzle.storage import LoadedPuzzle

__all__ = ["Submission", "check_as_locked", "make_bundle"]


@dataclass(frozen=True, eq=False)
class Submission:
    """The content of a submission.

    Attributes:
        suite: suite with every puzzle built.
        cells: all cells of the suite, for one solver.
        author: name of the submitter in tables; None for an anonymous submission.
        notes: notes for readers.
        with_source: whether the bundle includes the solver's source.
    """

    suite: Suite
    cells: Sequence[Cell]
    author: str | None = None
    notes: str = ""
    with_source: bool = False


def check_as_locked(suite: Suite) -> None:
    """Check that a suite's puzzles on this machine are the puzzles of its lock.

    Raises:
        SpecError: if puzzles differ from the lock; the message names them.
    """
    local = [entry.name for entry in suite.entries if entry.state is LockState.DIFFERS]
    if local:
        names = ", ".join(local)
        raise SpecError(
            f"suite {suite.name}: puzzles differ from its lock: {names}; run the suite's unpacked archive instead"
        )


def make_bundle(store: Store, submission: Submission, target: Path) -> str:
    """Write a bundle and return its SHA-256. Rows are scored again, so that they agree with the raw answers.

    Raises:
        SpecError: if the store lacks a cell, the solver ran on no cell, its source cannot be included, or rows of a
            source that is not covered come from several runs.
        StorageError: if a file cannot be read or written.
    """
    rows = _rows_of(store, submission)
    _check_covered(rows.values())
    reference = submission.cells[0].reference
    folder = Path(reference.target.rpartition(":")[0]).parent if reference.is_file else None
    scrub = make_scrub(folder)
    files: dict[str, bytes] = {}
    lines, judge = [], Judge()
    for cell in submission.cells:
        row, outcome = _clean(store, rows[cell.trial.id], cell, scrub)
        lines.append(_line(score_again(row, outcome or Outcome(row.status, row.reason), cell.loaded, judge)))
        if outcome is not None:
            raw, tensors = raw_of(outcome, row.trial, row.session)
            files[f"raw/{row.trial}.json"] = _text(raw)
            if tensors:
                files[f"raw/{row.trial}.safetensors"] = save(tensors)
    files[ROWS] = "".join(lines).encode()
    sessions = store.sessions()
    for name in sorted({row.session for row in rows.values()}):
        if name not in sessions:
            raise StorageError(
                f"{store.folder} has rows of session {name}, but no file session-{name}.json; run the trials again"
            )
        files[f"sessions/{name}.json"] = _text(scrub_session(sessions[name], scrub))
    if submission.with_source:
        files |= _source(submission)
    files[MANIFEST] = _text(_manifest(submission, files))
    return write_archive(target, files)


def _rows_of(store: Store, submission: Submission) -> dict[str, Row]:
    """Find the row of every cell.

    Raises:
        SpecError: if a cell has no row, or the solver ran on no puzzle.
    """
    wanted = {cell.trial.id for cell in submission.cells}
    rows = {row.trial: row for row in store.rows() if row.trial in wanted}
    missing = [cell for cell in submission.cells if cell.trial.id not in rows]
    if missing:
        first = f"{missing[0].loaded.puzzle.manifest.name}, seed {missing[0].trial.seed}"
        count = f"{len(missing)} of the {len(submission.cells)} trials"
        raise SpecError(
            f"{store.folder} lacks {count} of {missing[0].label} on suite {submission.suite.name} (first {first}); "
            "run it first, or leave out --no-run"
        )
    if all(row.status in {Status.SKIPPED, Status.UNAVAILABLE} for row in rows.values()):
        row = next(iter(rows.values()))
        raise SpecError(
            f"solver {row.solver} ran on no puzzle of suite {submission.suite.name}: {row.status}, {row.reason}"
        )
    return rows


def _check_covered(rows: Collection[Row]) -> None:
    """Check that all rows come from one run if the source is not covered: else they may be of different versions.

    Raises:
        SpecError: if they come from several runs.
    """
    doubtful = [row for row in rows if row.uncovered]
    sessions = {row.session for row in rows}
    if doubtful and len(sessions) > 1:
        raise SpecError(
            f"the source of {doubtful[0].solver} is not covered ({doubtful[0].uncovered}), and its rows come from "
            f"{len(sessions)} runs, which may be of different versions; leave out --no-run to run every trial again"
        )


def _clean(store: Store, row: Row, cell: Cell, scrub: Callable[[str], str]) -> tuple[Row, Outcome | None]:
    """Remove private parts from a row and its outcome: folders, names, log and printed output."""
    trial = _bare(cell.trial)
    name = cell.loaded.puzzle.manifest.name
    label = label_of(replace(cell.reference, target=trial.solver))
    changes = {"trial": trial.id, "solver": label, "origin": "", "puzzle_name": name, "reason": scrub(row.reason)}
    changes |= {"uncovered": scrub(row.uncovered), "beside": scrub(row.beside)}
    outcome = store.outcome(row)
    if outcome is not None:
        answer = outcome.answer and replace(outcome.answer, note=scrub(outcome.answer.note))
        reports = [replace(one, answer=replace(one.answer, note=scrub(one.answer.note))) for one in outcome.reports]
        outcome = replace(outcome, answer=answer, reports=tuple(reports), log=(), output="")
        outcome = replace(outcome, reason=scrub(outcome.reason))
    return row.model_copy(update=changes), outcome


def _bare(trial: Trial) -> Trial:
    """Remove the folder from the name of a solver's file, because the folder does not affect the result."""
    path, colon, name = trial.solver.rpartition(":")
    return replace(trial, solver=f"{Path(path).name}:{name}") if colon and path.endswith(".py") else trial


def _source(submission: Submission) -> dict[str, bytes]:
    reference = submission.cells[0].reference
    if not reference.is_file:
        raise SpecError(f"--with-source needs a solver in a Python file, not {reference.target}; leave it out")
    found = gather_source(Path(reference.target.rpartition(":")[0]))
    return {f"source/{name}": content for name, content in found.items()}


def _manifest(submission: Submission, files: dict[str, bytes]) -> BundleManifest:
    trial, suite = _bare(submission.cells[0].trial), submission.suite
    loaded: dict[str, LoadedPuzzle] = {cell.trial.puzzle: cell.loaded for cell in submission.cells}
    puzzles = [
        BundledPuzzle(
            name=entry.name,
            family=entry.family,
            digest=str(entry.digest),
            answered=loaded[str(entry.digest)].sealed is not None,
        )
        for entry in suite.entries
    ]
    return BundleManifest(
        protocol=PROTOCOL,
        program=__version__,
        author=submission.author,
        notes=submission.notes,
        suite=BundledSuite(
            name=suite.name,
            digest=str(suite.digest),
            seeds=suite.seeds,
            limits=suite.limits,
            puzzles=tuple(puzzles),
        ),
        solver=BundledSolver(
            label=label_of(replace(submission.cells[0].reference, target=trial.solver)),
            name=trial.solver,
            parameters=trial.parameters,
            sources={cell.trial.family: cell.trial.source for cell in submission.cells},
        ),
        files={name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    )


def _line(row: Row) -> str:
    return json.dumps(row.model_dump(mode="json"), allow_nan=False) + "\n"


def _text(model: BaseModel) -> bytes:
    return json.dumps(model.model_dump(mode="json"), indent=1, allow_nan=False).encode() + b"\n"
