"""The search over roles: it lists every choice once, reports what improves, ends in time, and solves easy puzzles."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from generator.puzzle.answer import Answer, as_answer, plain
from generator.reassembly.making.generate import generate
from generator.reassembly.scoring.score import mean_squared_error, score
from generator.reassembly.spec import PRESETS, ReassemblySpec
from generator.reassembly.unknown_roles import UnknownRolesPuzzle, view_any
from solvers.api import Context
from solvers.reassembly.flagship.fast import Fast
from solvers.reassembly.roles.coherence import RoleModel, guess_roles, role_model
from solvers.reassembly.roles.search import LEAST_S, coherent_roles, solve_unknown_roles

if TYPE_CHECKING:
    from generator.puzzle.sealing import Made
    from generator.reassembly.puzzle import ReassemblyPuzzle

LOOSE: dict[str, Any] = {"depth": 3, "width": 6, "hidden": 6, "rows": 60, "steps": 0, "roles": "unknown"}


def make(**changes: Any) -> tuple[Made, UnknownRolesPuzzle]:
    made = generate(ReassemblySpec.model_validate({**LOOSE, **changes}), name="p", seed=1)
    view = view_any(made.puzzle)
    assert isinstance(view, UnknownRolesPuzzle)
    return made, view


def model_of(count: int) -> RoleModel:
    rng = np.random.default_rng(count)
    couplings = rng.standard_normal((count, count))
    couplings += couplings.T
    np.fill_diagonal(couplings, 0.0)
    return RoleModel(couplings, rng.standard_normal(count))


def test_every_choice_of_roles_is_listed_once() -> None:
    model = model_of(8)
    start = guess_roles(model, np.random.default_rng(0))
    listed = list(coherent_roles(model, start))
    assert np.array_equal(listed[0], start)
    assert len(listed) == math.comb(8, 4) == len({roles.tobytes() for roles in listed})
    assert all(roles.sum() == 0 for roles in listed)
    # All single exchanges of the start wait in the queue, so the second is the best of them.
    _, _, gain = model.exchanges(start)
    assert model.coherence(listed[1]) == pytest.approx(model.coherence(start) + gain.max())


def refuse(*_: Any) -> Any:
    raise AssertionError("not to be called")


def test_only_improvements_are_reported() -> None:
    _, view = make()
    reports: list[Answer] = []
    context = Context(report=lambda answer: reports.append(as_answer(answer)))

    def quick(assumed: ReassemblyPuzzle, part: Context) -> Answer:
        depth = range(assumed.depth)
        for order in (depth, depth[::-1]):
            part.report(assumed.answer(order, order))
        return Answer(plain(assumed.answer(depth, depth)))

    answer = solve_unknown_roles(view, context, stands_out=lambda _: True, quick=quick, thorough=None)
    errors = [mean_squared_error(view, one.value) for one in reports]  # type: ignore[arg-type]
    assert len(errors) > 1
    assert errors == sorted(errors, reverse=True)
    assert answer == reports[-1]


def test_a_certified_answer_ends_the_search() -> None:
    _, view = make()
    calls = []

    def quick(assumed: ReassemblyPuzzle, _: Context) -> Answer:
        calls.append(assumed.roles)
        return Answer(plain(assumed.answer(range(3), range(3))), certified=len(calls) == 2)

    answer = solve_unknown_roles(view, Context(), stands_out=lambda _: True, quick=quick, thorough=refuse)
    assert answer.certified
    assert len(set(calls)) == len(calls) == 2


def test_without_pairs_that_stand_out_only_the_thorough_solver_runs() -> None:
    _, view = make()
    shares = []

    def thorough(assumed: ReassemblyPuzzle, part: Context) -> Answer:
        shares.append(part.time_left())
        return Answer(plain(assumed.answer(range(3), range(3))), certified=len(shares) == 3)

    context = Context(wall_s=1000.0)
    answer = solve_unknown_roles(view, context, stands_out=lambda _: False, quick=refuse, thorough=thorough)
    assert answer.certified
    assert len(shares) == 3
    assert all(LEAST_S <= share <= 20.0 for share in shares)


def test_no_time_still_gives_the_guess() -> None:
    _, view = make()
    reports: list[Answer] = []
    context = Context(
        wall_s=0.01, started=time.monotonic() - 1, report=lambda answer: reports.append(as_answer(answer))
    )
    answer = solve_unknown_roles(view, context, stands_out=refuse, quick=refuse, thorough=refuse)
    view.assembly(answer.value)
    assert reports == [answer]
    roles = guess_roles(role_model(view), context.rng())
    assert set(view.assembly(answer.value)[0]) == set(np.flatnonzero(roles > 0))


def test_the_fast_solver_solves_an_easy_puzzle_without_its_roles() -> None:
    made, view = make(**{**PRESETS["tiny"], "hidden": 16})
    answer = Fast(handover=False).solve(view, Context(seed=1))
    assert answer.certified
    found = score(view, answer, made.sealed)
    assert found.solved
    assert found.metrics["role_accuracy"] == 1.0


@pytest.mark.parametrize(
    "changes",
    [
        {"depth": 1},
        {"rows": 1},
        {"biases": False},
        {"outputs": 3},
        {"task": "classes", "outputs": 4},
        {"prediction_decimals": 2},
        {"prediction_noise": 0.1},
    ],
    ids=str,
)
def test_awkward_puzzles_get_a_valid_answer(changes: dict[str, Any]) -> None:
    made, view = make(**changes)
    answer = Fast(handover=False).solve(view, Context(wall_s=20.0))
    assert 0 <= score(view, answer, made.sealed).metrics["role_accuracy"] <= 1
