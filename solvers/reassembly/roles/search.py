"""Solve a puzzle with unknown roles: assume roles, the most coherent roles first, and solve the resulting puzzle.

Assumed roles make an ordinary puzzle. Under the true roles of a well-trained network, nearly all matched halves are
each other's best partner; under most other roles they are not. This check takes a millisecond. So roles are screened in
the order of falling coherence, and a quick solver runs only where pairs stand out. A certified answer ends the search.
If there is none, a thorough solver gets a share of the time left for each of the most coherent roles in turn.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from generator.puzzle.answer import Answer, as_answer, plain
from generator.reassembly.scoring.certificate import squared_error
from solvers.reassembly.roles.coherence import guess_roles, role_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from generator.reassembly.network.residual import ResidualNetwork
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from generator.reassembly.unknown_roles import UnknownRolesPuzzle
    from solvers.api import Context
    from solvers.reassembly.roles.coherence import RoleModel

__all__ = ["coherent_roles", "solve_unknown_roles"]

SCREENED = 1_000
"""Most choices of roles that are screened. Each takes about a millisecond for six blocks, which have 924 choices in
all. Hand-set."""

SCREENING = 0.5
"""Largest share of the time for the screening. A larger value leaves less time for the thorough solver. Hand-set."""

SEARCHED = 100
"""Most choices of roles that the thorough solver tries, so that a search without a time limit ends. Hand-set."""

BRANCHES = 64
"""Exchanges that are followed from one choice of roles, by highest coherence. More take more memory. Hand-set."""

COMPARED_ROWS = 1_000
"""Rows on which answers under different roles are compared. More rows take more time. Hand-set."""

SHARE = 0.2
"""Share of the time left that the thorough solver gets per choice of roles. A larger value tries fewer. Hand-set."""

LEAST_S, MOST_S = 1.0, 20.0
"""Bounds of the time for one choice of roles in seconds. The search ends if less than twice the lower bound is left.
Hand-set."""


def coherent_roles(model: RoleModel, start: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """List choices of roles: next the most coherent one that an exchange of two halves makes from a listed one.

    From a maximum on, coherence falls nearly steadily along this best-first search.
    """
    waiting = [(-model.coherence(start), start.astype(np.int8).tobytes())]
    seen = {waiting[0][1]}
    while waiting:
        value, key = heapq.heappop(waiting)
        roles = np.frombuffer(key, dtype=np.int8)
        yield roles.astype(np.float64)
        up, down, gain = model.exchanges(roles.astype(np.float64))
        for flat in np.argsort(-gain, axis=None, kind="stable")[:BRANCHES]:
            row, column = divmod(int(flat), len(down))
            other = roles.copy()
            other[up[row]], other[down[column]] = -1, 1
            key = other.tobytes()
            if key not in seen:
                seen.add(key)
                heapq.heappush(waiting, (value - float(gain[row, column]), key))


def solve_unknown_roles(
    puzzle: UnknownRolesPuzzle,
    context: Context,
    *,
    stands_out: Callable[[ResidualNetwork], bool],
    quick: Callable[[ReassemblyPuzzle, Context], Answer],
    thorough: Callable[[ReassemblyPuzzle, Context], Answer] | None,
) -> Answer:
    """Assume roles, the most coherent ones first, until an answer is certified or the time is over.

    Args:
        puzzle: to solve.
        context: context of the trial; only answers better than all before are reported.
        stands_out: returns whether pairs stand out among halves; only then `quick` is tried.
        quick: solves a puzzle with assumed roles, or ends soon.
        thorough: solves such a puzzle until its time limit; None to end without it.
    """
    with torch.inference_mode():
        model = role_model(puzzle)
        start = guess_roles(model, context.rng())
        best = _Best(puzzle, context)
        best.offer(Answer(plain(_in_order(puzzle, start)), note="roles guessed, nothing searched"))
        reserve_s = (1 - SCREENING) * context.time_left()
        for roles in itertools.islice(coherent_roles(model, start), SCREENED):
            if context.time_left() <= reserve_s < math.inf:
                break
            assumed = puzzle.assuming(np.flatnonzero(roles > 0).tolist())
            if stands_out(assumed.network) and best.offer(quick(assumed, _part(context, math.inf, best))):
                return best.answer
        if thorough is None:
            return best.answer
        for roles in itertools.islice(coherent_roles(model, start), SEARCHED):
            left = context.time_left()
            if left < 2 * LEAST_S:
                break
            share_s = min(max(SHARE * left, LEAST_S), MOST_S)
            assumed = puzzle.assuming(np.flatnonzero(roles > 0).tolist())
            if best.offer(thorough(assumed, _part(context, share_s, best))):
                break
        return best.answer


class _Best:
    """The best answer so far, which is reported whenever it improves."""

    def __init__(self, puzzle: UnknownRolesPuzzle, context: Context) -> None:
        self._puzzle, self._context = puzzle, context
        self._rows = puzzle.inputs[:COMPARED_ROWS], puzzle.predictions[:COMPARED_ROWS]
        self._mse = math.inf
        self.answer = Answer(None)

    def offer(self, offered: Any) -> bool:
        """Take an answer if it is better or certified; return whether it is certified."""
        answer = as_answer(offered)
        inputs, targets = self._rows
        mse = squared_error(self._puzzle.assembled(answer.value)(inputs), targets)
        if mse < self._mse or answer.certified or self.answer.value is None:
            self.answer, self._mse = answer, min(mse, self._mse)
            self._context.report(answer)
        return answer.certified


def _part(context: Context, share_s: float, best: _Best) -> Context:
    """Make the context of a run under assumed roles: a part of the time, the same clock and seed."""

    def report(answer: Any) -> None:
        best.offer(answer)

    elapsed = time.monotonic() - context.started
    return dataclasses.replace(context, wall_s=min(context.wall_s, elapsed + share_s), report=report)


def _in_order(puzzle: UnknownRolesPuzzle, roles: NDArray[np.float64]) -> list[int]:
    """Write the halves in the order of their numbers, each in its role."""
    return puzzle.square_answer(np.flatnonzero(roles > 0).tolist(), np.flatnonzero(roles < 0).tolist())
