"""Pieces and table are found as people unpack, copy and rename them; a file that may be a piece is never skipped."""

from __future__ import annotations

import gzip
import shutil
from typing import TYPE_CHECKING

import pytest

from generator.errors import StorageError
from generator.reassembly.layout.reading import folder as folders

if TYPE_CHECKING:
    from pathlib import Path

    from tests.generator.reassembly.layout.reading.conftest import Read, Refused

LITTER = [
    ".DS_Store",
    "._piece_0.pth",
    "Thumbs.db",
    "desktop.ini",
    ".gitkeep",
    ".gitattributes",
    "__MACOSX/piece_9.pth",
    "__pycache__/a.pyc",
    ".ipynb_checkpoints/piece_0-checkpoint.pth",
    "piece_0.pth~",
    "#piece_0.pth#",
    ".#piece_0.pth",
    ".piece_0.pth.swp",
    "piece_0.pth:Zone.Identifier",
    "README.md",
    "README",
    "notes.txt",
]


@pytest.mark.parametrize("name", LITTER)
def test_litter_is_skipped_with_a_remark(layout: Path, digest: str, read: Read, name: str) -> None:
    path = layout / "pieces" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    puzzle, remarks = read(layout)
    assert puzzle.digest == digest
    assert remarks == [f"skipped in {layout / 'pieces'}: {name.partition('/')[0]}"]


def test_all_litter_is_one_remark(layout: Path, digest: str, read: Read) -> None:
    for name in LITTER:
        (layout / "pieces" / name).parent.mkdir(exist_ok=True)
        (layout / "pieces" / name).touch()
    puzzle, remarks = read(layout)
    assert puzzle.digest == digest
    assert len(remarks) == 1
    assert remarks[0].endswith(", ...")


def test_litter_beside_the_pieces_is_not_mentioned(layout: Path, digest: str, read: Read) -> None:
    for name in (".DS_Store", "._historical_data.csv", "README.md"):
        (layout / name).touch()
    shutil.copytree(layout / "pieces", layout / "__MACOSX/pieces")
    puzzle, remarks = read(layout)
    assert (puzzle.digest, remarks) == (digest, [])


@pytest.mark.parametrize(
    "name",
    [
        "piece_3 (1).pth",
        "piece_3.pth.tmp",
        "piece_3.pth.crdownload",
        "piece_3.pth.bak",
        "piece_3 - Copy.pth",
        "Copy of piece_3.pth",
        "piece_3.txt",
        "piece_3",
        "piece-3.pth",
    ],
)
def test_a_file_that_may_be_a_piece_is_an_error(layout: Path, refused: Refused, name: str) -> None:
    shutil.copy(layout / "pieces/piece_3.pth", layout / "pieces" / name)
    assert f"{name} is no piece; expected piece_<number>.pth only; it may be piece 3" in refused(layout)


@pytest.mark.parametrize("name", ["weights.pth", "piece_x.pth", "data.bin", "other"])
def test_what_is_neither_litter_nor_a_piece_is_an_error(layout: Path, refused: Refused, name: str) -> None:
    (layout / "pieces" / name).touch()
    assert f"{name} is no piece" in refused(layout)


@pytest.mark.parametrize("name", ["piece_03.pth", "piece_3.pt", "piece_3.PTH", "piece_3.safetensors"])
def test_a_number_that_is_there_twice_is_an_error(layout: Path, refused: Refused, name: str) -> None:
    shutil.copy(layout / "pieces/piece_3.pth", layout / "pieces" / name)
    message = refused(layout)
    assert name in message
    assert "have the same number; remove one of them" in message


@pytest.mark.parametrize(
    ("gone", "missing"),
    [((5,), "not 5;"), ((0,), "not 0;"), ((2, 3), "not 2 to 3;"), ((1, 3, 4, 5), "not 1, 3 to 5;")],
)
def test_missing_numbers_are_named(layout: Path, refused: Refused, gone: tuple[int, ...], missing: str) -> None:
    for number in gone:
        (layout / f"pieces/piece_{number}.pth").unlink()
    assert missing in refused(layout)


