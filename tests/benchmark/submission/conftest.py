"""A suite of toy puzzles, an honest bundle of a solver that solves half of them, and a forger."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.results.store import Store
from benchmark.running.planning.plan import plan
from benchmark.running.planning.request import RunRequest
from benchmark.running.runner import run
from benchmark.submission.bundle.bundling import Submission, make_bundle
from benchmark.submission.bundle.contents import open_bundle
from benchmark.submission.suiting import Ground, ground_of
from benchmark.submission.verifying import Verification, verify_bundle
from benchmark.suites.loading import find_target, load_target
from generator.plugins import load_file
from generator.puzzle.storage import save_answer, save_puzzle
from solvers.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Callable

TOY = Path(__file__).parents[1] / "toy.py"
MIXED = '''"""Solve a puzzle if its first key is even."""

from mixed_helper import sort_keys


class Mixed:
    """Report nothing sorted, then sort or not."""

    def __init__(self, extra: int = 0) -> None:
        self.extra = extra

    def solve(self, puzzle, context):
        context.report(list(range(len(puzzle))))
        context.log("sorting")
        print("printed")
        return sort_keys(puzzle) if puzzle[0] % 2 == 0 else list(range(len(puzzle)))
'''
HELPER = """def sort_keys(keys):
    return [int(place) for place in keys.argsort()]
"""
SEEDS = (0, 1, 2, 4)
"""Of puzzles whose first keys are 2, 5, 6 and 1: t0 and t2 are solved, t1 and t4 are not."""


@dataclass(frozen=True)
class Made:
    """Where the parts lie."""

    suite: Path
    solver: Path
    store: Path
    bundle: Path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Run the solver on the suite once for all tests."""
    home = tmp_path_factory.mktemp("submission")
    result = Made(home / "toys", home / "author" / "mixed.py", home / "store", home / "honest.njz")
    write_suite(result.suite)
    result.solver.parent.mkdir()
    result.solver.write_text(MIXED)
    result.solver.with_name("mixed_helper.py").write_text(HELPER)
    bundle_of(result.suite, f"{result.solver}:Mixed", result.store, result.bundle, author="Ada", with_source=True)
    return result


def write_suite(folder: Path, *, name: str = "toys", seeds: tuple[int, ...] = SEEDS, wall_s: int = 5) -> None:
    """Write a suite that comes with its puzzles and answers."""
    text = f'format = 1\nname = "{name}"\nseeds = 2\n[limits]\nwall_s = {wall_s}\n'
    for seed in seeds:
        one = load_file(TOY).make_toy(name=f"t{seed}", seed=seed)
        save_puzzle(one.puzzle, folder / "puzzles" / f"t{seed}")
        save_answer(one.sealed, folder / "puzzles" / "answers")
        text += f'[[puzzle]]\nname = "t{seed}"\nfamily = "toy"\ndigest = "{one.puzzle.digest}"\n'
    (folder / "suite.toml").write_text(text)


def bundle_of(suite: Path, solver: str, store: Path, out: Path, **texts: Any) -> str:
    """Run a solver on a suite and bundle it."""
    target = find_target(str(suite))
    loaded = load_target(target)
    ground = ground_of(target, loaded)
    request = RunRequest(
        puzzles=tuple(loaded),
        references=(parse_reference(solver),),
        results=store,
        seeds=tuple(range(ground.suite.seeds)),
        limits=ground.suite.limits,
        plugins=(str(TOY),),
        suites=(ground.use,),
    )
    run(request)
    cells = plan(request.puzzles, request.references, request.seeds, request.limits)
    return make_bundle(Store(store), Submission(ground.suite, cells, **texts), out)


@pytest.fixture(scope="session")
def ground(made: Made) -> Ground:
    """The suite as its maker has it."""
    target = find_target(str(made.suite))
    return ground_of(target, load_target(target))


class Forger:
    """Takes a bundle apart, lets files be edited, and puts it together again with digests that fit."""

    def __init__(self, bundle: Path, out: Path) -> None:
        self.out = out
        shutil.copy(bundle, out)
        with zipfile.ZipFile(out) as archive:
            self.files = {name: archive.read(name) for name in archive.namelist()}
        self.rows: list[dict[str, Any]] = [json.loads(line) for line in self.files["rows.jsonl"].splitlines()]
        self.manifest: dict[str, Any] = json.loads(self.files["bundle.json"])

    def find(self, status: str) -> dict[str, Any]:
        """Take the first row of a status."""
        return next(row for row in self.rows if row["status"] == status)

    def raw(self, row: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> None:
        """Edit a row's raw answer."""
        name = f"raw/{row['trial']}.json"
        held = json.loads(self.files[name])
        change(held)
        self.files[name] = json.dumps(held).encode()

    def session(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Edit the only session."""
        (name,) = [name for name in self.files if name.startswith("sessions/")]
        held = json.loads(self.files[name])
        change(held)
        self.files[name] = json.dumps(held).encode()

    def write(self, *, digests: bool = True) -> Path:
        """Write the bundle anew, by default with every digest as it must be."""
        self.files["rows.jsonl"] = "".join(json.dumps(row) + "\n" for row in self.rows).encode()
        if digests:
            names = sorted(self.files.keys() - {"bundle.json"})
            self.manifest["files"] = {name: hashlib.sha256(self.files[name]).hexdigest() for name in names}
        self.files["bundle.json"] = json.dumps(self.manifest).encode()
        with zipfile.ZipFile(self.out, "w") as archive:
            for name, content in self.files.items():
                archive.writestr(name, content)
        return self.out


@pytest.fixture
def forger(made: Made, tmp_path: Path) -> Forger:
    return Forger(made.bundle, tmp_path / "forged.njz")


@pytest.fixture
def check(ground: Ground) -> Callable[[Path], Verification]:
    """Verify a bundle on the suite here."""
    return lambda path: verify_bundle(open_bundle(path), ground)


@pytest.fixture
def lines(check: Callable[[Path], Verification]) -> Callable[[Path], list[str]]:
    """Verify a bundle that must not pass, and give what is said of it; nothing unverified may come out."""

    def call(path: Path) -> list[str]:
        found = check(path)
        assert found.findings
        assert not found.verified
        assert not found.rows
        return [finding.line for finding in found.findings]

    return call
