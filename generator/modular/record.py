"""The record of the family `modular`: all that the suite needs to make, solve, score and show its puzzles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.family.advice import Advice
from generator.family.layout import ForeignLayout, Layout, LayoutOption
from generator.family.metric import Metric
from generator.family.oracle import OracleRecord
from generator.family.pictures import Pictures
from generator.family.record import Family
from generator.lazy import late
from generator.modular.examples.starter import STARTER
from generator.modular.spec import PRESETS, ModularSpec

if TYPE_CHECKING:
    from generator.puzzle.content import Puzzle

__all__ = ["FAMILY"]


def groups(puzzle: Puzzle) -> dict[str, str | int]:
    """Label a puzzle by what a solver knows of it."""
    spec = puzzle.manifest.spec
    labels: dict[str, str | int] = {
        "modulus": int(str(spec.get("modulus", 0))),
        "container": str(spec.get("container")),
        "activation": str(spec.get("activation")),
        "names": str(spec.get("names")),
        "unembedding": "withheld" if spec.get("withheld") else "public",
    }
    if spec.get("label"):
        labels["level"] = str(spec["label"])
    return labels


FAMILY = Family(
    name="modular",
    summary="tell which algorithm a network uses to add modulo p, and on which frequencies",
    spec=ModularSpec,
    presets=PRESETS,
    generate=late("generator.modular.making.generate:generate"),
    view=late("generator.modular.puzzle:view_puzzle"),
    check=late("generator.modular.puzzle:check_answer"),
    score=late("generator.modular.scoring.score:score"),
    metrics=(
        Metric("label", "label", "high", shown="percent", digits=1),
        Metric("frequency_jaccard", "frequencies", "high"),
        Metric("kind_f1", "kinds F1", "high"),
        Metric("intervention_r2", "interventions R2", "high"),
        Metric("explanation_accuracy", "explanation", "high", shown="percent", digits=1),
        Metric("relabelling", "relabelling", "high", shown="percent", digits=1),
        Metric("explanation_r2", "explanation R2", "high", headline=False),
        Metric("companion_f1", "companions F1", "high", headline=False),
        Metric("kind_points", "kind points", "high", failed=-1.0, headline=False),
        Metric("queries", "lookups", "low", summary="median", digits=0, headline=False),
    ),
    groups=groups,
    oracle=OracleRecord(
        terms=late("generator.modular.oracle:terms"), open=late("generator.modular.oracle:open_oracle")
    ),
    solvers=("solvers.modular",),
    warm=("numpy", "torch", "generator.modular.puzzle", "generator.modular.scoring.score"),
    libraries=("scipy.optimize", "scipy.linalg"),
    pictures=Pictures(
        facts=late("leaderboard.modular.fingerprint:facts"),
        draw=late("leaderboard.modular.pictures:draw"),
        row=late("leaderboard.modular.series:row"),
        draw_series=late("leaderboard.modular.series:draw_series"),
    ),
    foreign_layout=ForeignLayout(
        write=late("generator.modular.layout.foreign:write_foreign"),
        reader=late("generator.modular.layout.foreign:answer_reader"),
        answer_files=("solution.json",),
        names=("puzzle.json", "network.json"),
    ),
    layouts=(
        Layout(
            name="modular",
            summary="a trained checkpoint, or a folder of the checkpoints of a run; each is measured and labelled",
            sources=("CHECKPOINT",),
            optional_sources=("CONFIG",),
            read=late("generator.modular.layout.imported:import_networks"),
            read_options=(
                LayoutOption(
                    "activation", "Activation of the hidden units: relu, quad, gelu, abs. (default: CONFIG's, or relu)"
                ),
                LayoutOption("checkpoints", "Most checkpoints of a folder to read, spread over the steps.", "30"),
                LayoutOption("label", "Label by which tables group puzzles.", ""),
            ),
        ),
    ),
    probes=late("generator.modular.examples.probes:make_probes"),
    starter=STARTER,
    advice=Advice(
        answer='return {"label": "pizza", "frequencies": [3, 17], ...}; puzzle.answer(label=..., ...) writes it',
        printed='print {"label": "pizza", "frequencies": [3, 17], "kinds": {"3": "pizza"}, ...} on one line',
    ),
)
"""The family `modular`."""
