"""Solvers and puzzles of one name in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leaderboard.ranking.frame import frame_of, frame_of_store, puzzle_names
from leaderboard.ranking.rank import rank, rank_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.results.trial import Row
    from leaderboard.ranking.records import Ranking

    MakeRow = Callable[..., Row]

pytestmark = pytest.mark.usefixtures("toy")


def lines(ranking: Ranking) -> dict[str, int]:
    return {one.solver: one.puzzles_solved for one in ranking.standings}


def test_solvers_of_one_name_have_lines_of_their_own(row: MakeRow) -> None:
    rows = [
        *(row("m.py:M", n, source="s1", origin="a/m.py") for n in range(3)),
        *(row("m.py:M", n, "partial", source="s2", origin="b/m.py") for n in range(3)),
        *(row("other", n, "partial") for n in range(3)),
    ]
    (ranking,) = rank(rows)
    assert lines(ranking) == {"a/m.py:M": 3, "b/m.py:M": 0, "other": 0}
    assert all(not one.provisional for one in ranking.standings)
    assert "2 different solvers were run as m.py:M: a/m.py:M, b/m.py:M." in ranking.notes
    assert not any("superseded" in note for note in ranking.notes)


def test_a_newer_version_of_one_file_supersedes_and_is_named(row: MakeRow) -> None:
    rows = [
        *(row("m.py:M", n, source="aaaaaaaa1", origin="a/m.py") for n in range(2)),
        *(row("m.py:M", n, "partial", source="bbbbbbbb2", origin="a/m.py") for n in range(2)),
        row("m.py:M", 0, source="bbbbbbbb2", origin="a/m.py", trial="again"),
    ]
    (ranking,) = rank(rows)
    assert lines(ranking) == {"m.py:M": 1}
    assert (
        "3 older rows are superseded: 2 of m.py:M by a newer source (aaaaaaaa by bbbbbbbb), 1 of m.py:M by a later run."
        in ranking.notes
    )


def test_rows_of_older_stores_are_superseded_and_named(row: MakeRow) -> None:
    (ranking,) = rank([row("m.py:M", 0, source="s1"), row("m.py:M", 0, source="s2")])
    assert lines(ranking) == {"m.py:M": 1}
    assert "1 older row is superseded: 1 of m.py:M by a newer source (s1 by s2)." in ranking.notes


def test_the_note_on_superseded_rows_stays_short(row: MakeRow) -> None:
    rows = [row(f"solver-{n}", 0, source=source) for source in ("s1", "s2") for n in range(8)]
    (note,) = (note for note in rank(rows)[0].notes if "superseded" in note)
    assert note.endswith("1 of solver-4 by a newer source (s1 by s2), and more of 3 others.")


def test_names_are_distinct_over_the_whole_store(row: MakeRow) -> None:
    rows = [
        row("m.py:M", 0, source="s1", origin="a/m.py", groups={"depth": 4}),
        row("m.py:M", 1, source="s2", origin="b/m.py", groups={"depth": 8}),
    ]
    shallow, deep = rank(rows, by="depth")
    assert lines(shallow) == {"a/m.py:M": 1}
    assert lines(deep) == {"b/m.py:M": 1}


def test_a_store_gives_the_names_of_its_rows(row: MakeRow) -> None:
    class Held:
        def lines(self) -> list[Row]:
            return [
                row("m.py:M", 0, source="s1", origin="a/m.py", trial="1"),
                row("m.py:M", 0, "partial", source="s2", origin="b/m.py", trial="2"),
            ]

    (ranking,) = rank_frame(frame_of_store(Held()))  # type: ignore[arg-type]  # only `lines` is read
    assert lines(ranking) == {"a/m.py:M": 1, "b/m.py:M": 0}


def test_a_frame_without_equal_names_has_no_further_column(row: MakeRow) -> None:
    assert "typed" not in frame_of([row("m.py:M", origin="a/m.py"), row("n.py:N", origin="a/n.py")]).columns
    assert "typed" in frame_of([row("m.py:M", origin="a/m.py"), row("m.py:M", source="s", origin="b/m.py")]).columns


def test_puzzles_of_one_name_are_named_with_their_digests(row: MakeRow) -> None:
    frame = frame_of([row("a", 0, puzzle_name="tiny"), row("a", 1, puzzle_name="tiny"), row("a", 2)])
    assert puzzle_names(frame) == {
        f"{0:064x}": f"tiny ({0:012x})",
        f"{1:064x}": f"tiny ({0:012x})",  # these made-up digests differ in their last digits only
        f"{2:064x}": "net-2",
    }
