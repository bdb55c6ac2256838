"""Puzzles with unknown roles: what a solver sees, what it cannot see, and which manifests are refused."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from generator.errors import AnswerError, PuzzleError, SpecError, UnsupportedPuzzleError
from generator.puzzle.answer import Answer
from generator.puzzle.content import Puzzle, make_puzzle
from generator.puzzle.storage import load_puzzle, save_puzzle
from generator.reassembly.layout.janestreet import export_layout
from generator.reassembly.making.generate import generate
from generator.reassembly.puzzle import ReassemblyPuzzle, check_answer, view_puzzle
from generator.reassembly.record import FAMILY
from generator.reassembly.spec import ReassemblySpec
from generator.reassembly.unknown_roles import UnknownRolesPuzzle, view_any

if TYPE_CHECKING:
    from pathlib import Path

    from generator.puzzle.sealing import Made

DEPTH, WIDTH = 4, 6
SQUARE: dict[str, Any] = {"depth": DEPTH, "width": WIDTH, "hidden": WIDTH, "rows": 40, "steps": 20, "batch": 20}


def make(seed: int = 3, **changes: Any) -> Made:
    return generate(ReassemblySpec.model_validate({**SQUARE, "roles": "unknown", **changes}), name="p", seed=seed)


@pytest.fixture(scope="module")
def made() -> Made:
    return make()


@pytest.fixture(scope="module")
def view(made: Made) -> UnknownRolesPuzzle:
    view = view_any(made.puzzle)
    assert isinstance(view, UnknownRolesPuzzle)
    return view


def truth(made: Made) -> list[Any]:
    value: Any = made.sealed.answer
    return list(value)


def test_the_squares_are_the_pieces(made: Made, view: UnknownRolesPuzzle) -> None:
    assert view.roles is None
    assert view.depth == DEPTH
    assert view.squares.weights.shape == (2 * DEPTH, WIDTH, WIDTH)
    assert {*view.squares.numbers, view.head_number} == set(range(2 * DEPTH + 1))
    for number, weight, bias in zip(*vars(view.squares).values(), strict=True):
        assert np.array_equal(weight.numpy(), made.puzzle.pieces[f"{number}.weight"])
        assert np.array_equal(bias.numpy(), made.puzzle.pieces[f"{number}.bias"])
    assert np.array_equal(view.head.numpy(), made.puzzle.pieces[f"{view.head_number}.weight"])
    assert view.variance == pytest.approx(float(made.puzzle.data["predictions"].var()), rel=1e-5)


def test_the_true_answer_reproduces_the_predictions(made: Made, view: UnknownRolesPuzzle) -> None:
    assert torch.allclose(view.assembled(truth(made))(view.inputs), view.predictions, atol=1e-5)


def test_any_role_is_a_valid_answer_and_is_assembled_as_given(made: Made, view: UnknownRolesPuzzle) -> None:
    pieces = truth(made)
    swapped = [pieces[1], pieces[0], *pieces[2:]]
    check_answer(view, Answer(swapped))
    network = view.assembled(swapped)
    row = view.squares.numbers.index
    assert torch.equal(network.U[0], view.squares.weights[row(pieces[1])])
    assert torch.equal(network.V[0], view.squares.weights[row(pieces[0])])
    assert view.square_answer(*view.assembly(swapped)) == swapped


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda pieces: pieces[1:], "has 8 pieces; the puzzle has 9"),
        (lambda pieces: [pieces[1], *pieces[1:]], "is named 2 times"),
        (lambda pieces: [99, *pieces[1:]], "there is no piece 99"),
        (lambda pieces: [*pieces[-1:], *pieces[1:-1], pieces[0]], "at position 8 is no head"),
        (lambda pieces: ",".join(map(str, pieces)), "not a list of 9 piece numbers"),
    ],
)
def test_invalid_answers_are_refused_with_the_reason(
    made: Made, view: UnknownRolesPuzzle, change: Any, message: str
) -> None:
    with pytest.raises(AnswerError, match=message):
        check_answer(view, Answer(change(truth(made))))


def test_a_network_needs_roles(view: UnknownRolesPuzzle) -> None:
    with pytest.raises(UnsupportedPuzzleError, match=r"does not solve puzzles with unknown roles.*puzzle\.squares"):
        _ = view.network
    with pytest.raises(UnsupportedPuzzleError, match=r"puzzle\.answer needs the roles"):
        view.answer(range(DEPTH), range(DEPTH))


def test_answers_under_assumed_roles_are_answers(made: Made, view: UnknownRolesPuzzle) -> None:
    incoming, _ = view.assembly(truth(made))
    assumed = view.assuming(incoming)
    assert isinstance(assumed, ReassemblyPuzzle)
    assert assumed.answer(*assumed.assembly(truth(made))) == truth(made)
    assert torch.allclose(assumed.assembled(truth(made))(view.inputs), view.predictions, atol=1e-5)
    shared = {field.name for field in dataclasses.fields(assumed)} - {"roles", "network"}
    assert all(getattr(assumed, name) is getattr(view, name) for name in shared)
    for wrong in (incoming[1:], [*incoming[:-1], incoming[0]], [*incoming[:-1], 2 * DEPTH], [*incoming[:-1], -1]):
        with pytest.raises(SpecError, match="incoming halves are 4 different rows of squares, each from 0 to 7"):
            view.assuming(wrong)


def test_pieces_without_biases() -> None:
    bare = view_any(make(biases=False).puzzle)
    assert isinstance(bare, UnknownRolesPuzzle)
    assert not bare.squares.biases.any()


def changed(puzzle: Puzzle, *, roles: Any = None, pieces: Any = None) -> Puzzle:
    manifest = puzzle.manifest
    return make_puzzle(
        family=manifest.family,
        name=manifest.name,
        spec=manifest.spec,
        facts={**manifest.facts, "roles": roles or manifest.facts["roles"]},
        generator=manifest.generator,
        pieces=pieces or puzzle.pieces,
        data=puzzle.data,
    )


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"unknown": [0, 1, 2]}, "head: Field required"),
        ({"unknown": [0, 1, 2], "head": 3}, "list 3 halves; K blocks have 2K, at least 2"),
        ({"unknown": [], "head": 3}, "list 0 halves"),
        ({"unknown": [0, 1, 2, 3], "head": 4}, "do not name every piece exactly once"),
        ({"unknown": [0, 1], "incoming": [0], "head": 4}, "unknown field 'incoming'"),
    ],
)
def test_manifests_that_contradict_themselves(made: Made, roles: Any, message: str) -> None:
    with pytest.raises(PuzzleError, match=message):
        view_any(changed(made.puzzle, roles=roles))


def test_other_shapes_state_their_roles() -> None:
    oblong = generate(ReassemblySpec.model_validate({**SQUARE, "depth": 1, "hidden": 5}), name="p", seed=1)
    incoming, outgoing, head = truth(oblong)
    assert isinstance(view_any(oblong.puzzle), ReassemblyPuzzle)
    low, high = sorted((incoming, outgoing))
    with pytest.raises(PuzzleError):
        view_any(changed(oblong.puzzle, roles={"unknown": [low, high], "head": head}))


def test_no_view_of_known_roles(made: Made) -> None:
    with pytest.raises(PuzzleError, match="the manifest's roles"):
        view_puzzle(made.puzzle)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden": 7}, "hidden 7 and width 6, because shapes tell the roles; make hidden equal to width"),
        ({"outputs": WIDTH}, "outputs and width both 6, because the head would have the shape of a half"),
        ({"roles": "some"}, "Input should be 'known' or 'unknown'"),
    ],
)
def test_recipes_that_cannot_hide_roles(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ReassemblySpec.model_validate({**SQUARE, "roles": "unknown", **changes})


def test_known_roles_leave_recipe_and_puzzle_as_they_were(made: Made) -> None:
    spec = ReassemblySpec.model_validate(SQUARE)
    assert "roles" not in spec.model_dump(mode="json")
    assert ReassemblySpec.model_validate({**SQUARE, "roles": "known"}) == spec
    known = generate(spec, name="p", seed=3)
    assert set(known.puzzle.manifest.facts["roles"]) == {"incoming", "outgoing", "head"}  # type: ignore[arg-type]
    assert known.sealed.answer == made.sealed.answer
    assert known.puzzle.manifest.tensors == made.puzzle.manifest.tensors


def test_the_manifest_says_unknown_and_no_more(made: Made) -> None:
    manifest = made.puzzle.manifest
    head = truth(made)[-1]
    assert manifest.spec["roles"] == "unknown"
    assert manifest.facts["roles"] == {"unknown": [n for n in range(2 * DEPTH + 1) if n != head], "head": head}
    assert FAMILY.groups(made.puzzle)["roles"] == "unknown"
    assert FAMILY.groups(made.puzzle)["depth"] == DEPTH
    assert FAMILY.pictures is not None
    assert FAMILY.pictures.outline is not None
    sketch = FAMILY.pictures.outline(manifest)
    assert sketch is not None
    assert len(sketch.layers) == 2 * DEPTH


def exchanged(puzzle: Puzzle, first: int, second: int) -> Puzzle:
    """Give two pieces each other's tensors."""
    pieces = dict(puzzle.pieces)
    for kind in ("weight", "bias"):
        a, b = f"{first}.{kind}", f"{second}.{kind}"
        if a in pieces:
            pieces[a], pieces[b] = pieces[b], pieces[a]
    return changed(puzzle, pieces=pieces)


