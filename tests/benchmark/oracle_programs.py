"""A family for programs: which column of its input does the oracle return? Asking 0, 1, 2, ... as one row tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel

from generator.family.layout import ForeignLayout
from generator.family.metric import Metric, Score
from generator.family.oracle import HiddenNetwork, OracleRecord, OracleTerms, Usage
from generator.family.record import Family
from generator.family.registry import register_family
from generator.puzzle.sealing import Made, Progress, seal, silent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from pydantic import JsonValue

    from generator.puzzle.answer import Answer
    from generator.puzzle.content import Puzzle, SealedAnswer


class ColumnSpec(BaseModel):
    """A recipe."""

    inputs: int = 5
    budget: int = 20


def make_column(spec: ColumnSpec | None = None, *, name: str = "c", seed: int = 0, progress: Progress = silent) -> Made:
    """Hide one column."""
    chosen = spec or ColumnSpec()
    column = int(np.random.default_rng(seed).integers(1, chosen.inputs))
    progress(1, 1, 0.0)
    return seal(family="column", name=name, seed=seed, answer=column, pieces={}, data={}, spec=dict(chosen))


def terms(puzzle: Puzzle) -> OracleTerms:
    """Take them from the spec."""
    spec = ColumnSpec.model_validate(puzzle.manifest.spec)
    return OracleTerms(spec.inputs, 1, budget=spec.budget)


def open_oracle(_: Puzzle, sealed: SealedAnswer) -> HiddenNetwork:
    """Return the hidden column."""
    column = sealed.answer

    def answer(rows: NDArray[np.float64], /) -> NDArray[np.float64]:
        assert isinstance(column, int)
        return rows[:, column : column + 1]

    return answer


def score(_: Puzzle, answer: Answer, sealed: SealedAnswer | None, usage: Usage) -> Score:
    """Compare with the sealed answer."""
    assert sealed is not None
    return Score(answer.value == sealed.answer, {"queries": usage.queries})


def lay_out(_: Puzzle, folder: Path) -> None:
    """Leave a file of the layout's own."""
    folder.mkdir()
    (folder / "question.txt").write_text("which column?\n")


def reader(_: Puzzle) -> Callable[[str], JsonValue]:
    """Understand `column 3`."""

    def read(line: str) -> JsonValue:
        head, _, number = line.strip().partition(" ")
        return int(number) if head == "column" and number.isdigit() else None

    return read


COLUMN = register_family(
    Family(
        name="column",
        summary="find the column that is returned",
        spec=ColumnSpec,
        presets={},
        generate=make_column,
        score=score,
        metrics=(Metric("queries", "queries", "low"),),
        oracle=OracleRecord(terms, open_oracle),
        foreign_layout=ForeignLayout(lay_out, reader),
    )
)
