"""Describe a recovery puzzle in lines: its public properties, and with the sealed answer the hidden network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.sealed import truth_of

if TYPE_CHECKING:
    from generator.puzzle.content import SealedAnswer
    from generator.recovery.puzzle import RecoveryPuzzle
    from generator.recovery.sealed import HiddenTruth

__all__ = ["facts", "sizes"]


def facts(view: RecoveryPuzzle, sealed: SealedAnswer | None = None) -> list[tuple[str, str]]:
    """Describe a puzzle as pairs of label and value.

    Args:
        view: the puzzle.
        sealed: the sealed answer; None leaves out the hidden network.

    Raises:
        PuzzleError: if the sealed answer is damaged.
    """
    condition = "not computed" if view.condition is None else f"{view.condition:.1e}"
    lines = [
        ("network", sizes(view)),
        _source(view),
        ("tolerance", f"{view.tolerance:g} of a layer's largest weight"),
        ("cond(J)", f"{condition}, condition number of the parameter Jacobian"),
    ]
    if sealed is None:
        return [*lines, ("widths", "not known")]
    return [*lines, *_truth(truth_of(sealed), sealed)]


def sizes(view: RecoveryPuzzle) -> str:
    """Describe the public properties of the network: inputs, hidden layers, outputs, activation."""
    layers = _plural(view.hidden_layers, "hidden layer")
    activation = "activation hidden" if view.activation is None else view.activation
    bypass = ", answers may have a linear by-pass" if view.public.bypass else ""
    return f"{_plural(view.inputs, 'input')}, {layers}, {_plural(view.outputs, 'output')}, {activation}{bypass}"


def _source(view: RecoveryPuzzle) -> tuple[str, str]:
    """Describe the oracle or the table."""
    precision = f"outputs {view.public.precision}"
    if view.table is not None:
        spread = ", ".join(f"{value:.3g}" for value in view.table.outputs.std(axis=0)[:4])
        return "table", f"{len(view.table.inputs)} rows, {precision}, standard deviation of the outputs {spread}"
    box = "no box" if view.box is None else f"|x_i| <= {view.box:g}"
    budget = "no budget" if view.public.budget is None else f"budget {view.public.budget} rows"
    return "oracle", f"{budget}, {box}, {precision}"


def _truth(truth: HiddenTruth, sealed: SealedAnswer) -> list[tuple[str, str]]:
    """Describe the hidden network."""
    network = truth.network
    parameters = sum(weight.size + len(weight) for weight in network.weights)
    units = [f"layer {number}: {_units(truth, number)}" for number in range(1, network.hidden_layers + 1)]
    lines = [
        ("widths", f"{'-'.join(map(str, network.widths))}, {network.activation}, {parameters} parameters"),
        ("units", "; ".join(units)),
        *_removed(sealed),
    ]
    for number, weight in enumerate(network.weights, start=1):
        norms = np.linalg.norm(weight, axis=1)
        name = f"|w| of layer {number}" if number <= network.hidden_layers else "|w| of outputs"
        lines.append((name, f"{norms.min():.2f} to {norms.max():.2f}"))
    return lines


def _units(truth: HiddenTruth, layer: int) -> str:
    linear, width = len(truth.linear[layer - 1]), truth.network.widths[layer]
    if not truth.network.sigma.piecewise_linear:
        return f"{width}"
    return f"{width - linear} of {width} switch in reach" + (f", {linear} count as linear" if linear else "")


def _removed(sealed: SealedAnswer) -> list[tuple[str, str]]:
    """Describe how many units were removed when the puzzle was made; empty for none."""
    record = sealed.notes.get("units")
    if not isinstance(record, dict):
        return []
    parts = []
    for kind, what in (("invisible", "invisible, removed"), ("merged", "equal to others, merged")):
        counts = record.get(kind)
        if isinstance(counts, list) and any(counts):
            parts.append(f"{' + '.join(map(str, counts))} {what}")
    return [("units removed", "; ".join(parts))] if parts else []


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
