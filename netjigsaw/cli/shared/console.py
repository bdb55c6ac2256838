"""Console output: results on stdout, progress and remarks on stderr."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

__all__ = ["err", "progress_bar", "remark", "say"]

err = Console(stderr=True, highlight=False, emoji=False)


def say(text: str = "") -> None:
    """Print a result on stdout, without markup or wrapping."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def remark(text: str) -> None:
    """Print a remark on stderr."""
    err.print(text, markup=False, soft_wrap=True)


def progress_bar() -> Progress:
    """Make a progress display. It disappears at the end, and it is off if stderr is not a terminal.

    A task's field `detail` is shown after its bar.
    """
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[detail]}", markup=False),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
