"""Several networks, such as the checkpoints of one training run: a table and a picture of the measures over the steps.

The steps are the last numbers in the names of the puzzles, as `netjigsaw import modular FOLDER` writes them; if a name
has none, puzzles are numbered.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from generator.errors import PuzzleError
from generator.modular.measures.amplitude import PIZZA_CV
from leaderboard.modular.measures import number, record_of
from leaderboard.pictures.drawing import COLOURS, GREY, new_figure, tidy, title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from generator.family.pictures import Shown

__all__ = ["draw_series", "row", "steps_of"]

MOST_FREQUENCIES = len(COLOURS)
"""Most frequencies that are drawn: those with the largest amplitude in the last network. As many as colours."""

IDEAL_PIZZA = 0.4834
"""Coefficient of variation of |cos| over a circle."""

LABELS = {"pizza": "#E69F00", "clock": "#0072B2", "hybrid": "#009E73", "other": "#9a9a9a"}
"""Colours of the labels; a withheld label is white."""

SCORES = {
    "gradient_symmetricity": "gradient symmetricity",
    "distance_irrelevance": "distance irrelevance",
    "additivity": "additivity of the circles",
}
"""Scores of the whole network that are drawn, beside circularity and phase alignment."""


def row(shown: Shown) -> Mapping[str, str]:
    """Describe one network in a row of a table."""
    record = record_of(shown.view, shown.sealed)
    if record is None:
        return {"label": "not known"}
    cvs = [f"{one['frequency']}: {number(one['iso_cv'])} {one['kind']}" for one in record["frequencies"][:4]]
    more = f", {len(record['frequencies']) - 4} more" if len(record["frequencies"]) > 4 else ""
    return {
        "right": f"{record['accuracy']:.2%}",
        "label": record["label"] or "withheld",
        "GS": number(record["gradient_symmetricity"]),
        "DI": number(record["distance_irrelevance"]),
        "phase alignment": number((record["neurons"] or {}).get("phase_alignment")),
        "frequencies, CV alone": ", ".join(cvs) + more,
    }


def steps_of(names: Sequence[str]) -> list[int]:
    """Return the last number of each name; 0, 1, ... if a name has none."""
    numbers = [re.findall(r"\d+", name) for name in names]
    return [int(found[-1]) for found in numbers] if all(numbers) else list(range(len(names)))


def draw_series(series: Sequence[Shown], name: str) -> Figure:
    """Draw the measures of several networks over their steps.

    Raises:
        PluginError: if matplotlib is not installed.
        PuzzleError: if the measures of a network are secret.
    """
    records = [record_of(one.view, one.sealed) for one in series]
    known = [record for record in records if record is not None]
    if len(known) < len(records):
        unknown = next(one.name for one, record in zip(series, records, strict=True) if record is None)
        raise PuzzleError(f"the measures of {unknown} are secret; give its sealed answer with --answers")
    points = sorted(zip(steps_of([one.name for one in series]), known, strict=True), key=lambda point: point[0])
    steps, ordered = [step for step, _ in points], [record for _, record in points]
    figure = new_figure(13.0, 8.0)
    (right, scores), (amplitudes, variations) = figure.subplots(2, 2, sharex=True)
    _draw_accuracy(right, steps, ordered)
    _draw_scores(scores, steps, ordered)
    _draw_frequencies(amplitudes, steps, ordered, "amplitude")
    title(amplitudes, "Amplitude of the last network's key frequencies in the logits")
    _draw_frequencies(variations, steps, ordered, "iso_cv")
    variations.axhline(IDEAL_PIZZA, color=GREY, linestyle="--", linewidth=1, label="a pizza, .483")
    variations.axhline(PIZZA_CV, color=GREY, linestyle=":", linewidth=1, label=f"threshold, {PIZZA_CV:g}")
    variations.set_ylim(0, 1)
    title(variations, "Variation of the amplitude over a - b, circle alone")
    for axes in (right, scores, amplitudes, variations):
        tidy(axes)
        axes.legend(fontsize=8, framealpha=0.9, edgecolor="none")
    for axes in (amplitudes, variations):
        axes.set_xlabel("training step")
    figure.suptitle(f"{name}: modulus {ordered[0]['modulus']}, {len(steps)} networks", fontsize=12, weight="bold")
    return figure


def _draw_accuracy(axes: Axes, steps: list[int], records: Sequence[Mapping[str, Any]]) -> None:
    """Draw the share of right pairs, and the label of each network as a coloured point on top."""
    axes.plot(steps, [record["accuracy"] for record in records], color="#000000", linewidth=1.2, label="pairs right")
    for label, colour in LABELS.items():
        at = [step for step, record in zip(steps, records, strict=True) if record["label"] == label]
        if at:
            axes.scatter(at, [1.06] * len(at), color=colour, marker="s", s=34, label=label)
    withheld = [step for step, record in zip(steps, records, strict=True) if record["label"] is None]
    if withheld:
        axes.scatter(withheld, [1.06] * len(withheld), facecolor="white", edgecolor=GREY, marker="s", s=34)
        axes.scatter([], [], facecolor="white", edgecolor=GREY, marker="s", s=34, label="label withheld")
    axes.set_ylim(0, 1.12)
    title(axes, "Share of the pairs answered right, and the label")


def _draw_scores(axes: Axes, steps: list[int], records: Sequence[Mapping[str, Any]]) -> None:
    """Draw the scores of whole networks."""
    curves = {label: [record[key] for record in records] for key, label in SCORES.items()}
    curves["circularity, first table"] = [record["circularity"][0] for record in records]
    curves["phase alignment"] = [(record["neurons"] or {}).get("phase_alignment") for record in records]
    for colour, (label, values) in zip(COLOURS, curves.items(), strict=False):
        style = "o--" if label == "phase alignment" else "o-"  # often equal to the gradient symmetricity
        drawn = [math.nan if value is None else value for value in values]
        axes.plot(steps, drawn, style, color=colour, markersize=3, linewidth=1.2, label=label)
    title(axes, "Scores of the whole network")


def _draw_frequencies(axes: Axes, steps: list[int], records: Sequence[Mapping[str, Any]], key: str) -> None:
    """Draw a measure of each frequency that is a key frequency of the last network, where it is one."""
    for colour, frequency in zip(COLOURS, records[-1]["key_frequencies"][:MOST_FREQUENCIES], strict=False):
        values = [
            next((one[key] for one in record["frequencies"] if one["frequency"] == frequency), None)
            for record in records
        ]
        drawn = [math.nan if value is None else value for value in values]
        axes.plot(steps, drawn, "o-", color=colour, markersize=3, linewidth=1.2, label=f"frequency {frequency}")
