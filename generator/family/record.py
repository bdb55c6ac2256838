"""A puzzle family is one record. Harness, store, suites, leaderboard and command line know records, never families.

A built-in family keeps its record in `generator/<family>/record.py`; a plug-in registers its own. What lies in a higher
package (solvers, pictures) is named in the record by import path and loaded when it is needed.
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
    from generator.family.oracle import OracleRecord, Usage
    from generator.family.pictures import Pictures
    from generator.puzzle.answer import Answer
    from generator.puzzle.content import Puzzle, SealedAnswer
    from generator.puzzle.sealing import Made

__all__ = ["SOLVED", "Family"]

SOLVED = "solved"
"""`rank_by` of a family whose solvers are ranked by the number of puzzles solved."""


def _identity(puzzle: Puzzle) -> Any:
    return puzzle


def _any_answer(view: Any, answer: Answer) -> None:
    """Accept every answer that is plain data."""


def _no_groups(_: Puzzle) -> Mapping[str, str | int]:
    return {}


@dataclass(frozen=True)
class Family:
    """Everything that the suite knows about one kind of puzzle.

    Attributes:
        name: as users type it.
        summary: one line for `--help` and listings.
        spec: frozen pydantic model of a recipe.
        presets: named recipes, as changes to the spec's defaults.
        generate: `(spec, name=, seed=, progress=)` -> `Made`.
        score: `(view, answer, sealed or None)` -> `Score`; pure. With an oracle it takes the `Usage` too.
        metrics: what `score` yields, the headline first.
        rank_by: `SOLVED`, or the name of the metric that ranks solvers (then a valid answer has the status `scored`).
        view: from the public `Puzzle` to what a solver gets; checks its content.
        check: `(view, answer)`; raises AnswerError where the answer's form is wrong.
        groups: labels of a puzzle (depth, regime) that tables can be split by.
        oracle: the black box that solvers may query; None where puzzles are data.
        solvers: modules that register the family's solvers when they are imported.
        warm: modules that a fork server imports once, before it forks, when a run has puzzles of this family.
        pictures: how its puzzles are described and drawn; None for the manifest alone.
        foreign_layout: how its puzzles are put to programs as solvers; None where they cannot be.
        layouts: forms in which its puzzles come from, and go to, other programs: `netjigsaw import` and `export`.
        probes: small puzzles for `netjigsaw check`: the first is ordinary, the last takes a search of more than a
            second, those between have unusual shapes. A probe's name says what is unusual about it.
        starter: source of a minimal solver class called `Solver`, for people to start from.
        advice: what `netjigsaw check` recommends where answers of this family are wrong.
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
    pictures: Pictures | None = None
    foreign_layout: ForeignLayout | None = None
    layouts: tuple[Layout, ...] = ()
    probes: Callable[[], tuple[Made, ...]] | None = None
    starter: str = ""
    advice: Advice = field(default_factory=Advice)

    def __post_init__(self) -> None:
        """Refuse a record that could not be ranked.

        Raises:
            SpecError: if `rank_by` names no metric, or one whose value for a failed cell is not finite.
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
        """Whether solvers are ranked by the puzzles that they solved."""
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

    def rate(self, view: Any, answer: Answer, sealed: SealedAnswer | None, usage: Usage | None = None) -> Score:
        """Score an answer whose form is right; with an oracle, `usage` says what was asked of it.

        Raises:
            SpecError: if the family has an oracle and no usage is given.
        """
        if self.oracle is None:
            return self.score(view, answer, sealed)
        if usage is None:
            raise SpecError(f"scoring a {self.name} answer needs the usage of its oracle")
        return self.score(view, answer, sealed, usage)
