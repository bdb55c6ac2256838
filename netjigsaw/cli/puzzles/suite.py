"""`netjigsaw suite`: list, build, show, pack, unpack and verify suites of puzzles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tabulate import tabulate

from generator.errors import NetjigsawError, SpecError
from netjigsaw.cli.shared.console import remark, say
from netjigsaw.cli.shared.quantities import parse_size
from netjigsaw.cli.shared.targets import build_entries, cores

if TYPE_CHECKING:
    from benchmark.suites.record import Entry, Suite

__all__ = ["add"]

FAILED = 1
Name = Annotated[str, typer.Argument(metavar="SUITE", help="A built-in suite, a TOML file, or a suite's folder.")]
Jobs = Annotated[
    int | None, typer.Option(help="Number of puzzles made at the same time. (default: one per core)", min=1)
]
Out = Annotated[Path | None, typer.Option(help="Also write suite, lock, puzzles and answers to this new folder.")]
Archive = Annotated[Path, typer.Argument(help="Archive file, NAME.tar.")]
NewFolder = Annotated[Path, typer.Argument(help="Folder to create.")]
Only = Annotated[str | None, typer.Option(help="Only puzzles whose name or tag matches this pattern, e.g. 'waves-*'.")]


def add(app: typer.Typer, plugins: tuple[str, ...]) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Suites: named lists of puzzles with limits.")
    group.command("list")(list_suites)
    group.command("show")(show)
    group.command("pack")(pack_suite)
    group.command("unpack")(unpack_suite)
    group.command("verify")(verify_suite)
    _add_build(group, plugins)
    app.add_typer(group, name="suite")


def list_suites() -> None:
    """List the built-in suites, and how many puzzles of each are built on this machine.

    A suite whose file cannot be read is listed with the reason.
    """
    from benchmark.suites.finding import built_in_suites
    from benchmark.suites.reading import read_suite

    rows = []
    for name, source in built_in_suites().items():
        try:
            suite = read_suite(source)
        except NetjigsawError as error:
            rows.append((name, "", "", "", f"cannot be read: {error}"))
            continue
        built = sum(entry.digest is not None for entry in suite.entries)
        count = len(suite.entries)
        rows.append((name, str(count), ", ".join(suite.families), f"{built}/{count}", suite.description))
    headers = ("suite", "puzzles", "families", "built here", "description")
    say(tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True, maxcolwidths=[None] * 4 + [70]))


def _add_build(group: typer.Typer, plugins: tuple[str, ...]) -> None:
    @group.command("build")
    def build(
        suite: Name,
        jobs: Jobs = None,
        only: Only = None,
        out: Out = None,
        *,
        lock: Annotated[bool, typer.Option("--lock", help="Write the puzzles' digests to the lock file.")] = False,
    ) -> int:
        """Build the missing puzzles of a suite, and check the puzzles that are built already.

        Puzzles are kept in a cache: $NETJIGSAW_HOME, or netjigsaw/ in $XDG_CACHE_HOME or ~/.cache.
        Repeat the command to resume an interrupted build. Exit code 1 if a puzzle could not be built.

        Examples:
          netjigsaw suite build mini

          netjigsaw suite build mine.toml --jobs 2 --lock
        """
        from benchmark.suites.archive.folder import write_suite
        from benchmark.suites.building import Failed
        from benchmark.suites.finding import resolve_suite
        from benchmark.suites.locking import write_lock

        found = resolve_suite(suite)
        if only is not None and (lock or out is not None):
            raise SpecError("--only builds a part of a suite, but --lock and --out need all of it; leave --only out")
        if out is not None and out.exists():
            raise SpecError(f"{out} exists already; choose another --out or remove it")
        chosen = found.entries if only is None else found.select(only)
        ends = build_entries(chosen, jobs or cores(), plugins)
        failed = sum(isinstance(end, Failed) for end in ends)
        made = sum(not isinstance(end, Failed) and end.made for end in ends)
        say(f"{found.name}: {made} puzzles built, {len(ends) - made - failed} held already, {failed} failed")
        if failed:
            return FAILED
        found = found.refreshed()
        if lock:
            say(f"lock in {write_lock(found)}")
            found = resolve_suite(suite)
        _say_states(found, chosen)
        if out is not None:
            write_suite(found, out)
            say(f"suite in {out}")
        return 0


def _say_states(suite: Suite, chosen: tuple[Entry, ...]) -> None:
    """Print a remark for each puzzle that differs from the suite's lock."""
    for entry in (suite.entry(entry.name) for entry in chosen):
        if entry.state == "differs":
            mine, theirs = str(entry.digest)[:12], str(entry.locked)[:12]
            remark(
                f"{entry.name}: digest {mine} here, {theirs} in the lock; do not compare its results across machines"
            )
        elif entry.state == "recipe changed since":
            remark(f"{entry.name}: its recipe changed after the suite was locked; --lock updates the lock")


