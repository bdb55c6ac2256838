"""A program that runs as a solver: its command, the files that it needs, and their digest."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from solvers.tracing.trace import Trace, trace_command

__all__ = ["Command", "parted"]

_ASSIGNED = re.compile(r"(?P<before>(?:--?[\w-]+|[A-Za-z_]\w*)=)(?P<path>.+)", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """A program with its arguments.

    Attributes:
        program: absolute path of the program.
        words: the whole command, split into words as typed.
        places: for each word, the absolute form of the path in it if that path exists, else an empty text.
    """

    program: str
    words: tuple[str, ...]
    places: tuple[str, ...]

    def argv(self, folder: Path) -> list[str]:
        """Build the argument list for a run in a working folder.

        A path that exists in that folder stays relative. Any other path becomes the absolute path in `places`.
        """
        pairs = zip(self.words[1:], self.places[1:], strict=True)
        return [
            self.program,
            *(place if place and not _leads_somewhere(word, folder) else word for word, place in pairs),
        ]

    @property
    def files(self) -> tuple[Path, ...]:
        """List the user's files and folders that the program needs."""
        return tuple(Path(_path_in(place)) for place in self.places if place)

    @property
    def trace(self) -> Trace:
        """Find the files that the program needs, also those that no word of the command names."""
        return trace_command((self.program if "/" in self.words[0] else self.words[0], *self.words[1:]), Path.cwd())

    @property
    def source(self) -> str:
        """Digest the command and the files that it needs, see `trace`."""
        return self.digest_of(self.trace)

    def digest_of(self, trace: Trace) -> str:
        """Digest the command and the files of a trace."""
        return hashlib.sha256(
            "\0".join([*self.words, "", *trace.digests]).encode("utf-8", "surrogateescape")
        ).hexdigest()[:16]


def parted(word: str) -> tuple[str, str]:
    """Split `--option=path` and `NAME=path` into the text up to the path and the path; any other word is a path."""
    match = _ASSIGNED.fullmatch(word)
    return (match["before"], match["path"]) if match else ("", word)


def _path_in(word: str) -> str:
    return parted(word)[1]


def _leads_somewhere(word: str, folder: Path) -> bool:
    return (folder / _path_in(word)).exists()
