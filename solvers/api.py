"""What a solver is, and what it is given. The contract is structural.

A solver is any object with `solve(puzzle, context)`. It returns the answer: the bare
value in the family's form, or a `generator.puzzle.answer.Answer`. In return it may call

    context.report(value)   keep a best-so-far answer; scored if time or memory runs out
    context.log(text)       say what it does; shown by `netjigsaw solve`
    context.time_left()     seconds until it is stopped
    context.rng()           a numpy Generator; the only source of randomness it needs
    context.oracle(inputs)  outputs of the hidden network, for puzzles with an oracle; also `puzzle.oracle`
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from generator.family.oracle import Oracle

__all__ = ["Context", "Solver", "with_oracle"]


class Sink(Protocol):
    """Where reported answers go."""

    def __call__(self, answer: Any) -> None:
        """Take a best-so-far answer: an `Answer`, or the bare value."""


class Log(Protocol):
    """Where log lines go."""

    def __call__(self, text: str) -> None:
        """Take one line."""


def _drop(answer: Any) -> None:
    """Keep no answer."""


def _hush(text: str) -> None:
    """Say nothing."""


@dataclass
class Context:
    """What a solver knows besides the puzzle.

    Attributes:
        seed: of this trial; equal seeds must give equal answers.
        wall_s: seconds until the solver is stopped, infinite where there is no limit.
        memory_mib: memory the solver may take beyond the libraries, infinite where there is no limit.
        threads: threads that numerical libraries are pinned to.
        report: keeps a best-so-far answer.
        log: takes a line for the reader.
        started: `time.monotonic()` when the clock started.
        oracle: evaluates the hidden network, see `generator.family.oracle.Oracle`; None where the puzzle has none.
    """

    seed: int = 0
    wall_s: float = math.inf
    memory_mib: float = math.inf
    threads: int = 1
    report: Sink = _drop
    log: Log = _hush
    started: float = field(default_factory=time.monotonic)
    oracle: Oracle | None = None

    def time_left(self) -> float:
        """Count the seconds until the solver is stopped; never negative."""
        return max(0.0, self.wall_s - (time.monotonic() - self.started))

    def rng(self) -> np.random.Generator:
        """Make the trial's random generator; each call starts the same stream anew."""
        return np.random.default_rng(np.random.SeedSequence(self.seed))


class Solver(Protocol):
    """Anything that solves puzzles of one family."""

    def solve(self, puzzle: Any, context: Context) -> Any:
        """Solve one puzzle.

        Args:
            puzzle: the family's view of it, as the family's documentation describes it.
            context: seed, limits, and where to report.

        Returns:
            The answer, bare or as `generator.puzzle.answer.Answer`; None says that the solver gave up.
        """


def with_oracle(view: Any, oracle: Oracle | None) -> Any:
    """Put the oracle into a view that is a dataclass with a field `oracle`; any other view is returned as it is."""
    if oracle is None or not is_dataclass(view) or "oracle" not in {one.name for one in fields(view)}:
        return view
    return replace(view, oracle=oracle)  # type: ignore[type-var]  # an instance, since the family's `view` made it
