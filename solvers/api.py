"""The interface of solvers. A solver needs no base class.

A solver is any object with a method `solve(puzzle, context)`. The method returns the answer: the bare
value in the family's format, or a `generator.puzzle.answer.Answer`. The method may call

    context.report(value)   keep a best-so-far answer; scored if time or memory runs out
    context.log(text)       print a progress line; shown by `netjigsaw solve`
    context.time_left()     seconds until the solver is stopped
    context.rng()           a numpy Generator with the trial's seed; use no other source of randomness
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
    """A function that receives reported answers."""

    def __call__(self, answer: Any) -> None:
        """Take a best-so-far answer: an `Answer`, or the bare value."""


class Log(Protocol):
    """A function that receives log lines."""

    def __call__(self, text: str) -> None:
        """Log one line."""


def _drop(answer: Any) -> None:
    """Ignore an answer."""


def _hush(text: str) -> None:
    """Ignore a log line."""


@dataclass
class Context:
    """What a solver receives besides the puzzle: seed, limits, callbacks and oracle.

    Attributes:
        seed: seed of this trial; equal seeds must give equal answers.
        wall_s: wall time limit in seconds, infinite without a limit.
        memory_mib: memory limit beyond the libraries' own memory, in MiB; infinite without a limit.
        threads: number of threads of numerical libraries.
        report: keeps a best-so-far answer, scored if the solver is stopped.
        log: prints a progress line.
        started: `time.monotonic()` when the clock started.
        oracle: evaluates the hidden network, see `generator.family.oracle.Oracle`; None if the puzzle has no oracle.
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
        """Make the trial's random generator. Each call returns a new generator at the start of the same stream."""
        return np.random.default_rng(np.random.SeedSequence(self.seed))


class Solver(Protocol):
    """Anything that solves puzzles of one family."""

    def solve(self, puzzle: Any, context: Context) -> Any:
        """Solve one puzzle.

        Args:
            puzzle: the family's view of the puzzle, as the family's documentation describes it.
            context: seed, limits, callbacks and oracle.

        Returns:
            The answer, bare or as `generator.puzzle.answer.Answer`; None means that the solver gave up.
        """


def with_oracle(view: Any, oracle: Oracle | None) -> Any:
    """Put the oracle into a view that is a dataclass with a field `oracle`; any other view is returned as it is."""
    if oracle is None or not is_dataclass(view) or "oracle" not in {one.name for one in fields(view)}:
        return view
    return replace(view, oracle=oracle)  # type: ignore[type-var]  # an instance, since the family's `view` made it
