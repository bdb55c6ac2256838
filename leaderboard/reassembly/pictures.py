"""Draw a reassembly puzzle: pairing scores, their separation, and norms by depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from generator.reassembly.network.residual import ResidualNetwork
from leaderboard.pictures.drawing import COLOURS, GREY, new_figure, tidy, title, whole_ticks
from leaderboard.reassembly.fingerprint import blocks_of, tau_with_depth, with_true_roles
from solvers.reassembly.pairing.statistics import diagonal_dominance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch import Tensor

    from generator.puzzle.content import SealedAnswer
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from generator.reassembly.unknown_roles import AnyPuzzle, UnknownRolesPuzzle
    from leaderboard.reassembly.fingerprint import Blocks

__all__ = ["draw"]

DOMINANCE = r"$|\mathrm{tr}\,M|\;/\;\|M\|_F$,  $M = V_j U_i$"
SYMBOLS = {"|V|₁": r"$|V|_1$", "|V|_F": r"$\|V\|_F$", "|U|_F": r"$\|U\|_F$", "delta-norm": r"$\Delta$-norm"}
MARKERS = ("o", "s", "^", "D")


def draw(view: AnyPuzzle, sealed: SealedAnswer | None, name: str) -> Figure:
    """Draw pairing scores before and after assignment, the separation of the scores, and norms by depth.

    Where roles are unknown, the sealed answer gives them; without it, only scores and norms of all halves are drawn.

    Raises:
        PluginError: if matplotlib is not installed.
        AnswerError: if the sealed answer is no assembly of this puzzle.
    """
    if view.roles is not None:
        return _draw_with_roles(view, sealed, name)
    known = with_true_roles(view, sealed)
    return _draw_without_roles(view, name) if known is None else _draw_with_roles(known, sealed, name)


def _draw_with_roles(view: ReassemblyPuzzle, sealed: SealedAnswer | None, name: str) -> Figure:
    figure = new_figure(10.0, 8.8)
    blocks = blocks_of(view, sealed)
    before, after, separation, norms = figure.subplots(2, 2).flat
    _scores(before, _as_dealt(blocks), "incoming half i, as dealt", "outgoing half j, as dealt")
    title(before, "Pairing scores of the shuffled halves")
    _assigned(after, blocks)
    figure.colorbar(after.images[0], ax=[before, after], shrink=0.85, pad=0.015, label=DOMINANCE)
    _separation(separation, blocks)
    _norms(norms, blocks)
    hidden, width = view.network.U.shape[1:]
    known = "" if blocks.known else " (answer not known)"
    figure.suptitle(f"{name}: {view.depth} blocks, width {width}, hidden {hidden}{known}", fontsize=13, weight="bold")
    return figure


def _draw_without_roles(view: UnknownRolesPuzzle, name: str) -> Figure:
    """Draw the pairing score of every half as incoming with every other as outgoing, and the norms of all halves."""
    figure = new_figure(10.0, 4.8)
    scores, norms = figure.subplots(1, 2).flat
    weights, biases = view.squares.weights, view.squares.biases
    dominance = diagonal_dominance(
        ResidualNetwork(weights, biases, weights, biases, view.head, view.head_bias, view.activation)
    ).fill_diagonal_(0.0)
    _scores(scores, dominance, "half i as incoming half", "half j as outgoing half")
    title(scores, "Pairing scores of the square halves, as dealt")
    figure.colorbar(scores.images[0], ax=scores, shrink=0.85, pad=0.015, label=DOMINANCE)
    sizes = weights.flatten(1).norm(dim=1).sort().values
    norms.plot(range(1, len(sizes) + 1), sizes.numpy(), color=COLOURS[0], marker=MARKERS[0], markersize=4.2)
    tidy(norms)
    whole_ticks(norms.xaxis)
    norms.set_xlabel("half, by ascending norm")
    norms.set_ylabel(r"$\|W\|_F$")
    title(norms, "Norms of the square halves")
    figure.suptitle(
        f"{name}: {view.depth} blocks, width {weights.shape[-1]}, roles not known",
        fontsize=13,
        weight="bold",
    )
    return figure


def _as_dealt(blocks: Blocks) -> Tensor:
    scores = torch.empty_like(blocks.dominance)
    scores[torch.tensor(blocks.incoming)[:, None], torch.tensor(blocks.outgoing)] = blocks.dominance
    return scores


def _scores(axes: Axes, scores: Tensor, rows: str, columns: str) -> None:
    edge = len(scores) + 0.5
    axes.imshow(scores.numpy(), cmap="viridis", vmin=0.0, interpolation="nearest", extent=(0.5, edge, edge, 0.5))
    axes.set_ylabel(rows)
    axes.set_xlabel(columns)
    for axis in (axes.xaxis, axes.yaxis):
        whole_ticks(axis)


def _assigned(axes: Axes, blocks: Blocks) -> None:
    """Show the scores with the columns in the order of the assignment."""
    rows = "incoming half, by depth" if blocks.known else "incoming half i, as dealt"
    _scores(axes, blocks.dominance[:, blocks.matched], rows, "outgoing half assigned to the row")
    depth = len(blocks.matched)
    if not blocks.known:
        title(axes, "Pairing scores after the Hungarian assignment")
        return
    wrong = [position + 1 for position, found in enumerate(blocks.matched) if found != position]
    for place in wrong:
        low, high = place - 0.5, place + 0.5
        axes.plot([low, high, high, low, low], [low, low, high, high, low], color=COLOURS[1], linewidth=1.8)
    framed = ", the others framed" if wrong else ""
    title(axes, f"Assigned: {depth - len(wrong)} of {depth} pairs right{framed}")


def _separation(axes: Axes, blocks: Blocks) -> None:
    """Show trace and dominance of pairs and of all other combinations."""
    depth = len(blocks.matched)
    others = ~torch.eye(depth, dtype=torch.bool)
    pairs = "true pairs" if blocks.known else "matched pairs"
    axes.scatter(
        blocks.trace[others].numpy(),
        blocks.dominance[others].numpy(),
        s=7,
        color=GREY,
        alpha=min(0.7, max(0.15, 60 / depth**1.5)),
        linewidths=0,
        label=f"{depth * (depth - 1)} other combinations",
        rasterized=True,
    )
    trace, ratio = blocks.trace.diagonal().numpy(), blocks.dominance.diagonal().numpy()
    style: dict[str, Any] = {
        "s": 34,
        "edgecolors": "white",
        "linewidths": 0.5,
        "label": f"{depth} {pairs}",
        "zorder": 3,
    }
    if blocks.known:
        dots = axes.scatter(trace, ratio, c=np.arange(1, depth + 1), cmap="viridis", **style)
        axes.figure.colorbar(dots, ax=axes, pad=0.015, label="true depth")
    else:
        axes.scatter(trace, ratio, color=COLOURS[0], **style)
    tidy(axes)
    axes.axvline(0.0, color="#555555", linewidth=0.8)
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel(r"$\mathrm{tr}(V_j U_i)$")
    axes.set_ylabel(r"$|\mathrm{tr}\,M|\;/\;\|M\|_F$")
    axes.legend(loc="upper right", markerscale=1.3, fontsize=8.5, framealpha=0.9, edgecolor="none")
    negative = int((blocks.trace.diagonal() < 0).sum())
    title(axes, f"Trace and dominance: tr < 0 for {negative} of {depth} {pairs}")


def _norms(axes: Axes, blocks: Blocks) -> None:
    """Draw each norm, divided by its mean, against depth; if depth is unknown, sort by |V|_1."""
    depth = len(blocks.matched)
    order = range(depth) if blocks.known else blocks.norms["|V|₁"].argsort().tolist()
    for (name, norm), colour, marker in zip(blocks.norms.items(), COLOURS, MARKERS, strict=False):
        tau = f"  τ = {tau_with_depth(norm):+.2f}" if blocks.known else ""
        axes.plot(
            range(1, depth + 1),
            (norm / norm.mean())[list(order)].numpy(),
            color=colour,
            marker=marker,
            markersize=4.2,
            linewidth=1.1,
            label=f"{SYMBOLS[name]}{tau}",
        )
    tidy(axes)
    whole_ticks(axes.xaxis)
    axes.set_xlabel("true depth" if blocks.known else r"block, by ascending $|V|_1$ (true depth not known)")
    axes.set_ylabel("norm / mean over blocks")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.2 * (high - low))
    axes.legend(loc="upper center", fontsize=8.5, framealpha=0.9, edgecolor="none", ncols=2)
    title(axes, "Norms by depth, with Kendall's τ" if blocks.known else "Norms of the matched pairs")
