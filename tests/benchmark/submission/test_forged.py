"""Bundles that were tampered with: each is caught, and it is said what exactly is wrong.

The forger recomputes every digest in the manifest, so what is caught is caught by scoring.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmark.submission.suiting import Ground
    from benchmark.submission.verifying import Verification

    Lines = Callable[[Path], list[str]]
    Check = Callable[[Path], Verification]

SOLVER = "solver mixed.py:Mixed, seed"


def where(row: dict[str, Any]) -> str:
    return f"puzzle {row['puzzle_name']}, {SOLVER} {row['seed']}"


def test_the_honest_bundle_verifies(made: Any, check: Check) -> None:
    found = check(made.bundle)
    assert found.verified, [finding.line for finding in found.findings]
    assert len(found.rows) == 8
    assert sum(row.status == "solved" for row in found.rows) == 4


def test_forging_nothing_changes_nothing(forger: Any, check: Check) -> None:
    assert check(forger.write()).verified


def test_a_row_that_says_solved(forger: Any, lines: Lines) -> None:
    row = forger.find("partial")
    was = row["metrics"]["right"]
    row["status"], row["metrics"]["right"] = "solved", 1.0
    assert lines(forger.write()) == [
        f"{where(row)}: status is solved in the bundle, partial verified",
        f"{where(row)}: metrics.right is 1.0 in the bundle, {was} verified",
    ]


def test_a_better_number(forger: Any, lines: Lines) -> None:
    row = forger.find("partial")
    was = row["metrics"]["right"]
    row["metrics"]["right"] = 0.875
    assert lines(forger.write()) == [f"{where(row)}: metrics.right is 0.875 in the bundle, {was} verified"]


def test_a_metric_made_up_or_left_out(forger: Any, lines: Lines) -> None:
    row, other = forger.rows[0], forger.rows[1]
    row["metrics"]["beauty"] = 1.0
    del other["metrics"]["right"]
    made_up, left_out = lines(forger.write())
    assert made_up == f"{where(row)}: metrics.beauty is 1.0 in the bundle, null verified"
    assert left_out.startswith(f"{where(other)}: metrics.right is null in the bundle, ")


def test_a_forged_answer_without_its_row(forger: Any, lines: Lines) -> None:
    row = forger.find("solved")
    forger.raw(row, lambda raw: raw["answer"].update(value=list(range(8))))
    status, right = lines(forger.write())
    assert status == f"{where(row)}: status is solved in the bundle, partial verified"
    assert right.startswith(f"{where(row)}: metrics.right is 1.0 in the bundle, 0.")


def test_a_forged_answer_that_is_no_answer(forger: Any, lines: Lines) -> None:
    row = forger.find("solved")
    forger.raw(row, lambda raw: raw["answer"].update(value=[0] * 8))
    found = lines(forger.write())
    assert f"{where(row)}: status is solved in the bundle, wrong-format verified" in found
    assert any(line.startswith(f"{where(row)}: reason is") for line in found)


def test_an_answer_of_another_type(forger: Any, lines: Lines) -> None:
    row = forger.find("solved")
    forger.raw(row, lambda raw: raw["answer"].update(value={"deep": [[[[]]]]}))
    assert f"{where(row)}: status is solved in the bundle, wrong-format verified" in lines(forger.write())


def test_solved_without_an_answer(forger: Any, lines: Lines) -> None:
    row = forger.find("solved")
    forger.raw(row, lambda raw: raw.update(answer=None))
    assert lines(forger.write()) == [f"{where(row)}: status is solved in the bundle, but the raw answer is empty"]


def test_a_raw_record_that_says_solved(forger: Any, lines: Lines) -> None:
    row = forger.find("solved")
    forger.raw(row, lambda raw: raw.update(answer=None, status="solved"))
    assert lines(forger.write()) == [
        f"{where(row)}: raw answer's status is solved, which only an answer's score can give"
    ]


def test_solved_without_a_raw_answer(forger: Any, lines: Lines) -> None:
    row = forger.find("solved")
    del forger.files[f"raw/{row['trial']}.json"]
    first, second = lines(forger.write())
    assert first == f"{where(row)}: status is solved in the bundle, but the bundle holds no raw answer"
    assert second == f"{where(row)}: wall_s has a measured value, but the bundle holds no raw answer"


def test_a_raw_answer_edited_without_its_digest(forger: Any, lines: Lines) -> None:
    row = forger.find("partial")
    forger.raw(row, lambda raw: raw.update(output="x"))
    name = f"raw/{row['trial']}.json"
    (line,) = lines(forger.write(digests=False))
    assert line.startswith(f"{name}: sha256 is {forger.manifest['files'][name]} in the bundle, ")


def test_the_answer_of_another_trial(forger: Any, lines: Lines) -> None:
    row, other = forger.find("partial"), forger.find("solved")
    forger.files[f"raw/{row['trial']}.json"] = forger.files[f"raw/{other['trial']}.json"]
    line = lines(forger.write())[0]
    assert line == f"{where(row)}: raw answer's trial is {other['trial']} in the bundle, {row['trial']} verified"


def test_a_duplicated_cell(forger: Any, lines: Lines) -> None:
    row = forger.find("solved")
    forger.rows.append(copy.deepcopy(row))
    assert lines(forger.write()) == [f"{where(row)}: has 2 rows (solved, solved); each cell must have one row"]


def test_a_removed_failing_cell(forger: Any, lines: Lines) -> None:
    row = forger.find("partial")
    forger.rows.remove(row)
    missing, left = lines(forger.write())
    assert missing == f"{where(row)}: is missing; a bundle must hold every cell of the suite"
    assert left == f"raw/{row['trial']}.json: is a raw answer without a row"
    del forger.files[f"raw/{row['trial']}.json"]
    assert lines(forger.write()) == [missing]


def test_a_cell_of_no_suite(forger: Any, lines: Lines) -> None:
    row = copy.deepcopy(forger.rows[0])
    row["seed"] = 7
    forger.rows.append(row)
    assert lines(forger.write()) == [f"{where(row)}: is not a cell of the suite (puzzle {row['puzzle'][:12]})"]


def test_another_suites_digests(forger: Any, lines: Lines, ground: Ground) -> None:
    suite = forger.manifest["suite"]
    suite["digest"], suite["puzzles"][1]["digest"] = "a" * 64, "b" * 64
    digest = ground.suite.entries[1].digest
    assert lines(forger.write()) == [
        f"suite toys: digest is {'a' * 64} in the bundle, {ground.suite.digest} verified",
        f"suite toys, puzzle t1: digest is {'b' * 64} in the bundle, {digest} verified",
    ]


def test_another_suites_limits_seeds_and_puzzles(forger: Any, lines: Lines) -> None:
    suite = forger.manifest["suite"]
    suite["limits"]["wall_s"], suite["seeds"], suite["name"] = 500, 1, "other"
    suite["puzzles"][0]["name"] = "t9"
    assert lines(forger.write()) == [
        "suite toys: name is other in the bundle, toys verified",
        "suite toys: seeds is 1 in the bundle, 2 verified",
        "suite toys: limits.wall_s is 500.0 in the bundle, 5.0 verified",
        "suite toys: has no puzzle 't9', which the bundle holds",
        "suite toys: puzzle 't0' is not in the bundle",
    ]


def test_looser_limits_in_a_row(forger: Any, lines: Lines) -> None:
    row = forger.rows[0]
    row["limits"]["wall_s"] = 500.0
    assert lines(forger.write()) == [f"{where(row)}: limits.wall_s is 500.0 in the bundle, 5.0 verified"]


@pytest.mark.parametrize(("field", "value"), [("solver", "flagship"), ("source", "0" * 16), ("puzzle_name", "easy")])
def test_fields_of_a_row(forger: Any, lines: Lines, field: str, value: str) -> None:
    row = forger.rows[0]
    place, was = where(row), row[field]
    row[field] = value
    assert lines(forger.write()) == [f"{place}: {field} is {value} in the bundle, {was} verified"]


def test_a_trial_id_that_its_fields_do_not_give(forger: Any, lines: Lines) -> None:
    row, forged = forger.rows[0], "c" * 64
    was = row["trial"]
    forger.files[f"raw/{forged}.json"] = forger.files.pop(f"raw/{was}.json").replace(was.encode(), forged.encode())
    row["trial"] = forged
    assert lines(forger.write()) == [f"{where(row)}: trial is {forged} in the bundle, {was} verified"]


def test_another_solvers_name(forger: Any, lines: Lines) -> None:
    forger.manifest["solver"]["name"] = "other.py:Mixed"
    found = lines(forger.write())
    assert found[0] == "bundle.json: solver.label is mixed.py:Mixed in the bundle, other.py:Mixed verified"
    assert sum(": trial is " in line for line in found) == 8


def test_another_source(forger: Any, lines: Lines) -> None:
    digest = forger.manifest["solver"]["sources"]["toy"]
    forger.files["source/mixed.py"] = b"class Mixed: ..."
    (line,) = lines(forger.write())
    assert line.startswith(f"source: digest is {digest} in the bundle, ")


def test_a_claim_of_having_had_no_answers(forger: Any, lines: Lines) -> None:
    """The toy family cannot score without its answer; that is a finding and no crash."""
    forger.manifest["suite"]["puzzles"][0]["answered"] = False
    for line in lines(forger.write()):
        assert line.startswith(f"puzzle t0, {SOLVER}")
        assert "cannot be scored" in line


@pytest.mark.parametrize("protocol", [1, 99])
def test_another_protocol(forger: Any, lines: Lines, protocol: int) -> None:
    forger.manifest["protocol"] = protocol
    assert lines(forger.write()) == [
        f"bundle.json: format 1, protocol {protocol}; this netjigsaw verifies format 1, protocol 2"
    ]


def test_text_that_would_not_print_as_one_line(forger: Any, lines: Lines) -> None:
    row = forger.find("solved")
    forger.raw(row, lambda raw: raw["answer"].update(note="a\n\x1b[2Jverified"))
    (line,) = lines(forger.write())
    assert line == f"{where(row)}: reason or a note in the raw answer is not one printable line"


def test_small_differences_of_rounding_are_no_forgery(forger: Any, check: Check) -> None:
    row = forger.find("partial")
    row["metrics"]["right"] *= 1 + 1e-7
    found = check(forger.write())
    assert found.verified
    assert any("1 metrics differ in their last digits" in note for note in found.notes)
    (again,) = [one for one in found.rows if one.trial == row["trial"]]
    assert again.metrics["right"] != row["metrics"]["right"]
