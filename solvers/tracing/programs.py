"""Read the arguments of well-known programs: interpreters, wrappers of another command, and tools."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from solvers.tracing.places import OPAQUE
from solvers.tracing.script import GIVEN, with_modules
from solvers.tracing.tools import (
    ELSEWHERE,
    LANGUAGES,
    MAKES,
    PYTHON,
    RUNNERS,
    SCRIPTED,
    SHELLS,
    SILENT_OPTIONS,
    TOOLS,
    WRAPPERS,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from solvers.tracing.found import Found, Setting

__all__ = ["ASSIGNED", "READERS", "Rest", "assign", "name_all", "read_python_words"]

ASSIGNED = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.DOTALL)
"""`NAME=value` before a command."""
Rest = tuple[list[str], "Setting"]
"""The words of another command that a program runs."""
_REDIRECTING = re.compile(
    r"PATH|LD_PRELOAD|LD_LIBRARY_PATH|BASH_ENV|ENV|PYTHONHOME|PYTHONSTARTUP|NODE_PATH|NODE_OPTIONS|PERL5LIB|PERL5OPT|"
    r"RUBYLIB|RUBYOPT|JULIA_LOAD_PATH|JULIA_PROJECT|LUA_PATH|R_LIBS\w*|CLASSPATH"
)
"""Environment variables that decide which files a program loads."""
_PYTHON_VALUES = frozenset({"-X", "-W", "--check-hash-based-pycs"})
_PYTHON_ONLY = frozenset({"-V", "-VV", "--version", "-h", "--help"})
_SHELL_VALUES = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file"})
_STDIN = "reads its code from standard input"


def assign(name: str, value: str, setting: Setting, found: Found, *, seen: bool = True) -> Setting:
    """Read `NAME=value` before a command; without a command no program has `seen` the variable."""
    if name == "PYTHONPATH":
        if OPAQUE in value or GIVEN in value:
            found.gaps.append("sets PYTHONPATH to a value that is computed")
        return with_modules(setting, value)
    if _REDIRECTING.fullmatch(name):
        found.gaps.append(f"sets {name}")
    if seen:
        found.name(value, setting)
    return setting


def name_all(words: list[str], setting: Setting, found: Found) -> None:
    """Record the files that words name; a word that is not known may name a file that is needed."""
    for word in words:
        if OPAQUE in word or (GIVEN in word and "/" in word):
            found.gaps.append("has a word that is computed")
        elif GIVEN not in word:
            found.name(word, setting)


def read_python_words(arguments: list[str], setting: Setting, found: Found) -> None:
    """Read the arguments of a Python interpreter: a script, a module, or a text."""
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word in _PYTHON_ONLY:
            return None
        if match := re.fullmatch(r"-[bBdEiIOPqsSuvx]*([cm])(.*)", word, re.DOTALL):
            value = match[2] or (rest.pop(0) if rest else OPAQUE)
            if OPAQUE in value or GIVEN in value:
                found.gaps.append("runs Python code that is computed")
            else:
                found.items.append(("module" if match[1] == "m" else "python", value, setting))
            return name_all(rest, setting, found)
        if word in _PYTHON_VALUES:
            rest = rest[1:]
        elif word == "-" or not word.startswith("-"):
            _script(word, setting, found, "python")
            return name_all(rest, setting, found)
    found.gaps.append(_STDIN)
    return None


def _script(word: str, setting: Setting, found: Found, language: str) -> None:
    """Record the script of an interpreter."""
    if word in {"-", "/dev/stdin"}:
        found.gaps.append(_STDIN)
    elif word == GIVEN:
        return  # the words of the command, such as this argument of the script, are read separately
    elif OPAQUE in word or GIVEN in word:
        found.gaps.append("runs a script whose name is computed")
    elif (path := setting.find(word)) is None:
        found.gaps.append(f"runs {word}, which is not found")
    else:
        found.items.append(("run", path, replace(setting, language=language)))


def _shell(_: str, arguments: list[str], setting: Setting, found: Found) -> None:
    rest, text_follows = list(arguments), False
    while rest:
        word = rest.pop(0)
        if word in {"--version", "--help"}:
            return None
        cluster = re.fullmatch(r"[-+][a-zA-Z]+", word) is not None
        text_follows = text_follows or (cluster and "c" in word)
        if word in _SHELL_VALUES or (cluster and word.endswith("o")):
            rest = rest[1:]
        elif not cluster and not word.startswith("--"):
            if text_follows:
                _shell_text(word, setting, found)
            else:
                _script(word, setting, found, "shell")
            return name_all(rest, setting, found)
    found.gaps.append(_STDIN)
    return None


def _shell_text(text: str, setting: Setting, found: Found) -> None:
    if OPAQUE in text or GIVEN in text:
        found.gaps.append("runs a shell text that is computed")
    else:
        found.items.append(("shell", text, replace(setting, script=None)))


def _wrapper(base: str, arguments: list[str], setting: Setting, found: Found) -> Rest | None:
    values, count = WRAPPERS[base]
    rest = [] if base == "command" and arguments[:1] in (["-v"], ["-V"]) else list(arguments)
    while rest:
        word = rest[0]
        match = ASSIGNED.fullmatch(word) if base == "env" else None
        if base == "env" and word.startswith(("-S", "--split-string")):
            found.gaps.append("has a command in one word (env -S)")
            return None
        if match is not None:
            setting = assign(match[1], match[2], setting, found)
        elif word in values:
            if word in {"-C", "--chdir"}:
                setting = _enter(rest[1:], setting, found)
            rest = rest[1:]
        elif not word.startswith("-"):
            if not count:
                return rest, setting
            count -= 1
        rest = rest[1:]
    return None


def _enter(rest: list[str], setting: Setting, found: Found) -> Setting:
    """Change into the folder that an option names."""
    folder = setting.find(rest[0]) if rest else None
    if folder is None:
        found.gaps.append("changes into a folder that is not found")
        return setting
    # A program that runs there may read any file of the folder by its name.
    found.items.append(("folder", folder, setting))
    return setting.within(folder)


def _runner(base: str, arguments: list[str], setting: Setting, found: Found) -> Rest | None:
    """Read a command such as `uv run python s.py`; its packages are in the environment of the project."""
    rest, options = list(arguments), []
    while rest and (rest[0].startswith("-") or "run" not in options):
        options.append(rest.pop(0))
        if options[-1] in {"-m", "--module"} and "run" in options:
            rest = ["python3", "-m", *rest]
            break
        if options[-1] in {"--directory", "-C"}:
            setting = _enter(rest, setting, found)
        if options[-1] in {"--project", "-P"} and rest and (project := setting.find(rest[0])) is not None:
            setting = setting.within(project)
        if options[-1] in SILENT_OPTIONS:
            options += rest[:1]
            rest = rest[1:]
    if "run" not in options or not rest:
        found.gaps.append(f"runs {base}")
        return None
    python = next((str(path) for folder in setting.folders if (path := folder / ".venv/bin/python").exists()), "")
    if rest[0].endswith(".py"):
        rest = ["python3", *rest]
    return ([python or rest[0], *rest[1:]] if PYTHON.fullmatch(rest[0]) else rest), setting


def _language(base: str, arguments: list[str], setting: Setting, found: Found) -> None:
    """Read the words of an interpreter of another language: a text, or the first word that names a file."""
    for at, word in enumerate(arguments):
        before, _, value = word.partition("=")
        if before in LANGUAGES[base]:
            text = value or "".join(arguments[at + 1 : at + 2]) or OPAQUE
            if OPAQUE in text or GIVEN in text:
                found.gaps.append(f"runs a text in {base} that is computed")
            else:
                found.items.append(("other", text, setting))
            return name_all(arguments[:at] + arguments[at + 2 :], setting, found)
        path = None if word.startswith("-") or OPAQUE in word or GIVEN in word else setting.find(word)
        if path is not None and path.is_file():
            found.items.append(("run", path, replace(setting, language="other")))
            return name_all(arguments[:at] + arguments[at + 1 :], setting, found)
    if not {"--version", "--help"} & set(arguments):
        found.gaps.append(f"runs {base} without a file that is found")
    return name_all(arguments, setting, found)


def _make(_: str, arguments: list[str], setting: Setting, found: Found) -> None:
    file: Path | None = None
    for word, after in zip(arguments, [*arguments, ""][1:], strict=True):
        if word in {"-C", "--directory"}:
            setting = _enter([after], setting, found)
        if word in {"-f", "--file", "--makefile"}:
            file = setting.find(after)
    names = ("GNUmakefile", "makefile", "Makefile")
    file = file or next((path for name in names if (path := setting.folders[0] / name).is_file()), None)
    if file is None:
        found.gaps.append("runs make without a makefile that is found")
    else:
        found.items.append(("run", file, replace(setting, language="make")))
    name_all(arguments, setting, found)


def _source(_: str, arguments: list[str], setting: Setting, found: Found) -> None:
    if arguments:
        _script(arguments[0], setting, found, "shell")
        # Variables that a sourced script sets may decide which files are loaded later.
        name = os.path.basename(arguments[0])  # noqa: PTH119 - it may be no path
        found.gaps.append(f"sources {name.replace(OPAQUE, '?').replace(GIVEN, '?')}")
    name_all(arguments[1:], setting, found)


def _elsewhere(base: str, arguments: list[str], setting: Setting, found: Found) -> None:
    found.gaps.append(f"runs {base}")
    name_all(arguments, setting, found)


def _tool(base: str, arguments: list[str], setting: Setting, found: Found) -> None:
    if base == "find" and any(word.startswith(("-exec", "-ok")) for word in arguments):
        found.gaps.append("runs find -exec")
    name_all(arguments, setting, found)


def _scripted(_: str, arguments: list[str], setting: Setting, found: Found) -> None:
    """Read the words of awk and sed: each may be a text of their language, or a file with that text or with data."""
    for word in arguments:
        path = None if OPAQUE in word or GIVEN in word else setting.find(word)
        if path is not None and path.is_file():
            found.items.append(("run", path, replace(setting, language="other")))
        else:
            found.items.append(("other", word, setting))
    name_all(arguments, setting, found)


def _trap(_: str, arguments: list[str], setting: Setting, found: Found) -> None:
    if arguments and not arguments[0].startswith("-"):
        _shell_text(arguments[0], setting, found)


READERS: dict[str, Callable[[str, list[str], Setting, Found], Rest | None]] = {
    **dict.fromkeys(TOOLS, _tool),
    **dict.fromkeys(SCRIPTED, _scripted),
    **dict.fromkeys(ELSEWHERE, _elsewhere),
    "trap": _trap,
    **dict.fromkeys(("source", "."), _source),
    **dict.fromkeys(MAKES, _make),
    **dict.fromkeys(LANGUAGES, _language),
    **dict.fromkeys(RUNNERS, _runner),
    **dict.fromkeys(WRAPPERS, _wrapper),
    **dict.fromkeys(SHELLS, _shell),
}
"""Reader of the arguments of each well-known program."""
