from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmark.results.outcome import Outcome, Report
from benchmark.results.session import describe_session
from benchmark.results.store import Store, Writer
from benchmark.results.trial import Limits, Row, Status
from generator.errors import StorageError
from generator.puzzle.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator


def row(trial: str, session: str = "s", status: Status = Status.SOLVED) -> Row:
    return Row(
        trial=trial,
        session=session,
        puzzle="p" * 64,
        puzzle_name="toy",
        family="toy",
        solver="exact",
        source="0",
        seed=0,
        limits=Limits(),
        status=status,
    )


def open_writer(folder: Path) -> Writer:
    return Writer(folder, describe_session(jobs=1, threads=1, isolation="none"))


def test_rows_come_back_as_written(tmp_path: Path) -> None:
    with open_writer(tmp_path) as writer:
        for trial in "abc":
            writer.append(row(trial))
    assert Store(tmp_path).rows() == [row("a"), row("b"), row("c")]
    assert Store(tmp_path / "nowhere").rows() == []


def test_remarks_are_written_only_where_there_are_any(tmp_path: Path) -> None:
    told = row("b").model_copy(update={"uncovered": "the command runs docker", "beside": "pieces/ lies beside s.py"})
    with open_writer(tmp_path) as writer:
        writer.append(row("a"))
        writer.append(told)
    assert Store(tmp_path).rows() == [row("a"), told]
    (path,) = tmp_path.glob("rows-*.jsonl")
    plain, remarked = map(json.loads, path.read_text().splitlines())
    assert remarked.keys() - plain.keys() == {"uncovered", "beside"}  # versions without the fields read the first row


def test_two_sessions_share_a_folder_and_the_later_row_counts(tmp_path: Path) -> None:
    with open_writer(tmp_path) as first, open_writer(tmp_path) as second:
        first.append(row("a"))
        second.append(row("b"))
        second.append(row("a", status=Status.PARTIAL))
        first.append(row("c"))
    found = {found.trial: found.status for found in Store(tmp_path).rows()}
    assert found == {"a": Status.PARTIAL, "b": Status.SOLVED, "c": Status.SOLVED}
    assert len(Store(tmp_path).sessions()) == 2


def test_a_row_that_the_disk_refuses_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_writer(tmp_path) as writer:
        writer.append(row("a"))
        with monkeypatch.context() as patch:
            patch.setattr("benchmark.results.store.os.fsync", _refuse)
            with pytest.raises(StorageError, match="No space left on device"):
                writer.append(row("b"))
        (path,) = tmp_path.glob("rows-*.jsonl")
        assert path.read_bytes().count(b"\n") == 1  # not even a whole line of a row that was reported as lost
        writer.append(row("c"))
    assert [found.trial for found in Store(tmp_path).rows()] == ["a", "c"]


def _refuse(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("kept", [0, 1, 50])
def test_a_torn_last_line_is_passed_over(tmp_path: Path, kept: int) -> None:
    with open_writer(tmp_path) as writer:
        writer.append(row("a"))
        writer.append(row("b"))
    (path,) = tmp_path.glob("rows-*")
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:kept])
    assert Store(tmp_path).rows() == [row("a")]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    with open_writer(tmp_path) as writer:
        writer.append(row("a"))
    (path,) = tmp_path.glob("rows-*")
    path.write_bytes(b'{"half": \n' + path.read_bytes())
    with pytest.raises(StorageError, match=r"rows-.*line 1 is damaged"):
        Store(tmp_path).rows()


@pytest.mark.parametrize("joined", [b"%b,%b\n", b"%b %b\n", b"\n%b\n%b\n", b"[%b,\n%b]\n"])
def test_lines_are_read_one_by_one_whatever_they_would_be_together(tmp_path: Path, joined: bytes) -> None:
    lines = [one.model_dump_json().encode() for one in (row("a"), row("b"))]
    (tmp_path / "rows-x.jsonl").write_bytes(joined % tuple(lines))
    with pytest.raises(StorageError, match=r"rows-x.jsonl, line 1 is damaged: .*; remove that line"):
        list(Store(tmp_path).lines())


