"""File layouts of puzzles for other programs: for programs as solvers, and for import and export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydantic import JsonValue

    from generator.puzzle.content import Puzzle
    from generator.puzzle.sealing import Made

__all__ = ["ForeignLayout", "Imported", "Layout", "LayoutOption", "Reader"]


class Reader(Protocol):
    """Reads the output of one program, line by line.

    A reader whose answers may span lines also has a method `settle(*, ended: bool) -> JsonValue`. The harness calls it
    when the output pauses, and with `ended=True` after the last line. It returns the answer that the lines so far hold
    but that no line has completed, and else None.
    """

    def __call__(self, line: str, /) -> JsonValue:
        """Return the answer that a line completes, or None for another line.

        Raises:
            AnswerError: if the line holds an invalid answer.
        """


@dataclass(frozen=True)
class ForeignLayout:
    """The files and the output format for programs that solve puzzles of a family without netjigsaw.

    Attributes:
        write: `(puzzle, folder)` creates the folder and writes the files that the program reads.
        reader: `(puzzle)` makes a `Reader`. Standard output, standard error and each answer file have their own.
        answer_files: files in which a program may leave its answer, relative to its working folder. They are read after
            the program has ended, and count only if both streams hold no answer.
        names: files and folders at the top of the working folder. A script that has one of them beside it may read its
            own folder and answer another puzzle, so the user is warned.
    """

    write: Callable[[Puzzle, Path], None]
    reader: Callable[[Puzzle], Reader]
    answer_files: tuple[str, ...] = ()
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
class Imported:
    """A puzzle that was read from another program's files, without its answer.

    Attributes:
        puzzle: the puzzle.
        remarks: what deviates from the layout and was read nevertheless; shown to the user.
    """

    puzzle: Puzzle
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A file layout of another program, which `netjigsaw import` reads or `netjigsaw export` writes.

    Attributes:
        name: name on the command line, after `netjigsaw import` and `netjigsaw export`.
        summary: one line for `--help`.
        sources: description of each path argument of `import`, in order.
        optional_sources: further path arguments, which may be left out; `read` then gets None.
        read: `(*paths, name=, **options)` -> `Made`, or `Imported` or `Puzzle` where the answer is not known. A tuple
            of these becomes a folder of puzzles, each under its own name.
        read_options: options of `read`.
        write: `(puzzle, folder, **options)` -> remarks for the user.
        write_options: options of `write`.
    """

    name: str
    summary: str
    sources: tuple[str, ...] = ()
    optional_sources: tuple[str, ...] = ()
    read: Callable[..., Made | Imported | Puzzle | tuple[Made | Imported | Puzzle, ...]] | None = None
    read_options: tuple[LayoutOption, ...] = ()
    write: Callable[..., tuple[str, ...]] | None = None
    write_options: tuple[LayoutOption, ...] = ()
