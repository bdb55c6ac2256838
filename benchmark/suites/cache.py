"""The cache of puzzles built on this machine. A folder's name digests everything that decides the bits."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.suites.family_source import digest_of_family
from generator.errors import StorageError
from generator.family.registry import find_family
from generator.puzzle.canonical import sha256_json
from generator.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmark.suites.record import Recipe

__all__ = ["BUILT_IN", "HOME_VARIABLE", "VERSIONS", "cache_home", "cached_path", "claim", "puzzle_home", "versions"]

HOME_VARIABLE = "NETJIGSAW_HOME"
BUILT_IN = Path(__file__).resolve().parent / "builtin"
"""Folder of the suites that netjigsaw contains."""
VERSIONS = ("torch", "numpy")
"""Libraries whose versions may change the last bits of a trained network. The versions are part of the cache's key."""
STALE_S = 3600.0
"""Age in seconds above which a half-written folder of a killed build is removed. Hand-set; writing takes a second."""


def cache_home() -> Path:
    """Return the cache folder: $NETJIGSAW_HOME, or netjigsaw/ in $XDG_CACHE_HOME or ~/.cache."""
    own = os.environ.get(HOME_VARIABLE)
    if own:
        return Path(own).expanduser().resolve()
    shared = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(shared) if shared.startswith("/") else Path.home() / ".cache"  # the XDG specification says to ignore a
    # relative path
    return (base / "netjigsaw").resolve()


def puzzle_home() -> Path:
    """Return the folder of cached puzzles and their answers; it is hidden from solvers."""
    return cache_home() / "puzzles"


def versions() -> dict[str, str]:
    """Return the versions of the libraries that decide a puzzle's last bits."""
    return {name: metadata.version(name) for name in VERSIONS}


def cached_path(recipe: Recipe) -> Path:
    """Name the cache folder of a puzzle.

    The folder's name digests everything that decides the puzzle's bits on this machine: family, whole spec, seed,
    versions of netjigsaw and of the libraries, and the source that generates the family. The digest does not cover the
    puzzle's name, so two suites with the same recipe share the puzzle.

    Raises:
        SpecError: if the family does not exist, or a module that its record names has no source file.
    """
    key = sha256_json(
        {
            "family": recipe.family,
            "spec": recipe.spec.model_dump(mode="json"),
            "seed": recipe.seed,
            "generator": __version__,
            "versions": versions(),
            "source": digest_of_family(find_family(recipe.family)),
        }
    )
    return puzzle_home() / f"{recipe.family}-{key[:32]}"


@contextlib.contextmanager
def claim(waiting: Callable[[], None]) -> Iterator[None]:
    """Lock the cache for building. If another process is building, call `waiting` once and wait for it.

    The kernel releases the lock when the process ends, so a killed build blocks no other build.

    Raises:
        StorageError: if the cache cannot be written.
    """
    with contextlib.ExitStack() as stack:
        home = puzzle_home()
        try:
            home.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context((home.parent / "build.lock").open("a"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            raise StorageError(
                f"cannot write the cache {home}: {error.strerror or error}; set {HOME_VARIABLE} to another folder"
            ) from error
        _sweep(home)
        yield


def _sweep(home: Path) -> None:
    """Remove half-written folders of killed builds."""
    for left in home.glob(".*-*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > STALE_S:
                shutil.rmtree(left)
