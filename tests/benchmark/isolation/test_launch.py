"""The launcher: it ends with its parent's wish, and its servers leave nothing behind."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from benchmark.isolation.launch import Launcher
from benchmark.isolation.process_one import enter_as_process_one

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_S = 30


@pytest.mark.parametrize("namespaces", [False, True])
def test_a_server_whose_parent_was_killed_during_the_imports_leaves_no_folder(
    *, namespaces: bool, tmp_path: Path
) -> None:
    slot = tmp_path / "slot"
    (slot / "work").mkdir(parents=True)
    (slot / "dev").mkdir()
    with contextlib.closing(Launcher(1, ())) as launcher:
        mine, theirs = socket.socketpair()
        mine.close()
        with theirs:
            launcher.fork_server(theirs, slot, [], namespaces=namespaces)
        limit = time.monotonic() + LONGEST_S
        while slot.exists() and time.monotonic() < limit:
            time.sleep(0.02)
        assert not slot.exists()
        assert launcher.alive


def test_a_server_that_the_kernel_refuses_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise PermissionError("unshare: not permitted")

    monkeypatch.setattr("benchmark.isolation.process_one.enter_namespaces", refuse)
    slot = tmp_path / "slot"
    (slot / "work").mkdir(parents=True)
    mine, theirs = socket.socketpair()
    mine.close()
    with theirs, pytest.raises(ConnectionError):
        enter_as_process_one(theirs, slot, [])
    assert not slot.exists()


def test_closing_ends_a_launcher_that_still_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "module_that_never_ends.py").write_text("import time\ntime.sleep(600)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(psutil.Process().children())
    launcher = Launcher(1, ["module_that_never_ends"])
    assert len(set(psutil.Process().children()) - before) == 1
    assert list(tmp_path.glob("netjigsaw-*"))
    launcher.close()
    assert set(psutil.Process().children()) <= before
    assert not list(tmp_path.glob("netjigsaw-*"))
