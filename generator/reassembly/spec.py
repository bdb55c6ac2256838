"""What can be set about a reassembly puzzle, and the named recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from generator.errors import PuzzleError
from generator.puzzle.storage import first_fault

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CLASSIFICATION", "PRESETS", "UNDEGRADED", "Degradation", "ReassemblySpec"]

CLASSIFICATION = "classes"
"""The task whose predictions are logits; all others are regressions."""

PieceFormat = Literal["float32", "float16", "int8"]
Decimals = Annotated[int | None, Field(ge=0, le=9)]  # more would be those of float32's own rounding
Noise = Annotated[float, Field(ge=0, le=10)]


class Degradation(BaseModel):
    """What was done to pieces and predictions after the training: public, a solver may know it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    piece_format: PieceFormat = "float32"
    prediction_decimals: Decimals = None
    prediction_noise: Noise = 0.0

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Self:
        """Read it from a recipe as manifests hold it; what is not there was not done.

        Raises:
            PuzzleError: for values that make no sense.
        """
        try:
            return cls.model_validate({name: spec[name] for name in cls.model_fields if name in spec})
        except ValidationError as error:
            raise PuzzleError(f"the manifest's spec: {first_fault(error)}") from None

    @property
    def none(self) -> bool:
        """Whether pieces and predictions are the trained network's own."""
        return self == UNDEGRADED

    @property
    def label(self) -> str:
        """Name it as tables do."""
        parts: list[str] = [self.piece_format] if self.piece_format != "float32" else []
        parts += [f"{self.prediction_decimals} decimals"] if self.prediction_decimals is not None else []
        parts += [f"{100 * self.prediction_noise:g} % noise"] if self.prediction_noise else []
        return ", ".join(parts) or "none"


