"""Rewrites the harness in its own process so that every answer is right."""

from __future__ import annotations

import sys
from typing import Any

from generator.family.metric import Score


def attack(puzzle: Any, context: Any) -> Any:
    toy = next(module for name, module in sys.modules.items() if hasattr(module, "TOY"))
    vars(toy).update(score=lambda *_: Score(True, {"right": 1.0}), check=lambda *_: None)
    for name in ("score", "check"):
        object.__setattr__(toy.TOY, name, getattr(toy, name))
    for name in [name for name in sys.modules if name.startswith(("benchmark", "solvers"))]:
        if name not in {"benchmark.isolation.child.worker", "benchmark.isolation.wire"}:
            sys.modules.pop(name)
    return list(range(len(puzzle)))
