"""Pack a whole suite into one archive; equal suites give equal bytes."""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.suites.archive.folder import fill_folder
from benchmark.suites.reading import SUITE_FILE, puzzles_folder
from generator.errors import SpecError
from generator.puzzle.storage import DEFAULT_ANSWERS, writing_file

if TYPE_CHECKING:
    from benchmark.suites.record import Suite

__all__ = ["contents_in_words", "file_sha256", "pack"]


def pack(suite: Suite, target: Path, *, public: bool) -> str:
    """Write an archive of a built suite, and return the archive's SHA-256.

    A public archive holds no answers, seeds or recipes.

    Raises:
        SpecError: if a puzzle is not built or differs from the lock, or a seed is easy to guess in a public archive.
        StorageError: if the archive cannot be written.
        PuzzleError: if a puzzle is damaged.
    """
    if target.suffix != ".tar":
        raise SpecError(f"cannot pack into {target}; give the archive a name that ends in .tar")
    with writing_file(target) as scratch, tempfile.TemporaryDirectory(prefix="netjigsaw-pack-") as temporary:
        folder = Path(temporary)
        fill_folder(suite, folder, public=public)
        with tarfile.open(scratch, "w", format=tarfile.USTAR_FORMAT) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    _add(archive, path, path.relative_to(folder).as_posix())
    return file_sha256(target)


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    member = tarfile.TarInfo(name)  # time, owner and group are zero, so that bytes are reproducible
    member.size = path.stat().st_size
    member.mode = 0o644
    with path.open("rb") as content:
        archive.addfile(member, content)


def contents_in_words(suite: Suite, archive: Path, *, public: bool) -> str:
    """Describe the secrets in an archive of a suite; an archive of a public suite has none."""
    folder = f"{puzzles_folder(Path(SUITE_FILE)).name}/{DEFAULT_ANSWERS}/"
    with tarfile.open(archive) as opened:
        answers = sum(name.startswith(folder) and name.endswith(".json") for name in opened.getnames())
    recipes = 0 if public else sum(entry.recipe is not None for entry in suite.entries)
    if not answers and not recipes:
        return "without answers, seeds and recipes"
    whole = answers == recipes == len(suite.entries)
    return "with answers and recipes" if whole else f"with {answers} answers and {recipes} recipes"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
