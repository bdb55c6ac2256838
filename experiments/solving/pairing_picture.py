"""Draw how weight displacement pairs a briefly trained network, SUITE/PUZZLE, for docs/flagship.md."""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from matplotlib import pyplot as plt

from benchmark.suites.loading import find_target, load_target
from generator.reassembly.puzzle import view_puzzle
from solvers.reassembly.core.evaluation import Rows
from solvers.reassembly.pairing.displacement import LIKELY
from solvers.reassembly.pairing.views import pairing_views

mpl.use("agg")
IMAGE = Path(__file__).parents[2] / "docs" / "images" / "flagship-displacement.png"
SHOWN = {"filter-alignments": "plain weights", "filter-crossed": "displacement, crossed"}


def main(target: str) -> None:
    """Draw, for one puzzle, the sizes of weights and the scores of true pairs by depth."""
    item = load_target(find_target(target))[0]
    if item.sealed is None:
        raise SystemExit(f"{target} has no answer to draw")
    puzzle = view_puzzle(item.puzzle)
    incoming, outgoing = puzzle.assembly(item.sealed.answer)
    rows = Rows(puzzle.inputs, puzzle.predictions, puzzle.variance)
    with torch.inference_mode():
        views = {view.name: view for view in pairing_views(puzzle.network, rows)}
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained", width_ratios=(1, 1.2, 1.2))
    sizes = np.sort(puzzle.network.U.abs().flatten().numpy())
    axes[0].hist(sizes, bins=120, density=True)
    axes[0].axvline(sizes[round((1.0 - LIKELY) * len(sizes))], color="k", ls="--", lw=1)
    axes[0].set(xlabel="size of a weight of U", ylabel="density", yscale="log")
    for axis, (name, title) in zip(axes[1:], SHOWN.items(), strict=True):
        scores = views[name].scores.numpy()[np.ix_(incoming, outgoing)]
        right = sum(views[name].partners[i] == j for i, j in zip(incoming, outgoing, strict=True))
        others = np.where(np.eye(len(scores), dtype=bool), -np.inf, scores).max(axis=1)
        axis.plot(scores.diagonal(), "o", ms=4, label="true partner")
        axis.plot(others, "_", ms=6, color="0.5", label="best of the others")
        axis.set(title=f"{title}: {right} of {len(scores)} paired", xlabel="depth", ylabel="standard score")
        print(f"{name}: {right} of {len(scores)} paired, mean score of the true pairs {scores.diagonal().mean():.2f}")
    axes[1].sharey(axes[2])
    axes[2].legend()
    figure.savefig(IMAGE, dpi=110)
    plain = {name: view for name, view in views.items() if "crossed" not in name and "all" not in name}
    for name, view in sorted(plain.items()):
        right = sum(view.partners[i] == j for i, j in zip(incoming, outgoing, strict=True))
        print(f"  {name}: {right} paired, margin {view.margin:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "target", nargs="?", default="standard/A", help="SUITE/PUZZLE, or a puzzle's folder (standard/A)"
    )
    main(parser.parse_args().target)
