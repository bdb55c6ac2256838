"""A program that runs as a solver: its command, the files that it needs, and their digest."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from solvers.source import digest_of_source

__all__ = ["Command", "parted"]

_ASSIGNED = re.compile(r"(?P<before>--?[\w-]+=)(?P<path>.+)", re.DOTALL)


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
    def source(self) -> str:
        """Digest the command and the files that it names.

        For a Python file, the digest covers the modules that it imports from its own folder. For a folder, it covers
        the folder's `__main__.py`.
        """
        digests = []
        for path in self.files:
            main = path / "__main__.py" if path.is_dir() else path
            if main.suffix == ".py" and main.is_file():
                digests.append(digest_of_source(main))
            elif main.is_file():
                with main.open("rb") as file:
                    digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        return hashlib.sha256("\0".join([*self.words, "", *digests]).encode()).hexdigest()[:16]


def parted(word: str) -> tuple[str, str]:
    """Split `--option=path` into the option and the path; any other word is a path."""
    match = _ASSIGNED.fullmatch(word)
    return (match["before"], match["path"]) if match else ("", word)


def _path_in(word: str) -> str:
    return parted(word)[1]


def _leads_somewhere(word: str, folder: Path) -> bool:
    return (folder / _path_in(word)).exists()
