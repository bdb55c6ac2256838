from __future__ import annotations

import os
import pickle
import re
import zipfile
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from generator.errors import LayoutError, NetjigsawError, PuzzleError, SpecError, StorageError
from generator.puzzle.sealing import seal
from generator.reassembly.layout.janestreet import NESTED, export_layout, import_layout
from generator.reassembly.puzzle import view_puzzle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.puzzle.content import Puzzle
    from generator.puzzle.sealing import Made


def a_puzzle(
    *,
    depth: int = 3,
    width: int = 4,
    hidden: int = 6,
    outputs: int = 1,
    rows: int = 5,
    biases: bool = True,
    seed: int = 1,
) -> Made:
    """Make an untrained puzzle of any shape."""
    rng = np.random.default_rng(seed)
    numbers = rng.permutation(2 * depth + 1).tolist()
    pieces: dict[str, np.ndarray] = {}
    shapes = [(hidden, width), (width, hidden)] * depth + [(outputs, width)]
    for number, shape in zip(numbers, shapes, strict=True):
        pieces[f"{number}.weight"] = rng.standard_normal(shape, np.float32)
        if biases:
            pieces[f"{number}.bias"] = rng.standard_normal(shape[0], np.float32)
    roles = {"incoming": sorted(numbers[:-1:2]), "outgoing": sorted(numbers[1:-1:2]), "head": numbers[-1]}
    data = {
        name: rng.standard_normal((rows, columns), np.float32) * np.float32(10.0 ** rng.integers(-30, 30))
        for name, columns in (("inputs", width), ("predictions", outputs), ("labels", outputs))
    }
    return seal(
        family="reassembly", name="p", seed=seed, answer=numbers, pieces=pieces, data=data, facts={"roles": roles}
    )


def same(a: Puzzle, b: Puzzle) -> bool:
    return all(
        x.keys() == y.keys() and all(np.array_equal(x[name], y[name]) for name in x)
        for x, y in ((a.pieces, b.pieces), (a.data, b.data))
    )


@given(
    depth=st.integers(1, 4),
    width=st.integers(1, 4),
    hidden=st.integers(1, 4),
    outputs=st.integers(1, 4),
    rows=st.integers(1, 4),
    biases=st.booleans(),
    nested=st.booleans(),
    seed=st.integers(0, 1000),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_round_trip_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, *, nested: bool, seed: int, **shape: Any
) -> None:
    home = tmp_path_factory.mktemp("layout")
    made = a_puzzle(seed=seed, **shape)
    export_layout(made.puzzle, home / "one", nested=nested)
    first = import_layout(home / "one", name="first")
    assert same(first, made.puzzle)
    assert first.manifest.facts["roles"] == made.puzzle.manifest.facts["roles"]
    export_layout(first, home / "two", nested=not nested)
    second = import_layout(home / "two", name="second")
    assert second.digest == first.digest
    root = home / "one" / NESTED if nested else home / "one"
    assert {path.name for path in (root / "pieces").iterdir()} == {
        f"piece_{number}.pth" for number in range(2 * shape["depth"] + 1)
    }
    ambiguous = shape["hidden"] in {shape["width"], shape["outputs"]}
    assert (root / "roles.json").exists() == ambiguous
    exported = "".join(path.read_text(encoding="utf-8") for path in root.glob("roles.json"))
    assert ",".join(map(str, made.sealed.answer)) not in exported  # type: ignore[arg-type]  # a list


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    export_layout(a_puzzle().puzzle, tmp_path / "layout")
    return tmp_path / "layout"


def rewrite(path: Path, change: Callable[[dict[str, torch.Tensor]], Any], **options: Any) -> None:
    torch.save(change(torch.load(path, weights_only=True)), path, **options)


def linear(state: dict[str, torch.Tensor]) -> Any:
    """Give the state dict of a layer, an OrderedDict with metadata."""
    rows, columns = state["weight"].shape
    layer = nn.Linear(columns, rows)
    layer.load_state_dict(state)
    return layer.state_dict()


@pytest.mark.parametrize(
    ("change", "options"),
    [
        (lambda state: {key: value.double() for key, value in state.items()}, {}),
        (lambda state: {key: nn.Parameter(value) for key, value in state.items()}, {}),
        (lambda state: OrderedDict(reversed(state.items())), {}),
        (linear, {}),
        (lambda state: {key: value.t().contiguous().t() for key, value in state.items()}, {}),
        (lambda state: state, {"_use_new_zipfile_serialization": False}),
    ],
    ids=["float64", "parameters", "ordered", "state_dict", "strides", "legacy"],
)
def test_pieces_are_read_in_every_form_of_saving(
    layout: Path, change: Callable[..., Any], options: dict[str, Any]
) -> None:
    wanted = import_layout(layout, name="p")
    for path in (layout / "pieces").iterdir():
        rewrite(path, change, **options)
    assert import_layout(layout, name="p").digest == wanted.digest


