"""Draw the worst weight error against the number of queries, for several solvers, for docs/hidden-networks.md.

Every solver gets the same hidden network with growing budgets. Solvers run in this process, one after the other, with a
limit of wall time per trial. So other load on the machine makes slow solvers look worse.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import torch
from drawing import draw_tolerance, note
from matplotlib import pyplot as plt
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator
from trials import Trial, attempt

from generator.recovery.making.difficulty import TOLERANCE
from generator.recovery.making.generate import generate
from generator.recovery.spec import RecoverySpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

mpl.use("agg")
IMAGE = Path(__file__).parents[2] / "docs" / "images" / "recovery-queries.png"
UNITS = 8
"""Hidden units of each network. Hand-set."""
SHAPE: dict[str, Any] = {"inputs": 6, "hidden": (UNITS,), "budget": 10**6}
"""Recipe of the networks, without the activation. Every trial sets its own budget. Hand-set."""
BUDGETS = (100, 200, 400, 800, 1600, 3200, 6400)
"""Budgets of the trials, in rows. Hand-set."""
TRAINING = ("students", f"same-width[width={UNITS}]", "expand-and-cluster")
"""Solvers that train networks. `same-width`, the control of Expand-and-Cluster, is given the true width."""
KINDS = {
    "relu": ("kinks", *TRAINING),
    "softplus": ("hessian-span", *TRAINING),
    "tanh": ("hessian-span", *TRAINING),
}
"""Solvers by the activation of the hidden network."""
STYLES = {
    "kinks": ("C0", "o"),
    "hessian-span": ("C4", "P"),
    "students": ("C1", "s"),
    "same-width": ("C2", "D"),
    "expand-and-cluster": ("C3", "^"),
}
"""Colour and marker of each solver."""
FLOOR, TOP = 1e-16, 1e1
"""Smallest and largest weight error of the plot. Larger errors and missing answers are drawn on the upper edge.
Hand-set."""


def run(seed: int, wall_s: float, store: Path | None) -> dict[tuple[str, str, int], Trial]:
    """Run all trials that the store does not hold; return all trials by activation, solver and budget."""
    done: dict[tuple[str, str, int], Trial] = {}
    if store is not None and store.exists():
        for line in store.read_text(encoding="utf-8").splitlines():
            key, trial = json.loads(line)
            done[key[0], key[1], key[2]] = Trial(**trial)
    for kind, solvers in KINDS.items():
        made = generate(RecoverySpec.model_validate({**SHAPE, "activation": kind}), name=kind, seed=seed)
        for solver in solvers:
            for budget in BUDGETS:
                key = (kind, solver, budget)
                if key in done:
                    continue
                one = done[key] = attempt(solver, made, wall_s, 0, budget=budget)
                print(
                    f"{kind:<9} {solver:<20} budget {budget:>5}: {one.queries:>5} queries, {one.seconds:5.1f} s, "
                    f"error {one.error:.1e}  {one.reason[:60]}",
                    flush=True,
                )
                if store is not None:
                    with store.open("a", encoding="utf-8") as file:
                        file.write(json.dumps([key, asdict(one)]) + "\n")
    return done


def draw(axis: Axes, trials: dict[str, list[Trial]]) -> None:
    """Draw one curve per solver. Filled markers are solved trials; trials without a query are left out."""
    for solver, own in trials.items():
        asking = [one for one in own if one.queries]
        asked = np.array([one.queries for one in asking])
        errors = np.clip([one.error for one in asking], FLOOR, TOP)
        solved = np.array([one.solved for one in asking])
        colour, mark = STYLES[solver.partition("[")[0]]
        axis.plot(asked, errors, "-", color=colour, lw=1.2)
        axis.plot(asked[~solved], errors[~solved], mark, color=colour, ms=6, mfc="w")
        axis.plot(asked[solved], errors[solved], mark, color=colour, ms=6)
    draw_tolerance(axis)
    axis.set(xscale="log", yscale="log", xlabel="queries used", ylim=(FLOOR / 3, 5 * TOP))
    axis.yaxis.set_major_locator(LogLocator(base=100, numticks=20))


def legend(figure: Figure) -> None:
    """Name the solvers above the panels."""
    lines = [Line2D([], [], color=colour, marker=mark, label=solver) for solver, (colour, mark) in STYLES.items()]
    figure.legend(handles=lines, loc="outside upper left", ncols=len(lines), fontsize=9)


def main(seed: int, wall_s: float, store: Path | None) -> None:
    """Run the trials, draw one panel per activation, and print every trial."""
    torch.set_num_threads(1)
    done = run(seed, wall_s, store)
    figure, axes = plt.subplots(1, len(KINDS), figsize=(10, 4), layout="constrained", sharex=True, sharey=True)
    for axis, (kind, solvers) in zip(axes, KINDS.items(), strict=True):
        draw(axis, {solver: [done[kind, solver, budget] for budget in BUDGETS] for solver in solvers})
        axis.set_title(f"{kind}, {SHAPE['inputs']} inputs, {UNITS} units")
    axes[0].set_ylabel("worst weight error")
    note(axes[0], "tolerance", (0.6, TOLERANCE), align="center")
    legend(figure)
    figure.savefig(IMAGE, dpi=120)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="seed of the hidden networks (default: 0)")
    parser.add_argument("--wall", type=float, default=25.0, help="seconds per trial (default: 25)")
    parser.add_argument("--store", type=Path, help="file of finished trials; trials in the file do not run again")
    options = parser.parse_args()
    main(options.seed, options.wall, options.store)
