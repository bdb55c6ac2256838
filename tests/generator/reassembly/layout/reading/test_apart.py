"""A whole network beside its table becomes a puzzle if it reproduces the table; otherwise the error describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from generator.errors import LayoutError, SpecError
from generator.family.layout import Imported
from generator.puzzle.sealing import Made
from generator.reassembly.layout.janestreet import read_layout
from generator.reassembly.layout.reading.network import residual_order
from generator.reassembly.layout.table import write_table
from generator.reassembly.network.residual import ResidualNetwork
from generator.reassembly.puzzle import view_puzzle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.generator.reassembly.layout.reading.conftest import Refused

DEPTH, WIDTH, HIDDEN, ROWS = 12, 4, 6, 40


def a_network(activation: str = "relu", hidden: int = HIDDEN) -> ResidualNetwork:
    draw = torch.Generator().manual_seed(5)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=draw) * 0.3

    return ResidualNetwork(
        U=normal(DEPTH, hidden, WIDTH),
        c=normal(DEPTH, hidden),
        V=normal(DEPTH, WIDTH, hidden),
        e=normal(DEPTH, WIDTH),
        head=normal(1, WIDTH),
        head_bias=normal(1),
        activation=activation,
    )


def state_of(network: ResidualNetwork, name: Callable[[int, str], str]) -> dict[str, torch.Tensor]:
    state = {}
    for k in range(DEPTH):
        state[f"{name(k, 'inp')}.weight"], state[f"{name(k, 'inp')}.bias"] = network.U[k].clone(), network.c[k].clone()
        state[f"{name(k, 'out')}.weight"], state[f"{name(k, 'out')}.bias"] = network.V[k].clone(), network.e[k].clone()
    return {**state, "last.weight": network.head, "last.bias": network.head_bias}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the table of the network's predictions."""
    write_predictions(tmp_path / "net", a_network())
    return tmp_path / "net"


def write_predictions(folder: Path, network: ResidualNetwork) -> None:
    folder.mkdir(exist_ok=True)
    inputs = np.random.default_rng(1).standard_normal((ROWS, WIDTH), np.float32)
    write_table(
        {"inputs": inputs, "predictions": network(torch.from_numpy(inputs)).numpy()}, folder / "historical_data.csv"
    )


def imported(folder: Path, **options: Any) -> Made:
    made = read_layout(folder, name="p", **options)
    assert isinstance(made, Made)
    return made


def check(made: Made, network: ResidualNetwork) -> None:
    """The sealed answer is the order of the network, and opens the commitment."""
    made.puzzle.opens(made.sealed)
    found = view_puzzle(made.puzzle).assembled(made.sealed.answer)
    assert torch.equal(found.U, network.U)
    assert torch.equal(found.e, network.e)
    assert made.sealed.answer != list(range(2 * DEPTH + 1))
    assert "its layers were shuffled, and the answer was sealed in answers/" in made.warnings[-1]


NAMES = [
    lambda k, part: f"blocks.{k}.{part}",
    lambda k, part: f"{'up' if part == 'inp' else 'down'}.{k}",
    lambda k, part: f"module.layers.{2 * k + (part == 'out')}",
]


@pytest.mark.parametrize("name", NAMES, ids=["blocks", "lists", "flat"])
@pytest.mark.parametrize("file", ["model.pth", "pytorch_model.bin", "model.safetensors"])
def test_a_whole_network_becomes_a_puzzle(folder: Path, name: Callable[[int, str], str], file: str) -> None:
    network = a_network()
    state = state_of(network, name)
    if file.endswith("safetensors"):
        if name is NAMES[2]:
            state = {key.replace("last", f"module.layers.{2 * DEPTH}"): value for key, value in state.items()}
        save_file(state, folder / file)
    else:
        torch.save({"state_dict": state, "epoch": 3}, folder / file)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    check(imported(folder), network)


