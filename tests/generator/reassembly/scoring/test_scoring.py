from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from generator.errors import AnswerError
from generator.puzzle.answer import Answer, as_answer
from generator.puzzle.canonical import canonical_json
from generator.puzzle.content import Puzzle, SealedAnswer, make_puzzle
from generator.reassembly.making.generate import generate
from generator.reassembly.puzzle import ReassemblyPuzzle, check_answer, view_puzzle
from generator.reassembly.record import FAMILY
from generator.reassembly.scoring.score import mean_squared_error, score, solution_sha256
from generator.reassembly.spec import ReassemblySpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.puzzle.sealing import Made

DEPTH = 6


@pytest.fixture(scope="module")
def made() -> Made:
    spec = ReassemblySpec.model_validate(
        {"depth": DEPTH, "width": 5, "hidden": 7, "rows": 150, "steps": 60, "batch": 50}
    )
    return generate(spec, name="p", seed=3)


@pytest.fixture(scope="module")
def view(made: Made) -> ReassemblyPuzzle:
    return view_puzzle(made.puzzle)


def truth(sealed: SealedAnswer) -> list[Any]:
    value: Any = sealed.answer
    return list(value)


def assembled(made: Made, incoming: list[int], outgoing: list[int] | None = None) -> list[Any]:
    """Write halves by their true depths as an answer."""
    right = truth(made.sealed)
    pieces: list[Any] = []
    for i, j in zip(incoming, outgoing if outgoing is not None else incoming, strict=True):
        pieces += [right[2 * i], right[2 * j + 1]]
    return [*pieces, right[-1]]


def test_the_truth_is_exact(made: Made, view: ReassemblyPuzzle) -> None:
    result = score(view, Answer(truth(made.sealed)), made.sealed)
    assert result.solved
    exact = {"pairing_accuracy", "exact_order", "position_accuracy", "kendall_tau"}
    assert {result.metrics[name] for name in exact} == {1.0}
    assert result.metrics["mse_ratio"] < 1e-12


def test_scoring_yields_what_the_family_declares(made: Made, view: ReassemblyPuzzle) -> None:
    result = score(view, Answer(truth(made.sealed)), made.sealed)
    # Roles are scored where they are unknown only.
    assert result.metrics.keys() == {metric.name for metric in FAMILY.metrics} - {"role_accuracy"}
    canonical_json(dict(result.metrics))


