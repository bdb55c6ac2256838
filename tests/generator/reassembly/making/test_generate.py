from __future__ import annotations

import itertools
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from generator.errors import SpecError, TrainingError
from generator.puzzle.sealing import seal
from generator.reassembly.making.dealing import shuffled_numbers
from generator.reassembly.making.generate import generate, initial_network
from generator.reassembly.network.gradient import BatchGradient
from generator.reassembly.network.tasks import make_task
from generator.reassembly.puzzle import view_puzzle
from generator.reassembly.spec import PRESETS, ReassemblySpec
from generator.training import rate_at, train, usable_device

if TYPE_CHECKING:
    from generator.puzzle.sealing import Made

SMALL: dict[str, Any] = {"depth": 3, "width": 4, "hidden": 5, "rows": 40, "steps": 12, "batch": 16}


def small(**changes: Any) -> ReassemblySpec:
    return ReassemblySpec.model_validate({**SMALL, **changes})


def rows_of(table: dict[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Cover every pair of settings: each value of each field meets each value of every other one."""
    fields, rows = list(table), []
    missing = {((a, x), (b, y)) for a, b in itertools.combinations(fields, 2) for x in table[a] for y in table[b]}
    while missing:
        row = max(
            (dict(zip(fields, values, strict=True)) for values in itertools.product(*table.values())),
            key=lambda row: sum(row[a] == x and row[b] == y for (a, x), (b, y) in missing),
        )
        rows.append(row)
        missing = {pair for pair in missing if not all(row[name] == value for name, value in pair)}
    return rows


SETTINGS: dict[str, tuple[Any, ...]] = {
    "activation": ("relu", "gelu", "silu", "tanh"),
    "init": ("default", "orthogonal", "kaiming", "xavier", "small"),
    "task": ("waves", "teacher", "products", "classes"),
    "optimiser": ("adamw", "adam", "sgd"),
    "schedule": ("constant", "cosine", "linear", "wsd"),
    "rate_first": (1.0, 0.3),
    "gain_last": (1.0, 1.5),
    "data": ("fixed", "fresh"),
    "clip": (None, 0.5),
    "biases": (True, False),
}


@pytest.mark.parametrize("changes", rows_of(SETTINGS), ids=lambda row: "-".join(map(str, row.values())))
def test_every_pair_of_settings_makes_a_sound_puzzle(changes: dict[str, Any]) -> None:
    made = generate(small(outputs=3 if changes["task"] == "classes" else 2, **changes), name="p", seed=1)
    made.puzzle.verify()
    view = view_puzzle(made.puzzle)
    made.puzzle.opens(made.sealed)
    again = view.assembled(made.sealed.answer)(view.inputs)
    torch.testing.assert_close(again, view.predictions, rtol=1e-4, atol=1e-5)
    assert ("0.bias" in made.puzzle.pieces) == changes["biases"]
    assert len(made.puzzle.pieces) == (14 if changes["biases"] else 7)


@pytest.mark.parametrize(
    "changes", [{"rows": 1}, {"depth": 1}, {"width": 1}, {"hidden": 1}, {"steps": 0}, {"batch": 999}]
)
def test_the_smallest_sizes_work(changes: dict[str, Any]) -> None:
    made = generate(small(**changes), name="p", seed=2)
    view = view_puzzle(made.puzzle)
    assert torch.isfinite(view.assembled(made.sealed.answer)(view.inputs)).all()


def test_training_reduces_the_loss() -> None:
    def health(steps: int) -> Any:
        return generate(small(steps=steps, rows=400, depth=4), name="p", seed=3).puzzle.manifest.facts["health"]

    before, after = health(0), health(300)
    assert after["loss"] < 0.7 * before["loss"]
    assert after["constant_loss"] == before["constant_loss"]
    assert after["linear_loss"] == before["linear_loss"]


def test_the_same_seed_gives_the_same_bits(tiny: Made, tiny_spec: ReassemblySpec) -> None:
    again = generate(tiny_spec, name="another name", seed=7)
    assert again.puzzle.digest == tiny.puzzle.digest
    assert again.sealed.answer == tiny.sealed.answer
    assert again.sealed.salt == tiny.sealed.salt


def test_the_same_seed_gives_the_same_bits_in_another_process() -> None:
    program = (
        "from generator.reassembly.making.generate import generate\n"
        "from generator.reassembly.spec import ReassemblySpec\n"
        f"spec = ReassemblySpec.model_validate({SMALL!r})\n"
        "print(generate(spec, name='p', seed=11).puzzle.digest)\n"
    )
    # Another hash seed and another number of threads must not matter.
    environment = {"PYTHONHASHSEED": "12345", "OMP_NUM_THREADS": "2", "PATH": ""}
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert told.stdout.strip() == generate(small(), name="p", seed=11).puzzle.digest


def test_generating_leaves_the_global_generators_alone() -> None:
    before = torch.get_rng_state(), np.random.get_state(legacy=False)["state"]["key"]  # noqa: NPY002 - to see that nobody uses it
    generate(small(init="orthogonal"), name="p", seed=4)
    after = torch.get_rng_state(), np.random.get_state(legacy=False)["state"]["key"]  # noqa: NPY002 - as above
    assert torch.equal(before[0], after[0])
    assert np.array_equal(before[1], after[1])


def test_different_seeds_differ() -> None:
    made = [generate(small(), name="p", seed=seed) for seed in range(6)]
    assert len({one.puzzle.digest for one in made}) == 6
    assert len({json.dumps(one.sealed.answer) for one in made}) == 6
    assert len({one.sealed.salt for one in made}) == 6
    assert len({one.puzzle.manifest.tensors["data"]["inputs"] for one in made}) == 6


def test_more_rows_leave_the_task_and_the_start_as_they_were() -> None:
    a, b = (generate(small(rows=rows, steps=0), name="p", seed=5) for rows in (40, 80))
    assert a.puzzle.manifest.tensors["pieces"] == b.puzzle.manifest.tensors["pieces"]


def test_piece_numbers_and_roles_are_shuffled() -> None:
    made = [generate(small(), name="p", seed=seed) for seed in range(8)]
    heads = {one.sealed.answer[-1] for one in made if isinstance(one.sealed.answer, list)}
    assert len(heads) > 2
    for one in made:
        roles: Any = one.puzzle.manifest.facts["roles"]
        answer: Any = one.sealed.answer
        assert roles["incoming"] == sorted(answer[:-1:2])
        assert roles["outgoing"] == sorted(answer[1::2])
        assert roles["head"] == answer[-1]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"depth": 0}, "depth"),
        ({"width": -1}, "width"),
        ({"activation": "step"}, "activation"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"momentum": 1.0}, "momentum"),
        ({"noise": -0.1}, "noise"),
        ({"clip": 0}, "clip"),
        ({"warmup": 13}, "warmup"),
        ({"task": "classes"}, "2 outputs"),
        ({"device": "cpu; rm"}, "device"),
        ({"dpeth": 3}, "dpeth"),
        ({"steps": 1.5}, "steps"),
    ],
)
def test_a_senseless_spec_is_refused(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        small(**changes)


def test_every_preset_is_a_spec() -> None:
    for changes in PRESETS.values():
        ReassemblySpec.model_validate(changes)


def test_divergence_is_an_error() -> None:
    with pytest.raises(TrainingError, match="lower learning_rate"):
        generate(small(optimiser="sgd", learning_rate=10.0, momentum=0.99, steps=200), name="p", seed=1)


def test_a_missing_device_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert usable_device("cuda:0") == torch.device("cuda:0")
    with pytest.raises(SpecError, match="use device=cpu"):
        usable_device("cuda:1")


def test_the_rate_warms_up_and_falls() -> None:
    spec = small(steps=10, warmup=4, learning_rate=1.0, schedule="linear")
    rates = [rate_at(step, spec) for step in range(10)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4] == 1.0
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert rates[9] == pytest.approx(1 / 6)
    constant = small(steps=10, learning_rate=1.0, schedule="constant")
    assert {rate_at(step, constant) for step in range(10)} == {1.0}
    cosine = small(steps=10, learning_rate=1.0, schedule="cosine")
    assert rate_at(5, cosine) == pytest.approx(0.5)


@pytest.mark.parametrize("optimiser", ["adamw", "adam", "sgd"])
@pytest.mark.parametrize("clip", [None, 1e-3])
def test_training_is_what_torch_does_with_autograd(optimiser: str, clip: float | None) -> None:
    spec = small(optimiser=optimiser, clip=clip, weight_decay=0.1, learning_rate=0.01, warmup=2, steps=8)
    task = make_task(spec, torch.Generator().manual_seed(1))
    x, y = task.sample(30, torch.Generator().manual_seed(2))
    ours, theirs = (initial_network(spec, torch.Generator().manual_seed(3)) for _ in range(2))
    batch = BatchGradient(ours, biases=True, classes=False)
    with torch.no_grad():
        train(batch.parameters, lambda _: batch(x, y), spec, lambda *_: None)

    parameters = [theirs.U, theirs.V, theirs.head, theirs.c, theirs.e, theirs.head_bias]
    for parameter in parameters:
        parameter.requires_grad_()
    makers: dict[str, Any] = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "sgd": torch.optim.SGD}
    more = {"momentum": spec.momentum} if optimiser == "sgd" else {}
    reference = makers[optimiser](parameters, lr=spec.learning_rate, weight_decay=0.1, **more)
    for step in range(spec.steps):
        reference.param_groups[0]["lr"] = rate_at(step, spec)
        reference.zero_grad()
        torch.nn.functional.mse_loss(theirs(x), y).backward()  # type: ignore[no-untyped-call]
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clip)
        reference.step()
    for mine, other in zip(batch.parameters, parameters, strict=True):
        torch.testing.assert_close(mine, other.detach(), rtol=1e-3, atol=1e-5)


def test_a_guessed_seed_alone_does_not_give_the_order(tiny: Made) -> None:
    """Data that only a training run can compute enter the shuffle and the salt."""
    assert isinstance(tiny.sealed.answer, list)
    assert tiny.sealed.seed is not None
    count = len(tiny.sealed.answer)
    assert shuffled_numbers(tiny.sealed.seed, "0", count) != tiny.sealed.answer
    assert shuffled_numbers(tiny.sealed.seed, "1", count) != shuffled_numbers(tiny.sealed.seed, "0", count)
    guess = seal(family="reassembly", name="x", seed=tiny.sealed.seed, answer=tiny.sealed.answer, pieces={}, data={})
    assert guess.sealed.salt != tiny.sealed.salt
