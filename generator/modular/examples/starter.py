"""Source of the solver that `netjigsaw new-solver` writes. The solver is short and finds only public frequencies."""

from __future__ import annotations

__all__ = ["STARTER"]

STARTER = '''\
"""A solver of puzzles on modular addition."""

import numpy as np


class Solver:
    """Read frequencies off the tables by a Fourier transform, and take every circle for a clock."""

    family = "modular"

    def solve(self, puzzle, context):
        tables = (puzzle.network.first, puzzle.network.second)  # p x width, a row per symbol
        spectra = [np.abs(np.fft.rfft(table.numpy() - table.numpy().mean(0), axis=0)) ** 2 for table in tables]
        power = sum(spectrum.sum(axis=1) for spectrum in spectra)
        frequencies = [int(k) for k in np.flatnonzero(power > 0.2 * power.max())]
        context.log(f"frequencies of the tables: {frequencies}")
        return puzzle.answer(
            label="clock",
            frequencies=frequencies,
            kinds={k: "clock" for k in frequencies},
            explanation=[{"frequency": k, "clock": 1.0} for k in frequencies],
        )
'''
"""Python source with a class called Solver."""
