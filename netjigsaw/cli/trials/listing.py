"""`netjigsaw solvers` and `netjigsaw families`: list solvers and families."""

from __future__ import annotations

from typing import Annotated

import typer
from tabulate import tabulate

from generator.family.registry import families, find_family
from netjigsaw.cli.shared.console import say

__all__ = ["add"]


def add(app: typer.Typer, _: tuple[str, ...]) -> None:
    """Add the commands."""
    app.command("solvers")(list_solvers_command)
    app.command("families")(list_families_command)


def list_solvers_command(
    family: Annotated[str | None, typer.Option(help="Only solvers of this family.")] = None,
) -> None:
    """List every registered solver: family, parameters, what it does, source and origin.

    An unavailable solver is listed with the reason.
    """
    from solvers.registry import list_solvers

    if family is not None:
        find_family(family)
    for entry in list_solvers(family):
        settings = ",".join(f"{key}={value}" for key, value in entry.parameters.items())
        say(f"{entry.family or '?'}/{entry.name}" + (f"[{settings}]" if settings else ""))
        facts = (("", entry.summary), ("source", entry.source), ("origin", entry.origin), ("unavailable", entry.error))
        for label, text in facts:
            if text:
                say(f"    {label + ': ' if label else ''}{text}")


def list_families_command() -> None:
    """List the puzzle families and their presets."""
    rows = [(family.name, family.summary, ", ".join(family.presets)) for family in families()]
    say(tabulate(rows, headers=("family", "the puzzle", "presets"), tablefmt="simple", maxcolwidths=[None, 60, 60]))
