"""The sealed answer and its secret tensors: covered by the commitment, stored separately, refused if they differ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from generator.errors import AnswerError, PuzzleError, StorageError
from generator.puzzle.content import SealedAnswer, commitment
from generator.puzzle.sealing import seal
from generator.puzzle.storage import find_answer, load_answer, remove_answer, save_answer

if TYPE_CHECKING:
    from pathlib import Path

    from generator.puzzle.sealing import Made

WEIGHTS = {"0.weight": np.arange(6.0).reshape(2, 3), "0.bias": np.zeros(2, np.float32)}


def made(arrays: dict[str, np.ndarray] | None = None, answer: int = 1) -> Made:
    return seal(family="f", name="n", seed=3, answer=answer, pieces={}, data={}, arrays=arrays)


def test_secret_tensors_come_back_bit_for_bit(tmp_path: Path) -> None:
    one = made(WEIGHTS)
    path = save_answer(one.sealed, tmp_path)
    sealed = load_answer(one.puzzle.digest, tmp_path)
    assert sealed.arrays.keys() == WEIGHTS.keys()
    for name, array in WEIGHTS.items():
        assert sealed.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(sealed.arrays[name], array)
    one.puzzle.opens(sealed)
    assert path.with_suffix(".safetensors").stat().st_mode & 0o077 == 0  # for its owner only


def test_the_commitment_covers_them() -> None:
    one, other = made(WEIGHTS), made({**WEIGHTS, "0.bias": np.ones(2, np.float32)})
    assert one.puzzle.manifest.commitment != other.puzzle.manifest.commitment
    forged = other.sealed.model_copy(update={"digest": one.puzzle.digest})
    with pytest.raises(AnswerError, match="does not open its commitment"):
        one.puzzle.opens(forged)


def test_without_them_the_commitment_is_that_of_the_answer_alone() -> None:
    one = made()
    assert one.puzzle.manifest.commitment == commitment(1, one.sealed.salt)
    assert one.sealed.arrays == {}


def test_the_manifest_and_the_answer_s_text_do_not_hold_them(tmp_path: Path) -> None:
    one = made({"secret": np.array([1.25, 2.5])})
    text = save_answer(one.sealed, tmp_path).read_text("utf-8")
    assert "2.5" not in text
    assert json.loads(text)["tensors"].keys() == {"secret"}
    assert "secret" not in one.puzzle.manifest.model_dump_json()


def test_changed_tensors_are_refused(tmp_path: Path) -> None:
    one = made(WEIGHTS)
    other = made({**WEIGHTS, "0.bias": np.ones(2, np.float32)}).sealed.model_copy(update={"digest": "other"})
    save_answer(one.sealed, tmp_path)
    theirs = save_answer(other, tmp_path).with_suffix(".safetensors")
    theirs.replace(tmp_path / f"{one.puzzle.digest}.safetensors")
    with pytest.raises(PuzzleError, match="puzzle 'n': the secret tensors differ"):
        find_answer(one.puzzle, tmp_path)


def test_missing_tensors_are_reported(tmp_path: Path) -> None:
    one = made(WEIGHTS)
    save_answer(one.sealed, tmp_path).with_suffix(".safetensors").unlink()
    with pytest.raises(StorageError, match=r"safetensors is missing"):
        load_answer(one.puzzle.digest, tmp_path)


def test_an_answer_is_removed_with_its_tensors(tmp_path: Path) -> None:
    one = made(WEIGHTS)
    save_answer(one.sealed, tmp_path)
    remove_answer(one.puzzle.digest, tmp_path)
    assert list(tmp_path.iterdir()) == []
    remove_answer(one.puzzle.digest, tmp_path)


def test_arrays_in_the_answer_s_text_are_an_unknown_field(tmp_path: Path) -> None:
    one = made()
    path = save_answer(one.sealed, tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "_arrays": {}}), "utf-8")
    with pytest.raises(PuzzleError, match="unknown field"):
        load_answer(one.puzzle.digest, tmp_path)
    assert SealedAnswer.model_validate(one.sealed.model_dump()).arrays == {}


def test_tensors_are_stored_row_by_row() -> None:
    turned = np.arange(6.0).reshape(2, 3).T
    one = seal(family="f", name="n", seed=1, answer=None, pieces={"turned": turned}, data={"one": np.array(3.0)})
    kept = one.puzzle.pieces["turned"]
    assert kept.flags["C_CONTIGUOUS"]
    assert np.array_equal(kept, turned)
    assert one.puzzle.data["one"].shape == ()
    one.puzzle.verify()
