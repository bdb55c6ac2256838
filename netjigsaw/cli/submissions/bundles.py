"""Open submitted bundles, find their suites, and verify the bundles on this machine's puzzles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from generator.errors import SpecError
from netjigsaw.cli.shared.quantities import parse_size
from netjigsaw.cli.shared.targets import build_missing, find_suite

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmark.submission.bundle.contents import OpenedBundle
    from benchmark.submission.suiting import Ground
    from benchmark.submission.verifying import Verification
    from benchmark.suites.loading import Target

__all__ = ["MaxSize", "SuiteName", "open_on", "verify_all", "verify_opened"]

SuiteName = Annotated[
    str | None,
    typer.Option(
        help="Suite to verify on: a name, TOML file or folder. (default: the built-in suite that the bundle names)"
    ),
]
MaxSize = Annotated[str, typer.Option(help="Largest unpacked size of a bundle, e.g. 500MiB.")]


def open_on(
    path: Path, suite: str | None, answers: Path | None, max_size: str, plugins: tuple[str, ...]
) -> tuple[OpenedBundle, Target | None, Ground | None]:
    """Open a bundle and find the suite to verify it on. The suite is None if the bundle cannot be read.

    Raises:
        SpecError: if no suite is named and the bundle's suite is not built in.
        NetjigsawError: if the file or the suite cannot be read.
    """
    from benchmark.submission.bundle.contents import open_bundle
    from benchmark.submission.suiting import ground_of
    from benchmark.suites.finding import built_in_suites
    from benchmark.suites.loading import load_target

    limit = parse_size(max_size)
    if limit is None:
        raise SpecError("--max-size needs a size, e.g. 500MiB")
    if not path.is_file():
        raise SpecError(f"no bundle at {path}; netjigsaw submit writes them")
    opened = open_bundle(path, limit)
    if opened.contents is None:
        return opened, None, None
    name = opened.contents.manifest.suite.name
    # A bundle's suite name is looked up among the built-in suites only, so that it cannot make us read another file.
    if suite is None and name not in built_in_suites():
        raise SpecError(f"{path} is of suite {name!r}, which is not built in; name its file with --suite")
    (target,) = build_missing([find_suite(suite or name)], plugins)
    return opened, target, ground_of(target, load_target(target, answers))


def verify_opened(opened: OpenedBundle, ground: Ground | None) -> Verification:
    """Verify a bundle. A file that cannot be read as a bundle is not verified.

    Raises:
        NetjigsawError: if verification fails for a reason outside the bundle.
    """
    from benchmark.submission.verifying import Verification, verify_bundle

    if ground is None:
        return Verification(opened.path, opened.sha256, None, opened.findings)
    return verify_bundle(opened, ground)


def verify_all(
    paths: Sequence[Path], suite: str | None, answers: Path | None, plugins: tuple[str, ...]
) -> tuple[list[Verification], Ground | None]:
    """Verify bundles for one table. All bundles must be of the same suite.

    Returns:
        The verification of each bundle, and the suite of the verified bundles, or None if no bundle verifies.

    Raises:
        SpecError: if the bundles are of different suites, or a bundle is given twice.
        NetjigsawError: if a file or the suite cannot be read.
    """
    found: list[Verification] = []
    grounds: dict[str | None, tuple[Path, Ground]] = {}
    for path in paths:
        opened, _, ground = open_on(path, suite, answers, "1GiB", plugins)
        one = verify_opened(opened, ground)
        for other in found:
            if one.sha256 and one.sha256 == other.sha256:
                raise SpecError(f"{path} is the same bundle as {other.path}; give it once")
        found.append(one)
        if ground is not None and one.verified:
            grounds.setdefault(ground.suite.digest, (path, ground))
    if len(grounds) > 1:
        told = [f"{path} is of {ground.suite.name}" for path, ground in grounds.values()]
        raise SpecError(f"{', '.join(told)}; rank the bundles of each suite in a command of its own")
    return found, next((ground for _, ground in grounds.values()), None)
