"""A program as a solver: how its command is read and found. Nothing is run here."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

from generator.errors import SpecError
from solvers.program import Command, parted
from solvers.reference import Reference

__all__ = ["find_command"]

_LABELLED = re.compile(r"(?P<label>\w[\w.+-]*)=(?P<command>.+)", re.DOTALL)
_HERE = frozenset({"", ".", ".."})


def find_command(text: str) -> Reference:
    """Read `[label=]program argument ...` as it is typed in the current folder.

    The words are parted as a shell does, but no shell runs: there are no pipes, variables or patterns.

    Raises:
        SpecError: if it is empty, its quotes do not match, or there is no such program.
    """
    match = _LABELLED.fullmatch(text.strip())
    command = match["command"] if match else text
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise SpecError(f"cannot read the command {text!r}: {error}") from None
    if not words:
        raise SpecError(f"the command {text!r} is empty; write [label=]program arguments")
    program = _find_program(words[0], labelled=match is not None)
    # A program that is found by name or by an absolute path is a tool, an interpreter say, and no part of the solver.
    own = program if "/" in words[0] and not Path(words[0]).is_absolute() else ""
    places = (own, *map(_place_of, words[1:]))
    return Reference(match["label"] if match else shlex.join(words), command=Command(program, tuple(words), places))


def _find_program(word: str, *, labelled: bool) -> str:
    # Not resolved: the link to an interpreter is what tells it which environment it belongs to.
    path = os.path.abspath(os.path.expanduser(word)) if "/" in word else shutil.which(word)  # noqa: PTH100, PTH111
    if path is not None and os.path.isfile(path) and os.access(path, os.X_OK):  # noqa: PTH113
        return os.path.abspath(path)  # noqa: PTH100
    if Path(word).is_file():
        raise SpecError(
            f"{word} cannot be executed by that name; write python {word}, or ./{Path(word).name} with chmod +x"
        )
    hint = (
        "; what stands before the first = is a label, so set variables with env NAME=VALUE program" if labelled else ""
    )
    advice = "check the path" if "/" in word else f"name one on the PATH, or give a path such as ./{word}"
    raise SpecError(f"there is no program {word!r}; {advice}{hint}")


def _place_of(word: str) -> str:
    """Write a word with the path in it made absolute; the empty text if nothing exists at that path."""
    before, path = parted(word)
    found = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - see `_find_program`
    return f"{before}{found}" if path not in _HERE and os.path.exists(found) else ""  # noqa: PTH110
