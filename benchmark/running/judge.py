"""Turn a trial's outcome into its status and metrics. The process that scores may compute the metrics."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmark.isolation.calls import GoneError
from benchmark.results.trial import Status
from generator.errors import AnswerError, HarnessError
from generator.family.metric import Score
from generator.family.oracle import Usage
from generator.family.registry import find_family
from generator.plugins import describe_failure, load_plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from benchmark.isolation.calls import Caller
    from benchmark.results.outcome import Outcome
    from generator.family.record import Family
    from generator.puzzle.answer import Answer
    from generator.puzzle.storage import LoadedPuzzle

__all__ = ["Judge", "Verdict"]

_STOPPED = frozenset({Status.TIMEOUT, Status.MEMORY, Status.CRASHED})
"""Statuses for which the last reported answer is scored, because the trial has no final answer."""


@dataclass(frozen=True)
class Verdict:
    """Status and metrics of a trial.

    Attributes:
        status: how the trial ended.
        reason: one line that explains the status.
        answer: the scored answer; None if no answer was scored.
        certified: whether the solver marked the scored answer as certified.
        from_report: whether the scored answer is a reported best-so-far answer, not the returned one.
        metrics: value by metric name; truth values are 0 and 1.
    """

    status: Status
    reason: str = ""
    answer: Answer | None = None
    certified: bool = False
    from_report: bool = False
    metrics: Mapping[str, float] = field(default_factory=dict)


class Judge:
    """Scores answers. Makes each puzzle's view once and keeps it.

    Args:
        scorer: returns the process that checks and scores; by default this process does.
        plugins: files or modules that the scorer loads first, because they register families.
    """

    def __init__(self, scorer: Callable[[], Caller] | None = None, plugins: Sequence[str] = ()) -> None:
        self._scorer = scorer
        self._plugins = tuple(plugins)
        self._asked: Caller | None = None
        self._known: set[str] = set()
        self._views: dict[str, Any] = {}

    def decide(self, loaded: LoadedPuzzle, outcome: Outcome) -> Verdict:
        """Turn an outcome into a verdict.

        Raises:
            HarnessError: if checking or scoring itself fails; the solver is not at fault then.
        """
        if outcome.status is None and outcome.answer is not None:
            return self._judge_answer(loaded, outcome.answer, outcome.usage)
        status = outcome.status or Status.CRASHED
        if status in _STOPPED:
            for report in reversed(outcome.reports):
                score = self.score(loaded, report.answer, outcome.usage)
                if not isinstance(score, str):
                    in_time = status is Status.TIMEOUT and not self._family(loaded).ranks_solved
                    return Verdict(
                        Status.SCORED if in_time else status,
                        "; ".join(filter(None, (outcome.reason, score.reason))),
                        report.answer,
                        report.answer.certified,
                        True,
                        dict(score.metrics),
                    )
        return Verdict(status, outcome.reason)

    def _judge_answer(self, loaded: LoadedPuzzle, answer: Answer, usage: Usage | None) -> Verdict:
        if answer.value is None:
            return Verdict(Status.GAVE_UP, answer.note)
        score = self.score(loaded, answer, usage)
        if isinstance(score, str):
            return Verdict(Status.WRONG_FORMAT, score)
        if self._family(loaded).ranks_solved:
            status = Status.SOLVED if score.solved else Status.PARTIAL
        else:
            status = Status.SCORED
        said = answer.note in score.reason  # a solver may know the same verdict
        reason = score.reason if said else "; ".join(filter(None, (answer.note, score.reason)))
        return Verdict(status, reason, answer, answer.certified, metrics=dict(score.metrics))

    def score(self, loaded: LoadedPuzzle, answer: Answer, usage: Usage | None = None) -> Score | str:
        """Check and score an answer; return a string with the fault if the answer is not valid.

        Args:
            loaded: the puzzle with its sealed answer.
            answer: a solver's answer to the puzzle.
            usage: queries to the oracle so far; none by default.

        Raises:
            HarnessError: if checking or scoring itself fails.
        """
        usage = usage or Usage()
        if self._scorer is None:
            return _score(self._views, loaded, answer, usage)
        for _attempt in range(2):  # something may have killed the process once; if scoring did, it dies again
            with contextlib.suppress(GoneError):
                return self._ask(self._scorer(), loaded, answer, usage)
        raise HarnessError(
            f"the process that scores answers ended twice at an answer to puzzle {loaded.puzzle.manifest.name!r}; "
            f"check the scoring function of family {loaded.puzzle.manifest.family!r}, and that memory is free"
        )

    def _ask(self, scorer: Caller, loaded: LoadedPuzzle, answer: Answer, usage: Usage) -> Score | str:
        if scorer is not self._asked:
            self._asked, self._known = scorer, set()
        digest = loaded.puzzle.digest
        sent = None if digest in self._known else loaded
        score = scorer(_score_elsewhere, digest, sent, answer, usage, self._plugins)
        self._known.add(digest)
        return score

    def _family(self, loaded: LoadedPuzzle) -> Family:
        return find_family(loaded.puzzle.manifest.family)


_HELD: dict[str, LoadedPuzzle] = {}
"""In the process that scores: the puzzles that it has received, by digest."""
_VIEWS: dict[str, Any] = {}
"""In the process that scores: their views."""


def _score_elsewhere(
    digest: str, sent: LoadedPuzzle | None, answer: Answer, usage: Usage, plugins: tuple[str, ...]
) -> Score | str:
    """Score an answer in the process that scores; a puzzle is sent with its first answer only."""
    if sent is not None:
        for plugin in plugins:
            load_plugin(plugin)
        _HELD[digest] = sent
    return _score(_VIEWS, _HELD[digest], answer, usage)


def _score(views: dict[str, Any], loaded: LoadedPuzzle, answer: Answer, usage: Usage) -> Score | str:
    """Check and score an answer; `views` keeps the view of each puzzle by digest."""
    family, digest = find_family(loaded.puzzle.manifest.family), loaded.puzzle.digest
    try:
        if digest not in views:
            views[digest] = family.view(loaded.puzzle)
        _keep_to_one_thread()
        family.check(views[digest], answer)
        score = family.rate(views[digest], answer, loaded.sealed, usage)
        if not isinstance(score, Score):
            raise TypeError(f"it returned an object of type {type(score).__name__}, not a Score")
    except AnswerError as error:
        return str(error)
    except (Exception, SystemExit) as error:
        name = loaded.puzzle.manifest.name
        raise HarnessError(f"scoring an answer to puzzle {name!r} failed: {describe_failure(error)}") from error
    return score


def _keep_to_one_thread() -> None:
    """Let torch score on one thread, because the other cores run timed trials.

    Does not import torch: a family without torch need not wait for the import.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)
