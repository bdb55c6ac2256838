"""Recipes of trained networks: architecture, sizes, optimiser, share of the pairs that are trained on.

The linear family alpha to delta and the transformer are those of Zhong et al. 2023 (arXiv 2306.17844). The settings of
`RECIPES` were chosen for speed: with weight decay 2 the learning rate may be 3 to 5 times the paper's 1e-3, and the
networks then answer all pairs after a few hundred steps instead of several thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from generator.errors import SpecError

if TYPE_CHECKING:
    from generator.modular.network.activations import ActivationName

__all__ = ["HEADS", "RECIPES", "Architecture", "Recipe", "Wanted"]

Architecture = Literal["alpha", "alpha-two-tables", "beta", "gamma", "delta", "transformer"]
"""Models of the paper's linear family, and the transformer. `alpha-two-tables` is the paper's alpha'."""

Wanted = Literal["pizza", "clock", "other"]
"""What a recipe is meant to give. The label itself is measured, per frequency: see `generator.modular.measures`."""

HEADS = 4
"""Attention heads of a transformer. From the paper."""

MOST_LAYERS = 4
"""Most layers of a transformer. From the paper."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; recipe and seed fix every bit of the network.

    Attributes:
        architecture: model.
        modulus: p.
        width: units per hidden layer of alpha to delta, whose tables have as many columns (delta: half as many);
            the width d of a transformer, whose blocks have 4 d hidden units.
        layers: number of layers of a transformer.
        rate: attention rate of a transformer, from 0 (constant attention) to 1 (softmax).
        activation: name of the activation of the hidden units.
        learning_rate: peak learning rate of AdamW. A larger value learns in fewer steps and is less stable.
        weight_decay: decoupled weight decay. A larger value leaves fewer frequencies and smaller margins.
        steps: training steps, each on all training pairs.
        train_share: share of the p^2 pairs that is trained on. At .3 most networks memorise their pairs.
        different_tables: whether each residue has an embedding table of its own.
        third_token: whether a transformer reads a third token, "=", and answers there.
        schedule: of the learning rate; "wsd" lowers it to 0 over the last fifth of the steps.
    """

    architecture: Architecture
    modulus: int = 59
    width: int = 64
    layers: int = 1
    rate: float = 1.0
    activation: ActivationName = "relu"
    learning_rate: float = 5e-3
    weight_decay: float = 2.0
    steps: int = 2000
    train_share: float = 0.8
    different_tables: bool = False
    third_token: bool = False
    schedule: Literal["constant", "cosine", "linear", "wsd"] = "constant"

    def __post_init__(self) -> None:
        """Refuse impossible recipes.

        Raises:
            SpecError: with the field that is out of range.
        """
        if self.modulus < 3:
            raise SpecError(f"modulus is {self.modulus}; it must be at least 3")
        if self.width < HEADS or self.width % 2:
            raise SpecError(f"width is {self.width}; it must be even and at least {HEADS}")
        if not 1 <= self.layers <= MOST_LAYERS:
            raise SpecError(f"layers is {self.layers}; it must be from 1 to {MOST_LAYERS}")
        if not 0 <= self.rate <= 1:
            raise SpecError(f"rate is {self.rate}; it must be from 0 to 1")
        if not 0 < self.train_share <= 1 or int(self.train_share * self.modulus**2) < 1:
            raise SpecError(f"train_share is {self.train_share}; it must be above 0 and at most 1")
        if self.steps < 1:
            raise SpecError(f"steps is {self.steps}; it must be at least 1")
        if self.architecture != "transformer" and (self.layers > 1 or self.third_token):
            raise SpecError(f"layers and third_token belong to a transformer, not to {self.architecture}")

    @property
    def two_tables(self) -> bool:
        """Whether each residue has an embedding table of its own."""
        return self.different_tables or self.architecture == "alpha-two-tables"

    @property
    def symmetric(self) -> bool:
        """Whether the logits of (a, b) and (b, a) are equal by construction, so that half of the pairs suffices."""
        return self.architecture in ("alpha", "beta", "gamma") and not self.two_tables

    @property
    def tokens(self) -> int:
        """The number of tokens of a transformer: a, b and perhaps "="."""
        return 3 if self.third_token else 2


RECIPES: dict[str, tuple[Recipe, Wanted]] = {
    "pizza-alpha": (Recipe("alpha"), "pizza"),
    "pizza-alpha-two-tables": (Recipe("alpha-two-tables", weight_decay=1.0), "pizza"),
    "pizza-beta": (Recipe("beta"), "pizza"),
    "pizza-gamma": (Recipe("gamma", learning_rate=3e-3), "pizza"),
    "pizza-transformer": (Recipe("transformer", width=32, rate=0.0, learning_rate=3e-3), "pizza"),
    "clock-delta": (Recipe("delta", schedule="wsd"), "clock"),
    "clock-square": (Recipe("delta", activation="square"), "clock"),
    "clock-transformer": (Recipe("transformer", width=32, learning_rate=3e-3, steps=3500), "clock"),
    "memorised-delta": (Recipe("delta", train_share=0.3, weight_decay=0.1, steps=600), "other"),
}
"""Named recipes with the label that they are meant to give."""
