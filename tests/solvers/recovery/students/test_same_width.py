from __future__ import annotations

import pytest

from generator.errors import SpecError, UnsupportedPuzzleError
from generator.recovery.puzzle import network_of
from solvers.api import Context
from solvers.recovery.students.same_width import SameWidth
from tests.solvers.recovery.hidden import hiding_activation, passive_puzzle, teacher
from tests.solvers.recovery.students.matching import worst_error


@pytest.mark.parametrize("width", [0, 4])
def test_small_networks_are_found(width: int) -> None:
    network = teacher(3, 4, 1, input_scale=2.0)
    puzzle = passive_puzzle(network, 500, 2.0)
    answer = SameWidth(width=width).solve(puzzle, Context(wall_s=60))
    assert answer is not None
    assert answer.certified
    assert worst_error(network, network_of(puzzle, answer.value)) < 1e-9


def test_too_narrow_students_are_not_certified() -> None:
    puzzle = passive_puzzle(teacher(3, 4, 1), 500, 2.0)
    answer = SameWidth(width=3, restarts=2).solve(puzzle, Context(wall_s=60))
    assert answer is not None
    assert not answer.certified
    assert "held-out error" in answer.note


def test_what_is_refused() -> None:
    with pytest.raises(SpecError):
        SameWidth(restarts=0)
    with pytest.raises(UnsupportedPuzzleError):
        SameWidth().solve(passive_puzzle(teacher(3, 3, 3, 1), 100, 1.0), Context())
    with pytest.raises(UnsupportedPuzzleError):
        SameWidth().solve(hiding_activation(passive_puzzle(teacher(3, 3, 1), 100, 1.0)), Context())
