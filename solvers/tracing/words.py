"""Read the words of one command: what it runs, and which files it names."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

from solvers.tracing.found import Found, Setting
from solvers.tracing.places import OPAQUE
from solvers.tracing.shell import GIVEN, with_modules
from solvers.tracing.tools import (
    ELSEWHERE,
    EVALUATORS,
    KEYWORDS,
    LANGUAGES,
    MAKES,
    PYTHON,
    QUIET,
    RUNNERS,
    SHELLS,
    SILENT_OPTIONS,
    TOOLS,
    WRAPPERS,
)

__all__ = ["first_line", "read_words"]

_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.DOTALL)
_REDIRECTING = re.compile(
    r"PATH|LD_PRELOAD|LD_LIBRARY_PATH|BASH_ENV|ENV|PYTHONHOME|PYTHONSTARTUP|NODE_PATH|NODE_OPTIONS|PERL5LIB|PERL5OPT|"
    r"RUBYLIB|RUBYOPT|JULIA_LOAD_PATH|JULIA_PROJECT|LUA_PATH|R_LIBS\w*|CLASSPATH"
)
"""Variables that decide which files a program loads."""
_PYTHON_VALUES = frozenset({"-X", "-W", "--check-hash-based-pycs"})
_PYTHON_ONLY = frozenset({"-V", "-VV", "--version", "-h", "--help"})


def read_words(words: tuple[str, ...], setting: Setting) -> Found:
    """Read a command that was split into words; `OPAQUE` stands for what is not known, `GIVEN` for what a run gives."""
    found = Found()
    _read(list(words), setting, found)
    return found


def _read(words: list[str], setting: Setting, found: Found) -> None:
    while words and (words[0] in KEYWORDS or _ASSIGNED.fullmatch(words[0])):
        match = _ASSIGNED.fullmatch(words[0])
        if match is not None:
            setting = _assign(match[1], match[2], setting, found)
        words = words[1:]
    if not words:
        return
    name, arguments = words[0], words[1:]
    if OPAQUE in name or GIVEN in name:
        found.gaps.append("runs a program whose name is computed")
        return _name_all(arguments, setting, found)
    base = os.path.basename(name)  # noqa: PTH119 - a dot is a name here
    program = _program(name, setting)
    own = program is not None and first_line(program).startswith(b"#!")
    if base in QUIET and "/" not in name:
        return _name_all([] if base == "for" else arguments, setting, found, careful=False)
    if name in setting.functions:
        return _name_all(arguments, setting, found, careful=False)
    if "/" in name and own and program is not None:
        found.items.append(("run", program, setting))
        return _name_all(arguments, setting, found)
    if PYTHON.fullmatch(base):
        return _python(arguments, replace(setting, python=str(program or name)), found)
    for known, read in _READERS:
        if base in known:
            return read(base, arguments, setting, found)
    return _other_program(name, program, arguments, setting, found)


def _program(name: str, setting: Setting) -> Path | None:
    if "/" in name:
        found = setting.find(name)
        return found if found is not None and found.is_file() else None
    where = shutil.which(name)
    return None if where is None else Path(where)


def first_line(path: Path) -> bytes:
    """Read the first line of a file; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.readline(300)
    except OSError:
        return b""


def _assign(name: str, value: str, setting: Setting, found: Found) -> Setting:
    if name == "PYTHONPATH":
        if OPAQUE in value or GIVEN in value:
            found.gaps.append("sets PYTHONPATH to a value that is computed")
        return with_modules(setting, value)
    if _REDIRECTING.fullmatch(name):
        found.gaps.append(f"sets {name}")
    found.name(value, setting)
    return setting


def _name_all(words: list[str], setting: Setting, found: Found, *, careful: bool = True) -> None:
    """Record the files that words name.

    Args:
        words: of the command.
        setting: where files are found.
        found: gets files and gaps.
        careful: whether a word that is not known may name a file that is needed.
    """
    for word in words:
        if OPAQUE in word or (GIVEN in word and "/" in word):
            if careful:
                found.gaps.append("has a word that is computed")
        elif GIVEN not in word:
            found.name(word, setting)


