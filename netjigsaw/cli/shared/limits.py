"""Options that `solve` and `run` share, and how they become limits."""

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
    typer.Option(help="Wall time between go and answer: 90s, 10m, 3h or none. (default: the suite's, else 60s)"),
]
Memory = Annotated[
    str | None,
    typer.Option(help="Memory beyond what the libraries take: 512MiB, 4GiB or none. (default: the suite's, else 4GiB)"),
]
Threads = Annotated[
    int | None,
    typer.Option(help="Threads that numerical libraries are pinned to. (default: the suite's, else 1)", min=1),
]
Queries = Annotated[
    int | None,
    typer.Option(help="Rows that a solver may ask of a puzzle's oracle. (default: the puzzle's own budget)", min=0),
]
Isolation = Annotated[
    str, typer.Option(help="auto, namespaces (fail without them) or rlimits (answers are hidden by their path only).")
]
Commands = Annotated[
    list[str] | None,
    typer.Option(
        "--solver-command",
        help=r'Any program as a solver, "\[label=]program arguments": it finds the puzzle in its folder and prints '
        "the answer; repeat for several.",
    ),
]
Answers = Annotated[
    Path | None, typer.Option(help="Folder of the sealed answers. (default: answers/ beside each puzzle)")
]


def make_limits(
    base: Limits, timeout: str | None, memory: str | None, threads: int | None, queries: int | None = None
) -> Limits:
    """Read limits as typed; what was not given stays as it is in `base`.

    Raises:
        SpecError: for text that is no duration or size.
    """
    memory_mib = base.memory_mib if memory is None else parse_size(memory)
    if memory_mib is not None and memory_mib > sys.maxsize / 2**20:
        raise SpecError(f"--memory {memory} is more than any machine has; write none for no limit")
    wall_s = base.wall_s if timeout is None else parse_duration(timeout)
    typed = {
        "wall_s": wall_s,
        "memory_mib": memory_mib,
        "threads": base.threads if threads is None else threads,
        "queries": base.queries if queries is None else queries,
    }
    return base.model_copy(update=typed)