def test_half_precision_is_read(layout: Path) -> None:
    for kind in (torch.float16, torch.bfloat16):
        for path in (layout / "pieces").iterdir():
            rewrite(path, partial(cast_to, kind))
        puzzle = import_layout(layout, name="p")
        assert {array.dtype for array in puzzle.pieces.values()} == {np.dtype(np.float32)}


def cast_to(kind: torch.dtype, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {key: value.to(kind) for key, value in state.items()}


@pytest.mark.parametrize("legacy", [False, True])
def test_pieces_saved_from_a_graphics_card_are_read_on_the_cpu(layout: Path, *, legacy: bool) -> None:
    wanted = import_layout(layout, name="p")
    for path in (layout / "pieces").iterdir():
        rewrite(path, lambda state: state, _use_new_zipfile_serialization=not legacy)
        move_to_cuda(path, legacy=legacy)
    assert same(import_layout(layout, name="p"), wanted)


def move_to_cuda(path: Path, *, legacy: bool) -> None:
    """Change the device of every storage in a pickle from `cpu` to `cuda:0`, as in a file that was saved on a GPU."""
    here, there = b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"
    if legacy:
        content = path.read_bytes()
        assert here in content
        path.write_bytes(content.replace(here, there))
    else:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        (name,) = (name for name in members if name.endswith("data.pkl"))
        assert here in members[name]
        members[name] = members[name].replace(here, there)
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in members.items():
                archive.writestr(member, content)
    if not torch.cuda.is_available():
        with pytest.raises(RuntimeError, match="CUDA"):
            torch.load(path, weights_only=True)


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (os.fspath(self.mark),)


@pytest.mark.parametrize("how", ["torch", "legacy", "pickle"])
def test_a_pickle_that_runs_code_is_refused_and_does_not_run(layout: Path, tmp_path: Path, how: str) -> None:
    path, mark = layout / "pieces/piece_0.pth", tmp_path / "mark"
    bomb = {"weight": torch.ones(2), "extra": Bomb(mark)}
    if how == "pickle":
        path.write_bytes(pickle.dumps(bomb))
    else:
        torch.save(bomb, path, _use_new_zipfile_serialization=how == "torch")
    with pytest.raises(LayoutError, match=r"piece_0\.pth is"):
        import_layout(layout, name="p")
    assert not mark.exists()
    if how == "pickle":
        pickle.loads(path.read_bytes())  # noqa: S301 - the proof that it would have run
    else:
        torch.load(path, weights_only=False)
    assert mark.exists(), "the bomb of this test is a dud"


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"bias": torch.ones(2)}, "holds the key bias; expected weight and bias"),
        ([torch.ones(2)], "holds a list; expected a state dict"),
        (
            {"weight": torch.ones(2, 2), "scale": torch.ones(1)},
            "holds the keys weight, scale; expected weight and bias",
        ),
        ({"weight": 1.0}, "weight is a float, not a tensor"),
        ({"weight": torch.ones(2, 2, dtype=torch.int64)}, "weight is int64; expected a floating-point tensor"),
        ({"weight": torch.ones(2, 2, dtype=torch.complex64)}, "weight is complex64; expected a floating-point tensor"),
        ({"weight": torch.ones(6, 4).to_sparse()}, "no dense tensor"),
        ({"weight": torch.ones(6, 4, device="meta")}, "no dense tensor"),
        ({"weight": torch.full((6, 4), torch.nan)}, "NaN or infinity"),
        (
            {"weight": torch.full((6, 4), 1e300, dtype=torch.float64)},
            "holds 1e+300 at [0, 0], which float32 cannot hold",
        ),
        ({"weight": torch.ones(6)}, "a layer's has two dimensions"),
        ({"weight": torch.ones(6, 4, 1)}, "a layer's has two dimensions"),
        ({"weight": torch.ones(6, 4), "bias": torch.ones(5)}, "expected (6,), one per row of its weight"),
        ({"weight": torch.ones(6, 7)}, "fits no block"),
        ({"weight": torch.ones(8, 4)}, "different hidden widths: 6, 8"),
    ],
)
def test_a_wrong_piece_is_named(layout: Path, state: Any, message: str) -> None:
    roles: Any = import_layout(layout, name="p").manifest.facts["roles"]
    torch.save(state, layout / f"pieces/piece_{roles['incoming'][0]}.pth")
    with pytest.raises(LayoutError, match=re.escape(message)) as caught:
        import_layout(layout, name="p")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("legacy", [False, True])
