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

from generator.errors import PuzzleError, first_fault

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CLASSIFICATION", "PRESETS", "UNDEGRADED", "Degradation", "ReassemblySpec"]

CLASSIFICATION = "classes"
"""The classification task. Its predictions are logits; all other tasks are regressions."""

PieceFormat = Literal["float32", "float16", "int8"]
Decimals = Annotated[int | None, Field(ge=0, le=9)]  # float32 holds no more decimals
Noise = Annotated[float, Field(ge=0, le=10)]
StoredFormat = Annotated[str, Field(pattern=r"^(float32|float16|bfloat16|[1-7] digits|[0-9] decimals)$")]


class Degradation(BaseModel):
    """What happened to pieces and predictions after the training. It is public.

    The generator degrades by the first three fields. An import sets the others, where a table from elsewhere holds
    numbers that were stored or computed less precisely than float32. A manifest holds only the fields that say so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    piece_format: PieceFormat = "float32"
    prediction_decimals: Decimals = None
    prediction_noise: Noise = 0.0
    predictions_stored: StoredFormat = "float32"
    predictions_computed: Literal["float32", "tf32", "float16", "bfloat16"] = "float32"
    inputs_stored: StoredFormat = "float32"

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Self:
        """Read the degradation from the public recipe in a manifest; a missing field means no degradation.

        Raises:
            PuzzleError: if a value is invalid.
        """
        try:
            return cls.model_validate({name: spec[name] for name in cls.model_fields if name in spec})
        except ValidationError as error:
            raise PuzzleError(f"the manifest's spec: {first_fault(error)}") from None

    @property
    def none(self) -> bool:
        """Whether pieces and predictions are those of the trained network, without degradation."""
        return self == UNDEGRADED

    @property
    def imprecise(self) -> bool:
        """Whether a table from elsewhere was stored or computed less precisely than float32."""
        return self.predictions_stored != "float32" or self.unbounded

    @property
    def unbounded(self) -> bool:
        """Whether states were rounded on the way to the predictions, so that their error has no sharp bound."""
        return self.predictions_computed != "float32" or self.inputs_stored != "float32"

    @property
    def label(self) -> str:
        """Describe the degradation as tables show it."""
        parts: list[str] = [self.piece_format] if self.piece_format != "float32" else []
        parts += [f"{self.prediction_decimals} decimals"] if self.prediction_decimals is not None else []
        parts += [f"{100 * self.prediction_noise:g} % noise"] if self.prediction_noise else []
        parts += [self.predictions_stored] if self.predictions_stored != "float32" else []
        parts += [f"computed in {self.predictions_computed}"] if self.predictions_computed != "float32" else []
        return ", ".join(parts) or "none"


UNDEGRADED = Degradation()
"""No degradation: pieces and predictions of the trained network."""


class ReassemblySpec(BaseModel):
    """A recipe: network, task, data, training. A recipe and a seed determine a puzzle bit for bit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    depth: int = Field(8, ge=1, le=1024, description="Number of residual blocks.")
    width: int = Field(16, ge=1, le=4096, description="Width of the state; also the number of inputs.")
    hidden: int = Field(32, ge=1, le=16384, description="Number of hidden units per block.")
    outputs: int = Field(1, ge=1, le=1024, description="Number of outputs; with task classes, the number of classes.")
    activation: Literal["relu", "gelu", "silu", "tanh"] = Field("relu", description="Activation of the hidden units.")
    biases: bool = Field(True, description="Whether the layers have biases.")
    init: Literal["default", "orthogonal", "kaiming", "xavier", "small"] = Field(
        "default", description="Initial weights; default: as torch.nn.Linear; small: a tenth of default."
    )
    gain_first: float = Field(1.0, gt=0, le=10, description="Factor of the first block's initial outgoing weights.")
    gain_last: float = Field(
        1.0, gt=0, le=10, description="Factor of the last block's initial outgoing weights; geometric in between."
    )

    task: Literal["waves", "teacher", "products", "classes"] = Field(
        "waves", description="Task to learn: three regressions, or a classification that predicts logits (classes)."
    )
    spectrum: float = Field(
        0.5, ge=0, le=4, description="Exponent of the decay of the inputs' spectrum; 0: uncorrelated inputs."
    )
    input_scale: float = Field(1.0, gt=0, le=100, description="Standard deviation of the inputs.")
    noise: float = Field(
        0.3, ge=0, le=10, description="Label noise, in standard deviations of the target; for classes, of the logits."
    )
    rows: int = Field(2000, ge=1, le=10_000_000, description="Number of rows drawn and exported with the puzzle.")
    data: Literal["fixed", "fresh"] = Field(
        "fixed", description="fixed: train on the exported rows; fresh: draw new rows at every step."
    )

    optimiser: Literal["adamw", "adam", "sgd"] = Field(
        "adamw", description="Optimiser; adam adds weight decay to the gradient, adamw decouples it."
    )
    learning_rate: float = Field(1e-3, gt=0, le=10, description="Peak learning rate.")
    rate_first: float = Field(
        1.0, gt=0, le=10, description="First block's learning rate divided by the last block's; geometric in between."
    )
    schedule: Literal["constant", "cosine", "linear", "wsd"] = Field(
        "cosine", description="Learning rate after the warm-up; wsd: constant, then falls to zero over the last fifth."
    )
    warmup: int = Field(0, ge=0, description="Number of first steps over which the learning rate rises.")
    weight_decay: float = Field(0.01, ge=0, le=10, description="Weight decay.")
    momentum: float = Field(0.9, ge=0, lt=1, description="Momentum of sgd; beta1 of adam and adamw.")
    batch: int = Field(256, ge=1, le=1_000_000, description="Number of rows per batch.")
    steps: int = Field(1000, ge=0, le=10_000_000, description="Number of training steps.")
    clip: float | None = Field(None, gt=0, description="Largest gradient norm; a larger gradient is scaled down.")
    device: str = Field("cpu", pattern=r"^(cpu|cuda(:\d+)?|mps)$", description="Device: cpu, cuda, cuda:N or mps.")

    piece_format: PieceFormat = Field(
        "float32", description="Format that the pieces are rounded to after the training; int8: symmetric, per tensor."
    )
    prediction_decimals: Decimals = Field(None, description="Number of decimals that the predictions are rounded to.")
    prediction_noise: Noise = Field(
        0.0, description="Noise on the predictions, in standard deviations of each output's predictions."
    )
    rows_exported: int | None = Field(
        None, ge=1, description="Number of rows exported, the first rows drawn; none: all."
    )
    roles: Literal["known", "unknown"] = Field(
        "known",
        description="Whether the puzzle states which halves are incoming; unknown needs hidden equal to width.",
    )

    @property
    def degradation(self) -> Degradation:
        """How pieces and predictions are degraded after the training."""
        return Degradation.of(dict(self))

    @model_serializer(mode="wrap")
    def _omit_unused_fields(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Omit optional fields that have no effect, so that they change no recipe and no puzzle's digest."""
        written: dict[str, Any] = handler(self)
        fields = type(self).model_fields
        return {key: value for key, value in written.items() if key not in _OPTIONAL or value != fields[key].default}

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.task == CLASSIFICATION and self.outputs < 2:
            raise ValueError("a classification needs at least 2 outputs; raise outputs")
        if self.warmup > self.steps:
            raise ValueError(f"warmup ({self.warmup}) is larger than steps ({self.steps}); lower warmup")
        if self.rows_exported is not None and self.rows_exported > self.rows:
            raise ValueError(f"rows_exported ({self.rows_exported}) is larger than rows ({self.rows}); lower it")
        if self.roles == "unknown" and self.hidden != self.width:
            raise ValueError(
                f"roles cannot be unknown with hidden {self.hidden} and width {self.width}, because shapes tell the "
                "roles; make hidden equal to width"
            )
        if self.roles == "unknown" and self.outputs == self.width:
            raise ValueError(
                f"roles cannot be unknown with outputs and width both {self.width}, because the head would have the "
                "shape of a half; change outputs"
            )
        return self


_OPTIONAL = frozenset({*Degradation.model_fields, "rows_exported", "roles"})
"""Fields that a recipe holds only if they differ from their defaults."""


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
    # A small network on which the published heuristics work. It takes seconds to make, and less to solve.
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
    # Usual training: AdamW, cosine schedule.
    "small": {"depth": 12, "width": 24, "hidden": 48, "rows": 2000, "steps": 2500, "data": "fresh"},
    "medium": {"depth": 24, "width": 32, "hidden": 64, "rows": 5000, "steps": 4000, "data": "fresh"},
    # Resembles the published instance: the traces and norms of all blocks, and norms that rise with depth.
    "janestreet": {**_PUBLISHED, "learning_rate": 2e-3, "rate_first": 0.07, "gain_first": 0.05, "gain_last": 0.3},
    # The same network and task, with one learning rate for all blocks: norms fall with depth.
    "reversed": {**_PUBLISHED, "learning_rate": 1e-3, "gain_first": 0.1, "gain_last": 0.1},
}
"""Presets by name, as changes to the defaults."""
