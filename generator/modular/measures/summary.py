"""All measures of one network.

The label is a functional measurement for each frequency (see the package). Zhong et al. (arXiv 2306.17844) decide by
gradient symmetricity and distance irrelevance; these are reported beside it, and often disagree with it. McCracken et
al. (arXiv 2505.18266) and Moisescu-Pareja et al. (arXiv 2512.25060) contest that there are two algorithms at all; phase
alignment and the coset fit are theirs.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch

from generator.modular.measures.circles import circularity
from generator.modular.measures.cosets import replaced_logits
from generator.modular.measures.distance import Shares, distance_irrelevance, relative_spread, shares
from generator.modular.measures.explained import MODELS, jointly_explained
from generator.modular.measures.frequencies import companions, embedding_frequencies, key_frequencies
from generator.modular.measures.label import Label, label_of
from generator.modular.measures.neurons import describe, first_layer
from generator.modular.measures.records import FrequencyRecord, measure_frequencies
from generator.modular.measures.symmetricity import gradient_symmetricity
from generator.modular.network.model import accuracy, margin

if TYPE_CHECKING:
    from generator.modular.measures.neurons import FirstLayer, Neurons
    from generator.modular.network.model import ModularNetwork

__all__ = ["Measures", "NeuronSummary", "measure"]

MOST_FREQUENCIES = 12
"""Number of key frequencies, the strongest first, that are isolated and knocked out. More take more time. Networks that
do not compute with circles have up to p / 2 key frequencies, and the first 12 suffice to see it.
"""


@dataclass(frozen=True)
class NeuronSummary:
    """The hidden units of the first layer.

    Attributes:
        alive: number of units that are not dead.
        per_frequency: number of these units for each dominant frequency.
        phase_alignment: of both input phases: 1 for a pizza, about 0 for a torus clock (arXiv 2512.25060).
        phase_coherence: the same after the best rotation of one circle for each frequency.
        output_alignment: 1 if output phases are sums of input phases (arXiv 2301.02679, 2602.16849).
        share: mean share of a unit's variance in its dominant frequency.
        participation: mean inverse participation ratio of circles: 1 if each unit has one frequency (arXiv 2301.02679).
        coset_accuracy: share of right answers after each unit is replaced by its best sinusoids (arXiv 2505.18266).
    """

    alive: int
    per_frequency: dict[int, int]
    phase_alignment: float
    phase_coherence: float
    output_alignment: float
    share: float
    participation: float
    coset_accuracy: float


@dataclass(frozen=True)
class Measures:
    """All measures of one network. Values that are undefined are NaN here and None in `record()`.

    Attributes:
        modulus: p.
        accuracy: share of all p^2 pairs that are answered right.
        margin: smallest difference of the right logit and the largest wrong one, in units of logits.
        label: `pizza`, `clock`, `hybrid`, `other`, or None if it is withheld.
        withheld: why there is no label; empty if there is one.
        gradient_symmetricity: paper's definition 4.1, gradients at the embeddings, 4000 triples.
        gradient_symmetricity_span: the same with gradients projected on the span of the embeddings.
        distance_irrelevance: paper's definition 4.2, correct logit.
        distance_irrelevance_wrong: the same of the largest wrong logit, as in the paper's published tables.
        shares: shares of a - b, a + b and neither in the variance of the correct logit.
        relative_spread: standard deviation of the correct logit, relative to its mean.
        circularity: of the table of a, and of the table of b; equal for a shared table.
        embedding_frequencies: circles in the embeddings, ascending.
        key_frequencies: frequencies in the logits, strongest first.
        embedded_companions: key frequencies whose doubled circle is in the embeddings, with the double.
        frequencies: measures of each key frequency, strongest first; at most 12.
        additivity: correlation of the logits with the sum of the logits of each of these circles alone.
        explained: R^2 of all logits on the key frequencies, by model; see `explained.MODELS`.
        neurons: the first hidden layer; None if there is none, or all its units are dead.
    """

    modulus: int
    accuracy: float
    margin: float
    label: Label | None
    withheld: str
    gradient_symmetricity: float
    gradient_symmetricity_span: float
    distance_irrelevance: float
    distance_irrelevance_wrong: float
    shares: Shares
    relative_spread: float
    circularity: tuple[float, float]
    embedding_frequencies: tuple[int, ...]
    key_frequencies: tuple[int, ...]
    embedded_companions: dict[int, int]
    frequencies: tuple[FrequencyRecord, ...]
    additivity: float
    explained: dict[str, float]
    neurons: NeuronSummary | None

    def record(self) -> dict[str, Any]:
        """Return the measures as JSON: dictionaries with text keys, lists, numbers, and None for NaN."""
        found = _plain(asdict(self))
        assert isinstance(found, dict)  # noqa: S101
        return found


@torch.no_grad()
def measure(network: ModularNetwork) -> Measures:
    """Compute all measures of a network. Takes about 3 s for p = 59 and a transformer of width 128 on one core."""
    logits = network.logits()
    layer = first_layer(network)
    neurons = describe(layer, getattr(network, "activation", "")) if layer else None
    keys, embedded = key_frequencies(logits), embedding_frequencies(network)
    records, additivity = measure_frequencies(network, logits, keys[:MOST_FREQUENCIES], neurons)
    share_right = accuracy(logits)
    label, withheld = label_of(share_right, additivity, records)
    symmetricity = gradient_symmetricity(network), gradient_symmetricity(network, span=True)
    distance = distance_irrelevance(logits)
    offsets = {record.frequency: record.offset for record in records}
    return Measures(
        modulus=network.modulus,
        accuracy=share_right,
        margin=margin(logits),
        label=label,
        withheld=withheld,
        gradient_symmetricity=symmetricity[0],
        gradient_symmetricity_span=symmetricity[1],
        distance_irrelevance=distance[0],
        distance_irrelevance_wrong=distance[1],
        shares=shares(logits),
        relative_spread=relative_spread(logits),
        circularity=(circularity(network.first), circularity(network.second)),
        embedding_frequencies=embedded,
        key_frequencies=keys,
        embedded_companions=companions(keys, embedded, network.modulus),
        frequencies=records,
        additivity=additivity,
        explained={
            name: jointly_explained(logits, dict.fromkeys(keys, forms), offsets) for name, forms in MODELS.items()
        },
        neurons=_summary(network, layer, neurons) if layer and neurons else None,
    )


def _summary(network: ModularNetwork, layer: FirstLayer, neurons: Neurons) -> NeuronSummary:
    return NeuronSummary(
        alive=len(neurons.units),
        per_frequency=neurons.per_frequency(),
        phase_alignment=neurons.phase_alignment(),
        phase_coherence=neurons.phase_coherence(),
        output_alignment=neurons.output_alignment(),
        share=float(neurons.share.mean()),
        participation=float(neurons.participation.mean()),
        coset_accuracy=accuracy(replaced_logits(network, layer, neurons)),
    )


def _plain(value: object) -> object:
    """Turn a value into JSON."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