def test_damaged_pieces_are_an_error_or_the_same_numbers(layout: Path, *, legacy: bool) -> None:
    path = layout / "pieces/piece_0.pth"
    rewrite(path, lambda state: state, _use_new_zipfile_serialization=not legacy)
    good = path.read_bytes()
    rng = np.random.default_rng(2)
    refused: list[str] = []
    for trial in range(150):
        damaged = bytearray(good)
        if trial % 3 == 0:
            damaged = damaged[: int(rng.integers(len(good)))]
        else:
            damaged[int(rng.integers(min(len(good), 500)))] = int(rng.integers(256))
        path.write_bytes(damaged)
        try:
            import_layout(layout, name="p")
        except NetjigsawError as error:  # and no other error
            refused.append(str(error))
    assert not any("\n" in message for message in refused)
    assert len(refused) > 60


def table(layout: Path) -> list[list[str]]:
    return [line.split(",") for line in (layout / "historical_data.csv").read_text(encoding="utf-8").splitlines()]


def store(layout: Path, lines: list[list[str]]) -> None:
    (layout / "historical_data.csv").write_text("".join(",".join(line) + "\n" for line in lines), encoding="utf-8")


def with_cell(value: str) -> Callable[[list[list[str]]], list[list[str]]]:
    def change(lines: list[list[str]]) -> list[list[str]]:
        lines[2][1] = value
        return lines

    return change


TABLES: list[tuple[str, Callable[[list[list[str]]], list[list[str]]], str]] = [
    ("text", with_cell("abc"), "line 3, column 'measurement_1': 'abc' is no finite number"),
    ("empty cell", with_cell(""), "line 3, column 'measurement_1'"),
    ("inf", with_cell("inf"), "line 3, column 'measurement_1'"),
    ("nan", with_cell("NaN"), "line 3, column 'measurement_1'"),
    ("too large", with_cell("1e39"), "line 3, column 'measurement_1': '1e+39'"),
    ("truth value", with_cell("True"), "line 3, column 'measurement_1'"),
    ("truth values", lambda t: [t[0], *([*line[:-1], "True"] for line in t[1:])], "column 'true': True"),
    ("no pred", lambda t: [line[:-2] + line[-1:] for line in t], "no column 'pred'"),
    ("gap", lambda t: [line[:1] + line[2:] for line in t], "no column 'measurement_"),
    ("no measurement", lambda t: [line[4:] for line in t], "no column 'measurement_0'"),
    ("twice", lambda t: [[*t[0], "pred"], *([*line, "1"] for line in t[1:])], "the column 'pred' twice"),
    ("twice too", lambda t: [[*t[0], "measurement_1"], *([*line, "1"] for line in t[1:])], "'measurement_1' twice"),
    ("extra", lambda t: [[*t[0], "hint"], *([*line, "1"] for line in t[1:])], "unknown column 'hint'"),
    ("longer rows", lambda t: [t[0], *([*line, "1"] for line in t[1:])], "more fields than the header"),
    ("trailing commas", lambda t: [t[0], *([*line, ""] for line in t[1:])], "more fields than the header"),
    ("one longer row", lambda t: [*t[:3], [*t[3], "1"], *t[4:]], "is no table"),
    ("one shorter row", lambda t: [*t[:3], t[3][:-1], *t[4:]], "line 4, column 'true'"),
    ("no rows", lambda t: t[:1], "has no rows"),
    ("empty", lambda _: [], "is an empty file, not a table"),
    ("open quote", lambda t: [*t[:2], ['"' + t[2][0], *t[2][1:]], *t[3:]], "is no table"),
]


@pytest.mark.parametrize(("change", "message"), [row[1:] for row in TABLES], ids=[row[0] for row in TABLES])
def test_a_wrong_table_is_one_line(
    layout: Path, change: Callable[[list[list[str]]], list[list[str]]], message: str
) -> None:
    store(layout, change(table(layout)))
    with pytest.raises(LayoutError) as caught:
        import_layout(layout, name="p")
    assert message in str(caught.value)
    assert "historical_data.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wider_table_than_the_pieces_is_refused(layout: Path) -> None:
    lines = table(layout)
    store(layout, [["measurement_4", *lines[0]], *(["1", *line] for line in lines[1:])])
    with pytest.raises(LayoutError, match=r"no piece has the head's shape \(1, 5\)"):
        import_layout(layout, name="p")


def test_columns_in_another_order_are_sorted(layout: Path) -> None:
    wanted = import_layout(layout, name="p")
    store(layout, [line[::-1] for line in table(layout)])
    assert same(import_layout(layout, name="p"), wanted)


