"""Statistics of a reassembly puzzle that pairing and ordering methods use.

With the sealed answer, the statistics use the true pairs and depths. Without the answer, pairs are matched by diagonal
dominance, and statistics that need depth are unknown. If the roles are unknown too, only the answer gives the pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from scipy.stats import kendalltau

from generator.reassembly.scoring.verdict import precision_in_words, undecidable
from solvers.reassembly.ordering.seeding import delta_norm, frobenius_norm, l1_norm
from solvers.reassembly.pairing.statistics import diagonal_dominance, match, norm_correlation, trace

if TYPE_CHECKING:
    from torch import Tensor

    from generator.puzzle.content import SealedAnswer
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from generator.reassembly.unknown_roles import AnyPuzzle, UnknownRolesPuzzle

__all__ = ["Blocks", "PuzzleStatistics", "blocks_of", "facts", "statistics_of", "tau_with_depth", "with_true_roles"]

ROWS = 2000
"""Number of rows over which norms are averaged. More rows take more time. Hand-set."""

Range = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Blocks:
    """The halves in one order, with their pairwise scores.

    Attributes:
        known: whether pairs and depths are true; otherwise pairs are matched by diagonal dominance and the order has no
            meaning.
        incoming: rows of U by position.
        outgoing: rows of V by position.
        dominance: |tr M| / |M|_F of M = V_j U_i, K x K by position; pairs lie on the diagonal.
        trace: tr M, K x K by position.
        matched: for each position, the position of the outgoing half in the Hungarian assignment.
        norms: norms by label, one number per block.
    """

    known: bool
    incoming: list[int]
    outgoing: list[int]
    dominance: Tensor
    trace: Tensor
    matched: list[int]
    norms: dict[str, Tensor]


@dataclass(frozen=True)
class PuzzleStatistics:
    """Statistics of a puzzle; an unknown statistic is None.

    Attributes:
        depth: number of blocks, K.
        known: whether the pairs are true.
        negative_traces: number of pairs with tr(V U) < 0.
        trace: least and greatest tr(V U) of a pair.
        pairing_accuracy: share of pairs that diagonal dominance matches correctly.
        least_matched: smallest |tr M| / |M|_F of a pair.
        greatest_unmatched: largest |tr M| / |M|_F of two halves that are not a pair; None for one block.
        norm_correlation: mean over pairs of the correlation of the units' row and column norms.
        incoming_norm: least and greatest |U|_F.
        outgoing_norm: least and greatest |V|_F.
        state_norm: mean norm of the first state, and of the last state.
        tau: Kendall's tau of each norm with depth.
        label_mse: MSE between predictions and labels.
    """

    depth: int
    known: bool
    negative_traces: int
    trace: Range
    pairing_accuracy: float | None
    least_matched: float
    greatest_unmatched: float | None
    norm_correlation: float
    incoming_norm: Range
    outgoing_norm: Range
    state_norm: Range | None
    tau: dict[str, float] | None
    label_mse: float | None


def blocks_of(view: ReassemblyPuzzle, sealed: SealedAnswer | None) -> Blocks:
    """Arrange the halves in their true order; if the order is unknown, pair the halves by diagonal dominance.

    Raises:
        AnswerError: if the sealed answer is no assembly of this puzzle.
    """
    network, depth = view.network, view.depth
    dominance, traces = diagonal_dominance(network), -trace(network)
    assignment = match(dominance)
    incoming, outgoing = (list(range(depth)), assignment) if sealed is None else view.assembly(sealed.answer)
    place = {j: position for position, j in enumerate(outgoing)}
    paired = network.reordered(incoming, outgoing)
    rows = view.inputs[:ROWS]
    return Blocks(
        known=sealed is not None,
        incoming=incoming,
        outgoing=outgoing,
        dominance=dominance[incoming][:, outgoing],
        trace=traces[incoming][:, outgoing],
        matched=[place[assignment[i]] for i in incoming],
        norms={
            "|V|₁": l1_norm(paired, rows),
            "|V|_F": frobenius_norm(paired, rows),
            "|U|_F": paired.U.flatten(1).norm(dim=1),
            "delta-norm": delta_norm(paired, rows),
        },
    )


def statistics_of(view: ReassemblyPuzzle, sealed: SealedAnswer | None = None) -> PuzzleStatistics:
    """Compute the statistics of a puzzle.

    Raises:
        AnswerError: if the sealed answer is no assembly of this puzzle.
    """
    blocks = blocks_of(view, sealed)
    depth = view.depth
    paired = view.network.reordered(blocks.incoming, blocks.outgoing)
    traces, ratios = blocks.trace.diagonal(), blocks.dominance.diagonal()
    others = blocks.dominance[~torch.eye(depth, dtype=torch.bool)]
    right = sum(found == position for position, found in enumerate(blocks.matched))
    return PuzzleStatistics(
        depth=depth,
        known=blocks.known,
        negative_traces=int((traces < 0).sum()),
        trace=_range(traces),
        pairing_accuracy=right / depth if blocks.known else None,
        least_matched=float(ratios.min()),
        greatest_unmatched=float(others.max()) if depth > 1 else None,
        norm_correlation=float(norm_correlation(paired).diagonal().mean()),
        incoming_norm=_range(blocks.norms["|U|_F"]),
        outgoing_norm=_range(blocks.norms["|V|_F"]),
        state_norm=_state_norm(view, blocks) if blocks.known else None,
        tau={name: tau_with_depth(norm) for name, norm in blocks.norms.items()} if blocks.known else None,
        label_mse=_label_mse(view),
    )


def tau_with_depth(values: Tensor) -> float:
    """Compute Kendall's tau of one number per block with depth; NaN if tau is not defined."""
    statistic: Any = kendalltau(range(len(values)), values.tolist()).statistic if len(values) > 1 else float("nan")
    return float(statistic)


