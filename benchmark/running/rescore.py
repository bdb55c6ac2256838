"""Score stored answers again after a metric was added or fixed. No solver runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.results.session import describe_session
from benchmark.results.store import Store, Writer
from benchmark.running.judge import Judge
from benchmark.running.planning.remarks import reason_of
from benchmark.running.runner import finite_metrics
from generator.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmark.results.outcome import Outcome
    from benchmark.results.trial import Row
    from generator.puzzle.storage import LoadedPuzzle

__all__ = ["rescore", "score_again"]


def rescore(results: Path, puzzles: Iterable[LoadedPuzzle]) -> list[Row]:
    """Score every raw answer of a store again and append the rows that changed. Measured times stay as they are.

    Returns:
        all rows of the store after scoring.

    Raises:
        SpecError: if the puzzle of a row is not among `puzzles`; nothing is written then.
        StorageError: if the store cannot be read or written.
        HarnessError: if scoring itself fails.
    """
    store = Store(results)
    rows = store.rows()
    loaded = {given.puzzle.digest: given for given in puzzles}
    for row in rows:
        if row.puzzle not in loaded:
            raise SpecError(
                f"{results} has rows of puzzle {row.puzzle_name!r} ({row.puzzle[:12]}), which was not given; "
                "name its folder too"
            )
    judge = Judge()
    scored = [_score_again(store, row, loaded[row.puzzle], judge) for row in rows]
    changed = [new for new, old in zip(scored, rows, strict=True) if new != old]
    if changed:
        session = describe_session(jobs=1, threads=1, isolation="none", kind="rescore")
        with Writer(results, session) as writer:
            for row in changed:
                writer.append(row)
    return scored


def _score_again(store: Store, row: Row, loaded: LoadedPuzzle, judge: Judge) -> Row:
    outcome = store.outcome(row)
    return row if outcome is None else score_again(row, outcome, loaded, judge)


def score_again(row: Row, outcome: Outcome, loaded: LoadedPuzzle, judge: Judge) -> Row:
    """Return the row with status, reason, flags and metrics scored anew from the outcome; other fields stay.

    Raises:
        HarnessError: if scoring itself fails.
    """
    verdict = judge.decide(loaded, outcome)
    return row.model_copy(
        update={
            "status": verdict.status,
            "reason": reason_of(verdict, row.beside),
            "certified": verdict.certified,
            "from_report": verdict.from_report,
            "metrics": finite_metrics(verdict.metrics),
        }
    )
