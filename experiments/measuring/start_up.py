"""Measure how long commands of netjigsaw take as whole processes, as ratios to a bare `python -c "import torch"`.

    python experiments/measuring/start_up.py
    python experiments/measuring/start_up.py --cores 1 2 --rounds 9 --before other/.venv/bin/netjigsaw

Each round runs `import torch` and then every command once, on the same cores, so that a busy machine slows all of them
alike. The table has the median over the rounds of each round's ratio, the smallest and the largest ratio, and the
median in seconds. `--before` measures the commands of another installation in the same rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

HERE = Path(sys.executable).parent / "netjigsaw"
COMMANDS = {
    "--help": ["--help"],
    "solvers": ["solvers"],
    "leaderboard": ["leaderboard", "--results", "results"],
    "show p1 --text": ["show", "p1", "--text"],
    "show results --text": ["show", "results", "--text"],
    "solve p1 --solver random": ["solve", "p1", "--solver", "random"],
}
BASE = "import torch"


def seconds(words: list[str], folder: Path, cores: set[int]) -> float:
    """Run a command on some cores, and return its wall time.

    Raises:
        SystemExit: if the command fails.
    """
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - the commands of this script
        words, cwd=folder, capture_output=True, check=False, preexec_fn=lambda: os.sched_setaffinity(0, cores)
    )
    took = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: exit code {done.returncode}: {done.stderr.decode()}")
    return took


def prepare(folder: Path) -> None:
    """Make a puzzle `p1` and a store `results` in a folder."""
    everywhere = os.sched_getaffinity(0)
    for words in (
        ["generate", "reassembly", "--preset", "tiny", "--seed", "1", "--out", "p1"],
        ["run", "p1", "--solver", "random", "--solver", "adjoint", "--results", "results"],
    ):
        seconds([str(HERE), *words], folder, everywhere)


def measure(folder: Path, commands: dict[str, list[str]], cores: int, rounds: int) -> list[tuple[str, ...]]:
    """Measure all commands in interleaved rounds, and return a row per command."""
    chosen = set(sorted(os.sched_getaffinity(0))[:cores])
    everything = {BASE: [sys.executable, "-c", BASE], **commands}
    took: dict[str, list[float]] = {name: [] for name in everything}
    for number in range(rounds + 1):
        for name, words in everything.items():
            wall = seconds(words, folder, chosen)
            if number:  # the first round warms the file cache
                took[name].append(wall)
    rows = []
    for name, walls in took.items():
        ratios = sorted(wall / base for wall, base in zip(walls, took[BASE], strict=True))
        median, low, high = statistics.median(ratios), ratios[0], ratios[-1]
        rows.append((str(cores), name, f"{statistics.median(walls):.2f}", f"{median:.2f}", f"{low:.2f} to {high:.2f}"))
    return rows


def main() -> None:
    """Parse the options, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2], help="Numbers of cores. (default: 1 2)")
    parser.add_argument("--rounds", type=int, default=5, help="Measured rounds. (default: 5)")
    parser.add_argument("--before", type=Path, help="The netjigsaw executable of another installation.")
    options = parser.parse_args()
    commands = {name: [str(HERE), *words] for name, words in COMMANDS.items()}
    if options.before is not None:
        older = {f"before: {name}": [str(options.before.resolve()), *words] for name, words in COMMANDS.items()}
        commands |= {name: [word for word in words if word != "--text"] for name, words in older.items()}
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        prepare(Path(scratch))
        for cores in options.cores:
            rows += measure(Path(scratch), commands, cores, options.rounds)
    headers = ("cores", "command", "median s", "ratio", "smallest to largest")
    print(tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