def _python(arguments: list[str], setting: Setting, found: Found) -> None:
    at = 0
    while at < len(arguments):
        word, after = arguments[at], arguments[at + 1 :]
        if word in _PYTHON_ONLY:
            return
        if match := re.fullmatch(r"-[bBdEiIOPqsSuvx]*([cm])(.*)", word, re.DOTALL):
            value, rest = (match[2], after) if match[2] else (after[0] if after else OPAQUE, after[1:])
            _python_text(match[1], value, setting, found)
            return _name_all(rest, setting, found)
        if word in _PYTHON_VALUES:
            at += 2
        elif word != "-" and word.startswith("-"):
            at += 1
        else:
            _script(word, setting, found, "python")
            return _name_all(after, setting, found)
    found.gaps.append("reads its code from standard input")


def _python_text(kind: str, value: str, setting: Setting, found: Found) -> None:
    if OPAQUE in value or GIVEN in value:
        found.gaps.append("runs Python code that is computed")
    elif kind == "m":
        found.items.append(("module", value, setting))
    else:
        found.items.append(("python", value, setting))


def _script(word: str, setting: Setting, found: Found, language: str) -> None:
    """Record the script of an interpreter."""
    if word in {"-", "/dev/stdin"}:
        found.gaps.append("reads its code from standard input")
        return
    if OPAQUE in word or GIVEN in word:
        # An argument of the script is a word of the command, which is read by itself.
        if word != GIVEN:
            found.gaps.append("runs a script whose name is computed")
        return
    path = setting.find(word)
    if path is None:
        found.gaps.append(f"runs {word}, which is not found")
    else:
        found.items.append(("run", path, replace(setting, language=language)))


def _shell(_: str, arguments: list[str], setting: Setting, found: Found) -> None:
    at = 0
    while at < len(arguments):
        word, after = arguments[at], arguments[at + 1 :]
        if word in {"--version", "--help"}:
            return
        if word in {"-o", "+o", "-O", "+O", "--rcfile", "--init-file"} or re.fullmatch(r"-[a-zA-Z]*o", word):
            at += 2
            if "c" in word.strip("-+") and not word.startswith("--"):
                arguments[at:at] = ["-c"]
        elif re.fullmatch(r"-[a-zA-Z]*c[a-zA-Z]*", word):
            while after and re.fullmatch(r"[-+][a-zA-Z]+", after[0]):
                after = after[2:] if after[0].endswith("o") else after[1:]
            text = after[0] if after else OPAQUE
            if OPAQUE in text or GIVEN in text:
                found.gaps.append("runs a shell text that is computed")
            else:
                found.items.append(("shell", text, replace(setting, script=None)))
            return _name_all(after[1:], setting, found)
        elif word[:1] in "-+" and word not in {"-", "--"}:
            at += 1
        elif word == "--":
            at += 1
        else:
            _script(word, setting, found, "shell")
            return _name_all(after, setting, found)
    found.gaps.append("reads its code from standard input")


def _wrapper(base: str, arguments: list[str], setting: Setting, found: Found) -> None:
    values, count = WRAPPERS[base]
    at = 0
    while at < len(arguments):
        word = arguments[at]
        if word in {"-S", "--split-string"} or (base == "env" and word.startswith(("-S", "--split-string="))):
            found.gaps.append("has a command in one word (env -S)")
            return
        if base == "env" and word in {"-C", "--chdir"} and at + 1 < len(arguments):
            folder = setting.find(arguments[at + 1])
            if folder is None:
                found.gaps.append(f"changes into {arguments[at + 1]}, which is not found")
            else:
                setting = setting.within(folder)
        if base == "env" and (match := _ASSIGNED.fullmatch(word)):
            setting = _assign(match[1], match[2], setting, found)
            at += 1
        elif word in values:
            at += 2
        elif word.startswith("-"):
            at += 1
        elif count:
            count -= 1
            at += 1
        else:
            return _read(arguments[at:], setting, found)


