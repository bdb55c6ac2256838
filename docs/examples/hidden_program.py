"""A program that solves small recovery puzzles. It queries the oracle by lines of JSON on standard input and output.

netjigsaw run recovery-mini/easiest --solver-command "python hidden_program.py"
"""

import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit, ndtr

SIGMA = {
    "tanh": np.tanh,
    "sigmoid": expit,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.maximum(z, 0.01 * z),
    "softplus": lambda z: np.logaddexp(0, z),
    "gelu": lambda z: z * ndtr(z),
    "silu": lambda z: z * expit(z),
    "g": lambda z: expit(4 * z) + np.logaddexp(0, z),
}


def ask(inputs: np.ndarray) -> np.ndarray:
    """Send one query, rows x inputs, and read the outputs, rows x outputs."""
    print(json.dumps({"query": inputs.tolist()}), flush=True)
    reply = json.loads(sys.stdin.readline())
    if "error" in reply:
        sys.exit(reply["error"])
    return np.array(reply["outputs"])


def rows_of(puzzle: dict, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Read the table of a passive puzzle, or query the oracle of an active one."""
    if Path("inputs.csv").exists():
        return tuple(np.loadtxt(f"{name}.csv", delimiter=",", skiprows=1, ndmin=2) for name in ("inputs", "outputs"))
    oracle = json.loads(Path("oracle.json").read_text(encoding="utf-8"))
    rows = 1000 if oracle["budget"] is None else min(1000, oracle["budget"])
    inputs = puzzle.get("input_scale", 1.0) * rng.standard_normal((rows, puzzle["inputs"]))
    if oracle["high"] is not None:
        inputs = np.clip(inputs, oracle["low"], oracle["high"])
    return inputs, ask(inputs)


def layers_of(parameters: np.ndarray, widths: tuple) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split a flat vector into pairs of weight and bias."""
    sizes = [after * (before + 1) for before, after in pairwise(widths)]
    parts = np.split(parameters, np.cumsum(sizes)[:-1])
    shaped = [part.reshape(after, -1) for part, after in zip(parts, widths[1:], strict=True)]
    return [(part[:, :-1], part[:, -1]) for part in shaped]


def main() -> None:
    """Fit networks of growing width until one fits to rounding errors. Every answer is printed; the last one counts."""
    puzzle = json.loads(Path("puzzle.json").read_text(encoding="utf-8"))
    rng = np.random.default_rng(0)
    inputs, outputs = rows_of(puzzle, rng)
    activation = "tanh" if puzzle["activation"] == "hidden" else puzzle["activation"]
    sigma = SIGMA[activation]
    for units in (1, 2, 3, 4, 6, 8):
        widths = (puzzle["inputs"], *[units] * puzzle["hidden_layers"], puzzle["outputs"])

        def residuals(parameters: np.ndarray, widths: tuple = widths) -> np.ndarray:
            *hidden, (weight, bias) = layers_of(parameters, widths)
            state = inputs
            for inner, constant in hidden:
                state = sigma(state @ inner.T + constant)
            return (state @ weight.T + bias - outputs).ravel()

        start = rng.standard_normal(sum(after * (before + 1) for before, after in pairwise(widths)))
        fit = least_squares(residuals, start, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=100)
        layers = [{"weight": w.tolist(), "bias": b.tolist()} for w, b in layers_of(fit.x, widths)]
        named = {"activation": activation} if puzzle["activation"] == "hidden" else {}
        print(json.dumps({"layers": layers, **named}), flush=True)
        if fit.cost < 1e-20:
            return


main()
