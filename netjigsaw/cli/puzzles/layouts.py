"""`netjigsaw import` and `netjigsaw export`: one command per file layout that a family declares."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.errors import SpecError, StorageError
from generator.family.layout import Imported
from generator.family.registry import families
from generator.puzzle.content import Puzzle
from generator.puzzle.sealing import Made
from generator.puzzle.storage import answers_beside, load_puzzle, remove_answer, save_answer, save_puzzle
from netjigsaw.cli.shared.console import remark, say
from netjigsaw.cli.shared.targets import find_one

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.family.layout import Layout, LayoutOption
    from generator.family.record import Family

__all__ = ["add"]


def add(app: typer.Typer, plugins: tuple[str, ...]) -> None:
    """Add the commands."""
    reader = typer.Typer(no_args_is_help=True, help="Import puzzles that other programs wrote.")
    writer = typer.Typer(no_args_is_help=True, help="Export puzzles for other programs.")
    for family in families():
        for layout in family.layouts:
            if layout.read is not None:
                reader.command(layout.name, help=_import_help(layout))(_importer(layout))
            if layout.write is not None:
                writer.command(layout.name, help=_export_help(layout))(_exporter(family, layout, plugins))
    app.add_typer(reader, name="import")
    app.add_typer(writer, name="export")


def _import_help(layout: Layout) -> str:
    sources = " ".join([*layout.sources, *(f"[{source}]" for source in layout.optional_sources)])
    return f"Read {layout.summary}.\n\nExample:\n\n  netjigsaw import {layout.name} {sources} --out puzzle"


def _export_help(layout: Layout) -> str:
    return f"Write {layout.summary}.\n\nExample:\n\n  netjigsaw export {layout.name} puzzle --out exported"


def _importer(layout: Layout) -> Callable[..., None]:
    """Build the import command of a layout, with an argument per source file and an option per layout option."""

    def command(**given: Any) -> None:
        paths = [given.pop(_argument(source)) for source in (*layout.sources, *layout.optional_sources)]
        out: Path | None = given.pop("out")
        target = out or Path(f"{paths[0].resolve().stem}-puzzle")
        if target.exists():
            raise StorageError(f"{target} exists already; choose another --out or remove it")
        made = layout.read(*paths, name=target.resolve().name, **given)  # type: ignore[misc]  # `add` checked it
        if not isinstance(made, tuple):
            _save(made, target)
            return
        for one in made:
            puzzle = one if isinstance(one, Puzzle) else one.puzzle
            _save(one, target / puzzle.manifest.name)

    parameters = [
        _parameter(_argument(source), Annotated[Path, typer.Argument(metavar=source, help="")])
        for source in layout.sources
    ]
    parameters += [
        _parameter(_argument(source), Annotated[Path | None, typer.Argument(metavar=source, help="")], None)
        for source in layout.optional_sources
    ]
    place = typer.Option(help="Folder to write to. (default: the first source's name + -puzzle)", show_default=False)
    parameters.append(_parameter("out", Annotated[Path | None, place], None))
    return _with_signature(command, [*parameters, *map(_option, layout.read_options)])


def _save(made: Made | Imported | Puzzle, target: Path) -> None:
    """Write an imported puzzle, and its answer if the layout holds one."""
    puzzle: Puzzle = made if isinstance(made, Puzzle) else made.puzzle
    if isinstance(made, Made):
        save_answer(made.sealed, answers_beside(target))
        try:
            save_puzzle(puzzle, target)
        except BaseException:
            remove_answer(made.sealed.digest, answers_beside(target))
            raise
    else:
        save_puzzle(puzzle, target)
    rows = max((len(tensor) for tensor in puzzle.data.values() if tensor.ndim), default=0)
    parts = [f"{len(puzzle.pieces)} tensors"] if puzzle.pieces else []
    parts += [f"{rows} rows"] if rows else []
    parts += [f"answer in {answers_beside(target)}"] if isinstance(made, Made) else []
    say(f"{target}  {puzzle.digest[:12]}  {', '.join(parts)}")
    remarks = made.warnings if isinstance(made, Made) else made.remarks if isinstance(made, Imported) else ()
    for text in remarks:
        remark(f"{target.name}: {text}")


def _exporter(family: Family, layout: Layout, plugins: tuple[str, ...]) -> Callable[..., None]:
    """Build the export command of a layout."""

    def command(**given: Any) -> None:
        target, out = find_one(given.pop("puzzle"), plugins), given.pop("out")
        folder = target.folder or target.entries[0].path
        source = load_puzzle(folder)
        if source.manifest.family != family.name:
            raise SpecError(
                f"{folder} holds a {source.manifest.family} puzzle; layout {layout.name} takes {family.name} puzzles"
            )
        remarks = layout.write(source, out, **given)  # type: ignore[misc]  # `add` checked it
        say(str(out))
        for text in remarks:
            remark(text)

    parameters = [
        _parameter("puzzle", Annotated[str, typer.Argument(help=f"Folder of a {family.name} puzzle, or suite/name.")]),
        _parameter("out", Annotated[Path, typer.Option(help="Folder to write.")]),
    ]
    return _with_signature(command, [*parameters, *map(_option, layout.write_options)])


def _argument(source: str) -> str:
    return f"source_{source.lower()}"


def _option(option: LayoutOption) -> inspect.Parameter:
    typed = f"--{(option.typed or option.name).replace('_', '-')}"
    kind: Any = bool if isinstance(option.default, bool) else (str | None if option.default is None else str)
    return _parameter(option.name, Annotated[kind, typer.Option(typed, help=option.help)], option.default)


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _with_signature(command: Callable[..., None], parameters: list[inspect.Parameter]) -> Callable[..., None]:
    """Give a command the signature that typer reads its arguments and options from."""
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command
