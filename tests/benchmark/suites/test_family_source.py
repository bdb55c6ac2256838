"""The cache's key covers the source that makes a family's puzzles, and nothing else."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.suites import family_source
from benchmark.suites.cache import cached_path
from benchmark.suites.record import Recipe
from generator.errors import SpecError
from generator.family import registry
from generator.family.record import Family
from generator.family.registry import find_family
from generator.lazy import late
from generator.plugins import load_file

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBERS = itertools.count()

RECORD = """
from pydantic import BaseModel
from generator.family.pictures import Pictures
from generator.family import registry
from generator.family.record import Family
from generator.family.registry import register_family
from generator.lazy import late
from {name}_parts.spec import Spec

def score(view, answer, sealed): ...

register_family(Family(
    name="{name}", summary="", spec=Spec, presets={{}}, score=score, metrics=(),
    generate=late("{name}_parts.making:make"), solvers=("{name}_solver",),
    pictures=Pictures(facts=late("{name}_pictures:facts")),
))
"""
FILES = {
    "{name}_parts/__init__.py": "",
    "{name}_parts/spec.py": "from pydantic import BaseModel\n\nclass Spec(BaseModel):\n    size: int = 1\n",
    "{name}_parts/making.py": "from .training import train\nfrom generator.lazy import late\n"
    'draw = late("{name}_parts.drawing:draw")\n',
    "{name}_parts/training.py": "def train(): ...\n",
    "{name}_parts/drawing.py": "def draw(): ...\n",
    "{name}_solver.py": "class Solver: ...\n",
    "{name}_pictures.py": "def facts(): ...\n",
}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compute digests anew, and forget the families that a test registers."""
    monkeypatch.setattr(registry, "_FAMILIES", dict(registry._FAMILIES))
    family_source._digest.cache_clear()
    yield
    family_source._digest.cache_clear()


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[str]:
    """Write and register a family whose generator is a package of its own, named through `late`."""
    name, path = f"family{next(_NUMBERS)}", list(sys.path)
    for file, text in FILES.items():
        target = tmp_path / file.format(name=name)
        target.parent.mkdir(exist_ok=True)
        target.write_text(text.replace("{name}", name))
    (tmp_path / f"{name}.py").write_text(RECORD.format(name=name))
    load_file(tmp_path / f"{name}.py")
    yield name
    sys.path[:] = path


def path_of(name: str) -> Path:
    """Name the folder as a new process would."""
    family_source._digest.cache_clear()
    return cached_path(Recipe(name, find_family(name).spec(), 1))


@pytest.mark.parametrize("edited", ["spec", "making", "training", "drawing", "__init__"])
def test_editing_a_generating_module_of_a_plug_in_moves_its_puzzles(plugin: str, tmp_path: Path, edited: str) -> None:
    before = path_of(plugin)
    assert path_of(plugin) == before
    file = tmp_path / f"{plugin}_parts" / f"{edited}.py"
    file.write_text(file.read_text() + "\nEDITED = 1\n")
    assert path_of(plugin) != before
    assert f"{plugin}_parts.making" not in sys.modules


@pytest.mark.parametrize("edited", ["solver", "pictures"])
def test_editing_what_makes_no_puzzles_moves_nothing(plugin: str, tmp_path: Path, edited: str) -> None:
    before = path_of(plugin)
    file = tmp_path / f"{plugin}_{edited}.py"
    file.write_text('"""Another docstring."""\n' + file.read_text())
    assert path_of(plugin) == before


def test_a_family_in_one_file_counts_with_its_neighbours(tmp_path: Path) -> None:
    name = f"family{next(_NUMBERS)}"
    (tmp_path / f"{name}_helper.py").write_text("SIZE = 1\n")
    (tmp_path / f"{name}.py").write_text(
        f"from {name}_helper import SIZE\nfrom pydantic import BaseModel\n"
        "from netjigsaw import Family, register_family\n"
        "class Spec(BaseModel):\n    size: int = SIZE\n"
        "def make(spec, **_): ...\n"
        f'register_family(Family("{name}", "", Spec, {{}}, make, make, ()))\n'
    )
    path = list(sys.path)
    load_file(tmp_path / f"{name}.py")
    before = path_of(name)
    (tmp_path / f"{name}_helper.py").write_text("SIZE = 2\n")
    sys.path[:] = path
    assert path_of(name) != before
    files = {file.name for file in family_source.files_of_family(find_family(name))}
    assert {f"{name}.py", f"{name}_helper.py", "sealing.py"} <= files


@pytest.mark.parametrize(
    ("edited", "moves"),
    [
        ("reassembly/making/generate.py", True),
        ("reassembly/network/tasks.py", True),
        ("reassembly/spec.py", True),
        ("generator/training.py", True),
        ("puzzle/sealing.py", True),
        ("reassembly/record.py", False),
        ("solvers/reassembly/flagship/fast.py", False),
        ("reassembly/layout/janestreet.py", False),
    ],
)
def test_editing_a_built_in_generator_moves_its_puzzles(
    monkeypatch: pytest.MonkeyPatch, edited: str, *, moves: bool
) -> None:
    before = path_of("reassembly")

    def read(path: Path) -> bytes:
        return path.read_bytes() + (b"\nEDITED = 1\n" if path.as_posix().endswith(edited) else b"")

    monkeypatch.setattr(family_source, "_read", read)
    assert (path_of("reassembly") != before) is moves


def test_the_digest_is_computed_once_per_process(monkeypatch: pytest.MonkeyPatch) -> None:
    family = find_family("reassembly")
    reads: list[Path] = []

    def read(path: Path) -> bytes:
        reads.append(path)
        return path.read_bytes()

    monkeypatch.setattr(family_source, "_read", read)
    first = family_source.digest_of_family(family)
    count = len(reads)
    assert count
    assert family_source.digest_of_family(family) == first
    assert len(reads) == count


def test_installed_libraries_are_not_read() -> None:
    home = Path(family_source.__file__).parents[2]
    files = family_source.files_of_family(find_family("reassembly"))
    assert files
    assert all(file.is_relative_to(home / "generator") for file in files)


def test_a_module_that_is_not_there_is_named() -> None:
    spec = find_family("reassembly").spec
    family = Family("lost", "", spec, {}, late("no_such_package.making:make"), late("x:y"), ())
    with pytest.raises(SpecError, match=r"family 'lost': late\(\) names module 'no_such_package\.making'"):
        family_source.digest_of_family(family)
