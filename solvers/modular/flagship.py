"""The flagship of modular addition: name the symbols, bring the network into order, measure it, answer everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from generator.modular.network.model import accuracy
from generator.modular.relabelling import Relabelling
from generator.puzzle.answer import Answer
from solvers.modular.circles import hidden_frequencies, measured, ordered, outcomes
from solvers.modular.explaining import explain
from solvers.modular.guess import guess
from solvers.modular.relabelling.naming import name_symbols
from solvers.registry import register

if TYPE_CHECKING:
    from generator.modular.puzzle import ModularPuzzle
    from solvers.api import Context

__all__ = ["Flagship"]


@register(family="modular", name="flagship", source="this project")
@dataclass(frozen=True)
class Flagship:
    """Name the symbols, measure each circle on the renamed network, and check the explanation on all pairs."""

    @torch.no_grad()
    def solve(self, puzzle: ModularPuzzle, context: Context) -> Answer:
        """Answer all questions of a puzzle; better answers are reported as they are found."""
        context.report(guess(puzzle))
        named = name_symbols(puzzle)
        if named is None:
            return _unnamed(puzzle)
        names = named.relabelling
        context.log(f"symbols named by {named.how}")
        if puzzle.public.withheld:
            frequencies = list(hidden_frequencies(puzzle, names))
            return Answer(puzzle.answer(frequencies=frequencies, relabelling=names), note=f"names: {named.how}")
        network = ordered(puzzle, names)
        logits = network.logits()
        circles = measured(network, logits)
        known: dict[str, Any] = {
            "label": circles.label,
            "frequencies": list(circles.keys),
            "kinds": circles.kinds,
            "companions": circles.companions(puzzle.modulus),
            "relabelling": names,
        }
        context.report(puzzle.answer(**known))
        context.log(f"{circles.label}: " + ", ".join(f"{key} {kind}" for key, kind in circles.kinds.items()))
        known["interventions"] = [
            None if one is None else one.tolist() for one in outcomes(puzzle, network, names, circles)
        ]
        context.report(puzzle.answer(**known))
        explanation = explain(logits, circles.keys)
        note = f"names: {named.how}; the network adds {accuracy(logits):.2%} of the pairs right; "
        pairs = puzzle.modulus**2
        if explanation.accuracy == 1:
            note += f"certificate: the explanation agrees with the network on all {pairs} pairs"
        else:
            note += f"the explanation agrees with the network on {explanation.accuracy:.2%} of {pairs} pairs"
        return Answer(puzzle.answer(**known, explanation=explanation.entries), note=note)


def _unnamed(puzzle: ModularPuzzle) -> Answer:
    """Answer where no evidence names the symbols: the network does not add."""
    names = Relabelling(*(np.arange(puzzle.modulus) for _ in range(3)))
    return Answer(
        puzzle.answer(label="other", frequencies=[], kinds={}, companions=[], relabelling=names, explanation=[]),
        note="neither the table nor the weights name the symbols",
    )
