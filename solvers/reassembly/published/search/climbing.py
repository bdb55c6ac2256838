"""Hill climbing on the exact error: adjacent swaps, wider swaps, insertions, random swaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solvers.reassembly.core.monitor import SILENT, Monitor

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    from solvers.reassembly.core.evaluation import Walk

__all__ = ["GAPS", "bubble", "insert", "repair", "swap_at_random", "sweep"]

GAPS = (2, 3, 4, 5)
"""Distances, in positions, of the swaps that `repair` tries besides adjacent swaps (Park 2026)."""


def sweep(walk: Walk, starts: Iterable[int], gap: int = 1, monitor: Monitor = SILENT) -> int:
    """Try the swap of positions t and t + gap for every start t, keeping those that lower the error.

    A swap must lower the error by more than rounding; otherwise equal orders would be exchanged without end.

    Returns:
        The number of swaps kept.
    """
    kept = 0
    for t in starts:
        if walk.solved or monitor.deadline.passed():
            break
        if walk.attempt_swap(t, t + gap) < walk.mse - walk.rows.floor:
            walk.accept()
            monitor.found(walk.order, walk.mse, walk.rows.count)
            kept += 1
    return kept


def bubble(walk: Walk, monitor: Monitor = SILENT) -> int:
    """Sweep adjacent swaps forwards and backwards until a round keeps none.

    Source: Park 2026, arXiv:2602.19845, bubble repair.

    Returns:
        The number of swaps kept.
    """
    total = 0
    while True:
        kept = sweep(walk, range(walk.depth - 1), 1, monitor)
        kept += sweep(walk, range(walk.depth - 2, -1, -1), 1, monitor)
        total += kept
        monitor.log(f"adjacent swaps: kept {kept}, mse {walk.mse:.3e}")
        if kept == 0 or walk.solved or monitor.deadline.passed():
            return total


def repair(walk: Walk, monitor: Monitor = SILENT) -> None:
    """Sweep adjacent swaps both ways, then swaps over gaps 2 to 5, until a round keeps none.

    Every round tries wide swaps. Wide swaps only after the adjacent swaps are exhausted get stuck more often.

    Source: Park 2026, arXiv:2602.19845, which needed three rounds from its |V|_F seed.
    """
    kept = 1
    while kept and not walk.solved and not monitor.deadline.passed():
        kept = sweep(walk, range(walk.depth - 1), 1, monitor)
        kept += sweep(walk, range(walk.depth - 2, -1, -1), 1, monitor)
        for gap in GAPS:
            kept += sweep(walk, range(max(0, walk.depth - gap)), gap, monitor)
        monitor.log(f"swaps over gaps 1 to {GAPS[-1]}: kept {kept}, mse {walk.mse:.3e}")


def insert(walk: Walk, monitor: Monitor = SILENT) -> None:
    """Move each block to the position where the error is lowest; repeat until a pass moves no block.

    Source: a public solver (github.com/danieltyukov/jane-street-neural-net-puzzle, insertion search).
    """
    moved = True
    while moved and not walk.solved:
        moved = False
        for block in list(walk.order):
            source = walk.order.index(block)
            lowest, position = walk.mse - walk.rows.floor, source
            for target in range(walk.depth):
                if monitor.deadline.passed():
                    return
                mse = walk.attempt_move(source, target) if target != source else walk.mse
                if mse < lowest:
                    lowest, position = mse, target
            if position != source:
                walk.attempt_move(source, position)
                walk.accept()
                monitor.found(walk.order, walk.mse, walk.rows.count)
                moved = True
        monitor.log(f"insertions: mse {walk.mse:.3e}")


def swap_at_random(walk: Walk, steps: int, rng: np.random.Generator, monitor: Monitor = SILENT) -> None:
    """Exchange the blocks at two random positions and keep each swap that lowers the error.

    A swap that failed is not measured again until another swap is kept. The search ends when all swaps have failed.

    Source: a public solver (github.com/EugenHotaj/droppedaneuralnet), which needed about 10,000 steps.
    """
    swaps = walk.depth * (walk.depth - 1) // 2
    failed: set[tuple[int, int]] = set()
    for step in range(steps):
        if walk.solved or len(failed) == swaps or monitor.deadline.passed():
            break
        a, b = sorted(int(t) for t in rng.choice(walk.depth, size=2, replace=False))
        if (a, b) in failed:
            continue
        if walk.attempt_swap(a, b) < walk.mse - walk.rows.floor:
            walk.accept()
            monitor.found(walk.order, walk.mse, walk.rows.count)
            failed.clear()
        else:
            failed.add((a, b))
        if step % 1_000 == 999:
            monitor.log(f"random swaps: step {step + 1}, mse {walk.mse:.3e}")
