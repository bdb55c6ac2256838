"""The built-in families: where the parts of each record meet. Importing this registers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.family import Family, Metric, register_family
from generator.lazy import late
from generator.reassembly.spec import PRESETS, ReassemblySpec

if TYPE_CHECKING:
    from generator.puzzle import Puzzle

__all__ = ["REASSEMBLY"]


def _reassembly_groups(puzzle: Puzzle) -> dict[str, str | int]:
    """Label a puzzle by its size and by how its network was trained."""
    spec = puzzle.manifest.spec
    roles = puzzle.manifest.facts["roles"]
    depth = len(roles["incoming"]) if isinstance(roles, dict) and isinstance(roles["incoming"], list) else 0
    known = {key: spec.get(key) for key in ("optimiser", "data", "weight_decay")}
    regime = " ".join(
        [str(known["optimiser"]), str(known["data"]), f"decay {known['weight_decay']}"]
        if spec.get("task")
        else ["imported"]
    )
    return {"depth": depth, "regime": regime, "activation": str(spec.get("activation", "relu"))}


REASSEMBLY = register_family(
    Family(
        name="reassembly",
        summary="put the shuffled layers of a trained residual network back in exact order",
        spec=ReassemblySpec,
        presets=PRESETS,
        generate=late("generator.reassembly.generate:generate"),
        view=late("generator.reassembly.puzzle:view_puzzle"),
        check=late("generator.reassembly.puzzle:check_answer"),
        score=late("benchmark.scoring.reassembly:score"),
        metrics=(
            Metric("pairing_accuracy", "pairing", "high", shown="percent", digits=1),
            Metric("exact_order", "exact order", "high", shown="percent", digits=1),
            Metric("mse_ratio", "MSE / var(pred)", "low", summary="median", shown="scientific", digits=1),
            Metric("position_accuracy", "position", "high", shown="percent", digits=1),
            Metric("kendall_tau", "Kendall tau", "high"),
            Metric("mse", "MSE", "low", summary="median", shown="scientific", digits=1),
        ),
        groups=_reassembly_groups,
    )
)
