"""The sealed answer of a recovery puzzle: widths and activation as JSON, weights and biases as secret tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from generator.errors import PuzzleError, first_fault
from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.mlp import MLP

if TYPE_CHECKING:
    import numpy as np
    from pydantic import JsonValue

    from generator.puzzle.content import SealedAnswer

__all__ = ["HiddenTruth", "answer_of", "arrays_of", "truth_of"]


class _Answer(BaseModel):
    """The JSON part of the sealed answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    widths: tuple[int, ...]
    activation: str
    linear: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, eq=False)
class HiddenTruth:
    """The hidden network, and the units that no input in the box switches.

    Attributes:
        network: the network. No unit is invisible, and no two units of a layer compute the same function.
        linear: numbers of the units, per hidden layer, that are linear over the whole box. Only the sum of such units
            can be recovered.
    """

    network: MLP
    linear: tuple[tuple[int, ...], ...]


def answer_of(network: MLP, linear: tuple[tuple[int, ...], ...] = ()) -> JsonValue:
    """Write the JSON part of the sealed answer.

    Args:
        network: the hidden network.
        linear: numbers of the linear units, per hidden layer; empty for none.
    """
    kept = linear if any(linear) else ()
    return _Answer(widths=network.widths, activation=network.activation, linear=kept).model_dump(
        mode="json", exclude_defaults=True
    )


def arrays_of(network: MLP) -> dict[str, np.ndarray]:
    """Return the secret tensors: `1.weight`, `1.bias`, ..., from input to output."""
    named: dict[str, np.ndarray] = {}
    for number, (weight, bias) in enumerate(network.layers(), start=1):
        named[f"{number}.weight"], named[f"{number}.bias"] = weight, bias
    return named


def truth_of(sealed: SealedAnswer) -> HiddenTruth:
    """Read the hidden network from the sealed answer.

    Raises:
        PuzzleError: if a tensor is missing, the activation is unknown, or tensors and widths disagree.
    """
    try:
        answer = _Answer.model_validate(sealed.answer)
    except ValidationError as error:
        raise PuzzleError(f"the sealed answer: {first_fault(error)}") from None
    count = len(answer.widths) - 1
    arrays = sealed.arrays
    try:
        layers = [(arrays[f"{number}.weight"], arrays[f"{number}.bias"]) for number in range(1, count + 1)]
    except KeyError as error:
        raise PuzzleError(f"the sealed answer lacks the tensor {error}; copy its .safetensors file too") from None
    if answer.activation not in ACTIVATIONS:
        raise PuzzleError(f"the sealed answer names the activation {answer.activation!r}, which is not known")
    network = MLP.of(layers, answer.activation)
    if network.widths != answer.widths:
        raise PuzzleError(f"the sealed tensors have widths {network.widths}; the answer says {answer.widths}")
    return HiddenTruth(network, answer.linear or ((),) * network.hidden_layers)
