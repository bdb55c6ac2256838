"""`netjigsaw new-solver`: write a working solver to start from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from generator.errors import SpecError, StorageError
from generator.family.registry import families, find_family
from netjigsaw.cli.shared.console import say

__all__ = ["add"]


def add(app: typer.Typer, _: tuple[str, ...]) -> None:
    """Add the command."""
    app.command("new-solver")(new_solver)


def new_solver(
    name: Annotated[str, typer.Argument(help="Name of the solver, e.g. my-solver.")],
    family: Annotated[
        str | None, typer.Option(help="Family of the puzzles to solve. (default: the first family that has a template)")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write. (default: the name with .py)")] = None,
) -> None:
    """Write a short working solver to a file, and print the next commands.

    Example:
      netjigsaw new-solver my-solver
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*", name):
        raise SpecError(f"{name!r} cannot be a class's name; use letters, digits and single hyphens, as in my-solver")
    chosen = find_family(family) if family else next((one for one in families() if one.starter), None)
    if chosen is None or not chosen.starter:
        raise SpecError(
            f"there is no template for {family or 'any family'}; see docs/writing-solvers.md for a solver to copy"
        )
    words = re.split("[-_]", name)
    kind = "".join(word[:1].upper() + word[1:] for word in words)
    target = out or Path("_".join(words).lower() + ".py")
    source = chosen.starter.replace("class Solver:", f"class {kind}:")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(source)
    except FileExistsError:
        raise StorageError(f"{target} exists already; choose another --out, or remove it") from None
    except OSError as error:
        raise StorageError(f"cannot write {target}: {error.strerror or error}") from error
    preset = next(iter(chosen.presets), None)
    say(f"wrote {target}; next:")
    say(f"  netjigsaw check {target}:{kind}")
    say(f"  netjigsaw generate {chosen.name}{f' --preset {preset}' if preset else ''} --out p1")
    say(f"  netjigsaw run p1 --solver {target}:{kind} --results results")
    say("  netjigsaw leaderboard --results results")
