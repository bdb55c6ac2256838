"""What can be set about a reassembly puzzle, and the named recipes."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["CLASSIFICATION", "PRESETS", "ReassemblySpec"]

CLASSIFICATION = "classes"
"""The task whose predictions are logits; all others are regressions."""


class ReassemblySpec(BaseModel):
    """A recipe: network, task, data, training. With a seed it makes a puzzle, bit for bit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    depth: int = Field(8, ge=1, le=1024, description="Residual blocks.")
    width: int = Field(16, ge=1, le=4096, description="Width of the state, and number of inputs.")
    hidden: int = Field(32, ge=1, le=16384, description="Hidden units of a block.")
    outputs: int = Field(1, ge=1, le=1024, description="Outputs; classes where the task is a classification.")
    activation: Literal["relu", "gelu", "silu", "tanh"] = Field("relu", description="Activation of the hidden units.")
    biases: bool = Field(True, description="Whether the layers have biases.")
    init: Literal["default", "orthogonal", "kaiming", "xavier", "small"] = Field(
        "default", description="Initialisation; default is that of torch.nn.Linear, small a tenth of it."
    )

    task: Literal["waves", "teacher", "products", "classes"] = Field(
        "waves", description="What is learnt: three regressions, and a classification whose logits are the prediction."
    )
    noise: float = Field(
        0.3, ge=0, le=10, description="Label noise: in standard deviations of the target; for classes, of the logits."
    )
    rows: int = Field(2000, ge=1, le=10_000_000, description="Rows exported with the puzzle.")
    data: Literal["fixed", "fresh"] = Field(
        "fixed", description="Train on the exported rows, or on fresh draws at every step."
    )

    optimiser: Literal["adamw", "adam", "sgd"] = Field(
        "adamw", description="Optimiser; adam couples its decay with the gradient, adamw does not."
    )
    learning_rate: float = Field(1e-3, gt=0, le=10, description="Peak learning rate.")
    schedule: Literal["constant", "cosine", "linear"] = Field("cosine", description="How the rate falls to zero.")
    warmup: int = Field(0, ge=0, description="Steps over which the rate rises at first.")
    weight_decay: float = Field(0.01, ge=0, le=10, description="Weight decay.")
    momentum: float = Field(0.9, ge=0, lt=1, description="Momentum of sgd; first decay rate of adam and adamw.")
    batch: int = Field(256, ge=1, le=1_000_000, description="Rows of a batch.")
    steps: int = Field(1000, ge=0, le=10_000_000, description="Training steps.")
    clip: float | None = Field(None, gt=0, description="Largest gradient norm; a longer gradient is scaled down to it.")
    device: str = Field("cpu", pattern=r"^(cpu|cuda(:\d+)?|mps)$", description="Where to train.")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.task == CLASSIFICATION and self.outputs < 2:
            raise ValueError("a classification needs at least 2 outputs")
        if self.warmup > self.steps:
            raise ValueError(f"warmup ({self.warmup}) is longer than the training ({self.steps} steps)")
        return self


PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {"depth": 6, "width": 12, "hidden": 24, "rows": 1000, "steps": 1500, "data": "fresh"},
    "small": {"depth": 12, "width": 24, "hidden": 48, "rows": 2000, "steps": 2500, "data": "fresh"},
    "medium": {"depth": 24, "width": 32, "hidden": 64, "rows": 5000, "steps": 4000, "data": "fresh"},
    "janestreet": {"depth": 48, "width": 48, "hidden": 96, "rows": 10_000, "steps": 8000, "data": "fresh"},
}
"""Changes to the defaults, by name."""