def test_the_backup_of_a_missing_piece_is_named(layout: Path, refused: Refused) -> None:
    (layout / "pieces/piece_5.pth").rename(layout / "pieces/piece_5.pth~")
    assert "not 5; a puzzle needs every piece; skipped in" in refused(layout)
    assert refused(layout).endswith(": piece_5.pth~")


def renumber(layout: Path, pattern: str, shift: int = 0) -> None:
    pieces = layout / "pieces"
    for number in range(6, -1, -1):
        (pieces / f"piece_{number}.pth").rename(pieces / pattern.format(number + shift))


def test_numbers_from_one_are_kept(layout: Path, read: Read) -> None:
    renumber(layout, "piece_{}.pth", 1)
    puzzle, remarks = read(layout)
    assert {int(name.partition(".")[0]) for name in puzzle.pieces} == set(range(1, 8))
    assert remarks == ["the pieces are numbered 1 to 7, not from 0; answers use these numbers"]


def test_numbers_from_ten_lack_the_first(layout: Path, refused: Refused) -> None:
    renumber(layout, "piece_{}.pth", 10)
    assert "numbered 10 to 16, but not 0 to 9" in refused(layout)


def test_a_huge_number_is_a_gap(layout: Path, refused: Refused) -> None:
    (layout / "pieces/piece_6.pth").rename(layout / f"pieces/piece_{10**40}.pth")
    assert f"not 6 to {10**40 - 1}" in refused(layout)


@pytest.mark.parametrize("pattern", ["Piece_{}.PTH", "piece_{}.pt", "piece_{:03}.pth"])
def test_other_spellings_of_the_extension_are_read(layout: Path, digest: str, read: Read, pattern: str) -> None:
    renumber(layout, pattern)
    puzzle, remarks = read(layout)
    assert (puzzle.digest, remarks) == (digest, [])


@pytest.mark.parametrize("pattern", ["{}.pth", "layer_{}.bin", "block-{}.safetensors"])
def test_other_names_are_shown(layout: Path, refused: Refused, pattern: str) -> None:
    renumber(layout, pattern)
    assert f"holds no piece_<number>.pth; it holds {pattern.format(0)}, " in refused(layout)
    assert "name the pieces piece_0.pth" in refused(layout)


def test_nested_folders_are_searched(layout: Path, digest: str, read: Read, tmp_path: Path) -> None:
    for names in (["historical_data_and_pieces"] * 2, ["download", "Puzzle 1"]):
        outer = tmp_path / names[-1].replace(" ", "-")
        shutil.copytree(layout, outer.joinpath(*names))
        puzzle, remarks = read(outer)
        assert puzzle.digest == digest
        assert remarks == [f"the pieces lie in {outer.joinpath(*names, 'pieces')}"]


def test_several_folders_of_pieces_are_an_error(layout: Path, refused: Refused, tmp_path: Path) -> None:
    for name in "ab":
        shutil.copytree(layout, tmp_path / "both" / name)
    assert "holds pieces in 2 folders" in refused(tmp_path / "both")


def test_the_folder_of_pieces_may_be_given(layout: Path, digest: str, read: Read) -> None:
    assert read(layout / "pieces")[0].digest == digest


def test_pieces_may_lie_beside_the_table(layout: Path, digest: str, read: Read, refused: Refused) -> None:
    for path in (layout / "pieces").iterdir():
        path.rename(layout / path.name)
    (layout / "solve.py").touch()
    puzzle, remarks = read(layout)  # the empty folder pieces/ is still there
    assert (puzzle.digest, remarks) == (digest, [f"the pieces lie in {layout}", f"skipped in {layout}: solve.py"])
    shutil.copy(layout / "piece_3.pth", layout / "piece_3 (1).pth")
    assert "it may be piece 3" in refused(layout)


