"""File layouts of puzzles for other programs: for programs as solvers, and for import and export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydantic import JsonValue

    from generator.puzzle.content import Puzzle
    from generator.puzzle.sealing import Made

__all__ = ["ForeignLayout", "Layout", "LayoutOption"]


@dataclass(frozen=True)
class ForeignLayout:
    """The files and the output format for programs that solve puzzles of a family without netjigsaw.

    Attributes:
        write: `(puzzle, folder)` creates the folder and writes the files that the program reads.
        reader: `(puzzle)` returns a function that reads the program's output line by line. The function returns the
            answer that a line completes, or None for another line. It raises AnswerError for an invalid answer.
        names: files and folders at the top of the working folder. Where one lies beside a program's script as well, a
            script that reads its own folder answers another puzzle, so the user is warned.
    """

    write: Callable[[Puzzle, Path], None]
    reader: Callable[[Puzzle], Callable[[str], JsonValue]]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class LayoutOption:
    """One option of `netjigsaw import` or `export`.

    Attributes:
        name: keyword argument of the function.
        help: line for `--help`: what the option controls.
        default: value if the option is not given; True or False makes the option a flag.
        typed: spelling on the command line if it differs from `name`; underscores become dashes.
    """

    name: str
    help: str
    default: str | bool | None = None
    typed: str = ""


@dataclass(frozen=True)
class Layout:
    """A file layout of another program, which `netjigsaw import` reads or `netjigsaw export` writes.

    Attributes:
        name: name on the command line, after `netjigsaw import` and `netjigsaw export`.
        summary: one line for `--help`.
        sources: description of each path argument of `import`, in order.
        read: `(*paths, name=, **options)` -> `Made`, or `Puzzle` where the answer is not known.
        read_options: options of `read`.
        write: `(puzzle, folder, **options)` -> remarks for the user.
        write_options: options of `write`.
    """

    name: str
    summary: str
    sources: tuple[str, ...] = ()
    read: Callable[..., Made | Puzzle] | None = None
    read_options: tuple[LayoutOption, ...] = ()
    write: Callable[..., tuple[str, ...]] | None = None
    write_options: tuple[LayoutOption, ...] = ()
