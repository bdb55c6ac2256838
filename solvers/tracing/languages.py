"""Find the language of a script: by its interpreter line, its interpreter, or its ending."""

from __future__ import annotations

from pathlib import Path

from solvers.tracing.tools import LANGUAGES, MAKES, PYTHON, SHELLS

__all__ = ["first_line", "language_of"]

_LONGEST_LINE = 300
"""Bytes of an interpreter line that are read; Linux reads 256."""
_BY_ENDING = {".sh": "shell", ".bash": "shell", ".py": "python", ".pyw": "python", ".mk": "make"} | dict.fromkeys(
    (
        ".js",
        ".mjs",
        ".cjs",
        ".ts",
        ".rb",
        ".pl",
        ".pm",
        ".R",
        ".r",
        ".jl",
        ".lua",
        ".php",
        ".m",
        ".tcl",
        ".scm",
        ".rkt",
    ),
    "other",
)
_BY_PROGRAM = {
    **dict.fromkeys(LANGUAGES, "other"),
    **dict.fromkeys(SHELLS, "shell"),
    **dict.fromkeys(MAKES, "make"),
}


def first_line(path: Path) -> bytes:
    """Read the first line of a file; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.readline(_LONGEST_LINE)
    except OSError:
        return b""


def language_of(path: Path, run_as: str) -> tuple[str, str]:
    """Find the language of a file, and the Python interpreter that its first line names.

    Args:
        path: the file.
        run_as: the language of the interpreter that runs the file; empty if the file runs by itself.

    Returns:
        `python`, `shell`, `make`, `other`, the name of an unknown interpreter, or an empty text for data.
    """
    line = first_line(path)
    if run_as:
        return run_as, ""
    if line.startswith(b"#!"):
        words = [word for word in line[2:].decode("utf-8", "replace").split() if not word.startswith("-")]
        words = words[1:] if words and Path(words[0]).name == "env" else words
        program = Path(words[0]).name if words else ""
        if PYTHON.fullmatch(program):
            return "python", words[0]
        return _BY_PROGRAM.get(program, program), ""
    if path.name.lower() in {"makefile", "gnumakefile"}:
        return "make", ""
    return _BY_ENDING.get(path.suffix, ""), ""
