"""Split the text of a shell script into commands, and fill in the variables that can be known without running it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace

from solvers.tracing.found import Found, Setting
from solvers.tracing.places import OPAQUE
from solvers.tracing.tools import KEYWORDS

__all__ = ["GIVEN", "read_shell"]

GIVEN = "\1"
"""Stands for a value that the run gives: an argument of the script, the seed, a limit, the exit code."""
_NAME = re.compile(r"[A-Za-z_]\w*")
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.DOTALL)
_FUNCTION = re.compile(r"^\s*(?:function\s+([\w.-]+)|([\w.-]+)\s*\(\s*\))", re.MULTILINE)
_GIVEN_NAMES = re.compile(r"NETJIGSAW_\w+|[0-9@*#?$!-]|HOSTNAME|RANDOM|SECONDS|LINENO|TMPDIR|\w+_NUM_THREADS")
_DECLARE = frozenset({"export", "declare", "local", "readonly", "typeset"})
_SEPARATORS = frozenset(";&|()\n")


@dataclass
class _Script:
    """The state of one text while it is read."""

    setting: Setting
    variables: dict[str, str]
    found: Found = field(default_factory=Found)
    words: list[str] = field(default_factory=list)
    commands: list[tuple[str, ...]] = field(default_factory=list)
    heredocs: list[tuple[str, bool]] = field(default_factory=list)

    def end(self) -> None:
        """End a command: note its assignments and a change of folder, and hand on its words."""
        words, self.words = self.words, []
        if not words:
            return
        loose = words[1:] if words[0] in _DECLARE else words
        if words[0] in _DECLARE or all(map(_ASSIGNED.fullmatch, words)):
            for match in filter(None, map(_ASSIGNED.fullmatch, loose)):
                self.variables[match[1]] = match[2]
        if "PYTHONPATH" in self.variables:
            self.setting = with_modules(self.setting, self.variables["PYTHONPATH"])
        self.commands.append(tuple(words))
        self.found.items.append(("words", tuple(words), self.setting))
        plain = [word for word in words if word not in KEYWORDS]
        if plain and plain[0] in {"cd", "pushd"}:
            self._change(plain[1:])
        for word in words:
            path = self.setting.find(word) if word.strip("./") else None
            if path is not None:  # a copy of this file may be used under its own name
                folder = path if path.is_dir() else path.parent
                self.setting = replace(self.setting, folders=tuple(dict.fromkeys((*self.setting.folders, folder))))

    def _change(self, words: list[str]) -> None:
        names = [word for word in words if word[:1] != "-"]
        if not names or OPAQUE in names[0] or GIVEN in names[0]:
            self.found.gaps.append("changes into a folder that is computed")
            return
        folder = self.setting.find(names[0])
        if folder is None or not folder.is_dir():
            self.found.gaps.append(f"changes into {names[0]}, which is not found")
            return
        self.setting = self.setting.within(folder)


def with_modules(setting: Setting, value: str) -> Setting:
    """Look modules up in the folders of a `PYTHONPATH` first."""
    folders = [setting.find(name) for name in value.split(":") if name and name.strip("./") + name]
    known = [folder for folder in folders if folder is not None and folder.is_dir()]
    return replace(setting, modules=tuple(dict.fromkeys((*known, *setting.modules))))


def read_shell(text: str, setting: Setting) -> Found:
    """Read a text as a shell does: its commands as items, in order.

    `OPAQUE` stands in a word for what is not known, `GIVEN` for what the run gives.
    """
    names = {name for match in _FUNCTION.finditer(text) for name in match.groups() if name}
    setting = replace(setting, functions=setting.functions | names)
    script = _Script(setting, {"HOME": os.path.expanduser("~")})  # noqa: PTH111 - of the user who typed the command
    _read(text, script)
    return script.found


def _read(text: str, script: _Script) -> None:
    at = 0
    word: list[str] | None = None
    redirected = ""

    def finish() -> None:
        nonlocal word, redirected
        if word is not None:
            whole = "".join(word)
            if redirected == "<<":
                script.heredocs.append((whole, False))
            elif redirected == "<":
                script.found.name(whole, script.setting)
            elif not redirected:
                script.words.append(whole)
            redirected = ""
        word = None

    while at < len(text):
        char = text[at]
        if char in " \t\r":
            finish()
            at += 1
        elif char in _SEPARATORS:
            finish()
            script.end()
            at += 1
            if char == "\n":
                at = _skip_heredocs(text, at, script)
        elif char == "#" and word is None:
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif char in "<>":
            if word is not None and "".join(word).isdigit():
                word = None  # the number of a stream
            finish()
            if text[at + 1 : at + 2] == "(":  # a process substitution
                inner, at = _enclosed(text, at + 1)
                _read_apart(inner, script)
                word = [OPAQUE]
                continue
            mark = re.match(r"<<<|<<-?|<>|>>|[<>]&?|>\|", text[at:])
            sign = mark[0] if mark else char
            redirected = "<<" if sign in {"<<", "<<-"} else "<" if sign in {"<", "<>"} else ">"
            at += len(sign)
        elif char == "\\":
            if text[at + 1 : at + 2] != "\n":
                word = [*(word or []), text[at + 1 : at + 2]]
            at += 2
        elif char == "'":
            end = text.find("'", at + 1)
            end = len(text) if end < 0 else end
            word = [*(word or []), text[at + 1 : end]]
            at = end + 1
        elif char == '"':
            part, at = _quoted(text, at + 1, script)
            word = [*(word or []), part]
        elif char in "$`":
            part, at = _expanded(text, at, script)
            word = [*(word or []), part]
        elif char in "*?[" and not (char == "[" and word is None):
            word = [*(word or []), OPAQUE]  # a pattern of names
            at += 1
        else:
            word = [*(word or []), char]
            at += 1
    finish()
    script.end()


def _skip_heredocs(text: str, at: int, script: _Script) -> int:
    """Skip the texts after a line with `<<END`."""
    for end, _ in script.heredocs:
        while at < len(text):
            stop = text.find("\n", at)
            stop = len(text) if stop < 0 else stop
            line, at = text[at:stop], stop + 1
            if line.strip() == end:
                break
    script.heredocs.clear()
    return at


def _quoted(text: str, at: int, script: _Script) -> tuple[str, int]:
    """Read up to the closing double quote."""
    parts: list[str] = []
    while at < len(text) and text[at] != '"':
        if text[at] == "\\" and text[at + 1 : at + 2] in {'"', "\\", "$", "`", "\n"}:
            parts.append(text[at + 1].strip("\n"))
            at += 2
        elif text[at] in "$`":
            part, at = _expanded(text, at, script)
            parts.append(part)
        else:
            parts.append(text[at])
            at += 1
    return "".join(parts), at + 1


def _expanded(text: str, at: int, script: _Script) -> tuple[str, int]:
    """Read a variable or a command substitution."""
    if text[at] == "`":
        end = text.find("`", at + 1)
        end = len(text) if end < 0 else end
        return _substituted(text[at + 1 : end], script), end + 1
    if text.startswith("$((", at):
        _, end = _enclosed(text, at + 1)
        return GIVEN, end
    if text.startswith("$(", at):
        inner, end = _enclosed(text, at + 1)
        return _substituted(inner, script), end
    if text.startswith("${", at):
        end = text.find("}", at)
        end = len(text) if end < 0 else end
        return _variable(text[at + 2 : end], script), end + 1
    match = re.match(r"\$(\w+|[@*#?$!-])", text[at:])
    if match is None:
        return "$", at + 1
    name = match[1][0] if match[1][0].isdigit() else match[1]
    return _variable(name, script), at + 1 + len(name)


def _variable(text: str, script: _Script) -> str:
    here = script.setting.script
    name = text.partition("%/*")[0]
    if here is not None and name in {"0", "BASH_SOURCE", "BASH_SOURCE[0]"}:
        return str(here.parent if text.endswith("%/*") else here) if text.removesuffix("%/*") == name else OPAQUE
    name, _, default = text.partition(":-")
    if name == "PWD":
        return str(script.setting.folders[0])
    if name in script.variables:
        return script.variables[name]
    if _GIVEN_NAMES.fullmatch(name):
        return GIVEN
    # Of the user's variables only a few reach a solver, so an unset variable has its default.
    return default if default and _NAME.fullmatch(name) and "$" not in default else OPAQUE


def _enclosed(text: str, at: int) -> tuple[str, int]:
    """Return what stands in the parentheses that open at a position, and the position after them."""
    depth, start, quote = 0, at + 1, ""
    while at < len(text):
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"" and not text.startswith("\\", at - 1):
            quote = char if char == "'" else ""
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if not depth:
                return text[start:at], at + 1
        at += 1
    return text[start:], len(text)


def _read_apart(text: str, script: _Script) -> list[tuple[str, ...]]:
    """Read the text of a subshell, whose assignments end with it; return its commands."""
    inner = _Script(script.setting, dict(script.variables))
    _read(text, inner)
    script.found.items += inner.found.items
    script.found.gaps += inner.found.gaps
    return inner.commands


def _substituted(text: str, script: _Script) -> str:
    """Return the output of a command substitution where it is a path that can be known."""
    commands = [
        [word for word in words if word not in {"--", "-P", "-f", "-e", "-L"}] for words in _read_apart(text, script)
    ]
    if any(OPAQUE in word or GIVEN in word for words in commands for word in words):
        return OPAQUE
    match commands:
        case [["dirname", path]]:
            return os.path.dirname(path) or "."  # noqa: PTH120 - as the command does
        case [["pwd"]]:
            return str(script.setting.folders[0])
        case [["cd", path], ["pwd"]]:
            found = script.setting.find(path)
            return OPAQUE if found is None else str(found)
        case [["realpath" | "readlink", path]]:
            found = script.setting.find(path)
            return OPAQUE if found is None else os.path.realpath(found)
        case [["command", "-v", name]] | [["which", name]]:
            return name
    return OPAQUE
