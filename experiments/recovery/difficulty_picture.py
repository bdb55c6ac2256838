"""Draw the share of solved puzzles against the condition number, from a result store, for docs/hidden-networks.md.

    netjigsaw run recovery-standard/grid --results results
    python experiments/recovery/difficulty_picture.py results

The manifest of each puzzle states the condition number cond(J). Every trial that is not solved counts against the
solver, whatever its status is. A solver's curve leaves out activations on which all trials of the solver gave up,
because the solver is not made for them.
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from drawing import draw_tolerance, note
from matplotlib import pyplot as plt
from tabulate import tabulate

from benchmark.results.store import Store
from benchmark.results.trial import Status
from benchmark.statistics import wilson
from generator.recovery.making.difficulty import TOLERANCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

mpl.use("agg")
IMAGE = Path(__file__).parents[2] / "docs" / "images" / "recovery-difficulty.png"
DODGE = 0.045
"""Shift between two solvers' points of one bin, in decades of the condition number, so that their intervals do not
overlap. Hand-set."""
TOP, FLOOR = 1e2, 1e-8
"""Largest and smallest weight error of the plot. Larger errors and missing answers are drawn on the upper edge.
Hand-set."""
MARKS = "osD^vP*Xph"
"""Markers of the solvers."""


@dataclass(frozen=True)
class Outcome:
    """One trial.

    Attributes:
        puzzle: digest of the puzzle.
        solver: name with parameters.
        activation: activation of the hidden network, as the puzzle states it.
        condition: cond(J) of the hidden network.
        solved: whether the trial is solved.
        gave_up: whether the solver gave up.
        error: worst weight error, relative to a layer's largest weight; infinite without an answer.
    """

    puzzle: str
    solver: str
    activation: str
    condition: float
    solved: bool
    gave_up: bool
    error: float


def outcomes(folder: Path, label: str) -> list[Outcome]:
    """Read the trials on all puzzles that have this label and a condition number."""
    store = Store(folder)
    manifests = store.manifests()
    found = []
    for row in store.rows():
        manifest = manifests[row.puzzle]
        condition = manifest.facts.get("condition")
        if row.family != "recovery" or manifest.spec.get("label") != label or not isinstance(condition, (int, float)):
            continue
        error = row.metrics.get("worst_weight_error", np.inf)
        status = row.status
        found.append(
            Outcome(
                row.puzzle,
                row.solver,
                str(manifest.spec["activation"]),
                float(condition),
                status is Status.SOLVED,
                status is Status.GAVE_UP,
                error,
            )
        )
    return found


def by_solver(trials: list[Outcome]) -> dict[str, list[Outcome]]:
    """Group the trials by solver, most solved first, without the activations that a solver is not made for."""
    groups: dict[str, list[Outcome]] = {}
    for solver in sorted({one.solver for one in trials}):
        own = [one for one in trials if one.solver == solver]
        tried = {one.activation for one in own if not one.gave_up}
        groups[solver] = [one for one in own if one.activation in tried]
    groups = {solver: own for solver, own in groups.items() if own}
    return dict(sorted(groups.items(), key=lambda group: -sum(one.solved for one in group[1])))


def bin_edges(conditions: Array, bins: int) -> Array:
    """Choose edges, as decimal logarithms, that divide the puzzles into bins of equal size."""
    edges = np.quantile(np.log10(conditions), np.linspace(0, 1, bins + 1))
    edges[-1] = np.nextafter(edges[-1], np.inf)  # the bins do not hold their upper edges
    return np.asarray(edges)


def draw_success(axis: Axes, groups: dict[str, list[Outcome]], edges: Array) -> list[list[str | int]]:
    """Draw each solver's solved share per bin with Wilson intervals; return the counts for a table."""
    table: list[list[str | int]] = []
    for number, (solver, own) in enumerate(groups.items()):
        logs, solved = np.log10([one.condition for one in own]), np.array([one.solved for one in own])
        x, share, bars, cells = [], [], [], []
        for low, high in itertools.pairwise(edges):
            inside = (logs >= low) & (logs < high)
            right, count = int(solved[inside].sum()), int(inside.sum())
            cells.append(f"{right}/{count}")
            if count:
                bounds = wilson(right, count)
                x.append(10 ** (logs[inside].mean() + DODGE * (number - (len(groups) - 1) / 2)))
                share.append(right / count)
                bars.append((share[-1] - bounds[0], bounds[1] - share[-1]))
        style = f"C{number % 10}{MARKS[number % len(MARKS)]}-"
        axis.errorbar(x, share, np.array(bars).T, fmt=style, ms=5, lw=1.4, elinewidth=0.8, capsize=2, label=solver)
        table.append([solver, *cells, int(solved.sum()), len(own)])
    return table


def draw_errors(axis: Axes, groups: dict[str, list[Outcome]]) -> None:
    """Draw the worst weight errors of the trials that are not solved."""
    for number, own in enumerate(groups.values()):
        missed = [one for one in own if not one.solved]
        errors = np.clip([one.error for one in missed], FLOOR, TOP)
        style = f"C{number % 10}{MARKS[number % len(MARKS)]}"
        axis.plot([one.condition for one in missed], errors, style, ms=5, mfc="none")
    draw_tolerance(axis)
    note(axis, "tolerance for float64 outputs", (0.02, TOLERANCE))
    note(axis, "no answer, or an error above", (0.98, TOP), raised=7, align="right")
    axis.set(xscale="log", yscale="log", ylim=(FLOOR, 10 * TOP), xlabel="condition number cond(J)")
    axis.set(ylabel="worst weight error", title="unsolved trials")


def main(folder: Path, label: str, bins: int) -> None:
    """Draw the picture, and print the counts of solved puzzles per bin."""
    trials = outcomes(folder, label)
    if not trials:
        raise SystemExit(f"{folder} has no trial on a recovery puzzle with the label {label!r} and a condition number")
    groups = by_solver(trials)
    conditions = np.array(list({one.puzzle: one.condition for one in trials}.values()))
    edges = bin_edges(conditions, bins)
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained", sharex=True, width_ratios=(1.25, 1))
    table = draw_success(axes[0], groups, edges)
    axes[0].plot(conditions, np.full(len(conditions), -0.045), "k|", ms=7)
    axes[0].set(xscale="log", ylim=(-0.09, 1.05), xlabel="condition number cond(J)", ylabel="share solved")
    axes[0].set(title=f"{len(conditions)} puzzles, one tick each")
    draw_errors(axes[1], groups)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=5, fontsize=9)
    figure.savefig(IMAGE, dpi=120)
    ends = [f"{10**low:.0f}-{10**high:.0f}" for low, high in itertools.pairwise(edges)]
    print(tabulate(table, ["solver", *ends, "solved", "puzzles"], tablefmt="github"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, help="folder of the result store")
    parser.add_argument("--label", default="grid", help="label of the puzzles to draw (default: grid)")
    parser.add_argument("--bins", type=int, default=5, help="bins of equal size (default: 5)")
    options = parser.parse_args()
    main(options.store, options.label, options.bins)
