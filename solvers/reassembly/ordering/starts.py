"""Where orders begin: a mean field, continuation from it, norms both ways, chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solvers.reassembly.ordering.continuation import continued_order
from solvers.reassembly.ordering.schedule import mean_field_order
from solvers.reassembly.ordering.seeding import random_order, seed_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from solvers.reassembly.core.attempt import PairedBlocks
    from solvers.reassembly.ordering.refine import Assembly, Refiner

__all__ = ["SEEDS", "begin", "first_starts"]

SEEDS = ("portfolio", "mean-field", "norms", "random")
"""Where first orders come from."""

NORMS = (("frobenius", True), ("frobenius", False))
"""Proxies of depth, and whether they are taken descending."""

CONTINUATION_ROWS = 600
"""Rows x outputs of a step of the continuation."""

PATIENTLY = "continued patiently"
"""How the second continuation is named."""

PATIENT_ROWS = 2_000
"""Rows x outputs of a step of the patient continuation: six times as dear, and far more likely to end exact."""

PATIENT_FINENESS = 2
"""Factor by which it takes more moments."""

ORDER_ROWS = 500
"""Rows x outputs on which the mean-field order is fitted."""

ORDER_MOMENTS = 8
"""Moments of that fit."""

ORDER_DEGREES = (2, 3, 4)
"""Degrees of its polynomials: a rough order is enough for what follows."""

FINER = 2
"""Factor by which rows grow for the order that the continuation begins with, which has six steps and ten moments."""

DEEP = 64
"""Blocks from which the continuation comes first: an order by a few polynomials of time is too coarse for more."""


def first_starts(seeds: str, depth: int, pairings: int, *, continuation: bool) -> Iterator[tuple[int, str]]:
    """Yield pairing and kind of every first start: the two best pairings by the mean field, then the best one.

    Args:
        seeds: one of `SEEDS`.
        depth: number of blocks.
        pairings: how many there are.
        continuation: whether orders are also sought by sharpening the times at which blocks act.
    """
    if seeds in {"portfolio", "mean-field"}:
        kinds = ["mean-field", "mean-field, continued"] if continuation else ["mean-field"]
        for kind in reversed(kinds) if depth > DEEP else kinds:
            yield from ((pairing, kind) for pairing in range(min(2, pairings)))
        if continuation:
            yield 0, "mean-field, continued patiently"
    if seeds in {"portfolio", "norms"}:
        yield from ((0, f"{proxy}{'-' if descending else '+'}") for proxy, descending in NORMS)
    if seeds == "random" and continuation:
        yield from ((0, kind) for kind in ("random, continued", "random, continued patiently"))
    if seeds in {"portfolio", "random"}:
        yield from ((0, "random") for _ in range(2))


def begin(refiner: Refiner, blocks: PairedBlocks, kind: str) -> Assembly:
    """Give paired blocks a first order of a kind, and measure it."""
    source, _, way = kind.partition(", ")
    depth = blocks.network.depth
    if source == "random":
        order: Sequence[int] = random_order(depth, refiner.rng)
    elif source == "mean-field":
        order = _mean_field(refiner, blocks, finer=bool(way) and (depth <= DEEP or way == PATIENTLY))
    else:
        inputs = refiner.search.inputs[:1_000]
        order = seed_order(blocks.network, inputs, source[:-1], descending=source[-1] == "-")
    if way:
        order = _continued(refiner, blocks, order, patiently=way == PATIENTLY)
    return refiner.measure(tuple(order), tuple(blocks.partners[k] for k in order))


def _mean_field(refiner: Refiner, blocks: PairedBlocks, *, finer: bool) -> list[int]:
    count = max(100, ORDER_ROWS // refiner.search.targets.shape[1])
    if finer:
        return mean_field_order(blocks.network, refiner.search.head(FINER * count), blocks)
    rows = refiner.search.head(count)
    return mean_field_order(blocks.network, rows, blocks, moments=ORDER_MOMENTS, degrees=ORDER_DEGREES)


def _continued(refiner: Refiner, blocks: PairedBlocks, order: Sequence[int], *, patiently: bool) -> list[int]:
    count, fineness = (PATIENT_ROWS, PATIENT_FINENESS) if patiently else (CONTINUATION_ROWS, 1)
    rows = max(100, count // refiner.search.targets.shape[1])
    return continued_order(blocks.network, lambda: refiner.draw(rows), order, blocks, fineness=fineness)
