"""Time the leaderboard and its page on a synthetic store, in the format that `netjigsaw run` writes.

Run as `python experiments/page/leaderboard_scale.py --rows 10000`, or with `--rows 1000000 --seeds 5 --no-page`.
`--store DIR` keeps the store. Each command runs in a new process. The script prints each command's wall and processor
time, its peak resident memory, and the page's size. `--profile` lists the slowest functions.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

HOME = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(HOME), str(HOME / "experiments" / "page")]

from made_up_store import write_store


def measured(command: list[str]) -> tuple[float, float, float]:
    """Run a command in a new process; return its wall seconds, processor seconds and peak memory in MiB."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
    _, status, usage = os.wait4(child.pid, 0)
    wall_s = time.perf_counter() - began
    if status:
        raise SystemExit(f"{' '.join(command)} failed with wait status {status}")
    return wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def profile(store: Path) -> None:
    """Print the twenty functions that take the most time when a store is ranked."""
    from benchmark.results.store import Store  # noqa: PLC0415 - part of what is measured
    from leaderboard.ranking.frame import frame_of_store  # noqa: PLC0415 - part of what is measured
    from leaderboard.ranking.rank import rank_frame  # noqa: PLC0415 - part of what is measured

    with cProfile.Profile() as watch:
        rank_frame(frame_of_store(Store(store)))
    pstats.Stats(watch).sort_stats("tottime").print_stats(20)


def report(store: Path, *, page: bool, repeat: int) -> None:
    """Print a table of commands with seconds and memory, and the page's size."""
    out = store.parent / "page.html"
    leaderboard = [sys.executable, "-m", "netjigsaw", "leaderboard", "--results", str(store)]
    commands = {"netjigsaw --version": [*leaderboard[:3], "--version"], "netjigsaw leaderboard": leaderboard}
    if page:
        commands["netjigsaw leaderboard --html"] = [*leaderboard, "--html", str(out)]
    table = []
    for name, command in commands.items():
        walls_s, cpus_s, peaks = zip(*(measured(command) for _ in range(repeat)), strict=True)
        table.append([name, min(walls_s), max(walls_s), min(cpus_s), max(peaks)])
    headers = ["command", "least wall s", "most wall s", "least CPU s", "peak MiB"]
    print(tabulate(table, headers, tablefmt="github", floatfmt=".2f"))
    if page:
        print(f"page: {out.stat().st_size / 2**20:.2f} MiB")


def main() -> None:
    """Make a store, measure the commands, and remove the store unless `--store` keeps it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000, help="Rows of the store. (default: 10000)")
    parser.add_argument("--solvers", type=int, default=20, help="Solvers in the store. (default: 20)")
    parser.add_argument("--seeds", type=int, default=1, help="Seeds per puzzle. (default: 1)")
    parser.add_argument("--repeat", type=int, default=3, help="Runs of each command. (default: 3)")
    parser.add_argument("--page", action=argparse.BooleanOptionalAction, default=True, help="Also time the HTML page.")
    parser.add_argument("--profile", action="store_true", help="Profile the ranking instead.")
    parser.add_argument("--store", type=Path, help="Folder that keeps the store; an existing store is reused.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        store = options.store or Path(scratch, "store")
        if not store.exists():
            count = write_store(store, rows=options.rows, solvers=options.solvers, seeds=options.seeds)
            print(f"{count} rows in {store}")
        if options.profile:
            profile(store)
        else:
            report(store, page=options.page, repeat=options.repeat)


if __name__ == "__main__":
    main()
