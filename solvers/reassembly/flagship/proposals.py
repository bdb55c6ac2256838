"""Propose pairings: from weights alone if the statistics agree, otherwise from weights and data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from solvers.reassembly.flagship.alternation import alternate
from solvers.reassembly.flagship.propagation import propagate, strength
from solvers.reassembly.pairing.views import PairingView, pairing_views
from solvers.reassembly.peeling.peel import peel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Float
    from torch import Tensor

    from solvers.reassembly.core.assembly import Assembly
    from solvers.reassembly.core.attempt import Attempt, PairedBlocks
    from solvers.reassembly.ordering.refine import Refiner

__all__ = ["Proposals", "propose_pairings"]

FILTERS = ("filter-alignments", "filter-balanced", "filter-trace", "filter-reversed-trace")
"""Matched filters with different starting scores; their pairs are accepted if all filters agree."""

ASPECTS = ("filter-crossed", "filter-all-aspects", "combined")
"""Views of the weight displacement and of all statistics; their pairs are accepted if the views agree and stand out."""

SURE_MARGIN = 0.7
"""Margin above chance, in standard scores, from which agreeing views are accepted without the head filter.

Hand-set; a higher value uses the data more often.
"""

CERTAIN_MARGIN = 1.0
"""Margin of the combined view above which agreement with the views of the displacement is enough. Hand-set."""

LIKELY_MARGIN = 0.25
"""Margin of the combined view above which its pairs are tested by ordering them first. Hand-set."""

ALTERNATIONS = 5
"""Rounds of pairing and ordering if the weights do not determine the pairs. Hand-set."""

ALTERNATED = 64
"""Largest depth in blocks for alternation, which regresses on all pairs at once (4,096 pairs). Hand-set."""

CLOSE = 0.05
"""Error as a share of the variance above which a peelable network is peeled before its order is refined. Hand-set."""

PEELED = 2_000
"""Largest number of hidden units of all blocks for peeling; its cost grows with their square. Hand-set."""

PEELING_SHARE = 0.9
"""Share of the time for searching at which peeling ends, so that time is left for the descent. Hand-set."""

FEWEST = 5
"""Smallest depth in blocks at which agreement of the filters counts; filters agree by chance on fewer blocks. Hand-set.
"""


@dataclass(frozen=True)
class Proposals:
    """Pairings to try.

    Attributes:
        pairings: the most credible first.
        sure: whether the weights alone decide; there is one pairing then, and halves need not exchange partners.
    """

    pairings: list[PairedBlocks]
    sure: bool


def propose_pairings(
    attempt: Attempt,
    refiner: Refiner,
    order: Callable[[PairedBlocks], Assembly],
    finish: Callable[[Assembly], Assembly] | None,
    *,
    peeling: bool,
    repair: bool,
) -> Proposals:
    """Propose pairings from the weights, and from the data where the weights do not decide.

    Args:
        attempt: at the puzzle.
        refiner: of the puzzle.
        order: finds an order of paired blocks.
        finish: descends from an assembly whose pairs came from the data; None to use the weights alone.
        peeling: whether small networks may be peeled.
        repair: whether halves may exchange partners while pairs and order are settled together.
    """
    views = pairing_views(attempt.puzzle.network, attempt.search)
    named = {view.name: view for view in views}
    combined, sure = named["combined"], _sure(named, views[0])
    attempt.context.log(
        f"pairing by {views[0].name}, margin {views[0].margin:.2f}, combined {combined.margin:.2f}, "
        f"{'sure' if sure else 'in doubt'}"
    )
    if sure:
        return Proposals([attempt.paired(combined.partners)], sure=True)
    settled: list[list[int]] = []
    if finish is not None:
        settling = _Settling(attempt, refiner, order, finish, views[0], combined)
        settled = settling.run(peelable=peeling and _peelable(refiner), repair=repair)
    candidates = [*settled, combined.partners, *(view.partners for view in views[:2])]
    unique = {tuple(partners): partners for partners in candidates}
    return Proposals([attempt.paired(partners) for partners in unique.values()], sure=False)


def _sure(named: dict[str, PairingView], first: PairingView) -> bool:
    """Check whether the views agree so well that the data are not needed."""
    if len(first.partners) < FEWEST:
        return False
    plain = _agree(named, (*FILTERS, "combined"))
    plain = plain and (_agree(named, (FILTERS[0], "head-filter")) or first.margin > SURE_MARGIN)
    return plain or (_agree(named, ASPECTS) and named["combined"].margin > CERTAIN_MARGIN)


def _agree(named: dict[str, PairingView], names: Sequence[str]) -> bool:
    return len({tuple(named[name].partners) for name in names}) == 1


@dataclass(frozen=True, eq=False)
class _Settling:
    """Infer pairs and order jointly by several methods.

    Attributes:
        attempt: at the puzzle.
        refiner: of the puzzle.
        order: finds an order of paired blocks.
        finish: descends from an assembly.
        first: view with the largest margin.
        combined: view that combines the others.
    """

    attempt: Attempt
    refiner: Refiner
    order: Callable[[PairedBlocks], Assembly]
    finish: Callable[[Assembly], Assembly]
    first: PairingView
    combined: PairingView

    def run(self, *, peelable: bool, repair: bool) -> list[list[int]]:
        """Apply the methods in turn until one solves the puzzle; return the pairs of all, the lowest error first."""
        scores, margin = self.combined.scores, self.combined.margin
        paired = self.attempt.paired(self.combined.partners)
        accepted = (strength(scores) * scores).float()
        cautious = (max(self.first.margin, 0.0) * self.first.scores).float()
        shallow = len(self.combined.partners) <= ALTERNATED

        def alternated(evidence: Tensor, rounds: int) -> Assembly:
            return self.finish(alternate(self.refiner, evidence, paired, rounds=rounds, repair=repair))

        methods: list[Callable[[], Assembly]] = []
        if margin > LIKELY_MARGIN:
            methods.append(lambda: self._trial(paired, peelable=peelable))
        if peelable:
            methods.append(lambda: self._peeled(strength(scores) * scores))
        if shallow:
            methods.append(lambda: alternated(accepted, 2))
        methods.append(lambda: self.finish(propagate(self.refiner, scores, paired)))
        if shallow:
            methods.append(lambda: alternated(cautious, ALTERNATIONS))
        found: list[Assembly] = []
        for method in methods:
            if self.attempt.deadline.passed() or (found and self.refiner.solved(found[-1])):
                break
            found.append(method())
        return [assembly.partners for assembly in sorted(found, key=lambda one: one.mse)]

    def _trial(self, paired: PairedBlocks, *, peelable: bool) -> Assembly:
        """Order the combined view's pairs, and descend further unless the network is better peeled."""
        ordered = self.order(paired)
        if peelable and ordered.mse > CLOSE * self.refiner.search.variance:
            return ordered
        return self.finish(ordered)

    def _peeled(self, prior: Float[Tensor, "K K"]) -> Assembly:
        """Peel the network; where its order cannot be finished, order its pairs anew."""
        deadline = self.attempt.deadline
        early = deadline.at(PEELING_SHARE)
        incoming, outgoing = peel(
            self.refiner.halves, self.attempt.search, prior, early.passed, self.attempt.context.log
        )
        found = self.finish(self.refiner.measure(tuple(incoming), tuple(outgoing)))
        if deadline.passed() or self.refiner.solved(found):
            return found
        partners = [partner for _, partner in sorted(zip(incoming, outgoing, strict=True))]
        return min(found, self.order(self.attempt.paired(partners)), key=lambda one: one.mse)


def _peelable(refiner: Refiner) -> bool:
    """Check whether a network is small enough to peel, and the data hold more numbers than it has hidden units."""
    depth, hidden, width = refiner.halves.U.shape
    rows, outputs = refiner.search.targets.shape
    return depth > 1 and depth * hidden <= min(PEELED, rows * outputs) and rows > 2 * width
