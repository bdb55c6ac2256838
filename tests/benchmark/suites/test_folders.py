"""Folders of puzzles as arguments: which puzzles they stand for, in which order, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.running.planning.hiding import hidden_places
from benchmark.running.planning.request import RunRequest
from benchmark.suites.folders import content_in_words, holds_answers, natural_order
from benchmark.suites.loading import Target, find_target, find_targets, load_target
from generator.errors import SpecError
from generator.puzzle.storage import save_answer, save_puzzle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.puzzle.sealing import Made

SEALED = f"{'0a' * 32}.json"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with puzzles in `q`: two that look like ones, their answers, and one being written."""
    monkeypatch.chdir(tmp_path)
    for name in ("tiny-10", "tiny-2", ".tiny-3-scratch"):
        make_puzzle(Path("q", name))
    Path("q/answers").mkdir()
    Path("q/answers", SEALED).touch()
    Path("q/results").mkdir()
    Path("q/results", "rows-1.jsonl").touch()
    return tmp_path


def make_puzzle(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("manifest.json", "pieces.safetensors", "data.safetensors"):
        (folder / name).touch()


def folders(targets: Iterable[Target]) -> list[str]:
    return [str(target.folder) for target in targets]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "texts",
    [
        ["q"],
        ["q/"],
        ["q/answers", "q/tiny-10", "q/tiny-2"],  # as a shell writes q/*
        ["q/answers", "q/results", "q/tiny-10", "q/tiny-2"],
        ["q/tiny-10", "q", "q/tiny-2/"],
        ["q/tiny-2/data.safetensors", "q/tiny-2/manifest.json", "q/tiny-10"],
    ],
)
def test_a_folder_and_its_pattern_stand_for_its_puzzles_in_natural_order(texts: list[str]) -> None:
    assert folders(find_targets(texts)) == ["q/tiny-2", "q/tiny-10"]


def test_one_puzzle_is_found_in_its_folder_and_by_its_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_puzzle(home / "one" / "only")
    assert find_target("one").folder == Path("one/only")
    monkeypatch.chdir(home / "one" / "only")
    names = sorted(path.name for path in Path().iterdir())
    assert len(names) == 3
    assert folders(find_targets(names)) == ["."]


@pytest.mark.usefixtures("home")
def test_puzzles_of_several_folders_keep_the_order_of_the_folders() -> None:
    make_puzzle(Path("a/tiny-2"))
    assert folders(find_targets(["q", "a"])) == ["q/tiny-2", "q/tiny-10", "a/tiny-2"]


@pytest.mark.usefixtures("home")
def test_a_suite_keeps_its_place_among_folders() -> None:
    mixed = find_targets(["q/tiny-10", "mini", "q/tiny-2"])
    assert [target.suite.name if target.suite else str(target.folder) for target in mixed] == [
        "q/tiny-10",
        "mini",
        "q/tiny-2",
    ]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["q/answers"], "q/answers holds sealed answers, no puzzle; a puzzle is a folder with manifest.json"),
        (["mini", "q/answers"], "q/answers holds sealed answers, no puzzle"),
        (["q/results"], "q/results holds results, no puzzle"),
        (["q/tiny-2", "notes.txt"], "notes.txt is a file, no puzzle; a puzzle is a folder with manifest.json"),
        (["store"], "store holds results, no puzzle; a puzzle is a folder with manifest.json"),
        (["empty"], "no puzzle in empty, which holds nothing; a puzzle is a folder with manifest.json"),
        (["q/tiny-3"], "no puzzle at q/tiny-3, and no suite of that name"),
    ],
)
def test_what_is_no_puzzle_is_refused_with_what_one_is(texts: list[str], told: str) -> None:
    Path("empty").mkdir()
    Path("notes.txt").touch()
    Path("store").mkdir()
    Path("store/rows-1.jsonl").touch()
    with pytest.raises(SpecError) as error:
        find_targets(texts)
    assert str(error.value).startswith(told)


@pytest.mark.usefixtures("home")
def test_where_one_puzzle_is_wanted_the_found_ones_are_named() -> None:
    with pytest.raises(SpecError, match=r"^q holds 2 puzzles; choose one: q/tiny-2, q/tiny-10$"):
        find_target("q")


def test_digits_are_ordered_as_numbers_and_names_stay_apart() -> None:
    names = ["b", "tiny-10", "tiny-2", "tiny-02", "10", "9a", "tiny", "²"]
    ordered = [path.name for path in sorted(map(Path, names), key=natural_order)]
    assert ordered == ["9a", "10", "b", "tiny", "tiny-02", "tiny-2", "tiny-10", "²"]
    assert len({natural_order(Path(name)) for name in names}) == len(names)


def test_the_content_of_a_large_folder_is_cut(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"f{number}").touch()
    (tmp_path / "a").mkdir()
    assert content_in_words(tmp_path) == "a/, f0, f1, f2, f3 and 4 more"


def test_answers_of_a_folder_are_found_and_hidden(tiny: Made, home: Path) -> None:
    save_puzzle(tiny.puzzle, home / "p" / "tiny-0")
    save_answer(tiny.sealed, home / "p" / "answers")
    save_answer(tiny.sealed, home / "p" / "copy-of-answers")
    assert holds_answers(home / "p" / "answers")
    for texts in (["p"], ["p/answers", "p/copy-of-answers", "p/tiny-0"]):
        (loaded,) = (item for target in find_targets(texts) for item in load_target(target))
        assert loaded.sealed is not None
        hidden = hidden_places(RunRequest((loaded,), (), home / "results"))
        assert {home / "p" / name for name in ("tiny-0", "answers", "copy-of-answers")} <= set(hidden)
