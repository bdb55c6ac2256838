"""The recovery puzzle as a solver sees it, and its answers.

An answer is a network, `{"layers": [{"weight": [[...], ...], "bias": [...]}, ...]}`, from input to output. Each weight
is a matrix, out x in. An answer must name the `"activation"` if the puzzle hides it. An answer may hold a `"bypass"`,
outputs x inputs, if the puzzle allows a linear by-pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from generator.errors import AnswerError, PuzzleError, SpecError, first_fault
from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.mlp import MLP
from generator.recovery.spec import PublicSpec
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from generator.family.oracle import Oracle
    from generator.puzzle.answer import Answer
    from generator.puzzle.content import Puzzle

__all__ = ["MOST_UNITS", "RecoveryPuzzle", "Table", "check_answer", "network_of", "view_puzzle"]

MOST_UNITS = 4096
"""Largest width of an answer's layer. A larger value lets scoring take more memory. Hand-set; the limit must not depend
on the secret widths."""


@dataclass(frozen=True, eq=False)
class Table:
    """Inputs and outputs of the hidden network in a passive puzzle.

    Attributes:
        inputs: rows x d, float64.
        outputs: rows x o, float64, rounded to the puzzle's precision.
    """

    inputs: NDArray[np.float64]
    outputs: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RecoveryPuzzle:
    """A hidden network: its public properties, and an oracle or a table of its outputs.

    Attributes:
        public: number of inputs, outputs and hidden layers, activation, precision, box, budget.
        tolerance: largest weight error of a solved puzzle, relative to the largest weight of the layer.
        table: the fixed table of a passive puzzle; None for an active puzzle.
        oracle: evaluates the hidden network of an active puzzle; None for a passive puzzle.
        condition: condition number of the parameter Jacobian, which measures difficulty; None if it was not computed.
    """

    public: PublicSpec
    tolerance: float
    table: Table | None = None
    oracle: Oracle | None = None
    condition: float | None = None

    @property
    def inputs(self) -> int:
        """Number of inputs, d."""
        return self.public.inputs

    @property
    def outputs(self) -> int:
        """Number of outputs, o."""
        return self.public.outputs

    @property
    def hidden_layers(self) -> int:
        """Number of hidden layers, L."""
        return self.public.hidden_layers

    @property
    def activation(self) -> str | None:
        """Name of the activation; None if the solver must find it."""
        return None if self.public.activation == "hidden" else self.public.activation

    @property
    def input_scale(self) -> float:
        """Standard deviation s of the inputs N(0, s^2) on which the functional error is measured."""
        return self.public.input_scale

    @property
    def box(self) -> float | None:
        """Bound B of every input, |x_i| <= B; None for no bound."""
        return self.public.box

    @property
    def resolution(self) -> float:
        """Half a rounding step of the outputs, absolute; 0 if they are float64 or float32."""
        return self.public.resolution

    def network(self, layers: Sequence[tuple[ArrayLike, ArrayLike]], activation: str | None = None) -> MLP:
        """Build a network. Call it on rows x d inputs to get rows x o outputs.

        Args:
            layers: pairs of weight (out x in) and bias, from input to output.
            activation: name of the activation; required if the puzzle hides it.

        Raises:
            SpecError: if the activation is unknown, or hidden and not given.
        """
        name = activation or self.activation
        if name not in ACTIVATIONS:
            raise SpecError(f"no activation {name!r}; known: {', '.join(ACTIVATIONS)}")
        return MLP.of(layers, name)

    def answer(self, network: MLP | Sequence[tuple[ArrayLike, ArrayLike]]) -> dict[str, Any]:
        """Write a network as an answer.

        Args:
            network: a network, or its pairs of weight (out x in) and bias, from input to output.

        Returns:
            The answer as plain data, see the module's docstring.

        Raises:
            SpecError: if the puzzle hides the activation and only pairs are given.
        """
        if not isinstance(network, MLP):
            network = self.network(network)
        value: dict[str, Any] = {
            "layers": [{"weight": weight.tolist(), "bias": bias.tolist()} for weight, bias in network.layers()]
        }
        if self.activation is None:
            value["activation"] = network.activation
        if network.bypass is not None:
            value["bypass"] = network.bypass.tolist()
        return value


def network_of(view: RecoveryPuzzle, value: Any) -> MLP:
    """Read an answer as a network.

    Args:
        view: the puzzle, which the answer must fit.
        value: the answer as plain data, see the module's docstring.

    Raises:
        AnswerError: if the answer does not fit the puzzle; the message names the first fault.
    """
    if not isinstance(value, dict):
        raise AnswerError('the answer is not an object {"layers": [{"weight": ..., "bias": ...}, ...]}')
    unknown = value.keys() - {"layers", "activation", "bypass"}
    if unknown:
        raise AnswerError(f"the answer has an unknown entry {min(unknown)!r}; known: layers, activation, bypass")
    layers = value.get("layers")
    wanted = view.hidden_layers + 1
    if not isinstance(layers, list) or len(layers) != wanted:
        count = f"{len(layers)} layers" if isinstance(layers, list) else "no list of layers"
        raise AnswerError(f"the answer has {count}; the network has {wanted}, the output layer included")
    weights, biases = zip(*(_layer(layer, number) for number, layer in enumerate(layers, start=1)), strict=True)
    _check_shapes(view, weights)
    activation = _activation(view, value.get("activation"))
    bypass = None
    if value.get("bypass") is not None:
        if not view.public.bypass:
            raise AnswerError("the answer has a linear by-pass, which this puzzle does not allow; leave it out")
        bypass = _array(value["bypass"], "the by-pass", 2)
        if bypass.shape != (view.outputs, view.inputs):
            raise AnswerError(f"the by-pass has shape {bypass.shape}; expected {(view.outputs, view.inputs)}")
    return MLP(tuple(weights), tuple(biases), activation, bypass)


def check_answer(view: RecoveryPuzzle, answer: Answer) -> None:
    """Check that an answer is a network that fits the puzzle.

    Raises:
        AnswerError: if it is not; the message names the first fault.
    """
    network_of(view, answer.value)


def view_puzzle(puzzle: Puzzle) -> RecoveryPuzzle:
    """Read a puzzle of this family.

    Raises:
        PuzzleError: if its manifest or its table is invalid.
    """
    try:
        public = PublicSpec.model_validate(puzzle.manifest.spec)
    except ValidationError as error:
        raise PuzzleError(f"the manifest's spec: {first_fault(error)}") from None
    tolerance = puzzle.manifest.facts.get("tolerance")
    if not isinstance(tolerance, float) or not 0 < tolerance < 1:
        raise PuzzleError(f"the manifest's tolerance is {tolerance!r}; expected a number between 0 and 1")
    if puzzle.pieces:
        raise PuzzleError(f"a recovery puzzle has no pieces, but the file holds {min(puzzle.pieces)!r}")
    condition = puzzle.manifest.facts.get("condition")
    return RecoveryPuzzle(
        public,
        tolerance,
        _table(puzzle, public),
        condition=float(condition) if isinstance(condition, int | float) else None,
    )


def _table(puzzle: Puzzle, public: PublicSpec) -> Table | None:
    if public.mode == "active":
        if puzzle.data:
            raise PuzzleError(f"an active puzzle has no table, but the data hold {min(puzzle.data)!r}")
        return None
    if puzzle.data.keys() != {"inputs", "outputs"}:
        raise PuzzleError("the data of a passive puzzle are 'inputs' and 'outputs'")
    inputs, outputs = puzzle.data["inputs"], puzzle.data["outputs"]
    for name, array, width in (("inputs", inputs, public.inputs), ("outputs", outputs, public.outputs)):
        if array.ndim != 2 or array.shape[1] != width or len(array) != public.rows:
            raise PuzzleError(f"the {name} have shape {array.shape}; expected {(public.rows, width)}")
    return Table(inputs.astype(np.float64), outputs.astype(np.float64))


def _layer(layer: Any, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not isinstance(layer, dict) or layer.keys() != {"weight", "bias"}:
        raise AnswerError(f"layer {number} is not an object with the entries weight and bias")
    weight = _array(layer["weight"], f"the weight of layer {number}", 2)
    bias = _array(layer["bias"], f"the bias of layer {number}", 1)
    if len(weight) != len(bias):
        raise AnswerError(f"layer {number} has {len(weight)} rows of weights and {len(bias)} biases")
    if len(weight) > MOST_UNITS:
        raise AnswerError(f"layer {number} has {len(weight)} units; at most {MOST_UNITS} are scored")
    return weight, bias


def _array(value: Any, what: str, dimensions: int) -> NDArray[np.float64]:
    if not _numbers(value, dimensions):
        raise AnswerError(f"{what} is not {'a list' if dimensions == 1 else 'a list of equal lists'} of numbers")
    try:
        array = np.array(value, dtype=np.float64)
    except (ValueError, OverflowError):
        raise AnswerError(f"{what} is ragged, or holds a number too large for a float64") from None
    if array.ndim != dimensions or not array.size:
        raise AnswerError(f"{what} has shape {array.shape}; expected {dimensions} dimensions that are not empty")
    return array


def _numbers(value: Any, dimensions: int) -> bool:
    """Return whether a value is a nested list of numbers; strings and booleans are not numbers."""
    if not isinstance(value, list):
        return False
    if dimensions > 1:
        return all(_numbers(row, dimensions - 1) for row in value)
    return all(type(number) in (int, float) for number in value)


def _check_shapes(view: RecoveryPuzzle, weights: tuple[NDArray[np.float64], ...]) -> None:
    widths = (view.inputs, *(len(weight) for weight in weights))
    if widths[-1] != view.outputs:
        raise AnswerError(f"the last layer has {widths[-1]} outputs; the network has {view.outputs}")
    for number, (weight, (columns, _)) in enumerate(zip(weights, pairwise(widths), strict=True), start=1):
        if weight.shape[1] != columns:
            raise AnswerError(f"the weight of layer {number} has {weight.shape[1]} columns; expected {columns}")


def _activation(view: RecoveryPuzzle, named: Any) -> str:
    if view.activation is not None:
        if named not in (None, view.activation):
            raise AnswerError(f"the answer names the activation {named!r}; the puzzle's is {view.activation!r}")
        return view.activation
    if not isinstance(named, str) or named not in ACTIVATIONS:
        hint = did_you_mean(named, ACTIVATIONS) if isinstance(named, str) else ""
        raise AnswerError(f"the puzzle hides the activation, and the answer names {named!r}{hint}")
    return named
