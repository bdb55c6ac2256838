"""Console output: results on stdout, progress and remarks on stderr."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, NoReturn

from generator.errors import StorageError
from netjigsaw.cli.shared.streams import silence, unwritable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

__all__ = ["progress_bar", "remark", "say"]


@cache
def _err() -> Console:
    """Return the console of stderr; most commands print nothing there, and need not wait for the import of rich."""
    from rich.console import Console

    class Raising(Console):
        def on_broken_pipe(self) -> NoReturn:
            """Raise the error of a closed pipe; rich would end the process instead."""
            raise BrokenPipeError

    return Raising(stderr=True, highlight=False, emoji=False)


def say(text: str = "") -> None:
    """Print a result on stdout, without markup or wrapping.

    Raises:
        StorageError: if stdout is closed or cannot be written, for example because a disk is full.
        BrokenPipeError: if its reader has closed it.
    """
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StorageError(unwritable(error)) from error


def remark(text: str) -> None:
    """Print a remark on stderr. It is dropped if stderr is broken, because the work must go on."""
    try:
        _err().print(text, markup=False, soft_wrap=True)
    except OSError:
        silence(sys.stderr)


def progress_bar() -> Progress:
    """Make a progress display. It disappears at the end, and it is off if stderr is not a terminal.

    A task's field `detail` is shown after its bar.
    """
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    err = _err()
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
