"""`netjigsaw generate FAMILY`: one command per family, one option per field of its spec."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import typer
from pydantic_core import PydanticUndefined

from generator.batch import BatchResult, Order, child_seed, make_all
from generator.errors import PluginError, SpecError
from generator.family.recipe import make_spec
from generator.family.registry import families
from generator.puzzle.sealing import fresh_seed
from generator.puzzle.storage import answers_beside
from netjigsaw.cli.shared.console import progress_bar, remark, say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic.fields import FieldInfo

    from generator.family.record import Family

__all__ = ["add"]

OWN_OPTIONS: dict[str, tuple[Any, Any, str]] = {
    "preset": (str | None, None, "Named recipe to start from; other options override its fields."),
    "seed": (
        int | None,
        None,
        "Seed of all random draws; stored with the sealed answer. (default: from the operating system)",
    ),
    "out": (
        Path | None,
        None,
        "Folder to write the puzzle to; with --count, the parent folder. (default: the preset's name)",
    ),
    "answers": (Path | None, None, "Folder to write sealed answers to. (default: answers/ beside the puzzle)"),
    "count": (int, 1, "Number of puzzles to make. Each puzzle gets its own seed."),
    "jobs": (int, 0, "Number of puzzles made at the same time. (default: one per core)"),
}


def add(app: typer.Typer, plugins: tuple[str, ...]) -> None:
    """Add the command."""
    group = typer.Typer(
        no_args_is_help=True, help="Make puzzles: train networks, write the public puzzles, seal the answers."
    )
    for family in families():
        group.command(family.name, help=_help(family))(_command(family, plugins))
    app.add_typer(group, name="generate")


def _help(family: Family) -> str:
    presets = ", ".join(family.presets) or "none"
    example = f"netjigsaw generate {family.name}" + (
        f" --preset {next(iter(family.presets))}" if family.presets else ""
    )
    return (
        f"Make puzzles: {family.summary}.\n\nPresets: {presets}.\n\n"
        f"Examples:\n\n  {example} --seed 1 --out p1\n\n  {example} --count 10 --out puzzles"
    )


def _command(family: Family, plugins: tuple[str, ...]) -> Callable[..., None]:
    """Build a command whose options are the fields of a family's spec."""
    for name in family.spec.model_fields.keys() & OWN_OPTIONS.keys():
        raise PluginError(
            f"the spec of family {family.name!r} has a field {name!r}, but --{name} is an option of netjigsaw "
            "generate; rename the field"
        )

    def command(**options: Any) -> None:
        own = {key: options.pop(key) for key in OWN_OPTIONS}
        _generate(family, plugins, own, {key: value for key, value in options.items() if value is not None})

    parameters = [
        _parameter(name, annotation, default, text) for name, (annotation, default, text) in OWN_OPTIONS.items()
    ]
    for name, field in family.spec.model_fields.items():
        parameters.append(_parameter(name, str | None, None, _describe(field), metavar=_metavar(field)))
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _parameter(name: str, annotation: Any, default: Any, text: str, metavar: str | None = None) -> inspect.Parameter:
    option = typer.Option(f"--{name.replace('_', '-')}", help=text, metavar=metavar, show_default=bool(default))
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[annotation, option]
    )


def _describe(field: FieldInfo) -> str:
    value = ",".join(map(str, field.default)) if isinstance(field.default, tuple) else field.default
    default = "" if value is PydanticUndefined else f" (default: {value})"
    return (field.description or "") + default


def _metavar(field: FieldInfo) -> str:
    annotation = field.annotation
    parts = get_args(annotation)
    if parts and all(isinstance(choice, str) for choice in parts):
        return "|".join(parts)
    if get_origin(annotation) is tuple:
        return f"{parts[0].__name__},..."
    return getattr(annotation, "__name__", str(annotation)).replace(" | None", "")


def _generate(family: Family, plugins: tuple[str, ...], own: Mapping[str, Any], changes: Mapping[str, str]) -> None:
    spec = make_spec(family, own["preset"], changes)
    count, name = own["count"], own["preset"] or family.name
    if count < 1 or own["jobs"] < 0:
        raise SpecError("--count must be at least 1 and --jobs at least 0; 0 means one job per core")
    out: Path = own["out"] or Path(name)
    seed = fresh_seed() if own["seed"] is None else own["seed"]
    if seed < 0:
        raise SpecError(f"--seed must be 0 or larger, not {seed}")
    orders = []
    for index in range(count):
        folder = out if count == 1 else out / f"{name}-{index:0{len(str(count - 1))}d}"
        orders.append(
            Order(
                family=family.name,
                name=folder.name,
                spec=spec,
                seed=seed if count == 1 else child_seed(seed, index),
                folder=folder,
                answers=own["answers"] or answers_beside(folder),
            )
        )
        _check_places(orders[-1])
    with progress_bar() as bar:
        tasks = {order.folder: bar.add_task(order.name, total=1, detail="waiting") for order in orders}

        def watch(order: Order, step: int, steps: int, loss: float) -> None:
            bar.update(tasks[order.folder], completed=step, total=steps, detail=f"loss {loss:.4g}")

        for outcome in make_all(orders, jobs=own["jobs"] or len(os.sched_getaffinity(0)), plugins=plugins, watch=watch):
            bar.update(tasks[outcome.order.folder], completed=1, total=1, detail="done")
            _report(outcome)


def _check_places(order: Order) -> None:
    """Check the output paths before the training, so that an invalid path costs no training time."""
    if not order.name.isprintable():
        raise SpecError(f"--out ends in {order.name!r}, which cannot be a puzzle's name; use printable characters")
    if order.answers.resolve().is_relative_to(order.folder.resolve()):
        raise SpecError(f"the answers would lie in the puzzle's own folder {order.folder}; choose another --answers")


def _report(outcome: BatchResult) -> None:
    order = outcome.order
    kept = ", kept as it was" if outcome.kept else ""
    say(f"{order.folder}  {outcome.puzzle.digest[:12]}  answer in {order.answers}{kept}")
    for warning in outcome.warnings:
        remark(f"{order.name}: {warning}")
