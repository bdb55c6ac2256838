"""Encode the results of single cells for the panels of solvers and puzzles."""

from __future__ import annotations

import string
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.results.trial import Status
from leaderboard.page.encode import shorts
from leaderboard.ranking.frame import METRICS
from leaderboard.ranking.grid import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.family.metric import Metric
    from leaderboard.ranking.grid import Grid

__all__ = ["ENDINGS", "LEFT_OUT", "puzzles_of", "results_of"]

ENDINGS = (*map(str, Status), MISSING)
"""All endings of a cell. The page stores the index in this list, one character per cell."""

ENDING_CODES = string.digits + string.ascii_lowercase
"""Characters of the indices; JavaScript reads them in base 36."""

LONGEST_REASON = 160
"""Longest reason on the page, in characters; a longer reason is cut. Hand-set."""

MOST_REASONS = 600_000
"""Largest number of characters of all reasons together; the rarest reasons are left out first. A larger value keeps
more reasons and makes the page larger, one byte per character. Hand-set.
"""

LEFT_OUT = "(reason left out of this page; the store has it)"


def puzzles_of(grid: Grid) -> tuple[np.ndarray, list[str]]:
    """Return the number of each cell's puzzle, as in `Grid.puzzle`, and the digests in order of these numbers."""
    digests = grid.rows["puzzle"].iloc[grid.planned].unique()
    return grid.puzzle, [str(digest) for digest in digests]


def results_of(grid: Grid, order: Sequence[int], metrics: Sequence[Metric]) -> dict[str, Any]:
    """Encode every cell of every solver.

    Args:
        grid: S solvers, C cells.
        order: the solvers in the order of the table.
        metrics: metrics of the family.

    Returns:
        `puzzle` and `seed` of each cell, sorted by puzzle and seed; per solver `status` (one character per cell, see
        `ENDINGS`), `wall_s`, `reason` (index into `reasons`, None without a reason) and `metrics` by name.
    """
    puzzle, _ = puzzles_of(grid)
    seed = grid.rows["seed"].to_numpy()[grid.planned]
    cells = np.lexsort((seed, puzzle))
    reason, reasons = _reasons(grid)
    wall_s = grid.values("wall_s")
    values = {metric.name: grid.values(METRICS + metric.name) for metric in metrics}
    return {
        "puzzle": puzzle[cells].tolist(),
        "seed": seed[cells].tolist(),
        "reasons": reasons,
        "solvers": [
            {
                "status": "".join(ENDING_CODES[code] for code in grid.ending[s][cells].tolist()),
                "wall_s": shorts(wall_s[s][cells]),
                "reason": [None if code < 0 else code for code in reason[s][cells].tolist()],
                "metrics": {name: shorts(column[s][cells]) for name, column in values.items()},
            }
            for s in order
        ],
    }


def _reasons(grid: Grid) -> tuple[np.ndarray, list[str]]:
    """Number the reasons of all cells, the most frequent first, until `REASONS_LENGTH` is reached; -1 for no reason."""
    texts = grid.rows["reason"].astype(object).fillna("").map(_cut).to_numpy(dtype=object)
    laid = np.where(grid.place >= 0, texts[grid.place], "")
    counts = Counter(laid[laid != ""].tolist())
    room, number = MOST_REASONS, {"": -1}
    kept: list[str] = []
    for text, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        room -= len(text)
        if room < 0:
            kept.append(LEFT_OUT)
            break
        number[text] = len(kept)
        kept.append(text)
    last = len(kept) - 1
    return np.vectorize(lambda text: number.get(text, last), otypes=[int])(laid), kept


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"
