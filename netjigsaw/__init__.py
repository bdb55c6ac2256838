"""netjigsaw: a benchmark and puzzle-generator suite for reverse-engineering trained neural networks."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generator.errors import AnswerError, NetjigsawError, QueryError
    from generator.family.metric import Metric, Score
    from generator.family.oracle import OracleRecord, OracleTerms
    from generator.family.record import Family
    from generator.family.registry import register_family
    from generator.puzzle.answer import Answer
    from generator.puzzle.content import Puzzle
    from generator.puzzle.sealing import Made, seal
    from generator.puzzle.storage import load_puzzle, save_puzzle
    from generator.version import __version__
    from netjigsaw.contract import SolverContract, check_solver
    from solvers.api import Context
    from solvers.registry import register

__all__ = [
    "Answer",
    "AnswerError",
    "Context",
    "Family",
    "Made",
    "Metric",
    "NetjigsawError",
    "OracleRecord",
    "OracleTerms",
    "Puzzle",
    "QueryError",
    "Score",
    "SolverContract",
    "__version__",
    "check_solver",
    "load_puzzle",
    "register",
    "register_family",
    "save_puzzle",
    "seal",
]

_HOMES = {
    "Answer": "generator.puzzle.answer",
    "AnswerError": "generator.errors",
    "Context": "solvers.api",
    "Family": "generator.family.record",
    "Made": "generator.puzzle.sealing",
    "Metric": "generator.family.metric",
    "NetjigsawError": "generator.errors",
    "OracleRecord": "generator.family.oracle",
    "OracleTerms": "generator.family.oracle",
    "Puzzle": "generator.puzzle.content",
    "QueryError": "generator.errors",
    "Score": "generator.family.metric",
    "SolverContract": "netjigsaw.contract",
    "__version__": "generator.version",
    "check_solver": "netjigsaw.contract",
    "load_puzzle": "generator.puzzle.storage",
    "register": "solvers.registry",
    "register_family": "generator.family.registry",
    "save_puzzle": "generator.puzzle.storage",
    "seal": "generator.puzzle.sealing",
}


def _claim_packages() -> None:
    """Import the sibling packages from the folder beside this one, even if another `solvers` is on the search path.

    Raises:
        ImportError: if another package of the same name was imported before.
    """
    home = Path(__file__).resolve().parent.parent
    sys.path.insert(0, str(home))
    try:
        for name in ("generator", "solvers", "benchmark", "leaderboard"):
            found = import_module(name).__file__
            if found is None or Path(found).resolve().parent.parent != home:
                raise ImportError(
                    f"netjigsaw needs its own package {name!r}, but {found} was imported before it; rename that "
                    "package, or import netjigsaw first"
                )
    finally:
        sys.path.remove(str(home))


_claim_packages()


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `--help` does not wait for torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'netjigsaw' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
