"""Feed-forward networks on two residues: the linear family of Zhong et al. 2023 (arXiv 2306.17844, appendix E).

The first hidden layer reads both embeddings. All models of the paper's linear family have this form:

| model | first hidden layer | further |
|---|---|---|
| alpha | relu(W (E_a + E_b) + b) | one table |
| alpha' | relu(W (E_a + F_b) + b) | two tables |
| beta | relu(W (E_a + E_b) + b) | a second hidden layer |
| gamma | relu(W E_a + b) + relu(W E_b + b) | `separate`, a second hidden layer |
| delta | relu(W [E_a; E_b] + b) | |
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from generator.modular.network.activations import activate

if TYPE_CHECKING:
    import torch

__all__ = ["MLP"]


@dataclass(frozen=True, eq=False)
class MLP:
    """logits = U h + c with h = sigma(W1 x + W2 y + b), and further hidden layers in between.

    Attributes:
        first: embeddings x of the first residue, p x d1.
        second: embeddings y of the second residue, p x d2.
        into_first: W1, h x d1.
        into_second: W2, h x d2.
        bias: b, h.
        unembed: U, p x (units of the last hidden layer).
        unembed_bias: c, p.
        activation: name of sigma.
        hidden: weight (out x in) and bias of each further hidden layer.
        separate: the first hidden layer is sigma(W1 x + b) + sigma(W2 y + b), as in model gamma.
        shared: whether both residues use one table; `first` and `second` are then equal.
    """

    first: torch.Tensor
    second: torch.Tensor
    into_first: torch.Tensor
    into_second: torch.Tensor
    bias: torch.Tensor
    unembed: torch.Tensor
    unembed_bias: torch.Tensor
    activation: str = "relu"
    hidden: tuple[tuple[torch.Tensor, torch.Tensor], ...] = ()
    separate: bool = False
    shared: bool = False

    @property
    def modulus(self) -> int:
        """The number of residues, p."""
        return len(self.first)

    def __call__(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Compute the logits, ... x p, of pairs of embeddings, ... x d1 and ... x d2, which are broadcast."""
        state = self.combine(first @ self.into_first.T, second @ self.into_second.T)
        return self.read_out(state)

    def combine(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Compute the first hidden layer from the contributions W1 x and W2 y."""
        if self.separate:
            return activate(self.activation, left + self.bias) + activate(self.activation, right + self.bias)
        return activate(self.activation, left + right + self.bias)

    def read_out(self, state: torch.Tensor) -> torch.Tensor:
        """Compute the logits from the first hidden layer."""
        for weight, bias in self.hidden:
            state = activate(self.activation, state @ weight.T + bias)
        return state @ self.unembed.T + self.unembed_bias

    def logits(self) -> torch.Tensor:
        """Compute the logits of all pairs, p x p x p: first residue, second residue, class."""
        return self(self.first[:, None], self.second[None, :])

    def with_tables(self, first: torch.Tensor, second: torch.Tensor) -> Self:
        """Return the same network with other embeddings."""
        return replace(self, first=first, second=second)
