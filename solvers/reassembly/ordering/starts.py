"""Initial block orders: mean-field fit, continuation, weight norms in both directions, random."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solvers.reassembly.ordering.continuation import continued_order
from solvers.reassembly.ordering.schedule import mean_field_order
from solvers.reassembly.ordering.seeding import seed_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from solvers.reassembly.core.assembly import Assembly
    from solvers.reassembly.core.attempt import PairedBlocks
    from solvers.reassembly.ordering.refine import Refiner

__all__ = ["SEEDS", "Continuation", "Source", "Start", "begin", "first_starts"]

SEEDS = ("portfolio", "mean-field", "norms", "random")
"""Names of the sources of initial orders, as users type them; "portfolio" is all of them."""

NORMS = (("frobenius", True), ("frobenius", False))
"""Depth proxies that initial orders sort by, each with whether it sorts descending."""

CONTINUATION_ROWS = 600
"""Rows x outputs of a step of the quick continuation. Hand-set; more rows make steps safer and slower."""

PATIENT_ROWS = 2_000
"""Rows x outputs of a step of the patient continuation, which takes about six times as long and is exact more often.

Hand-set.
"""

PATIENT_FINENESS = 2
"""Factor by which the patient continuation takes more time steps than the quick one. Hand-set."""

ORDER_ROWS = 500
"""Rows x outputs that the mean-field order is fitted on. Hand-set."""

ORDER_TIME_STEPS = 8
"""Time steps of the mean-field fit. Hand-set; more steps tell blocks apart better and cost time in proportion."""

ORDER_DEGREES = (2, 3, 4)
"""Degrees of the fit's polynomials, one Gauss-Newton step each. Hand-set; a rough order is enough for a descent."""

FINER = 2
"""Factor by which rows grow for the mean-field order that a continuation starts from. Hand-set.

That fit also takes the six Gauss-Newton steps and ten time steps of `mean_field_order`.
"""

DEEP = 64
"""Depth in blocks above which the continuation comes before the plain mean-field order. Hand-set.

A few polynomials of time order fewer blocks than such a network has.
"""

NORM_ROWS = 1_000
"""Rows that a depth proxy is computed on. Hand-set."""


class Source(enum.Enum):
    """Where an initial order comes from."""

    MEAN_FIELD = "mean-field"
    NORM = "norm"
    RANDOM = "random"


class Continuation(enum.Enum):
    """How an initial order is sharpened by continuation."""

    QUICK = "continued"
    PATIENT = "continued patiently"


@dataclass(frozen=True)
class Start:
    """A recipe for an initial order.

    Attributes:
        source: of the order.
        proxy: depth proxy that blocks are sorted by, where the source is a norm.
        descending: whether the largest value of the proxy comes first.
        continuation: how the order is sharpened; None if it is not.
    """

    source: Source
    proxy: str = ""
    descending: bool = False
    continuation: Continuation | None = None

    @property
    def label(self) -> str:
        """The recipe in words, for logs."""
        source = f"{self.proxy}{'-' if self.descending else '+'}" if self.source is Source.NORM else self.source.value
        return f"{source}, {self.continuation.value}" if self.continuation else source


RANDOM = Start(Source.RANDOM)
"""A random order as it is drawn."""

RANDOM_CONTINUED = Start(Source.RANDOM, continuation=Continuation.QUICK)
"""A random order sharpened by the quick continuation."""


def first_starts(seeds: str, depth: int, pairings: int, *, continuation: bool) -> Iterator[tuple[int, Start]]:
    """Yield the number of a pairing and a start: the two best pairings by mean field, then the best pairing alone.

    Args:
        seeds: one of `SEEDS`.
        depth: number of blocks.
        pairings: number of pairings.
        continuation: whether continuation may sharpen orders.
    """
    if seeds in {"portfolio", "mean-field"}:
        plain, quick = Start(Source.MEAN_FIELD), Start(Source.MEAN_FIELD, continuation=Continuation.QUICK)
        starts = [plain, quick] if continuation else [plain]
        for start in reversed(starts) if depth > DEEP else starts:
            yield from ((pairing, start) for pairing in range(min(2, pairings)))
        if continuation:
            yield 0, Start(Source.MEAN_FIELD, continuation=Continuation.PATIENT)
    if seeds in {"portfolio", "norms"}:
        yield from ((0, Start(Source.NORM, proxy, descending)) for proxy, descending in NORMS)
    if seeds == "random" and continuation:
        yield from ((0, Start(Source.RANDOM, continuation=way)) for way in Continuation)
    if seeds in {"portfolio", "random"}:
        yield from ((0, RANDOM) for _ in range(2))


def begin(refiner: Refiner, blocks: PairedBlocks, start: Start) -> Assembly:
    """Order paired blocks by a recipe, and measure the assembly."""
    depth = blocks.network.depth
    if start.source is Source.RANDOM:
        order: Sequence[int] = refiner.draw_order()
    elif start.source is Source.MEAN_FIELD:
        patient = start.continuation is Continuation.PATIENT
        order = _mean_field(refiner, blocks, finer=patient or (start.continuation is not None and depth <= DEEP))
    else:
        inputs = refiner.search.inputs[:NORM_ROWS]
        order = seed_order(blocks.network, inputs, start.proxy, descending=start.descending)
    if start.continuation is not None:
        order = _continued(refiner, blocks, order, start.continuation)
    return refiner.measure(tuple(order), tuple(blocks.partners[k] for k in order))


def _mean_field(refiner: Refiner, blocks: PairedBlocks, *, finer: bool) -> list[int]:
    count = max(100, ORDER_ROWS // refiner.search.targets.shape[1])
    if finer:
        return mean_field_order(blocks.network, refiner.search.head(FINER * count), blocks)
    rows = refiner.search.head(count)
    return mean_field_order(blocks.network, rows, blocks, time_steps=ORDER_TIME_STEPS, degrees=ORDER_DEGREES)


def _continued(refiner: Refiner, blocks: PairedBlocks, order: Sequence[int], how: Continuation) -> list[int]:
    patient = how is Continuation.PATIENT
    count, fineness = (PATIENT_ROWS, PATIENT_FINENESS) if patient else (CONTINUATION_ROWS, 1)
    rows = max(100, count // refiner.search.targets.shape[1])
    return continued_order(blocks.network, lambda: refiner.draw(rows), order, blocks, fineness=fineness)
