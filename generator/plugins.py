"""Load code of users: an object from a file, or a file or module that registers families and solvers."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.errors import PluginError
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["describe_failure", "load_file", "load_object", "load_plugin"]


def load_file(path: Path) -> ModuleType:
    """Import a Python file under a unique module name; a second call returns the same module.

    The folder of the file is added at the end of the search path. The file can then import its
    neighbours, and no neighbour can replace a package of netjigsaw.

    Raises:
        PluginError: if the file is missing or fails to import.
    """
    path = path.resolve()
    if not path.is_file():
        raise PluginError(f"no Python file at {path}; check the path")
    name = f"netjigsaw_plugin_{sha256(str(path).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} is not a Python file; its name must end in .py")
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, KeyboardInterrupt):
            raise
        raise PluginError(f"{path} failed to import: {describe_failure(error)}") from error
    return module


def load_object(path: Path, name: str) -> Any:
    """Import a file and return one object from it.

    Raises:
        PluginError: if the file fails to import or has no such object.
    """
    module = load_file(path)
    if not hasattr(module, name):
        public = [known for known in vars(module) if not known.startswith("_")]
        raise PluginError(f"{path} has no {name!r}{did_you_mean(name, public)}")
    return getattr(module, name)


def load_plugin(target: str) -> ModuleType:
    """Import a plug-in, `path/to/file.py` or `package.module`, which registers families or solvers.

    Raises:
        PluginError: if the plug-in is missing or fails to import.
    """
    if target.endswith(".py"):
        return load_file(Path(target))
    try:
        return importlib.import_module(target)
    except (Exception, SystemExit) as error:
        raise PluginError(f"plug-in {target!r} failed to import: {describe_failure(error)}") from error


def describe_failure(error: BaseException) -> str:
    """Describe an exception in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
