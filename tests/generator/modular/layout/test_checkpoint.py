"""The logits of networks in every published layout are those of a plain forward pass on token ids."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from generator.errors import LayoutError
from generator.modular.engineered.attention.transformer import build_transformer
from generator.modular.engineered.plan import CirclePlan, Plan
from generator.modular.layout.checkpoint import checkpoints_in, read_checkpoint
from generator.modular.layout.config import Config
from generator.modular.network.model import accuracy
from tests.generator.modular.layout.checkpoints import (
    config_of,
    linear_logits,
    linear_state,
    one_layer_state,
    pairs,
    transformer_logits,
    transformer_state,
    transformer_state_of,
)

if TYPE_CHECKING:
    from pathlib import Path

P = 7


def saved(content: Any, path: Path) -> Path:
    torch.save(content, path)
    return path


def same(found: torch.Tensor, plain: torch.Tensor, p: int = P) -> None:
    """Compare logits p x p x p with those of all pairs in the order of `pairs`, of a vocabulary."""
    torch.testing.assert_close(found, plain[:, :p].reshape(p, p, p).double(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("apart", [0, 1])
@pytest.mark.parametrize("third", [0, 1])
def test_a_transformer_reads_its_tokens(tmp_path: Path, layers: int, apart: int, third: int) -> None:
    tokens = P * (1 + apart) + third
    state = transformer_state(tokens, 2 + third, layers=layers)
    config = config_of(
        tmp_path / "c.json",
        C=str(P),  # scripts write numbers as text too
        n_heads=2,
        d_model=8.0,
        n_layers=layers,
        act_fn="ReLU",
        attn_coeff="0.3",
        diff_vocab=bool(apart),
        eqn_sign=str(third),
        func=None,
    )
    network, remarks = read_checkpoint(saved(state, tmp_path / "m.pt"), config)
    ids = pairs(P) + torch.tensor([0, P * apart])
    if third:
        ids = torch.cat([ids, torch.full((len(ids), 1), tokens - 1)], dim=1)
    same(network.logits(), transformer_logits(state, ids, 0.3))
    assert network.shared is not bool(apart)
    assert remarks == ()


def test_gelu_spare_tokens_and_other_masks_are_read_or_left(tmp_path: Path) -> None:
    state = transformer_state(P + 3, 2)
    state["blocks.0.attn.mask"] = torch.zeros(5, 5)
    config = config_of(tmp_path / "c.json", C=P, attn_coeff=1, act_fn="GeLU")
    network, remarks = read_checkpoint(saved({"model": state, "epoch": 3}, tmp_path / "m.pt"), config)
    same(network.logits(), transformer_logits(state, pairs(P), 1.0, gelu=True))
    assert remarks == ("3 tokens of the vocabulary beyond those of 7 residues are not read",)


def test_an_engineered_transformer_adds_after_the_import(tmp_path: Path) -> None:
    plan = Plan(23, tuple(CirclePlan(k, "pizza", 1.0, 16, 0.0) for k in (1, 4, 9)), width=64, embedding=40)
    network = replace(build_transformer(plan, np.random.default_rng(0)), second=torch.zeros(0))
    state = transformer_state_of(network)
    assert network.activation == "relu"
    config = config_of(tmp_path / "c.json", C=23, attn_coeff=network.rate)
    found, _ = read_checkpoint(saved(state, tmp_path / "m.pt"), config)
    assert accuracy(found.logits()) == 1
    same(found.logits(), transformer_logits(state, pairs(23), network.rate), 23)


@pytest.mark.parametrize("model", ["A", "B", "C", "D", "X"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.module."])
def test_a_linear_model_is_the_paper_s(tmp_path: Path, model: str, prefix: str) -> None:
    state = linear_state(model)
    config = config_of(tmp_path / "c.json", model_type=model, n_vocab=P, d_model=6, d_hidden=6, C=P)
    names = {prefix + name: tensor for name, tensor in state.items()}
    network, _ = read_checkpoint(saved(names, tmp_path / "m.pt"), config)
    same(network.logits(), linear_logits(model, state, pairs(P)))
    assert network.shared is (model != "X")
    if model not in {"B", "C"}:  # the tensors tell the model
        same(read_checkpoint(tmp_path / "m.pt", Config())[0].logits(), linear_logits(model, state, pairs(P)))


@pytest.mark.parametrize("width", [None, 4])
@pytest.mark.parametrize("activation", ["relu", "quad"])
def test_a_one_layer_network_needs_no_configuration(tmp_path: Path, width: int | None, activation: str) -> None:
    state = one_layer_state(width=width)
    content = {"model": state, "train_losses": [0.1], "optimizer": {"state": {0: {"step": 3}}, "param_groups": [{}]}}
    network, remarks = read_checkpoint(saved(content, tmp_path / "m.pth"), Config(), activation)
    table = state["embed.W_E"].T if width else torch.eye(P)
    units = (table.double()[pairs(P)].sum(dim=1)) @ state["mlp.W_in"].T.double()
    units = units**2 if activation == "quad" else units.relu()
    same(network.logits(), units @ state["mlp.W_out"].T.double())
    assert remarks == ()


def test_an_assumed_activation_and_an_unused_embedding_are_said(tmp_path: Path) -> None:
    # a pizza of x^2 units and of one circle, on one-hot tokens
    phases = 2 * np.pi * np.arange(9)[:, None] / 9
    turn = torch.tensor(2 * np.pi * 3 * np.arange(P) / P)
    state = {
        "mlp.W_in": torch.cos(turn - torch.tensor(phases)),
        "mlp.W_out": torch.cos(turn[:, None] - 2 * torch.tensor(phases).T),
        "embed.W_E": torch.randn(P, P, generator=torch.Generator().manual_seed(0)).double(),
    }
    path = saved(state, tmp_path / "m.pt")
    network, remarks = read_checkpoint(path, Config(), "Quad")
    assert accuracy(network.logits()) == 1
    assert remarks == ("embed.W_E is not used: the network answers more pairs right on one-hot tokens",)
    one_hot = config_of(tmp_path / "c.json", model={"embed_type": "one_hot", "act_type": "Quad"})
    assert read_checkpoint(path, one_hot)[1] == ("embed_type is one_hot, so embed.W_E is not used",)
    learned = config_of(tmp_path / "c.json", embed_type="learned")
    network, remarks = read_checkpoint(path, learned)
    assert network.activation == "relu"
    assert remarks == ("no activation is named, so relu is assumed; --activation quad reads units x^2",)
    assert accuracy(network.logits()) < 1


def without(state: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key != name}


TRANSFORMER = {"C": P, "attn_coeff": 0.5}
FAULTS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no rate": (transformer_state(P, 2), {"C": P}, "attn_coeff is missing; expected an attention rate from 0 to 1"),
    "rate": (transformer_state(P, 2), {"C": P, "attn_coeff": 2}, "attn_coeff is 2; expected an attention rate"),
    "text": (transformer_state(P, 2), {"C": "p", "attn_coeff": 1}, "C is 'p'; expected a number"),
    "half": (transformer_state(P, 2), {"C": 6.5, "attn_coeff": 1}, "C is 6.5; expected a whole number"),
    "flag": (transformer_state(P, 2), {**TRANSFORMER, "diff_vocab": 3}, "diff_vocab is '3'; expected 0 or 1"),
    "vocabulary": (
        transformer_state(P, 2),
        {**TRANSFORMER, "diff_vocab": 1},
        "embed.W_E has 7 tokens, but 7 residues, diff_vocab need 14; give this checkpoint's configuration",
    ),
    "sign": (transformer_state(P + 1, 2), {**TRANSFORMER, "eqn_sign": 1}, "pos_embed.W_pos has 2 positions, but eqn_"),
    "no sign": (transformer_state(P + 1, 3), TRANSFORMER, "has 3 positions, but eqn_sign 0 means 2 tokens"),
    "layers": (transformer_state(P, 2), {**TRANSFORMER, "n_layers": 2}, "n_layers is 2, but .* has 1 blocks; give the"),
    "heads": (
        transformer_state(P, 2),
        {**TRANSFORMER, "n_heads": 4},
        "n_heads is 4, but blocks.0.attn.W_K has 2",
    ),
    "width": (transformer_state(P, 2), {**TRANSFORMER, "d_model": 9}, "d_model is 9, but embed.W_E has 8 rows"),
    "activation": (
        transformer_state(P, 2),
        {**TRANSFORMER, "act_fn": "Tanh"},
        "no activation 'Tanh'; known: abs, g",
    ),
    "modulus": (transformer_state(P, 2), {"C": 3, "attn_coeff": 1}, "the modulus is 3; moduli from 5 to 199"),
    "missing": (
        without(transformer_state(P, 2), "blocks.0.mlp.b_in"),
        TRANSFORMER,
        "tensor blocks.0.mlp.b_in is m",
    ),
    "norm": (transformer_state(P, 2) | {"ln.w": torch.ones(8)}, TRANSFORMER, "ln.w is no tensor of a transformer with"),
    "shape": (transformer_state(P, 2) | {"unembed.W_U": torch.ones(9, P)}, TRANSFORMER, "expected 8 x any"),
    "nan": (
        transformer_state(P, 2) | {"unembed.W_U": torch.full((8, P), torch.nan)},
        TRANSFORMER,
        "holds NaN or",
    ),
    "whole": (transformer_state(P, 2) | {"unembed.W_U": torch.ones(8, P, dtype=torch.int64)}, TRANSFORMER, "int64"),
    "letter": (linear_state("A"), {"model_type": "E"}, "model_type is 'E'; known: A, B, C, D, X"),
    "letters": (linear_state("B"), {"C": P}, "may be of model_type B or C; give its CONFIG.json, which tells it"),
    "other letter": (linear_state("A"), {"model_type": "B"}, "the tensor l2.weight is missing"),
    "extra layer": (linear_state("B"), {"model_type": "A"}, "l2.weight is no tensor of a linear model of type A"),
    "too few": (linear_state("A"), {"C": 9}, "the embedding has 7 tokens, but 9 residues need 9"),
    "classes": (one_layer_state() | {"mlp.W_out": torch.ones(5, 9)}, {}, "mlp.W_out has 5 rows; expected 7 classes"),
    "turned": (one_layer_state() | {"mlp.W_out": torch.ones(9, 7)}, {}, r"has shape \(9, 7\); expected any x 9"),
    "none": ({"fc1.weight": torch.ones(2, 2)}, {}, "has no layout that is read: a transformer has blocks.0.attn.W_K"),
    "tuple": ((torch.ones(2), torch.ones(2)), {}, "holds a tuple; expected a state dict, alone or as 'model'"),
    "two": ({"model": {}, "net": {}}, {}, "holds several state dicts, under model and net; save one of them alone"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_in_one_line(tmp_path: Path, fault: str) -> None:
    content, settings, told = FAULTS[fault]
    config = config_of(tmp_path / "c.json", **settings)
    with pytest.raises(LayoutError, match=told) as caught:
        read_checkpoint(saved(content, tmp_path / "m.pt"), config)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_transformer_without_a_configuration_asks_for_it(tmp_path: Path) -> None:
    path = saved(transformer_state(P, 2), tmp_path / "m.pt")
    with pytest.raises(LayoutError, match=r"is a transformer; give its CONFIG\.json, which tells attn_coeff and C"):
        read_checkpoint(path, Config())


def test_nothing_in_a_pickle_is_run(tmp_path: Path) -> None:
    path = saved({"model": one_layer_state(), "net": torch.nn.Linear(2, 2)}, tmp_path / "m.pt")
    how = r"save only tensors: torch\.save\(model\.state_dict\(\), path\)$"
    with pytest.raises(LayoutError, match=rf"m\.pt is refused: it asks for torch\.nn\.modules\.linear\.Linear.*{how}"):
        read_checkpoint(path, Config())
    saved({"model": one_layer_state(), "loss": np.float64(0.5)}, path)
    with pytest.raises(LayoutError, match=rf"m\.pt is refused: it asks for numpy.*scalar.*{how}"):
        read_checkpoint(path, Config())
    np.save(tmp_path / "m.npy", np.ones(3))
    with pytest.raises(LayoutError, match=r"is a NumPy file, not a checkpoint; save it with torch\.save\(model\.st"):
        read_checkpoint(tmp_path / "m.npy", Config())


def test_safetensors_are_read(tmp_path: Path) -> None:
    state = linear_state("D")
    save_file(state, tmp_path / "m.safetensors")
    same(read_checkpoint(tmp_path / "m.safetensors", Config())[0].logits(), linear_logits("D", state, pairs(P)))


def test_checkpoints_of_a_run_are_ordered_by_step_and_thinned_out(tmp_path: Path) -> None:
    for name in ("run1_0.pt", "run1_200.pt", "run1_1000.pt", "run1_400.pt", "final.pth", "config_9.json"):
        (tmp_path / name).touch()
    found, remarks = checkpoints_in(tmp_path, 30)
    assert list(found) == [0, 200, 400, 1000]
    assert remarks == ("no step in the name, so not read: final.pth",)
    found, remarks = checkpoints_in(tmp_path, 3)
    assert list(found) == [0, 400, 1000]
    assert remarks[1] == "3 of 4 checkpoints are read; --checkpoints reads more"
    assert list(checkpoints_in(tmp_path, 1)[0]) == [1000]
    (tmp_path / "other-0200.pt").touch()
    with pytest.raises(LayoutError, match=r"other-0200\.pt and run1_200\.pt are both of step 200; remove one"):
        checkpoints_in(tmp_path, 30)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(LayoutError, match=r"has no checkpoint whose name ends in its step, such as 200\.pth"):
        checkpoints_in(empty, 30)
