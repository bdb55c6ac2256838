"""Forms of puzzles outside this suite: what programs as solvers find, and what is imported and exported."""

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
    """How puzzles of a family are put to programs that know nothing of this suite.

    Attributes:
        write: `(puzzle, folder)` fills a folder that does not exist yet with the files that such a program reads.
        reader: `(puzzle)` makes a reader of what the program prints, line by line. It returns the answer that a
            line completes, None for a line that is no answer, and raises AnswerError for one that nearly is.
    """

    write: Callable[[Puzzle, Path], None]
    reader: Callable[[Puzzle], Callable[[str], JsonValue]]


@dataclass(frozen=True)
class LayoutOption:
    """One option of `netjigsaw import` or `export`.

    Attributes:
        name: keyword argument of the function.
        help: what it controls.
        default: value where it is not given; a truth value makes the option a flag.
        typed: the option as typed, where it differs from the name; underscores become dashes.
    """

    name: str
    help: str
    default: str | bool | None = None
    typed: str = ""


@dataclass(frozen=True)
class Layout:
    """A form in which puzzles come from, or go to, other programs.

    Attributes:
        name: as typed after `netjigsaw import` and `netjigsaw export`.
        summary: one line for `--help`.
        sources: what each path given to `import` is, in order.
        read: `(*paths, name=, **options)` -> `Made`, or a bare `Puzzle` where the answer is not known.
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