def test_every_import_shuffles_anew(folder: Path) -> None:
    torch.save(state_of(a_network(), NAMES[0]), folder / "model.pth")
    assert imported(folder).sealed.answer != imported(folder).sealed.answer


def test_square_blocks_need_no_file_of_roles(folder: Path) -> None:
    network = a_network(hidden=WIDTH)
    write_predictions(folder, network)
    torch.save(state_of(network, NAMES[0]), folder / "model.pth")
    check(imported(folder), network)


def test_a_network_that_does_not_reproduce_the_predictions_is_refused(folder: Path) -> None:
    network = a_network()

    def refusal(state: dict[str, torch.Tensor], **options: Any) -> str:
        torch.save(state, folder / "model.pth")
        with pytest.raises(LayoutError) as caught:
            read_layout(folder, name="p", **options)
        return str(caught.value)

    good = state_of(network, NAMES[0])
    swapped = state_of(network, lambda k, part: f"blocks.{[1, 0, *range(2, DEPTH)][k]}.{part}")
    assert "another network made them, or its structure differs" in refusal(swapped)
    assert "does not give the predictions" in refusal(good, activation="tanh")
    assert "it does with --activation relu" in refusal(good, activation="tanh")
    assert "unknown entry 'scale'" in refusal({**good, "scale": torch.ones(1)})
    wide = {**good, "last.weight": torch.ones(2, WIDTH), "last.bias": torch.ones(2)}
    assert "takes 4 inputs and gives 2 outputs, but" in refusal(wide)
    with pytest.raises(SpecError, match="no activation 'step'"):
        read_layout(folder, name="p", activation="step")


def test_a_network_without_a_table_says_what_to_add(folder: Path, refused: Refused) -> None:
    torch.save(state_of(a_network(), NAMES[0]), folder / "model.pth")
    wanted = (
        "holds a whole network of 25 layers (blocks.0.inp 6x4, blocks.0.out 4x6, ..., last 1x4), not pieces; to make"
    )
    assert wanted in refused(folder / "model.pth")
    (folder / "historical_data.csv").unlink()
    assert wanted in refused(folder)


def test_other_networks_are_named(folder: Path, refused: Refused) -> None:
    save_file(
        {"0.weight": torch.ones(5, 4), "1.weight": torch.ones(5, 5), "2.weight": torch.ones(1, 5)},
        folder / "a.safetensors",
    )
    message = refused(folder / "a.safetensors")
    assert "holds a whole network of 3 layers (0 5x4, 1 5x5, 2 1x5), not pieces; its layers form no residual" in message
    with pytest.raises(LayoutError, match="its layers form no residual network"):
        read_layout(folder, name="p")
    torch.save({"x.weight": torch.ones(5, 4)}, folder / "b.pth")
    assert "it holds a.safetensors, b.pth; name the pieces piece_0.pth" in refused(folder)


def test_pieces_come_before_networks(layout: Path) -> None:
    torch.save(state_of(a_network(), NAMES[0]), layout / "model.pth")
    assert isinstance(read_layout(layout, name="p"), Imported)


@pytest.mark.parametrize(
    ("layers", "order"),
    [
        (
            {"b.1.x": (6, 4), "b.1.y": (4, 6), "b.0.x": (4, 6), "b.0.y": (6, 4), "h": (1, 4)},
            "b.0.y b.0.x b.1.x b.1.y h",
        ),
        ({"x": (6, 4), "y": (4, 6), "h": (1, 4)}, "x y h"),
        ({"x": (6, 4), "y": (4, 6)}, None),
        ({"x": (6, 4), "y": (4, 5), "h": (1, 4)}, None),
        ({"x": (6, 4), "y": (4, 6), "h": (1,)}, None),
    ],
)
def test_the_order_of_layers(layers: dict[str, tuple[int, ...]], order: str | None) -> None:
    found = residual_order(layers)
    assert found == (order and order.split())
