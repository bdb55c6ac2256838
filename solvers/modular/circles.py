"""Measure the circles of a network whose rows are in the order of the residues, and answer questions about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.modular.measures.frequencies import key_frequencies
from generator.modular.measures.label import label_of
from generator.modular.measures.neurons import describe, first_layer
from generator.modular.measures.records import measure_frequencies
from generator.modular.measures.summary import MOST_FREQUENCIES
from generator.modular.network.circle import companion, frequencies
from generator.modular.network.model import accuracy
from generator.modular.questions import KINDS, correct_logits, intervene
from generator.modular.relabelling import in_residues, without_offset
from solvers.modular.relabelling.relation import product_energy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.modular.measures.records import FrequencyRecord
    from generator.modular.network.mlp import MLP
    from generator.modular.network.transformer import Transformer
    from generator.modular.puzzle import ModularPuzzle
    from generator.modular.relabelling import Relabelling

__all__ = ["Circles", "hidden_frequencies", "measured", "ordered", "outcomes"]

PRESENT = 0.15
"""Energy of a circle in the last hidden state, relative to the strongest, from which it is listed if the logits are
unknown. A larger value lists fewer. Hand-set.
"""

DOUBLED = 0.7
"""Energy of a doubled circle in the last hidden state, relative to its half, below which it is taken for a companion.
Engineered companions have 0.4 to 0.65. Hand-set.
"""


@dataclass(frozen=True, eq=False)
class Circles:
    """What the logits of a network show of its circles.

    Attributes:
        label: pizza, clock, hybrid or other.
        keys: key frequencies, the largest amplitude in the logits first.
        records: measures of the key frequencies, the strongest 12 at most.
    """

    label: str
    keys: tuple[int, ...]
    records: tuple[FrequencyRecord, ...]

    @property
    def kinds(self) -> dict[int, str]:
        """Kind of each key frequency; undecided where the measurement does not decide."""
        found = {record.frequency: record.kind for record in self.records}
        return {key: kind if (kind := found.get(key, "")) in KINDS else "undecided" for key in self.keys}

    def companions(self, modulus: int) -> list[int]:
        """List the doubled circles that fill the gaps of a key frequency."""
        return sorted({companion(record.frequency, modulus) for record in self.records if record.companion})


def ordered(puzzle: ModularPuzzle, names: Relabelling) -> MLP | Transformer:
    """Bring a network into the order of the residues, without the offset that all classes share."""
    return without_offset(in_residues(puzzle.network, names))


@torch.no_grad()
def measured(network: MLP | Transformer, logits: torch.Tensor) -> Circles:
    """Measure key frequencies, kinds, companions and label.

    A network that answers some pairs wrong, or whose frequencies show no algorithm, is labelled other.
    """
    layer = first_layer(network)
    neurons = describe(layer, network.activation) if layer else None
    keys = key_frequencies(logits)
    records, additivity = measure_frequencies(network, logits, keys[:MOST_FREQUENCIES], neurons)
    label, _ = label_of(accuracy(logits), additivity, records)
    return Circles(label or "other", keys, records)


def outcomes(
    puzzle: ModularPuzzle, network: MLP | Transformer, names: Relabelling, circles: Circles
) -> list[NDArray[np.float64] | None]:
    """Compute the outcome of every intervention by making it on the renamed network; None where no circle has the rank.

    Args:
        puzzle: the puzzle, whose pairs of symbols are used.
        network: the network in the order of the residues.
        names: residue of each symbol.
        circles: the circles, ranked by amplitude.
    """
    pairs = puzzle.pairs.numpy()
    residues = torch.stack(
        [torch.from_numpy(names.first[pairs[:, 0]]), torch.from_numpy(names.second[pairs[:, 1]])], dim=1
    )
    found: list[NDArray[np.float64] | None] = []
    for one in puzzle.interventions:
        if one.rank > len(circles.keys):
            found.append(None)
            continue
        changed = intervene(network, one.action, circles.keys[one.rank - 1])
        found.append(correct_logits(changed, residues).numpy())
    return found


def hidden_frequencies(puzzle: ModularPuzzle, names: Relabelling) -> tuple[int, ...]:
    """List the circles whose products fill the last hidden state, where the unembedding is withheld.

    The hidden state does not tell a companion from a key frequency of fewer units. A doubled circle that is clearly
    weaker than its half is taken for a companion.
    """
    p = puzzle.modulus
    energy = product_energy(puzzle.network, names.first.astype(np.intp), names.second.astype(np.intp))
    shares = {k: energy[k, k] + energy[k, -k % p] for k in frequencies(p)}
    least = PRESENT * max(shares.values())
    present = [k for k, share in shares.items() if share > least]
    doubled = {companion(k, p) for k in present if shares.get(companion(k, p), 0.0) < DOUBLED * shares[k]}
    return tuple(k for k in present if k not in doubled)
