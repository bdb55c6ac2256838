"""Functions that are imported at their first call, so that `--help` does not wait for the import of torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["late"]


def late(target: str) -> Callable[..., Any]:
    """Return a function that imports `package.module:function` at its first call and calls it.

    The returned function has the attribute `target`, so that its source can be found without an import.
    """
    module, _, name = target.partition(":")

    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(import_module(module), name)(*args, **kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Call `{target}`."
    call.target = target  # type: ignore[attr-defined]  # functions take attributes
    return call
