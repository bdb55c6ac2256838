"""Hidden networks for tests, queried in the same process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from generator.family.oracle import CountedOracle, OracleTerms
from generator.recovery.making.synthetic import SyntheticRules, draw_network
from generator.recovery.oracle import rounded
from generator.recovery.puzzle import RecoveryPuzzle, Table
from generator.recovery.spec import PublicSpec

if TYPE_CHECKING:
    from typing import Any

    from generator.recovery.network.mlp import MLP

__all__ = ["LocalOracle", "active_puzzle", "hiding_activation", "passive_puzzle", "teacher"]


class LocalOracle(CountedOracle):
    """An oracle in this process, with the terms and the precision of a puzzle."""

    def __init__(self, network: MLP, public: PublicSpec) -> None:
        low = None if public.box is None else -public.box
        terms = OracleTerms(public.inputs, public.outputs, public.budget, low, public.box)
        super().__init__(lambda rows: rounded(network.exact(rows), public), terms)


def teacher(*widths: int, activation: str = "tanh", seed: int = 0, **rules: Any) -> MLP:
    """Draw a network by the generator's rules; widths are inputs, hidden layers, outputs."""
    return draw_network(SyntheticRules(widths, activation, **rules), np.random.default_rng(seed))


def active_puzzle(network: MLP, **public: Any) -> RecoveryPuzzle:
    """Hide a network behind an oracle; `public` changes fields of the public spec."""
    spec = _public(network, {"mode": "active", "box": 10.0, **public})
    return RecoveryPuzzle(spec, 1e-6, oracle=LocalOracle(network, spec))


def passive_puzzle(network: MLP, rows: int, input_scale: float, seed: int = 1, **public: Any) -> RecoveryPuzzle:
    """Hide a network behind a table of outputs."""
    spec = _public(network, {"mode": "passive", "rows": rows, "input_scale": input_scale, **public})
    inputs = input_scale * np.random.default_rng(seed).standard_normal((rows, spec.inputs))
    return RecoveryPuzzle(spec, 1e-6, Table(inputs, rounded(network.exact(inputs), spec)))


def hiding_activation(puzzle: RecoveryPuzzle) -> RecoveryPuzzle:
    """Hide the activation of a puzzle too."""
    return replace(puzzle, public=puzzle.public.model_copy(update={"activation": "hidden"}))


def _public(network: MLP, changes: dict[str, Any]) -> PublicSpec:
    fields = {
        "inputs": network.widths[0],
        "outputs": network.widths[-1],
        "hidden_layers": network.hidden_layers,
        "activation": network.activation,
    }
    return PublicSpec.model_validate({**fields, **changes})
