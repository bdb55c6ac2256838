"""The built-in families: where the parts of each record meet. Importing this registers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.family import Family, ForeignLayout, Metric, register_family
from generator.lazy import late
from generator.reassembly.spec import PRESETS, Degradation, ReassemblySpec
from generator.reassembly.starter import STARTER

if TYPE_CHECKING:
    from generator.puzzle import Puzzle

__all__ = ["REASSEMBLY"]


def _reassembly_groups(puzzle: Puzzle) -> dict[str, str | int]:
    """Label a puzzle by its size and by how its network was trained."""
    spec = puzzle.manifest.spec
    roles = puzzle.manifest.facts.get("roles")
    incoming = roles.get("incoming") if isinstance(roles, dict) else None
    depth = len(incoming) if isinstance(incoming, list) else 0
    trained = f"{spec.get('optimiser')} {spec.get('data')} decay {spec.get('weight_decay')}"
    if spec.get("rate_first", 1) != 1:  # what decides whether norms rise or fall with depth
        trained += f" first rate {spec.get('rate_first')}"
    regime = trained if "optimiser" in spec else "imported"
    groups: dict[str, str | int] = {
        "depth": depth,
        "regime": regime,
        "activation": str(spec.get("activation", "relu")),
        "degradation": Degradation.of(spec).label,
    }
    rows = spec.get("rows_exported", spec.get("rows"))
    return {**groups, "rows": rows} if isinstance(rows, int) else groups


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
            Metric("mse_ratio", "MSE / var(pred)", "low", summary="median", shown="scientific", digits=1, floor=1e-10),
            Metric("position_accuracy", "position", "high", shown="percent", digits=1, headline=False),
            Metric("kendall_tau", "Kendall tau", "high", headline=False),
            Metric("mse", "MSE", "low", summary="median", shown="scientific", digits=1, headline=False),
        ),
        groups=_reassembly_groups,
        foreign_layout=ForeignLayout(
            write=late("generator.reassembly.foreign:write_foreign"),
            reader=late("generator.reassembly.printed:permutation_reader"),
        ),
        probes=late("generator.reassembly.probes:make_probes"),
        starter=STARTER,
    )
)