def with_true_roles(view: UnknownRolesPuzzle, sealed: SealedAnswer | None) -> ReassemblyPuzzle | None:
    """Give a puzzle of unknown roles those of the sealed answer; None where there is no sealed answer.

    Raises:
        AnswerError: if the sealed answer is no assembly of this puzzle.
    """
    return None if sealed is None else view.assuming(view.assembly(sealed.answer)[0])


def facts(view: AnyPuzzle, sealed: SealedAnswer | None = None) -> list[tuple[str, str]]:
    """Write the statistics as pairs of label and value."""
    if view.roles is not None:
        return _facts_with_roles(view, sealed)
    known = with_true_roles(view, sealed)
    if known is None:
        return _facts_without_roles(view)
    network, data, *others = _facts_with_roles(known, sealed)
    return [network, data, ("roles", "unknown to solvers; below, those of the sealed answer"), *others]


def _facts_without_roles(view: UnknownRolesPuzzle) -> list[tuple[str, str]]:
    """Describe a puzzle of unknown roles without its answer."""
    squares = view.squares
    norms = squares.weights.flatten(1).norm(dim=1)
    count, width = squares.biases.shape
    lines = [
        ("network", f"{view.depth} blocks, width {width}, hidden {width}, {view.activation}"),
        ("data", f"{len(view.inputs)} rows, {view.predictions.shape[1]} outputs, var(pred) {view.variance:.4g}"),
        ("roles", f"unknown, part of the answer: which {view.depth} of the {count} square halves are incoming"),
        ("order", "not known"),
        ("|W|_F", f"{_span(_range(norms), '.2f')}, incoming and outgoing halves"),
    ]
    label_mse = _label_mse(view)
    return lines if label_mse is None else [*lines, ("MSE(pred, true)", f"{label_mse:.4g}")]


def _facts_with_roles(view: ReassemblyPuzzle, sealed: SealedAnswer | None) -> list[tuple[str, str]]:
    found = statistics_of(view, sealed)
    hidden, width = view.network.U.shape[1:]
    pairs = "true pairs" if found.known else "pairs matched by diagonal dominance"
    lines = [
        ("network", f"{found.depth} blocks, width {width}, hidden {hidden}, {view.network.activation}"),
        ("data", f"{len(view.inputs)} rows, {view.predictions.shape[1]} outputs, var(pred) {view.variance:.4g}"),
        *_precision(view),
        ("order", "known from the sealed answer" if found.known else f"not known; the statistics below use {pairs}"),
        ("tr(V U)", f"{_span(found.trace, '.2f')}, negative for {found.negative_traces} of {found.depth} {pairs}"),
        ("|tr M| / |M|_F", _ratios(found)),
        ("norm correlation", f"{found.norm_correlation:.2f}, units' row norms of U with column norms of V"),
        ("|U|_F, |V|_F", f"{_span(found.incoming_norm, '.2f')}, {_span(found.outgoing_norm, '.2f')}"),
    ]
    if found.pairing_accuracy is not None:
        lines.append(("pairing", f"{100 * found.pairing_accuracy:.1f} % right by diagonal dominance"))
    if found.tau is not None:
        lines.append(("tau with depth", ", ".join(f"{name} {tau:+.3f}" for name, tau in found.tau.items())))
    if found.state_norm is not None:
        lines.append(("state norm", f"{found.state_norm[0]:.2f} at first, {found.state_norm[1]:.2f} at last"))
    if found.label_mse is not None:
        lines.append(("MSE(pred, true)", f"{found.label_mse:.4g}"))
    return lines


def _precision(view: ReassemblyPuzzle) -> list[tuple[str, str]]:
    """Say how the predictions were stored and computed, and whether they can certify an order at all."""
    words = (precision_in_words(view.degradation), undecidable(view))
    return [("precision", "; ".join(filter(None, words)))] if any(words) else []


def _ratios(found: PuzzleStatistics) -> str:
    matched = f"at least {found.least_matched:.2f} for pairs"
    return (
        matched if found.greatest_unmatched is None else f"{matched}, at most {found.greatest_unmatched:.2f} for others"
    )


def _span(bounds: Range, form: str) -> str:
    return f"{format(bounds[0], form)} to {format(bounds[1], form)}"


def _range(values: Tensor) -> Range:
    return float(values.min()), float(values.max())


def _state_norm(view: ReassemblyPuzzle, blocks: Blocks) -> Range:
    x = view.inputs[:ROWS]
    last = view.network.reordered(blocks.incoming, blocks.outgoing).hidden(x)
    return float(x.norm(dim=1).mean()), float(last.norm(dim=1).mean())


def _label_mse(view: AnyPuzzle) -> float | None:
    """Compute the MSE between predictions and labels; None for class labels."""
    if view.labels is None or view.labels.shape != view.predictions.shape:
        return None
    return float((view.predictions - view.labels).double().square().mean())
