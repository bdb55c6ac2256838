"""The record of a puzzle family. Harness, store, suites, leaderboard and command line use only the record.

A built-in family keeps its record in `generator/<family>/record.py`; a plug-in registers its own record. The record
names solvers and figures, which lie in higher packages, by import path; they are imported when they are needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from generator.errors import SpecError
from generator.family.advice import Advice
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel

    from generator.family.layout import ForeignLayout, Layout
    from generator.family.metric import Metric, Score
    from generator.family.oracle import OracleRecord, OracleTerms, Usage
    from generator.family.pictures import Pictures
    from generator.puzzle.answer import Answer
    from generator.puzzle.content import Puzzle, SealedAnswer
    from generator.puzzle.sealing import Made

__all__ = ["SOLVED", "Family"]

SOLVED = "solved"
"""Value of `rank_by` that ranks solvers by the number of puzzles solved."""


def _identity(puzzle: Puzzle) -> Any:
    return puzzle


def _any_answer(view: Any, answer: Answer) -> None:
    """Accept every answer that is plain data."""


def _no_groups(_: Puzzle) -> Mapping[str, str | int]:
    return {}


@dataclass(frozen=True)
class Family:
    """The description of one kind of puzzle; netjigsaw needs nothing else about it.

    Attributes:
        name: name on the command line and in suites.
        summary: one line for `--help` and listings.
        spec: frozen pydantic model of a puzzle's settings.
        presets: named settings, as changes to the defaults of the spec.
        generate: `(spec, name=, seed=, progress=)` -> `Made`.
        score: `(view, answer, sealed or None)` -> `Score`; a pure function. With an oracle it takes the `Usage` too.
        metrics: metrics of `score`, the headline first.
        rank_by: `SOLVED`, or the name of the metric that ranks solvers (then a valid answer has the status `scored`).
        view: converts the public `Puzzle` to the object that a solver gets, and checks its content.
        check: `(view, answer)`; raises AnswerError if the format of the answer is wrong.
        groups: labels of a puzzle, e.g. depth or regime, by which tables can be split.
        oracle: the black-box function that solvers may query; None where no puzzle of the family has an oracle.
        solvers: modules that register the family's solvers when they are imported. Those of netjigsaw, or packages of
            such modules, are read and not imported to list the solvers.
        warm: modules that every trial and every score of this family needs; imported once, before the first fork.
        libraries: modules that solvers often import; imported before the first fork if a solver names their package.
        pictures: functions that describe and draw a puzzle; with None, `netjigsaw show` prints only the manifest.
        foreign_layout: files and output format for programs as solvers; None where programs cannot solve this family.
        layouts: file layouts of other programs, for `netjigsaw import` and `netjigsaw export`.
        probes: small puzzles for `netjigsaw check`. The first is ordinary, the last takes more than a second of search,
            and the others have unusual shapes. The name of a probe says what is unusual about it.
        starter: source of a minimal solver class called `Solver`, as a template for users.
        advice: advice that `netjigsaw check` prints if answers of this family are invalid.
    """

    name: str
    summary: str
    spec: type[BaseModel]
    presets: Mapping[str, Mapping[str, Any]]
    generate: Callable[..., Made]
    score: Callable[..., Score]
    metrics: tuple[Metric, ...]
    rank_by: str = SOLVED
    view: Callable[[Puzzle], Any] = _identity
    check: Callable[[Any, Answer], None] = _any_answer
    groups: Callable[[Puzzle], Mapping[str, str | int]] = field(default=_no_groups)
    oracle: OracleRecord | None = None
    solvers: tuple[str, ...] = ()
    warm: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    pictures: Pictures | None = None
    foreign_layout: ForeignLayout | None = None
    layouts: tuple[Layout, ...] = ()
    probes: Callable[[], tuple[Made, ...]] | None = None
    starter: str = ""
    advice: Advice = field(default_factory=Advice)

    def __post_init__(self) -> None:
        """Refuse a record whose `rank_by` cannot rank solvers.

        Raises:
            SpecError: if `rank_by` names no metric, or a metric whose value for a failed trial is not finite.
        """
        if self.rank_by == SOLVED:
            return
        names = [metric.name for metric in self.metrics]
        if self.rank_by not in names:
            raise SpecError(
                f"family {self.name!r}: rank_by {self.rank_by!r} is no metric{did_you_mean(self.rank_by, names)}"
            )
        if not self.ranking_metric.finite_if_failed:
            raise SpecError(
                f"family {self.name!r}: metric {self.rank_by!r} ranks solvers, so it needs a finite `failed`: "
                "the value of the trivial baseline"
            )

    @property
    def ranks_solved(self) -> bool:
        """Whether solvers are ranked by the number of puzzles solved."""
        return self.rank_by == SOLVED

    @property
    def ranking_metric(self) -> Metric:
        """The metric that ranks solvers.

        Raises:
            SpecError: if the family ranks by puzzles solved.
        """
        for metric in self.metrics:
            if metric.name == self.rank_by:
                return metric
        raise SpecError(f"family {self.name!r} ranks solvers by puzzles solved, not by a metric")

    def oracle_terms(self, puzzle: Puzzle) -> OracleTerms | None:
        """Return the terms of a puzzle's oracle; None if the family or this puzzle has none."""
        return None if self.oracle is None else self.oracle.terms(puzzle)

    def rate(self, view: Any, answer: Answer, sealed: SealedAnswer | None, usage: Usage | None = None) -> Score:
        """Score an answer whose format is valid. With an oracle, `usage` holds the number of queries.

        Raises:
            SpecError: if the family has an oracle and no usage is given.
        """
        if self.oracle is None:
            return self.score(view, answer, sealed)
        if usage is None:
            raise SpecError(f"scoring a {self.name} answer needs the usage of its oracle")
        return self.score(view, answer, sealed, usage)
