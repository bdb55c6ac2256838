"""Make the README's table of the suite `mini`, and the pictures of the documents, anew.

Run as `make readme`, or `python experiments/readme.py`: every solver that comes with the program runs on `mini`, into
`build/readme/results`, where an interrupted run is resumed; the table is put between two marks in README.md; the page
is photographed into docs/images, and a network of the published size is made and drawn there. `--results DIR` takes
results that are there already, `--puzzle DIR` such a network. Where there is no Chromium the page's pictures stay as
they are, and the last line and the exit code 1 say so.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HOME), str(HOME / "experiments")]

from generator.errors import NetjigsawError, StorageError
from generator.puzzle.storage import writing_file

BEGIN, END = "<!-- mini: begin -->", "<!-- mini: end -->"
PICTURES = """<picture>
  <source media="(prefers-color-scheme: dark)" srcset="docs/images/leaderboard-dark.png">
  <img alt="The same as a page: the table, and puzzles solved within a time" src="docs/images/leaderboard-light.png">
</picture>
"""


def netjigsaw(*arguments: object) -> str:
    """Run the command and give what it wrote to stdout; what it says besides is shown as it comes.

    Raises:
        StorageError: if it failed.
    """
    words = [sys.executable, "-m", "netjigsaw", *map(str, arguments)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)  # noqa: S603 - ours
    if done.returncode:
        raise StorageError(f"netjigsaw {' '.join(map(str, arguments))}: exit code {done.returncode}")
    return done.stdout


def between_marks(document: str, text: str) -> str:
    """Replace what is between the two marks.

    Raises:
        StorageError: if they are not there, once each and in order.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or any(mark in before + after for mark in (BEGIN, END)):
        raise StorageError(f"the README must hold {BEGIN} and then {END}, once each")
    return f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}"


def table_of(results: Path) -> str:
    """Rank a store; the heading, which is the family's name, is left out.

    Raises:
        StorageError: if the store cannot be ranked, or holds more than one family.
    """
    headings, tables = [], []
    for line in netjigsaw("leaderboard", "--results", results, "--format", "github").splitlines():
        (headings if line.startswith("### ") else tables).append(line)
    if len(headings) != 1:
        raise StorageError(f"{results} holds {len(headings)} families; the README's table is of one")
    return "\n".join(tables)


def draw_page(results: Path, images: Path) -> str:
    """Take pictures of the results' page, and say why where that cannot be done.

    Returns:
        The reason, or nothing.
    """
    from headless import find_chromium  # noqa: PLC0415 - playwright is for the pictures alone
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
    """Do it all, and return the exit code.

    Raises:
        StorageError: if a command failed, or the README has no marks.
    """
    readme: Path = options.readme
    between_marks(readme.read_text(encoding="utf-8"), "")  # before the long part
    if options.results is None:
        options.results = options.work / "results"
        netjigsaw("run", "mini", "--results", options.results)
    if options.puzzle is None:
        options.puzzle = options.work / "p1"
        if not options.puzzle.exists():
            netjigsaw("generate", "reassembly", "--preset", "janestreet", "--seed", 1, "--out", options.puzzle)
    text = f"{table_of(options.results)}\n\n{PICTURES}"
    with writing_file(readme) as scratch:
        scratch.write_text(between_marks(readme.read_text(encoding="utf-8"), text), encoding="utf-8")
    print(readme)
    options.images.mkdir(parents=True, exist_ok=True)
    netjigsaw("show", options.puzzle, "--out", options.images / "janestreet.png")
    print(options.images / "janestreet.png")
    if reason := draw_page(options.results, options.images):
        print(f"*** NOT MADE ANEW: the pictures of the leaderboard: {reason}", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    """Read the options; an error is one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, help="A store of results on mini; without it all solvers are run.")
    parser.add_argument("--puzzle", type=Path, help="The network to draw; without it one is made.")
    parser.add_argument("--work", type=Path, default=HOME / "build" / "readme", help="What is run goes there.")
    parser.add_argument("--readme", type=Path, default=HOME / "README.md")
    parser.add_argument("--images", type=Path, default=HOME / "docs" / "images")
    try:
        return make(parser.parse_args())
    except NetjigsawError as error:
        print(f"readme: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
