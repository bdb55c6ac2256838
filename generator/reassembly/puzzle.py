"""The reassembly puzzle as a solver sees it: numbered pieces with known roles, and data.

Pieces carry the numbers 0..2K. Tensors are named `<number>.weight` and `<number>.bias`.
The role of each piece (incoming half, outgoing half, head) is public. Shapes reveal the role,
except where the hidden width equals the state width, so the manifest always states the role.
Puzzles whose roles are part of the answer are in `generator.reassembly.unknown_roles`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeAlias

import numpy as np
import torch
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from torch import Tensor

from generator.errors import AnswerError, PuzzleError, first_fault
from generator.reassembly.network.number_formats import rounded_weights
from generator.reassembly.network.residual import ACTIVATIONS, ResidualNetwork
from generator.reassembly.spec import UNDEGRADED, Degradation

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from generator.puzzle.answer import Answer
    from generator.puzzle.content import Puzzle

__all__ = [
    "Ascending",
    "ReassemblyPuzzle",
    "Roles",
    "check_answer",
    "check_numbers",
    "variance_of",
    "view_puzzle",
    "view_with_roles",
]


def _ascending(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(numbers))


Ascending: TypeAlias = Annotated[tuple[int, ...], AfterValidator(_ascending)]
"""Piece numbers, which a pydantic model sorts, so that their order reveals nothing."""


class Roles(BaseModel):
    """The role of each piece; each list is sorted, so that it reveals nothing about the order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    incoming: Ascending
    outgoing: Ascending
    head: int


def variance_of(predictions: Tensor) -> float:
    """Compute the variance of predictions, n x o, over rows and outputs, about each output's mean."""
    return float(predictions.double().var(dim=0, correction=0).mean())


@dataclass(frozen=True, eq=False)
class ReassemblyPuzzle:
    """Shuffled halves of K residual blocks, a head, and the network's predictions.

    Row i of `network.U` is piece `roles.incoming[i]`, row j of `network.V` is piece
    `roles.outgoing[j]`; the two lists are not paired with each other.

    Attributes:
        roles: piece numbers.
        network: the halves as stacked float32 tensors, in the order of `roles`.
        inputs: n x d.
        predictions: n x o, the network's own output; degraded if the puzzle is degraded.
        labels: n x o (or n x 1 class numbers), the targets of the training; None if unknown.
        solution_sha256: hash of a published solution, its piece numbers joined with commas.
        degradation: how pieces and predictions were degraded after the training. If the predictions were computed in
            a lower precision, `network` holds the weights rounded to that precision.
    """

    roles: Roles
    network: ResidualNetwork
    inputs: Tensor
    predictions: Tensor
    labels: Tensor | None = None
    solution_sha256: str | None = None
    degradation: Degradation = UNDEGRADED

    @property
    def depth(self) -> int:
        """Number of blocks, K."""
        return self.network.depth

    @property
    def variance(self) -> float:
        """Variance of the predictions, over rows and outputs, about each output's mean."""
        return variance_of(self.predictions)

    def answer(self, incoming: Sequence[int], outgoing: Sequence[int]) -> list[int]:
        """Write an assembly, rows of U and V by position, as piece numbers in execution order."""
        pieces: list[int] = []
        for i, j in zip(incoming, outgoing, strict=True):
            pieces += [self.roles.incoming[int(i)], self.roles.outgoing[int(j)]]
        return [*pieces, self.roles.head]

    def assembly(self, pieces: Any) -> tuple[list[int], list[int]]:
        """Read piece numbers in execution order back as rows of U and V by position.

        Raises:
            AnswerError: if they are not U, V, U, V, ..., head, each piece once.
        """
        _check_pieces(pieces, self.roles)
        row_in = {piece: row for row, piece in enumerate(self.roles.incoming)}
        row_out = {piece: row for row, piece in enumerate(self.roles.outgoing)}
        return [row_in[p] for p in pieces[:-1:2]], [row_out[p] for p in pieces[1::2]]

    def assembled(self, pieces: Any) -> ResidualNetwork:
        """Build the network that an answer describes.

        Raises:
            AnswerError: as `assembly` does.
        """
        return self.network.reordered(*self.assembly(pieces))


class ReadsAnswers(Protocol):
    """A puzzle, with known or with unknown roles."""

    def assembly(self, pieces: Any) -> tuple[list[int], list[int]]:
        """Read piece numbers in execution order as rows of halves; raise AnswerError if they are no answer."""


def check_answer(view: ReadsAnswers, answer: Answer) -> None:
    """Check the form of an answer.

    Raises:
        AnswerError: naming the first fault.
    """
    view.assembly(answer.value)


def view_puzzle(puzzle: Puzzle) -> ReassemblyPuzzle:
    """Read a puzzle of this family whose roles are known, checking that its tensors form a residual network.

    Raises:
        PuzzleError: if they do not.
    """
    return view_with_roles(puzzle, _roles(puzzle))


