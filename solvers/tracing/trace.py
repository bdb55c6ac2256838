"""Trace a command to the files that it needs, step by step, from its words over its scripts to their modules."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from generator.home import HOME
from solvers.source import OWN, files_of_source
from solvers.tracing.found import Found, Item, Kind, Setting
from solvers.tracing.languages import language_of
from solvers.tracing.modules import files_of_module, locate
from solvers.tracing.shell import read_shell
from solvers.tracing.syntax import gaps_of_sharing, imports_of, read_python
from solvers.tracing.texts import files_in_data, read_makefile, read_text
from solvers.tracing.words import read_words

if TYPE_CHECKING:
    from solvers.tracing.syntax import Imported, Reading

__all__ = ["Trace", "trace_command"]

LARGEST_MIB = 256.0
"""MiB of a folder's files that are digested; a larger folder is not covered. Hand-set."""
MOST_FILES = 2000
"""Files of one folder, or of one command, that are digested; more are not covered. Hand-set."""
_OURS = frozenset({*OWN, "netjigsaw", "benchmark", "leaderboard"})
MOST_STEPS = 20_000
"""Most steps of one trace. Hand-set; bounds the time for scripts that call each other from many folders."""
_STORE = "rows-*.jsonl"
"""Files of a result store, which solvers cannot see, and which changes with every run."""
_LONGEST_SCRIPT = 1 << 20
"""Bytes of the longest script that is read; a longer file counts as data. Hand-set: reading takes up to 5 s a MiB."""