def test_a_store_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "rows-x.jsonl").mkdir()
    with pytest.raises(StorageError, match=r"cannot read .*rows-x\.jsonl: Is a directory"):
        Store(tmp_path).rows()


def test_a_folder_that_may_not_be_read_is_not_an_empty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file is not a folder; name another folder"):
        Store(tmp_path / "file").rows()

    def refuse(folder: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", refuse)
    for read in (Store(tmp_path).rows, Store(tmp_path).sessions, Store(tmp_path).manifests):
        with pytest.raises(StorageError, match=r"cannot read .*: Permission denied"):
            read()


def test_what_a_trial_left_comes_back(tmp_path: Path) -> None:
    weights = {"w": np.arange(4, dtype=np.float32)}
    outcome = Outcome(
        status=Status.TIMEOUT,
        reason="slow",
        answer=Answer([1, 2], certified=True, arrays=weights, note="so"),
        reports=(Report(0.5, Answer({"a": [1.5, None]}, arrays={"w": weights["w"] + 1})), Report(0.7, Answer("x"))),
        log=("one",),
        output="text\n",
    )
    with open_writer(tmp_path) as writer:
        writer.keep_outcome("t", outcome)
    session = next(iter(Store(tmp_path).sessions()))
    found = Store(tmp_path).outcome(row("t", session))
    assert found is not None
    assert found.answer is not None
    assert np.array_equal(found.answer.arrays["w"], weights["w"])
    assert found.answer.value == [1, 2]
    assert found.answer.certified
    assert np.array_equal(found.reports[0].answer.arrays["w"], weights["w"] + 1)
    assert [(report.time_s, report.answer.value) for report in found.reports] == [(0.5, {"a": [1.5, None]}), (0.7, "x")]
    assert (found.log, found.output, found.reason) == (("one",), "text\n", "slow")
    assert Store(tmp_path).outcome(row("other", session)) is None


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_descriptor: int) -> None:
        raise KeyboardInterrupt

    def fill_up(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with open_writer(tmp_path) as writer:
        for failure, error in ((fill_up, StorageError), (interrupt, KeyboardInterrupt)):
            monkeypatch.setattr(os, "fsync", failure)
            with pytest.raises(error):
                writer.keep_outcome("t", Outcome(Status.CRASHED))
            monkeypatch.undo()
            assert list((tmp_path / "raw").iterdir()) == []


def test_the_folder_is_synced_after_a_file_got_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        sync(descriptor)

    with open_writer(tmp_path) as writer:
        monkeypatch.setattr(os, "fsync", note)
        writer.keep_outcome("t", Outcome(Status.CRASHED))
    assert len(synced) == 2
    assert synced[0].endswith(".part")
    assert synced[1] == "raw"


def test_a_session_describes_the_machine() -> None:
    session = describe_session(jobs=2, threads=3, isolation="namespaces", plugins=("x.py",))
    assert session.versions["python"].startswith("3.")
    assert set(session.versions) == {"netjigsaw", "python", "torch", "numpy", "scipy", "safetensors"}
    assert session.cores >= 1
    assert session.memory_mib > 100
    assert session.cpu
    assert "unknown" not in session.blas


def test_a_row_without_an_origin_is_written_and_read_as_before(tmp_path: Path) -> None:
    assert "origin" not in row("a").model_dump(mode="json")
    held = row("b").model_copy(update={"origin": "a/m.py"})
    with open_writer(tmp_path) as writer:
        writer.append(row("a"))
        writer.append(held)
    lines = next(tmp_path.glob("rows-*.jsonl")).read_text(encoding="utf-8").splitlines()
    assert [("origin" in line) for line in lines] == [False, True]
    assert Store(tmp_path).rows() == [row("a"), held]
