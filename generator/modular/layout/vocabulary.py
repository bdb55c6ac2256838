"""Residues as rows of an embedding table: what `diff_vocab`, `eqn_sign` and a larger vocabulary mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import LayoutError, SpecError
from generator.modular.network.activations import ACTIVATIONS
from generator.modular.spec import MODULI
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    import torch

    from generator.modular.layout.config import Config

__all__ = ["ACTIVATION_NAMES", "Vocabulary", "activation_of", "vocabulary_of"]

ACTIVATION_NAMES = {"quad": "square", "quadratic": "square", "x2": "square"}
"""Names that scripts use for activations of ours; others are spelled alike."""


@dataclass(frozen=True)
class Vocabulary:
    """Which token each residue is. The first residue a is token a.

    Attributes:
        modulus: p.
        apart: whether the second residue b is token p + b (`diff_vocab`) and not token b.
        third: whether a third token "=" follows (`eqn_sign`): the token after those of the residues.
        spare: tokens beyond these.
    """

    modulus: int
    apart: bool
    third: bool
    spare: int

    def first(self, table: torch.Tensor) -> torch.Tensor:
        """Rows of the first residue, p x d, of a table of all tokens."""
        return table[: self.modulus]

    def second(self, table: torch.Tensor) -> torch.Tensor:
        """Rows of the second residue, p x d."""
        return table[self.modulus : 2 * self.modulus] if self.apart else table[: self.modulus]

    def equals(self, table: torch.Tensor) -> torch.Tensor | None:
        """Row of the third token; None if there are two tokens."""
        return table[(2 if self.apart else 1) * self.modulus] if self.third else None

    def remarks(self) -> tuple[str, ...]:
        """Say which tokens are not read."""
        if not self.spare:
            return ()
        return (f"{self.spare} tokens of the vocabulary beyond those of {self.modulus} residues are not read",)


def vocabulary_of(config: Config, tokens: int, where: str) -> Vocabulary:
    """Find the residues among the tokens.

    Args:
        config: settings C (or n_vocab or p), diff_vocab and eqn_sign.
        tokens: rows of the table.
        where: the file and the tensor of the table, for errors.

    Raises:
        LayoutError: if the tokens are too few, or the modulus is not supported.
    """
    apart, third = config.flag("diff_vocab"), config.flag("eqn_sign")
    per_residue = 2 if apart else 1
    modulus = config.whole("C", "p", "n_vocab")
    if modulus is None:
        modulus = (tokens - third) // per_residue
    if not MODULI[0] <= modulus <= MODULI[1]:
        raise LayoutError(f"{where}: the modulus is {modulus}; moduli from {MODULI[0]} to {MODULI[1]} are supported")
    needed = per_residue * modulus + third
    if tokens < needed:
        parts = [f"{modulus} residues", *(["diff_vocab"] if apart else []), *(["eqn_sign"] if third else [])]
        raise LayoutError(
            f"{where} has {tokens} tokens, but {', '.join(parts)} need {needed}; give this checkpoint's configuration"
        )
    return Vocabulary(modulus, apart, third, tokens - needed)


def activation_of(config: Config, given: str | None) -> str | None:
    """Return our name of the activation that an option or else the configuration names; None if neither does.

    Raises:
        SpecError: if that of the option is unknown.
        LayoutError: if that of the configuration is unknown.
    """
    told = given or config.text("act_fn", "act_type", "activation")
    if told is None:
        return None
    name = ACTIVATION_NAMES.get(told.lower(), told.lower())
    if name not in ACTIVATIONS:
        fault = f"no activation {told!r}{did_you_mean(name, (*ACTIVATIONS, 'quad'))}"
        raise SpecError(f"--activation: {fault}") if given else LayoutError(f"{config.path}: {fault}")
    return name
