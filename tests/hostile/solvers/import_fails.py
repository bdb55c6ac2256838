"""Cannot be imported."""

from __future__ import annotations

from typing import Any

import no_such_module_anywhere  # type: ignore[import-not-found]


def attack(puzzle: Any, context: Any) -> Any:
    return no_such_module_anywhere
