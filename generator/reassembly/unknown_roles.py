"""The reassembly puzzle with unknown roles: the halves are square, and a solver must find the incoming halves.

Where the hidden width equals the state width, incoming and outgoing halves have the same shape. A maker can then leave
the roles out of the puzzle. The answer has the format of every reassembly puzzle: piece numbers in execution order,
incoming and outgoing halves in turn, so the position of a piece states its role. The head has another shape, so its
number is public.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from generator.errors import AnswerError, PuzzleError, SpecError, UnsupportedPuzzleError, first_fault
from generator.reassembly.network.residual import ResidualNetwork
from generator.reassembly.puzzle import (
    Ascending,
    ReassemblyPuzzle,
    Roles,
    check_numbers,
    variance_of,
    view_puzzle,
    view_with_roles,
)
from generator.reassembly.spec import UNDEGRADED, Degradation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from generator.puzzle.content import Puzzle

__all__ = ["AnyPuzzle", "Squares", "UnknownRoles", "UnknownRolesPuzzle", "view_any"]


class UnknownRoles(BaseModel):
    """The entry of a manifest in place of the roles; the list is sorted, so that it reveals no role."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unknown: Ascending
    """Numbers of the pieces that are incoming or outgoing halves."""
    head: int
    """Number of the head."""


NEEDS_ROLES = (
    "does not solve puzzles with unknown roles: {} needs the roles; use puzzle.squares, or puzzle.assuming(incoming)"
)
"""Error of a solver that uses an attribute of the puzzle that needs roles; `{}` is the attribute."""


@dataclass(frozen=True, eq=False)
class Squares:
    """The halves of K residual blocks without their roles, as stacked float32 tensors.

    Attributes:
        numbers: piece number of every row, ascending, 2K.
        weights: 2K x d x d.
        biases: 2K x d; zeros where a piece has no bias.
    """

    numbers: tuple[int, ...]
    weights: Tensor
    biases: Tensor


