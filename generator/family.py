"""A puzzle family is one record; harness, store, suites and leaderboard know records only.

Built-in families are put together in `benchmark.families`, where their parts meet.
Others register the same record from a plug-in (see `generator.plugins`).
"""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, Protocol

from generator.errors import PluginError, SpecError
from generator.puzzle import Puzzle, SealedAnswer, commitment, make_puzzle
from generator.suggest import did_you_mean
from generator.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from pydantic import BaseModel, JsonValue

    from generator.answer import Answer

__all__ = [
    "Family",
    "ForeignLayout",
    "Made",
    "Metric",
    "Progress",
    "Score",
    "families",
    "fresh_seed",
    "get_family",
    "register_family",
    "seal",
    "silent",
]


class Progress(Protocol):
    """Called now and then while a puzzle is being made."""

    def __call__(self, step: int, steps: int, loss: float) -> None:
        """Say that `step` of `steps` is done at this training loss."""


def silent(step: int, steps: int, loss: float) -> None:
    """Report no progress."""


@dataclass(frozen=True)
class Made:
    """A new puzzle and its answer, still together; `warnings` are for the maker's eyes."""

    puzzle: Puzzle
    sealed: SealedAnswer
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Metric:
    """One number that scoring yields: what it is called, which way is better, how tables sum it up.

    Attributes:
        name: key in `Score.metrics`.
        label: as table headers and axes show it.
        better: which way.
        summary: over a solver's cells. A mean suits shares, a median ratios that span decades.
        failed: what a cell without an answer counts as; by default 0 where high is better and
            infinity where low is, so that no failure looks better than an answer.
        shown: how tables write it.
        digits: decimals in tables.
        headline: whether it decides ranks and has a column in printed tables; files hold every metric.
        floor: smallest value that is more than rounding; a comparison takes smaller ones as equal.
    """

    name: str
    label: str
    better: Literal["high", "low"]
    summary: Literal["mean", "median"] = "mean"
    failed: float | None = None
    shown: Literal["fixed", "percent", "scientific"] = "fixed"
    digits: int = 3
    headline: bool = True
    floor: float = 0.0

    @property
    def if_failed(self) -> float:
        """What a cell without an answer counts as."""
        if self.failed is not None:
            return self.failed
        return 0.0 if self.better == "high" else math.inf


@dataclass(frozen=True)
class Score:
    """How good an answer is.

    Attributes:
        solved: whether the family counts the puzzle as solved.
        metrics: value by metric name; one that cannot be known is absent.
    """

    solved: bool
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class ForeignLayout:
    """How puzzles of a family are put to programs that know nothing of this suite.

    Attributes:
        write: `(puzzle, folder)` fills a folder that is not there yet with the files such a program reads.
        reader: `(puzzle)` makes a reader of what the program prints, line by line. It gives the answer that a
            line completes, None for a line that is none, and raises AnswerError for one that nearly is.
    """

    write: Callable[[Puzzle, Path], None]
    reader: Callable[[Puzzle], Callable[[str], JsonValue]]


def _identity(puzzle: Puzzle) -> Any:
    return puzzle


def _any_answer(view: Any, answer: Answer) -> None:
    """Accept every answer that is plain data."""


def _no_groups(_: Puzzle) -> Mapping[str, str | int]:
    return {}


@dataclass(frozen=True)
class Family:
    """Everything the suite knows about one kind of puzzle.

    Attributes:
        name: as typed by users.
        summary: one line for `--help` and listings.
        spec: frozen pydantic model of a recipe.
        presets: named recipes, as changes to the spec's defaults.
        generate: `(spec, name=, seed=, progress=)` -> `Made`.
        score: `(view, answer, sealed or None)` -> `Score`; pure.
        metrics: what `score` yields, the headline first.
        view: from the public `Puzzle` to what a solver gets; checks its content.
        check: `(view, answer)`; raises AnswerError where the answer's form is wrong.
        groups: labels of a puzzle (depth, regime) that tables can be split by.
        foreign_layout: for programs as solvers; None where puzzles cannot be put to them.
        probes: small puzzles of ordinary and of awkward shapes, to try solvers on: the first is ordinary, the
            last takes a search longer than a second. The name of each says what is odd about it.
        starter: source of a minimal solver class called `Solver`, for people to start from.
    """

    name: str
    summary: str
    spec: type[BaseModel]
    presets: Mapping[str, Mapping[str, Any]]
    generate: Callable[..., Made]
    score: Callable[[Any, Answer, SealedAnswer | None], Score]
    metrics: tuple[Metric, ...]
    view: Callable[[Puzzle], Any] = _identity
    check: Callable[[Any, Answer], None] = _any_answer
    groups: Callable[[Puzzle], Mapping[str, str | int]] = field(default=_no_groups)
    foreign_layout: ForeignLayout | None = None
    probes: Callable[[], tuple[Made, ...]] | None = None
    starter: str = ""


_FAMILIES: dict[str, Family] = {}


def register_family(family: Family) -> Family:
    """Make a family known by its name.

    Raises:
        PluginError: if another family holds the name.
    """
    if _FAMILIES.get(family.name, family) is not family:
        raise PluginError(f"a family named {family.name!r} is registered already")
    _FAMILIES[family.name] = family
    return family


def get_family(name: str) -> Family:
    """Look a family up.

    Raises:
        SpecError: if there is none of that name.
    """
    if name not in _FAMILIES:
        raise SpecError(f"no puzzle family {name!r}{did_you_mean(name, _FAMILIES)}")
    return _FAMILIES[name]


def families() -> tuple[Family, ...]:
    """List the registered families in the order of their registration."""
    return tuple(_FAMILIES.values())


def fresh_seed() -> int:
    """Take a seed from the operating system's entropy; 53 bits, so that JSON keeps it exactly."""
    return secrets.randbits(53)


def seal(
    *,
    family: str,
    name: str,
    seed: int,
    answer: JsonValue,
    secret: str = "",
    pieces: Mapping[str, np.ndarray],
    data: Mapping[str, np.ndarray],
    spec: dict[str, JsonValue] | None = None,
    facts: dict[str, JsonValue] | None = None,
    notes: dict[str, JsonValue] | None = None,
    warnings: tuple[str, ...] = (),
) -> Made:
    """Part a puzzle from its answer: commit to the answer, digest the rest.

    The salt follows from the seed, so that the same seed gives the same digest. `secret` is
    mixed in: what costs as much to find out as the puzzle itself, the trained weights say, so
    that the commitment does not confirm a guessed seed cheaply.
    """
    salt = sha256(f"netjigsaw salt {family} {seed} {secret}".encode()).hexdigest()
    puzzle = make_puzzle(
        family=family,
        name=name,
        spec=spec or {},
        facts=facts or {},
        generator=f"netjigsaw {__version__}",
        pieces=pieces,
        data=data,
        commitment=commitment(answer, salt),
    )
    sealed = SealedAnswer(
        digest=puzzle.digest,
        family=family,
        name=name,
        answer=answer,
        salt=salt,
        seed=seed,
        spec=spec or {},
        notes=notes or {},
    )
    return Made(puzzle, sealed, warnings)
