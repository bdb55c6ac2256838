"""An imported network is hidden exactly; options and unseen units act as in made puzzles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import save_file

from generator.errors import LayoutError, SpecError
from generator.recovery.layout.mlp import import_network
from generator.recovery.network.mlp import MLP
from generator.recovery.oracle import open_oracle, terms
from generator.recovery.puzzle import view_puzzle
from generator.recovery.sealed import truth_of
from tests.solvers.recovery.hidden import teacher

if TYPE_CHECKING:
    from pathlib import Path


def file_of(network: MLP, path: Path) -> Path:
    """Write a network to a safetensors file."""
    arrays = {}
    for number, (weight, bias) in enumerate(network.layers()):
        # safetensors would write the memory of a slice as it lies, not the slice
        arrays[f"{number}.weight"], arrays[f"{number}.bias"] = np.ascontiguousarray(weight), np.ascontiguousarray(bias)
    save_file(arrays, path)
    return path


def test_the_oracle_answers_as_the_network(tmp_path: Path) -> None:
    network = teacher(6, 5, 4, 2, activation="relu")
    made = import_network(file_of(network, tmp_path / "net.safetensors"), name="mine")
    assert made.puzzle.manifest.name == "mine"
    assert made.warnings == ()
    made.puzzle.verify()
    made.puzzle.opens(made.sealed)
    view, known = view_puzzle(made.puzzle), terms(made.puzzle)
    assert known is not None
    assert (known.low, known.high, known.budget) == (-1000, 1000, None)
    assert (view.activation, view.hidden_layers, view.tolerance) == ("relu", 2, 1e-6)
    inputs = np.random.default_rng(0).uniform(-1000, 1000, (100, 6))
    np.testing.assert_array_equal(open_oracle(view, made.sealed)(inputs), network.exact(inputs))
    assert made.sealed.answer == {"widths": [6, 5, 4, 2], "activation": "relu"}


def test_the_public_puzzle_shows_neither_widths_nor_weights(tmp_path: Path) -> None:
    network = teacher(4, 7, 1, activation="relu")
    made = import_network(file_of(network, tmp_path / "net.safetensors"), name="p")
    text = made.puzzle.manifest.model_dump_json()
    assert "7" not in str(made.puzzle.manifest.spec)
    assert not any(str(weight)[:8] in text for weight in network.weights[0].ravel())


def test_rows_make_a_passive_puzzle_and_equal_imports_are_equal(tmp_path: Path) -> None:
    path = file_of(teacher(3, 4, 1), tmp_path / "net.safetensors")
    made = [
        import_network(path, name="p", activation="tanh", rows="50", input_scale="2", precision="3 decimals")
        for _ in range(2)
    ]
    view = view_puzzle(made[0].puzzle)
    assert terms(made[0].puzzle) is None
    assert view.table is not None
    assert view.table.inputs.std() == pytest.approx(2, rel=0.2)
    np.testing.assert_array_equal(view.table.outputs, np.round(view.table.outputs, 3))
    assert view.tolerance > 1e-6
    assert made[0].puzzle.digest != made[1].puzzle.digest  # the salts differ
    np.testing.assert_array_equal(made[0].puzzle.data["inputs"], made[1].puzzle.data["inputs"])


def test_units_that_nobody_sees_are_removed_with_a_warning(tmp_path: Path) -> None:
    first = np.array([[1.0, 1.0], [1.0, -1.0], [2.0, 1.0], [2.0, -2.0]])
    network = MLP.of([(first, [-30.0, 0.1, 40.0, 0.2]), (np.array([[1.0, 2.0, 3.0, 4.0]]), [0.0])], "relu")
    made = import_network(file_of(network, tmp_path / "net.safetensors"), name="p", box="10")
    truth = truth_of(made.sealed)
    assert truth.network.widths == (2, 2, 1)
    assert truth.linear == ((1,),)
    assert made.sealed.notes["units"] == {"invisible": [1], "merged": [1], "linear": [[1]], "unknown": [[]]}
    (warning,) = made.warnings
    for part in ("hidden layer 1", "1 removed", "1 merged", "1 linear"):
        assert part in warning
    inputs = np.random.default_rng(0).uniform(-10, 10, (100, 2))
    np.testing.assert_allclose(truth.network(inputs), network(inputs), atol=1e-12)


def test_the_text_none_means_no_limit(tmp_path: Path) -> None:
    path = file_of(teacher(3, 4, 1, activation="relu"), tmp_path / "net.safetensors")
    known = terms(import_network(path, name="p", box="none", budget="20").puzzle)
    assert known is not None
    assert (known.high, known.budget) == (None, 20)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"activation": "rellu"}, "no activation 'rellu'; did you mean relu"),
        ({"box": "-1"}, "--box: .*greater than 0"),
        ({"budget": "many"}, "--budget: .*integer"),
        ({"input_scale": "0"}, "--input-scale: "),
        ({"precision": "3 digits"}, "--precision: "),
        ({"rows": "none"}, "--rows: "),
    ],
)
def test_wrong_options_are_named(tmp_path: Path, options: dict[str, str], fault: str) -> None:
    path = file_of(teacher(3, 4, 1), tmp_path / "net.safetensors")
    with pytest.raises(SpecError, match=fault):
        import_network(path, name="p", **options)


def test_a_network_beyond_the_limits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    save_file({"0.weight": np.ones((2, 10_001)), "1.weight": np.ones((1, 2))}, path)
    with pytest.raises(LayoutError, match="too large: inputs"):
        import_network(path, name="p")
