"""The record of the family `recovery`: functions, metrics, solvers and options that the rest of the program uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from generator.family.advice import Advice
from generator.family.layout import ForeignLayout, Layout, LayoutOption
from generator.family.metric import Metric
from generator.family.oracle import OracleRecord
from generator.family.pictures import Pictures
from generator.family.record import Family
from generator.lazy import late
from generator.recovery.examples.starter import STARTER
from generator.recovery.spec import PRESETS, ActivationName, RecoverySpec

if TYPE_CHECKING:
    from generator.puzzle.content import Puzzle

__all__ = ["FAMILY"]

NAMES = get_args(ActivationName)


def groups(puzzle: Puzzle) -> dict[str, str | int]:
    """Return the labels by which tables group a puzzle: its public settings, level and condition number."""
    spec, facts = puzzle.manifest.spec, puzzle.manifest.facts
    labels: dict[str, str | int] = {
        "inputs": _number(spec.get("inputs")),
        "hidden layers": _number(spec.get("hidden_layers")),
        "activation": str(spec.get("activation")),
        "mode": str(spec.get("mode")),
        "precision": str(spec.get("precision", "float64")),
    }
    if spec.get("label"):
        labels["level"] = str(spec["label"])
    condition = facts.get("condition")
    if isinstance(condition, float):
        labels["cond(J)"] = _decade(condition)
    return labels


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _decade(condition: float) -> str:
    """Write the largest power of ten that is at most the condition number, such as 1e3."""
    return f"1e{int(f'{condition:e}'.partition('e')[2])}"


FAMILY = Family(
    name="recovery",
    summary="find the sizes and weights of a hidden network from its outputs",
    spec=RecoverySpec,
    presets=PRESETS,
    generate=late("generator.recovery.making.generate:generate"),
    view=late("generator.recovery.puzzle:view_puzzle"),
    check=late("generator.recovery.puzzle:check_answer"),
    score=late("generator.recovery.scoring.score:score"),
    metrics=(
        Metric("exact_size", "exact size", "high", shown="percent", digits=1),
        Metric("units", "units", "high", shown="percent", digits=1),
        Metric("worst_weight_error", "worst weight error", "low", summary="median", shown="scientific", digits=1),
        Metric("error_within", "functional error", "low", summary="median", shown="scientific", digits=1),
        Metric("queries", "queries", "low", summary="median", digits=0),
        Metric("size_overhead", "size overhead", "low", shown="percent", digits=1, headline=False, failed=-1.0),
        Metric("signatures", "signatures", "high", shown="percent", digits=1, headline=False),
        Metric("signs", "signs", "high", shown="percent", digits=1, headline=False),
        Metric("activation", "activation", "high", shown="percent", digits=1, headline=False),
        Metric("median_weight_error", "median weight error", "low", "median", shown="scientific", headline=False),
        Metric("error_wide", "error at twice the scale", "low", "median", shown="scientific", headline=False),
        Metric("error_worst", "worst error found", "low", "median", shown="scientific", headline=False),
    ),
    groups=groups,
    oracle=OracleRecord(
        terms=late("generator.recovery.oracle:terms"), open=late("generator.recovery.oracle:open_oracle")
    ),
    solvers=(
        "solvers.recovery.flagship.flagship",
        "solvers.recovery.hessian.solver",
        "solvers.recovery.relu.kinks",
        "solvers.recovery.relu.deep_relu",
        "solvers.recovery.students.students",
        "solvers.recovery.students.same_width",
        "solvers.recovery.peeling.solver",
        "solvers.recovery.published",
    ),
    warm=("numpy", "scipy.special", "scipy.optimize", "generator.recovery.puzzle"),
    libraries=("torch", "scipy.linalg", "scipy.cluster.hierarchy", "scipy.spatial"),
    pictures=Pictures(
        facts=late("leaderboard.recovery.fingerprint:facts"), draw=late("leaderboard.recovery.pictures:draw")
    ),
    foreign_layout=ForeignLayout(
        write=late("generator.recovery.layout.foreign:write_foreign"),
        reader=late("generator.recovery.layout.foreign:network_reader"),
        answer_files=("solution.json",),
        names=("puzzle.json", "inputs.csv", "outputs.csv"),
    ),
    layouts=(
        Layout(
            name="recovery",
            summary="any trained feed-forward network, which becomes the hidden network of an active puzzle",
            sources=("NETWORK",),
            read=late("generator.recovery.layout.mlp:import_network"),
            read_options=(
                LayoutOption("activation", f"Activation of the hidden layers: {', '.join(NAMES)}.", "relu"),
                LayoutOption("box", "Bound of every input of a query; none: no bound.", "1000"),
                LayoutOption("budget", "Rows that the oracle answers in one trial; none: no limit.", "none"),
                LayoutOption("rows", "Make a passive puzzle with a table of this many rows. (default: an oracle)"),
                LayoutOption("precision", "Precision of the outputs: float64, float32, or '4 decimals'.", "float64"),
                LayoutOption(
                    "input_scale",
                    "Standard deviation of the inputs of the table and of the functional error.",
                    "1",
                ),
                LayoutOption("tolerance", "Largest weight error of a solved puzzle. (default: 1e-6; if rounded, more)"),
                LayoutOption("label", "Label by which tables group puzzles."),
            ),
        ),
    ),
    probes=late("generator.recovery.examples.probes:make_probes"),
    starter=STARTER,
    advice=Advice(
        answer='return {"layers": [{"weight": ..., "bias": ...}, ...]}; puzzle.answer(network) writes it',
        printed='print {"layers": [{"weight": [[...], ...], "bias": [...]}, ...]} on one line, weights out x in',
    ),
)
"""The family `recovery`."""
