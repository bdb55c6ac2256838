"""Measure the effect of each component of the flagship: switch off one component at a time, on a suite.

    python experiments/solving/ablation.py --suite standard --results build/ablation
    python experiments/solving/ablation.py --suite mini --only tiny small --timeout 20s --results build/ablation

The fields of the solver give the switches. Each field that is true by default is set to false. Each field that holds a
word takes all other words of the constant with the field's name (`seeds` takes those of SEEDS). `netjigsaw run` runs
the cells, so repeating the command resumes an interrupted run. Rows of another version of the source do not count. A
puzzle counts as solved if more than half of its seeds are solved. Times are compared on the puzzles that both variants
solve: medians, and the median ratio over puzzles. `--dry-run` lists the solvers.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import math
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from benchmark.results.store import Store
from benchmark.results.trial import Limits, Status
from benchmark.statistics import mcnemar, wilson
from benchmark.suites.loading import find_target
from generator.errors import HarnessError, NetjigsawError, SpecError
from netjigsaw.cli.shared.limits import make_limits
from solvers.reference import Reference
from solvers.registry import build_solver, find_solver, source_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmark.results.trial import Row

FAMILY = "reassembly"


def switches(factory: Any) -> list[Mapping[str, Any]]:
    """List the switches of a solver that is a dataclass, as changes of one parameter each.

    Raises:
        SpecError: if the solver is not a dataclass, or no constant lists the words of a field.
    """
    if not dataclasses.is_dataclass(factory):
        raise SpecError(f"{factory!r} is not a dataclass, so its components cannot be listed; name another solver")
    found: list[Mapping[str, Any]] = []
    for field in dataclasses.fields(factory):
        if field.default is True:
            found.append({field.name: False})
        elif isinstance(field.default, str):
            words = getattr(inspect.getmodule(factory), field.name.upper(), None)
            if not isinstance(words, tuple) or field.default not in words:
                raise SpecError(f"{field.name!r} holds a word, but no constant {field.name.upper()} lists its words")
            found += [{field.name: word} for word in words if word != field.default]
    return found


@dataclass(frozen=True)
class Outcome:
    """The result of a solver on one puzzle: whether more than half of the trials were solved, and their median time."""

    solved: bool
    wall_s: float


def outcomes(rows: Iterable[Row], puzzles: Mapping[str, str], seeds: int) -> dict[str, Outcome]:
    """Summarise one solver's rows by the name of the puzzle; a trial without a row counts as not solved.

    Args:
        rows: rows of one solver under the limits of the run.
        puzzles: names of puzzles by digest.
        seeds: number of trials per puzzle.
    """
    last = {(row.puzzle, row.seed): row for row in rows}
    found = {}
    for digest, name in puzzles.items():
        held = [last[digest, seed] for seed in range(seeds) if (digest, seed) in last]
        times = [row.wall_s for row in held if row.status is Status.SOLVED and row.wall_s is not None]
        found[name] = Outcome(2 * len(times) > seeds, statistics.median(times) if times else math.nan)
    return found


def table(full: dict[str, Outcome], without: Mapping[str, dict[str, Outcome]]) -> str:
    """Write one line for the unchanged solver, and one line per switch."""
    lines = [_line("nothing", full, full), *(_line(name, full, other) for name, other in without.items())]
    headers = ["switched", "solved", "95 % interval (%)", "p", "both", "median s", "with it", "ratio", "lost", "won"]
    align = ["left", *["right"] * 7, "left", "left"]
    return tabulate(lines, headers=headers, tablefmt="pipe", colalign=align, disable_numparse=True)


def _line(name: str, full: dict[str, Outcome], other: dict[str, Outcome]) -> list[str]:
    count = sum(one.solved for one in other.values())
    low, high = wilson(count, len(other))
    cells = [name, f"{count}/{len(other)}", f"{100 * low:.0f}–{100 * high:.0f}"]
    lost = [puzzle for puzzle, one in other.items() if full[puzzle].solved and not one.solved]
    won = [puzzle for puzzle, one in other.items() if one.solved and not full[puzzle].solved]
    both = [(full[puzzle].wall_s, one.wall_s) for puzzle, one in other.items() if full[puzzle].solved and one.solved]
    cells += ["–" if full is other else f"{mcnemar(len(lost), len(won)):.2g}", str(len(both))]
    if both:
        before, after = (statistics.median(times) for times in zip(*both, strict=True))
        ratio = statistics.median(mine / theirs for theirs, mine in both)
        cells += [f"{after:.2f}", f"{before:.2f}", f"{ratio:.2f}"]
    else:
        cells += ["–"] * 3
    return [*cells, ", ".join(lost), ", ".join(won)]


def run(options: argparse.Namespace, targets: Sequence[str], references: Sequence[Reference]) -> None:
    """Run the trials that the results do not hold yet.

    Raises:
        HarnessError: if the command failed; its messages are on stderr.
    """
    words = [sys.executable, "-m", "netjigsaw", "run", *targets, "--results", str(options.results)]
    words += [word for reference in references for word in ("--solver", reference.label)]
    words += ["--timeout", options.timeout] if options.timeout else []
    words += ["--seeds", str(options.seeds)] if options.seeds else []
    done = subprocess.run(words, stdout=sys.stderr, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise HarnessError(f"netjigsaw run ended with {done.returncode}; repeat the command to resume")


def ablate(options: argparse.Namespace) -> str:
    """Run every variant and write the table.

    Raises:
        SpecError: for a suite, puzzle or solver that does not exist.
        HarnessError: if the run failed.
        StorageError: if the results cannot be read.
    """
    entry = find_solver(Reference(options.solver), FAMILY)
    whole = Reference(options.solver)
    parts = [Reference(options.solver, None, switch) for switch in switches(type(build_solver(entry, {})))]
    if options.dry_run:
        return "\n".join(reference.label for reference in (whole, *parts))
    names = [f"{options.suite}/{puzzle}" for puzzle in options.only] or [options.suite]
    suites = [find_target(name).suite for name in names]  # errors show before any trial runs
    if suites[0] is None:
        raise SpecError(f"{options.suite} is not a suite; name a suite, a TOML file or a folder")
    run(options, names, (whole, *parts))
    puzzles = {str(one.digest): one.name for name in names for one in find_target(name).entries}
    limits = make_limits(suites[0].limits, options.timeout, None, None)
    seeds, source = options.seeds or suites[0].seeds, source_digest(entry)
    rows = [row for row in Store(options.results).rows() if row.limits == limits and row.source == source]
    by_label = {
        reference.label: outcomes([row for row in rows if row.solver == reference.label], puzzles, seeds)
        for reference in (whole, *parts)
    }
    full = by_label.pop(whole.label)
    text = table(full, {_switch_in_words(label): found for label, found in by_label.items()})
    text = f"{text}\n\n{_caption(options, limits, seeds, len(puzzles))}"
    cells = {(row.solver, row.puzzle, row.seed) for row in rows}
    wanted = ((part.label, digest, seed) for part in (whole, *parts) for digest in puzzles for seed in range(seeds))
    missing = sum(cell not in cells for cell in wanted)
    # An edit of the solver during the run leads here.
    return f"{text} {missing} TRIALS HAVE NO ROW of the current source; they count as not solved." if missing else text


def _switch_in_words(label: str) -> str:
    return f"`{label.partition('[')[2].removesuffix(']')}`"


def _caption(options: argparse.Namespace, limits: Limits, seeds: int, puzzles: int) -> str:
    wall = "no limit" if limits.wall_s is None else f"{limits.wall_s:g} s a trial"
    return (
        f"`{options.solver}` on {puzzles} puzzles of the suite `{options.suite}`; seeds: {seeds}; {wall}; threads: "
        f"{limits.threads}. Interval: Wilson. Lost and won: against nothing switched; p: exact McNemar test of these. "
        "Both: puzzles that both solve; on these the median time, the same with the ingredient, and the median of the "
        "puzzles' ratios."
    )


def main() -> int:
    """Run the experiment and print the table; an error prints one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="standard", help="Name, TOML file or folder of a suite.")
    parser.add_argument("--only", nargs="+", default=[], metavar="PUZZLE", help="Names, tags or patterns of puzzles.")
    parser.add_argument("--timeout", help="Wall time limit of a trial, e.g. 20s. (default: the suite's)")
    parser.add_argument("--seeds", type=int, help="Number of seeds per puzzle. (default: the suite's)")
    parser.add_argument("--results", type=Path, default=HOME / "build" / "ablation", help="Folder of the result store.")
    parser.add_argument("--solver", default="flagship", help="Registered solver to study; it must be a dataclass.")
    parser.add_argument("--dry-run", action="store_true", help="List the solvers without running them.")
    options = parser.parse_args()
    try:
        print(ablate(options))
    except NetjigsawError as error:
        print(f"ablation: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
