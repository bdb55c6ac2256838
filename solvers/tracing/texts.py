"""Read makefiles, and texts in languages other than Python and shell: which files they name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from solvers.tracing.found import Found, Setting
from solvers.tracing.places import OPAQUE

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_makefile", "read_text"]

LONGEST_NAME = 300
"""Characters of the longest quoted text that is looked up as a file's name. Hand-set."""
_QUOTED = re.compile(r"""(["'])((?:(?!\1)[^\\\n])*)\1""")
_WORD = re.compile(r"[\w./~+-]*[\w/][\w./~+-]*")
_LOADS = re.compile(
    r"(?<![\w.-])(include|source|require_relative|load|dofile|loadfile|sys\.source|do)\b(?!\s*[={])\s*[(\"'@]"
)
"""Loading a file of the solver, in Julia, R, Ruby, Lua, PHP, Perl, Lisp."""
_MODULE = re.compile(r"""(?<![\w.-])(?:require|import|from|use|using)\b\s*\(?\s*(["'])(\.{1,2}/[^"'\n]*)\1""")
"""Loading a module by a relative path."""
_RUNS = re.compile(
    r"(?<![\w.])(eval|exec|execSync|execFile|spawn|spawnSync|system|popen|pipeline|shell_exec|passthru|run)\s*[(`\"']|%x"
)
"""Running a text or a program."""
_PLACE = re.compile(
    r"__dirname|__DIR__|__FILE__|@__FILE__|FindBin|import\.meta|commandArgs|readdir|Dir\.|glob|list\.files"
)
"""Reading files by the place of the script, or listing a folder."""
_ENDINGS = ("", ".js", ".mjs", ".cjs", ".ts", ".json", ".rb", ".lua", ".jl", ".R", "/index.js", "/index.ts")
_MAKE_ASSIGNED = re.compile(r"^(?:export\s+)?([\w.-]+)\s*(?:::?|[?+])?=\s*(.*)$")
_MAKE_NAMED = re.compile(r"\$[({]([\w.-]+)[)}]|\$([@<^*?+%])|\$\$|\$[({]")


def read_text(text: str, setting: Setting) -> Found:
    """Read a text in another language: every quoted text and word that names a file, and loads that name none."""
    found = Found()
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith(("#!", "//")):
            continue
        quoted = [match[2] for match in _QUOTED.finditer(line) if 0 < len(match[2]) <= LONGEST_NAME]
        names = [name for name in dict.fromkeys((*quoted, *_WORD.findall(line))) if len(name) <= LONGEST_NAME]
        here = {name: path for name in names if (path := _file(name, setting)) is not None}
        found.items += [("file", path, setting) for path in here.values()]
        for match in _MODULE.finditer(line):
            if match[2] not in here:
                found.gaps.append(f"loads {match[2]}, which is not found")
        if _LOADS.search(line) and not any(name in here for name in quoted):
            found.gaps.append("loads a file that is not found")
        if _RUNS.search(line):
            found.gaps.append("runs a command")
        if _PLACE.search(line) and not any(name in here for name in quoted):
            found.gaps.append("reads files by its own place")
    return found


def _file(name: str, setting: Setting) -> Path | None:
    """Find a file by a name that may lack its ending."""
    if not name.strip("./~"):
        return None
    for ending in _ENDINGS if name.startswith(("./", "../")) else ("",):
        # A name after the script's own place, as in `__dirname + "/x.js"`, begins with a slash.
        for text in dict.fromkeys(
            (f"{name}{ending}", f".{name}{ending}" if name.startswith("/") else f"{name}{ending}")
        ):
            path = setting.find(text)
            if path is not None and path.is_file():
                return path
    return None


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
    """Fill in a makefile's variables; `OPAQUE` stands for what is not known."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return variables.get(match[1] or "", OPAQUE)

    return _MAKE_NAMED.sub(value, text)
