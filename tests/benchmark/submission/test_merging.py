"""Bundles and a store in one table."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmark.results.store import Store
from benchmark.submission.merging import merge
from leaderboard.page.make import make_page
from leaderboard.ranking.frame import frame_of
from leaderboard.ranking.machines import with_machines
from leaderboard.ranking.planned import with_plan
from leaderboard.ranking.rank import rank_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmark.submission.merging import Merged
    from benchmark.submission.suiting import Ground
    from benchmark.submission.verifying import Verification

    Check = Callable[[Path], Verification]


def rank(merged: Merged) -> Any:
    frame = with_plan(frame_of(merged.rows, details=True), merged.sessions.values())
    (ranking,) = rank_frame(with_machines(frame, merged.sessions))
    return ranking


def test_rows_are_marked_by_origin(made: Any, forger: Any, check: Check, ground: Ground) -> None:
    forger.manifest["author"] = None
    anonymous = check(forger.write())
    merged = merge([check(made.bundle), anonymous], Store(made.store), ground)
    assert merged.left_out == 0
    ranking = rank(merged)
    names = {standing.solver for standing in ranking.standings}
    local = Store(made.store).rows()[0].solver
    assert names == {"Ada/mixed.py:Mixed", f"anonymous-{anonymous.sha256[:8]}/mixed.py:Mixed", local}
    assert {standing.solved for standing in ranking.standings} == {4}
    assert not any(standing.provisional for standing in ranking.standings)


def test_two_bundles_of_one_name_are_told_apart(made: Any, check: Check, ground: Ground) -> None:
    first = check(made.bundle)
    rows = tuple(row.model_copy(update={"source": "f" * 16, "origin": "forged/place.py"}) for row in first.rows)
    second = replace(first, sha256="2" * 64, rows=rows)
    ranking = rank(merge([first, second], None, ground))
    label = "Ada/mixed.py:Mixed"
    assert {standing.solver for standing in ranking.standings} == {
        f"{label} (bundle {first.sha256[:8]})",
        f"{label} (bundle 22222222)",
    }
    assert {standing.solved for standing in ranking.standings} == {4}
    same = replace(second, rows=first.rows)
    assert [standing.solver for standing in rank(merge([first, same], None, ground)).standings] == [label]


def test_times_of_several_machines_are_marked(made: Any, forger: Any, check: Check, ground: Ground) -> None:
    alone = rank(merge([check(made.bundle)], None, ground))
    assert not any("machines" in note for note in alone.notes)
    forger.manifest["author"] = "Bob"
    session = forger.rows[0]["session"]
    other = session[:-8] + "0" * 8

    def rename(held: dict[str, Any]) -> None:
        held["id"], held["cpu"] = other, "Another"

    forger.session(rename)
    forger.files[f"sessions/{other}.json"] = forger.files.pop(f"sessions/{session}.json")
    for row in forger.rows:
        row["session"] = other
        forger.raw(row, lambda raw: raw.update(session=other))
    bob = check(forger.write())
    assert bob.verified, [finding.line for finding in bob.findings]
    both = rank(merge([check(made.bundle), bob], None, ground))
    assert "Times were measured on up to 2 machines, so the times of two solvers may not be comparable." in both.notes


def test_the_numbers_are_those_found_here(forger: Any, check: Check, ground: Ground) -> None:
    """A difference that passes for rounding does not reach the table."""
    row = forger.find("partial")
    true = row["metrics"]["right"]
    row["metrics"]["right"] = true * (1 + 5e-5)
    merged = merge([check(forger.write())], None, ground)
    (found,) = [one for one in merged.rows if one.puzzle == row["puzzle"] and one.seed == row["seed"]]
    assert found.metrics["right"] == true


def test_a_bundles_own_plan_does_not_count(forger: Any, check: Check, ground: Ground) -> None:
    """A plan of cells that nobody else has would make all others provisional."""
    made_up = {"name": "x", "digest": "f" * 64, "family": "toy"}
    use = {"name": "toys", "digest": ground.suite.digest, "seeds": [0, 1, 2, 3], "puzzles": [made_up]}
    forger.session(lambda session: session.update(suites=[use]))
    ranking = rank(merge([check(forger.write())], None, ground))
    assert ranking.cells == 8


def test_what_is_not_of_the_suite_is_left_out(made: Any, check: Check, ground: Ground, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    rows = [json.loads(row.model_dump_json()) for row in Store(made.store).rows()[:3]]
    rows[0]["puzzle"] = "e" * 64
    rows[1]["limits"]["wall_s"] = 500.0
    (store / "rows-x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    merged = merge([check(made.bundle)], Store(store), ground)
    assert (merged.left_out, len(merged.rows)) == (2, 9)


def test_text_from_a_bundle_is_text_on_the_page(forger: Any, check: Check, ground: Ground) -> None:
    attack = "</script><script>alert(1)</script>"
    row = forger.find("partial")
    row["reason"] = attack
    forger.raw(row, lambda raw: raw["answer"].update(note=attack))
    forger.session(lambda session: session.update(cpu=attack))
    found = check(forger.write())
    assert found.verified, [finding.line for finding in found.findings]
    merged = merge([found], None, ground)
    frame = with_plan(frame_of(merged.rows, details=True), merged.sessions.values())
    page = make_page(with_machines(frame, merged.sessions), merged.manifests, merged.sessions)
    assert "alert(1)" in page
    assert "<script>alert(1)" not in page
