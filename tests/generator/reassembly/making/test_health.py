from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
import torch

from generator.puzzle.answer import Answer
from generator.puzzle.storage import save_puzzle
from generator.reassembly.making import generate as module
from generator.reassembly.making.generate import generate
from generator.reassembly.making.health import check_health
from generator.reassembly.puzzle import view_puzzle
from generator.reassembly.scoring.score import score
from generator.reassembly.spec import ReassemblySpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeAlias

    from generator.puzzle.sealing import Made
    from generator.reassembly.network.residual import ResidualNetwork

    Change: TypeAlias = Callable[[ResidualNetwork], None]

SPEC = ReassemblySpec.model_validate({"depth": 5, "width": 6, "hidden": 8, "rows": 200, "steps": 100, "batch": 50})
SEED = 6_283_185_307_179_586


def make(change: Change, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Make a puzzle of a trained network that is changed after its training."""
    train = module.train_network

    def train_and_change(*args: Any, **kwargs: Any) -> ResidualNetwork:
        network = train(*args, **kwargs)
        change(network)
        return network

    monkeypatch.setattr(module, "train_network", train_and_change)
    return generate(SPEC, name="p", seed=SEED)


def nothing(_: ResidualNetwork) -> None:
    """Leave a network as it is."""


def zero_block(network: ResidualNetwork) -> None:
    network.V[2] = 0
    network.e[2] = 0


def equal_neighbours(network: ResidualNetwork) -> None:
    for tensor in (network.U, network.c, network.V, network.e):
        tensor[2] = tensor[1]


def equal_blocks_apart(network: ResidualNetwork) -> None:
    for tensor in (network.U, network.c, network.V, network.e):
        tensor[3] = tensor[1]


def disjoint_blocks(network: ResidualNetwork) -> None:
    """Let block 3 read and write the first half of the state only, block 4 the second half."""
    for block, foreign in ((3, slice(3, 6)), (4, slice(0, 3))):
        network.U[block][:, foreign] = 0
        network.V[block][foreign] = 0
        network.e[block][foreign] = 0


def dead_blocks(network: ResidualNetwork) -> None:
    """Let no unit of blocks 1 and 3 ever fire, so that no data show which incoming half belongs to which block."""
    network.c[1] = -1e4
    network.c[3] = -1e4


def accepted(made: Made, order: tuple[int, ...]) -> bool:
    """Score the answer that puts the true blocks, by depth, in another order."""
    truth: Any = made.sealed.answer
    pieces = [piece for block in order for piece in truth[2 * block : 2 * block + 2]]
    return score(view_puzzle(made.puzzle), Answer([*pieces, truth[-1]]), made.sealed).solved


def test_an_ordinary_network_is_identifiable(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(nothing, monkeypatch)
    health: Any = made.puzzle.manifest.facts["health"]
    assert health["identifiable"] is True
    assert made.sealed.notes["interchangeable"] == []
    assert not any("cannot tell" in warning for warning in made.warnings)
    right = [order for order in itertools.permutations(range(5)) if accepted(made, order)]
    assert right == [(0, 1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("change", "pairs"),
    [
        (zero_block, [(0, 2), (1, 2), (2, 3), (2, 4)]),
        (equal_neighbours, [(1, 2)]),
        (disjoint_blocks, [(3, 4)]),
    ],
)
def test_interchangeable_blocks_are_named(
    change: Change, pairs: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(change, monkeypatch)
    truth: Any = made.sealed.answer
    health: Any = made.puzzle.manifest.facts["health"]
    assert health["identifiable"] is False
    assert made.sealed.notes["interchangeable"] == [[truth[2 * a], truth[2 * b]] for a, b in pairs]
    (warning,) = (warning for warning in made.warnings if "do not determine" in warning)
    for a, b in pairs:
        assert f"{a + 1} and {b + 1} (pieces {truth[2 * a]}, {truth[2 * b]})" in warning

    def equivalent(order: tuple[int, ...]) -> bool:
        late = ((b, a) for a, b in itertools.combinations(order, 2) if a > b)
        return all(pair in pairs for pair in late)

    for order in itertools.permutations(range(5)):
        assert accepted(made, order) == equivalent(order), order


@pytest.mark.parametrize("change", [equal_blocks_apart, dead_blocks])
def test_an_answer_equivalent_to_the_truth_is_exact(change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(change, monkeypatch)
    view = view_puzzle(made.puzzle)
    pieces: Any = list(made.sealed.answer)  # type: ignore[arg-type]  # a list of numbers
    pieces[2], pieces[6] = pieces[6], pieces[2]
    result = score(view, Answer(pieces), made.sealed)
    assert result.solved
    assert {result.metrics[name] for name in ("pairing_accuracy", "exact_order", "kendall_tau")} == {1.0}
    pieces[0], pieces[4] = pieces[4], pieces[0]
    assert not score(view, Answer(pieces), made.sealed).solved


def test_measures_of_a_known_network() -> None:
    rng = torch.Generator().manual_seed(1)
    x = torch.randn(500, SPEC.width, generator=rng)
    network = module.initial_network(SPEC, rng)
    network.V.zero_()
    network.e.zero_()
    network.head_bias.zero_()
    y = x @ network.head.T + 2
    health = check_health(network, x, y, classes=False)
    assert health.loss == pytest.approx(4, rel=1e-5)
    assert health.linear_loss == pytest.approx(0, abs=1e-8)
    assert health.constant_loss == pytest.approx(float(y.double().var(correction=0)), rel=1e-6)
    assert health.movement == (0.0,) * 5
    assert health.exchange == (0.0,) * 4
    assert health.round_off < 1e-12
    assert len(health.interchangeable) == 10


def test_a_network_worse_than_a_linear_model_is_warned_about() -> None:
    made = generate(ReassemblySpec.model_validate({**SPEC.model_dump(), "steps": 0}), name="p", seed=1)
    assert any("train longer" in warning for warning in made.warnings)


@pytest.mark.parametrize("change", [nothing, zero_block])
def test_public_files_reveal_neither_seed_nor_order(
    change: Change, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = make(change, monkeypatch)
    save_puzzle(made.puzzle, tmp_path / "p")
    answer: Any = made.sealed.answer
    secrets = [str(SEED).encode(), SEED.to_bytes(8, "little"), SEED.to_bytes(8, "big"), made.sealed.salt.encode()]
    secrets += [bytes.fromhex(made.sealed.salt), ",".join(map(str, answer)).encode()]
    # Even a few blocks in a row, however the list is laid out.
    secrets += [separator.join(map(str, answer[:6])).encode() for separator in (", ", " ", ",\n      ")]
    for file in (tmp_path / "p").iterdir():
        content = file.read_bytes()
        for secret in secrets:
            assert secret not in content, file.name

    lists: list[Any] = []

    def walk(value: Any) -> None:
        if isinstance(value, list):
            lists.append(value)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)

    walk(json.loads((tmp_path / "p/manifest.json").read_text(encoding="utf-8")))
    assert sorted(lists) == sorted([sorted(answer[:-1:2]), sorted(answer[1::2])])


def test_tensors_lie_in_the_order_of_their_names(tiny: Made, stored: Path) -> None:
    assert list(tiny.puzzle.pieces) == sorted(tiny.puzzle.pieces)
    content = (stored / "p/pieces.safetensors").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    header.pop("__metadata__", None)
    by_place = sorted(header, key=lambda name: header[name]["data_offsets"])
    assert by_place == sorted(header)
    assert list(header) == sorted(header)