@pytest.mark.parametrize(
    "order", [[1, 0, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [1, 2, 3, 4, 5, 0], [0, 1, 2, 3, 5, 4], [3, 1, 4, 0, 5, 2]]
)
def test_a_known_order_scores_what_it_must(made: Made, view: ReassemblyPuzzle, order: list[int]) -> None:
    result = score(view, Answer(assembled(made, order)), made.sealed)
    assert not result.solved
    assert result.metrics["pairing_accuracy"] == 1
    assert result.metrics["exact_order"] == 0
    assert result.metrics["position_accuracy"] == sum(a == b for a, b in enumerate(order)) / DEPTH
    assert result.metrics["kendall_tau"] == pytest.approx(float(kendalltau(range(DEPTH), order).statistic))
    late = sum(order[a] > order[b] for a in range(DEPTH) for b in range(a + 1, DEPTH))
    assert result.metrics["kendall_tau"] == pytest.approx(1 - 4 * late / (DEPTH * (DEPTH - 1)))
    assert result.metrics["mse_ratio"] > 1e-6


@pytest.mark.parametrize(
    ("outgoing", "right"), [([1, 0, 2, 3, 4, 5], 4), ([1, 2, 0, 3, 4, 5], 3), ([1, 2, 3, 4, 5, 0], 0)]
)
def test_a_known_pairing_scores_what_it_must(
    made: Made, view: ReassemblyPuzzle, outgoing: list[int], right: int
) -> None:
    result = score(view, Answer(assembled(made, list(range(DEPTH)), outgoing)), made.sealed)
    assert not result.solved
    assert result.metrics["pairing_accuracy"] == right / DEPTH
    assert result.metrics["position_accuracy"] == right / DEPTH
    assert result.metrics["kendall_tau"] == pytest.approx(1)  # the incoming halves are in order


def test_mse_is_that_of_the_plain_formula(made: Made, view: ReassemblyPuzzle) -> None:
    order = [3, 1, 4, 0, 5, 2]
    pieces = assembled(made, order)
    h = view.inputs.double()
    weights = {name: torch.from_numpy(array).double() for name, array in made.puzzle.pieces.items()}
    for u, v in zip(pieces[:-1:2], pieces[1::2], strict=True):
        hidden = torch.relu(h @ weights[f"{u}.weight"].T + weights[f"{u}.bias"])
        h = h + hidden @ weights[f"{v}.weight"].T + weights[f"{v}.bias"]
    predicted = h @ weights[f"{pieces[-1]}.weight"].T + weights[f"{pieces[-1]}.bias"]
    reference = view.predictions.double().numpy()
    mse = float(((predicted.numpy() - reference) ** 2).mean())
    result = score(view, Answer(pieces), made.sealed)
    assert result.metrics["mse"] == pytest.approx(mse, rel=1e-4)
    assert result.metrics["mse_ratio"] == pytest.approx(mse / reference.var(), rel=1e-4)


def test_many_rows_are_scored_as_few_are() -> None:
    spec = ReassemblySpec.model_validate({"depth": 2, "width": 3, "hidden": 4, "rows": 5000, "steps": 5, "outputs": 2})
    large = generate(spec, name="p", seed=1)
    view = view_puzzle(large.puzzle)
    wrong = assembled(large, [1, 0])
    whole = float((view.assembled(wrong)(view.inputs) - view.predictions).double().square().mean())
    assert mean_squared_error(view, wrong) == pytest.approx(whole, rel=1e-5)


def test_an_assembly_that_overflows_has_a_finite_score(made: Made) -> None:
    huge = {name: array * np.float32(1e18) for name, array in made.puzzle.pieces.items()}
    view = view_puzzle(Puzzle(made.puzzle.manifest, huge, made.puzzle.data))
    result = score(view, Answer(truth(made.sealed)), made.sealed)
    assert all(math.isfinite(value) for value in result.metrics.values())
    assert result.metrics["mse_ratio"] > 1e300
    canonical_json(dict(result.metrics))


def imported(made: Made, solution: str | None) -> ReassemblyPuzzle:
    manifest = made.puzzle.manifest
    return view_puzzle(
        make_puzzle(
            family="reassembly",
            name="imported",
            spec={"activation": "relu"},
            facts={"roles": manifest.facts["roles"]},
            generator="published layout",
            pieces=made.puzzle.pieces,
            data=made.puzzle.data,
            solution_sha256=solution,
        )
    )


def test_an_imported_puzzle_is_solved_by_its_hash(made: Made) -> None:
    right, wrong = truth(made.sealed), assembled(made, [1, 0, 2, 3, 4, 5])
    view = imported(made, solution_sha256(right))
    hit, miss = (score(view, Answer(pieces), None) for pieces in (right, wrong))
    assert (hit.solved, hit.metrics["exact_order"]) == (True, 1.0)
    assert (miss.solved, miss.metrics["exact_order"]) == (False, 0.0)
    assert "pairing_accuracy" not in hit.metrics
    # Whoever published the hash knows better than the predictions.
    assert not score(imported(made, "0" * 64), Answer(right), None).solved


def test_an_imported_puzzle_without_a_hash_is_solved_by_its_predictions(made: Made) -> None:
    view = imported(made, None)
    assert score(view, Answer(truth(made.sealed)), None).solved
    miss = score(view, Answer(assembled(made, [1, 0, 2, 3, 4, 5])), None)
    assert not miss.solved
    assert miss.metrics.keys() == {"mse", "mse_ratio"}


def test_a_solution_is_hashed_as_the_published_one() -> None:
    # echo -n 2,0,1 | sha256sum
    assert solution_sha256([2, 0, 1]) == "cea67d8b58d72bb9387778326578aa3e58971aeb9f43ff6eaa599fbdeb5a3103"


WRONG: list[tuple[str, Callable[[list[int]], Any], str]] = [
    ("repeated", lambda p: [*p[:2], p[0], *p[3:]], "is named 2 times"),
    ("unknown", lambda p: [99, *p[1:]], "there is no piece 99; the pieces are numbered 0 to 12"),
    ("negative", lambda p: [-1, *p[1:]], "there is no piece -1"),
    ("short", lambda p: p[:-1], "has 12 pieces; the puzzle has 13"),
    ("empty", lambda _: [], "has 0 pieces"),
    ("long", lambda p: [*p, p[-1]], "is named 2 times"),
    ("halves exchanged", lambda p: [p[1], p[0], *p[2:]], "at position 0 is no incoming half"),
    ("head first", lambda p: [p[-1], *p[1:-1], p[0]], "at position 0 is no incoming half"),
    ("two outgoing", lambda p: [p[0], p[2], p[1], *p[3:]], "at position 1 is no outgoing half"),
    ("text", lambda p: ",".join(map(str, p)), "is not a list of 13 piece numbers"),
    ("strings", lambda p: [str(piece) for piece in p], "is not a list of 13 piece numbers"),
    ("floats", lambda p: [float(piece) for piece in p], "is not a list of 13 piece numbers"),
    ("truth values", lambda p: [bool(piece) for piece in p], "is not a list of 13 piece numbers"),
    ("one truth value", lambda p: [True if piece == 1 else piece for piece in p], "is not a list of 13 piece numbers"),
    ("none", lambda _: None, "is not a list of 13 piece numbers"),
    ("number", lambda _: 3, "is not a list of 13 piece numbers"),
    ("dict", lambda p: {"order": p}, "is not a list of 13 piece numbers"),
    ("nested", lambda p: [p], "is not a list of 13 piece numbers"),
    ("float array", lambda p: np.array(p, float), "is not a list of 13 piece numbers"),
    ("two dimensions", lambda p: np.array([p]), "is not a list of 13 piece numbers"),
    ("nan", lambda p: [math.nan, *p[1:]], "NaN or infinity"),
    ("infinity", lambda p: np.array([np.inf, *p[1:]]), "NaN or infinity"),
    ("set", set, "holds a set, which is not plain data"),
    ("object", lambda _: object(), "holds a object"),
    ("bytes", lambda _: b"0,1", "holds a bytes"),
    ("complex", lambda p: [1j, *p[1:]], "holds a complex"),
    ("huge", lambda p: [10**5000, *p[1:]], "an integer of 16610 bits"),
    ("lone surrogate", lambda _: "\ud800", "not Unicode"),
]


@pytest.mark.parametrize(("change", "message"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_wrong_form_is_one_line(
    made: Made, view: ReassemblyPuzzle, change: Callable[[list[int]], Any], message: str
) -> None:
    def check() -> None:
        check_answer(view, as_answer(change(truth(made.sealed))))

    with pytest.raises(AnswerError) as caught:
        check()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_answer_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(AnswerError, match="contains itself"):
        as_answer(loop)


class Foreign:
    """An answer of somebody who imports nothing of ours."""

    def __init__(self, value: Any, **more: Any) -> None:
        self.value = value
        vars(self).update(more)


@pytest.mark.parametrize(
    "form",
    [
        list,
        tuple,
        np.array,
        torch.tensor,
        lambda p: [np.int64(piece) for piece in p],
        lambda p: [torch.tensor(piece) for piece in p],
        lambda p: np.array(p, np.uint8),
        Answer,
        lambda p: Foreign(np.array(p)),
    ],
)
def test_every_usual_form_is_accepted(made: Made, view: ReassemblyPuzzle, form: Callable[[list[int]], Any]) -> None:
    answer = as_answer(form(truth(made.sealed)))
    check_answer(view, answer)
    assert answer.value == made.sealed.answer
    assert all(type(piece) is int for piece in truth(made.sealed))
    assert score(view, answer, made.sealed).solved


def test_the_rest_of_an_answer_is_kept() -> None:
    weights = torch.ones(2, 3, requires_grad=True)
    answer = as_answer(Foreign([1], certified=np.True_, arrays={"U": weights, "V": [1.0]}, note="a line"))
    assert (answer.value, answer.certified, answer.note) == ([1], True, "a line")
    np.testing.assert_array_equal(answer.arrays["U"], np.ones((2, 3)))
    assert answer.arrays["V"].shape == (1,)
    with pytest.raises(AnswerError, match="arrays or remarks"):
        as_answer(Foreign([1], arrays=3))
    with pytest.raises(AnswerError, match="arrays or remarks"):
        as_answer(Foreign([1], certified=np.ones(2)))
