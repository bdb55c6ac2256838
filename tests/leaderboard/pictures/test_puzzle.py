from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from generator.errors import AnswerError, PluginError
from generator.family import registry
from generator.family.pictures import Pictures
from generator.puzzle.content import Puzzle
from generator.puzzle.sealing import seal
from leaderboard.pictures.drawing import new_figure, save_png
from leaderboard.pictures.puzzle import draw_puzzle, summarise_puzzle

if TYPE_CHECKING:
    from pathlib import Path

    from generator.family.record import Family
    from generator.puzzle.sealing import Made


def made(family: str = "reassembly", seed: int = 3) -> Made:
    rng = np.random.default_rng(seed)
    shapes = [(4, 3), (3, 4), (4, 3), (3, 4), (1, 3)]
    return seal(
        family=family,
        name="net",
        seed=seed,
        answer=[0, 1, 2, 3, 4],
        pieces={f"{n}.weight": rng.normal(size=shape).astype(np.float32) for n, shape in enumerate(shapes)},
        data={
            "inputs": rng.normal(size=(9, 3)).astype(np.float32),
            "predictions": rng.normal(size=(9, 1)).astype(np.float32),
        },
        spec={"activation": "relu", "depth": 2},
        facts={"roles": {"incoming": [0, 2], "outgoing": [1, 3], "head": 4}},
    )


def test_a_puzzle_is_summarised_and_drawn(tmp_path: Path) -> None:
    one = made()
    text = dict(summarise_puzzle(one.puzzle, one.sealed))
    assert text["digest"] == one.puzzle.digest
    assert text["answer"] == "available, opens the commitment"
    assert text["spec"] == "activation=relu, depth=2"
    assert text["network"] == "2 blocks, width 3, hidden 4, relu"
    figure = draw_puzzle(one.puzzle, one.sealed)
    assert figure is not None
    save_png(figure, tmp_path / "made" / "net.png")
    picture = (tmp_path / "made" / "net.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n")
    width, height = (int.from_bytes(picture[start : start + 4]) for start in (16, 20))
    assert (width, height) == (1200, 1056)


def test_without_the_answer_the_commitment_is_named() -> None:
    one = made()
    text = dict(summarise_puzzle(one.puzzle))
    assert text["answer"] == f"sealed, commitment {str(one.puzzle.manifest.commitment)[:12]}"
    assert "pairing" not in text


@pytest.mark.parametrize(
    ("commitment", "solution", "said"),
    [(None, None, "not known"), (None, "abcdef0123456789", "not known, SHA-256 abcdef012345")],
)
def test_a_puzzle_of_unknown_answer_says_so(commitment: None, solution: str | None, said: str) -> None:
    one = made()
    manifest = one.puzzle.manifest.model_copy(update={"commitment": commitment, "solution_sha256": solution})
    assert dict(summarise_puzzle(Puzzle(manifest, one.puzzle.pieces, one.puzzle.data)))["answer"] == said


def test_another_puzzles_answer_is_refused() -> None:
    one, other = made(), made(seed=4)
    with pytest.raises(AnswerError, match="the answer is for puzzle"):
        summarise_puzzle(one.puzzle, other.sealed)
    with pytest.raises(AnswerError, match="the answer is for puzzle"):
        draw_puzzle(one.puzzle, other.sealed)


@pytest.mark.usefixtures("toy")
def test_a_family_without_an_album_has_a_summary_only() -> None:
    one = made("toy")
    text = dict(summarise_puzzle(one.puzzle, one.sealed))
    assert text["puzzle"] == "net, toy"
    assert "network" not in text
    assert draw_puzzle(one.puzzle, one.sealed) is None


def test_a_family_s_pictures_are_named_in_its_record(toy: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    assert draw_puzzle(made("toy").puzzle) is None
    pictures = Pictures(facts=lambda *_: [("colour", "blue")], draw=lambda *_: new_figure(1.0, 1.0))
    monkeypatch.setitem(registry._FAMILIES, "toy", dataclasses.replace(toy, pictures=pictures))
    assert dict(summarise_puzzle(made("toy").puzzle))["colour"] == "blue"
    assert draw_puzzle(made("toy").puzzle) is not None


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    one = made()
    with pytest.raises(PluginError, match=r'pip install "netjigsaw\[plot\]"'):
        draw_puzzle(one.puzzle, one.sealed)
    assert dict(summarise_puzzle(one.puzzle, one.sealed))["network"]  # needs none


def run(code: str) -> int:
    return subprocess.run([sys.executable, "-c", code], check=False).returncode


def test_neither_matplotlib_nor_torch_is_loaded_before_something_is_drawn() -> None:
    modules = "leaderboard.pictures.puzzle, leaderboard.pictures.run, leaderboard.tables.render"
    assert run(f"import sys, {modules}; sys.exit(bool({{'matplotlib', 'torch'}} & sys.modules.keys()))") == 0
