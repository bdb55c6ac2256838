"""Find the files that makefiles, and texts in languages other than Python and shell, name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from solvers.tracing.found import Found, Setting, absolute
from solvers.tracing.places import OPAQUE

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["files_in_data", "read_makefile", "read_text"]

LONGEST_NAME = 300
"""Characters of the longest quoted text that is looked up as a file's name. Hand-set."""
_QUOTED = re.compile(r"""(["'])((?:(?!\1)[^\\\n])*)\1""")
_WORD = re.compile(r"[\w./~+-]*[\w/][\w./~+-]*")
_ABSOLUTE = re.compile(r"(?<![\w./~-])~?/(?:[\w.+-]+/)*[\w.+-]*\w")
_LOADS = re.compile(
    r"(?<![\w.-])(?:include|include_once|require_once|source|require_relative|load|dofile|loadfile|sys\.source|do)\b"
    r"(?!\s*[={])\s*[(\"'@]"
)
"""Calls that load a file of the solver, in Julia, R, Ruby, Lua, PHP, Perl and Lisp."""
_MODULE = re.compile(r"""(?<![\w.-])(?:require|import|from|use|using)\b\s*\(?\s*(["'])(\.{1,2}/[^"'\n]*)\1""")
"""Statements that load a module by a relative path."""
_DOUBTS = {
    "runs a command": re.compile(
        r"(?<![\w.])(?:eval|exec|execSync|execFile|spawn|spawnSync|system|popen|pipeline|shell_exec|passthru|run)"
        r"\s*[(`\"']|%x|qx|child_process"
    ),
    "loads a module whose name is computed": re.compile(r"(?<![\w.-])(?:require|import)\s*\(\s*[^\"'\s)]"),
    "changes where modules are found": re.compile(
        r"\buse\s+lib\b|@INC|LOAD_PATH|\$:|package\.c?path|libPaths|include_path|addpath|Pkg\.activate"
    ),
    "lists a folder": re.compile(r"readdir|Dir\.|\bglob\b|list\.files|opendir"),
}
"""Text of the gap, and pattern of the lines that may need unknown files."""
_PLACE = re.compile(r"__dirname|__filename|__DIR__|__FILE__|@__FILE__|FindBin|import\.meta|commandArgs|mfilename")
"""Names that give the path of the script."""
_ENDINGS = ("", ".js", ".mjs", ".cjs", ".ts", ".json", ".rb", ".lua", ".jl", ".R", "/index.js", "/index.ts")
_MAKE_ASSIGNED = re.compile(r"^(?:export\s+)?([\w.-]+)\s*(?:::?|[?+])?=\s*(.*)$")
_MAKE_NAMED = re.compile(r"\$[({]([\w.-]+)[)}]|\$([@<^*?+%])|\$\$|\$[({]")


def read_text(text: str, setting: Setting) -> Found:
    """Read a text in another language: quoted texts and words that name files, and loads of files not found."""
    found = Found()
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith(("#!", "//")):
            continue
        quoted = [match[2] for match in _QUOTED.finditer(line) if 0 < len(match[2]) <= LONGEST_NAME]
        quoted += [f"./{name}" for name in quoted if "require_relative" in line]  # its names lack the ending
        names = [name for name in dict.fromkeys((*quoted, *_WORD.findall(line))) if len(name) <= LONGEST_NAME]
        here = {name: files for name in names if (files := _files(name, setting))}
        found.items += [("file", path, setting) for files in here.values() for path in files]
        found.gaps += [
            f"loads {match[2]}, which is not found" for match in _MODULE.finditer(line) if match[2] not in here
        ]
        found.gaps += [doubt for doubt, pattern in _DOUBTS.items() if pattern.search(line)]
        if (_LOADS.search(line) or _PLACE.search(line)) and not any(name in here for name in quoted):
            found.gaps.append("loads a file that is not found")
    return found


def files_in_data(text: str) -> list[Path]:
    """List the files that a text, such as a file of settings, names by absolute paths."""
    paths = map(absolute, dict.fromkeys(_ABSOLUTE.findall(text)))
    return [path for path in paths if path is not None and path.is_file()]


def _files(name: str, setting: Setting) -> list[Path]:
    """Find the files of a name that may lack its ending, or its dot, as in `__dirname + "/x.js"`."""
    if not name.strip("./~"):
        return []
    endings = _ENDINGS if name.startswith(("./", "../")) else ("",)
    spellings = (name, f".{name}") if name.startswith("/") else (name,)
    texts = [f"{spelling}{ending}" for spelling in spellings for ending in endings]
    return [path for text in texts for path in setting.find_all(text) if path.is_file()]


def read_makefile(text: str, setting: Setting) -> Found:
    """Read a makefile: its recipes as texts for a shell, and the files that its rules name."""
    found, variables = Found(), {"MAKE": "make", "CURDIR": str(setting.folders[0]), "SHELL": "sh"}
    recipes: list[str] = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("\t"):
            recipes.append(_filled(line.strip().lstrip("@-+"), variables))
        elif match := _MAKE_ASSIGNED.match(line):
            variables[match[1]] = _filled(match[2].split(" #")[0].strip(), variables)
        elif line.startswith(("include ", "-include ", "sinclude ")):
            found.gaps.append("includes another makefile")
            for word in line.split()[1:]:
                found.name(_filled(word, variables), setting)
        elif line.strip() and not line.lstrip().startswith("#"):
            for word in _filled(line, variables).replace(":", " ").split():
                if OPAQUE not in word:
                    found.name(word, setting)
    if any(OPAQUE in recipe for recipe in recipes):
        found.gaps.append("has a recipe with a value that is computed")
    found.items += [("shell", recipe.replace(OPAQUE, "$NETJIGSAW_"), setting) for recipe in recipes if recipe]
    return found


def _filled(text: str, variables: dict[str, str]) -> str:
    """Fill in a makefile's variables; `OPAQUE` replaces an unknown value."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return variables.get(match[1] or "", OPAQUE)

    return _MAKE_NAMED.sub(value, text)
