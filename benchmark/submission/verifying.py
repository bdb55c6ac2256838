"""Verify a bundle in steps: suite, cells, sessions, scores, source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.running.judge import Judge
from benchmark.submission.findings import Discrepancy
from benchmark.submission.scoring import score_cell
from benchmark.submission.sourcing import check_source
from benchmark.submission.suiting import cells_of, check_suite, known_rows
from benchmark.submission.times import check_session
from generator.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmark.results.session import Session
    from benchmark.results.trial import Row
    from benchmark.submission.bundle.contents import Contents, OpenedBundle
    from benchmark.submission.bundle.schema import BundleManifest
    from benchmark.submission.suiting import Ground

__all__ = ["Verification", "verify_bundle"]

UNTIMED = "times are the submitter's measurements; only a rerun (--rerun) can confirm them"


@dataclass(frozen=True, eq=False)
class Verification:
    """The result of verifying a bundle.

    Attributes:
        path: path of the bundle.
        sha256: SHA-256 of the bundle's file.
        manifest: manifest of the bundle; None if it cannot be read.
        findings: faults of the bundle.
        notes: other facts for readers.
        rows: rows with scores computed here and the submitter's measurements; empty if there is a finding.
        sessions: sessions by id.
    """

    path: Path
    sha256: str
    manifest: BundleManifest | None
    findings: tuple[Discrepancy, ...]
    notes: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    sessions: tuple[Session, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether the bundle has no fault."""
        return not self.findings


def verify_bundle(opened: OpenedBundle, ground: Ground) -> Verification:
    """Score a bundle again on the suite here, without trusting its content.

    If the bundle's suite differs, nothing is scored, and the findings list the differences.

    Raises:
        NetjigsawError: if verification fails for a reason outside the bundle.
    """
    contents = opened.contents
    if contents is None:
        return Verification(opened.path, opened.sha256, None, opened.findings)
    manifest = contents.manifest
    findings = [*opened.findings, *check_suite(manifest.suite, ground.suite)]
    if len(findings) > len(opened.findings):
        return Verification(opened.path, opened.sha256, manifest, tuple(findings))
    cells = cells_of(contents, ground)
    rows, misfits = known_rows(contents, cells)
    findings += misfits
    findings += _check_sessions(contents, ground.suite.limits.threads)
    judge = Judge()
    scored = [
        score_cell(contents, rows[key], cell, ground.loaded[key[0]], judge)
        for key, cell in cells.items()
        if key in rows
    ]
    findings += [finding for one in scored for finding in one.findings]
    wrong, source = check_source(contents)
    findings += wrong
    notes = [*source, *_remarks(contents, ground, sum(one.rounded for one in scored))]
    return Verification(
        opened.path,
        opened.sha256,
        manifest,
        tuple(findings),
        tuple(notes),
        () if findings else tuple(one.row for one in scored if one.row is not None),
        tuple(contents.sessions.values()),
    )


def _check_sessions(contents: Contents, threads: int) -> Iterator[Discrepancy]:
    used = {row.session for row in contents.rows}
    for name, session in contents.sessions.items():
        if name not in used:
            yield Discrepancy(f"session {name}", problem="has no row")
        yield from check_session(session, threads)


def _remarks(contents: Contents, ground: Ground, rounded: int) -> Iterator[str]:
    manifest = contents.manifest
    if rounded:
        yield f"{rounded} metrics differ in their last digits, as between processors; the values computed here count"
    if manifest.program != __version__:
        yield f"made with netjigsaw {manifest.program}, verified with {__version__}"
    if any(item.sealed is None and item.puzzle.manifest.commitment is not None for item in ground.loaded.values()):
        yield "some sealed answers are not on this machine, so only predictions were compared; see --answers"
    if any(not puzzle.answered for puzzle in manifest.suite.puzzles):
        yield "the submitter did not have all sealed answers; the scores computed here count"
    for session in contents.sessions.values():
        if session.jobs > 1:
            yield f"session {session.id} ran {session.jobs} trials at the same time, which distorts times"
        if not session.isolation.startswith("namespaces"):
            yield f"session {session.id} ran without namespaces: a solver that looks for the answers can find them"
    yield UNTIMED
