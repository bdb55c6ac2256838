"""Unpack a suite's archive into a folder, and check everything in it first."""

from __future__ import annotations

import re
import shutil
import tarfile
from typing import TYPE_CHECKING

from benchmark.suites.archive.packing import file_sha256
from benchmark.suites.reading import SUITE_FILE, read_suite
from benchmark.suites.verifying import verify
from generator.errors import PuzzleError, StorageError
from generator.puzzle.storage import writing_folder

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.suites.record import Suite

__all__ = ["unpack"]

NAME = re.compile(
    r"suite\.(?:toml|lock)"
    r"|puzzles/(?!answers/)[A-Za-z0-9][A-Za-z0-9._-]{0,63}/(?:manifest\.json|(?:pieces|data)\.safetensors)"
    r"|puzzles/answers/[0-9a-f]{64}\.(?:json|safetensors)"
)
"""Allowed names of files in an archive. None of these names leads out of a folder."""
MOST_FILES = 50_000


def unpack(archive: Path, folder: Path, *, sha256: str | None, most_mib: float) -> Suite:
    """Unpack a suite into a new folder. The folder appears only after all checks.

    Raises:
        StorageError: if the archive cannot be read or is too large, or the folder exists or cannot be written.
        PuzzleError: if the archive is not of a suite, or a file in it does not match its digest.
        SpecError: if the suite's file is invalid.
    """
    _check_file(archive, sha256, most_mib)
    with writing_folder(folder) as scratch:
        _extract(archive, scratch)
        if not (scratch / SUITE_FILE).is_file():
            raise PuzzleError(
                f"{archive} holds no {SUITE_FILE}: it is not an archive of a suite, or is truncated; fetch it again"
            )
        suite = read_suite(scratch / SUITE_FILE)
        for entry in suite.entries:
            if not entry.supplied:
                raise PuzzleError(f"{archive} lacks puzzle {entry.name!r}, or the puzzle's digest; fetch it again")
        wrong = [finding for finding in verify(suite) if finding.problem]
        if wrong:
            others = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            raise PuzzleError(f"{archive}: {wrong[0].name}: {wrong[0].problem}{others}; fetch it again")
    return read_suite(folder / SUITE_FILE)


def _check_file(archive: Path, sha256: str | None, most_mib: float) -> None:
    try:
        size = archive.stat().st_size
        if size > most_mib * 2**20:
            raise StorageError(f"{archive} takes {size / 2**20:.0f} MiB; at most {most_mib:g} are read, see --max-size")
        found = file_sha256(archive)
    except OSError as error:
        raise StorageError(f"cannot read {archive}: {error.strerror or error}") from error
    if sha256 is not None and found != sha256.lower():
        raise PuzzleError(f"{archive} has SHA-256 {found}, not {sha256}; fetch it again")


def _extract(archive: Path, folder: Path) -> None:
    """Copy the members' bytes to files of their names; other attributes of a member are ignored."""
    seen: set[str] = set()
    try:
        with tarfile.open(archive, "r:") as opened:
            for member in opened:
                if not NAME.fullmatch(member.name) or not member.isreg() or member.issparse():
                    raise PuzzleError(f"{archive} holds {member.name!r}, which an archive of a suite must not hold")
                if member.name in seen or len(seen) >= MOST_FILES:
                    problem = "twice" if member.name in seen else f"as one of more than {MOST_FILES} files"
                    raise PuzzleError(f"{archive} holds {member.name!r} {problem}")
                seen.add(member.name)
                _copy(opened, member, folder / member.name)
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise PuzzleError(f"{archive} is not a tar archive, or is damaged ({error}); fetch it again") from None


def _copy(opened: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    source = opened.extractfile(member)
    if source is None:
        raise PuzzleError(f"{member.name!r} in the archive cannot be read; fetch it again")
    target.parent.mkdir(parents=True, exist_ok=True)
    with source, target.open("xb") as file:
        shutil.copyfileobj(source, file)
    if target.stat().st_size != member.size:
        raise PuzzleError(f"{member.name!r} in the archive is truncated; fetch it again")
    if target.parent.name == "answers":
        target.chmod(0o600)