def view_with_roles(puzzle: Puzzle, roles: Roles) -> ReassemblyPuzzle:
    """Read a puzzle of this family with given roles, checking that its tensors form a residual network.

    Raises:
        PuzzleError: if they do not.
    """
    weights = _numbered(puzzle.pieces, "weight")
    biases = _numbered(puzzle.pieces, "bias")
    _check_roles(roles, weights)
    for number in sorted(biases.keys() - weights.keys()):
        raise PuzzleError(f"piece {number} has a bias but no weight")
    if "inputs" not in puzzle.data or "predictions" not in puzzle.data:
        raise PuzzleError("the data lack 'inputs' or 'predictions'")
    inputs, predictions = puzzle.data["inputs"], puzzle.data["predictions"]
    hidden, width = weights[roles.incoming[0]].shape
    outputs = weights[roles.head].shape[0]
    shapes = (
        (roles.incoming, (hidden, width)),
        (roles.outgoing, (width, hidden)),
        ((roles.head,), (outputs, width)),
    )
    for numbers, shape in shapes:
        for number in numbers:
            _check_shape(f"piece {number} weight", weights[number], shape)
            if number in biases:
                _check_shape(f"piece {number} bias", biases[number], shape[:1])
    if inputs.ndim != 2 or inputs.shape[0] < 1:
        raise PuzzleError(f"the inputs have shape {inputs.shape}; expected rows x {width}")
    _check_shape("inputs", inputs, (inputs.shape[0], width))
    _check_shape("predictions", predictions, (inputs.shape[0], outputs))
    activation = puzzle.manifest.spec.get("activation", "relu")
    if activation not in ACTIVATIONS:
        raise PuzzleError(f"unknown activation {activation!r}; known: {', '.join(ACTIVATIONS)}")

    def stack(numbers: Sequence[int], tensors: Mapping[int, np.ndarray], shape: tuple[int, ...]) -> Tensor:
        blank = np.zeros(shape, np.float32)
        return torch.from_numpy(np.stack([tensors.get(number, blank) for number in numbers]).astype(np.float32))

    labels = puzzle.data.get("labels")
    if labels is not None and (labels.ndim != 2 or len(labels) != len(inputs)):
        raise PuzzleError(f"the labels have shape {labels.shape}; expected {len(inputs)} rows")
    network = ResidualNetwork(
        U=stack(roles.incoming, weights, (hidden, width)),
        c=stack(roles.incoming, biases, (hidden,)),
        V=stack(roles.outgoing, weights, (width, hidden)),
        e=stack(roles.outgoing, biases, (width,)),
        head=stack([roles.head], weights, (outputs, width))[0],
        head_bias=stack([roles.head], biases, (outputs,))[0],
        activation=str(activation),
    )
    degradation = Degradation.of(puzzle.manifest.spec)
    return ReassemblyPuzzle(
        roles=roles,
        network=rounded_weights(network, degradation.predictions_computed),
        inputs=torch.from_numpy(inputs.astype(np.float32)),
        predictions=torch.from_numpy(predictions.astype(np.float32)),
        labels=None if labels is None else torch.from_numpy(labels.astype(np.float32)),
        solution_sha256=puzzle.manifest.solution_sha256,
        degradation=degradation,
    )


def _roles(puzzle: Puzzle) -> Roles:
    try:
        return Roles.model_validate(puzzle.manifest.facts.get("roles", {}))
    except ValidationError as error:
        raise PuzzleError(f"the manifest's roles: {first_fault(error)}") from None


def _numbered(tensors: Mapping[str, np.ndarray], kind: str) -> dict[int, np.ndarray]:
    numbered: dict[int, np.ndarray] = {}
    for name, tensor in tensors.items():
        number, _, suffix = name.partition(".")
        if not re.fullmatch(r"0|[1-9][0-9]*", number) or suffix not in {"weight", "bias"}:
            raise PuzzleError(f"no piece can be named {name!r}; expected <number>.weight or <number>.bias")
        if suffix == kind:
            numbered[int(number)] = tensor
    return numbered


def _check_roles(roles: Roles, weights: Mapping[int, np.ndarray]) -> None:
    listed = Counter([*roles.incoming, *roles.outgoing, roles.head])
    if len(roles.incoming) != len(roles.outgoing) or not roles.incoming:
        raise PuzzleError(f"{len(roles.incoming)} incoming halves cannot pair with {len(roles.outgoing)} outgoing ones")
    if listed.keys() != weights.keys() or max(listed.values()) > 1:
        raise PuzzleError("the manifest's roles do not name every piece exactly once")
    for number, weight in sorted(weights.items()):
        if weight.ndim != 2:
            raise PuzzleError(f"piece {number} weight has shape {weight.shape}; a layer's has two dimensions")


def _check_shape(what: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise PuzzleError(f"{what} has shape {array.shape}; expected {shape}")


def check_numbers(pieces: Any, known: Collection[int]) -> None:
    """Check that an answer names every piece once, in any order.

    Raises:
        AnswerError: naming the first fault.
    """
    count = len(known)
    if not isinstance(pieces, list) or not all(isinstance(p, int) and not isinstance(p, bool) for p in pieces):
        raise AnswerError(f"the answer is not a list of {count} piece numbers")
    for piece, times in Counter(pieces).items():
        if piece not in known:
            raise AnswerError(f"there is no piece {piece}; the pieces are numbered {min(known)} to {max(known)}")
        if times > 1:
            raise AnswerError(f"piece {piece} is named {times} times; each piece is used once")
    if len(pieces) != count:
        raise AnswerError(f"the answer has {len(pieces)} pieces; the puzzle has {count}")


def _check_pieces(pieces: Any, roles: Roles) -> None:
    check_numbers(pieces, {*roles.incoming, *roles.outgoing, roles.head})
    wanted = [("incoming half", set(roles.incoming)), ("outgoing half", set(roles.outgoing))] * len(roles.incoming)
    for position, (piece, (role, members)) in enumerate(zip(pieces, [*wanted, ("head", {roles.head})], strict=True)):
        if piece not in members:
            raise AnswerError(f"piece {piece} at position {position} is no {role}")
