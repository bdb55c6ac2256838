"""Draw a run: puzzles solved over time or the ranking metric by puzzle, errors over time, results by puzzle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from generator.errors import SpecError
from generator.family.registry import find_family
from leaderboard.pictures.drawing import COLOURS, new_figure, tidy, title
from leaderboard.ranking.frame import METRICS, check_frame, puzzle_names
from leaderboard.ranking.grid import drop_skipped, grid_of, mark_live
from leaderboard.ranking.rank import rank_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from generator.family.metric import Metric
    from leaderboard.ranking.grid import Grid
    from leaderboard.ranking.records import Ranking

__all__ = ["Series", "draw_run", "error_metric"]

ERROR_FLOOR = 1e-15
"""Smallest error that is drawn. Smaller errors are float32 rounding or zero, and zero has no logarithm. Hand-set."""

SHORTEST_S = 1e-3
"""Shortest time that is drawn, in seconds, for the logarithmic axis. Hand-set."""

MOST_NAMES = 40
"""Largest number of puzzles whose names are written; more names would overlap. Hand-set."""

LINES = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class Series:
    """Errors of the answers that a solver reported in one trial.

    Attributes:
        label: name of the solver.
        times_s: seconds since go, ascending.
        errors: error of each reported answer, by the family's `error_metric`.
    """

    label: str
    times_s: Sequence[float]
    errors: Sequence[float]

    def __post_init__(self) -> None:
        """Check that the series has one error per time.

        Raises:
            SpecError: if the lengths differ.
        """
        if len(self.times_s) != len(self.errors):
            raise SpecError(f"series {self.label!r} has {len(self.times_s)} times but {len(self.errors)} errors")


def error_metric(family: str) -> Metric | None:
    """Find a family's error metric, low is better: the ranking metric, else the first such headline metric."""
    record = find_family(family)
    low = [one for one in record.metrics if one.better == "low"]
    ranking = [one for one in low if one.name == record.rank_by]
    return next(iter([*ranking, *(one for one in low if one.headline)]), None)


def draw_run(frame: pd.DataFrame, family: str, series: Sequence[Series] = ()) -> Figure:
    """Draw a family's results in a run.

    Args:
        frame: results, as from `leaderboard.ranking.frame.frame_of`.
        family: family of the puzzles.
        series: errors of reported answers; without a series, the panel of errors is left out.

    Raises:
        SpecError: if there are no results of the family, or all are skipped.
        PluginError: if matplotlib is not installed.
    """
    check_frame(frame)
    rows = frame[frame["family"].astype(str) == family].reset_index(drop=True)
    if rows.empty:
        raise SpecError(f"there are no results of family {family!r}")
    ranking = rank_frame(rows)[0]
    solvers = [standing.solver for standing in ranking.standings]
    grid = grid_of(drop_skipped(mark_live(rows)))
    styles = _styles([*solvers, *(one.label for one in series)])
    heights = [4.6] if ranking.ranking_metric else [4.6, 0.55 * len(solvers) + _room_for_names(grid)]
    figure = new_figure(10.0, sum(heights))
    parts = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    top = figure.add_subfigure(parts[0])
    panels = top.subplots(1, 2 if series else 1, squeeze=False)[0]
    if ranking.ranking_metric is None:
        _solved_by(panels[0], grid, solvers, styles)
        _by_puzzle(figure.add_subfigure(parts[1]), grid, solvers, styles)
    else:
        _metric_by_puzzle(panels[0], grid, ranking, styles)
    if series:
        metric = error_metric(family)
        _errors(panels[1], series, styles, metric.label if metric else "error")
    top.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    figure.suptitle(f"{family}: {len(solvers)} solvers on {grid.cells} cells", fontsize=13, weight="bold")
    return figure


Styles = dict[str, tuple[str, str]]
"""Choose colour and line style of each solver."""


