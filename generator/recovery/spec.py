"""Settings of a recovery puzzle: the part that solvers see, the whole recipe, and the presets."""

from __future__ import annotations

import math
import re
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = ["PRESETS", "ActivationName", "PublicSpec", "RecoverySpec"]

ActivationName = Literal["tanh", "sigmoid", "relu", "leaky_relu", "softplus", "gelu", "silu", "g"]

_PRECISION = r"^(float64|float32|([0-9]|1[0-2]) decimals)$"


class PublicSpec(BaseModel):
    """The settings that a solver sees. Widths, weights and the source of the network are left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inputs: int = Field(ge=1, le=100_000)
    """Number of inputs, d."""
    outputs: int = Field(ge=1, le=10_000)
    """Number of outputs, o."""
    hidden_layers: int = Field(ge=1, le=64)
    """Number of hidden layers, L."""
    activation: ActivationName | Literal["hidden"]
    """Activation of every hidden layer; `hidden` if the solver must find it."""
    mode: Literal["active", "passive"]
    """active: the solver queries an oracle; passive: the solver gets a fixed table."""
    precision: str = Field("float64", pattern=_PRECISION)
    """Precision of the outputs: `float64`, `float32`, or a number of decimals such as `4 decimals`."""
    input_scale: float = Field(1.0, gt=0, le=1e6)
    """Standard deviation s of the inputs N(0, s^2) of the table and of the functional error."""
    box: float | None = Field(None, gt=0, le=1e9)
    """Bound of every input of a query; None for no bound."""
    budget: int | None = Field(None, ge=0)
    """Rows that the oracle answers in one trial; None for no limit."""
    rows: int = Field(0, ge=0)
    """Rows of the table of a passive puzzle."""
    bypass: bool = False
    """Whether an answer may add a linear by-pass S x from the inputs to the outputs."""
    label: str = ""
    """Label by which tables group puzzles, e.g. a level."""

    @property
    def decimals(self) -> int | None:
        """Number of decimals that the outputs are rounded to; None if they are not."""
        found = re.fullmatch(r"(\d+) decimals", self.precision)
        return int(found[1]) if found else None

    @property
    def resolution(self) -> float:
        """Half a rounding step of the outputs, absolute; 0 if they are floating-point numbers."""
        return 0.0 if self.decimals is None else 0.5 * math.pow(10, -self.decimals)


class RecoverySpec(BaseModel):
    """A recipe: the hidden network, and the oracle or table. A recipe and a seed determine a puzzle bit for bit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inputs: int = Field(4, ge=1, le=10_000, description="Number of inputs.")
    hidden: tuple[int, ...] = Field((8,), description="Units of each hidden layer, as 16 or 16,16; secret.")
    outputs: int = Field(1, ge=1, le=1000, description="Number of outputs.")
    activation: ActivationName = Field("tanh", description="Activation of the hidden layers.")
    hide_activation: bool = Field(False, description="Whether the solver must find the activation.")

    teacher: Literal["synthetic", "digits", "classes", "regression"] = Field(
        "synthetic", description="Source of the weights: synthetic draws them; the others train on the named task."
    )
    norm_low: float = Field(1.5, gt=0, le=100, description="Smallest norm of a hidden unit's weights (synthetic).")
    norm_high: float = Field(2.5, gt=0, le=100, description="Largest norm of a hidden unit's weights (synthetic).")
    distance: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Relative distance of one pair of near-duplicate units; none: every pair is at least 0.3 apart.",
    )
    steps: int = Field(2000, ge=0, le=1_000_000, description="Training steps of a trained network.")
    learning_rate: float = Field(1e-3, gt=0, le=10, description="Peak learning rate of the training.")

    mode: Literal["active", "passive"] = Field("active", description="active: an oracle; passive: a fixed table.")
    precision: str = Field(
        "float64", pattern=_PRECISION, description="Precision of the outputs: float64, float32, or '4 decimals'."
    )
    input_scale: float = Field(
        1.0, gt=0, le=1000, description="Standard deviation of the inputs of the table and of the functional error."
    )
    box: float | None = Field(10.0, gt=0, le=1e6, description="Bound of every input of a query; none: no bound.")
    budget: int | None = Field(20_000, ge=0, description="Rows that the oracle answers in one trial; none: no limit.")
    rows: int = Field(1000, ge=1, le=10_000_000, description="Rows of the table of a passive puzzle.")
    bypass: bool = Field(False, description="Whether an answer may have a linear by-pass from inputs to outputs.")
    tolerance: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Largest weight error of a solved puzzle; none: 1e-6, or more if outputs are rounded.",
    )
    label: str = Field("", max_length=40, description="Label by which tables group puzzles, e.g. a level.")

    @field_validator("hidden", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """Split widths given as text, such as "16,16"."""
        return value.split(",") if isinstance(value, str) else value

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if not self.hidden or min(self.hidden) < 1 or max(self.hidden) > 4096:
            raise ValueError("hidden needs one width from 1 to 4096 per hidden layer, such as 16 or 16,16")
        if self.norm_low > self.norm_high:
            raise ValueError(f"norm_low ({self.norm_low}) is larger than norm_high ({self.norm_high}); lower it")
        if self.distance is not None and max(self.hidden) < 2:
            raise ValueError("near-duplicate units need a hidden layer of at least 2 units; widen hidden")
        return self

    @property
    def public(self) -> PublicSpec:
        """The part that a solver sees."""
        active = self.mode == "active"
        return PublicSpec(
            inputs=self.inputs,
            outputs=self.outputs,
            hidden_layers=len(self.hidden),
            activation="hidden" if self.hide_activation else self.activation,
            mode=self.mode,
            precision=self.precision,
            input_scale=self.input_scale,
            box=self.box if active else None,
            budget=self.budget if active else None,
            rows=0 if active else self.rows,
            bypass=self.bypass,
            label=self.label,
        )


PRESETS: dict[str, dict[str, Any]] = {
    # A table of a small tanh network, the setting of Expand-and-Cluster (Martinelli et al. 2024).
    "table": {"inputs": 4, "hidden": (8,), "mode": "passive", "input_scale": 2.0, "rows": 1000},
    # A table of a network of 32 units. Training students of 32 units did not solve it, see docs/results/recovery.md.
    "wide-table": {"inputs": 4, "hidden": (32,), "mode": "passive", "input_scale": 3.0, "rows": 2500},
    # Active puzzles.
    "relu": {"inputs": 8, "hidden": (16,), "activation": "relu", "budget": 10_000},
    "softplus": {"inputs": 8, "hidden": (14,), "activation": "softplus", "budget": 20_000},
    "rounded": {"inputs": 8, "hidden": (16,), "precision": "4 decimals", "tolerance": 1e-4, "budget": 20_000},
    "any": {"inputs": 8, "hidden": (8,), "hide_activation": True, "budget": 50_000},
    "deep": {"inputs": 4, "hidden": (6, 6), "input_scale": 1.5, "budget": 200_000},
    "deep-relu": {"inputs": 20, "hidden": (10, 10), "activation": "relu", "box": 1000.0, "budget": None},
    # The size of a digit classifier with one output, trained on images that the generator draws.
    "digits": {
        "inputs": 784,
        "hidden": (16, 16),
        "activation": "relu",
        "teacher": "digits",
        "box": 1000.0,
        "budget": None,
    },
}
"""Presets by name. Each one lists the fields of `RecoverySpec` that differ from their defaults."""
