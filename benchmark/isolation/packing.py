"""Build the messages to a fork server and its child for one trial: the order and the puzzle's public files."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from safetensors.numpy import save

from benchmark.isolation.child.folder import pack_folder
from benchmark.isolation.wire import WireError, encode
from generator.errors import HarnessError

if TYPE_CHECKING:
    from benchmark.isolation.work import Work
    from generator.puzzle.content import Puzzle

__all__ = ["Packed", "make_order", "pack", "pack_for_program"]


@dataclass(frozen=True)
class Packed:
    """A puzzle's public files as frames, with their sizes.

    Attributes:
        digest: digest of the puzzle.
        frames: frames that are sent at "go", when the clock starts.
        sizes_mib: size of each file that the child writes, in MiB.
        before: frames that are sent before "go", while the child runs no code of the solver yet.
    """

    digest: str
    frames: bytes
    sizes_mib: tuple[float, ...]
    before: bytes = b""


def pack(puzzle: Puzzle) -> Packed:
    """Write a puzzle's files in memory, in the order in which the worker reads them.

    Raises:
        HarnessError: if a file is too large to send (4 GiB or more).
    """
    manifest = json.dumps(puzzle.manifest.model_dump(mode="json"), allow_nan=False).encode()
    files = (manifest, save(dict(puzzle.pieces)), save(dict(puzzle.data)))
    try:
        frames = b"".join(encode("puzzle", blob=content) for content in files)
    except WireError as error:
        raise HarnessError(
            f"puzzle {puzzle.manifest.name!r} cannot be sent to a solver: {error}; use a smaller puzzle"
        ) from None
    return Packed(puzzle.digest, frames, tuple(len(content) / 2**20 for content in files))


def pack_for_program(puzzle: Puzzle) -> Packed:
    """Write the working folder of a program in memory. The child unpacks it before the program and the clock start.

    Raises:
        HarnessError: if the family has no layout for programs, or a file is too large to send.
    """
    before, sizes_mib = pack_folder(puzzle)
    return Packed(puzzle.digest, encode("go"), sizes_mib, before)


def make_order(work: Work, sizes_mib: tuple[float, ...]) -> dict[str, Any]:
    """Return the settings of a trial that the server and the worker need, as JSON data."""
    trial, limits = work.trial, work.trial.limits
    return {
        "budget": {
            "memory_mib": limits.memory_mib,
            "cpu_s": limits.cpu_s,
            "file_mib": max(limits.output_mib, *sizes_mib),
            "scratch_mib": limits.output_mib + sum(sizes_mib) + 1,
            "threads": limits.threads,
        },
        "message_mib": limits.output_mib,
        "queries": limits.queries,
        "wall_s": limits.wall_s,
        "memory_mib": limits.memory_mib,
        "threads": limits.threads,
        "seed": trial.seed,
        "puzzle": trial.puzzle,
        "family": trial.family,
        "target": work.reference.target,
        "named_family": work.reference.family,
        "command": None if work.reference.command is None else dataclasses.asdict(work.reference.command),
        "parameters": dict(work.reference.parameters),
        "plugins": list(work.plugins),
    }
