"""Train networks by the named recipes and tabulate how many are solved, how fast, and which algorithm they learned.

    python experiments/modular/recipes.py
    python experiments/modular/recipes.py pizza-beta clock-delta --seeds 20

Every row of the cache is one recipe and seed. Rows that are there are not trained again, so an interrupted call is
resumed by repeating it. CPU seconds are those of one thread.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from generator.modular.measures.label import MAIN_AMPLITUDE
from generator.modular.training.acceptance import accept
from generator.modular.training.recipe import RECIPES
from generator.modular.training.train import train

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def run(name: str, seed: int, cache: Path) -> dict[str, Any]:
    """Train and measure one network, or read it from the cache."""
    recipe, wanted = RECIPES[name]
    settings = json.dumps(asdict(recipe), sort_keys=True)
    path = cache / f"{name}-{sha256(settings.encode()).hexdigest()[:10]}-{seed}.json"
    if path.exists():
        row: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return row
    trained = train(recipe, seed)
    verdict = accept(trained.network, wanted)
    solved = trained.solved
    row = {
        "recipe": name,
        "seed": seed,
        "wanted": wanted,
        "steps": recipe.steps,
        "cpu_s": trained.cpu_s,
        "solved_step": solved.step if solved else None,
        "solved_cpu_s": solved.cpu_s if solved else None,
        "train_accuracy": trained.best.scores.train_accuracy,
        "best_step": trained.step,
        "last_margin": trained.history[-1].scores.margin,
        "reason": verdict.reason,
        "measures": verdict.measures.record(),
    }
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(row), encoding="utf-8")
    unfinished.replace(path)
    return row


def spread(values: Iterable[float | None], digits: int = 2) -> str:
    """Write the smallest, middle and largest value."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return "-"
    return " ".join(f"{value:.{digits}f}" for value in (known[0], statistics.median(known), known[-1]))


def main_frequencies(row: dict[str, Any]) -> list[dict[str, Any]]:
    """List the key frequencies that decide the label."""
    return [one for one in row["measures"]["frequencies"] if one["relative"] >= MAIN_AMPLITUDE]


def training_line(name: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Summarise the training of one recipe."""
    return [
        name,
        f"{sum(row['measures']['accuracy'] == 1 for row in rows)}/{len(rows)}",
        f"{sum(not row['reason'] for row in rows)}/{len(rows)}",
        spread((row["solved_step"] for row in rows), 0),
        spread(row["solved_cpu_s"] for row in rows),
        spread((row["cpu_s"] for row in rows), 1),
        spread(1e3 * row["cpu_s"] / row["steps"] for row in rows),
        spread((row["measures"]["margin"] for row in rows), 1),
        spread((row["last_margin"] for row in rows), 1),
    ]


def measures_line(name: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Summarise the measures of one recipe."""
    found = [row["measures"] for row in rows]
    labels = [str(one["label"]) for one in found]
    return [
        name,
        spread(one["gradient_symmetricity"] for one in found),
        spread(one["distance_irrelevance"] for one in found),
        spread((len(main_frequencies(row)) for row in rows), 0),
        spread(one["iso_cv"] for row in rows for one in main_frequencies(row)),
        spread(one["ko_cv"] for row in rows for one in main_frequencies(row)),
        spread(one["neurons"]["phase_alignment"] for one in found if one["neurons"]),
        ", ".join(f"{labels.count(label)} {label}" for label in sorted(set(labels))),
    ]


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", choices=[*RECIPES, []], help="names of recipes; all if none is given")
    parser.add_argument("--seeds", type=int, default=5, help="networks for each recipe")
    parser.add_argument("--cache", type=Path, default=Path("results/modular-recipes"), help="folder of the results")
    options = parser.parse_args()
    names = options.recipes or list(RECIPES)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for seed in range(options.seeds):
        for name in names:
            row = run(name, seed, options.cache)
            rows[name].append(row)
            print(name, seed, row["measures"]["label"], row["reason"] or "accepted", file=sys.stderr, flush=True)
    print("Smallest, median and largest value over the seeds.\n")
    heads = [
        "recipe",
        "solved",
        "accepted",
        "steps to 100 %",
        "CPU s to 100 %",
        "CPU s",
        "ms/step",
        "margin",
        "last margin",
    ]
    print(tabulate([training_line(name, rows[name]) for name in names], headers=heads, disable_numparse=True))
    heads = ["recipe", "GS", "DI", "main frequencies", "ISO CV", "KO CV", "phase alignment", "label"]
    print("\n" + tabulate([measures_line(name, rows[name]) for name in names], headers=heads, disable_numparse=True))


if __name__ == "__main__":
    main()