def header(path: Path) -> bytes:
    """Read the header of a safetensors file: names, dtypes, shapes, order."""
    content = path.read_bytes()
    return content[: 8 + int.from_bytes(content[:8], "little")]


@pytest.mark.parametrize("options", [{}, {"biases": False}, {"piece_format": "int8"}])
def test_only_the_numbers_in_the_tensors_depend_on_the_roles(tmp_path: Path, options: dict[str, Any]) -> None:
    """Exchange an incoming with an outgoing half: the files are the same but for the tensors and their digests."""
    made = make(**options)
    pieces = truth(made)
    same_digits = [(a, b) for a, b in itertools.product(pieces[:-1:2], pieces[1::2]) if len(f"{a}") == len(f"{b}")]
    assert len(same_digits) == DEPTH**2
    plain = changed(made.puzzle)
    save_puzzle(plain, tmp_path / "plain")
    export_layout(plain, tmp_path / "plain-layout")
    for turn, (first, second) in enumerate(same_digits[:: DEPTH + 1]):
        other = exchanged(plain, first, second)
        assert other.digest != plain.digest
        folder, layout = tmp_path / f"{turn}", tmp_path / f"{turn}-layout"
        save_puzzle(other, folder)
        export_layout(other, layout)
        assert header(folder / "pieces.safetensors") == header(tmp_path / "plain/pieces.safetensors")
        assert (folder / "data.safetensors").read_bytes() == (tmp_path / "plain/data.safetensors").read_bytes()
        assert load_puzzle(folder).manifest.model_dump(exclude={"tensors", "digest"}) == plain.manifest.model_dump(
            exclude={"tensors", "digest"}
        )
        for one, two in ((folder, tmp_path / "plain"), (layout, tmp_path / "plain-layout")):
            sizes = [
                {str(path.relative_to(root)): path.stat().st_size for path in root.rglob("*")} for root in (one, two)
            ]
            assert sizes[0] == sizes[1]
        assert not list(layout.rglob("roles.json"))


