"""`netjigsaw import` and `netjigsaw export`: the published layout, both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from generator.errors import SpecError, StorageError
from generator.storage import load_puzzle, save_puzzle
from netjigsaw.cli.console import remark, say

__all__ = ["add"]


def add(app: typer.Typer, _: tuple[str, ...]) -> None:
    """Add the commands."""
    reader = typer.Typer(no_args_is_help=True, help="Read puzzles that came from elsewhere.")
    reader.command("janestreet")(import_janestreet)
    app.add_typer(reader, name="import")
    writer = typer.Typer(no_args_is_help=True, help="Write puzzles for solvers from elsewhere.")
    writer.command("janestreet")(export_janestreet)
    app.add_typer(writer, name="export")


def import_janestreet(
    folder: Annotated[Path, typer.Argument(help="Holds pieces/ and historical_data.csv, nested or not.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the puzzle. (default: the folder's name + -puzzle)")
    ] = None,
    solution_hash: Annotated[
        str | None, typer.Option("--hash", help="The published SHA-256 of the solution, so that a hit is known.")
    ] = None,
    activation: Annotated[str, typer.Option(help="Activation of the blocks: relu, gelu, silu or tanh.")] = "relu",
) -> None:
    """Read the layout of "I dropped a neural net": pieces/piece_*.pth and historical_data.csv.

    Example:
      netjigsaw import janestreet historical_data_and_pieces --out published
    """
    from generator.reassembly.janestreet import import_layout

    target = out or Path(f"{folder.resolve().name}-puzzle")
    if target.exists():
        raise StorageError(f"{target} exists already; choose another --out or remove it")
    puzzle = import_layout(folder, name=target.resolve().name, activation=activation, solution_sha256=solution_hash)
    save_puzzle(puzzle, target)
    say(f"{target}  {puzzle.digest[:12]}  {len(puzzle.pieces)} tensors, {len(puzzle.data['inputs'])} rows")


def export_janestreet(
    puzzle: Annotated[Path, typer.Argument(help="Folder of a reassembly puzzle.")],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    *,
    nested: Annotated[bool, typer.Option("--nested", help="Put everything under historical_data_and_pieces/.")] = False,
) -> None:
    """Write a puzzle in the layout of "I dropped a neural net", for any public solver of it.

    Example:
      netjigsaw export janestreet p1 --out p1-published
    """
    from generator.reassembly.janestreet import export_layout

    source = load_puzzle(puzzle)
    if source.manifest.family != "reassembly":
        raise SpecError(
            f"{puzzle} holds a {source.manifest.family} puzzle; the published layout is for reassembly ones"
        )
    export_layout(source, out, nested=nested)
    say(str(out))
    activation = source.manifest.spec.get("activation", "relu")
    if activation != "relu":
        remark(f"the layout does not name the activation: this network's is {activation}, not relu")
