from __future__ import annotations

import contextlib
import json
import resource
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from generator.errors import AnswerError, NetjigsawError, PuzzleError, StorageError
from generator.puzzle.canonical import canonical_json, sha256_tensor
from generator.puzzle.content import Puzzle, make_puzzle
from generator.puzzle.sealing import seal
from generator.puzzle.storage import (
    answers_beside,
    find_answer,
    load_answer,
    load_puzzle,
    save_answer,
    save_puzzle,
    writing_file,
    writing_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generator.puzzle.sealing import Made

KINDS = st.sampled_from([np.float32, np.float64, np.float16, np.int64, np.uint8, np.bool_])
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    kind = draw(KINDS)
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    finite = {"allow_nan": False, "allow_infinity": False} if np.issubdtype(kind, np.floating) else {}
    array: np.ndarray = draw(hnp.arrays(kind, shape, elements=hnp.from_dtype(np.dtype(kind), **finite)))  # type: ignore[arg-type]
    return draw(st.sampled_from([array, array.T, np.asfortranarray(array), array[::-1] if array.ndim else array]))


TENSORS = st.dictionaries(TEXT.filter(lambda name: name != "__metadata__"), arrays(), max_size=4)


def equal(a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(
        a[name].dtype == b[name].dtype and a[name].shape == b[name].shape and a[name].tobytes() == b[name].tobytes()
        for name in a
    )


@given(name=TEXT, pieces=TENSORS, data=TENSORS, facts=st.dictionaries(TEXT, JSON, max_size=3), answer=JSON)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_saved_is_loaded(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    pieces: dict[str, np.ndarray],
    data: dict[str, np.ndarray],
    facts: dict[str, Any],
    answer: Any,
) -> None:
    home = tmp_path_factory.mktemp("saved")
    made = seal(family="f", name=name, seed=3, answer=answer, pieces=pieces, data=data, facts=facts)
    save_puzzle(made.puzzle, home / "p")
    save_answer(made.sealed, home / "answers")
    puzzle = load_puzzle(home / "p")
    assert puzzle.manifest == made.puzzle.manifest
    assert equal(puzzle.pieces, pieces)
    assert equal(puzzle.data, data)
    assert find_answer(puzzle, home / "answers") == made.sealed
    assert canonical_json(made.sealed.answer) == canonical_json(answer)


@given(array=arrays())
def test_a_tensor_s_digest_depends_on_content_alone(array: np.ndarray) -> None:
    big_endian = array.astype(array.dtype.newbyteorder(">"))
    assert sha256_tensor(array) == sha256_tensor(np.ascontiguousarray(array).reshape(array.shape))
    assert sha256_tensor(array) == sha256_tensor(big_endian)
    if array.ndim:
        assert sha256_tensor(array) != sha256_tensor(array[None])


def test_the_name_is_not_part_of_the_digest(tiny: Made) -> None:
    manifest = tiny.puzzle.manifest
    renamed = Puzzle(manifest.model_copy(update={"name": "other"}), tiny.puzzle.pieces, tiny.puzzle.data)
    renamed.verify()
    changes: list[dict[str, Any]] = [
        {"family": "x"},
        {"spec": {}},
        {"facts": {}},
        {"generator": "x"},
        {"commitment": None},
    ]
    for change in changes:
        with pytest.raises(PuzzleError, match="manifest was changed"):
            Puzzle(manifest.model_copy(update=change), tiny.puzzle.pieces, tiny.puzzle.data).verify()


def test_files_have_the_usual_modes(stored: Path, tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    usual = (tmp_path / "usual").stat().st_mode
    for file in (stored / "p").iterdir():
        assert file.stat().st_mode == usual, file.name
    (answer,) = (stored / "answers").iterdir()
    assert answer.stat().st_mode & 0o077 == 0


def test_answers_lie_beside_the_puzzle() -> None:
    assert answers_beside(Path("/a/b/p")) == Path("/a/b/answers")


def test_an_existing_folder_is_refused(tiny: Made, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    with pytest.raises(StorageError, match="exists already"):
        save_puzzle(tiny.puzzle, tmp_path / "p")
    assert list((tmp_path / "p").iterdir()) == []


def test_replacing_takes_the_old_content_away(tiny: Made, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p/old").touch()
    save_puzzle(tiny.puzzle, tmp_path / "p", replace=True)
    assert load_puzzle(tmp_path / "p").digest == tiny.puzzle.digest
    assert not (tmp_path / "p/old").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """Refuse to write files beyond 2 kB, as a full disk would; not longer, since a report may go to a file too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_nothing_behind(tiny: Made, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot write .*; nothing was kept"), full_disk():
        save_puzzle(tiny.puzzle, tmp_path / "p")
    long = tiny.sealed.model_copy(update={"notes": {"long": "x" * 10_000}})
    with pytest.raises(StorageError, match=r"cannot write .*; nothing was kept"), full_disk():
        save_answer(long, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_what_is_replaced(tiny: Made, stored: Path) -> None:
    with pytest.raises(StorageError), full_disk():
        save_puzzle(tiny.puzzle, stored / "p", replace=True)
    long = tiny.sealed.model_copy(update={"notes": {"long": "x" * 10_000}})
    with pytest.raises(StorageError), full_disk():
        save_answer(long, stored / "answers")
    assert find_answer(load_puzzle(stored / "p"), stored / "answers") == tiny.sealed


@pytest.mark.parametrize("place", ["file/p", "file/deep/p"])
def test_a_folder_that_cannot_be_written_is_one_line(tiny: Made, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write") as caught:
        save_puzzle(tiny.puzzle, tmp_path / place)
    assert "\n" not in str(caught.value)
    with pytest.raises(StorageError, match="cannot write"):
        save_answer(tiny.sealed, tmp_path / place)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_an_interrupted_write_leaves_nothing_behind(tmp_path: Path, error: type[BaseException]) -> None:
    def folder() -> None:
        with writing_folder(tmp_path / "p") as scratch:
            (scratch / "half").write_text("half", encoding="utf-8")
            raise error

    def file() -> None:
        with writing_file(tmp_path / "f") as scratch:
            scratch.write_text("half", encoding="utf-8")
            raise error

    for write in (folder, file):
        with pytest.raises(error):
            write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", ["pieces", "data"])
def test_damaged_tensors_are_an_error(stored: Path, part: str) -> None:
    path = stored / f"p/{part}.safetensors"
    good = path.read_bytes()
    rng = np.random.default_rng(1)
    size = int.from_bytes(good[:8], "little") + 8
    flips = [*range(16), *rng.integers(16, size, 120).tolist(), *rng.integers(size, len(good), 40).tolist()]
    for place in flips:
        damaged = bytearray(good)
        damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        with pytest.raises((PuzzleError, StorageError)) as caught:
            load_puzzle(stored / "p")
        assert "\n" not in str(caught.value)
    for length in (0, 4, 8, 100, size, size + 1, len(good) - 1):
        path.write_bytes(good[:length])
        with pytest.raises(PuzzleError, match="damaged or truncated"):
            load_puzzle(stored / "p")
    path.unlink()
    with pytest.raises(StorageError, match="is missing"):
        load_puzzle(stored / "p")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_numbers_are_refused(tmp_path: Path, value: float) -> None:
    bad = np.array([[1, value]], np.float32)
    for part in ("pieces", "data"):
        tensors: dict[str, Any] = {"pieces": {}, "data": {}, part: {"t": bad}}
        puzzle = make_puzzle(family="f", name="n", spec={}, facts={}, generator="g", **tensors)
        save_puzzle(puzzle, tmp_path / part)
        with pytest.raises(PuzzleError, match=f"'t' in {part} holds NaN or infinity"):
            load_puzzle(tmp_path / part)


def test_tensors_that_are_missing_or_too_many_are_named(tiny: Made) -> None:
    puzzle = tiny.puzzle
    fewer = {name: array for name, array in puzzle.pieces.items() if name != "0.bias"}
    with pytest.raises(PuzzleError, match=r"'0\.bias' in pieces is missing"):
        Puzzle(puzzle.manifest, fewer, puzzle.data).verify()
    with pytest.raises(PuzzleError, match="'hint' in data is not in the manifest"):
        Puzzle(puzzle.manifest, puzzle.pieces, {**puzzle.data, "hint": np.zeros(1)}).verify()


MANIFESTS: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda value: value.update(hint=1), "unknown field 'hint'"),
    (lambda value: value.update(format=2), "has format version 2; this netjigsaw reads version 1"),
    (lambda value: value.pop("format"), "has format version None"),
    (lambda value: value.pop("spec"), "spec: Field required"),
    (lambda value: value.update(name=""), "name: "),
    (lambda value: value["facts"].update(x=float("nan")), "is not JSON"),
    (lambda value: value["facts"].update(x=float("inf")), "is not JSON"),
    (lambda value: value["spec"].update(depth=6), "the manifest was changed"),
    (lambda value: value.update(digest="0" * 64), "the manifest was changed"),
    (lambda value: value.update(commitment=None), "the manifest was changed"),
    (lambda value: value["tensors"]["pieces"].update({"0.weight": "0" * 64}), "is not the one in the manifest"),
    (lambda value: value["tensors"].pop("data"), "is not in the manifest"),
]


@pytest.mark.parametrize(("change", "message"), MANIFESTS, ids=[message for _, message in MANIFESTS])
def test_a_changed_manifest_is_refused(
    stored: Path, change: Callable[[dict[str, Any]], Any], message: str, fails: Callable[..., str]
) -> None:
    path = stored / "p/manifest.json"
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(PuzzleError) as caught:
        load_puzzle(stored / "p")
    assert message in str(caught.value)
    assert message in fails("export", "janestreet", stored / "p", "--out", stored / "out")
    assert not (stored / "out").exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "1", "[" * 100_000, "\x00", '{"format": 1, "seed": 1' + "0" * 5000]
)
def test_a_file_that_is_no_manifest_is_refused(stored: Path, text: str, fails: Callable[..., str]) -> None:
    (stored / "p/manifest.json").write_text(text, encoding="utf-8")
    assert "manifest.json" in fails("export", "janestreet", stored / "p", "--out", stored / "out")


def test_bytes_that_are_no_text_are_refused(stored: Path) -> None:
    (stored / "p/manifest.json").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(StorageError, match="cannot read"):
        load_puzzle(stored / "p")
    (stored / "p/manifest.json").unlink()
    with pytest.raises(StorageError, match="no puzzle at"):
        load_puzzle(stored / "p")


def test_a_missing_answer_is_none(stored: Path, tiny: Made) -> None:
    assert find_answer(tiny.puzzle, stored / "nowhere") is None
    with pytest.raises(StorageError, match="no sealed answer at"):
        load_answer(tiny.puzzle.digest, stored / "nowhere")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"answer": [1, 2, 3]}, AnswerError, "does not open its commitment"),
        ({"salt": "00"}, AnswerError, "does not open its commitment"),
        ({"salt": "no hexadecimal"}, PuzzleError, "salt"),
        ({"digest": "0" * 64}, AnswerError, "the answer is for puzzle 000000000000"),
        ({"format": 9}, PuzzleError, "format version 9"),
        ({"hint": 1}, PuzzleError, "unknown field 'hint'"),
        ({"answer": float("nan")}, PuzzleError, "is not JSON"),
    ],
)
def test_a_wrong_answer_file_is_refused(
    stored: Path, tiny: Made, change: dict[str, Any], error: type[NetjigsawError], message: str
) -> None:
    (path,) = (stored / "answers").iterdir()
    value = {**json.loads(path.read_text(encoding="utf-8")), **change}
    path.write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(error) as caught:
        find_answer(tiny.puzzle, stored / "answers")
    assert message in str(caught.value)
