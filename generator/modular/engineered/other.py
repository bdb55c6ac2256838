"""Networks that add modulo p without circles of their own: random features, a table of sums, a carry.

The label of these networks is "other". The table and the carry know the residues as integers on a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from generator.errors import SpecError, TrainingError
from generator.modular.network.mlp import MLP
from generator.modular.network.model import accuracy, sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["carry", "random_features", "sum_table"]

ROUNDS = 5
"""Rounds of L-BFGS, each of `STEPS` steps, until a readout of random features is said to be impossible. Hand-set."""
STEPS = 20
"""Steps of L-BFGS between two checks of the accuracy. Hand-set."""


def random_features(modulus: int, width: int, rng: np.random.Generator, embedding: int = 64) -> MLP:
    """Draw embeddings and hidden weights at random, and fit the readout to all pairs by softmax regression.

    About 6 p hidden units are enough.

    Args:
        modulus: p.
        width: hidden units.
        rng: source of randomness.
        embedding: columns of the embedding table.

    Raises:
        SpecError: if there are more features than pairs.
        TrainingError: if the readout does not solve every pair.
    """
    if not 1 <= width <= modulus**2:
        raise SpecError(f"width is {width}; between 1 and {modulus**2} features are useful, one per pair")
    table = torch.from_numpy(rng.standard_normal((modulus, embedding)))
    into = torch.from_numpy(rng.standard_normal((2, width, embedding))) / embedding**0.5
    bias = torch.from_numpy(0.5 * rng.standard_normal(width))
    hidden = torch.relu((table @ into[0].T)[:, None] + (table @ into[1].T)[None] + bias).flatten(0, 1)
    classes = sums(modulus).flatten()
    whitened, back = torch.linalg.qr(hidden)  # equal scales in all directions: tens of steps instead of thousands
    whitened = whitened * modulus
    readout = torch.zeros(width, modulus, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([readout], max_iter=STEPS, history_size=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = functional.cross_entropy(whitened @ readout, classes)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    for _ in range(ROUNDS):
        optimiser.step(loss)  # type: ignore[no-untyped-call]
        logits = (whitened @ readout.detach()).reshape(modulus, modulus, modulus)
        share = accuracy(logits)
        if share == 1:
            unembed = torch.linalg.solve_triangular(back, modulus * readout.detach(), upper=True).T
            zeros = torch.zeros(modulus, dtype=torch.float64)
            return MLP(table, table, into[0], into[1], bias, unembed, zeros, shared=True)
    raise TrainingError(
        f"{width} random features solve {share:.2%} of the pairs modulo {modulus}, not all; raise width, "
        f"about {6 * modulus} are enough"
    )


def sum_table(modulus: int) -> MLP:
    """Look the class up by the sum a + b, an integer from 0 to 2 p - 2; 2 p hidden units.

    Three neighbouring units, relu(a + b - n) for n - 1, n and n + 1, form a hat that is 1 where a + b = n.
    """
    kinks = np.arange(-1, 2 * modulus - 1)
    outputs = np.zeros((modulus, len(kinks) + 1))
    for total in range(2 * modulus - 1):
        outputs[total % modulus, total : total + 3] += (1, -2, 1)
    return _on_a_line(modulus, kinks, outputs[:, :-1], np.zeros(modulus))


def carry(modulus: int) -> MLP:
    """Add as integers and subtract p if there is a carry; 3 hidden units.

    The reduced sum r is relu(s) - p (relu(s - p + 1) - relu(s - p)), and the logit of class c is -(r - c)^2 / 2 up to
    what all classes share.
    """
    classes = np.arange(modulus) - (modulus - 1) / 2
    outputs = np.outer(classes, (1, -modulus, modulus))
    return _on_a_line(
        modulus, np.array([0, modulus - 1, modulus]), outputs, -classes * (modulus - 1) / 2 - classes**2 / 2
    )


def _on_a_line(
    modulus: int, kinks: NDArray[np.int64], outputs: NDArray[np.float64], output_bias: NDArray[np.float64]
) -> MLP:
    """Make units relu(a + b - kink) of one embedding column, the residue itself."""
    line = torch.arange(modulus, dtype=torch.float64)[:, None]
    ones = torch.ones(len(kinks), 1, dtype=torch.float64)
    bias = torch.from_numpy(-kinks.astype(np.float64))
    return MLP(line, line, ones, ones, bias, torch.from_numpy(outputs), torch.from_numpy(output_bias), shared=True)
