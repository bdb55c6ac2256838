"""Merge verified bundles and a store's rows on the same cells into one set of results of one suite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.running.planning.plan import limits_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmark.results.session import Session
    from benchmark.results.store import Store
    from benchmark.results.trial import Row
    from benchmark.submission.suiting import Ground
    from benchmark.submission.verifying import Verification
    from generator.puzzle.content import Manifest

__all__ = ["Merged", "merge"]


@dataclass(frozen=True, eq=False)
class Merged:
    """Results from several bundles and a store on the cells of one suite.

    Attributes:
        rows: rows in order of their sessions; a solver of a bundle is called author/solver.
        sessions: sessions by id, without plans of other suites.
        manifests: manifests of the suite's puzzles, by digest.
        left_out: number of rows of the store that belong to no cell of the suite.
    """

    rows: tuple[Row, ...]
    sessions: dict[str, Session]
    manifests: dict[str, Manifest]
    left_out: int


def merge(bundles: Sequence[Verification], store: Store | None, ground: Ground) -> Merged:
    """Merge the results of one suite. Bundles contribute the metrics that verification computed.

    Raises:
        StorageError: if the store cannot be read.
        PuzzleError: if a session file is damaged.
    """
    rows: list[Row] = [row for bundle in bundles for row in _marked(bundle)]
    sessions = {session.id: session for bundle in bundles for session in _described(bundle, ground)}
    left_out = 0
    if store is not None:
        held = store.rows()
        fitting = [row for row in held if _fits(row, ground)]
        left_out = len(held) - len(fitting)
        rows += fitting
        sessions |= {name: _of_suite(session, ground) for name, session in store.sessions().items()}
    manifests = {item.puzzle.digest: item.puzzle.manifest for item in ground.loaded.values()}
    rows.sort(key=lambda row: row.session)
    return Merged(tuple(rows), sessions, manifests, left_out)


def _marked(bundle: Verification) -> Iterator[Row]:
    """Prefix the solver's name with the submitter's name, and name the bundle as the origin of each row."""
    for row in bundle.rows:
        changes = {"solver": f"{_origin(bundle)}/{row.solver}", "origin": f"bundle {bundle.sha256[:8]}"}
        yield row.model_copy(update=changes)


def _described(bundle: Verification, ground: Ground) -> Iterator[Session]:
    """Set the submitter's name as host of a bundle's sessions, and the plan of the suite here as their plan."""
    for session in bundle.sessions:
        yield session.model_copy(update={"host": _origin(bundle), "suites": (ground.use,)})


def _origin(bundle: Verification) -> str:
    author = bundle.manifest.author if bundle.manifest is not None else None
    return author or f"anonymous-{bundle.sha256[:8]}"


def _of_suite(session: Session, ground: Ground) -> Session:
    """Remove plans of other suites from a session."""
    uses = tuple(use for use in session.suites if use.digest == ground.suite.digest)
    return session.model_copy(update={"suites": uses})


def _fits(row: Row, ground: Ground) -> bool:
    """Check that a row belongs to a cell of the suite, with the suite's limits and the puzzle's budget of queries."""
    suite, loaded = ground.suite, ground.loaded.get(row.puzzle)
    if loaded is None or row.seed >= suite.seeds:
        return False
    return row.limits == limits_of(loaded.puzzle, suite.limits)