@dataclass(frozen=True)
class Trace:
    """Files that a command needs.

    Attributes:
        files: every file found, in the order in which they were found: a script before what it needs.
        gaps: reasons why the command may need more files, in the order in which they were found.
    """

    files: tuple[Path, ...]
    gaps: tuple[str, ...]

    @property
    def digests(self) -> list[str]:
        """Digest the content of each file, sorted, so that the paths do not count."""
        digests = []
        for path in self.files:
            with contextlib.suppress(OSError), path.open("rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        return sorted(digests)


def trace_command(words: tuple[str, ...], folder: Path) -> Trace:
    """Find the files that a command needs.

    Args:
        words: the command, split into words.
        folder: the folder in which the command was typed.
    """
    tracer = _Tracer()
    tracer.follow(("words", words, Setting((folder,))))
    gaps = dict.fromkeys((*tracer.gaps, *gaps_of_sharing(tracer.sources)))
    return Trace(tuple(tracer.files), tuple(gaps))


class _Tracer:
    """Follows items until nothing new is found; a class because each step adds to the same files and gaps."""

    def __init__(self) -> None:
        self.files: dict[Path, None] = {}
        self.gaps: dict[str, None] = {}
        self._seen: set[tuple[str, object, Setting]] = set()
        self.sources: list[tuple[str, Reading]] = []

    def follow(self, first: Item) -> None:
        """Follow an item, and the items that it leads to."""
        waiting = [first]
        while waiting:
            item = waiting.pop()
            if item in self._seen:
                continue
            self._seen.add(item)
            if len(self.files) > MOST_FILES or len(self._seen) > MOST_STEPS:
                self.gaps["the command leads to too many files"] = None
                return
            waiting += reversed(self._step(item))

    def _step(self, item: Item) -> list[Item]:
        match item:
            case ("words", tuple(words), setting):
                return self._note(read_words(words, setting), "the command", setting)
            case ("shell" | "other" as language, str(text), setting):
                return self._note(_READERS[language](text, setting), "the command", setting)
            case ("python", str(text), setting):
                roots = (*setting.folders, *setting.modules)
                return self._python(
                    text.encode("utf-8", "surrogateescape"), None, replace(setting, modules=tuple(dict.fromkeys(roots)))
                )
            case ("module", str(name), setting):
                return self._module(name, setting)
            case ("file" | "import" | "run" as kind, Path() as path, setting):
                return self._file(path, setting if kind == "run" else replace(setting, language=""), kind)
            case ("folder", Path() as path, _):
                self._folder(path)
        return []

    def _note(self, found: Found, who: str, setting: Setting) -> list[Item]:
        name = setting.script.name if setting.script is not None else who
        self.gaps |= dict.fromkeys(f"{name} {gap}" for gap in found.gaps)
        return found.items

    def _file(self, path: Path, setting: Setting, kind: Kind) -> list[Item]:
        """Record a file, and read it if it is a script."""
        if path.is_dir():
            main = path / "__main__.py"
            if main.is_file():
                return [("run", main, replace(setting, language="python"))]
            self.gaps[f"{path.name}/ has no __main__.py"] = None
        elif kind == "run" and not path.is_file():
            self.gaps[f"{path.name} is no file that can be digested"] = None
        if not path.is_file():
            return []
        try:
            with path.open("rb") as file:
                content = file.read() if path.stat().st_size <= _LONGEST_SCRIPT else b""
        except OSError as error:
            self.gaps[f"{path.name} cannot be read ({error.strerror})"] = None
            return []
        self.files[path] = None
        language, python = language_of(path, setting.language)
        if kind == "run" and not language and content and b"\0" not in content:
            language = "other"
        if (language or kind == "run") and not content and path.stat().st_size:
            self.gaps[f"{path.name} is too long to be read as a script"] = None
        setting = replace(setting, language="", python=python or setting.python)
        if language == "python":
            return self._script(content, path, setting, kind)
        if not language and b"\0" not in content:  # settings may name more files
            return [("file", named, setting) for named in files_in_data(content.decode("utf-8", "replace"))]
        return self._text(content.decode("utf-8", "replace"), path, setting, language)

    def _text(self, text: str, path: Path, setting: Setting, language: str) -> list[Item]:
        """Read a script that is not in Python."""
        setting = replace(setting.beside(path), script=path, functions=frozenset())
        if language in _READERS:
            return self._note(_READERS[language](text, setting), "", setting)
        if language:
            self.gaps[f"{path.name} is run by {language}"] = None
        return []

    def _script(self, content: bytes, path: Path, setting: Setting, kind: Kind) -> list[Item]:
        """Read a Python file; an imported file finds modules in the same folders as the script that imports it."""
        if Path(setting.python).parent == path.parent:  # a script that the installation of a package put there
            tops = (one.name.partition(".")[0] for one in imports_of(content))
            setting = replace(setting, followed=setting.followed.union(tops))
        # The folder of a script is that of its target if it is a link.
        home = () if kind == "import" else (path.parent, Path(os.path.realpath(path)).parent)
        modules = tuple(dict.fromkeys((*home, *setting.modules)))
        return self._python(content, path, replace(setting, modules=modules, script=None))

    def _python(self, source: bytes, path: Path | None, setting: Setting) -> list[Item]:
        """Follow a Python source: what it imports, runs and names."""
        name = "the command" if path is None else path.name
        reading = read_python(source, path)
        self.gaps |= dict.fromkeys(f"{name} {doubt}" for doubt in reading.doubts)
        self.sources.append((name, reading))
        setting = replace(setting, modules=tuple(dict.fromkeys((*setting.modules, *reading.roots))))
        beside = setting if path is None else setting.beside(path)
        items: list[Item] = [("file", place, setting) for place in reading.places]
        for text in reading.texts:
            items += [("file", found, setting) for found in beside.find_all(text) if found.is_file()]
        for command in reading.commands:
            inner = replace(beside, script=path)
            items.append(("words", command, inner) if isinstance(command, tuple) else ("shell", command, inner))
        for one in reading.imports:
            items += self._imported(one, path, setting)
        return items

    def _imported(self, one: Imported, path: Path | None, setting: Setting) -> list[Item]:
        if one.level:
            if path is None or one.level > len(path.parents):
                return []
            folder = path.parents[one.level - 1]
            own = [folder / "__init__.py"] if (folder / "__init__.py").is_file() else []
            return _python_files((*own, *files_of_module(folder, one.name)), setting)
        top = one.name.partition(".")[0]
        located = locate(one.name, setting.modules, setting.python, setting.followed, _OURS)
        if top in _OURS and not located.files:
            for file in _ours(one.name):
                self.files |= dict.fromkeys(files_of_source(file))
            return []
        if not located.found and not one.guarded:
            who = "the command" if path is None else path.name
            self.gaps[f"{who} imports {one.name}, which is not found"] = None
        return _python_files(located.files, setting)

    def _module(self, name: str, setting: Setting) -> list[Item]:
        """Follow `python -m name`, also where the module is installed: then its package is the solver."""
        roots = tuple(dict.fromkeys((*setting.folders, *setting.modules)))
        setting = replace(setting, modules=roots, followed=setting.followed | {name.partition(".")[0]})
        files = [*locate(name, roots, setting.python, setting.followed).files]
        files += locate(f"{name}.__main__", roots, setting.python, setting.followed).files
        if not files:
            known = locate(name, roots, setting.python).found
            why = "whose files are not followed" if known else "which is not found"
            self.gaps[f"the command runs the module {name}, {why}"] = None
        return _python_files(tuple(files), setting)

    def _folder(self, path: Path) -> None:
        """Record the files of a folder that the command names."""
        main = path / "__main__.py"
        if main.is_file():
            self.follow(("run", main, Setting((path,))))
        found: list[Path] = []
        size = 0
        for place, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.startswith("."))
            if any(fnmatch(name, _STORE) for name in names) or (Path(place) != path and "pyvenv.cfg" in names):
                folders.clear()
                continue
            if any(Path(place, name).is_symlink() for name in folders):
                self.gaps[f"the folder {path.name}/ has a link to a folder"] = None
            for file in (Path(place, name) for name in sorted(names)):
                if file.is_file():
                    found.append(file)
                    size += file.stat().st_size
            if len(found) > MOST_FILES or size > LARGEST_MIB * 2**20:
                self.gaps[f"the folder {path.name}/ is too large to digest"] = None
                return
        self.files |= dict.fromkeys(found)


_READERS = {"shell": read_shell, "make": read_makefile, "other": read_text}


def _python_files(files: tuple[Path, ...], setting: Setting) -> list[Item]:
    return [("import", file, setting) for file in files]


def _ours(name: str) -> tuple[Path, ...]:
    """List the files of a module of netjigsaw that count towards a solver's digest."""
    return files_of_module(HOME, name) if name.partition(".")[0] in OWN else ()
