"""Draw a recovery puzzle: the hidden network over a plane of inputs, or without the sealed answer the public table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.mlp import MLP
from generator.recovery.sealed import truth_of
from leaderboard.pictures.drawing import COLOURS, GREY, new_figure, tidy, title
from leaderboard.recovery.fingerprint import sizes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from generator.puzzle.content import SealedAnswer
    from generator.recovery.puzzle import RecoveryPuzzle

__all__ = ["draw"]

POINTS = 241
"""Points per side of the grid. A larger value gives sharper lines and takes longer. Hand-set."""
REACH = 3.0
"""Largest half side of the plane, in standard deviations of the inputs. A larger value shows more of the box.
Hand-set."""
ZOOM = 2.0
"""Half side of the plane, relative to the distance from the origin within which three quarters of the first layer's
hyperplanes pass. A larger value shows more of the box. Hand-set."""
MOST_LINES = 64
"""Most units per layer whose hyperplanes are drawn. A larger value gives a fuller and slower picture. Hand-set."""
MOST_OUTPUTS = 4
"""Most outputs that are drawn. A larger value gives more curves in one plot. Hand-set."""
LAYERS_DRAWN = 2
"""Hidden layers whose hyperplanes are drawn. Hand-set: hyperplanes of deeper layers bend too often to be readable."""


@dataclass(frozen=True, eq=False)
class _Slice:
    """A hidden network on a line or a plane through the origin.

    Attributes:
        network: the network as a function of the coordinates of the line or plane.
        reach: largest absolute coordinate.
        labels: names of the coordinates.
    """

    network: MLP
    reach: float
    labels: tuple[str, ...]


def draw(view: RecoveryPuzzle, sealed: SealedAnswer | None, name: str) -> Figure:
    """Draw the units' hyperplanes and the outputs over a plane of inputs, and the outputs along a line.

    For more than two inputs, the plane has a random direction. Without the sealed answer, the outputs of the table are
    drawn. For an active puzzle without its sealed answer, the figure states that there is nothing to draw.

    Args:
        view: the puzzle.
        sealed: the sealed answer; None if it is missing.
        name: name of the puzzle, for the title.

    Raises:
        PluginError: if matplotlib is not installed.
        PuzzleError: if the sealed answer is damaged.
    """
    if sealed is None:
        return _draw_unknown(view, name)
    network = truth_of(sealed).network
    cut = _slice_of(network, view)
    if network.widths[0] == 1:
        figure = new_figure(6.5, 4.4)
        _along(figure.subplots(), cut)
    else:
        figure = new_figure(14.0, 4.8)
        units, outputs, along = figure.subplots(1, 3)
        _hyperplanes(units, cut)
        _surface(outputs, cut)
        _along(along, cut)
    widths = "-".join(map(str, network.widths))
    figure.suptitle(f"{name}: {widths}, {network.activation}", fontsize=13, weight="bold")
    return figure


def _slice_of(network: MLP, view: RecoveryPuzzle) -> _Slice:
    """Restrict the network to a random plane through the origin; for up to two inputs, keep the whole input space.

    Along a random direction of d inputs, hyperplanes are about sqrt(d) times as far away, so the plane is larger.
    """
    inputs = network.widths[0]
    if inputs <= 2:
        basis, labels = np.eye(inputs), tuple(f"input {number}" for number in range(1, inputs + 1))
    else:
        basis = np.linalg.qr(np.random.default_rng(0).standard_normal((inputs, 2)))[0]
        labels = ("random direction u", "random direction v")
    first, *others = network.weights
    away = np.quantile(np.abs(network.biases[0]) / np.maximum(np.linalg.norm(first @ basis, axis=1), 1e-9), 0.75)
    reach = view.input_scale * min(REACH * max(1.0, inputs / 2) ** 0.5, max(1.0, ZOOM * away / view.input_scale))
    if view.box is not None:
        reach = min(reach, view.box / float(np.abs(basis).sum(axis=1).max()))
    bypass = None if network.bypass is None else network.bypass @ basis
    return _Slice(MLP((first @ basis, *others), network.biases, network.activation, bypass), reach, labels)


def _grid(cut: _Slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the coordinates along one side, and all points of the grid, rows x 2."""
    side = np.linspace(-cut.reach, cut.reach, POINTS)
    return side, np.stack([np.tile(side, POINTS), np.repeat(side, POINTS)], axis=1)


