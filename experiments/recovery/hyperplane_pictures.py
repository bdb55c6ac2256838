"""Draw the recovery of a ReLU network from its kinks, layer by layer, for docs/hidden-networks.md.

The network has two inputs and two hidden layers. The first panel shows the kinks on scanned lines. The second panel
shows the hyperplanes of the first hidden layer, the third panel the bent hyperplanes of the second hidden layer.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import ListedColormap
from PIL import Image

from generator.family.oracle import CountedOracle, OracleTerms
from generator.recovery.making.synthetic import SyntheticRules, draw_network
from generator.recovery.puzzle import RecoveryPuzzle
from generator.recovery.scoring.alignment import align
from generator.recovery.sealed import HiddenTruth
from generator.recovery.spec import PublicSpec
from solvers.recovery.relu.hyperplanes.probe import Probe
from solvers.recovery.relu.hyperplanes.scanning import Lines
from solvers.recovery.relu.hyperplanes.spaces import input_space
from solvers.recovery.relu.next_layer.output import read_output_layer
from solvers.recovery.relu.next_layer.recover import recover_next_layer
from solvers.recovery.relu.prefix import Prefix

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP
    from solvers.recovery.relu.hyperplanes.scanning import Kinks

    Array = NDArray[np.float64]

mpl.use("agg")
IMAGE = Path(__file__).parents[2] / "docs" / "images" / "recovery-hyperplanes.png"
WIDTHS = (2, 6, 5, 1)
"""Inputs, units of both hidden layers, outputs."""
REACH, BOX = 2.5, 10.0
"""Half the side of the drawn square, and the bound of every input of a query. Hand-set."""
LINES = 12
"""Lines that are scanned for the first panel. More lines show more kinks and hide the regions. Hand-set."""
POINTS = 601
"""Points per side of the grid. A larger value gives sharper lines and a larger file. Hand-set."""
NEAR = 1e-6
"""Largest distance of a kink from a recovered hyperplane to which it is assigned. Hand-set."""
PALETTE = 96
"""Colours of the picture's file. More colours give a larger file. Hand-set."""
LIMIT_S = 60.0
"""Time limit of the recovery in seconds. Hand-set."""
FIRST, SECOND = "C0", "C3"
"""Colours of the two hidden layers."""


def scan(oracle: CountedOracle, rng: np.random.Generator) -> tuple[Lines, Kinks]:
    """Find the kinks on random lines through the drawn square."""
    known = {"inputs": 2, "outputs": 1, "hidden_layers": 2, "activation": "relu", "mode": "active", "box": BOX}
    spec = PublicSpec.model_validate(known)
    domain = input_space(Probe.of(RecoveryPuzzle(spec, 1e-6, oracle=oracle), oracle, rng))
    middles = rng.uniform(-0.8 * REACH, 0.8 * REACH, (LINES, 2))
    angles = np.pi * (np.arange(LINES) + rng.random(LINES)) / LINES
    arrows = 3 * REACH * np.column_stack([np.cos(angles), np.sin(angles)])
    lines = Lines.between(middles - arrows, middles + arrows)
    return lines, domain.scan(lines)


def recover(oracle: CountedOracle, rng: np.random.Generator) -> MLP:
    """Recover the network layer by layer.

    Raises:
        SystemExit: if no unit of a layer is found.
    """
    deadline = time.monotonic() + LIMIT_S
    first = recover_next_layer(oracle, Prefix(2, "relu"), 1.0, rng, deadline, signed=True)
    if first is None:
        raise SystemExit("no unit of the first hidden layer was found; take another seed")
    second = recover_next_layer(oracle, first.prefix, 1.0, rng, deadline, open_weights=first.open)
    if second is None:
        raise SystemExit("no unit of the second hidden layer was found; take another seed")
    return read_output_layer(oracle, second.prefix, 1.0, rng, open_weights=second.open).network


def grid() -> Array:
    """Return the points of the drawn square, row by row."""
    side = np.linspace(-REACH, REACH, POINTS)
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