def _runner(base: str, arguments: list[str], setting: Setting, found: Found) -> None:
    """Read `uv run python s.py` and the like; the packages are those of the project's environment."""
    if not any(word in RUNNERS[base] for word in arguments):
        found.gaps.append(f"runs {base}")
        return _name_all(arguments, setting, found)
    at, ran = 0, False
    while at < len(arguments):
        word = arguments[at]
        if ran and word in {"-m", "--module"} and base == "uv":
            return _read(["python3", "-m", *arguments[at + 1 :]], setting, found)
        if word in {"--project", "--directory", "-C", "-P"} and at + 1 < len(arguments):
            folder = setting.find(arguments[at + 1])
            setting = setting if folder is None else setting.within(folder)
        if word in SILENT_OPTIONS:
            at += 2
        elif word.startswith("-"):
            at += 1
        elif not ran:
            ran = word in RUNNERS[base]
            at += 1
        else:
            break
    python = next((str(path) for folder in setting.folders if (path := folder / ".venv/bin/python").exists()), "")
    rest = arguments[at:]
    if not rest:
        found.gaps.append(f"runs {base}")
    elif rest[0].endswith(".py"):
        _read([python or "python3", *rest], setting, found)
    elif PYTHON.fullmatch(rest[0]):
        _read([python or rest[0], *rest[1:]], setting, found)
    else:
        _read(rest, setting, found)


def _language(base: str, arguments: list[str], setting: Setting, found: Found) -> None:
    """Read the words of an interpreter of another language: a text, or the first word that names a file."""
    for at, word in enumerate(arguments):
        before, equals, value = word.partition("=")
        if word in LANGUAGES[base] or (equals and before in LANGUAGES[base]):
            text = value if equals and before in LANGUAGES[base] else "".join(arguments[at + 1 : at + 2]) or OPAQUE
            if OPAQUE in text or GIVEN in text:
                found.gaps.append(f"runs a text in {base} that is computed")
            else:
                found.items.append(("other", text, setting))
            return _name_all(arguments[:at] + arguments[at + 2 :], setting, found)
        path = None if word.startswith("-") or OPAQUE in word or GIVEN in word else setting.find(word)
        if path is not None and path.is_file():
            found.items.append(("run", path, replace(setting, language="other")))
            return _name_all(arguments[:at] + arguments[at + 1 :], setting, found)
    if not {"--version", "--help"} & set(arguments):
        found.gaps.append(f"runs {base} without a file that is found")
    return _name_all(arguments, setting, found)


def _make(_: str, arguments: list[str], setting: Setting, found: Found) -> None:
    file: Path | None = None
    for word, after in zip(arguments, [*arguments[1:], ""], strict=True):
        if word in {"-C", "--directory"} and (folder := setting.find(after)) is not None:
            setting = setting.within(folder)
        if word in {"-f", "--file", "--makefile"}:
            file = setting.find(after)
    names = ("GNUmakefile", "makefile", "Makefile")
    file = file or next((path for name in names if (path := setting.folders[0] / name).is_file()), None)
    if file is None:
        found.gaps.append("runs make without a makefile that is found")
    else:
        found.items.append(("run", file, replace(setting, language="make")))
    _name_all(arguments, setting, found)


def _source(_: str, arguments: list[str], setting: Setting, found: Found) -> None:
    if arguments:
        _script(arguments[0], setting, found, "shell")
        # What a sourced script sets may decide which files are loaded later.
        found.gaps.append(f"sources {os.path.basename(arguments[0]).replace(OPAQUE, '?').replace(GIVEN, '?')}")  # noqa: PTH119 - no path
    _name_all(arguments[1:], setting, found)


def _elsewhere(base: str, arguments: list[str], setting: Setting, found: Found) -> None:
    found.gaps.append(f"runs {base}")
    _name_all(arguments, setting, found)


def _tool(base: str, arguments: list[str], setting: Setting, found: Found) -> None:
    if base == "find" and any(word.startswith(("-exec", "-ok")) for word in arguments):
        found.gaps.append("runs find -exec")
    _name_all(arguments, setting, found)


def _other_program(name: str, program: Path | None, arguments: list[str], setting: Setting, found: Found) -> None:
    """Read a program that is no well-known tool: a script is read, and a binary counts by its content."""
    if program is None:
        found.gaps.append(f"runs {name}, which is not found")
    elif first_line(program).startswith(b"#!"):
        found.items.append(("run", program, setting))
    else:
        found.items.append(("file", program, setting))
        if "/" not in name or any(program.is_relative_to(folder) for folder in ("/usr", "/bin", "/sbin")):
            found.gaps.append(f"runs {name}, which is no well-known tool")
    _name_all(arguments, setting, found)


_READERS = (
    (SHELLS, _shell),
    (WRAPPERS, _wrapper),
    (RUNNERS, _runner),
    (LANGUAGES, _language),
    (MAKES, _make),
    (frozenset({"source", "."}), _source),
    (EVALUATORS | ELSEWHERE, _elsewhere),
    (TOOLS, _tool),
)
