"""Everything that a page shows of one family, as plain data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.family.registry import find_family
from leaderboard.page.encode import coded, short
from leaderboard.page.results import puzzles_of, results_of
from leaderboard.page.summaries import cactus, facet, solved_bits, solved_by_both
from leaderboard.ranking.captions import caption
from leaderboard.ranking.frame import GROUPS, group_keys
from leaderboard.ranking.grid import drop_skipped, grid_of, mark_live

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from generator.puzzle.content import Manifest
    from leaderboard.ranking.grid import Grid
    from leaderboard.ranking.rank import Ranking, Standing

__all__ = ["MOST_PAIRED", "family_content"]

MOST_PAIRED = 300
"""Solvers that can be set side by side on a page without single results."""

Labels = dict[str, dict[str, str | int | float]]
"""By label, then by puzzle digest."""


def family_content(
    frame: pd.DataFrame, ranking: Ranking, manifests: Mapping[str, Manifest], *, single: bool
) -> dict[str, Any]:
    """Gather what the page shows of one family.

    Args:
        frame: all results, with details.
        ranking: the family's table.
        manifests: by digest, as far as they are at hand.
        single: whether to give the results of single cells.
    """
    rows = frame[frame["family"].astype(str) == ranking.family].reset_index(drop=True)
    grid = grid_of(drop_skipped(mark_live(rows)))
    order = [grid.solvers.index(standing.solver) for standing in ranking.standings]
    _, digests = puzzles_of(grid)
    groups = _groups(grid, digests)
    specs = _specs(digests, manifests)
    labels = {**groups, **{key: specs[key] for key in specs if key not in groups}}
    facets = [facet(key, labels[key], grid, order, ranking.alpha) for key in sorted(labels, key=_prominence(groups))]
    return {
        "name": ranking.family,
        "summary": find_family(ranking.family).summary,
        "caption": caption(ranking),
        "alpha": ranking.alpha,
        "puzzleCount": ranking.puzzles,
        "cellCount": ranking.cells,
        "metrics": [
            {"key": one.name, "label": one.label, "better": one.better, "shown": one.shown, "digits": one.digits}
            | {"headline": one.headline, "summary": one.summary}
            for one in ranking.metrics
        ],
        "solvers": [_solver(grid, standing) for standing in ranking.standings],
        "cactus": cactus(grid, order),
        "facets": [one for one in facets if one is not None],
        "single": _single(grid, order, ranking, {"groups": groups, "spec": specs}) if single else None,
        "both": None if single else solved_by_both(grid, order[:MOST_PAIRED]),
    }


def _single(grid: Grid, order: Sequence[int], ranking: Ranking, labels: Mapping[str, Labels]) -> dict[str, Any]:
    """Give puzzles and the results of single cells."""
    _, digests = puzzles_of(grid)
    names = dict(zip(grid.rows["puzzle"].astype(str), grid.rows["puzzle_name"].astype(str), strict=True))
    columns = {
        part: {key: coded(held.get(digest) for digest in digests) for key, held in found.items()}
        for part, found in labels.items()
    }
    return {
        "digests": digests,
        "names": [names[digest] for digest in digests],
        **columns,
        "solved": solved_bits(grid, order),
        "results": results_of(grid, order, ranking.metrics),
    }


def _solver(grid: Grid, standing: Standing) -> dict[str, Any]:
    """Give one solver's line of the table, and what its name says of its parameters."""
    found = re.fullmatch(r".*?\[(.*)\]", standing.solver, flags=re.DOTALL)
    of_it = grid.rows["solver"].astype(str).eq(standing.solver) & grid.rows["live"]
    return {
        "name": standing.solver,
        "parameters": found.group(1) if found else "",
        "source": standing.source,
        "rank": standing.rank,
        "solved": standing.puzzles_solved,
        "low": round(standing.interval[0], 4),
        "high": round(standing.interval[1], 4),
        "covered": standing.covered,
        "cellsSolved": standing.solved,
        "statuses": dict(standing.statuses),
        "metrics": {name: short(value) for name, value in standing.metrics.items()},
        "wall_s": short(standing.wall_s),
        "sessions": sorted(set(grid.rows["session"][of_it].astype(str))),
        "limits": sorted(set(grid.rows["limits"][of_it].astype(str))),
    }


def _groups(grid: Grid, digests: Sequence[str]) -> Labels:
    """Take each puzzle's group labels; what its last row says holds."""
    last = grid.rows.drop_duplicates("puzzle", keep="last").set_index("puzzle")
    last.index = last.index.astype(str)
    found: Labels = {}
    for key in group_keys(grid.rows):
        held = last[GROUPS + key].reindex(list(digests))
        found[key] = {str(digest): value for digest, value in held.items() if value is not None and value == value}  # noqa: PLR0124 - NaN is what differs from itself
    return {key: held for key, held in found.items() if held}


def _prominence(groups: Labels) -> Callable[[str], tuple[bool, bool, str]]:
    """Order labels: the family's before those of the spec, sizes before words."""

    def place(key: str) -> tuple[bool, bool, str]:
        held = groups.get(key, {})
        return key not in groups, any(isinstance(value, str) for value in held.values()), key

    return place


def _specs(digests: Sequence[str], manifests: Mapping[str, Manifest]) -> Labels:
    """Take the fields of the public specs that are numbers, words or truth values."""
    found: Labels = {}
    for digest in digests:
        if digest in manifests:
            for key, value in sorted(manifests[digest].spec.items()):
                if isinstance(value, bool):
                    found.setdefault(key, {})[digest] = "yes" if value else "no"
                elif isinstance(value, str | int | float):
                    found.setdefault(key, {})[digest] = value
    return found
