"""Published ways to tell the algorithm, and single tests of ours, as baselines of the flagship."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import UnsupportedPuzzleError
from generator.modular.measures.amplitude import amplitude_curve
from generator.modular.measures.distance import distance_irrelevance
from generator.modular.measures.frequencies import embedding_frequencies
from generator.modular.measures.symmetricity import gradient_symmetricity
from generator.modular.network.circle import basis
from generator.modular.network.mlp import MLP
from generator.puzzle.answer import Answer
from solvers.modular.circles import measured, ordered
from solvers.modular.explaining import fitted_term
from solvers.modular.guess import guess
from solvers.modular.relabelling.naming import name_symbols
from solvers.registry import register

if TYPE_CHECKING:
    from generator.modular.network.transformer import Transformer
    from generator.modular.puzzle import ModularPuzzle
    from generator.modular.relabelling import Relabelling
    from solvers.api import Context

__all__ = ["Fourier", "FrequencyCV", "Thresholds", "read_through"]


@register(family="modular", name="paper-thresholds", source="Zhong et al. 2023, arXiv 2306.17844")
@dataclass(frozen=True)
class Thresholds:
    """Tell pizza from clock by gradient symmetricity and distance irrelevance, one label for all frequencies."""

    symmetricity: float = 0.98
    irrelevance: float = 0.6

    def solve(self, puzzle: ModularPuzzle, context: Context) -> Answer:
        """Name the symbols, compute both scores, and apply the thresholds of the paper's appendix."""
        context.report(guess(puzzle))
        names = _aligned(puzzle, _names(puzzle))
        network = ordered(puzzle, names)
        logits = network.logits()
        score = gradient_symmetricity(read_through(network), span=True)
        distance = distance_irrelevance(logits)[0]
        label = "other"
        if score > self.symmetricity and distance < self.irrelevance:
            label = "pizza"
        elif score <= self.symmetricity and not distance < self.irrelevance:  # NaN: the logit does not vary at all
            label = "clock"
        frequencies = embedding_frequencies(network)
        kind = label if label in {"pizza", "clock"} else "undecided"
        form = "pizza" if label == "pizza" else "clock"
        terms = [fitted_term(amplitude_curve(logits, key).numpy(), key, (form,)) for key in frequencies]
        return Answer(
            puzzle.answer(
                label=label,
                frequencies=frequencies,
                kinds=dict.fromkeys(frequencies, kind),
                relabelling=names,
                explanation=[
                    {"frequency": one.frequency, "offset": one.offset, form: getattr(one, form)} for one in terms
                ],
            ),
            note=f"gradient symmetricity {score:.3f}, distance irrelevance {distance:.3f}",
        )


@register(family="modular", name="frequency-cv", source="this project")
@dataclass(frozen=True)
class FrequencyCV:
    """Tell the kind of each frequency by its amplitude over a - b, in isolation and after a knock-out."""

    def solve(self, puzzle: ModularPuzzle, context: Context) -> Answer:
        """Measure label, frequencies, kinds and companions; predict no intervention, explain nothing."""
        context.report(guess(puzzle))
        names = _names(puzzle)
        network = ordered(puzzle, names)
        circles = measured(network, network.logits())
        return Answer(
            puzzle.answer(
                label=circles.label,
                frequencies=circles.keys,
                kinds=circles.kinds,
                companions=circles.companions(puzzle.modulus),
                relabelling=names,
            )
        )


@register(family="modular", name="dft", source="Nanda et al. 2023, arXiv 2301.05217")
@dataclass(frozen=True)
class Fourier:
    """Read the frequencies off a Fourier transform of the tables, where the names are public."""

    def solve(self, puzzle: ModularPuzzle, context: Context) -> Answer:  # noqa: ARG002
        """List the circles with more than 4 % of the power of a table; give each the clock's form."""
        if puzzle.names is None:
            raise UnsupportedPuzzleError("a Fourier transform needs the residues, and their names are secret")
        frequencies = embedding_frequencies(puzzle.network)
        return Answer(
            puzzle.answer(
                frequencies=frequencies, explanation=[{"frequency": key, "clock": 1.0} for key in frequencies]
            )
        )


def read_through(network: MLP | Transformer) -> MLP | Transformer:
    """Return the network with the Fourier modes as embeddings, if it is given by contributions to its first layer.

    Gradients at the contributions themselves are equal for both symbols, whatever the network does. The constant mode
    is to be left out of the gradients, because constants move freely between tables and bias.
    """
    if not isinstance(network, MLP):
        return network
    modes = basis(network.modulus)
    left, right = network.first @ network.into_first.T, network.second @ network.into_second.T
    return replace(network, first=modes, second=modes, into_first=(modes.T @ left).T, into_second=(modes.T @ right).T)


def _aligned(puzzle: ModularPuzzle, names: Relabelling) -> Relabelling:
    """Shift the names of the second symbols so that both tables agree best, as they do where one table is shared.

    Names from the network's answers leave this shift open, and gradients of a and b are comparable after it only.
    """
    first, second = puzzle.network.first[np.argsort(names.first)], puzzle.network.second[np.argsort(names.second)]
    first, second = first - first.mean(dim=0), second - second.mean(dim=0)
    waves = np.fft.fft(first.numpy(), axis=0).conj() * np.fft.fft(second.numpy(), axis=0)
    shift = int(np.fft.ifft(waves.sum(axis=1)).real.argmax())  # second[t + shift] is closest to first[t]
    return names.moved(1, 0, -shift)


def _names(puzzle: ModularPuzzle) -> Relabelling:
    """Name the symbols as the flagship does, so that solvers differ in what they measure."""
    if puzzle.public.withheld:
        raise UnsupportedPuzzleError("the unembedding is withheld, so the logits are unknown")
    named = name_symbols(puzzle)
    if named is None:
        raise UnsupportedPuzzleError("the network's answers are no addition table, so its residues have no names")
    return named.relabelling
