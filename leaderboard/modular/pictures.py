"""Draw a puzzle on modular addition: circles, logits over a + b and a - b, amplitudes over a - b.

Without the names of the symbols none of this can be seen; then the singular values of the tensors are drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.modular.measures.amplitude import amplitude_curve, pizza_factor
from generator.modular.measures.circles import isolate
from generator.modular.measures.frequencies import embedding_power, key_frequencies
from generator.modular.network.circle import circle
from generator.modular.relabelling import in_residues, without_offset
from generator.modular.sealed import truth_of
from leaderboard.modular.fingerprint import sizes
from leaderboard.pictures.drawing import COLOURS, GREY, new_figure, tidy, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from generator.modular.network.mlp import MLP
    from generator.modular.network.transformer import Transformer
    from generator.modular.puzzle import ModularPuzzle
    from generator.puzzle.content import SealedAnswer

__all__ = ["circle_points", "correct_by_sum_and_difference", "draw", "draw_network"]

MOST_CIRCLES = 5
"""Most frequencies that are drawn, those with the largest amplitudes. Hand-set."""


def draw(view: ModularPuzzle, sealed: SealedAnswer | None, name: str) -> Figure:
    """Draw the network in the order of the residues if their names are public or the answer is there.

    Raises:
        PluginError: if matplotlib is not installed.
        PuzzleError: if the sealed answer is damaged.
    """
    names = view.names if sealed is None else truth_of(sealed).relabelling
    heading = f"{name}: {sizes(view)}"
    if names is None:
        return _draw_unknown(view, heading)
    if not view.public.withheld:
        return draw_network(without_offset(in_residues(view.network, names)), heading)
    figure = new_figure(3.0 * MOST_CIRCLES, 3.4)
    table = view.network.first[torch.from_numpy(np.argsort(names.first))]
    _draw_circles(figure.subplots(1, MOST_CIRCLES), table, _strongest(table)[:MOST_CIRCLES])
    figure.suptitle(heading, fontsize=11, weight="bold")
    return figure


def draw_network(network: MLP | Transformer, heading: str) -> Figure:
    """Draw a network whose symbols are in the order of their residues."""
    logits = network.logits()
    frequencies = key_frequencies(logits)[:MOST_CIRCLES]
    figure = new_figure(3.0 * MOST_CIRCLES, 7.6)
    halves = figure.add_gridspec(2, 1, height_ratios=(3.2, 4.4))
    above, below = figure.add_subfigure(halves[0]), figure.add_subfigure(halves[1])
    _draw_circles(above.subplots(1, MOST_CIRCLES), network.first, frequencies)
    heat, curves = below.subplots(1, 2)
    _draw_heat_map(heat, logits)
    _draw_curves(curves, network, frequencies)
    figure.suptitle(heading, fontsize=12, weight="bold")
    return figure


def circle_points(table: torch.Tensor, frequency: int) -> NDArray[np.float64]:
    """Project a table, p x d, on the circle of a frequency; p x 2 points in the plane that the circle spans in d."""
    plane = circle(frequency, len(table))
    left, sizes, _ = torch.linalg.svd(plane.T @ table, full_matrices=False)
    points = (plane @ left * sizes).numpy()
    return points if points.shape[1] == 2 else np.column_stack([points, np.zeros(len(points))])


def correct_by_sum_and_difference(logits: torch.Tensor) -> NDArray[np.float64]:
    """Arrange the correct logits by (a + b) mod p, rows, and (a - b) mod p, columns; NaN where no pair has both."""
    p = len(logits)
    first, second = np.divmod(np.arange(p * p), p)
    sums, differences = (first + second) % p, (first - second) % p
    image = np.full((p, p), np.nan)
    image[sums, differences] = logits.numpy()[first, second, sums]
    return image


def _strongest(table: torch.Tensor) -> list[int]:
    """List the frequencies by their power in a table."""
    return [int(k) + 1 for k in embedding_power(table).argsort(descending=True)]


def _draw_circles(axes: NDArray[np.object_], table: torch.Tensor, frequencies: tuple[int, ...] | list[int]) -> None:
    """Draw the residues on each circle, joined in steps of one turn over the frequency."""
    for panel, frequency in zip(axes, frequencies, strict=False):
        points = circle_points(table, frequency)
        panel.scatter(*points.T, c=np.arange(len(points)), cmap="twilight", s=14)
        for residue in (0, 1, 2):
            panel.annotate(str(residue), points[residue], fontsize=8, xytext=(3, 3), textcoords="offset points")
        panel.set_aspect("equal")
        tidy(panel)
        panel.tick_params(labelsize=7)
        title(panel, f"circle {frequency}, first table")
    for panel in axes[len(frequencies) :]:
        panel.set_axis_off()


def _draw_heat_map(axes: Axes, logits: torch.Tensor) -> None:
    mesh = axes.pcolormesh(correct_by_sum_and_difference(logits), cmap="viridis", rasterized=True)
    axes.figure.colorbar(mesh, ax=axes, shrink=0.9, pad=0.015, label="correct logit")
    axes.set_xlabel("a - b mod p")
    axes.set_ylabel("a + b mod p")
    title(axes, "Correct logit: stripes show that it depends on a - b")


def _draw_curves(axes: Axes, network: MLP | Transformer, frequencies: tuple[int, ...]) -> None:
    """Draw the amplitude of each frequency with only its circle kept, over the angle between a and b on that circle."""
    p = network.modulus
    for number, frequency in enumerate(frequencies):
        curve = amplitude_curve(isolate(network, (frequency,)).logits(), frequency).numpy()
        angle = (frequency * np.arange(p) + p // 2) % p - p // 2
        order = angle.argsort()
        axes.plot(
            angle[order] / p,
            curve[order] / np.abs(curve).mean(),
            color=COLOURS[number],
            marker="o",
            markersize=3,
            linewidth=1.2,
            label=f"frequency {frequency}",
        )
    turn = (np.arange(p) + p // 2) % p - p // 2
    factor = pizza_factor(1, p).numpy()
    order = turn.argsort()
    axes.plot(turn[order] / p, factor[order] / factor.mean(), color=GREY, linestyle="--", label="|cos|, a pizza")
    axes.axhline(1, color=GREY, linestyle=":", label="constant, a clock")
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    tidy(axes)
    axes.set_xlabel("angle between a and b on the circle, in turns")
    axes.set_ylabel("amplitude over its mean")
    axes.legend(fontsize=8.5, framealpha=0.9, edgecolor="none")
    title(axes, "Amplitude of each frequency, its circle alone")


def _draw_unknown(view: ModularPuzzle, heading: str) -> Figure:
    """Draw the singular values of tables and unembedding, which no permutation of the symbols changes."""
    figure = new_figure(8.0, 4.0)
    axes = figure.subplots()
    shown = {"first table": view.network.first, "second table": view.network.second}
    if not view.public.withheld:
        shown["unembedding"] = view.network.unembed
    for colour, (name, matrix) in zip(COLOURS, shown.items(), strict=False):
        values = torch.linalg.svdvals(matrix - matrix.mean(dim=0)).numpy()
        axes.semilogy(np.arange(1, len(values) + 1), values, "o-", color=colour, markersize=3, label=name)
    tidy(axes)
    axes.set_xlabel("number")
    axes.set_ylabel("singular value")
    axes.legend(fontsize=9, edgecolor="none")
    title(axes, "The residues of the symbols are secret; without the answer no circle can be drawn")
    figure.suptitle(heading, fontsize=11, weight="bold")
    return figure
