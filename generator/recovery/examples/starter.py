"""Source of the solver that `netjigsaw new-solver NAME --family recovery` writes. It solves only easy puzzles."""

from __future__ import annotations

__all__ = ["STARTER"]

STARTER = '''\
"""A solver of recovery puzzles."""

import numpy as np
from scipy.optimize import least_squares


class Solver:
    """Fit networks of growing width to outputs at random inputs, until one fits."""

    family = "recovery"

    def solve(self, puzzle, context):
        rng, oracle = context.rng(), puzzle.oracle
        if oracle is None:  # a passive puzzle has a fixed table
            x, y = puzzle.table.inputs, puzzle.table.outputs
        else:
            rows = 1000 if oracle.left is None else min(1000, oracle.left)
            box = np.inf if puzzle.box is None else puzzle.box
            x = np.clip(puzzle.input_scale * rng.standard_normal((rows, puzzle.inputs)), -box, box)
            y = oracle(x)
        answer = None
        for units in (1, 2, 3, 4, 6, 8, 12, 16):
            widths = (puzzle.inputs, *[units] * puzzle.hidden_layers, puzzle.outputs)
            shapes = [(after, before + 1) for before, after in zip(widths, widths[1:])]  # weight and bias

            def network(parameters):
                parts = np.split(parameters, np.cumsum([after * before for after, before in shapes])[:-1])
                layers = [(p[: -s[0]].reshape(s[0], -1), p[-s[0] :]) for p, s in zip(parts, shapes)]
                return puzzle.network(layers, puzzle.activation or "tanh")  # None: the activation is hidden too

            def residuals(parameters):
                if context.time_left() < 0.3:
                    raise TimeoutError
                return (network(parameters)(x) - y).ravel()

            start = rng.standard_normal(sum(after * before for after, before in shapes))
            answer = answer or puzzle.answer(network(start))
            try:
                fit = least_squares(residuals, start, max_nfev=50)
            except TimeoutError:
                break
            answer = puzzle.answer(network(fit.x))
            context.report(answer)  # scored if the solver is stopped
            context.log(f"{units} units per layer: squared error {2 * fit.cost:.1e}")
            if fit.cost < 1e-20:
                break
        return answer
'''
"""Python source with a class `Solver`."""
