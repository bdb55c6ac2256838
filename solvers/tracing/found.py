"""Input and result of one step of a trace."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Found", "Item", "Kind", "Setting", "absolute", "is_own", "parted_path"]

LONGEST_PATH = 4000
"""Characters of the longest name that is looked up. Hand-set, near the limit of Linux."""

Kind = Literal["words", "shell", "python", "module", "other", "run", "file", "import", "folder"]
"""Kind of an item: words of a command; a text for a shell, for Python or in another language; a Python module by name;
a file that is run; a file that is named; a Python file that is imported; a folder that is named."""
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/dev", "/proc", "/sys", "/etc", "/run")
"""Folders whose files are no part of a solver."""


@dataclass(frozen=True)
class Setting:
    """Folders and settings by which a command or a script finds files and modules.

    Attributes:
        folders: folders in which relative names are looked up, in this order; the first is the current folder.
        modules: folders in which Python modules are looked up first, as in `PYTHONPATH`.
        python: interpreter whose packages are installed.
        followed: installed packages whose files count as the solver's.
        functions: functions of a shell script, which are no programs.
        script: the shell script, for `$0`.
        language: language of a file that is run, for a file whose name does not show it.
    """

    folders: tuple[Path, ...]
    modules: tuple[Path, ...] = ()
    python: str = "python3"
    followed: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    script: Path | None = None
    language: str = ""

    def find(self, name: str) -> Path | None:
        """Find a file or folder by a relative or absolute name. Links are not resolved."""
        return next(self.find_all(name), None)

    def find_all(self, name: str) -> Iterator[Path]:
        """Find the files and folders of a name in all folders."""
        if not name or "\0" in name or len(name) > LONGEST_PATH:
            return
        for folder in self.folders:
            path = Path(os.path.normpath(folder / os.path.expanduser(name)))  # noqa: PTH111 - an unknown user is no error
            with contextlib.suppress(OSError):
                if path.exists():
                    yield path

    def within(self, *folders: Path) -> Setting:
        """Look names up in these folders first."""
        return replace(self, folders=tuple(dict.fromkeys((*folders, *self.folders))))

    def beside(self, file: Path) -> Setting:
        """Look names up beside a file as well: a link's own folder, and that of its target."""
        home = (file.parent, Path(os.path.realpath(file)).parent)
        return replace(self, folders=tuple(dict.fromkeys((*self.folders, *home))))


Item = tuple[Kind, "str | tuple[str, ...] | Path", Setting]


@dataclass
class Found:
    """Result of a step: items for further steps, and gaps, the reasons why there may be more files."""

    items: list[Item] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)

    def name(self, word: str, setting: Setting) -> None:
        """Record a word that may name a file or folder, also as `--option=path` or `NAME=path`."""
        for text in dict.fromkeys((word, parted_path(word))):
            path = setting.find(text) if text.strip("./") else None
            if path is not None:
                self.items.append(("folder" if path.is_dir() else "file", path, setting))
                return
            if text.startswith(("/", "~")) and _begins_files(text):
                self.gaps.append("has a word that only begins like the name of a file")
                return


def _begins_files(text: str) -> bool:
    """Tell whether a path that does not exist begins like files that do, or is a pattern of their names."""
    path = Path(os.path.expanduser(text))  # noqa: PTH111 - an unknown user is no error
    start = re.split(r"[*?\[{%]", path.name)[0]
    with contextlib.suppress(OSError):
        return any(other.startswith(start) for other in os.listdir(path.parent))  # noqa: PTH208 - names only
    return False


def parted_path(word: str) -> str:
    """Return the path in `--option=path` and `NAME=path`; any other word is a path."""
    before, equals, path = word.partition("=")
    return path if equals and before.lstrip("-").replace("-", "_").isidentifier() else word


def absolute(text: str) -> Path | None:
    """Return an absolute path that exists outside of the system's folders."""
    if not text.startswith(("/", "~/")) or not text.isprintable():
        return None
    path = Path(text).expanduser()
    try:
        exists = path.exists()
    except OSError:
        return None
    return path if exists and is_own(path) else None


def is_own(path: Path) -> bool:
    """Tell whether a path may be the user's, and is neither the root nor the folder of temporary files."""
    return str(path) not in {"/", gettempdir()} and not any(path.is_relative_to(folder) for folder in _SYSTEM)