def test_tensors_are_alike_in_everything_but_their_numbers(made: Made) -> None:
    head = truth(made)[-1]
    for kind, shape in (("weight", (WIDTH, WIDTH)), ("bias", (WIDTH,))):
        arrays = [made.puzzle.pieces[f"{number}.{kind}"] for number in range(2 * DEPTH + 1) if number != head]
        assert {(array.dtype.str, array.shape, array.flags.c_contiguous) for array in arrays} == {("<f4", shape, True)}
    assert list(made.puzzle.pieces) == sorted(made.puzzle.pieces)


def test_numbers_are_dealt_over_all_pieces() -> None:
    """Over many seeds, every number is an incoming half, an outgoing half and the head about as often as by chance."""
    seeds = 120
    answers = [truth(make(seed, depth=2, width=2, hidden=2, rows=5, steps=0)) for seed in range(seeds)]
    assert all(sorted(answer) == list(range(5)) for answer in answers)
    for number in range(5):
        incoming = sum(number in answer[:-1:2] for answer in answers)
        outgoing = sum(number in answer[1::2] for answer in answers)
        assert 0.25 * seeds < incoming < 0.55 * seeds  # 0.4 expected, standard deviation 0.045
        assert 0.25 * seeds < outgoing < 0.55 * seeds
    assert len({tuple(answer) for answer in answers}) > 60  # of 120 permutations
