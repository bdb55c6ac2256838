"""What people see: results on stdout, progress and remarks on stderr."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

__all__ = ["err", "progress_bar", "remark", "say"]

err = Console(stderr=True, highlight=False, emoji=False)


def say(text: str = "") -> None:
    """Print a result, as it is: no markup, no wrapping."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def remark(text: str) -> None:
    """Print a remark."""
    err.print(text, markup=False, soft_wrap=True)


def progress_bar() -> Progress:
    """Make a progress display that vanishes when done and stays silent where stderr is no terminal.

    A task's field `detail` is shown behind its bar.
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
