"""The data of one family on the page, as plain JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.family.registry import find_family
from leaderboard.page.encode import coded, short
from leaderboard.page.metric import metric_by_puzzle, metric_pairs
from leaderboard.page.results import puzzles_of, results_of
from leaderboard.page.summaries import cactus, facet, metric_facet, solved_bits, solved_by_both
from leaderboard.ranking.captions import caption, why_unranked
from leaderboard.ranking.frame import GROUPS, group_keys, puzzle_names
from leaderboard.ranking.grid import drop_skipped, grid_of, mark_live

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from generator.puzzle.content import Manifest
    from leaderboard.ranking.grid import Grid
    from leaderboard.ranking.records import Ranking, Standing

__all__ = ["MOST_PAIRED", "family_content"]

MOST_PAIRED = 300
"""Largest number of solvers that a page without single results compares in pairs. A larger value makes the page larger,
with its square. Hand-set.
"""

Labels = dict[str, dict[str, str | int | float]]
"""Label values: first key the label's name, second key the puzzle's digest."""


def family_content(
    frame: pd.DataFrame, ranking: Ranking, manifests: Mapping[str, Manifest], *, single: bool
) -> dict[str, Any]:
    """Collect the data that the page shows of one family.

    Args:
        frame: all results, with details.
        ranking: the table of the family.
        manifests: manifests by puzzle digest; some may be missing.
        single: whether to include the results of single cells.
    """
    rows = frame[frame["family"].astype(str) == ranking.family].reset_index(drop=True)
    grid = grid_of(drop_skipped(mark_live(rows)))
    order = [grid.solvers.index(standing.solver) for standing in ranking.standings]
    _, digests = puzzles_of(grid)
    groups = _groups(grid, digests)
    specs = _specs(digests, manifests)
    labels = {**groups, **{key: specs[key] for key in specs if key not in groups}}
    metric = ranking.ranking_metric
    facets = [
        facet(key, labels[key], grid, order, ranking.alpha)
        if metric is None
        else metric_facet(key, labels[key], grid, order, ranking)
        for key in sorted(labels, key=_prominence(groups))
    ]
    pairs = order[:MOST_PAIRED]
    return {
        "name": ranking.family,
        "summary": find_family(ranking.family).summary,
        "caption": caption(ranking),
        "alpha": ranking.alpha,
        "rankBy": None if metric is None else metric.name,
        "whyUnranked": why_unranked(ranking),
        "puzzleCount": ranking.puzzles,
        "cellCount": ranking.cells,
        "metrics": [
            {"key": one.name, "label": one.label, "better": one.better, "shown": one.shown, "digits": one.digits}
            | {"headline": one.headline, "summary": one.summary, "scale": one.scale}
            for one in ranking.metrics
        ],
        "solvers": [_solver(grid, standing) for standing in ranking.standings],
        "cactus": cactus(grid, order) if metric is None else None,
        "byPuzzle": None if metric is None else metric_by_puzzle(grid, order, metric, whole=single),
        "pairs": None if metric is None else metric_pairs(grid, pairs, metric, ranking.alpha),
        "facets": [one for one in facets if one is not None],
        "single": _single(grid, order, ranking, {"groups": groups, "spec": specs}, manifests) if single else None,
        "both": solved_by_both(grid, pairs) if metric is None and not single else None,
    }


def _single(
    grid: Grid,
    order: Sequence[int],
    ranking: Ranking,
    labels: Mapping[str, Labels],
    manifests: Mapping[str, Manifest],
) -> dict[str, Any]:
    """Collect the puzzles and the results of single cells."""
    _, digests = puzzles_of(grid)
    names = puzzle_names(grid.rows)
    columns = {
        part: {key: coded(held.get(digest) for digest in digests) for key, held in found.items()}
        for part, found in labels.items()
    }
    return {
        "digests": digests,
        "names": [names[digest] for digest in digests],
        **columns,
        "outlines": _outlines(ranking.family, digests, manifests),
        "solved": solved_bits(grid, order),
        "results": results_of(grid, order, ranking.metrics),
    }


def _outlines(family: str, digests: Sequence[str], manifests: Mapping[str, Manifest]) -> dict[str, Sequence[Any]]:
    """Collect the outline of each puzzle's network if the family's record draws outlines."""
    pictures = find_family(family).pictures
    draw = pictures.outline if pictures else None
    found = coded(draw(manifests[digest]) if draw and digest in manifests else None for digest in digests)
    plain = [one and {"layers": list(one.layers), "caption": one.caption} for one in found["values"]]
    return {"values": plain, "codes": found["codes"]}


def _solver(grid: Grid, standing: Standing) -> dict[str, Any]:
    """Convert one solver's row of the table, with the parameters in the solver's name."""
    found = re.fullmatch(r".*?\[(.*)\]", standing.solver, flags=re.DOTALL)
    of_it = grid.rows["solver"].astype(str).eq(standing.solver) & grid.rows["live"]
    return {
        "name": standing.solver,
        "parameters": found.group(1) if found else "",
        "source": standing.source,
        "place": standing.place,
        "letters": standing.letters,
        "provisional": standing.provisional,
        "value": short(standing.ranking_value),
        "low": None if standing.interval is None else short(standing.interval[0]),
        "high": None if standing.interval is None else short(standing.interval[1]),
        "solved": standing.puzzles_solved,
        "covered": standing.covered,
        "cellsSolved": standing.solved,
        "cellsScored": standing.scored,
        "statuses": dict(standing.statuses),
        "metrics": {name: short(value) for name, value in standing.metrics.items()},
        "wall_s": short(standing.wall_s),
        "sessions": sorted(set(grid.rows["session"][of_it].astype(str))),
        "limits": sorted(set(grid.rows["limits"][of_it].astype(str))),
    }


def _groups(grid: Grid, digests: Sequence[str]) -> Labels:
    """Collect each puzzle's group labels from its last row."""
    last = grid.rows.drop_duplicates("puzzle", keep="last").set_index("puzzle")
    last.index = last.index.astype(str)
    found: Labels = {}
    for key in group_keys(grid.rows):
        held = last[GROUPS + key].reindex(list(digests))
        found[key] = {str(digest): value for digest, value in held.items() if value is not None and value == value}  # noqa: PLR0124 - NaN differs from itself
    return {key: held for key, held in found.items() if held}


def _prominence(groups: Labels) -> Callable[[str], tuple[bool, bool, str]]:
    """Sort labels: labels of the family before fields of the spec, numbers before words."""

    def rank_of(key: str) -> tuple[bool, bool, str]:
        held = groups.get(key, {})
        return key not in groups, any(isinstance(value, str) for value in held.values()), key

    return rank_of


def _specs(digests: Sequence[str], manifests: Mapping[str, Manifest]) -> Labels:
    """Collect the fields of the public specs that hold numbers, words or truth values."""
    found: Labels = {}
    for digest in digests:
        if digest in manifests:
            for key, value in sorted(manifests[digest].spec.items()):
                if isinstance(value, bool):
                    found.setdefault(key, {})[digest] = "yes" if value else "no"
                elif isinstance(value, str | int | float):
                    found.setdefault(key, {})[digest] = value
    return found
