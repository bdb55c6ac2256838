"""Run solvers on hidden networks of one recipe and many seeds; print solved networks, processor time and queries.

Solvers run in this process, one after the other, on one thread. Seconds are processor time, which depends little on
other load of the machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tabulate import tabulate
from trials import Trial, attempt

from generator.recovery.layout.mlp import import_network
from generator.recovery.making.generate import generate
from generator.recovery.spec import RecoverySpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.puzzle.sealing import Made

EXAMPLE = """
examples:
  python experiments/recovery/random_teachers.py --solver kinks --seeds 20 inputs=8 hidden=16 activation=relu
  python experiments/recovery/random_teachers.py --solver students --solver "same-width[width=16]" --seeds 20 \\
      inputs=4 hidden=16 mode=passive input_scale=2 rows=1500
  python experiments/recovery/random_teachers.py --solver flagship --network victim.safetensors
"""


def puzzles(options: argparse.Namespace) -> Iterator[Made]:
    """Make the puzzles, or import the networks."""
    settings = dict(setting.split("=", 1) for setting in options.settings)
    for path in options.network:
        yield import_network(Path(path), name=Path(path).stem, **settings)
    if options.network:
        return
    changes = {key: None if value == "none" else value for key, value in settings.items()}
    spec = RecoverySpec.model_validate(changes)
    for seed in range(options.first, options.first + options.seeds):
        yield generate(spec, name=f"seed {seed}", seed=seed)


def summary(trials: list[Trial]) -> list[Any]:
    """Summarise the trials of one solver as a row of the table."""
    seconds, errors = [trial.seconds for trial in trials], [trial.error for trial in trials if trial.solved]
    queries = float(np.median([trial.queries for trial in trials]))
    false = sum(trial.certified and not trial.solved for trial in trials)
    return [
        trials[0].solver,
        f"{sum(trial.solved for trial in trials)}/{len(trials)}",
        f"{np.median(seconds):.2f}",
        f"{max(seconds):.2f}",
        f"{np.log2(queries):.1f}" if queries else "-",
        f"{max(trial.queries for trial in trials):,}",
        f"{np.median(errors):.0e}" if errors else "-",
        false,
    ]


HEADERS = (
    "solver",
    "solved",
    "median s",
    "worst s",
    "log2 queries",
    "most queries",
    "median error",
    "false certificates",
)
"""Columns of `summary`. Errors are worst weight errors of solved trials."""


def main() -> None:
    """Print a line per trial and a table per solver."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--solver", action="append", required=True, help="a solver; may be repeated")
    parser.add_argument("--seeds", type=int, default=10, help="networks to make (default: 10)")
    parser.add_argument("--first", type=int, default=0, help="first seed (default: 0)")
    parser.add_argument("--wall", type=float, default=60.0, help="seconds per trial (default: 60)")
    parser.add_argument("--network", action="append", default=[], help="import this network instead; may be repeated")
    parser.add_argument("--verbose", action="store_true", help="print the solvers' logs")
    parser.add_argument("settings", nargs="*", help="fields of the recipe, as key=value")
    options = parser.parse_args()
    torch.set_num_threads(1)
    trials: dict[str, list[Trial]] = {solver: [] for solver in options.solver}
    for made in puzzles(options):
        for warning in made.warnings:
            print(f"{made.puzzle.manifest.name}: {warning}")
        for solver, done in trials.items():
            one = attempt(solver, made, options.wall, 0, verbose=options.verbose)
            done.append(one)
            verdict = "solved" if one.solved else "missed"
            print(
                f"{one.name:<12} {solver:<20} {verdict} {one.seconds:8.2f} s {one.queries:>10,} queries "
                f"error {one.error:.1e}  {one.reason}",
                flush=True,
            )
    print(tabulate(map(summary, trials.values()), HEADERS))


if __name__ == "__main__":
    main()
