from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from benchmark.results.trial import Limits, Row, Status
from generator.family import registry as family_module
from generator.family.metric import Metric
from generator.family.record import Family

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def _row(solver: str, puzzle: int = 0, status: str = "solved", seed: int = 0, **changes: Any) -> Row:
    """A result of the family `toy`; puzzle number n has the digest n in 64 digits."""
    fields = {
        "trial": f"{solver}-{puzzle}-{seed}",
        "session": "s",
        "puzzle": f"{puzzle:064x}",
        "puzzle_name": f"net-{puzzle}",
        "family": "toy",
        "solver": solver,
        "source": "aaaa",
        "seed": seed,
        "limits": Limits(),
        "status": Status(status),
        "wall_s": 1.0,
    }
    return Row.model_validate(fields | changes)


@pytest.fixture
def row() -> Callable[..., Row]:
    return _row


class _Spec(BaseModel):
    pass


def _unused(*_: Any, **__: Any) -> Any:
    raise NotImplementedError


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Family:
    """A family that the leaderboard has never heard of."""
    family = Family(
        name="toy",
        summary="",
        spec=_Spec,
        presets={},
        generate=_unused,
        score=_unused,
        metrics=(
            Metric("share", "share found", "high", shown="percent", digits=1),
            Metric("error", "error", "low", summary="median", shown="scientific", digits=1),
            Metric("tau", "tau", "high", headline=False),
        ),
    )
    monkeypatch.setitem(family_module._FAMILIES, "toy", family)
    return family


@pytest.fixture
def loss(monkeypatch: pytest.MonkeyPatch, toy: Family) -> Family:
    """A family that ranks by a metric: its geometric mean, with 1 for a failure. It replaces `toy`."""
    metrics = (
        Metric("share", "share found", "high", shown="percent", digits=1),
        Metric("loss", "loss over par", "low", scale="log", failed=1.0),
    )
    family = replace(toy, metrics=metrics, rank_by="loss")
    monkeypatch.setitem(family_module._FAMILIES, "toy", family)
    return family


@pytest.fixture
def scored(row: Callable[..., Row]) -> Callable[..., list[Row]]:
    """Make scored rows of a solver, one per loss."""

    def make(solver: str, losses: Iterable[float], seed: int = 0) -> list[Row]:
        return [
            row(solver, n, "scored", seed=seed, metrics={"loss": float(loss), "share": 0.5})
            for n, loss in enumerate(losses)
        ]

    return make


@pytest.fixture
def rows(row: Callable[..., Row]) -> list[Row]:
    """A good solver, a bad one, and one that was run on one cell of six."""
    good, bad = {"share": 1.0, "error": 1.21e-14}, {"share": 1 / 3, "error": 0.5}
    return [
        *(row("good[k=1]", n, metrics=good, wall_s=0.25) for n in range(6)),
        *(row("bad", n, "partial" if n else "timeout", metrics=bad, wall_s=0.125) for n in range(6)),
        row("new", 0, metrics=good, wall_s=0.0625),
    ]
