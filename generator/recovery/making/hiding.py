"""Hide a network: remove what no query shows, draw the table, and measure the difficulty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.recovery.making.difficulty import ROWS, difficulty
from generator.recovery.oracle import rounded
from generator.recovery.units.reduce import Reduced, reduced

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydantic import JsonValue

    from generator.recovery.network.mlp import MLP
    from generator.recovery.spec import RecoverySpec

__all__ = ["Hidden", "hide"]


@dataclass(frozen=True, eq=False)
class Hidden:
    """The content of a puzzle.

    Attributes:
        reduced: the hidden network, without the units that no input in reach shows.
        data: the table of a passive puzzle, `inputs` (rows x d) and `outputs` (rows x o); empty for an active puzzle.
        facts: `tolerance`, and `condition` if it was computed.
    """

    reduced: Reduced
    data: dict[str, NDArray[np.float64]]
    facts: dict[str, JsonValue]


def hide(network: MLP, spec: RecoverySpec, table: np.random.Generator, sample: np.random.Generator) -> Hidden:
    """Reduce a network to what queries or table show, and compute the public data of its puzzle.

    Args:
        network: of the sizes in the recipe.
        spec: the recipe.
        table: generator for the inputs of a passive puzzle's table.
        sample: generator for the inputs on which the difficulty is measured.

    Raises:
        PuzzleError: if the network is constant within the solver's reach.
        SpecError: if the network is too large for the computation of a tolerance.
        TrainingError: if the outputs are too coarse to determine the weights.
    """
    public = spec.public
    inputs = _inputs(spec, public.rows, table) if public.mode == "passive" else None
    found = reduced(network, box=public.box, rows=inputs)
    condition, tolerance = difficulty(found.network, _inputs(spec, ROWS, sample), spec)
    facts: dict[str, JsonValue] = {"tolerance": tolerance}
    if condition is not None:
        facts["condition"] = condition
    data = {} if inputs is None else {"inputs": inputs, "outputs": rounded(found.network.exact(inputs), public)}
    return Hidden(found, data, facts)


def _inputs(spec: RecoverySpec, rows: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return spec.input_scale * rng.standard_normal((rows, spec.inputs))