@pytest.mark.parametrize("place", ["Pieces", "weights", "pieces/pieces"])
def test_pieces_may_lie_in_another_folder(layout: Path, digest: str, read: Read, place: str) -> None:
    (layout / "pieces").rename(layout / "scratch")
    (layout / place).parent.mkdir(exist_ok=True)
    (layout / "scratch").rename(layout / place)
    puzzle, remarks = read(layout)
    assert puzzle.digest == digest
    assert f"the pieces lie in {layout / place}" in remarks


def test_the_search_is_bounded(layout: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = layout.parent / "deep"
    shutil.copytree(layout, deep / "a/b/c/d")
    assert "holds neither pieces/" in refused(deep, StorageError)
    (deep / "loop").symlink_to(deep)
    monkeypatch.setattr(folders, "SEARCHED_DEPTH", 50)
    assert len(folders.folders_of_pieces(deep)) == 1


@pytest.mark.parametrize("name", ["data.csv", "Historical_Data.CSV", "table.tsv", "historical_data.csv.gz"])
def test_the_only_table_is_taken_with_a_remark(layout: Path, digest: str, read: Read, name: str) -> None:
    table = layout / "historical_data.csv"
    content = table.read_bytes()
    table.unlink()
    (layout / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    puzzle, remarks = read(layout)
    assert (puzzle.digest, remarks) == (digest, [f"the table is {layout / name}"])


def test_the_table_may_lie_among_the_pieces(layout: Path, digest: str, read: Read) -> None:
    (layout / "historical_data.csv").rename(layout / "pieces/historical_data.csv")
    puzzle, remarks = read(layout)
    assert (puzzle.digest, remarks) == (digest, [f"the table is {layout / 'pieces/historical_data.csv'}"])


def test_the_table_may_lie_in_a_folder_beside_the_pieces(
    layout: Path, digest: str, read: Read, refused: Refused
) -> None:
    (layout / "data").mkdir()
    (layout / "historical_data.csv").rename(layout / "data/historical_data.csv")
    puzzle, remarks = read(layout)
    assert (puzzle.digest, remarks) == (digest, [f"the table is {layout / 'data/historical_data.csv'}"])
    shutil.copytree(layout / "data", layout / "old")
    assert "historical_data.csv is missing; 2 folders below hold one, so move one of them there" in refused(
        layout, StorageError
    )


def test_the_error_for_a_packed_piece_says_to_unpack_it(layout: Path, refused: Refused) -> None:
    (layout / "pieces/piece_3.pth").rename(layout / "pieces/piece_3.pth.gz")
    assert "piece_3.pth.gz is no piece; expected piece_<number>.pth only; it may be piece 3: unpack it" in refused(
        layout
    )


def test_several_tables_are_named(layout: Path, digest: str, read: Read, refused: Refused) -> None:
    shutil.copy(layout / "historical_data.csv", layout / "train.csv")
    assert read(layout)[0].digest == digest
    (layout / "historical_data.csv").rename(layout / "test.csv")
    assert "holds several tables (test.csv, train.csv); name the one to read historical_data.csv" in refused(layout)


def test_the_error_for_an_archive_says_to_unpack_it(layout: Path, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "zips").mkdir()
    packed = shutil.make_archive(str(tmp_path / "zips/download"), "zip", layout)
    assert "download.zip is a zip archive, not a folder; unpack it first (unzip)" in refused(tmp_path / packed)
    assert "holds no pieces, but the archive download.zip; unpack it first" in refused(tmp_path / "zips")
    packed = shutil.make_archive(str(tmp_path / "download"), "gztar", layout)
    assert "is a gzip archive, not a folder; unpack it first" in refused(tmp_path / packed)


def test_other_files_are_not_folders(layout: Path, refused: Refused) -> None:
    assert "historical_data.csv is a file; give the folder" in refused(layout / "historical_data.csv")
    assert "piece_0.pth is one file; give the folder" in refused(layout / "pieces/piece_0.pth")


def test_a_puzzle_of_this_suite_needs_no_import(stored: Path, refused: Refused) -> None:
    assert "p is a puzzle of netjigsaw already; solve it: netjigsaw solve" in refused(stored / "p")
