"""Options that `solve` and `run` share, and how they become limits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmark.trial import Limits
from generator.errors import SpecError
from netjigsaw.cli.quantities import parse_duration, parse_size

__all__ = ["Answers", "Isolation", "Memory", "Threads", "Timeout", "make_limits"]

Timeout = Annotated[str, typer.Option(help="Wall time between go and answer: 90s, 10m, 3h or none.")]
Memory = Annotated[str, typer.Option(help="Memory beyond what the libraries take: 512MiB, 4GiB or none.")]
Threads = Annotated[int, typer.Option(help="Threads that numerical libraries are pinned to.", min=1)]
Isolation = Annotated[
    str, typer.Option(help="auto, namespaces (fail without them) or rlimits (answers are hidden by their path only).")
]
Answers = Annotated[
    Path | None, typer.Option(help="Folder of the sealed answers. (default: answers/ beside each puzzle)")
]


def make_limits(timeout: str, memory: str, threads: int) -> Limits:
    """Read limits as typed.

    Raises:
        SpecError: for text that is no duration or size.
    """
    memory_mib = parse_size(memory)
    if memory_mib is not None and memory_mib > sys.maxsize / 2**20:
        raise SpecError(f"--memory {memory} is more than any machine has; write none for no limit")
    return Limits(wall_s=parse_duration(timeout), memory_mib=memory_mib, threads=threads)
