"""The residual network as stacked tensors.

    block_k(h) = h + V_k sigma(U_k h + c_k) + e_k,   y = H h_K + b

All blocks have one shape, so four tensors hold K blocks. Missing biases are zeros, so that one code path suffices;
adding zero changes no bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from generator.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["ACTIVATIONS", "ResidualNetwork", "activation_function"]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
}


def activation_function(name: str) -> Callable[[Tensor], Tensor]:
    """Return the activation of a name.

    Raises:
        SpecError: if no activation has that name.
    """
    if name not in ACTIVATIONS:
        raise SpecError(f"no activation {name!r}; known: {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


@dataclass(frozen=True, eq=False)
class ResidualNetwork:
    """K residual blocks in an order, and a linear head.

    Attributes:
        U: incoming weights, K x m x d.
        c: incoming biases, K x m.
        V: outgoing weights, K x d x m.
        e: outgoing biases, K x d.
        head: weights of the head, o x d.
        head_bias: biases of the head, o.
        activation: name of sigma.
    """

    U: Tensor
    c: Tensor
    V: Tensor
    e: Tensor
    head: Tensor
    head_bias: Tensor
    activation: str = "relu"

    @property
    def depth(self) -> int:
        """Number of blocks, K."""
        return self.U.shape[0]

    def residual(self, k: int, h: Tensor) -> Tensor:
        """Compute V_k sigma(U_k h + c_k) + e_k for states h, n x d."""
        sigma = ACTIVATIONS[self.activation]
        return torch.addmm(self.e[k], sigma(torch.addmm(self.c[k], h, self.U[k].T)), self.V[k].T)

    def states(self, x: Tensor) -> list[Tensor]:
        """Run inputs x, n x d, through the blocks: h_0 = x, ..., h_K, each n x d."""
        states = [x]
        for k in range(self.depth):
            states.append(states[-1] + self.residual(k, states[-1]))
        return states

    def hidden(self, x: Tensor, start: int = 0) -> Tensor:
        """Run states x, n x d, through the blocks from `start` on, and return only the last state."""
        for k in range(start, self.depth):
            x = x + self.residual(k, x)
        return x

    def __call__(self, x: Tensor) -> Tensor:
        """Predict: n x d -> n x o."""
        return self.read(self.hidden(x))

    def read(self, h: Tensor) -> Tensor:
        """Apply the head to last states: n x d -> n x o."""
        return torch.addmm(self.head_bias, h, self.head.T)

    def to(self, target: torch.device | torch.dtype) -> ResidualNetwork:
        """Copy to a device or dtype; tensors that need no change are shared."""
        names = ("U", "c", "V", "e", "head", "head_bias")
        return replace(self, **{name: getattr(self, name).to(target) for name in names})

    def reordered(self, incoming: Sequence[int], outgoing: Sequence[int]) -> ResidualNetwork:
        """Pair half `incoming[t]` with half `outgoing[t]` at position t."""
        i, j = torch.as_tensor(incoming), torch.as_tensor(outgoing)
        return ResidualNetwork(self.U[i], self.c[i], self.V[j], self.e[j], self.head, self.head_bias, self.activation)