@dataclass(frozen=True, eq=False)
class UnknownRolesPuzzle:
    """Shuffled square halves of K residual blocks with unknown roles, a head, and the network's predictions.

    Attributes:
        squares: the halves, in the order of their piece numbers.
        head_number: piece number of the head.
        head: weights o x d.
        head_bias: o.
        activation: name of the activation between an incoming and an outgoing half.
        inputs: n x d.
        predictions: n x o, the network's own output; degraded if the puzzle is degraded.
        labels: n x o (or n x 1 class numbers), the targets of the training; None if unknown.
        solution_sha256: hash of a published solution, its piece numbers joined with commas.
        degradation: how pieces and predictions were degraded after the training.
    """

    roles: ClassVar[None] = None
    """A puzzle whose roles are known has `Roles` here."""

    squares: Squares
    head_number: int
    head: Tensor
    head_bias: Tensor
    activation: str
    inputs: Tensor
    predictions: Tensor
    labels: Tensor | None = None
    solution_sha256: str | None = None
    degradation: Degradation = UNDEGRADED

    @property
    def depth(self) -> int:
        """Number of blocks, K."""
        return len(self.squares.numbers) // 2

    @property
    def variance(self) -> float:
        """Variance of the predictions, over rows and outputs, about each output's mean."""
        return variance_of(self.predictions)

    @property
    def network(self) -> ResidualNetwork:
        """Refuse: stacked incoming and outgoing halves do not exist without roles.

        Raises:
            UnsupportedPuzzleError: always. In the harness the solver's trial then ends as `gave-up`.
        """
        raise UnsupportedPuzzleError(NEEDS_ROLES.format("puzzle.network"))

    def answer(self, *_: object, **__: object) -> list[int]:
        """Refuse: there are no rows of incoming and outgoing halves without roles; see `square_answer`.

        Raises:
            UnsupportedPuzzleError: always, as `network` does.
        """
        raise UnsupportedPuzzleError(NEEDS_ROLES.format("puzzle.answer"))

    def assuming(self, incoming: Sequence[int]) -> ReassemblyPuzzle:
        """Make the puzzle with assumed roles; its answers are answers to this puzzle.

        Args:
            incoming: rows of `squares` that are taken as incoming halves, K of them; the others are outgoing halves.

        Raises:
            SpecError: if they are not K different rows.
        """
        rows = sorted({int(row) for row in incoming})
        count = len(self.squares.numbers)
        if len(rows) != self.depth or len(incoming) != self.depth or rows[0] < 0 or rows[-1] >= count:
            raise SpecError(f"incoming halves are {self.depth} different rows of squares, each from 0 to {count - 1}")
        others = sorted(set(range(count)) - set(rows))
        numbers = self.squares.numbers
        return ReassemblyPuzzle(
            roles=Roles(
                incoming=tuple(numbers[row] for row in rows),
                outgoing=tuple(numbers[row] for row in others),
                head=self.head_number,
            ),
            network=self._network(rows, others),
            inputs=self.inputs,
            predictions=self.predictions,
            labels=self.labels,
            solution_sha256=self.solution_sha256,
            degradation=self.degradation,
        )

    def square_answer(self, incoming: Sequence[int], outgoing: Sequence[int]) -> list[int]:
        """Write an assembly, rows of `squares` by position, as piece numbers in execution order."""
        pieces: list[int] = []
        for i, j in zip(incoming, outgoing, strict=True):
            pieces += [self.squares.numbers[int(i)], self.squares.numbers[int(j)]]
        return [*pieces, self.head_number]

    def assembly(self, pieces: Any) -> tuple[list[int], list[int]]:
        """Read piece numbers in execution order back as rows of `squares` by position: incoming, and outgoing.

        Raises:
            AnswerError: if they are not each piece once, the head last.
        """
        check_numbers(pieces, {*self.squares.numbers, self.head_number})
        if pieces[-1] != self.head_number:
            raise AnswerError(f"piece {pieces[-1]} at position {len(pieces) - 1} is no head")
        row = {piece: row for row, piece in enumerate(self.squares.numbers)}
        return [row[piece] for piece in pieces[:-1:2]], [row[piece] for piece in pieces[1::2]]

    def assembled(self, pieces: Any) -> ResidualNetwork:
        """Build the network that an answer describes, every piece in the role that its position states.

        Raises:
            AnswerError: as `assembly` does.
        """
        return self._network(*self.assembly(pieces))

    def _network(self, incoming: Sequence[int], outgoing: Sequence[int]) -> ResidualNetwork:
        i, j = torch.as_tensor(incoming), torch.as_tensor(outgoing)
        weights, biases = self.squares.weights, self.squares.biases
        return ResidualNetwork(weights[i], biases[i], weights[j], biases[j], self.head, self.head_bias, self.activation)


AnyPuzzle: TypeAlias = ReassemblyPuzzle | UnknownRolesPuzzle
"""A puzzle of this family. Its attribute `roles` is None if the roles are unknown."""


def view_any(puzzle: Puzzle) -> AnyPuzzle:
    """Read a puzzle of this family, with known or unknown roles, checking that its tensors form a residual network.

    Raises:
        PuzzleError: if they do not.
    """
    stated = puzzle.manifest.facts.get("roles")
    if not isinstance(stated, dict) or "unknown" not in stated:
        return view_puzzle(puzzle)
    try:
        roles = UnknownRoles.model_validate(stated)
    except ValidationError as error:
        raise PuzzleError(f"the manifest's roles: {first_fault(error)}") from None
    depth, odd = divmod(len(roles.unknown), 2)
    if odd or not depth:
        raise PuzzleError(f"the manifest's roles list {len(roles.unknown)} halves; K blocks have 2K, at least 2")
    # The tensors can be read and checked with any roles.
    read = view_with_roles(
        puzzle, Roles(incoming=roles.unknown[:depth], outgoing=roles.unknown[depth:], head=roles.head)
    )
    network = read.network
    hidden, width = network.U.shape[1:]
    if hidden != width:
        raise PuzzleError(f"the halves are {hidden} x {width}, so shapes tell the roles; the manifest must state them")
    return UnknownRolesPuzzle(
        squares=Squares(roles.unknown, torch.cat([network.U, network.V]), torch.cat([network.c, network.e])),
        head_number=roles.head,
        head=network.head,
        head_bias=network.head_bias,
        activation=network.activation,
        inputs=read.inputs,
        predictions=read.predictions,
        labels=read.labels,
        solution_sha256=read.solution_sha256,
        degradation=read.degradation,
    )
