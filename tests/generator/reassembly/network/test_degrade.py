"""Degraded puzzles: the same network with less information."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from generator.errors import PuzzleError, TrainingError
from generator.puzzle.content import make_puzzle
from generator.puzzle.storage import load_puzzle, save_puzzle
from generator.reassembly.layout.janestreet import export_layout, import_layout
from generator.reassembly.making import generate as module
from generator.reassembly.making.dealing import noise_rng
from generator.reassembly.making.generate import generate, initial_network
from generator.reassembly.network.degrade import PARTS, degraded_predictions, perturbed, rounded, rounding_steps
from generator.reassembly.puzzle import view_puzzle
from generator.reassembly.record import FAMILY
from generator.reassembly.spec import Degradation, ReassemblySpec

if TYPE_CHECKING:
    from pathlib import Path

    from generator.puzzle.sealing import Made
    from generator.reassembly.network.residual import ResidualNetwork

SMALL: dict[str, Any] = {"depth": 4, "width": 6, "hidden": 8, "rows": 300, "steps": 60, "batch": 32}
WAYS: list[dict[str, Any]] = [
    {"piece_format": "float16"},
    {"piece_format": "int8"},
    {"prediction_decimals": 3},
    {"prediction_noise": 0.01},
    {"rows_exported": 50},
    {"piece_format": "int8", "prediction_decimals": 2, "prediction_noise": 0.1, "rows_exported": 200},
]
BOTH = pytest.mark.parametrize("piece_format", ["float16", "int8"])


def small(**changes: Any) -> ReassemblySpec:
    return ReassemblySpec.model_validate({**SMALL, **changes})


@pytest.fixture(scope="module")
def whole() -> Made:
    return generate(small(), name="p", seed=3)


def a_network(seed: int = 0, scale: float = 1.0) -> ResidualNetwork:
    network = initial_network(small(outputs=2), torch.Generator().manual_seed(seed))
    network.U.mul_(scale)
    return network


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_only_what_is_degraded_changes(way: dict[str, Any], whole: Made) -> None:
    made = generate(small(**way), name="p", seed=3)
    made.puzzle.verify()
    assert made.sealed.answer == whole.sealed.answer
    assert made.sealed.salt == whole.sealed.salt  # it is made of the trained weights, so those are the same bits
    assert made.puzzle.manifest.spec == {**whole.puzzle.manifest.spec, **way}
    health: list[Any] = [one.puzzle.manifest.facts["health"] for one in (made, whole)]
    assert health[0]["loss"] == health[1]["loss"]

    rows, degradation = way.get("rows_exported", SMALL["rows"]), small(**way).degradation
    for kind in ("inputs", "labels"):
        np.testing.assert_array_equal(made.puzzle.data[kind], whole.puzzle.data[kind][:rows])
    given_out, original = made.puzzle.data["predictions"], whole.puzzle.data["predictions"][:rows]
    if degradation.prediction_decimals is None and not degradation.prediction_noise:
        np.testing.assert_array_equal(given_out, original)
    else:
        assert given_out.shape == original.shape
        assert not np.array_equal(given_out, original)
    same_pieces = made.puzzle.manifest.tensors["pieces"] == whole.puzzle.manifest.tensors["pieces"]
    assert same_pieces == (degradation.piece_format == "float32")
    expected = rounded(view_puzzle(whole.puzzle).network, degradation.piece_format)
    for part in PARTS:
        assert torch.equal(getattr(view_puzzle(made.puzzle).network, part), getattr(expected, part))


def test_a_recipe_without_degradation_is_written_as_before_there_was_any(whole: Made) -> None:
    fields = {*Degradation.model_fields, "rows_exported"}
    assert fields.isdisjoint(whole.puzzle.manifest.spec)
    assert ReassemblySpec.model_validate(whole.puzzle.manifest.spec) == small()
    for way in WAYS:
        spec = small(**way)
        assert spec.model_dump(mode="json") == {**small().model_dump(mode="json"), **way}
        assert ReassemblySpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"piece_format": "float8"}, "piece_format"),
        ({"prediction_decimals": -1}, "prediction_decimals"),
        ({"prediction_noise": -0.1}, "prediction_noise"),
        ({"prediction_noise": float("nan")}, "prediction_noise"),
        ({"rows_exported": 0}, "rows_exported"),
        ({"rows_exported": 301}, "is larger than rows"),
    ],
)
def test_a_senseless_degradation_is_refused(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        small(**changes)


def test_solvers_and_tables_get_the_degradation(whole: Made, tmp_path: Path) -> None:
    made = generate(small(**WAYS[-1]), name="p", seed=3)
    save_puzzle(made.puzzle, tmp_path / "p")
    view = view_puzzle(load_puzzle(tmp_path / "p"))
    assert view.degradation == Degradation(piece_format="int8", prediction_decimals=2, prediction_noise=0.1)
    assert view_puzzle(whole.puzzle).degradation.none
    groups = FAMILY.groups(made.puzzle)
    assert (groups["degradation"], groups["rows"]) == ("int8, 2 decimals, 10 % noise", 200)
    assert FAMILY.groups(whole.puzzle)["degradation"] == "none"


def test_a_manifest_with_a_senseless_degradation_is_refused(whole: Made) -> None:
    manifest = whole.puzzle.manifest
    broken = make_puzzle(
        family="reassembly",
        name="p",
        spec={**manifest.spec, "piece_format": "float8"},
        facts=manifest.facts,
        generator="x",
        pieces=whole.puzzle.pieces,
        data=whole.puzzle.data,
    )
    with pytest.raises(PuzzleError, match="the manifest's spec: piece_format"):
        view_puzzle(broken)


def test_the_published_layout_holds_a_degraded_puzzle(tmp_path: Path) -> None:
    made = generate(small(**WAYS[-1]), name="p", seed=3)
    export_layout(made.puzzle, tmp_path / "layout")
    back = import_layout(tmp_path / "layout", name="back")
    for ours, theirs in ((made.puzzle.pieces, back.pieces), (made.puzzle.data, back.data)):
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_what_a_solver_would_find_is_recorded() -> None:
    made = generate(small(**WAYS[-1]), name="p", seed=3)
    health: Any = made.puzzle.manifest.facts["health"]
    sealed: Any = made.sealed.notes["degraded"]
    assert health["truth_is_best"] == (sealed["margin"] >= 0)
    assert sealed["mse"] == pytest.approx(sealed["expected_mse"], rel=0.5)
    assert str(sealed["mse"]) not in str(made.puzzle.manifest.facts)  # the floor is not given away


def test_the_maker_is_warned_where_the_noise_hides_the_truth() -> None:
    puzzles = [generate(small(prediction_noise=5.0, rows_exported=20), name="p", seed=seed) for seed in range(4)]
    worse = [made for made in puzzles if not made.puzzle.manifest.facts["health"]["truth_is_best"]]  # type: ignore[index, call-overload]  # a dict
    assert worse
    for made in puzzles:
        assert any("fits the degraded data better" in warning for warning in made.warnings) == (made in worse)


def test_weights_too_large_for_float16_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def huge(*_: Any, **__: Any) -> ResidualNetwork:
        network = initial_network(small(), torch.Generator().manual_seed(1))
        network.head.mul_(1e6)
        return network

    monkeypatch.setattr(module, "train_network", huge)
    with pytest.raises(TrainingError, match="do not fit into float16"):
        generate(small(piece_format="float16"), name="p", seed=1)


@BOTH
@given(seed=st.integers(0, 10_000), exponent=st.integers(-12, 3))
@settings(max_examples=25, deadline=None)
def test_rounding_moves_no_weight_by_more_than_half_a_step(piece_format: str, seed: int, exponent: int) -> None:
    network = a_network(seed, 10.0**exponent)
    given_out = rounded(network, piece_format)
    steps, seen = rounding_steps(network, piece_format), rounding_steps(given_out, piece_format)
    for part in PARTS:
        before, after = getattr(network, part), getattr(given_out, part)
        assert ((before - after).abs() <= steps[part] * 0.50001).all()
        if piece_format == "int8":  # whoever has the rounded tensor has its scale
            torch.testing.assert_close(seen[part], steps[part], rtol=1e-6, atol=0)
            whole_numbers = after / seen[part]
            torch.testing.assert_close(whole_numbers, whole_numbers.round(), rtol=0, atol=1e-4)
        else:
            assert torch.equal(after, after.half().float())
            assert torch.equal(rounded(given_out, piece_format).U, given_out.U)


def test_int8_has_one_scale_per_tensor() -> None:
    network = a_network()
    network.V[1] *= 100
    network.V[2] = 0
    network.c[:] = 0
    given_out = rounded(network, "int8")
    torch.testing.assert_close(given_out.V.abs().amax(dim=(1, 2)), network.V.abs().amax(dim=(1, 2)))
    assert len(np.unique(given_out.V[0].numpy())) > 20  # the large piece has not crushed its neighbour
    assert not given_out.V[2].any()
    assert not given_out.c.any()


@BOTH
def test_perturbed_weights_would_be_rounded_to_the_same_pieces(piece_format: str) -> None:
    given_out = rounded(a_network(), piece_format)
    rng = np.random.default_rng(0)
    steps = rounding_steps(given_out, piece_format)
    for part in ("U", "V", "head"):
        drawn = torch.stack([getattr(perturbed(given_out, piece_format, rng), part) for _ in range(200)])
        shift = (drawn - getattr(given_out, part)) / steps[part]
        assert float(shift.abs().max()) <= 0.5001
        assert float(shift.var()) == pytest.approx(1 / 12, rel=0.05)
    if piece_format == "float16":
        again = rounded(perturbed(given_out, piece_format, rng), piece_format)
        assert float((again.U == given_out.U).double().mean()) > 0.99  # below a power of two the step is smaller


def test_noise_and_decimals_are_what_they_say() -> None:
    y = torch.randn(20_000, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 50.0])
    noisy = degraded_predictions(y, Degradation(prediction_noise=0.01), np.random.default_rng(1))
    share = (noisy - y).double().std(dim=0) / y.double().std(dim=0)
    torch.testing.assert_close(share, torch.full((2,), 0.01, dtype=torch.float64), rtol=0.03, atol=0)
    short = degraded_predictions(y, Degradation(prediction_decimals=1), np.random.default_rng(1))
    assert float((short - y).double().square().mean()) == pytest.approx(0.01 / 12, rel=0.03)
    assert np.array_equal(short.numpy(), np.round(y.double().numpy(), 1).astype(np.float32))
    assert torch.equal(degraded_predictions(y, Degradation(), np.random.default_rng(1)), y)


def test_guessing_the_seed_does_not_take_the_noise_off() -> None:
    draws = {float(noise_rng(seed, secret).standard_normal()) for seed in (1, 2) for secret in ("0", "1")}
    assert len(draws) == 4
