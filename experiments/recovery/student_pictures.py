"""Draw how clustering finds the true units in an ensemble of wide students, for docs/hidden-networks.md.

The students have twice the width of the hidden network and are fitted to its table. Their units are clustered over all
students. Every student contains copies of the true units; surplus units differ between students.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from generator.recovery.making.synthetic import SyntheticRules, draw_network
from solvers.recovery.core.clustering import centres, cluster_units, cut_height, unit_distances
from solvers.recovery.core.ensemble import Architecture, Rows, draw_students
from solvers.recovery.core.levenberg_marquardt import Stopping, levenberg_marquardt
from solvers.recovery.core.warm_start import warm_start

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP

    Array = NDArray[np.float64]

mpl.use("agg")
IMAGE = Path(__file__).parents[2] / "docs" / "images" / "recovery-students.png"
UNITS = 8
"""Hidden units of the network. Hand-set."""
EXPANSION = 2
"""Width of the students relative to `UNITS`. A larger value adds grey points. Hand-set."""
STUDENTS = 20
"""Number of students. A larger value gives larger clusters and takes longer. Hand-set."""
ROWS, SCALE = 1500, 2.0
"""Rows of the table, and standard deviation of its inputs. Hand-set."""
SHARE = 0.75
"""Least members of a large cluster, as a share of the number of students. From the runs on tanh of Martinelli et al.
2024 (arXiv 2304.12794)."""
COLOURS = [f"C{number}" for number in (0, 1, 2, 3, 4, 5, 6, 8, 9)]
"""Colours of the clusters; C7 is grey."""
ZERO = 1e-20
"""Mean squared error at which a student's fit ends, relative to the outputs' variance. Hand-set."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """The clustered units of all students.

    Attributes:
        vectors: (w1, w2, b) of every unit, units x 3; units of the best student come first.
        groups: numbers of the units in each large cluster.
        centres: (w1, w2, b) of each large cluster, clusters x 3.
        heights: heights of the merges in the tree of clusters.
        counts: number of large clusters at each height.
        cut: the height at which the tree is cut.
    """

    vectors: Array
    groups: list[NDArray[np.intp]]
    centres: Array
    heights: Array
    counts: NDArray[np.intp]
    cut: float


def train(network: MLP, rng: np.random.Generator) -> tuple[Array, Array]:
    """Fit the students to a table of the hidden network.

    Returns:
        (w1, w2, b) of all units, units x 3; and the mean squared errors of the students, relative to the outputs'
        variance. The best student comes first.
    """
    inputs = SCALE * rng.standard_normal((ROWS, 2))
    rows = Rows.of(inputs, network(inputs))
    variance = float(rows.targets.var())
    shape = Architecture((2, EXPANSION * UNITS, 1), "tanh")
    theta = warm_start(shape, draw_students(shape, STUDENTS, rows, rng), rows, 300, rng)
    fit = levenberg_marquardt(shape, theta, rows, Stopping(ZERO * variance, iterations=400)).sorted()
    parts = shape.unpack(fit.theta)
    vectors = np.concatenate([parts.weights[0], parts.biases[0][..., None]], axis=2).reshape(-1, 3)
    return vectors, fit.mse / variance


def cluster(vectors: Array) -> Clusters:
    """Cluster the units, and count the large clusters at every height."""
    least = int(SHARE * STUDENTS)
    groups = cluster_units(vectors, least, signless=True)
    tree = linkage(squareform(unit_distances(vectors, signless=True), checks=False), method="average")
    heights = np.unique(tree[:, 2])
    counts = [int((np.bincount(fcluster(tree, height, criterion="distance")) >= least).sum()) for height in heights]
    middles = centres(vectors, groups, signless=True)
    return Clusters(vectors, groups, middles, heights, np.array(counts), cut_height(tree, least))


def upward(vectors: Array) -> Array:
    """Flip the units, units x 3, whose w2 is negative."""
    return vectors * np.where(vectors[:, 1:2] < 0, -1.0, 1.0)


def draw_units(axis: Axes, found: Clusters, true: Array, columns: tuple[int, int]) -> None:
    """Draw the units of all students, the centres of the large clusters, and the hidden units, on two coordinates."""
    x, y = columns
    surplus = np.delete(found.vectors, np.concatenate(found.groups), axis=0)
    axis.plot(*upward(surplus)[:, columns].T, ".", ms=3.5, color="0.7", label="units in no large cluster")
    middles = upward(found.centres)
    for number, (group, middle) in enumerate(zip(found.groups, middles, strict=True)):
        members = found.vectors[group]
        members = members * np.where(members @ middle < 0, -1.0, 1.0)[:, None]
        axis.plot(*members[:, columns].T, ".", ms=4.5, color=COLOURS[number % len(COLOURS)])
        if x == 0:  # on the other coordinates the numbers would overlap
            axis.annotate(str(len(group)), middle[[x, y]], (7, 5), textcoords="offset points", fontsize=8.5)
    axis.plot(
        middles[:, x], middles[:, y], "o", ms=11, mfc="none", mec="k", label="centres of large clusters, with members"
    )
    axis.plot(*upward(true)[:, columns].T, "k+", ms=9, mew=1.4, label="hidden units")
    reach = 1.5 * np.abs(true).max(axis=0)
    names = ("$w_1$", "$w_2$", "$b$")
    axis.set(xlabel=names[x], ylabel=names[y], xlim=(-reach[x], reach[x]), ylim=(-0.15 * reach[y], reach[y]))


def draw_cut(axis: Axes, found: Clusters) -> None:
    """Draw the number of large clusters against the height of the cut."""
    shown = found.heights > 0
    axis.step(found.heights[shown], found.counts[shown], where="post")
    axis.axhline(UNITS, color="0.6", lw=0.8, ls=":", label=f"{UNITS} hidden units")
    axis.axvline(found.cut, color="k", ls="--", lw=1, label=f"chosen cut, {found.cut:.2g}")
    axis.set(xscale="log", xlabel="height of the cut", ylabel="large clusters", ylim=(0, UNITS + 2.5))
    axis.legend(loc="upper left", fontsize=9)


def main(seed: int) -> None:
    """Train and cluster the ensemble, draw the picture, and print counts and distances."""
    rng = np.random.default_rng(seed)
    network = draw_network(SyntheticRules((2, UNITS, 1), "tanh", input_scale=SCALE), rng)
    true = np.column_stack([network.weights[0], network.biases[0]])
    vectors, errors = train(network, rng)
    found = cluster(vectors)
    both = np.concatenate([true, found.centres])
    apart = unit_distances(both, signless=True)[: len(true), len(true) :]
    zero = int((errors <= ZERO).sum())
    print(f"{zero} of {STUDENTS} students reached an error below {ZERO:.0e} of the variance")
    print(f"{len(found.groups)} clusters of at least {int(SHARE * STUDENTS)} units, cut at {found.cut:.2g}")
    print(f"distance of the hidden units to the nearest centre: {apart.min(axis=1).max():.1e} at most")
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.9), layout="constrained", width_ratios=(1.15, 1.15, 1))
    draw_units(axes[0], found, true, (0, 1))
    draw_units(axes[1], found, true, (2, 1))
    draw_cut(axes[2], found)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3, fontsize=9)
    figure.savefig(IMAGE, dpi=130)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the hidden network and of the students (default: 0)"
    )
    main(parser.parse_args().seed)
