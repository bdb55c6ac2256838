"""Hidden networks for tests and experiments, queried in the same process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import QueryError
from generator.family.oracle import OracleTerms, checked_inputs
from generator.recovery.making.synthetic import SyntheticRules, draw_network
from generator.recovery.oracle import rounded
from generator.recovery.puzzle import RecoveryPuzzle, Table
from generator.recovery.spec import PublicSpec

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from generator.recovery.network.mlp import MLP

__all__ = ["LocalOracle", "active_puzzle", "hiding_activation", "passive_puzzle", "teacher"]


class LocalOracle:
    """An oracle that counts and refuses like the harness's, see `generator.family.oracle.Oracle`."""

    def __init__(self, network: MLP, public: PublicSpec) -> None:
        bound = public.box
        self.terms = OracleTerms(public.inputs, public.outputs, public.budget, None if bound is None else -bound, bound)
        self.queries = 0
        self._network, self._public = network, public

    @property
    def left(self) -> int | None:
        """Rows that are left of the budget."""
        return None if self.terms.budget is None else self.terms.budget - self.queries

    def __call__(self, inputs: ArrayLike) -> NDArray[np.float64]:
        """Evaluate the network.

        Raises:
            QueryError: as the harness does.
        """
        rows = checked_inputs(inputs, self.terms)
        if self.left is not None and len(rows) > self.left:
            raise QueryError(f"budget spent: {len(rows)} rows asked, {self.left} are left")
        self.queries += len(rows)
        return rounded(self._network.exact(rows), self._public)


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
