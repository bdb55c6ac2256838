"""Find the programs that one command runs and the files that its words name."""

from __future__ import annotations

import itertools
import os
import shutil
from dataclasses import replace
from pathlib import Path

from solvers.tracing.found import Found, Setting, parted_path
from solvers.tracing.languages import first_line
from solvers.tracing.places import OPAQUE
from solvers.tracing.programs import ASSIGNED, READERS, Rest, assign, name_all, read_python_words
from solvers.tracing.script import GIVEN
from solvers.tracing.tools import KEYWORDS, PYTHON, QUIET

__all__ = ["read_words"]

_SYSTEM = ("/usr", "/bin", "/sbin")


def read_words(words: tuple[str, ...], setting: Setting) -> Found:
    """Read a command that was split into words; `OPAQUE` replaces unknown parts, and `GIVEN` values of the run."""
    found = Found()
    rest: Rest | None = list(words), setting
    while rest is not None:
        rest = _read(*rest, found)
    return found


def _read(words: list[str], setting: Setting, found: Found) -> Rest | None:
    """Read one program with its arguments, and return the command that it runs."""
    assigned = list(itertools.takewhile(lambda word: word in KEYWORDS or ASSIGNED.fullmatch(word), words))
    words = words[len(assigned) :]
    for match in filter(None, map(ASSIGNED.fullmatch, assigned)):
        setting = assign(match[1], match[2], setting, found, seen=bool(words))
    if not words:
        return None
    name, arguments = words[0], words[1:]
    base = os.path.basename(name)  # noqa: PTH119 - a dot is a name here
    program = _program(name, setting)
    if OPAQUE in name or GIVEN in name:
        found.gaps.append("runs a program whose name is computed")
        name_all(arguments, setting, found)
    elif name in QUIET or name in setting.functions:
        _name_files(name, arguments, setting, found)
    elif "/" in name and program is not None and first_line(program).startswith(b"#!"):
        found.items.append(("run", program, setting))
        name_all(arguments, setting, found)
    elif PYTHON.fullmatch(base):
        read_python_words(arguments, replace(setting, python=str(program or name)), found)
    elif base in READERS:
        return READERS[base](base, arguments, setting, found)
    else:
        _other_program(name, program, setting, found)
        name_all(arguments, setting, found)
    return None


def _name_files(name: str, arguments: list[str], setting: Setting, found: Found) -> None:
    """Record the files, but no folders, that the words of a command name that runs nothing."""
    for word in arguments:
        if OPAQUE in word or GIVEN in word:
            continue
        path = setting.find(parted_path(word)) if word.strip("./") else None
        if path is not None and path.is_file():
            found.name(word, setting)
        elif path is not None and name == "export" and "=" in word and not word.startswith("PYTHONPATH="):
            found.gaps.append(f"exports the folder {path.name}/")


def _program(name: str, setting: Setting) -> Path | None:
    if "/" in name:
        found = setting.find(name)
        return found if found is not None and found.is_file() else None
    where = None if OPAQUE in name else shutil.which(name)
    return None if where is None else Path(where)


def _other_program(name: str, program: Path | None, setting: Setting, found: Found) -> None:
    """Record a program that is no well-known tool: a script is read, and the content of a binary is digested."""
    if program is None:
        found.gaps.append(f"runs {name}, which is not found")
    elif first_line(program).startswith(b"#!"):
        found.items.append(("run", program, setting))
    else:
        found.items.append(("file", program, setting))
        if "/" not in name or any(program.is_relative_to(folder) for folder in _SYSTEM):
            found.gaps.append(f"runs {name}, which is no well-known tool")