def test_bytes_that_are_no_text_are_no_table(layout: Path) -> None:
    (layout / "historical_data.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LayoutError, match="is no table"):
        import_layout(layout, name="p")


def number_of(layout: Path, role: str) -> int:
    roles: Any = import_layout(layout, name="p").manifest.facts["roles"]
    return int(roles[role] if role == "head" else roles[role][0])


def test_wrong_sets_of_pieces_are_one_line(layout: Path) -> None:
    pieces = layout / "pieces"
    head, incoming, outgoing = (number_of(layout, role) for role in ("head", "incoming", "outgoing"))

    def refused(error: type[NetjigsawError], message: str) -> None:
        with pytest.raises(error) as caught:
            import_layout(layout, name="p")
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)

    (pieces / "weights.pth").touch()
    refused(LayoutError, "weights.pth is no piece")
    (pieces / "weights.pth").unlink()

    (pieces / "piece_01.pth").write_bytes((pieces / "piece_1.pth").read_bytes())
    refused(LayoutError, "have the same number")
    (pieces / "piece_01.pth").unlink()

    kept = (pieces / f"piece_{incoming}.pth").read_bytes()
    (pieces / f"piece_{incoming}.pth").unlink()
    refused(LayoutError, "6 pieces")
    (pieces / f"piece_{incoming}.pth").write_bytes((pieces / f"piece_{head}.pth").read_bytes())
    refused(LayoutError, "both have the head's shape (1, 4)")
    (pieces / f"piece_{incoming}.pth").write_bytes((pieces / f"piece_{outgoing}.pth").read_bytes())
    refused(LayoutError, "2 incoming halves cannot pair with 4 outgoing ones")
    (pieces / f"piece_{incoming}.pth").write_bytes(kept)

    (pieces / f"piece_{head}.pth").write_bytes(kept)
    refused(LayoutError, "no piece has the head's shape (1, 4)")
    for path in pieces.iterdir():
        path.unlink()
    refused(LayoutError, "holds no piece_<number>.pth")
    pieces.rmdir()
    refused(StorageError, "holds neither pieces/")
    with pytest.raises(StorageError, match="no folder at"):
        import_layout(layout / "nowhere", name="p")


def test_a_missing_table_is_one_line(layout: Path) -> None:
    (layout / "historical_data.csv").unlink()
    with pytest.raises(StorageError, match=r"historical_data\.csv is missing"):
        import_layout(layout, name="p")
    (layout / "historical_data.csv").mkdir()
    with pytest.raises(StorageError, match="cannot read"):
        import_layout(layout, name="p")


def test_square_blocks_need_roles(tmp_path: Path) -> None:
    made = a_puzzle(width=4, hidden=4)
    export_layout(made.puzzle, tmp_path / "square")
    roles = tmp_path / "square/roles.json"
    kept = roles.read_text(encoding="utf-8")
    assert import_layout(tmp_path / "square", name="p").manifest.facts == made.puzzle.manifest.facts

    cases: list[tuple[str, type[NetjigsawError], str]] = [
        ('{"incoming": [0]}', LayoutError, "outgoing: Field required"),
        ("{", LayoutError, "roles.json"),
        (kept.replace("}", ', "order": [1]}'), LayoutError, "unknown field 'order'"),
        ('{"incoming": [0, 1, 2], "outgoing": [3, 4, 5], "head": 9}', PuzzleError, "do not name every piece"),
        ('{"incoming": [0, 1, 2], "outgoing": [3, 4, 2], "head": 6}', PuzzleError, "do not name every piece"),
    ]
    for text, error, message in cases:
        roles.write_text(text, encoding="utf-8")
        with pytest.raises(error) as caught:
            import_layout(tmp_path / "square", name="p")
        assert message in str(caught.value)
    roles.unlink()
    with pytest.raises(LayoutError, match=r"both 4, so shapes cannot tell .* add roles\.json"):
        import_layout(tmp_path / "square", name="p")


def test_roles_that_lie_in_order_are_sorted(tmp_path: Path) -> None:
    made = a_puzzle(width=4, hidden=4)
    export_layout(made.puzzle, tmp_path / "square")
    answer: Any = made.sealed.answer
    text = f'{{"incoming": {answer[:-1:2]}, "outgoing": {answer[1:-1:2]}, "head": {answer[-1]}}}'
    (tmp_path / "square/roles.json").write_text(text, encoding="utf-8")
    assert import_layout(tmp_path / "square", name="p").manifest.facts == made.puzzle.manifest.facts


def test_activation_and_hash_are_kept(layout: Path) -> None:
    puzzle = import_layout(layout, name="p", activation="gelu", solution_sha256="AB" * 32)
    view = view_puzzle(puzzle)
    assert view.network.activation == "gelu"
    assert view.solution_sha256 == "ab" * 32
    with pytest.raises(SpecError, match="no activation 'step'"):
        import_layout(layout, name="p", activation="step")
    with pytest.raises(SpecError, match="is no SHA-256"):
        import_layout(layout, name="p", solution_sha256="abc")


def test_a_failed_export_leaves_nothing(tiny: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("generator.reassembly.layout.janestreet.write_table", refuse)
    with pytest.raises(StorageError, match="No space left on device; nothing was kept"):
        export_layout(tiny.puzzle, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
