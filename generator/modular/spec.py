"""The settings of a puzzle on modular addition: the public part, the whole recipe, and the presets."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["MODULI", "PRESETS", "WITHOUT_CIRCLES", "Container", "Kind", "ModularSpec", "Names", "PublicSpec"]

Container = Literal["mlp", "transformer"]
Names = Literal["public", "one", "three"]
ActivationName = Literal["relu", "square", "gelu", "abs"]
Kind = Literal["pizza", "clock", "hybrid", "square", "trap", "table", "carry", "random-features", "memorised"]

MODULI = (5, 199)
"""Smallest and largest modulus. The logits of all pairs are held in memory: p^3 numbers, 63 MB at 199."""

WITHOUT_CIRCLES = ("table", "carry", "random-features", "memorised")
"""Kinds of networks that do not compute with circles, so that no frequency is scored."""

_WITH_CIRCLES = ("pizza", "clock", "hybrid", "square", "trap")
"""Kinds that are made of circles."""

_NAMES = (
    "Names of the symbols. public: symbol x is the residue x; one: one secret permutation for inputs and classes; "
    "three: a secret permutation each for first input, second input and classes."
)


class PublicSpec(BaseModel):
    """What a solver may know besides the weights."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    modulus: int = Field(ge=MODULI[0], le=MODULI[1])
    """Number of residues, p."""
    container: Container
    """mlp: a feed-forward network; transformer: attention and feed-forward layers."""
    activation: ActivationName
    """Activation of the hidden units; `square` is x^2."""
    names: Names
    """public: symbol x is the residue x; one, three: symbols are permuted by one or by three secret permutations."""
    layers: int = Field(1, ge=1, le=16)
    """Hidden layers of a feed-forward network, or layers of a transformer."""
    rate: float | None = Field(None, ge=0, le=1)
    """Attention rate of a transformer, from 0 (constant attention) to 1 (softmax); None for a feed-forward network."""
    third: bool = False
    """Whether a transformer reads a third token after the two residues."""
    withheld: bool = False
    """Whether the unembedding is withheld; then only frequencies and relabelling are asked."""
    lookups: int = Field(0, ge=0)
    """Pairs of symbols whose class the oracle tells in one trial; 0: there is no oracle."""
    label: str = ""
    """Label by which tables group puzzles, e.g. a level."""

    @property
    def questions(self) -> tuple[str, ...]:
        """The questions that are asked: entries that an answer may have."""
        if self.withheld:
            return ("frequencies", "relabelling")
        asked = ("label", "frequencies", "kinds", "companions", "interventions", "explanation")
        return asked if self.names == "public" else (*asked, "relabelling")


class ModularSpec(BaseModel):
    """A recipe: the network and what a solver sees of it. A recipe and a seed determine a puzzle bit for bit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    modulus: int = Field(59, ge=MODULI[0], le=MODULI[1], description="Number of residues, p.")
    source: str = Field(
        "engineered",
        max_length=40,
        description="engineered: weights by construction; or the name of a training recipe, e.g. pizza-beta.",
    )
    container: Container = Field(
        "mlp", description="Container of an engineered network: a feed-forward network or one attention layer."
    )
    kind: Kind = Field(
        "hybrid",
        description="How the network adds; secret. The label of square, trap, table, carry and random-features is "
        "other. A trained network is a pizza, a clock, a hybrid or (memorised) other.",
    )
    circles: int = Field(4, ge=1, le=30, description="Key frequencies of an engineered network.")
    pizza_share: float = Field(0.5, ge=0, le=1, description="Share of pizzas among the circles of a hybrid.")
    companions: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Circles that own a doubled circle, as a share. Pizzas "
        "come first: there it is a companion; elsewhere it is a decoy that writes almost nothing.",
    )
    companion_weight: float = Field(
        0.42, gt=0, le=1, description="Strength of a companion; 0.42 makes the amplitude of its pizza nearly flat."
    )
    spread: float = Field(1.6, ge=1, le=20, description="Largest gain of an engineered circle over the smallest.")
    noise: float = Field(0.0, ge=0, le=0.5, description="Noise on engineered weights, relative to each tensor's std.")
    neurons: int = Field(32, ge=5, le=400, description="Hidden units per circle of an engineered network.")
    activation: Literal["relu", "square", "abs"] = Field("relu", description="Activation of an engineered network.")
    hidden: int = Field(
        320, ge=1, le=4096, description="Width of every hidden layer; units that change nothing fill it up."
    )
    names: Names = Field("three", description=_NAMES)
    withhold_unembedding: bool = Field(
        False, description="Withhold the unembedding and ask only for frequencies and relabelling."
    )
    lookups: int = Field(
        0, ge=0, le=100_000, description="Pairs whose class the oracle tells, where the unembedding is withheld."
    )
    tries: int = Field(20, ge=1, le=1000, description="Networks to draw or train until one adds and has the kind.")
    label: str = Field("", max_length=40, description="Label by which tables group puzzles, e.g. a level.")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.lookups and not self.withhold_unembedding:
            raise ValueError("lookups need withhold_unembedding: with an unembedding the network itself tells classes")
        if self.withhold_unembedding and self.names == "public":
            raise ValueError("withhold_unembedding asks for the relabelling, so names must be one or three")
        if self.withhold_unembedding and self.kind in WITHOUT_CIRCLES:
            raise ValueError(f"a network of kind {self.kind} has no frequencies to ask for; keep its unembedding")
        if self.kind == "memorised" and self.source == "engineered":
            raise ValueError("a memorised network is trained; name a recipe as source, such as memorised-delta")
        if self.source != "engineered" and self.kind not in {"pizza", "clock", "hybrid", "memorised"}:
            raise ValueError(f"no recipe trains a network of kind {self.kind}; leave source at engineered")
        if self.container == "transformer" and (self.source != "engineered" or self.kind not in _WITH_CIRCLES):
            raise ValueError(f"container transformer needs source engineered and a kind in {', '.join(_WITH_CIRCLES)}")
        if self.source == "engineered" and self.circles > self.modulus // 2:
            raise ValueError(f"{self.circles} circles do not exist modulo {self.modulus}; at most {self.modulus // 2}")
        return self


PRESETS: dict[str, dict[str, Any]] = {
    # Weights by construction. With public names only frequencies, kinds and interventions are asked.
    "public": {"names": "public"},
    "pizza": {"kind": "pizza", "circles": 5, "companions": 0.6},
    "clock": {"kind": "clock", "circles": 5},
    "hybrid": {"circles": 5},
    "attention": {"circles": 5, "container": "transformer"},
    "other": {"kind": "square", "circles": 5},
    # Trained networks.
    "trained-pizza": {"source": "pizza-beta", "kind": "pizza"},
    "trained-clock": {"source": "clock-delta", "kind": "clock"},
    # The relabelling from weights alone, and with a few pairs whose class is told.
    "weights": {"withhold_unembedding": True},
    "lookups": {"withhold_unembedding": True, "lookups": 100},
}
"""Presets by name, as changes to the defaults."""
