"""The puzzle as a solver sees it: a network that adds modulo p, its symbols and weights scrambled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import ValidationError

from generator.errors import PuzzleError, first_fault
from generator.modular.answers import read_answer
from generator.modular.layout.tensors import network_of
from generator.modular.questions import INTERVENTIONS
from generator.modular.relabelling import Relabelling
from generator.modular.spec import PublicSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generator.family.oracle import Oracle
    from generator.modular.network.mlp import MLP
    from generator.modular.network.transformer import Transformer
    from generator.modular.questions import Intervention
    from generator.puzzle.answer import Answer
    from generator.puzzle.content import Puzzle

__all__ = ["ModularPuzzle", "check_answer", "view_puzzle"]


@dataclass(frozen=True, eq=False)
class ModularPuzzle:
    """A network, the questions about it, and where the unembedding is withheld perhaps an oracle.

    Attributes:
        public: modulus, container, activation, names, and what is withheld.
        network: the network in float64; rows of its tables and its unembedding are in the order of the symbols. A
            feed-forward network has the contributions to the first hidden layer as tables, p x h, and the identity as
            first weights. Where the unembedding is withheld, it is the identity: the logits are the last hidden state.
        pairs: pairs of symbols at which the outcomes of the interventions are asked, n x 2, int64; empty where no
            intervention is asked.
        oracle: tells the symbol of the class of pairs of symbols, rows x 2; None where the puzzle has no oracle.
    """

    public: PublicSpec
    network: MLP | Transformer
    pairs: torch.Tensor
    oracle: Oracle | None = None

    @property
    def modulus(self) -> int:
        """Number of residues, p."""
        return self.public.modulus

    @property
    def questions(self) -> tuple[str, ...]:
        """Entries that an answer may have; an entry that is left out scores 0."""
        return self.public.questions

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """The interventions whose outcomes are asked."""
        return INTERVENTIONS if "interventions" in self.questions else ()

    @property
    def names(self) -> Relabelling | None:
        """The identity where the names are public; None where the relabelling is secret."""
        return Relabelling.identity(self.modulus) if self.public.names == "public" else None

    def answer(
        self,
        *,
        label: str | None = None,
        frequencies: Sequence[int] | None = None,
        kinds: Mapping[int, str] | None = None,
        companions: Sequence[int] | None = None,
        relabelling: Relabelling | None = None,
        interventions: Sequence[Sequence[float] | None] | None = None,
        explanation: Sequence[Mapping[str, float]] | None = None,
    ) -> dict[str, Any]:
        """Write an answer; entries that this puzzle does not ask for are left out, and so are entries of None.

        Args:
            label: pizza, clock, hybrid or other.
            frequencies: key frequencies, 1 ... p // 2.
            kinds: pizza, clock or undecided by frequency.
            companions: frequencies of companion circles.
            relabelling: residue of each symbol of the first input, the second input and the classes.
            interventions: for each of `self.interventions` the correct logit minus the mean over the classes at each of
                `self.pairs`; None where nothing is predicted.
            explanation: terms {"frequency": k, "offset": o, "clock": x, "pizza": x, "companion": x, "square": x}.
        """
        value: dict[str, Any] = {
            "label": label,
            "frequencies": frequencies,
            "kinds": None if kinds is None else {str(frequency): kind for frequency, kind in kinds.items()},
            "companions": companions,
            "relabelling": None,
            "interventions": interventions,
            "explanation": explanation,
        }
        if relabelling is not None:
            value["relabelling"] = {"first": relabelling.first.tolist(), "second": relabelling.second.tolist()}
            if not self.public.withheld:
                value["relabelling"]["out"] = relabelling.out.tolist()
        return {name: entry for name, entry in value.items() if entry is not None and name in self.questions}


def check_answer(view: ModularPuzzle, answer: Answer) -> None:
    """Check the form of an answer.

    Raises:
        AnswerError: naming the first fault.
    """
    read_answer(view.public, answer.value)


def view_puzzle(puzzle: Puzzle) -> ModularPuzzle:
    """Read a puzzle of this family.

    Raises:
        PuzzleError: if its manifest or its tensors are invalid.
    """
    try:
        public = PublicSpec.model_validate(puzzle.manifest.spec)
    except ValidationError as error:
        raise PuzzleError(f"the manifest's spec: {first_fault(error)}") from None
    return ModularPuzzle(public, network_of(puzzle.pieces, public), _pairs(puzzle, public))


def _pairs(puzzle: Puzzle, public: PublicSpec) -> torch.Tensor:
    wanted = {"pairs"} if "interventions" in public.questions else set()
    if puzzle.data.keys() != wanted:
        raise PuzzleError(f"the data hold {sorted(puzzle.data) or 'nothing'}; expected {sorted(wanted) or 'nothing'}")
    pairs = puzzle.data.get("pairs", np.zeros((0, 2), dtype=np.int64))
    fits = pairs.ndim == 2 and pairs.shape[1] == 2 and pairs.dtype.kind in "iu"
    if not fits or (len(pairs) and not 0 <= pairs.min() <= pairs.max() < public.modulus):
        raise PuzzleError(f"the pairs are not n x 2 symbols from 0 to {public.modulus - 1}")
    return torch.from_numpy(pairs.astype(np.int64))
