"""Where puzzles that suites made here are kept: a cache, found again by what decides their bits."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import StorageError
from generator.family.registry import find_family
from generator.puzzle.canonical import sha256_json
from generator.version import __version__
from solvers.source import digest_of_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmark.suites.record import Recipe

__all__ = ["BUILT_IN", "HOME_VARIABLE", "VERSIONS", "cache_home", "cached_path", "claim", "puzzle_home", "versions"]

HOME_VARIABLE = "NETJIGSAW_HOME"
BUILT_IN = Path(__file__).resolve().parent / "builtin"
"""Folder of the suites that come with the program."""
VERSIONS = ("torch", "numpy")
"""Libraries whose version may change the last bits of a trained network."""
OWN = ("generator", "benchmark")
STALE_S = 3600.0
"""Seconds after which a folder that a killed build left half written is swept away; writing one takes a second."""


def cache_home() -> Path:
    """Name the program's cache: $NETJIGSAW_HOME, or netjigsaw/ in $XDG_CACHE_HOME or ~/.cache."""
    own = os.environ.get(HOME_VARIABLE)
    if own:
        return Path(own).expanduser().resolve()
    shared = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(shared) if shared.startswith("/") else Path.home() / ".cache"  # a relative one is to be ignored
    return (base / "netjigsaw").resolve()


def puzzle_home() -> Path:
    """Name the folder of cached puzzles and their answers; solvers never see it."""
    return cache_home() / "puzzles"


def versions() -> dict[str, str]:
    """List the versions of the libraries that decide a puzzle's last bits."""
    return {name: metadata.version(name) for name in VERSIONS}


def cached_path(recipe: Recipe) -> Path:
    """Name the folder of a puzzle that is made here.

    The name digests all that decides its bits on this machine: family, whole spec, seed, the
    versions of the generator and of the libraries, and the source of a family that is not ours.
    The puzzle's own name is not in it: two suites with the same recipe share the puzzle.
    """
    key = sha256_json(
        {
            "family": recipe.family,
            "spec": recipe.spec.model_dump(mode="json"),
            "seed": recipe.seed,
            "generator": __version__,
            "versions": versions(),
            "source": _family_source(recipe.family),
        }
    )
    return puzzle_home() / f"{recipe.family}-{key[:32]}"


def _family_source(name: str) -> str:
    """Digest the file that defines a family which is not ours; ours go by the program's version."""
    family = find_family(name)
    modules = {str(getattr(made, "__module__", "")) for made in (family.spec, family.generate)}
    files = [
        str(getattr(sys.modules.get(module), "__file__", "") or "")
        for module in sorted(modules)
        if module.partition(".")[0] not in OWN
    ]
    return "".join(digest_of_source(Path(file)) for file in files if file.endswith(".py"))


@contextlib.contextmanager
def claim(waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the cache for building; another process that builds is waited for, `waiting` being called once.

    The lock goes with the process, however that ends, so a killed build blocks nobody.

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
                f"cannot use the cache {home}: {error.strerror or error}; see {HOME_VARIABLE}"
            ) from error
        _sweep(home)
        yield


def _sweep(home: Path) -> None:
    """Remove what killed builds left half written."""
    for left in home.glob(".*-*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > STALE_S:
                shutil.rmtree(left)
