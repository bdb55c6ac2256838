"""Load plug-ins before the commands are built, so that each new family gets its own command."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path

from generator.errors import PluginError
from generator.plugins import load_plugin
from netjigsaw.cli.shared.console import remark

__all__ = ["ENTRY_POINTS", "VARIABLE", "take_plugins"]

ENTRY_POINTS = "netjigsaw.families"
"""Entry-point group in which other packages name modules that register families."""
VARIABLE = "NETJIGSAW_PLUGINS"
"""Environment variable that lists plug-ins, separated as in PATH."""


def take_plugins(arguments: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Remove every `--plugin X` from the arguments, load the plug-ins, and return the other arguments and the plug-ins.

    Raises:
        PluginError: if a plug-in fails to import, or its name is not valid text.
    """
    rest: list[str] = []
    named = [path for path in os.environ.get(VARIABLE, "").split(os.pathsep) if path]
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--plugin":
            target = next(waiting, None)
            if target is None:
                raise PluginError("--plugin needs a file.py or a module")
            named.append(target)
        elif argument.startswith("--plugin="):
            named.append(argument.partition("=")[2])
        else:
            rest.append(argument)
    plugins = tuple(
        dict.fromkeys(
            str(Path(target).resolve()) if target.endswith(".py") else target for target in [*_offered(), *named]
        )
    )
    for target in plugins:
        if any("\ud800" <= letter <= "\udfff" for letter in target):
            raise PluginError(f"plug-in {target!r} is not valid text in this locale; set LC_ALL=C.UTF-8, or rename it")
        load_plugin(target)
    return rest, plugins


def _offered() -> list[str]:
    """List the modules that other packages offer. One that fails is left out, so that other commands still work."""
    usable = []
    for point in metadata.entry_points(group=ENTRY_POINTS):
        try:
            load_plugin(point.module)
        except PluginError as error:
            remark(f"netjigsaw: {error}; its families are left out")
        else:
            usable.append(point.module)
    return usable
