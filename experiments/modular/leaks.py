"""Predict the label of puzzles from shapes, norms and spectra of their public tensors alone.

    python experiments/modular/leaks.py --puzzles 100 --out docs/images/modular-leaks.png

Labels are balanced, and all puzzles have one modulus, container and width. The features of each tensor by itself are
its sorted row and column norms, after rows are centred, and its singular values. Nothing that joins two tensors is a
feature: whether the phases of both inputs are aligned is the mechanism. Two classifiers are cross-validated in five
parts: ridge regression on the labels, and the nearest neighbour. The interval is the 95 % Wilson score interval; a leak
is an interval above chance.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.statistics import wilson
from generator.modular.layout.tensors import tensors_of
from generator.modular.making.fold import folded
from generator.modular.making.generate import sized
from generator.modular.making.scramble import scrambled
from generator.modular.making.source import draw_network
from generator.modular.relabelling import Relabelling, in_symbols
from generator.modular.spec import ModularSpec
from generator.puzzle.sealing import silent
from generator.training import one_thread
from solvers.modular.leaks import spectral_features

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Classifier = Callable[[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]], NDArray[np.int64]]

LABELS = ("pizza", "clock", "hybrid")
RIDGE = 10.0
"""Penalty of the ridge regression on standardised features. Hand-set."""
PARTS = 5
FIELDS = ("modulus", "container", "companions")
"""Options that are fields of the recipe."""


def ridge(seen: NDArray[np.float64], labels: NDArray[np.int64], unseen: NDArray[np.float64]) -> NDArray[np.int64]:
    """Classify by ridge regression on the indicators of the labels."""
    gram = seen @ seen.T + RIDGE * np.eye(len(seen))
    weights = np.linalg.solve(gram, np.eye(len(LABELS))[labels] - 1 / len(LABELS))
    found: NDArray[np.int64] = (unseen @ seen.T @ weights).argmax(axis=1)
    return found


def nearest(seen: NDArray[np.float64], labels: NDArray[np.int64], unseen: NDArray[np.float64]) -> NDArray[np.int64]:
    """Classify by the label of the nearest neighbour."""
    squares = (seen**2).sum(axis=1)
    found: NDArray[np.int64] = labels[(squares - 2 * unseen @ seen.T).argmin(axis=1)]
    return found


def right(table: NDArray[np.float64], labels: NDArray[np.int64], classify: Classifier) -> int:
    """Count the puzzles that a classifier labels right when they are held out."""
    folds = np.random.default_rng(0).permutation(len(labels)) % PARTS
    scaled = (table - table.mean(axis=0)) / (table.std(axis=0) + 1e-9)
    scaled /= scaled.shape[1] ** 0.5
    count = 0
    for part in range(PARTS):
        seen = folds != part
        count += int((classify(scaled[seen], labels[seen], scaled[~seen]) == labels[~seen]).sum())
    return count


def main() -> int:
    """Print the accuracies, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--puzzles", type=int, default=100, help="puzzles of each label (default: 100)")
    parser.add_argument("--modulus", type=int, default=31)
    parser.add_argument("--container", choices=("mlp", "transformer"), default="mlp")
    parser.add_argument("--companions", type=float, default=0.0, help="share of the pizzas that have a companion")
    parser.add_argument("--out", type=Path, help="PNG file to draw")
    options = parser.parse_args()
    rows: list[dict[str, NDArray[np.float64]]] = []
    labels = np.arange(options.puzzles * len(LABELS)) % len(LABELS)
    with one_thread():
        for number, label in enumerate(labels):
            recipe = {"kind": LABELS[label], "hidden": 192 + 64 * bool(options.companions)}
            spec = ModularSpec.model_validate({**{key: getattr(options, key) for key in FIELDS}, **recipe})
            rng = np.random.default_rng([11, number])
            network = scrambled(sized(folded(draw_network(spec, rng, silent)), rng), spec.hidden, rng)
            rows.append(
                spectral_features(tensors_of(in_symbols(network, Relabelling.drawn(spec.modulus, rng, same=False))))
            )
    names = ["all tensors", *rows[0]]
    cells, shares = [], {}
    for name in names:
        table = np.array([np.concatenate(list(row.values())) if name == "all tensors" else row[name] for row in rows])
        for method, classify in (("ridge", ridge), ("nearest neighbour", nearest)):
            count = right(table, labels, classify)
            low, high = wilson(count, len(labels))
            shares[name, method] = (count / len(labels), low, high)
            cells.append([name, method, f"{count}/{len(labels)}", f"{low:.1%} ... {high:.1%}"])
    print(tabulate(cells, ("features", "classifier", "labels right", "95 % interval"), tablefmt="github"))
    print(f"chance: {1 / len(LABELS):.1%}")
    if options.out:
        draw(shares, options.out)
    return 0


def draw(shares: dict[tuple[str, str], tuple[float, float, float]], path: Path) -> None:
    """Draw the shares of labels that are right, with their intervals, beside chance."""
    from leaderboard.pictures.drawing import COLOURS, GREY, new_figure, save_png, tidy  # noqa: PLC0415 - an extra

    figure = new_figure(7.0, 0.45 * len(shares) + 1.2)
    axes = figure.subplots()
    for height, ((name, method), (share, low, high)) in enumerate(reversed(shares.items())):
        colour = COLOURS[0] if method == "ridge" else COLOURS[1]
        axes.errorbar(share, height, xerr=[[share - low], [high - share]], fmt="o", color=colour, capsize=3)
        axes.text(0.01, height, f"{name}, {method}", va="center", fontsize=9, transform=axes.get_yaxis_transform())
    axes.axvline(1 / len(LABELS), color=GREY, linestyle="--", label="chance")
    axes.set_xlim(-0.4, 1)
    axes.set_yticks([])
    axes.set_xlabel("share of the labels that are predicted right, 95 % interval")
    axes.legend(loc="lower right", edgecolor="none")
    tidy(axes)
    save_png(figure, path)


if __name__ == "__main__":
    sys.exit(main())