UNDEGRADED = Degradation()
"""Pieces and predictions as the trained network had them."""


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
    gain_first: float = Field(1.0, gt=0, le=10, description="Scale of the first block's outgoing half at the start.")
    gain_last: float = Field(
        1.0, gt=0, le=10, description="Scale of the last block's outgoing half at the start; geometric in between."
    )

    task: Literal["waves", "teacher", "products", "classes"] = Field(
        "waves", description="What is learnt: three regressions, and a classification whose logits are the prediction."
    )
    spectrum: float = Field(
        0.5, ge=0, le=4, description="Power by which the inputs' spectrum falls; at 0 they are uncorrelated."
    )
    input_scale: float = Field(1.0, gt=0, le=100, description="Standard deviation of the inputs.")
    noise: float = Field(
        0.3, ge=0, le=10, description="Label noise: in standard deviations of the target; for classes, of the logits."
    )
    rows: int = Field(2000, ge=1, le=10_000_000, description="Rows drawn, and exported with the puzzle.")
    data: Literal["fixed", "fresh"] = Field(
        "fixed", description="Train on the exported rows, or on fresh draws at every step."
    )

    optimiser: Literal["adamw", "adam", "sgd"] = Field(
        "adamw", description="Optimiser; adam couples its decay with the gradient, adamw does not."
    )
    learning_rate: float = Field(1e-3, gt=0, le=10, description="Peak learning rate.")
    rate_first: float = Field(
        1.0, gt=0, le=10, description="Learning rate of the first block over that of the last; geometric in between."
    )
    schedule: Literal["constant", "cosine", "linear", "wsd"] = Field(
        "cosine", description="How the rate falls to zero; wsd holds it, and falls over the last fifth."
    )
    warmup: int = Field(0, ge=0, description="Steps over which the rate rises at first.")
    weight_decay: float = Field(0.01, ge=0, le=10, description="Weight decay.")
    momentum: float = Field(0.9, ge=0, lt=1, description="Momentum of sgd; first decay rate of adam and adamw.")
    batch: int = Field(256, ge=1, le=1_000_000, description="Rows of a batch.")
    steps: int = Field(1000, ge=0, le=10_000_000, description="Training steps.")
    clip: float | None = Field(None, gt=0, description="Largest gradient norm; a longer gradient is scaled down to it.")
    device: str = Field("cpu", pattern=r"^(cpu|cuda(:\d+)?|mps)$", description="Where to train.")

    piece_format: PieceFormat = Field(
        "float32", description="What the pieces are rounded to after the training; int8 is symmetric, per tensor."
    )
    prediction_decimals: Decimals = Field(None, description="Decimals that the predictions are rounded to.")
    prediction_noise: Noise = Field(
        0.0, description="Noise on the predictions, in standard deviations of each output's."
    )
    rows_exported: int | None = Field(None, ge=1, description="Rows exported, the first of those drawn; none: all.")
    roles: Literal["known", "unknown"] = Field(
        "known",
        description="Whether the puzzle states which halves are incoming; unknown needs hidden equal to width.",
    )

    @property
    def degradation(self) -> Degradation:
        """What is done to pieces and predictions after the training."""
        return Degradation.of(dict(self))

    @model_serializer(mode="wrap")
    def _without_what_is_not_done(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out optional fields that have no effect, so that they change no recipe and no puzzle's digest."""
        written: dict[str, Any] = handler(self)
        fields = type(self).model_fields
        return {key: value for key, value in written.items() if key not in _OPTIONAL or value != fields[key].default}

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.task == CLASSIFICATION and self.outputs < 2:
            raise ValueError("a classification needs at least 2 outputs")
        if self.warmup > self.steps:
            raise ValueError(f"warmup ({self.warmup}) is longer than the training ({self.steps} steps)")
        if self.rows_exported is not None and self.rows_exported > self.rows:
            raise ValueError(f"rows_exported ({self.rows_exported}) is more than rows ({self.rows})")
        if self.roles == "unknown" and self.hidden != self.width:
            raise ValueError(
                f"roles cannot be unknown with hidden {self.hidden} and width {self.width}, since shapes tell them; "
                "make hidden equal to width"
            )
        if self.roles == "unknown" and self.outputs == self.width:
            raise ValueError(
                f"roles cannot be unknown with outputs and width both {self.width}, since the head would have the "
                "shape of a half; change outputs"
            )
        return self


_OPTIONAL = frozenset({*Degradation.model_fields, "rows_exported", "roles"})
"""Fields that a recipe holds only where they change something."""


_PUBLISHED: dict[str, Any] = {
    "depth": 48,
    "width": 48,
    "hidden": 96,
    "rows": 10_000,
    "task": "teacher",
    "spectrum": 0.0,
    "input_scale": 3.0,
    "noise": 0.65,
    "data": "fresh",
    "batch": 64,
    "steps": 6000,
    "clip": 0.6,
    "schedule": "wsd",
    "warmup": 200,
    "weight_decay": 0.0,
}

PRESETS: dict[str, dict[str, Any]] = {
    # Small, and trained so that the published heuristics work: seconds to make, instants to solve.
    "tiny": {
        "depth": 6,
        "width": 16,
        "hidden": 32,
        "rows": 1000,
        "task": "teacher",
        "data": "fresh",
        "batch": 64,
        "steps": 4000,
        "learning_rate": 2e-3,
        "rate_first": 0.3,
        "gain_first": 0.6,
        "gain_last": 1.2,
        "schedule": "wsd",
        "warmup": 200,
        "weight_decay": 0.0,
    },
    # What one trains oneself: AdamW, cosine schedule.
    "small": {"depth": 12, "width": 24, "hidden": 48, "rows": 2000, "steps": 2500, "data": "fresh"},
    "medium": {"depth": 24, "width": 32, "hidden": 64, "rows": 5000, "steps": 4000, "data": "fresh"},
    # Looks like the published instance: trace and norms of all blocks, and norms that rise with depth.
    "janestreet": {**_PUBLISHED, "learning_rate": 2e-3, "rate_first": 0.07, "gain_first": 0.05, "gain_last": 0.3},
    # The same network and task with one rate for all blocks: norms fall with depth.
    "reversed": {**_PUBLISHED, "learning_rate": 1e-3, "gain_first": 0.1, "gain_last": 0.1},
}
"""Changes to the defaults, by name."""
