"""Write a synthetic result store of any size, to time the leaderboard and to try its page.

Each solver has a skill and each puzzle a difficulty, which grows with depth. The probability of a solution is a
logistic function of skill minus difficulty. All numbers are random. Solvers have the names of tools, so that readers do
not mistake them for real solvers.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.results.session import describe_session
from benchmark.results.trial import Limits
from generator.puzzle.content import Manifest, public_digest

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_store"]

LIMITS = Limits().model_dump(mode="json")

DEPTHS = (6, 12, 24, 48)
WIDTHS = (16, 24, 32, 48)
REGIMES = (("adamw", "fresh", 0.0), ("adamw", "fixed", 0.01), ("sgd", "fresh", 0.0))
TOOLS = ("chisel", "plane", "rasp", "saw", "awl", "gouge", "spokeshave", "mallet", "clamp", "level")


def write_store(folder: Path, *, rows: int, solvers: int = 20, seeds: int = 1, seed: int = 0) -> int:
    """Write about `rows` results, one per line, and the manifests of their puzzles; return the number of rows."""
    generator = np.random.default_rng(seed)
    puzzles = [_manifest(number) for number in range(max(1, rows // (solvers * seeds)))]
    (folder / "puzzles").mkdir(parents=True)
    for manifest in puzzles:
        _write(folder / "puzzles" / f"{manifest.digest}.json", manifest.model_dump(mode="json"))
    session = describe_session(jobs=1, threads=1, isolation="namespaces")
    _write(folder / f"session-{session.id}.json", session.model_dump(mode="json"))
    skill = np.linspace(3.0, -3.0, solvers).tolist()
    count = 0
    with (folder / f"rows-{session.id}.jsonl").open("w", encoding="utf-8") as file:
        for manifest in puzzles:
            hardness = (int(str(manifest.spec["depth"])) - 20) / 10
            for number in range(solvers):
                for trial_seed in range(seeds):
                    drawn = _drawn(skill[number] - hardness, generator)
                    file.write(json.dumps(_row(manifest, number, trial_seed, session.id) | drawn) + "\n")
                    count += 1
    return count


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def _manifest(number: int) -> Manifest:
    depth, width = DEPTHS[number % 4], WIDTHS[number // 4 % 4]
    optimiser, data, decay = REGIMES[number // 16 % 3]
    halves = [f"{piece}.{part}" for piece in range(2 * depth + 1) for part in ("bias", "weight")]
    draft = Manifest(
        family="reassembly",
        name=f"{optimiser}-{depth}x{width}-{number}",
        spec={
            "depth": depth,
            "width": width,
            "hidden": 2 * width,
            "activation": ("relu", "gelu")[number // 48 % 2],
            "task": ("waves", "teacher")[number // 96 % 2],
            "optimiser": optimiser,
            "data": data,
            "weight_decay": decay,
            "rows": 2000,
            "learning_rate": 1e-3,
            "steps": 4000,
        },
        facts={"roles": {"incoming": [*range(depth)], "outgoing": [*range(depth, 2 * depth)], "head": 2 * depth}},
        generator="made up",
        tensors={"pieces": {name: _digest(number, name) for name in halves}, "data": {}},
        digest="",
    )
    return draft.model_copy(update={"digest": public_digest(draft)})


def _row(manifest: Manifest, number: int, seed: int, session: str) -> dict[str, Any]:
    """Build the fields of a row that do not depend on the result. Plain JSON is faster than a `Row`."""
    tool = TOOLS[number % len(TOOLS)]
    return {
        "format": 1,
        "trial": _digest(manifest.digest, number, seed),
        "session": session,
        "puzzle": manifest.digest,
        "puzzle_name": manifest.name,
        "family": "reassembly",
        "groups": {
            "depth": manifest.spec["depth"],
            "regime": f"{manifest.spec['optimiser']} {manifest.spec['data']} decay {manifest.spec['weight_decay']}",
            "activation": manifest.spec["activation"],
        },
        "solver": tool if number < len(TOOLS) else f"{tool}[passes={number // len(TOOLS) + 1}]",
        "source": _digest(tool)[:16],
        "seed": seed,
        "limits": LIMITS,
    }


def _drawn(margin: float, generator: np.random.Generator) -> dict[str, Any]:
    """Draw the result of a trial; `margin` is the solver's skill minus the puzzle's difficulty."""
    luck = generator.random(4).tolist()
    solved = luck[0] < 1 / (1 + math.exp(-2 * margin))
    status = "solved" if solved else ("partial", "timeout", "crashed")[min(int(luck[1] * 1.6 + luck[2] * 0.6), 2)]
    wall_s = 60.0 if status == "timeout" else min(10 ** (luck[3] * 1.5 - 0.7 - 0.25 * margin), 60.0)
    ratio = 0.0 if solved else 10 ** (-4 * luck[1])
    share = 1.0 if solved else round(luck[2], 3)
    names = ("pairing_accuracy", "exact_order", "position_accuracy", "kendall_tau")
    metrics = dict.fromkeys(names, share) | {"exact_order": float(solved), "mse_ratio": ratio, "mse": 0.7 * ratio}
    answered = status in {"solved", "partial"}
    return {
        "status": status,
        "reason": f"mse {ratio:.3e} on 400 rows held back" if answered else f"{status} in stage 2",
        "certified": solved,
        "from_report": False,
        "metrics": {} if status == "crashed" else metrics,
        "wall_s": wall_s,
        "load_s": 0.02 + 0.01 * luck[0],
        "cpu_s": 0.9 * wall_s,
        "peak_mib": 280.0 + 40 * luck[1],
    }


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
