"""Measure how the flagship's time grows with depth and width: table, exponents and picture of docs/frontier.md.

    netjigsaw run frontier --solver flagship --results results
    python experiments/solving/frontier_scaling.py results

The script reads a store that `netjigsaw run` wrote. A series in depth holds exactly solved puzzles of recipes that
differ only in depth. A series in width holds puzzles of recipes that differ only in width, with a fixed ratio of hidden
units to width. Exponents are slopes of log time against log size, fitted by least squares with one intercept per
series, with 95 % intervals of the regression. Times are the solver's processor time, because wall time depends on other
load on the machine; both are in the table.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student
from tabulate import tabulate

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from benchmark.results.store import Store
from benchmark.results.trial import Row, Status
from generator.errors import NetjigsawError, SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PICTURE = HOME / "docs" / "images" / "frontier-scaling.png"

CONFIDENCE = 0.95

BY_DEPTH = ("seed", "depth", "gain_first", "gain_last")
"""Fields that may differ within a series in depth; the initial scale is one over the root of the depth."""

BY_WIDTH = ("seed", "width", "hidden")
"""Fields that may differ within a series in width, with a fixed ratio."""


@dataclass(frozen=True)
class Trial:
    """One result, with the recipe of its puzzle."""

    row: Row
    spec: Mapping[str, object]

    @property
    def exact(self) -> bool:
        """Whether the assembly is the true one."""
        return self.row.status is Status.SOLVED

    def size(self, name: str) -> int:
        """Return a whole number of the recipe."""
        value = self.spec[name]
        if not isinstance(value, int):
            raise SpecError(f"{self.row.puzzle_name}: {name} is {value!r}, not a whole number")
        return value


@dataclass(frozen=True)
class Fit:
    """An exponent, half of its interval, and the fitted points (size, seconds) by series."""

    exponent: float
    margin: float
    series: dict[str, list[tuple[float, float]]]


def read_trials(folder: Path, solver: str) -> list[Trial]:
    """Read a solver's latest results on reassembly puzzles, by depth and width.

    Raises:
        SpecError: if there are no results.
        NetjigsawError: if the store cannot be read.
    """
    store = Store(folder)
    specs = {digest: dict(one.spec) for digest, one in store.manifests().items() if one.family == "reassembly"}
    rows = [row for row in store.rows() if row.puzzle in specs and row.solver == solver]
    kept = {(row.puzzle, row.seed): row for row in rows if row.status is not Status.SKIPPED}
    if not kept:
        raise SpecError(f"{folder} holds no results of {solver}; netjigsaw run frontier --solver {solver} makes them")
    trials = [Trial(row, specs[row.puzzle]) for row in kept.values()]
    return sorted(trials, key=lambda one: (one.size("depth"), one.size("width"), one.row.puzzle_name))


def table(trials: Sequence[Trial]) -> str:
    """Write one line per trial."""
    names = ["puzzle", "depth", "width", "exact", "pairing (%)", "MSE / var", "wall (s)", "processor (s)", "peak (MiB)"]
    lines = []
    for one in trials:
        row, metrics = one.row, one.row.metrics
        share, error = metrics.get("pairing_accuracy"), metrics.get("mse_ratio")
        lines.append(
            [
                row.puzzle_name,
                one.size("depth"),
                one.size("width"),
                "yes" if one.exact else f"no: {row.status}",
                "–" if share is None else f"{100 * share:.1f}",
                "–" if error is None else f"{error:.1e}",
                *("–" if value is None else f"{value:.1f}" for value in (row.wall_s, row.cpu_s)),
                "–" if row.peak_mib is None else f"{row.peak_mib:,.0f}",
            ]
        )
    return tabulate(lines, headers=names, tablefmt="pipe", disable_numparse=True)


def fit(trials: Sequence[Trial], size: str, free: Sequence[str]) -> Fit | None:
    """Fit the exponent of time against a size over all series of two or more points; None without enough points."""
    series: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in trials:
        if one.exact and one.row.cpu_s is not None:
            series[_recipe(one, free)].append((float(one.size(size)), one.row.cpu_s))
    used = {name: sorted(points) for name, points in series.items() if len({x for x, _ in points}) > 1}
    points = [(number, x, y) for number, name in enumerate(used) for x, y in used[name]]
    freedom = len(points) - len(used) - 1
    if freedom < 1:
        return None
    groups, xs, ys = (np.array(column) for column in zip(*points, strict=True))
    x, y = np.log(xs), np.log(ys)
    for number in range(len(used)):
        x[groups == number] -= x[groups == number].mean()
        y[groups == number] -= y[groups == number].mean()
    slope = float(x @ y / (x @ x))
    error = float(np.sqrt(((y - slope * x) ** 2).sum() / freedom / (x @ x)))
    return Fit(slope, float(student.ppf(0.5 + CONFIDENCE / 2, freedom)) * error, used)


def _recipe(one: Trial, free: Sequence[str]) -> str:
    """Describe the recipe that a trial's series shares."""
    fixed = {name: value for name, value in one.spec.items() if name not in free}
    if "hidden" in free:
        fixed["hidden / width"] = one.size("hidden") / one.size("width")
    label = f"width {one.size('width')}" if "depth" in free else f"depth {one.size('depth')}"
    return f"{label}, {one.spec.get('init', 'default')} init|{sorted(fixed.items(), key=str)}"


def draw(fits: dict[str, Fit | None], picture: Path) -> None:
    """Draw the series and the slopes of both fits."""
    import matplotlib as mpl  # noqa: PLC0415 - the table needs none

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", sharey=True)
    for axis, (size, one) in zip(axes, fits.items(), strict=True):
        axis.set(xscale="log", yscale="log", xlabel=size, title=f"time against {size}: too few points")
        if one is None:
            continue
        axis.set_title(f"time ~ {size}^({one.exponent:.2f} ± {one.margin:.2f})")
        ticks: set[float] = set()
        for name, points in one.series.items():
            x, y = np.array(points).T
            (line,) = axis.plot(x, y, "o", ms=5, label=name.split("|")[0])
            centre = np.exp(np.log(y).mean() + one.exponent * (np.log(x) - np.log(x).mean()))
            axis.plot(x, centre, "-", lw=0.9, color=line.get_color())
            ticks |= set(x.tolist())
        axis.set_xticks(sorted(ticks), [f"{x:g}" for x in sorted(ticks)])
        axis.minorticks_off()
        axis.legend(fontsize=7)
    axes[0].set_ylabel("processor time (s)")
    figure.savefig(picture, dpi=110)


def main() -> int:
    """Print the table and the exponents, and draw the picture; an error prints one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="?", default=Path("results"))
    parser.add_argument("--solver", default="flagship")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="folder of the picture (default: docs/images)")
    arguments = parser.parse_args()
    try:
        trials = read_trials(arguments.results, arguments.solver)
        fits = {"depth": fit(trials, "depth", BY_DEPTH), "width": fit(trials, "width", BY_WIDTH)}
    except NetjigsawError as error:
        print(f"frontier_scaling: {error}", file=sys.stderr)
        return 1
    print(table(trials))
    for size, one in fits.items():
        told = "too few exact trials" if one is None else f"{one.exponent:.2f} ± {one.margin:.2f}"
        series = {} if one is None else one.series
        count = sum(map(len, series.values()))
        print(f"\nexponent of time against {size}: {told} ({count} trials in {len(series)} series)")
    draw(fits, arguments.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