def _hyperplanes(axes: Axes, cut: _Slice) -> None:
    """Draw where the preactivation of each unit is zero, over the number of units that are on."""
    side, points = _grid(cut)
    layers = min(LAYERS_DRAWN, cut.network.hidden_layers)
    on = np.zeros(len(points))
    for layer in reversed(range(1, layers + 1)):
        before = cut.network.preactivations(points, layer)
        on += (before > 0).sum(axis=1)
        for unit in range(min(MOST_LINES, before.shape[1])):
            height = before[:, unit]
            if height.min() < 0 < height.max():
                image = height.reshape(POINTS, POINTS)
                axes.contour(side, side, image, levels=[0.0], colors=COLOURS[layer - 1], linewidths=1.1)
    mesh = axes.pcolormesh(side, side, on.reshape(POINTS, POINTS), cmap="Greys", alpha=0.5, rasterized=True)
    mesh.set_zorder(-1)
    axes.figure.colorbar(mesh, ax=axes, shrink=0.85, pad=0.015, label="units that are on")
    for layer in range(1, layers + 1):
        width = cut.network.widths[layer]
        drawn = f"{width} units" if width <= MOST_LINES else f"{MOST_LINES} of {width} units"
        axes.plot([], [], color=COLOURS[layer - 1], label=f"layer {layer}, {drawn}")
    axes.legend(loc="upper right", fontsize=8.5, framealpha=0.9, edgecolor="none")
    _label_plane(axes, cut)
    title(axes, "Where the units' preactivations are zero")


def _surface(axes: Axes, cut: _Slice) -> None:
    """Draw the first output over the plane, with level lines."""
    side, points = _grid(cut)
    outputs = cut.network(points)[:, 0].reshape(POINTS, POINTS)
    mesh = axes.pcolormesh(side, side, outputs, cmap="viridis", rasterized=True)
    if outputs.min() < outputs.max():
        axes.contour(side, side, outputs, levels=12, colors="white", linewidths=0.6)
    axes.figure.colorbar(mesh, ax=axes, shrink=0.85, pad=0.015, label="output 1")
    _label_plane(axes, cut)
    title(axes, "The first output")


def _label_plane(axes: Axes, cut: _Slice) -> None:
    axes.set_aspect("equal")
    axes.set_xlabel(cut.labels[0])
    axes.set_ylabel(cut.labels[1])


def _along(axes: Axes, cut: _Slice) -> None:
    """Draw the outputs along the first coordinate, and mark where units switch."""
    line = np.linspace(-cut.reach, cut.reach, 8 * POINTS)
    points = np.zeros((len(line), len(cut.labels)))
    points[:, 0] = line
    for layer in range(1, min(LAYERS_DRAWN, cut.network.hidden_layers) + 1):
        signs = cut.network.preactivations(points, layer) > 0
        crossed = line[:-1][(signs[1:] != signs[:-1]).any(axis=1)]
        for number, position in enumerate(crossed):
            label = f"a unit of layer {layer} switches" if not number else None
            axes.axvline(position, color=COLOURS[layer - 1], linewidth=0.7, alpha=0.5, label=label)
    outputs = cut.network(points)
    for number in range(min(MOST_OUTPUTS, outputs.shape[1])):
        axes.plot(line, outputs[:, number], color=COLOURS[2 + number], linewidth=1.8, label=f"output {number + 1}")
    tidy(axes)
    axes.set_xlabel(cut.labels[0])
    axes.legend(loc="best", fontsize=8.5, framealpha=0.9, edgecolor="none")
    title(axes, "Outputs along a line through the origin")


def _draw_unknown(view: RecoveryPuzzle, name: str) -> Figure:
    """Draw the table of a passive puzzle; for an active puzzle, state that there is nothing to draw."""
    table = view.table
    if table is None:
        figure = new_figure(7.0, 2.0)
        text = "The network is hidden behind an oracle;\nwithout the sealed answer there is nothing to draw."
        figure.text(0.5, 0.4, text, ha="center", va="center", color="#555555")
    else:
        figure = new_figure(10.0, 4.6)
        trend, spread = figure.subplots(1, 2)
        _trend(trend, table.inputs, table.outputs)
        for number in range(min(MOST_OUTPUTS, view.outputs)):
            colour = COLOURS[2 + number]
            spread.hist(table.outputs[:, number], bins=40, color=colour, alpha=0.6, label=f"output {number + 1}")
        tidy(spread)
        spread.set_xlabel("output")
        spread.set_ylabel("rows")
        spread.legend(fontsize=8.5, framealpha=0.9, edgecolor="none")
        title(spread, f"Outputs of the {len(table.inputs)} rows")
    figure.suptitle(f"{name}: {sizes(view)}, widths unknown", fontsize=12, weight="bold")
    return figure


def _trend(axes: Axes, inputs: NDArray[np.float64], outputs: NDArray[np.float64]) -> None:
    """Draw the first output against its best linear prediction; distances from the diagonal are the nonlinear part."""
    columns = np.column_stack([inputs, np.ones(len(inputs))])
    predicted = columns @ np.linalg.lstsq(columns, outputs[:, 0])[0]
    axes.scatter(predicted, outputs[:, 0], s=7, color=COLOURS[0], alpha=0.5, linewidths=0, rasterized=True)
    ends = [float(predicted.min()), float(predicted.max())]
    axes.plot(ends, ends, color=GREY, linewidth=1.0)
    tidy(axes)
    axes.set_xlabel("best linear prediction from the inputs")
    axes.set_ylabel("output 1")
    title(axes, "The first output and its linear part")
