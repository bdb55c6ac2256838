"""Options that several commands share, and their conversion to limits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from generator.errors import SpecError
from netjigsaw.cli.shared.quantities import parse_duration, parse_size

if TYPE_CHECKING:
    from benchmark.results.trial import Limits

__all__ = ["Answers", "Commands", "Isolation", "Memory", "Queries", "Threads", "Timeout", "make_limits"]

Timeout = Annotated[
    str | None,
    typer.Option(help="Wall time limit of a trial: 90s, 10m, 3h or none. (default: the suite's, else 60s)"),
]
Memory = Annotated[
    str | None,
    typer.Option(
        help="Memory limit beyond the libraries' own: 512MiB, 4GiB or none. (default: the suite's, else 4GiB)"
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(help="Number of threads of numerical libraries. (default: the suite's, else 1)", min=1),
]
Queries = Annotated[
    int | None,
    typer.Option(
        help="Most rows that a solver may query a puzzle's oracle for. (default: the puzzle's own budget)", min=0
    ),
]
Isolation = Annotated[
    str,
    typer.Option(help="namespaces, rlimits (hides answers by their path only), or auto (namespaces where available)."),
]
Commands = Annotated[
    list[str] | None,
    typer.Option(
        "--solver-command",
        help=r'Program to run as a solver, "\[label=]program arguments". It reads the puzzle from its working '
        "folder and prints the answer; repeat for several.",
    ),
]
Answers = Annotated[
    Path | None, typer.Option(help="Folder of the sealed answers. (default: answers/ beside each puzzle)")
]


def make_limits(
    base: Limits, timeout: str | None, memory: str | None, threads: int | None, queries: int | None = None
) -> Limits:
    """Parse limits from the command line. A limit that is not given keeps its value from `base`.

    Raises:
        SpecError: if a text is not a duration or a size.
    """
    memory_mib = base.memory_mib if memory is None else parse_size(memory)
    if memory_mib is not None and memory_mib > sys.maxsize / 2**20:
        raise SpecError(f"--memory {memory} is too large; write none for no limit")
    wall_s = base.wall_s if timeout is None else parse_duration(timeout)
    typed = {
        "wall_s": wall_s,
        "memory_mib": memory_mib,
        "threads": base.threads if threads is None else threads,
        "queries": base.queries if queries is None else queries,
    }
    return base.model_copy(update=typed)
