"""Update the README's table of the suite `mini` and the pictures of the documentation.

Run as `make readme`, or `python experiments/page/readme.py`. The script runs every built-in solver on `mini` and writes
the results to `build/readme/results`; repeat the command to resume an interrupted run. It writes the table between two
marks in README.md, with the columns that `COLUMNS` names. It takes screenshots of the leaderboard page, makes a network
of the published size, and writes the pictures of both to docs/images. `--results DIR` uses existing results, and
`--puzzle DIR` uses an existing network. Without Chromium, the screenshots are not updated; the last line says so, and
the exit code is 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(HOME), str(HOME / "experiments" / "page")]

from generator.errors import NetjigsawError, StorageError
from generator.puzzle.storage import writing_file

BEGIN, END = "<!-- mini: begin -->", "<!-- mini: end -->"
COLUMNS = ("rank", "solver", "solved", "95 % interval (%)", "pairing (%)", "median wall (s)")
"""Columns of the leaderboard that the README shows."""


def netjigsaw(*arguments: object) -> str:
    """Run the command and return its stdout. Its stderr is shown.

    Raises:
        StorageError: if the command failed.
    """
    words = [sys.executable, "-m", "netjigsaw", *map(str, arguments)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)  # noqa: S603 - ours
    if done.returncode:
        raise StorageError(f"netjigsaw {' '.join(map(str, arguments))}: exit code {done.returncode}")
    return done.stdout


def between_marks(document: str, text: str) -> str:
    """Replace the text between the two marks.

    Raises:
        StorageError: if the document does not hold each mark once, in order.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or any(mark in before + after for mark in (BEGIN, END)):
        raise StorageError(f"the README must hold {BEGIN} and then {END}, once each")
    return f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}"


def table_of(results: Path) -> str:
    """Rank a store, and return the columns of the table that the README shows.

    Raises:
        StorageError: if the store cannot be ranked, or holds more than one family.
    """
    lines = netjigsaw("leaderboard", "--results", results, "--format", "github").splitlines()
    headings = sum(line.startswith("### ") for line in lines)
    if headings != 1:
        raise StorageError(f"{results} holds {headings} families; the README's table is of one")
    cells = [line.strip("|").split("|") for line in lines if line.startswith("|")]
    kept = [number for number, name in enumerate(cells[0]) if name.strip() in COLUMNS]
    return "\n".join(f"|{'|'.join(row[number] for number in kept)}|" for row in cells)


def draw_page(results: Path, images: Path) -> str:
    """Take screenshots of the results' leaderboard page.

    Returns:
        The reason if no screenshot could be taken, else an empty text.
    """
    from headless import find_chromium  # noqa: PLC0415 - only the screenshots need playwright
    from leaderboard_pictures import take  # noqa: PLC0415

    try:
        find_chromium()
    except FileNotFoundError as error:
        return str(error)
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch, "index.html")
        netjigsaw("leaderboard", "--results", results, "--html", page)
        take(page, images)
    return ""


def make(options: argparse.Namespace) -> int:
    """Update the table and the pictures, and return the exit code.

    Raises:
        StorageError: if a command failed, or the README has no marks.
    """
    readme: Path = options.readme
    between_marks(readme.read_text(encoding="utf-8"), "")  # fails before the long run
    if options.results is None:
        options.results = options.work / "results"
        netjigsaw("run", "mini", "--results", options.results)
    if options.puzzle is None:
        options.puzzle = options.work / "p1"
        if not options.puzzle.exists():
            netjigsaw("generate", "reassembly", "--preset", "janestreet", "--seed", 1, "--out", options.puzzle)
    text = table_of(options.results)
    with writing_file(readme) as scratch:
        scratch.write_text(between_marks(readme.read_text(encoding="utf-8"), text), encoding="utf-8")
    print(readme)
    options.images.mkdir(parents=True, exist_ok=True)
    netjigsaw("show", options.puzzle, "--out", options.images / "janestreet.png")
    print(options.images / "janestreet.png")
    if reason := draw_page(options.results, options.images):
        print(f"*** NOT UPDATED: the pictures of the leaderboard: {reason}", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    """Parse the options and run; an error prints one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, help="Result store of mini. (default: run all solvers)")
    parser.add_argument("--puzzle", type=Path, help="Folder of the network to draw. (default: make one)")
    parser.add_argument(
        "--work",
        type=Path,
        default=HOME / "build" / "readme",
        help="Folder for new results and the new network. (default: build/readme)",
    )
    parser.add_argument("--readme", type=Path, default=HOME / "README.md", help="File to update. (default: README.md)")
    parser.add_argument("--images", type=Path, default=HOME / "docs" / "images", help="Folder of the pictures.")
    try:
        return make(parser.parse_args())
    except NetjigsawError as error:
        print(f"readme: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
