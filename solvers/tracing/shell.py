"""Split the text of a shell script into commands, and fill in the variables that can be known without running it."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from solvers.tracing.places import OPAQUE
from solvers.tracing.script import GIVEN, Script

if TYPE_CHECKING:
    from solvers.tracing.found import Found, Setting

__all__ = ["read_shell"]

_NAME = re.compile(r"[A-Za-z_]\w*")
_REDIRECTED = re.compile(r"<<<|<<-?|<>|>>|>\||[<>]&?")
_VARIABLE = re.compile(r"\$(\w+|[@*#?$!-])")
_PLAIN = re.compile(r"[^ \t\r;&|()\n<>$`*?\[#\\'\"]+")
"""Characters that are not special to a shell, see `_ACTIONS`."""
_FUNCTION = re.compile(r"^\s*(?:function\s+([\w.-]+)|([\w.-]+)\s*\(\s*\))", re.MULTILINE)
_GIVEN_NAMES = re.compile(r"NETJIGSAW_\w+|[0-9@*#?$!-]|HOSTNAME|RANDOM|SECONDS|LINENO|TMPDIR|\w+_NUM_THREADS")


def read_shell(text: str, setting: Setting) -> Found:
    """Read a text as a shell does: its commands as items, in order.

    In a word, `OPAQUE` replaces a part that is not known, and `GIVEN` a value of the run.
    """
    names = {name for match in _FUNCTION.finditer(text) for name in match.groups() if name}
    setting = replace(setting, functions=setting.functions | names)
    script = Script(setting, {"HOME": os.path.expanduser("~")})  # noqa: PTH111 - of the user who typed the command
    try:
        _read(text, script)
    except RecursionError:
        script.found.gaps.append("is nested too deeply to be read")
    return script.found


def _read(text: str, script: Script) -> None:
    """Read a text into commands."""
    reader = _Reader(text, script)
    while reader.at < len(text):
        char = text[reader.at]
        _ACTIONS.get(char, _Reader.plain)(reader, char)
    reader.finish()
    script.end()


class _Reader:
    """Reads a text character by character; a class because a word grows over several steps."""

    def __init__(self, text: str, script: Script) -> None:
        self.text, self.script = text, script
        self.at = 0
        self._word: list[str] | None = None
        self._sign = ""  # the redirection that the word belongs to
        self._heredocs: list[str] = []
        self._depth = 0
        self._in_pattern = False

    def finish(self) -> None:
        """End a word."""
        if self._word is None:
            return
        word, sign, self._word, self._sign = "".join(self._word), self._sign, None, ""
        if sign == "<<":
            self._heredocs.append(word)
        elif sign == "<" and OPAQUE in word:
            self.script.found.gaps.append("has a word that is computed")
        elif sign == "<":
            self.script.found.name(word, self.script.setting)
        elif not sign:
            self.script.words.append(word)

    def _add(self, part: str, at: int) -> None:
        if self._word is None:
            self._word = []
        self._word.append(part)
        self.at = at

    def plain(self, char: str) -> None:
        match = _PLAIN.match(self.text, self.at)
        self._add(*((char, self.at + 1) if match is None else (match[0], match.end())))

    def blank(self, _: str) -> None:
        self.finish()
        self.at += 1

    def separator(self, char: str) -> None:
        self.finish()
        words = self.script.words
        self._depth += {"(": 1, ")": -1}.get(char, 0)
        if self._depth < 0:  # the words before are a pattern of `case`
            self._depth, self._in_pattern = 0, False
            words.clear()
        if self._in_pattern and "esac" not in words:
            self.at += 1
            return
        self._in_pattern = self.text.startswith(";;", self.at) or (words[:1] == ["case"] and words[-1] == "in")
        self.script.end()
        self.at += 1
        if char == "\n":
            self._skip_heredocs()

    def _skip_heredocs(self) -> None:
        """Skip the texts after a line with `<<END`."""
        for end in self._heredocs:
            while self.at < len(self.text):
                stop = _end_of(self.text, "\n", self.at)
                line, self.at = self.text[self.at : stop], stop + 1
                if line.strip() == end:
                    break
                if "$(" in line or "`" in line:
                    self.script.found.gaps.append("has a command within a text")
        self._heredocs.clear()

    def comment(self, char: str) -> None:
        if self._word is not None:
            return self.plain(char)
        self.at = _end_of(self.text, "\n", self.at)
        return None

    def redirection(self, char: str) -> None:
        if self._word is not None and "".join(self._word).isdigit():
            self._word = None  # the number of a stream
        self.finish()
        if self.text[self.at + 1 : self.at + 2] == "(":  # a process substitution
            inner, at = _enclosed(self.text, self.at + 1)
            _read_subshell(inner, self.script)
            return self._add(OPAQUE, at)
        match = _REDIRECTED.match(self.text, self.at)
        sign = match[0] if match else char
        self._sign = "<<" if sign in {"<<", "<<-"} else "<" if sign in {"<", "<>"} else ">"
        self.at += len(sign)
        return None

    def escape(self, _: str) -> None:
        escaped = self.text[self.at + 1 : self.at + 2]
        if escaped == "\n":
            self.at += 2
        else:
            self._add(escaped, self.at + 2)

    def single(self, _: str) -> None:
        end = _end_of(self.text, "'", self.at + 1)
        self._add(self.text[self.at + 1 : end], end + 1)

    def double(self, _: str) -> None:
        self._add(*_quoted(self.text, self.at + 1, self.script))

    def expansion(self, _: str) -> None:
        self._add(*_expanded(self.text, self.at, self.script))

    def pattern(self, char: str) -> None:
        """Read a pattern of names; `[` at the start of a word is a command."""
        self._add(char if char == "[" and self._word in (None, ["["]) else OPAQUE, self.at + 1)


_ACTIONS = {
    **dict.fromkeys(" \t\r", _Reader.blank),
    **dict.fromkeys(";&|()\n", _Reader.separator),
    **dict.fromkeys("<>", _Reader.redirection),
    **dict.fromkeys("$`", _Reader.expansion),
    **dict.fromkeys("*?[", _Reader.pattern),
    "#": _Reader.comment,
    "\\": _Reader.escape,
    "'": _Reader.single,
    '"': _Reader.double,
}
"""Reader of each character that is special to a shell."""


def _end_of(text: str, sign: str, at: int) -> int:
    end = text.find(sign, at)
    return len(text) if end < 0 else end


def _quoted(text: str, at: int, script: Script) -> tuple[str, int]:
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


def _expanded(text: str, at: int, script: Script) -> tuple[str, int]:
    """Read a variable or a command substitution."""
    if text[at] == "`":
        end = _end_of(text, "`", at + 1)
        return _substituted(text[at + 1 : end], script), end + 1
    if text.startswith("$((", at):
        _, end = _enclosed(text, at + 1)
        return GIVEN, end
    if text.startswith("$(", at):
        inner, end = _enclosed(text, at + 1)
        return _substituted(inner, script), end
    if text.startswith("${", at):
        end = _end_of(text, "}", at)
        return _variable(text[at + 2 : end], script), end + 1
    match = _VARIABLE.match(text, at)
    if match is None:
        return "$", at + 1
    name = match[1][0] if match[1][0].isdigit() else match[1]
    return _variable(name, script), at + 1 + len(name)


def _variable(text: str, script: Script) -> str:
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
    # Only a few of the user's variables reach a solver, so an unset variable has its default.
    return default if default and _NAME.fullmatch(name) and "$" not in default else OPAQUE


def _enclosed(text: str, at: int) -> tuple[str, int]:
    """Return the text in the parentheses that open at a position, and the position after them."""
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


def _read_subshell(text: str, script: Script) -> list[tuple[str, ...]]:
    """Read the text of a subshell, whose assignments do not outlive it; return its commands."""
    inner = Script(script.setting, dict(script.variables))
    _read(text, inner)
    only_path = [words[0] for words in inner.commands] == ["cd", "pwd"]  # nothing runs in that folder
    script.found.items += [item for item in inner.found.items if not (only_path and item[0] == "folder")]
    script.found.gaps += inner.found.gaps
    return inner.commands


def _substituted(text: str, script: Script) -> str:  # noqa: PLR0911 - one return for each known command
    """Return the output of a command substitution where it is a path that can be known."""
    commands = [
        [word for word in words if word not in {"--", "-P", "-f", "-e", "-L"}] for words in _read_subshell(text, script)
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
