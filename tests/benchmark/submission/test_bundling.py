"""What goes into a bundle, and what does not."""

from __future__ import annotations

import getpass
import json
import platform
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.results.store import Store
from benchmark.results.trial import Limits
from benchmark.running.planning.plan import plan
from benchmark.submission.bundle.bundling import Submission, make_bundle
from benchmark.submission.bundle.privacy import make_scrub, traces
from generator.errors import SpecError
from solvers.reference import parse_reference
from solvers.source import digest_of_source

if TYPE_CHECKING:
    from benchmark.submission.suiting import Ground


def work_of(ground: Ground, solver: str, **texts: Any) -> Submission:
    cells = plan(tuple(ground.loaded.values()), (parse_reference(solver),), (0, 1), ground.suite.limits)
    return Submission(ground.suite, cells, **texts)


def files_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_holds_everything_with_digests(made: Any, ground: Ground) -> None:
    files = files_of(made.bundle)
    manifest = json.loads(files["bundle.json"])
    assert set(manifest["files"]) == set(files) - {"bundle.json"}
    assert sum(name.startswith("raw/") for name in files) == 8
    assert {name for name in files if name.startswith("source/")} == {"source/mixed.py", "source/mixed_helper.py"}
    assert files["source/mixed.py"] == made.solver.read_bytes()
    assert manifest["suite"]["digest"] == ground.suite.digest
    assert manifest["solver"]["sources"] == {"toy": digest_of_source(made.solver)}
    (session,) = [json.loads(files[name]) for name in files if name.startswith("sessions/")]
    assert session["cpu"]
    assert {"python", "torch", "numpy", "scipy", "netjigsaw"} <= session["versions"].keys()
    assert {"cores", "threads", "blas", "system", "commit"} <= session.keys()
    raw = json.loads(files[f"raw/{json.loads(files['rows.jsonl'].splitlines()[0])['trial']}.json"])
    assert len(raw["reports"]) == 1


def test_no_names_of_people_machines_and_folders(made: Any) -> None:
    assert Store(made.store).rows()[0].solver.startswith("/")
    assert Store(made.store).rows()[0].origin == "author/mixed.py"
    for name, content in files_of(made.bundle).items():
        text = content.decode()
        assert not (name == "rows.jsonl" and "origin" in text)
        for secret in (str(made.solver.parent), str(Path.home()), str(Path.cwd()), platform.node(), "printed\\n"):
            assert secret not in text, (name, secret)


def test_the_same_store_gives_the_same_bytes(made: Any, ground: Ground, tmp_path: Path) -> None:
    work = work_of(ground, f"{made.solver}:Mixed", author="Ada", with_source=True)
    make_bundle(Store(made.store), work, tmp_path / "again.njz")
    assert (tmp_path / "again.njz").read_bytes() == made.bundle.read_bytes()


def test_a_store_that_lacks_cells(made: Any, ground: Ground, tmp_path: Path) -> None:
    work = work_of(ground, f"{made.solver}:Mixed[extra=1]")
    with pytest.raises(SpecError, match=r"lacks 8 of the 8 trials of .*extra=1\] on suite toys \(first t0, seed 0\)"):
        make_bundle(Store(made.store), work, tmp_path / "x.njz")
    assert not list(tmp_path.glob("*.njz"))


def test_other_limits_are_other_trials(made: Any, ground: Ground, tmp_path: Path) -> None:
    reference = parse_reference(f"{made.solver}:Mixed")
    cells = plan(tuple(ground.loaded.values()), (reference,), (0, 1), Limits(wall_s=600))
    with pytest.raises(SpecError, match="lacks 8 of the 8"):
        make_bundle(Store(made.store), Submission(ground.suite, cells), tmp_path / "x.njz")


def test_scrubbing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "people" / "grace"
    (home / "code").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(getpass, "getuser", lambda: "hopper")
    monkeypatch.setattr(platform, "node", lambda: "mark1.navy.example")
    monkeypatch.chdir(home / "code")
    scrub = make_scrub(Path("/opt/solvers"))
    assert scrub(f"no file {home}/code/a.py") == "no file ./a.py"
    assert scrub(f"{home}/data and {home}") == "~/data and ~"
    assert scrub("/opt/solvers/b.py, /opt/solvers-2/c.py") == "./b.py, /opt/solvers-2/c.py"
    assert scrub("/home/ada/x, /Users/ada/y") == "~/x, ~/y"
    assert scrub("hopper on mark1.navy.example") == "user on host"
    assert scrub("grasshopper, gracefully") == "grasshopper, gracefully"
    assert traces("fine\n# by hopper\n", scrub) == [2]