def _styles(labels: Sequence[str]) -> Styles:
    names = list(dict.fromkeys(labels))
    return {name: (COLOURS[n % len(COLOURS)], LINES[n // len(COLOURS) % len(LINES)]) for n, name in enumerate(names)}


def _solved_by(axes: Axes, grid: Grid, solvers: Sequence[str], styles: Styles) -> None:
    """Draw each solver's share of cells solved within a time (a cactus plot)."""
    wall = np.maximum(grid.values("wall_s"), SHORTEST_S)
    known = wall[~np.isnan(wall)]
    first, last = (0.8 * known.min(), 1.1 * known.max()) if known.size else (SHORTEST_S, 1.0)
    for solver in solvers:
        s = grid.solvers.index(solver)
        times = np.sort(np.nan_to_num(wall[s][grid.solved[s]], nan=last))
        share = 100 * np.arange(len(times) + 1) / grid.cells
        colour, line = styles[solver]
        axes.step([first, *times, last], [*share, share[-1]], color=colour, linestyle=line, where="post", label=solver)
    tidy(axes)
    axes.set_xscale("log")
    axes.set_xlim(first, last)
    axes.set_ylim(-2, 102)
    axes.set_xlabel("wall time (s)")
    axes.set_ylabel("cells solved (%)")
    title(axes, f"Solved within a time, of {grid.cells} cells")


def _metric_by_puzzle(axes: Axes, grid: Grid, ranking: Ranking, styles: Styles) -> None:
    """Draw the ranking metric of each solver by puzzle, averaged over seeds; best median first."""
    metric = ranking.ranking_metric
    if metric is None:
        raise SpecError(f"family {ranking.family!r} is ranked by puzzles solved")
    values = grid.per_puzzle(metric)
    named = puzzle_names(grid.rows)
    names = np.array([named[str(digest)] for digest in grid.rows["puzzle"].iloc[grid.planned].unique()])
    middle = np.median(values, axis=0)
    order = np.lexsort((names, middle if metric.better == "low" else -middle))
    shown = np.exp(values) if metric.scale == "log" else values
    for standing in ranking.standings:
        colour, line = styles[standing.solver]
        row = shown[grid.solvers.index(standing.solver)][order]
        axes.plot(range(len(row)), row, color=colour, linestyle=line, marker="o", markersize=4, label=standing.solver)
    tidy(axes)
    axes.set_yscale(metric.scale)
    labelled = len(names) <= MOST_NAMES
    axes.set_xticks(range(len(names)) if labelled else [])
    if labelled:
        axes.set_xticklabels(list(names[order]), rotation=30, ha="right", fontsize=8.5)
    axes.set_xlabel("" if labelled else f"{len(names)} puzzles")
    axes.set_ylabel(metric.label)
    better = "lower" if metric.better == "low" else "higher"
    title(axes, f"{metric.label} by puzzle, best median first ({better} is better)")


def _errors(axes: Axes, series: Sequence[Series], styles: Styles, label: str) -> None:
    """Draw the best error so far of the reports of each trial."""
    for one in series:
        colour, line = styles[one.label]
        times = np.maximum(np.asarray(one.times_s, dtype=float), SHORTEST_S)
        best = np.minimum.accumulate(np.maximum(np.asarray(one.errors, dtype=float), ERROR_FLOOR))
        axes.step(times, best, color=colour, linestyle=line, where="post", linewidth=1.2, alpha=0.85)
        axes.plot(times[-1:], best[-1:], color=colour, marker="o", markersize=4.5)
    tidy(axes)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("wall time (s)")
    axes.set_ylabel(f"{label}, best so far")
    title(axes, f"Error of the reported answers, {len(series)} trials")


def _by_puzzle(figure: SubFigure, grid: Grid, solvers: Sequence[str], styles: Styles) -> None:
    """Draw a row of bars per solver: each puzzle's share of solved cells, in front of the first metric in percent."""
    puzzles, codes, names = _puzzles(grid)
    metric = next((one for one in find_family(_family(grid)).metrics if one.shown == "percent" and one.headline), None)
    panels = figure.subplots(len(solvers), 1, squeeze=False, sharex=True)[:, 0]
    place = np.arange(puzzles)
    for axes, solver in zip(panels, solvers, strict=True):
        s, colour = grid.solvers.index(solver), styles[solver][0]
        if metric is not None:
            values = np.nan_to_num(grid.values(METRICS + metric.name)[s], nan=metric.if_failed)
            axes.bar(place, 100 * _mean_by(codes, values), color=colour, alpha=0.3, width=0.8)
        axes.bar(place, 100 * _mean_by(codes, grid.solved[s]), color=colour, width=0.8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_ylim(0, 100)
        axes.set_yticks([0, 100])
        axes.tick_params(axis="y", labelsize=8)
        axes.set_ylabel(solver, rotation=0, ha="right", va="center", fontsize=9)
    title(
        panels[0],
        "By puzzle, easiest first: solved" + (f" (full colour) and {metric.label} (pale), %" if metric else ", %"),
    )
    labelled = puzzles <= MOST_NAMES
    panels[-1].set_xlim(-0.6, puzzles - 0.4)
    panels[-1].set_xticks(place if labelled else [], names if labelled else [], rotation=30, ha="right", fontsize=8.5)
    if not labelled:
        panels[-1].set_xlabel(f"{puzzles} puzzles")


def _room_for_names(grid: Grid) -> float:
    """Return the height in inches that the title and the slanted names of the puzzles need."""
    puzzles, _, names = _puzzles(grid)
    longest = max(map(len, names)) if puzzles <= MOST_NAMES else 0
    return 0.5 + 0.04 * longest


def _family(grid: Grid) -> str:
    return str(grid.rows["family"].iloc[0])


def _puzzles(grid: Grid) -> tuple[int, np.ndarray, list[str]]:
    """Number the puzzles, the most often solved first; return their count, each cell's number, and names."""
    rows = grid.rows.iloc[grid.planned]
    codes, digests = pd.factorize(rows["puzzle"])
    solved = _mean_by(codes, grid.solved.mean(axis=0))
    names = puzzle_names(rows)
    order = sorted(range(len(digests)), key=lambda code: (-solved[code], names[str(digests[code])]))
    return len(digests), np.argsort(order)[codes], [names[str(digests[code])] for code in order]


def _mean_by(codes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Average the values of each code."""
    return np.asarray(np.bincount(codes, weights=values) / np.bincount(codes))
