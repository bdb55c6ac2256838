"""Make the page of a result store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from generator.puzzle.storage import writing_file
from generator.version import __version__
from leaderboard.page.content import family_content
from leaderboard.page.render import render_page
from leaderboard.page.results import ENDINGS
from leaderboard.ranking.planned import PLANNED, headline_of
from leaderboard.ranking.rank import rank_frame

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from benchmark.results.session import Session
    from benchmark.results.store import Store
    from generator.puzzle.content import Manifest

__all__ = ["MOST_RESULTS", "make_page", "page_of", "write_page"]

MOST_RESULTS = 40_000
"""Largest number of results that a page holds one by one. With more results the page holds only summaries, so that it
stays a few MiB and opens quickly. Hand-set.
"""


def write_page(store: Store, frame: pd.DataFrame, out: Path) -> int:
    """Write a store's page and return its size in bytes.

    Args:
        store: the store with the manifests and sessions.
        frame: results and planned cells of the store, with details.
        out: file to write, completely or not at all.

    Raises:
        SpecError: if there is nothing to rank.
        StorageError: if a file cannot be read or written.
        PuzzleError: if a manifest or a session is damaged.
    """
    text = page_of(store, frame).encode()
    with writing_file(out) as scratch:
        scratch.write_bytes(text)
    return len(text)


def page_of(store: Store, frame: pd.DataFrame) -> str:
    """Make the page of a store; manifests are read only if the page shows single puzzles.

    Raises:
        SpecError: if there is nothing to rank.
        StorageError: if a file cannot be read.
        PuzzleError: if a manifest or a session is damaged.
    """
    manifests = store.manifests() if len(frame) <= MOST_RESULTS else {}
    return make_page(frame, manifests, store.sessions())


def make_page(frame: pd.DataFrame, manifests: Mapping[str, Manifest], sessions: Mapping[str, Session]) -> str:
    """Make the page of results.

    Args:
        frame: from `leaderboard.ranking.frame`, with details.
        manifests: manifests by puzzle digest; a puzzle without a manifest is shown with its labels only.
        sessions: sessions by id; a result without a session is shown without its machine.

    Raises:
        SpecError: if there is nothing to rank.
    """
    rankings = rank_frame(frame, headline=headline_of(sessions.values()))
    results = int((frame["source"].astype(str) != PLANNED).sum())
    single = len(frame) <= MOST_RESULTS
    data: dict[str, Any] = {
        "format": 1,
        "endings": list(ENDINGS),
        "results": results,
        "summed": not single,
        "most": MOST_RESULTS,
        "families": [family_content(frame, ranking, manifests, single=single) for ranking in rankings],
        "sessions": {name: _machine(sessions[name]) for name in sorted(set(frame["session"])) if name in sessions},
    }
    now = datetime.now(UTC)
    made = f"{results} results; made by netjigsaw {__version__}, {now:%Y-%m-%d %H:%M} UTC"
    names = ", ".join(ranking.family for ranking in rankings)
    return render_page(f"netjigsaw leaderboard: {names}", made, rankings, data)


def _machine(session: Session) -> dict[str, Any]:
    """Describe the machine and settings of a session, without the host's name, which is private."""
    shown = {"started", "cpu", "cores", "memory_mib", "jobs", "threads", "isolation", "blas", "commit", "system"}
    versions = ", ".join(f"{name} {version}" for name, version in session.versions.items())
    return {**session.model_dump(mode="json", include=shown), "versions": versions}