def show(
    suite: Name,
    only: Only = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a suite's puzzles: tags, recipe without defaults, digest and lock state.

    Example:
      netjigsaw suite show mini
    """
    from benchmark.suites.finding import resolve_suite
    from leaderboard.ranking.frame import limits_in_words

    found = resolve_suite(suite)
    chosen = found.entries if only is None else found.select(only)
    if as_json:
        say(json.dumps(_record(found, chosen)))
        return
    say(f"{found.name}: {len(found.entries)} puzzles, seeds {found.seeds}, {limits_in_words(found.limits)}")
    if found.description:
        say(found.description)
    say(f"file {found.source}, digest {found.digest or 'unknown until all are built'}")
    say()
    rows = [(e.name, " ".join(e.tags), _recipe(e), (e.digest or "")[:12], str(e.state)) for e in chosen]
    headers = ("puzzle", "tags", "recipe", "digest", "state")
    widths = [None, 24, 60, None, None]
    say(tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True, maxcolwidths=widths))


def _recipe(entry: Entry) -> str:
    """List the recipe's seed and the fields that differ from their defaults."""
    if entry.recipe is None:
        return "not known here"
    chosen = entry.recipe.spec.model_dump(mode="json", exclude_defaults=True)
    return " ".join([f"{key}={value}" for key, value in chosen.items()] + [f"seed={entry.recipe.seed}"])


def _record(suite: Suite, chosen: tuple[Entry, ...]) -> dict[str, Any]:
    puzzles = [
        {
            "name": entry.name,
            "family": entry.family,
            "tags": entry.tags,
            "seed": entry.recipe.seed if entry.recipe is not None else None,
            "spec": entry.recipe.spec.model_dump(mode="json") if entry.recipe is not None else None,
            "digest": entry.digest,
            "locked": entry.locked,
            "state": str(entry.state),
            "path": str(entry.path),
        }
        for entry in chosen
    ]
    return {
        "name": suite.name,
        "description": suite.description,
        "source": str(suite.source),
        "digest": suite.digest,
        "seeds": suite.seeds,
        "limits": suite.limits.model_dump(mode="json"),
        "headline": suite.headline,
        "puzzles": puzzles,
    }


def pack_suite(
    suite: Name,
    out: Archive,
    *,
    public: Annotated[
        bool, typer.Option("--public", help="Leave out answers, seeds and recipes, for authors of solvers.")
    ] = False,
) -> None:
    """Pack a built suite into one archive and print its SHA-256. The archive's bytes are the same on every machine.

    Examples:
      netjigsaw suite pack mine.toml mine.tar

      netjigsaw suite pack mine.toml mine-public.tar --public
    """
    from benchmark.suites.archive.packing import contents_in_words, pack
    from benchmark.suites.finding import resolve_suite

    found = resolve_suite(suite)
    digest = pack(found, out, public=public)
    say(f"{out}: {len(found.entries)} puzzles {contents_in_words(found, out, public=public)}")
    say(f"sha256 {digest}")


def unpack_suite(
    archive: Archive,
    folder: NewFolder,
    sha256: Annotated[
        str | None, typer.Option(help="SHA-256 that the archive must have, as its author states it.")
    ] = None,
    max_size: Annotated[str, typer.Option(help="Largest archive to accept, e.g. 500MiB or 4GiB.")] = "4GiB",
) -> None:
    """Unpack a suite after checking every digest. A damaged archive creates no folder.

    Example:
      netjigsaw suite unpack mine.tar mine && netjigsaw run mine
    """
    from benchmark.suites.archive.unpacking import unpack

    limit = parse_size(max_size)
    if limit is None:
        raise SpecError("--max-size needs a size, e.g. 4GiB")
    found = unpack(archive, folder, sha256=sha256, most_mib=limit)
    say(f"{folder}: suite {found.name}, {len(found.entries)} puzzles, digest {str(found.digest)[:12]}")


def verify_suite(suite: Name) -> int:
    """Verify a suite's puzzles: tensors, digests, commitments and the lock. Exit code 1 if anything differs.

    Example:
      netjigsaw suite verify mini
    """
    from benchmark.suites.finding import resolve_suite
    from benchmark.suites.verifying import verify

    found = resolve_suite(suite)
    findings = verify(found)
    for finding in findings:
        say(f"{'wrong' if finding.problem else 'ok':<6} {finding.name:<24} {finding.problem or finding.note}")
    wrong = sum(bool(finding.problem) for finding in findings)
    say(f"{found.name}: {len(findings) - wrong} of {len(findings)} verified")
    return FAILED if wrong else 0
