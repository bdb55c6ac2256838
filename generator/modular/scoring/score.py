"""Score an answer: every question that is asked has its metrics, and its bar for a solved puzzle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.family.metric import Score
from generator.modular.answers import read_answer
from generator.modular.scoring.alignment import relabelling_matched
from generator.modular.scoring.circles import score_circles
from generator.modular.scoring.explanation import score_explanation
from generator.modular.scoring.outcomes import score_outcomes
from generator.modular.sealed import truth_of

if TYPE_CHECKING:
    from generator.family.oracle import Usage
    from generator.modular.answers import ModularAnswer
    from generator.modular.puzzle import ModularPuzzle
    from generator.modular.sealed import ModularTruth
    from generator.puzzle.answer import Answer
    from generator.puzzle.content import SealedAnswer

__all__ = ["DECIDED", "EXPLAINED", "FITTED", "PREDICTED", "score"]

DECIDED = 2 / 3
"""Smallest share of key frequencies with a kind other than undecided in a solved puzzle. No kind may be wrong.
Hand-set."""
PREDICTED = 0.95
"""Smallest mean R2 of the interventions in a solved puzzle. Hand-set."""
EXPLAINED = 0.98
"""Smallest share of pairs on which the explanation of a solved puzzle agrees with the network. Hand-set."""

FITTED = 0.9
"""Smallest R2 of the explanation of a solved puzzle, relative to the R2 that its forms reach on the key frequencies.
One circle alone already answers all pairs right, so the share of pairs would not ask for the others. Hand-set."""


def score(view: ModularPuzzle, answer: Answer, sealed: SealedAnswer | None, usage: Usage) -> Score:
    """Compare an answer with what was measured on the network; without the sealed answer, check the explanation only.

    A puzzle is solved if every question that is scored reaches its bar. A puzzle without a scored question, such as an
    imported network that does not add, is never solved.

    Raises:
        AnswerError: if the format of the answer is wrong.
        PuzzleError: if the sealed answer is damaged.
    """
    given = read_answer(view.public, answer.value)
    metrics: dict[str, float] = {}
    if view.oracle is not None or view.public.lookups:
        metrics["queries"] = float(usage.queries)
    if sealed is None:
        metrics |= _explanation(view, given)
        return Score(False, metrics, "the sealed answer is not here, so only the explanation can be checked")
    truth = truth_of(sealed)
    passed: dict[str, bool] = {}
    if "label" in truth.scored:
        metrics["label"] = float(given.label == truth.label)
        passed["label"] = given.label == truth.label
    _score_circles(view, given, truth, metrics, passed)
    if "relabelling" in truth.scored:
        names = given.relabelling
        matched = 0.0
        if names is not None:
            classes = not view.public.withheld
            mirrored = view.public.withheld and not view.public.lookups
            matched = relabelling_matched(names, truth.relabelling, classes=classes, mirrored=mirrored)
        metrics["relabelling"] = matched
        passed["relabelling"] = matched == 1
    if "interventions" in truth.scored:
        r2 = score_outcomes(given.interventions or (None,) * len(truth.outcomes), truth.outcomes)
        if r2 is not None:
            metrics["intervention_r2"] = r2
            passed["interventions"] = r2 >= PREDICTED
    if "explanation" in truth.scored:
        metrics |= _explanation(view, given)
        fitted = metrics["explanation_r2"] >= FITTED * truth.explainable
        passed["explanation"] = fitted and metrics["explanation_accuracy"] >= EXPLAINED
    if not passed:
        return Score(False, metrics, "no question about this network is scored, because it does not add")
    failed = [question for question, good in passed.items() if not good]
    return Score(not failed, metrics, f"below the bar: {', '.join(failed)}" if failed else "")


def _score_circles(
    view: ModularPuzzle,
    given: ModularAnswer,
    truth: ModularTruth,
    metrics: dict[str, float],
    passed: dict[str, bool],
) -> None:
    """Score the questions about frequencies; companions have no bar, because their threshold is a convention."""
    found = score_circles(given, truth, view.modulus, public=view.public.names == "public")
    if "frequencies" in truth.scored:
        metrics["frequency_jaccard"] = found.jaccard
        passed["frequencies"] = found.jaccard == 1
    if "kinds" in truth.scored:
        metrics |= {"kind_f1": found.kind_f1, "kind_points": found.points}
        passed["kinds"] = found.wrong == 0 and found.decided >= DECIDED
    if "companions" in truth.scored:
        metrics["companion_f1"] = found.companion_f1


def _explanation(view: ModularPuzzle, given: ModularAnswer) -> dict[str, float]:
    """Evaluate the explanation on all pairs; without one, or without the names of its residues, it scores 0."""
    if "explanation" not in view.questions:
        return {}
    names = view.names or given.relabelling
    if given.explanation is None or names is None:
        return {"explanation_accuracy": 0.0, "explanation_r2": 0.0}
    found = score_explanation(given.explanation, view.network.logits().numpy(), names)
    return {"explanation_accuracy": found.accuracy, "explanation_r2": found.r2}
