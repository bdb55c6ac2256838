"""Controls: answers that look at nothing, so that every other solver has a score to exceed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.modular.relabelling import Relabelling
from generator.puzzle.answer import Answer
from solvers.registry import register

if TYPE_CHECKING:
    from generator.modular.puzzle import ModularPuzzle
    from solvers.api import Context

__all__ = ["Majority"]


@register(family="modular", name="majority", source="control")
@dataclass(frozen=True)
class Majority:
    """Name the same label for every puzzle, and guess frequencies and residues (a control)."""

    label: str = "hybrid"
    circles: int = 4

    def solve(self, puzzle: ModularPuzzle, context: Context) -> Answer:
        """Draw frequencies and a relabelling at random; every circle is of the label's kind, undecided for a hybrid."""
        rng, p = context.rng(), puzzle.modulus
        drawn = rng.permutation(np.arange(1, p // 2 + 1))[: self.circles]
        frequencies = sorted(int(frequency) for frequency in drawn)
        kind = self.label if self.label in {"pizza", "clock"} else "undecided"
        return Answer(
            puzzle.answer(
                label=self.label,
                frequencies=frequencies,
                kinds=dict.fromkeys(frequencies, kind),
                companions=[],
                relabelling=Relabelling.drawn(p, rng, same=False),
                explanation=[{"frequency": frequency, "clock": 1.0} for frequency in frequencies],
            ),
            note="a control that looks at nothing",
        )
