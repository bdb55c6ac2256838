"""Remove the units that no query or table row shows, and merge units that compute the same function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from generator.errors import PuzzleError
from generator.recovery.network.mlp import MLP
from generator.recovery.units.statuses import unit_statuses, with_effects

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.units.statuses import Status, Statuses

__all__ = ["Reduced", "equal_units", "reduced"]

EQUAL = 1e-12
"""Relative distance of two units' (w, b) below which they count as equal. A larger value merges more units. Hand-set,
above the rounding errors of float64."""


@dataclass(frozen=True, eq=False)
class Reduced:
    """A network without invisible units and without copies.

    Attributes:
        network: a network that computes the same function within the solver's reach, up to rounding errors.
        statuses: statuses of the remaining units.
        invisible: number of units removed as invisible, per hidden layer.
        merged: number of units merged into another unit, per hidden layer.
    """

    network: MLP
    statuses: Statuses
    invisible: tuple[int, ...]
    merged: tuple[int, ...]

    @property
    def fixed(self) -> tuple[tuple[int, ...], ...]:
        """Numbers of the units of each hidden layer that are not known to switch; they are scored as a sum."""
        return tuple(
            tuple(unit for unit, status in enumerate(layer) if status in {"linear", "unknown"})
            for layer in self.statuses
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """Messages about units that were removed or merged, and about units that do not switch; one per layer."""
        texts: list[str] = []
        for layer, statuses in enumerate(self.statuses, start=1):
            counts = {
                "removed, as no query shows them": self.invisible[layer - 1],
                "merged into equal ones": self.merged[layer - 1],
                "linear in reach, so only their sum is scored": statuses.count("linear"),
                "not known to switch, and scored as linear": statuses.count("unknown"),
            }
            parts = [f"{count} {what}" for what, count in counts.items() if count]
            if parts:
                texts.append(f"units of hidden layer {layer}: {'; '.join(parts)}; {len(statuses)} are left")
        return tuple(texts)

    def record(self) -> dict[str, Any]:
        """Return the counts, and the numbers of the units that are not known to switch, as plain data."""

        def numbers(status: Status) -> list[list[int]]:
            return [[unit for unit, one in enumerate(layer) if one == status] for layer in self.statuses]

        return {
            "invisible": list(self.invisible),
            "merged": list(self.merged),
            "linear": numbers("linear"),
            "unknown": numbers("unknown"),
        }


def reduced(
    network: MLP, *, box: float | None = None, rows: NDArray[np.float64] | None = None, seed: int = 0
) -> Reduced:
    """Remove the invisible units of a network, and merge units that compute the same function.

    Args:
        network: a network without a by-pass.
        box: bound of every input of a query; None for no bound.
        rows: inputs of a passive puzzle's table, rows x d; they replace the box.
        seed: seed of the search for inputs that switch units.

    Raises:
        PuzzleError: if all units of a layer are invisible, so that the network is constant.
    """
    invisible, merged = [0] * network.hidden_layers, [0] * network.hidden_layers
    statuses = unit_statuses(network, box=box, rows=rows, seed=seed)
    while True:
        before = network.widths
        for layer in range(1, network.hidden_layers + 1):
            hidden = np.array([status == "invisible" for status in statuses[layer - 1]])
            if hidden.all():
                raise PuzzleError(
                    f"no input in reach shows a unit of hidden layer {layer}, so the network is constant; use another "
                    "network or a larger box"
                )
            invisible[layer - 1] += int(hidden.sum())
            network, statuses = _without(network, statuses, layer, hidden)
            copies = _copies(network, layer)
            merged[layer - 1] += len(copies)
            network = _merge(network, layer, copies)
            gone = np.isin(np.arange(network.widths[layer]), [copy for copy, _, _ in copies])
            network, statuses = _dropped(network, statuses, layer, gone)
        if network.widths == before:
            return Reduced(network, statuses, tuple(invisible), tuple(merged))
        statuses = with_effects(network, statuses)  # merged outgoing weights may cancel


def equal_units(
    weight: NDArray[np.float64], bias: NDArray[np.float64], *, scales: bool
) -> list[tuple[int, int, float]]:
    """Find units whose (w, b) is equal or opposite to that of an earlier unit.

    Args:
        weight: weights of the layer, units x inputs of the layer.
        bias: biases of the units.
        scales: whether positive multiples of (w, b) count as equal.

    Returns:
        Triples of a unit, the earliest unit that equals it, and the factor c in (w, b) = c (w', b').
    """
    rows = np.column_stack([weight, bias])
    norms = np.linalg.norm(rows, axis=1)
    directions = rows / np.where(norms > 0, norms, 1.0)[:, None]
    found: list[tuple[int, int, float]] = []
    first: list[int] = []
    for unit in range(len(rows)):
        if not norms[unit]:
            continue
        for sign in (1.0, -1.0):
            apart = np.linalg.norm(directions[first] - sign * directions[unit], axis=1)
            if not scales:
                apart = np.maximum(apart, np.abs(norms[first] / norms[unit] - 1))
            near = np.flatnonzero(apart < EQUAL)
            if len(near):
                other = first[near[0]]
                found.append((unit, other, float(sign * norms[unit] / norms[other]) if scales else sign))
                break
        else:
            first.append(unit)
    return found


def _copies(network: MLP, layer: int) -> list[tuple[int, int, float]]:
    """Find units that can be merged. Units with opposite (w, b) can be merged only if sigma is odd up to a constant."""
    weight, bias = network.layers()[layer - 1]
    opposite = network.sigma.symmetry in {"odd", "odd-constant"}
    found = equal_units(weight, bias, scales=network.sigma.scales)
    return [copy for copy in found if opposite or copy[2] > 0]


def _merge(network: MLP, layer: int, copies: list[tuple[int, int, float]]) -> MLP:
    """Add the outgoing weights of copies to the outgoing weights of the units that they equal."""
    weights, biases = list(network.weights), list(network.biases)
    outgoing, bias = weights[layer].copy(), biases[layer].copy()
    for copy, unit, factor in copies:
        if factor < 0 and network.sigma.symmetry == "odd-constant":  # sigma(-z) = 1 - sigma(z)
            bias += outgoing[:, copy]
        outgoing[:, unit] += factor * outgoing[:, copy]
        outgoing[:, copy] = 0
    weights[layer], biases[layer] = outgoing, bias
    return MLP(tuple(weights), tuple(biases), network.activation)


def _without(network: MLP, statuses: Statuses, layer: int, hidden: NDArray[np.bool_]) -> tuple[MLP, Statuses]:
    """Remove invisible units, and add their constant outputs to the next bias."""
    constant = network.sigma.value(network.biases[layer - 1])
    # An invisible unit with a nonzero weight is off everywhere, or has no effect.
    varies = (network.weights[layer - 1] != 0).any(axis=1)
    biases = list(network.biases)
    biases[layer] = biases[layer] + network.weights[layer][:, hidden] @ np.where(varies, 0.0, constant)[hidden]
    return _dropped(MLP(network.weights, tuple(biases), network.activation), statuses, layer, hidden)


def _dropped(network: MLP, statuses: Statuses, layer: int, gone: NDArray[np.bool_]) -> tuple[MLP, Statuses]:
    weights, biases = list(network.weights), list(network.biases)
    weights[layer - 1], biases[layer - 1] = weights[layer - 1][~gone], biases[layer - 1][~gone]
    weights[layer] = weights[layer][:, ~gone]
    kept = tuple(one for one, leave in zip(statuses[layer - 1], gone, strict=True) if not leave)
    return (
        MLP(tuple(weights), tuple(biases), network.activation),
        (*statuses[: layer - 1], kept, *statuses[layer:]),
    )
