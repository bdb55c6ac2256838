"""Draw two pictures of docs/flagship.md from one puzzle, named as SUITE/PUZZLE.

The first shows the change of error that the relocation model predicts for each single move from a half-ordered
network, against the measured change. The second shows the error and Kendall's tau from a random order on, by moves
alone and by continuation.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import torch
from matplotlib import pyplot as plt
from scipy.stats import kendalltau, pearsonr

from benchmark.suites.loading import find_target, load_target
from generator.reassembly.puzzle import view_puzzle
from solvers.reassembly.core.adjoint import linearise
from solvers.reassembly.core.deadline import NEVER
from solvers.reassembly.core.evaluation import Rows, Walk
from solvers.reassembly.ordering.continuation import continued_orders
from solvers.reassembly.ordering.inversion_search import InversionSearch
from solvers.reassembly.ordering.refine import Refiner
from solvers.reassembly.ordering.relocation import inversion_model

if TYPE_CHECKING:
    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.assembly import Assembly

mpl.use("agg")
IMAGES = Path(__file__).parents[2] / "docs" / "images"


def main(target: str) -> None:
    """Draw both pictures of a puzzle."""
    item = load_target(find_target(target))[0]
    if item.sealed is None:
        raise SystemExit(f"{target} has no answer to draw")
    puzzle = view_puzzle(item.puzzle)
    incoming, outgoing = puzzle.assembly(item.sealed.answer)
    truth = puzzle.network.reordered(incoming, outgoing)
    rows = Rows(puzzle.inputs[:1000], puzzle.predictions[:1000], float(puzzle.predictions.var()))
    with torch.inference_mode():
        _draw_moves(truth, rows, np.random.default_rng(0))
        _draw_descents(truth, rows, np.random.default_rng(0))


def _draw_moves(truth: ResidualNetwork, rows: Rows, rng: np.random.Generator) -> None:
    order = np.argsort(np.arange(truth.depth) + 3.0 * rng.standard_normal(truth.depth)).tolist()
    around = linearise(truth, rows, order)
    search = InversionSearch(inversion_model(truth, around, order))
    predicted = search.predicted_changes(search.begin(0.0)) / rows.variance
    walk = Walk(truth, rows, order)
    real = np.array(
        [[(walk.attempt_move(a, t) - walk.mse) / rows.variance for t in range(truth.depth)] for a in range(truth.depth)]
    )
    far = np.abs(np.subtract.outer(np.arange(truth.depth), np.arange(truth.depth)))
    figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    for axis, chosen, distance in ((axes[0], (far > 0) & (far <= 3), "1 to 3"), (axes[1], far > 3, "more than 3")):
        r = pearsonr(predicted[chosen], real[chosen]).statistic
        axis.plot(predicted[chosen], real[chosen], ".", ms=3, alpha=0.5)
        ends = [min(predicted[chosen].min(), real[chosen].min()), max(predicted[chosen].max(), real[chosen].max())]
        axis.plot(ends, ends, "k-", lw=0.7)
        title = f"moves by {distance} positions"
        axis.set(title=f"{title}: r = {r:.3f}", xlabel="predicted change of MSE / var", ylabel="measured change")
        print(f"{title}: {chosen.sum()} moves, correlation {r:.3f}")
    figure.savefig(IMAGES / "flagship-moves.png", dpi=110)


def _draw_descents(truth: ResidualNetwork, rows: Rows, rng: np.random.Generator) -> None:
    depth = truth.depth
    start = rng.permutation(depth)
    moves: list[tuple[float, float]] = []

    def report(assembly: Assembly) -> None:
        moves.append((assembly.mse / rows.variance, kendalltau(assembly.incoming, range(depth)).statistic))

    refiner = Refiner(truth, rows, np.random.default_rng(1), NEVER, report)
    begin = tuple(int(k) for k in start)
    report(refiner.measure(begin, begin))
    refiner.descend(refiner.measure(begin, begin), patience=2, repair=False)
    continued: list[tuple[float, float]] = []
    for order in continued_orders(truth, lambda: refiner.draw(600), begin):
        mse = refiner.measure(tuple(order), tuple(order)).mse / rows.variance
        continued.append((mse, kendalltau(order, range(depth)).statistic))
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for values, label in ((moves, "moves alone"), (continued, "continuation")):
        mses, taus = np.array(values).T
        axes[0].semilogy(np.maximum(mses, 1e-14), "o-", ms=3, label=label)
        axes[1].plot(taus, "o-", ms=3, label=label)
        print(f"{label}: {len(values)} rounds, last MSE / var {mses[-1]:.2e}, tau {taus[-1]:.3f}")
    axes[0].set(xlabel="round", ylabel="MSE / var")
    axes[1].set(xlabel="round", ylabel="Kendall tau")
    axes[0].legend()
    figure.savefig(IMAGES / "flagship-rounds.png", dpi=110)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "target", nargs="?", default="standard/C-scaled", help="SUITE/PUZZLE, or a puzzle's folder (standard/C-scaled)"
    )
    main(parser.parse_args().target)
