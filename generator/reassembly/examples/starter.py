"""Source of the solver that `netjigsaw new-solver` writes. The solver is short and solves only the easiest puzzles."""

from __future__ import annotations

__all__ = ["STARTER"]

STARTER = '''\
"""A solver of reassembly puzzles."""

from scipy.optimize import linear_sum_assignment


class Solver:
    """Pair halves by the trace of V U, and run the blocks with the smallest |V| first."""

    family = "reassembly"

    def solve(self, puzzle, context):
        net = puzzle.network  # stacked halves: U is K x m x d, V is K x d x m
        traces = net.V.flatten(1) @ net.U.mT.flatten(1).T  # tr(V_j U_i), very negative for a pair
        outgoing, incoming = linear_sum_assignment(traces)
        order = net.V[outgoing].flatten(1).norm(dim=1).argsort().numpy()
        answer = puzzle.answer(incoming[order], outgoing[order])  # piece numbers in execution order
        context.report(answer)  # scored if time runs out
        return answer
'''
"""Python source with a class called Solver."""
