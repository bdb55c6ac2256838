"""Facts and figures of hidden networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from generator.recovery.making.generate import generate
from generator.recovery.puzzle import view_puzzle
from generator.recovery.sealed import truth_of
from generator.recovery.spec import RecoverySpec
from leaderboard.recovery.fingerprint import facts
from leaderboard.recovery.pictures import draw

if TYPE_CHECKING:
    from generator.puzzle.sealing import Made


def a_puzzle(**recipe: Any) -> Made:
    return generate(RecoverySpec.model_validate({"inputs": 2, "hidden": (4,), **recipe}), name="p", seed=2)


def test_without_the_answer_only_what_a_solver_knows_is_told() -> None:
    told = dict(facts(view_puzzle(a_puzzle(hidden=(5, 3), activation="relu", budget=70).puzzle)))
    assert told["network"] == "2 inputs, 2 hidden layers, 1 output, relu"
    assert told["oracle"] == "budget 70 rows, |x_i| <= 10, outputs float64"
    assert told["widths"] == "not known"
    assert "units" not in told


def test_with_the_answer_widths_and_units_are_told() -> None:
    made = a_puzzle(hidden=(5, 3), activation="relu")
    told = dict(facts(view_puzzle(made.puzzle), made.sealed))
    assert told["widths"] == "2-5-3-1, relu, 37 parameters"
    assert told["units"].startswith("layer 1: 5 of 5 switch in reach; layer 2: 3 of 3 switch")
    norms = np.linalg.norm(truth_of(made.sealed).network.weights[0], axis=1)
    assert told["|w| of layer 1"] == f"{norms.min():.2f} to {norms.max():.2f}"


def test_a_table_and_a_hidden_activation_are_told() -> None:
    made = a_puzzle(mode="passive", rows=60, hide_activation=True, precision="3 decimals")
    told = dict(facts(view_puzzle(made.puzzle)))
    assert told["network"].endswith("activation hidden")
    assert told["table"].startswith("60 rows, outputs 3 decimals")


def test_condition_number_is_that_of_the_manifest() -> None:
    puzzle = a_puzzle().puzzle
    assert dict(facts(view_puzzle(puzzle)))["cond(J)"].startswith(f"{puzzle.manifest.facts['condition']:.1e}")


def test_lines_on_the_plane_are_the_hyperplanes_of_the_first_layer() -> None:
    made = a_puzzle(activation="relu")
    network = truth_of(made.sealed).network
    axes = draw(view_puzzle(made.puzzle), made.sealed, "p").axes[0]
    drawn = [collection for collection in axes.collections if hasattr(collection, "levels")]
    assert 0 < len(drawn) <= 4
    for contour in drawn:
        (path,) = contour.get_paths()
        heights = np.abs(network.preactivations(np.asarray(path.vertices), 1)).max(axis=0)
        assert heights.min() < 1e-6  # every point of the line lies on one unit's hyperplane


@pytest.mark.parametrize("recipe", [{"inputs": 1}, {"inputs": 30, "hidden": (6, 5), "outputs": 5, "box": None}])
def test_the_outputs_along_the_line_are_the_network_s(recipe: dict[str, Any]) -> None:
    made = a_puzzle(**recipe)
    network = truth_of(made.sealed).network
    figure = draw(view_puzzle(made.puzzle), made.sealed, "p")
    along = next(axes for axes in figure.axes if axes.get_title(loc="left").startswith("Outputs along"))
    lines = {str(line.get_label()): line for line in along.lines}
    assert {name for name in lines if name.startswith("output")} == {
        f"output {number}" for number in range(1, min(4, network.widths[-1]) + 1)
    }
    line = lines["output 1"]
    if network.widths[0] == 1:
        expected = network(np.asarray(line.get_xdata(), np.float64)[:, None])[:, 0]
        assert np.asarray(line.get_ydata(), np.float64) == pytest.approx(expected, abs=1e-12)
    middle = int(np.abs(np.asarray(line.get_xdata())).argmin())
    origin = network(np.zeros((1, network.widths[0])))[0, 0]
    assert float(np.asarray(line.get_ydata())[middle]) == pytest.approx(origin, abs=0.05)


def test_no_point_of_the_plane_leaves_the_box() -> None:
    made = a_puzzle(inputs=3, box=0.5)
    limits = draw(view_puzzle(made.puzzle), made.sealed, "p").axes[0].get_xlim()
    assert max(map(abs, limits)) < 0.9  # a corner (r, r) of the plane has an input of at most 0.5


def test_without_the_answer_the_table_is_drawn_or_a_note() -> None:
    table = a_puzzle(mode="passive", rows=60)
    trend, spread = draw(view_puzzle(table.puzzle), None, "p").axes
    offsets = np.asarray(trend.collections[0].get_offsets())
    np.testing.assert_allclose(offsets[:, 1], table.puzzle.data["outputs"][:, 0])
    assert sum(patch.get_height() for patch in spread.patches) == 60  # type: ignore[attr-defined]
    note = draw(view_puzzle(a_puzzle().puzzle), None, "p")
    assert any("nothing to draw" in text.get_text() for text in note.texts)
