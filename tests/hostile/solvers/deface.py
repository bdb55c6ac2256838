"""Tries to change the harness, its own file and its neighbours on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import benchmark


def attack(puzzle: Any, context: Any) -> Any:
    for place in (Path(benchmark.__file__), Path(__file__), Path(__file__).parent / "new-file"):
        try:
            with place.open("ab"):
                context.log(f"found {place} to be writable")
        except OSError:
            continue
    return list(range(len(puzzle)))
