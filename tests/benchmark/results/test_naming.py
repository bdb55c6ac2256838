"""Distinct names for solvers of different origins and for puzzles of one name."""

from __future__ import annotations

from benchmark.results.naming import distinct_names, distinct_puzzle_names, with_distinct_names
from benchmark.results.trial import Limits, Row, Status

Seen = tuple[str, str, str]


def named(*seen: Seen) -> list[str]:
    """The names of the given combinations, in their order."""
    names = distinct_names(seen)
    return [names.get((label, source), label) for label, source, _ in seen]


def test_files_of_two_folders_are_named_by_the_shortest_distinct_end_of_their_paths() -> None:
    assert named(("m.py:M", "s1", "a/m.py"), ("m.py:M", "s2", "b/m.py")) == ["a/m.py:M", "b/m.py:M"]
    assert named(("m.py:M", "s1", "m.py"), ("m.py:M", "s2", "b/m.py")) == ["m.py:M", "b/m.py:M"]
    assert named(("m.py:M", "s1", "a/x/m.py"), ("m.py:M", "s2", "b/x/m.py")) == ["a/x/m.py:M", "b/x/m.py:M"]


def test_parameters_stay_and_do_not_hide_a_second_origin() -> None:
    seen = ("m.py:M[k=1]", "s1", "a/m.py"), ("m.py:M", "s2", "b/m.py")
    assert named(*seen) == ["a/m.py:M[k=1]", "b/m.py:M"]


def test_an_edited_file_keeps_its_name() -> None:
    assert distinct_names([("m.py:M", "s1", "a/m.py"), ("m.py:M", "s2", "a/m.py")]) == {}
    names = named(("m.py:M", "s1", "a/m.py"), ("m.py:M", "s2", "b/m.py"), ("m.py:M", "s3", "a/m.py"))
    assert names == ["a/m.py:M", "b/m.py:M", "a/m.py:M"]


def test_an_absolute_path_is_one_origin_also_if_the_store_was_moved() -> None:
    assert distinct_names([("/x/m.py:M", "s1", "m.py"), ("/x/m.py:M", "s2", "../m.py")]) == {}


def test_one_source_is_one_solver_wherever_it_lies() -> None:
    assert distinct_names([("m.py:M", "s1", "a/m.py"), ("m.py:M", "s1", "b/m.py")]) == {}
    copied_then_edited = ("m.py:M", "s1", "a/m.py"), ("m.py:M", "s1", "b/m.py"), ("m.py:M", "s2", "b/m.py")
    assert named(*copied_then_edited) == ["a/m.py:M", "a/m.py:M", "b/m.py:M"]
    original_edited = ("m.py:M", "s1", "a/m.py"), ("m.py:M", "s1", "b/m.py"), ("m.py:M", "s2", "a/m.py")
    assert named(*original_edited) == ["b/m.py:M", "b/m.py:M", "a/m.py:M"]


def test_rows_of_older_stores_get_the_origin_of_their_source_or_the_latest() -> None:
    assert distinct_names([("m.py:M", "s1", ""), ("m.py:M", "s2", "")]) == {}
    assert distinct_names([("m.py:M", "s1", ""), ("m.py:M", "s2", "a/m.py")]) == {}
    seen = ("m.py:M", "s0", ""), ("m.py:M", "s1", ""), ("m.py:M", "s1", "a/m.py"), ("m.py:M", "s2", "b/m.py")
    assert named(*seen) == ["b/m.py:M", "a/m.py:M", "a/m.py:M", "b/m.py:M"]


def test_commands_and_plug_ins_are_named_by_their_origin_in_parentheses() -> None:
    assert named(("mine", "s1", "command:11111111 a/m.py"), ("mine", "s2", "command:22222222 b/m.py")) == [
        "mine (a/m.py)",
        "mine (b/m.py)",
    ]
    assert named(("mine", "s1", "command:11111111 m.py"), ("mine", "s2", "command:22222222 m.py")) == [
        "mine (11111111)",
        "mine (22222222)",
    ]
    assert named(("mine[k=1]", "s1", "x.py"), ("mine[k=1]", "s2", "some-package")) == [
        "mine (x.py)[k=1]",
        "mine (some-package)[k=1]",
    ]


def test_no_name_is_that_of_another_solver() -> None:
    names = named(("m.py:M", "s1", "x/a/m.py"), ("m.py:M", "s2", "x/b/m.py"), ("a/m.py:M", "s3", "y/a/m.py"))
    assert names == ["x/a/m.py:M", "x/b/m.py:M", "a/m.py:M"]


def test_rows_are_renamed_by_the_latest_origins() -> None:
    def row(source: str, origin: str) -> Row:
        return Row(
            trial=source,
            session="s",
            puzzle="p" * 64,
            puzzle_name="toy",
            family="toy",
            solver="m.py:M",
            source=source,
            origin=origin,
            seed=0,
            limits=Limits(),
            status=Status.SOLVED,
        )

    rows = [row("s1", "a/m.py"), row("s2", "b/m.py")]
    assert [one.solver for one in with_distinct_names(rows)] == ["a/m.py:M", "b/m.py:M"]
    assert with_distinct_names(rows[:1]) == rows[:1]


def test_puzzles_of_one_name_get_their_digests() -> None:
    digests = "1" * 64, "2" * 64, "3" * 64
    names = distinct_puzzle_names(dict(zip(digests, ("tiny", "tiny", "deep"), strict=True)))
    assert list(names.values()) == ["tiny (111111111111)", "tiny (222222222222)", "deep"]
