"""The record of the family `reassembly`: all that the suite needs to make, solve, score and show its puzzles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.family.advice import Advice
from generator.family.layout import ForeignLayout, Layout, LayoutOption
from generator.family.metric import Metric
from generator.family.pictures import Outline, Pictures
from generator.family.record import Family
from generator.lazy import late
from generator.reassembly.examples.starter import STARTER
from generator.reassembly.spec import PRESETS, Degradation, ReassemblySpec

if TYPE_CHECKING:
    from pydantic import JsonValue

    from generator.puzzle.content import Manifest, Puzzle

__all__ = ["FAMILY"]

MOST_DRAWN = 24
"""Most blocks that the outline of a network on the page shows; of a deeper network only the first blocks are drawn."""


def groups(puzzle: Puzzle) -> dict[str, str | int]:
    """Label a puzzle by its size and by how its network was trained."""
    spec = puzzle.manifest.spec
    trained = f"{spec.get('optimiser')} {spec.get('data')} decay {spec.get('weight_decay')}"
    if spec.get("rate_first", 1) != 1:  # decides whether norms rise or fall with depth
        trained += f" first rate {spec.get('rate_first')}"
    labels: dict[str, str | int] = {
        "depth": _depth(puzzle.manifest),
        "regime": trained if "optimiser" in spec else "imported",
        "activation": str(spec.get("activation", "relu")),
        "degradation": Degradation.of(spec).label,
    }
    rows = spec.get("rows_exported", spec.get("rows"))
    if isinstance(rows, int):
        labels["rows"] = rows
    if "unknown" in _roles(puzzle.manifest):
        labels["roles"] = "unknown"
    return labels


def outline(manifest: Manifest) -> Outline | None:
    """Draw the hidden layer and the state of each block; None where the manifest does not say their widths."""
    depth, width, hidden = _depth(manifest), manifest.spec.get("width"), manifest.spec.get("hidden")
    if not depth or not isinstance(width, int) or not isinstance(hidden, int):
        return None
    part = f"; {MOST_DRAWN} are drawn" if depth > MOST_DRAWN else ""
    layers = (hidden, width) * min(depth, MOST_DRAWN)
    return Outline(layers, f"{depth} residual blocks of width {width}, hidden {hidden}{part}")


def _depth(manifest: Manifest) -> int:
    roles = _roles(manifest)
    for name, pieces_of_a_block in (("incoming", 1), ("unknown", 2)):
        if isinstance(listed := roles.get(name), list):
            return len(listed) // pieces_of_a_block
    return 0


def _roles(manifest: Manifest) -> dict[str, JsonValue]:
    roles = manifest.facts.get("roles")
    return roles if isinstance(roles, dict) else {}


FAMILY = Family(
    name="reassembly",
    summary="put the shuffled layers of a trained residual network back in exact order",
    spec=ReassemblySpec,
    presets=PRESETS,
    generate=late("generator.reassembly.making.generate:generate"),
    view=late("generator.reassembly.unknown_roles:view_any"),
    check=late("generator.reassembly.puzzle:check_answer"),
    score=late("generator.reassembly.scoring.score:score"),
    metrics=(
        Metric("pairing_accuracy", "pairing", "high", shown="percent", digits=1),
        Metric("exact_order", "exact order", "high", shown="percent", digits=1),
        Metric("mse_ratio", "MSE / var(pred)", "low", summary="median", shown="scientific", digits=1, floor=1e-10),
        Metric("position_accuracy", "position", "high", shown="percent", digits=1, headline=False),
        Metric("kendall_tau", "Kendall tau", "high", headline=False),
        Metric("role_accuracy", "roles", "high", shown="percent", digits=1, headline=False),
        Metric("mse", "MSE", "low", summary="median", shown="scientific", digits=1, headline=False),
    ),
    groups=groups,
    solvers=(
        "solvers.reassembly.flagship.flagship",
        "solvers.reassembly.flagship.fast",
        "solvers.reassembly.published",
    ),
    warm=("torch", "safetensors.torch", "generator.reassembly.unknown_roles"),
    libraries=("scipy.linalg", "scipy.optimize"),
    pictures=Pictures(
        facts=late("leaderboard.reassembly.fingerprint:facts"),
        draw=late("leaderboard.reassembly.pictures:draw"),
        outline=outline,
    ),
    foreign_layout=ForeignLayout(
        write=late("generator.reassembly.layout.foreign:write_foreign"),
        reader=late("generator.reassembly.layout.printing.reader:permutation_reader"),
        answer_files=("solution.txt", "solution.json", "solution.csv"),
        names=("pieces", "historical_data.csv", "historical_data_and_pieces"),
    ),
    layouts=(
        Layout(
            name="janestreet",
            summary='the layout of "I dropped a neural net": pieces/piece_*.pth and historical_data.csv',
            sources=("FOLDER",),
            read=late("generator.reassembly.layout.janestreet:read_layout"),
            read_options=(
                LayoutOption(
                    "solution_sha256",
                    "Published SHA-256 of the solution; an answer with this hash counts as solved.",
                    typed="hash",
                ),
                LayoutOption(
                    "precision",
                    "Precision of the predictions: tf32, bfloat16 or float16 if the network was computed in it, "
                    "'6 digits' or '3 decimals' if they were stored so, float32 if they are exact. "
                    "(default: the storage is measured)",
                ),
                LayoutOption("activation", "Activation of the blocks: relu, gelu, silu or tanh.", "relu"),
                LayoutOption(
                    "roles", "unknown: the solver must find which square halves are incoming; known: state it.", "known"
                ),
            ),
            write=late("generator.reassembly.layout.janestreet:write_layout"),
            write_options=(LayoutOption("nested", "Put everything under historical_data_and_pieces/.", default=False),),
        ),
    ),
    probes=late("generator.reassembly.examples.probes:make_probes"),
    starter=STARTER,
    advice=Advice(
        answer="return piece numbers in execution order; puzzle.answer(incoming, outgoing) writes them",
        printed="print every piece number once, counted as in the names of the files, on a line: 3,0,2,1,4",
    ),
)
"""The family `reassembly`."""
