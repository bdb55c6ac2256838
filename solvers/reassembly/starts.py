"""Where orders begin: a mean field, continuation from it, norms both ways, chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solvers.reassembly.continuation import continued_order
from solvers.reassembly.schedule import mean_field_order
from solvers.reassembly.seeding import random_order, seed_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from solvers.reassembly.attempt import PairedBlocks
    from solvers.reassembly.refine import Assembly, Refiner

__all__ = ["SEEDS", "begin", "first_starts"]

SEEDS = ("portfolio", "mean-field", "norms", "random")
"""Where first orders come from."""

NORMS = (("frobenius", True), ("frobenius", False))
"""Proxies of depth, and whether they are taken descending."""

CONTINUATION_ROWS = 600
"""Rows x outputs of a step of the continuation."""

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
        kinds = ["mean-field", "continued"] if continuation else ["mean-field"]
        for kind in reversed(kinds) if depth > DEEP else kinds:
            yield from ((pairing, kind) for pairing in range(min(2, pairings)))
    if seeds in {"portfolio", "norms"}:
        yield from ((0, f"{proxy}{'-' if descending else '+'}") for proxy, descending in NORMS)
    if seeds in {"portfolio", "random"}:
        yield from ((0, "random") for _ in range(2 if seeds == "portfolio" else 4))
        if seeds == "random" and continuation:
            yield from ((0, "random, continued") for _ in range(2))


def begin(refiner: Refiner, blocks: PairedBlocks, kind: str) -> Assembly:
    """Give paired blocks a first order of a kind, and measure it."""
    search, depth = refiner.search, blocks.network.depth
    if kind == "random":
        order: Sequence[int] = random_order(depth, refiner.rng)
    elif kind == "random, continued":
        order = _continued(refiner, blocks, random_order(depth, refiner.rng))
    elif kind == "mean-field":
        order = _mean_field(refiner, blocks)
    elif kind == "continued":
        order = _continued(refiner, blocks, _mean_field(refiner, blocks, finer=depth <= DEEP))
    else:
        order = seed_order(blocks.network, search.inputs[:1_000], kind[:-1], descending=kind[-1] == "-")
    return refiner.measure(tuple(order), tuple(blocks.partners[k] for k in order))


def _mean_field(refiner: Refiner, blocks: PairedBlocks, *, finer: bool = False) -> list[int]:
    count = max(100, ORDER_ROWS // refiner.search.targets.shape[1])
    if finer:
        return mean_field_order(blocks.network, refiner.search.head(FINER * count), blocks)
    rows = refiner.search.head(count)
    return mean_field_order(blocks.network, rows, blocks, moments=ORDER_MOMENTS, degrees=ORDER_DEGREES)


def _continued(refiner: Refiner, blocks: PairedBlocks, order: list[int]) -> list[int]:
    rows = max(100, CONTINUATION_ROWS // refiner.search.targets.shape[1])
    return continued_order(blocks.network, lambda: refiner.draw(rows), order, blocks)
