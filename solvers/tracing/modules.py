"""Find the files of Python modules: along the folders of a program, and in the packages of its interpreter."""

from __future__ import annotations

import ast
import os
import re
import shutil
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

__all__ = ["Located", "files_of_module", "locate", "package_root"]

_INSTALLED = ("site-packages", "dist-packages")
_ENDINGS = (".py", ".pyc", "/__init__.py", "/__init__.pyc")
_MAPPING = re.compile(r"^MAPPING[^=\n]*=\s*(\{.*?\})\s*$", re.MULTILINE | re.DOTALL)
"""Pattern of the lines in which an editable installation names the folders of its packages."""


@dataclass(frozen=True)
class Located:
    """Files of a module.

    Attributes:
        files: the files of the module and of the packages that hold it.
        found: whether there is such a module.
    """

    files: tuple[Path, ...] = ()
    found: bool = True


def files_of_module(root: Path, name: str) -> tuple[Path, ...]:
    """List the files of a dotted module under a folder: the module, and the `__init__` of each package above it."""
    files: list[Path] = []
    parts = name.split(".") if name else []
    for count in range(1, len(parts) + 1):
        stem = root.joinpath(*parts[:count])
        here = [path for ending in _ENDINGS if (path := Path(f"{stem}{ending}")).is_file()]
        if not here and stem.parent.is_dir():
            here += [path for path in stem.parent.glob(f"{stem.name}.*.so") if path.is_file()]
            here += [path for path in (stem.with_name(f"{stem.name}.so"),) if path.is_file()]
        if not here and not stem.is_dir():
            break
        files += here
    return tuple(files)


def locate(  # noqa: PLR0911 - one return for each kind of folder that may hold a module
    name: str,
    roots: tuple[Path, ...],
    python: str,
    followed: frozenset[str] = frozenset(),
    tools: frozenset[str] = frozenset(),
) -> Located:
    """Find an absolute import.

    Args:
        name: dotted name.
        roots: folders in which the program looks first.
        python: the interpreter, as in the command.
        followed: installed packages whose files count as the solver's.
        tools: packages whose files do not count unless they are in `roots`.
    """
    top = name.partition(".")[0]
    for root in roots:
        if files := files_of_module(root, name):
            return Located(files)
    if any(_holds_modules(root / top) for root in roots):  # a package without `__init__`, found after all others
        return Located()
    if top in sys.stdlib_module_names or top in tools:
        return Located()
    installed, own = _search_path(python if "/" in python else shutil.which(python) or "")
    for root in own:
        if files := files_of_module(root, name):
            return Located(files)
    for folder in installed:
        if top in (editable := _editable(folder)):
            return Located(files_of_module(editable[top], name))
        if (folder / top).is_dir() or files_of_module(folder, top):
            return Located(files_of_module(folder, name) if top in followed else ())
    return Located(found=False)


def package_root(file: Path) -> Path:
    """Return the folder that holds a file's outermost package; its own folder if it is in none."""
    folder = file.parent
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        folder = folder.parent
    return folder


def _holds_modules(folder: Path) -> bool:
    return folder.is_dir() and any(folder.glob("*.py"))


@lru_cache(maxsize=64)
def _search_path(program: str) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """List an interpreter's folders of installed packages, and the folders that its .pth files add."""
    # Links are not resolved first: a virtual environment is found by the path of the link.
    prefixes = [Path(program).parent.parent, Path(os.path.realpath(program)).parent.parent] if program else []
    if not program:
        prefixes.append(Path(sys.prefix))
    if program and Path(program).parent.name == "shims":  # the interpreter that a shim of pyenv runs is unknown
        prefixes += sorted(Path(program).parent.parent.glob("versions/*"))
    installed: dict[Path, None] = {}
    own: dict[Path, None] = {}
    for prefix in dict.fromkeys(prefixes):
        for kind in _INSTALLED:
            for pattern in (f"lib*/python3*/{kind}", f"lib/python3/{kind}", f"local/lib/python3*/{kind}"):
                installed |= dict.fromkeys(sorted(prefix.glob(pattern)))
    for folder in list(installed):
        for line in _lines(folder):
            path = folder / line
            if path.is_dir():
                (installed if path.name in _INSTALLED else own)[path] = None
    return tuple(installed), tuple(own)


def _lines(folder: Path) -> list[str]:
    texts = [path.read_text("utf-8", "replace") for path in sorted(folder.glob("*.pth"))]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith(("#", "import ", "import\t"))]


@lru_cache(maxsize=64)
def _editable(folder: Path) -> dict[str, Path]:
    """Map packages that are installed in editable mode to the folder that holds each."""
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("__editable__*_finder.py")):
        match = _MAPPING.search(path.read_text("utf-8", "replace"))
        if match is None:
            continue
        try:
            mapping = ast.literal_eval(match[1])
        except (ValueError, SyntaxError):
            continue
        found |= {str(name): Path(str(place)).parent for name, place in mapping.items()}
    return found
