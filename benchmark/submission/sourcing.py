"""The solver's source in a bundle: pack it if the author includes it, and compare it with the digest in the rows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.results.outcome import one_line
from benchmark.submission.bundle.archive import source_name_fits
from benchmark.submission.findings import Discrepancy
from generator.errors import SpecError
from generator.version import __version__
from solvers.registry import list_solvers, source_digest
from solvers.source import digest_of_source, files_of_source, is_ours

if TYPE_CHECKING:
    from benchmark.submission.bundle.contents import Contents
    from benchmark.submission.bundle.schema import BundledSolver

__all__ = ["check_source", "gather_source", "source_in", "unpack_source"]


def gather_source(file: Path) -> dict[str, bytes]:
    """Read a solver's file and the files that it needs from its folder, by name within the folder.

    Raises:
        SpecError: if a bundle cannot hold a file's name, or a file lies outside of the solver's folder.
    """
    home = file.resolve().parent
    own = [path for path in files_of_source(file) if not is_ours(path)]
    for path in own:
        if not path.is_relative_to(home):
            raise SpecError(f"a bundle cannot hold {path}, which {file.name} needs; move it into the folder {home}")
    found = {path.relative_to(home).as_posix(): path for path in own}
    for name in found:
        if not source_name_fits(name):
            raise SpecError(f"a bundle cannot hold {name!r}; use letters, digits, dots, dashes and underscores only")
    return {name: path.read_bytes() for name, path in sorted(found.items())}


def source_in(contents: Contents) -> tuple[str, ...]:
    """List the files of the solver's source that are in a bundle."""
    return tuple(sorted(name for name in contents.archive.names if name.startswith("source/")))


def unpack_source(contents: Contents, folder: Path) -> Path | None:
    """Write the solver's source into a folder and return its main file; None if the bundle lacks the main file.

    Raises:
        BundleError: if a file is damaged.
    """
    for name in source_in(contents):
        target = folder / name.removeprefix("source/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents.archive.read(name))
    main = contents.manifest.solver.name.rpartition(":")[0]
    return folder / main if f"source/{main}" in contents.archive.names else None


def check_source(contents: Contents) -> tuple[list[Discrepancy], list[str]]:
    """Compare the source with the digest in the rows; return findings and notes."""
    findings, notes = _check_covered(contents)
    more = _compare_source(contents)
    return [*findings, *more[0]], [*notes, *more[1]]


def _check_covered(contents: Contents) -> tuple[list[Discrepancy], list[str]]:
    """Report a source that the digest does not cover; rows of several runs may then be of different versions."""
    why = next((row.uncovered for row in contents.rows if row.uncovered), "")
    if not why:
        return [], []
    sessions = {row.session for row in contents.rows}
    if len(sessions) > 1:
        problem = f"is not covered by its digest ({why}), and the rows come from {len(sessions)} runs"
        return [Discrepancy("source", problem=problem)], []
    return [], [one_line(f"the source of {contents.manifest.solver.name} is not covered by its digest: {why}")]


def _compare_source(contents: Contents) -> tuple[list[Discrepancy], list[str]]:
    solver = contents.manifest.solver
    if not solver.is_file:
        return [], [_named(solver)]
    if not source_in(contents):
        return [], [f"the source of {solver.name} is not in the bundle"]
    claimed = ", ".join(sorted({digest for digest in solver.sources.values() if digest}))
    with tempfile.TemporaryDirectory(prefix="netjigsaw-source-") as temporary:
        file = unpack_source(contents, Path(temporary))
        if file is None:
            return [Discrepancy("source", problem=f"holds no {solver.name.rpartition(':')[0]}")], []
        found = digest_of_source(file)
        borrows = any(map(is_ours, files_of_source(file)))
    if found == claimed:
        return [], [f"the source in the bundle has the digest {found} that its rows name"]
    if borrows and contents.manifest.program != __version__:
        return [], [
            "the source imports parts of netjigsaw that differ in this version, so its digest cannot be compared"
        ]
    return [Discrepancy("source", "digest", claimed=claimed, verified=found)], []


def _named(solver: BundledSolver) -> str:
    """Compare the source of a registered solver with the source of the solver of the same name here."""
    name = solver.name
    here = {source_digest(entry) for family in solver.sources for entry in list_solvers(family) if entry.name == name}
    if not here:
        return f"solver {name} is not installed here"
    same = here >= {digest for digest in solver.sources.values() if digest}
    return f"solver {name} has the same source here" if same else f"solver {name} has a different source here"
