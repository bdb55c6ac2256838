"""Run one solver on one hidden network in this process, and count its queries. Other experiments import this module."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from generator.errors import NetjigsawError
from generator.family.oracle import CountedOracle, Usage
from generator.puzzle.answer import Answer
from generator.recovery.oracle import open_oracle, terms
from generator.recovery.puzzle import view_puzzle
from generator.recovery.scoring.score import score
from solvers.api import Context
from solvers.reference import parse_reference
from solvers.registry import build_solver, find_solver

if TYPE_CHECKING:
    from generator.puzzle.sealing import Made


@dataclass(frozen=True)
class Trial:
    """The result of one solver on one network.

    Attributes:
        solver: name with parameters.
        name: name of the puzzle.
        solved: whether the puzzle is solved.
        seconds: processor time in seconds.
        queries: rows asked.
        error: worst weight error, relative to a layer's largest weight; infinite without an answer.
        certified: whether the solver certified its answer.
        reason: the error of the solver, else the reason of the score, else the solver's note.
    """

    solver: str
    name: str
    solved: bool
    seconds: float
    queries: int
    error: float
    certified: bool
    reason: str


def attempt(
    solver: str, made: Made, wall_s: float, seed: int, *, verbose: bool = False, budget: int | None = None
) -> Trial:
    """Run a solver on a puzzle and score its answer.

    Args:
        solver: name with parameters, as on the command line.
        made: the puzzle and its sealed answer.
        wall_s: limit of wall time in seconds, which the solver sees; nothing stops a solver that exceeds it.
        seed: seed of the solver.
        verbose: whether to print the solver's log.
        budget: rows that the oracle answers; None for the budget of the puzzle.
    """
    view, limits = view_puzzle(made.puzzle), terms(made.puzzle)
    if limits is not None and budget is not None:
        limits = replace(limits, budget=budget)
        view = replace(view, public=view.public.model_copy(update={"budget": budget}))
    oracle = None if limits is None else CountedOracle(open_oracle(view, made.sealed), limits)
    reports: list[Any] = []

    def keep(answer: Any) -> None:
        reports.append(answer)

    context = Context(seed=seed, wall_s=wall_s, report=keep, oracle=oracle)
    if verbose:
        context.log = lambda text: print(f"    {time.monotonic() - context.started:8.3f} s  {text}", flush=True)
    reference = parse_reference(solver)
    method = build_solver(find_solver(reference, "recovery"), reference.parameters)
    began, reason = time.process_time(), ""
    answer: Any = None
    try:
        answer = method.solve(replace(view, oracle=oracle), context)
    except NetjigsawError as error:
        reason = str(error)
    seconds = time.process_time() - began
    if answer is None or (isinstance(answer, Answer) and answer.value is None):
        answer = reports[-1] if reports else None
    asked = 0 if oracle is None else oracle.queries
    if answer is None:
        return Trial(solver, made.puzzle.manifest.name, False, seconds, asked, np.inf, False, reason)
    given = answer if isinstance(answer, Answer) else Answer(answer)
    found = score(view, given, made.sealed, Usage(queries=asked))
    worst = found.metrics.get("worst_weight_error", np.inf)
    note = reason or found.reason or given.note
    return Trial(solver, made.puzzle.manifest.name, found.solved, seconds, asked, worst, given.certified, note)
