"""Which pairings to try: what the weights say where they are sure, and what weights and data say together elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solvers.reassembly.flagship.alternation import alternate
from solvers.reassembly.flagship.propagation import propagate, strength
from solvers.reassembly.pairing.fingerprint import Fingerprint, fingerprints
from solvers.reassembly.peeling.peel import peel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from solvers.reassembly.core.attempt import Attempt, PairedBlocks
    from solvers.reassembly.ordering.refine import Assembly, Refiner

__all__ = ["propose_pairings"]

FILTERS = ("filter-echoes", "filter-balanced", "filter-trace", "filter-reversed-trace")
"""Matched filters from starts that share little; where all end alike, their pairs are believed."""

ASPECTS = ("filter-crossed", "filter-all-aspects", "combined")
"""Views of the movement and of all there is; where they end alike and stand out, their pairs are believed."""

SURE_MARGIN = 0.7
"""Margin above chance from which agreeing fingerprints are believed without asking the data."""

CERTAIN_MARGIN = 1.0
"""Margin of all fingerprints together above which it is enough that those of the movement agree with them."""

LIKELY_MARGIN = 0.25
"""Margin of all fingerprints together from which an order is sought under their pairs before the data are asked."""

ALTERNATIONS = 5
"""Rounds of pairing and ordering where fingerprints are in doubt."""

ALTERNATED = 64
"""Blocks up to which that is tried: it regresses on all pairs at once, 9,216 of them for 96 blocks."""

CLOSE = 0.05
"""Share of the variance below which that order is refined before such a network is peeled."""

PEELED = 2_000
"""Hidden units of all blocks up to which a network is peeled first: the cost grows with their square."""

PEELING_SHARE = 0.9
"""Share of the time at which peeling ends, so that what it has found can be finished."""

FEWEST = 5
"""Blocks from which agreement of the filters is no accident."""


def propose_pairings(
    attempt: Attempt,
    refiner: Refiner,
    order: Callable[[PairedBlocks], Assembly],
    finish: Callable[[Assembly], Assembly] | None,
    *,
    peeling: bool,
) -> list[PairedBlocks]:
    """List pairings to try, the most credible first; where the weights are sure there is one.

    Args:
        attempt: at the puzzle.
        refiner: of it; halves may change partners from now on only if the weights are in doubt.
        order: seeks an order of paired blocks.
        finish: takes an assembly whose pairs came from the data to its end; None for weights alone.
        peeling: whether small networks may be peeled.
    """
    views = fingerprints(attempt.puzzle.network, attempt.search)
    named = {view.name: view for view in views}
    combined, sure = named["combined"], _sure(named, views[0])
    attempt.context.log(
        f"pairing by {views[0].name}, margin {views[0].margin:.2f}, combined {combined.margin:.2f}, "
        f"{'sure' if sure else 'in doubt'}"
    )
    refiner.repair = refiner.repair and not sure
    if sure:
        return [attempt.paired(combined.partners)]
    settled = (
        []
        if finish is None
        else _settle(attempt, refiner, order, finish, views, peelable=peeling and _peelable(refiner))
    )
    candidates = [*settled, combined.partners, *(view.partners for view in views[:2])]
    unique = {tuple(partners): partners for partners in candidates}
    return [attempt.paired(partners) for partners in unique.values()]


def _sure(named: dict[str, Fingerprint], first: Fingerprint) -> bool:
    if len(first.partners) < FEWEST:  # a few halves agree by chance
        return False
    plain = _agree(named, (*FILTERS, "combined"))
    plain = plain and (_agree(named, (FILTERS[0], "head-filter")) or first.margin > SURE_MARGIN)
    return plain or (_agree(named, ASPECTS) and named["combined"].margin > CERTAIN_MARGIN)


def _agree(named: dict[str, Fingerprint], names: Sequence[str]) -> bool:
    return len({tuple(named[name].partners) for name in names}) == 1


def _settle(
    attempt: Attempt,
    refiner: Refiner,
    order: Callable[[PairedBlocks], Assembly],
    finish: Callable[[Assembly], Assembly],
    views: Sequence[Fingerprint],
    *,
    peelable: bool,
) -> list[list[int]]:
    """Settle pairs and order together, in several ways, and give the pairs of all, the best first."""
    first, combined = views[0], next(view for view in views if view.name == "combined")
    paired = attempt.paired(combined.partners)
    believed = (strength(combined.scores) * combined.scores).float()
    cautious = (max(first.margin, 0.0) * first.scores).float()

    def trial() -> Assembly:
        ordered = order(paired)
        return ordered if peelable and ordered.mse > CLOSE * refiner.search.variance else finish(ordered)

    ways: list[Callable[[], Assembly]] = [trial] if combined.margin > LIKELY_MARGIN else []
    if peelable:
        ways.append(lambda: _peeled(attempt, refiner, order, finish, strength(combined.scores) * combined.scores))
    if len(combined.partners) <= ALTERNATED:
        ways.append(lambda: finish(alternate(refiner, believed, paired, rounds=2)))
    ways.append(lambda: finish(propagate(refiner, combined.scores, paired)))
    if len(combined.partners) <= ALTERNATED:
        ways.append(lambda: finish(alternate(refiner, cautious, paired, rounds=ALTERNATIONS)))
    found: list[Assembly] = []
    for way in ways:
        if paired.stop() or (found and refiner.solved(found[-1])):
            break
        found.append(way())
    found.sort(key=lambda assembly: assembly.mse)
    return [[partner for _, partner in sorted(zip(one.incoming, one.outgoing, strict=True))] for one in found]


def _peelable(refiner: Refiner) -> bool:
    """Say whether a network is small enough to be peeled, and the data tell more numbers than it has hidden units."""
    depth, hidden, width = refiner.halves.U.shape
    rows, outputs = refiner.search.targets.shape
    return depth > 1 and depth * hidden <= min(PEELED, rows * outputs) and rows > 2 * width


def _peeled(
    attempt: Attempt,
    refiner: Refiner,
    order: Callable[[PairedBlocks], Assembly],
    finish: Callable[[Assembly], Assembly],
    prior: Tensor,
) -> Assembly:
    """Peel the network, and order what comes of it anew where its own order cannot be finished."""
    paired = attempt.paired(range(attempt.puzzle.depth))
    incoming, outgoing = peel(refiner.halves, attempt.search, prior, lambda: paired.spent() > PEELING_SHARE, paired.log)
    found = finish(refiner.measure(tuple(incoming), tuple(outgoing)))
    if paired.stop() or refiner.solved(found):
        return found
    partners = [partner for _, partner in sorted(zip(incoming, outgoing, strict=True))]
    return min(found, order(attempt.paired(partners)), key=lambda one: one.mse)
