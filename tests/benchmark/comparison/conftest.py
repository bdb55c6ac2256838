from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmark.comparison.matching import Side
from benchmark.comparison.report import Comparison, compare_sides
from benchmark.comparison.rules import parse_rules
from benchmark.results.session import Session
from benchmark.results.trial import Limits, Row, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def _row(puzzle: int = 0, status: str = "solved", seed: int = 0, **changes: Any) -> Row:
    """A result of solver `mine` on reassembly puzzle number n, whose digest is n in 64 digits."""
    fields = {
        "trial": f"{puzzle}-{seed}",
        "session": "s",
        "puzzle": f"{puzzle:064x}",
        "puzzle_name": f"net-{puzzle}",
        "family": "reassembly",
        "solver": "mine",
        "source": "aaaa",
        "seed": seed,
        "limits": Limits(),
        "status": Status(status),
        "wall_s": 1.0,
        "load_average": 0.5,
    }
    return Row.model_validate(fields | changes)


@pytest.fixture
def row() -> Callable[..., Row]:
    return _row


def _session(name: str = "s", **changes: Any) -> Session:
    fields = {
        "id": name,
        "started": "2026-01-01T00:00:00+00:00",
        "host": "here",
        "system": "Linux",
        "cpu": "CPU",
        "cores": 4,
        "memory_mib": 1024,
        "jobs": 1,
        "threads": 1,
        "isolation": "namespaces",
        "versions": {},
        "blas": "",
    }
    return Session.model_validate(fields | changes)


@pytest.fixture
def session() -> Callable[..., Session]:
    return _session


@pytest.fixture
def side() -> Callable[..., Side]:
    """Make a side of rows that were all measured in one session."""

    def make(rows: Iterable[Row], name: str = "side", **changes: Any) -> Side:
        return Side(name, (tuple(rows),), {"s": _session(**changes)})

    return make


@pytest.fixture
def compared(side: Callable[..., Side]) -> Callable[..., Comparison]:
    """Compare two lists of rows."""

    def compare(base: Iterable[Row], new: Iterable[Row], fail_on: str = "solved:-0", **options: Any) -> Comparison:
        base, new = list(base), list(new)
        labels = {row.solver: row.solver for row in (*base, *new)}
        return compare_sides(side(base, "BASE"), side(new, "NEW"), labels, parse_rules(fail_on), **options)

    return compare
