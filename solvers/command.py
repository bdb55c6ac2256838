"""Parse the command of a program that runs as a solver, and find the program. This module runs nothing."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
from pathlib import Path

from generator.errors import SpecError
from solvers.program import Command, parted
from solvers.reference import Reference, check_text
from solvers.tracing.tools import PYTHON

__all__ = ["find_command"]

_LABELLED = re.compile(r"(?P<label>\w[\w.+-]*)=(?P<command>.+)", re.DOTALL)
_HERE = frozenset({"", ".", ".."})


def find_command(text: str) -> Reference:
    """Parse `[label=]program argument ...`, with paths relative to the current folder.

    The text is split into words as in a shell. No shell runs, so pipes, variables and patterns do not work.

    Raises:
        SpecError: if the command is empty or not valid text, its quotes do not match, or the program is not found.
    """
    check_text(text)
    match = _LABELLED.fullmatch(text.strip())
    command = match["command"] if match else text
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise SpecError(f"cannot read the command {text!r}: {error}") from None
    if not words:
        raise SpecError(f"the command {text!r} is empty; write [label=]program arguments")
    program = _find_program(words[0], labelled=match is not None)
    # A program given by name or absolute path is a tool, such as an interpreter, and is not the solver's.
    own = program if "/" in words[0] and not Path(words[0]).is_absolute() else ""
    modules = _module_names(words)
    places = (own, *("" if at in modules else _place_of(word) for at, word in enumerate(words[1:], start=1)))
    return Reference(match["label"] if match else shlex.join(words), command=Command(program, tuple(words), places))


def _find_program(word: str, *, labelled: bool) -> str:
    # Links are not resolved: a Python interpreter finds its virtual environment by the path of the link.
    path = os.path.abspath(os.path.expanduser(word)) if "/" in word else shutil.which(word)  # noqa: PTH100, PTH111
    if path is not None and os.path.isfile(path) and os.access(path, os.X_OK):  # noqa: PTH113
        return os.path.abspath(path)  # noqa: PTH100
    if Path(word).is_file():
        raise SpecError(
            f"{word} cannot be executed by that name; write python {word}, or run chmod +x, then ./{Path(word).name}"
        )
    hint = (
        "; the text before the first = is a label; to set a variable, write env NAME=VALUE program" if labelled else ""
    )
    advice = "check the path" if "/" in word else f"name one on the PATH, or give a path such as ./{word}"
    raise SpecError(f"there is no program {word!r}; {advice}{hint}")


def _module_names(words: list[str]) -> set[int]:
    """List the positions of the words after `python -m`, which name a module even if a folder has that name."""
    found = set()
    for at, word in enumerate(words):
        if PYTHON.fullmatch(Path(word).name):
            options = itertools.takewhile(lambda other: other.startswith("-"), words[at + 1 :])
            found |= {at + 2 + count for count, option in enumerate(options) if option == "-m"}
    return found


def _place_of(word: str) -> str:
    """Make the path in a word absolute. Return an empty text if nothing exists at that path."""
    before, path = parted(word)
    found = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - see `_find_program`
    return f"{before}{found}" if path not in _HERE and os.path.exists(found) else ""  # noqa: PTH110
