"""What to build: a modulus and a list of circles, each with its algorithm.

The algorithms, per circle of frequency k with w = 2 pi k / p, d = a - b and s = a + b (Zhong et al. 2023, arXiv
2306.17844). Each adds amplitude(d) cos(w (s - c)) to the logit of class c:

| kind | amplitude(d) | phases of a neuron on the two inputs |
|---|---|---|
| pizza | abs(cos(w d / 2)) | equal |
| clock | 1 | independent |
| square | cos(w d / 2)^2, from x^2 in the place of ReLU | equal |
| trap | 1 - cos(w d), and its companion adds cos(w d) | independent |

A trap is a clock that owns a doubled circle, as pizzas do. Its isolated amplitude varies strongly with d, but rises
where that of a pizza falls. The kind is a statement about the logits per frequency, not about the geometry of the
weights; arXiv 2512.25060 and 2505.18266 contest that clocks and pizzas differ in geometry.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Literal

from generator.errors import SpecError
from generator.modular.network.circle import companion

__all__ = ["KINDS", "TRAP_COMPANION", "CirclePlan", "Kind", "Plan"]

Kind = Literal["pizza", "clock", "square", "trap"]
KINDS: tuple[Kind, ...] = ("pizza", "clock", "square", "trap")

TRAP_COMPANION = -1.0
"""Weight of a trap's companion: it makes the amplitude of the whole network flat."""


@dataclass(frozen=True)
class CirclePlan:
    """One circle and its algorithm.

    Attributes:
        frequency: k, from 1 to below p / 2.
        kind: the algorithm.
        gain: factor of the circle's logits.
        neurons: hidden units that read the circle. Of an exact clock they are a square number m^2.
        companion: weight kappa of the circle at the doubled frequency, which adds -kappa cos(w d) to the amplitude;
            0 for no companion. 4 / (3 pi) makes the amplitude of a pizza nearly flat.
    """

    frequency: int
    kind: Kind
    gain: float = 1.0
    neurons: int = 32
    companion: float = 0.0

    @property
    def companion_weight(self) -> float:
        """The weight of the doubled circle; traps always have one."""
        return TRAP_COMPANION if self.kind == "trap" else self.companion


@dataclass(frozen=True)
class Plan:
    """A network to build.

    Attributes:
        modulus: p.
        circles: the circles with their algorithms.
        activation: "relu", "abs" or "square".
        exact: regular polygons of phases and closed-form readouts; otherwise random phases and least-squares readouts.
        bias: standard deviation of the hidden units' biases, in units of a neuron's amplitude; 0 where `exact`.
        width: hidden units in all; dead and decoy neurons fill up to it. None for no more units than the circles need.
        dead: share of the filling neurons that never fire (that write nothing, if the activation is not ReLU).
        decoys: frequencies of circles that only decoy neurons read.
        embedding: columns of the embedding table, in a random orthogonal basis. None for a cosine and a sine column
            per circle.
        spread: log standard deviation of the scales of neurons and of circles in the embedding, which leave the
            function unchanged; 0 where `exact`.

    Raises:
        SpecError: if a setting is out of range or contradicts another.
    """

    modulus: int
    circles: tuple[CirclePlan, ...]
    activation: str = "relu"
    exact: bool = False
    bias: float = 0.1
    width: int | None = None
    dead: float = 0.5
    decoys: tuple[int, ...] = ()
    embedding: int | None = None
    spread: float = 0.4

    def __post_init__(self) -> None:
        """Check every setting."""
        p = self.modulus
        if p < 3:
            raise SpecError(f"modulus is {p}; it must be at least 3")
        if not self.circles:
            raise SpecError("circles is empty; name at least one circle")
        if self.activation not in {"relu", "abs", "square"}:
            raise SpecError(f"activation {self.activation!r} is unknown; choose relu, abs or square")
        if not 0 <= self.dead <= 1:
            raise SpecError(f"dead is {self.dead}; it is a share from 0 to 1")
        if self.bias < 0 or self.spread < 0:
            raise SpecError("bias and spread must not be negative")
        keys = [circle.frequency for circle in self.circles]
        if len(set(keys)) < len(keys):
            raise SpecError(f"frequencies {keys} repeat; name each circle once")
        for frequency in (*keys, *self.decoys):
            if not 1 <= frequency < p / 2:
                raise SpecError(f"frequency {frequency} is not between 1 and {(p - 1) // 2}, the circles modulo {p}")
        for circle in self.circles:
            self._check(circle, keys)

    def _check(self, circle: CirclePlan, keys: list[int]) -> None:
        """Check one circle."""
        where = f"circle {circle.frequency}"
        if circle.kind not in KINDS:
            raise SpecError(f"{where}: kind {circle.kind!r} is unknown; choose one of {', '.join(KINDS)}")
        if circle.gain <= 0 or circle.neurons < 1:
            raise SpecError(f"{where}: gain and neurons must be positive")
        if circle.kind == "trap" and circle.companion:
            raise SpecError(f"{where}: a trap's companion has weight {TRAP_COMPANION:g}; leave companion at 0")
        if circle.kind == "pizza" and self.activation == "square":
            raise SpecError(f"{where}: x^2 cannot make a pizza; choose kind square, or activation relu")
        if circle.companion_weight:
            if self.activation != "relu":
                raise SpecError(f"{where}: a companion needs activation relu, which can pass on a linear term")
            double = companion(circle.frequency, self.modulus)
            if double in keys or 2 * double in {0, self.modulus}:
                raise SpecError(f"{where}: its companion {double} is a key circle or no circle; change the frequency")
        if self.exact:
            self._check_exact(circle, where)

    def _check_exact(self, circle: CirclePlan, where: str) -> None:
        """Check whether a closed form exists for a circle."""
        if circle.kind == "trap" or (circle.kind == "square" and self.activation != "square"):
            raise SpecError(f"{where}: {circle.kind} has no closed form with {self.activation}; set exact to False")
        if circle.kind == "clock" and isqrt(circle.neurons) ** 2 != circle.neurons:
            raise SpecError(f"{where}: an exact clock has m x m neurons; {circle.neurons} is no square number")
