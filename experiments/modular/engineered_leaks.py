"""Predict the label of networks with hand-made weights from shapes, norms and spectra alone.

    python experiments/modular/engineered_leaks.py --networks 100

All networks have one modulus, width and embedding. Features are quantiles of norms and biases of the units, and
singular values of each tensor by itself; features of both inputs together are left out, because they show whether
phases are aligned, which is the mechanism. A ridge classifier is tested by 5-fold cross-validation; the interval is the
95 % interval of a proportion. Chance is one third.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from generator.modular.engineered.attention.transformer import build_transformer
from generator.modular.engineered.build import build
from generator.modular.engineered.frequencies import draw_plan
from generator.modular.network.mlp import MLP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.modular.engineered.plan import Kind
    from generator.modular.network.model import ModularNetwork

LABELS = ("pizza", "clock", "hybrid")
QUANTILES = np.linspace(0, 1, 9)
RIDGES = (0.1, 1.0, 10.0, 100.0)


def kinds_of(label: str, count: int) -> tuple[Kind, ...]:
    """List the algorithms of a network's circles."""
    if label == "pizza":
        return ("pizza",) * count
    return ("clock",) * count if label == "clock" else (*("pizza",) * (count // 2), *("clock",) * (count - count // 2))


def features(network: ModularNetwork) -> NDArray[np.float64]:
    """Compute scale-free quantiles of norms and biases, and singular values relative to the largest."""
    if isinstance(network, MLP):
        sides = [network.first @ network.into_first.T, network.second @ network.into_second.T]
        tensors = [network.first, *sides, network.unembed]
        norms = [side.norm(dim=0) for side in sides]
        out, bias = network.unembed.norm(dim=0), network.bias
    else:
        block = network.blocks[0]  # type: ignore[attr-defined]
        tensors = [network.first, network.second, block.into, block.out, network.unembed]  # type: ignore[attr-defined]
        norms, out, bias = [block.into.norm(dim=1)], block.out.norm(dim=0), block.into_bias
    columns = [norm * out for norm in norms] + [norm / norm.median() for norm in norms] + [bias / norms[0]]
    found = [np.quantile(column / column.abs().median(), QUANTILES) for column in columns]
    values = [torch.linalg.svdvals(tensor)[:16] for tensor in tensors]
    return np.concatenate([*found, *[(one / one[0]).numpy() for one in values]])


def cross_validated(
    table: NDArray[np.float64], labels: NDArray[np.int64], rng: np.random.Generator
) -> dict[float, float]:
    """Compute the accuracy of ridge classifiers on held-out fifths, by ridge."""
    signed = np.sign(table) * np.log1p(np.abs(table))
    scaled = (signed - signed.mean(axis=0)) / (signed.std(axis=0) + 1e-9)
    design = np.column_stack([scaled, np.ones(len(scaled))])
    folds = rng.permutation(len(labels)) % 5
    found = {}
    for ridge in RIDGES:
        right = 0
        for fold in range(5):
            seen = folds != fold
            gram = design[seen].T @ design[seen] + ridge * np.eye(design.shape[1])
            weights = np.linalg.solve(gram, design[seen].T @ np.eye(len(LABELS))[labels[seen]])
            right += int(((design[~seen] @ weights).argmax(axis=1) == labels[~seen]).sum())
        found[ridge] = right / len(labels)
    return found


def main() -> int:
    """Print the accuracies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=100, help="networks of each label (default: 100)")
    parser.add_argument("--modulus", type=int, default=31)
    parser.add_argument("--transformers", action="store_true", help="transformers instead of feed-forward networks")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows, labels = [], []
    for index in range(options.networks * len(LABELS)):
        rng = np.random.default_rng([7, index])
        label = index % len(LABELS)
        kinds = kinds_of(LABELS[label], int(rng.integers(4, 6)))
        plan = draw_plan(options.modulus, kinds, rng, width=220, embedding=64)
        network = build_transformer(plan, rng) if options.transformers else build(plan, rng)
        rows.append(features(network))
        labels.append(label)
    found = cross_validated(np.array(rows), np.array(labels), np.random.default_rng(0))
    half = 1.96 * (2 / 9 / len(labels)) ** 0.5
    cells = [[ridge, f"{share:.1%}", f"{1 / 3 - half:.1%} ... {1 / 3 + half:.1%}"] for ridge, share in found.items()]
    print(tabulate(cells, ("ridge", "labels right", "chance, 95 % interval"), tablefmt="github"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