def draw_regions(axis: Axes, network: MLP) -> int:
    """Colour the activation regions of the hidden network; return their number."""
    on = np.concatenate([network.preactivations(grid(), layer) > 0 for layer in (1, 2)], axis=1)
    patterns, number = np.unique(np.packbits(on, axis=1), axis=0, return_inverse=True)
    shades = 0.76 + 0.23 * np.random.default_rng(0).random((len(patterns), 1)) * np.ones(3)
    picture = number.reshape(POINTS, POINTS)
    extent = (-REACH, REACH, -REACH, REACH)
    axis.imshow(picture, ListedColormap(shades), origin="lower", extent=extent, interpolation="nearest")
    return len(patterns)


def draw_layer(axis: Axes, network: MLP, layer: int, colour: str) -> None:
    """Draw where the units of a layer of the recovered network switch."""
    side = np.linspace(-REACH, REACH, POINTS)
    for values in network.preactivations(grid(), layer).T:
        axis.contour(side, side, values.reshape(POINTS, POINTS), [0.0], colors=colour, linewidths=1.6)


def nearest(network: MLP, points: Array, layer: int) -> Array:
    """Compute the distance of each point from the nearest hyperplane of a layer of the recovered network."""
    step = 1e-7
    values = network.preactivations(points, layer)
    moved = [network.preactivations(points + step * axis, layer) - values for axis in np.eye(2)]
    slopes = np.linalg.norm(moved, axis=0) / step
    distances: Array = np.divide(np.abs(values), slopes, out=np.full_like(values, np.inf), where=slopes > 0)
    return np.asarray(distances.min(axis=1))


def main(seed: int) -> None:
    """Recover the network, draw the three panels, and print counts and errors."""
    rng = np.random.default_rng(seed)
    hidden = draw_network(SyntheticRules(WIDTHS, "relu"), rng)
    oracle = CountedOracle(hidden.exact, OracleTerms(2, 1, None, -BOX, BOX))
    lines, kinks = scan(oracle, rng)
    scanned = oracle.queries
    found = recover(oracle, rng)
    layers = [nearest(found, kinks.points, layer) < NEAR for layer in (1, 2)]
    colours = np.select(layers, [FIRST, SECOND], "k")
    result = align(HiddenTruth(hidden, ((), ())), found, 1e-6, rng.standard_normal((64, 2)))
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.8), layout="constrained", sharey=True)
    for axis in axes:
        regions = draw_regions(axis, hidden)
        axis.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xlabel="$x_1$")
    ends = np.stack([lines.points(np.arange(LINES), t) for t in (lines.low, lines.high)])
    axes[0].plot(ends[..., 0], ends[..., 1], color="C1", lw=0.8)
    axes[0].plot(*kinks.points.T, "ko", ms=3.5)
    axes[0].set(title="kinks on scanned lines", ylabel="$x_2$")
    draw_layer(axes[1], found, 1, FIRST)
    axes[1].set(title=f"first layer: {found.widths[1]} units")
    draw_layer(axes[2], found, 1, FIRST)
    draw_layer(axes[2], found, 2, SECOND)
    axes[2].set(title=f"second layer: {found.widths[2]} units")
    for axis in axes[1:]:
        axis.scatter(*kinks.points.T, s=10, c=colours if axis is axes[2] else np.where(layers[0], FIRST, "k"), zorder=3)
    figure.savefig(IMAGE, dpi=130)
    with Image.open(IMAGE) as image:
        image.convert("RGB").quantize(PALETTE, dither=Image.Dither.NONE).save(IMAGE, optimize=True)
    print(f"{regions} activation regions; {len(kinks)} kinks on {LINES} lines, {scanned} queries")
    print(f"kinks on the first layer {layers[0].sum()}, on the second {(layers[1] & ~layers[0]).sum()}")
    print(f"hidden {hidden.widths}, recovered {found.widths}, worst weight error {result.errors.max():.1e}")
    print(f"{oracle.queries} queries in all")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="seed of the hidden network and of the search (default: 0)")
    main(parser.parse_args().seed)
