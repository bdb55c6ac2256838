"""The state of a shell script while it is read: its variables, its current folder, and the commands so far."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from solvers.tracing.found import Found, Setting
from solvers.tracing.places import OPAQUE
from solvers.tracing.tools import KEYWORDS

__all__ = ["GIVEN", "Script", "with_modules"]

GIVEN = "\1"
"""Character that replaces a value of the run: an argument of the script, the seed, a limit, the exit code."""
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.DOTALL)
_DECLARE = frozenset({"export", "declare", "local", "readonly", "typeset"})


@dataclass
class Script:
    """State of one shell text.

    Attributes:
        setting: where the script finds files and modules now.
        variables: value of each known variable.
        found: what the text needs, so far.
        words: words of the present command.
        commands: the commands so far.
    """

    setting: Setting
    variables: dict[str, str]
    found: Found = field(default_factory=Found)
    words: list[str] = field(default_factory=list)
    commands: list[tuple[str, ...]] = field(default_factory=list)

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
        # A program that runs there may read any file of the folder by its name.
        self.found.items.append(("folder", folder, self.setting))
        self.setting = self.setting.within(folder)


def with_modules(setting: Setting, value: str) -> Setting:
    """Add the folders of a `PYTHONPATH`, which are searched first for modules."""
    folders = [setting.find(name) for name in value.split(":") if name and name.strip("./") + name]
    known = [folder for folder in folders if folder is not None and folder.is_dir()]
    return replace(setting, modules=tuple(dict.fromkeys((*known, *setting.modules))))
