"""How solvers are named, found and made."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import NetjigsawError, PluginError, SpecError
from solvers import registry
from solvers.api import Context
from solvers.reference import Reference, parse_reference
from solvers.registry import SolverEntry, build_solver, find_solver, list_solvers, register, source_digest
from solvers.source import digest_of_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
WORDS = st.from_regex(r"[a-z]{2,8}_x", fullmatch=True)
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS


@given(target=NAMES, parameters=st.dictionaries(KEYS, VALUES, max_size=4))
def test_a_label_is_read_back(target: str, parameters: dict[str, Any]) -> None:
    reference = Reference(target, None, parameters)
    again = parse_reference(reference.label)
    assert again == reference
    assert {key: type(value) for key, value in again.parameters.items()} == {
        key: type(value) for key, value in parameters.items()
    }


@given(text=st.text(max_size=30))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        parse_reference(text)
    except NetjigsawError as error:
        message = str(error)
    else:
        message = ""
    assert "\n" not in message or "\n" in text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("park", Reference("park")),
        (" park ", Reference("park")),
        ("reassembly/park", Reference("park", "reassembly")),
        ("park[]", Reference("park")),
        ("park[a=1, b = x]", Reference("park", None, {"a": 1, "b": "x"})),
        ("park [a=true,b=None,c='5',d=-1e-3]", Reference("park", None, {"a": True, "b": None, "c": "5", "d": -1e-3})),
        ("dir/file.py:Name[a=1]", Reference("dir/file.py:Name", None, {"a": 1})),
        ("/abs/file.py:Name", Reference("/abs/file.py:Name")),
        ("park[a=b=c]", Reference("park", None, {"a": "b=c"})),
    ],
)
def test_forms(text: str, wanted: Reference) -> None:
    assert parse_reference(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "[a=1]",
        "park[a=1",
        "park]a",
        "park[a]",
        "park[1=2]",
        "park[a=1,a=2]",
        "park[a=1e999]",
        "park[a=-1e999]",
        r"park[a='\ud800']",
        "m\udcc3.py:M",
    ],
)
def test_senseless_names_are_refused(text: str) -> None:
    with pytest.raises(SpecError):
        parse_reference(text)


@pytest.fixture
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_REGISTERED", {})
    monkeypatch.setattr("generator.family.registry.BUILT_IN", ())
    monkeypatch.setattr(metadata, "entry_points", lambda **_: ())
    registry._plugged_in.cache_clear()
    yield
    registry._plugged_in.cache_clear()


@dataclass(frozen=True)
class Careful:
    """Look twice.

    More text.
    """

    window: int = 8
    share: float = 0.5
    deep: bool = False
    word: str = "a"
    limit: int | None = None

    def solve(self, puzzle: Any, context: Context) -> Any:
        """Say what it was given."""
        return [puzzle, context.seed, self.window]


@pytest.mark.usefixtures("_own_registry")
def test_a_registered_solver_is_found_and_made() -> None:
    register(family="reassembly", name="careful", source="A paper")(Careful)
    (entry,) = list_solvers("reassembly")
    assert (entry.name, entry.family, entry.summary, entry.source) == (
        "careful",
        "reassembly",
        "Look twice.",
        "A paper",
    )
    assert entry.parameters == {"window": 8, "share": 0.5, "deep": False, "word": "a", "limit": None}
    assert "test_references.py:" in entry.origin
    solver = build_solver(find_solver(parse_reference("careful"), "reassembly"), {"window": 3, "share": 1})
    assert solver.solve(None, Context(seed=4)) == [None, 4, 3]
    assert list_solvers("modular") == ()


@pytest.mark.usefixtures("_own_registry")
def test_a_name_is_taken_once() -> None:
    register(family="reassembly", name="careful")(Careful)
    register(family="reassembly", name="careful")(Careful)
    with pytest.raises(PluginError, match="registered already"):
        register(family="reassembly", name="careful")(type("Other", (), {"solve": None}))


@pytest.mark.usefixtures("_own_registry")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("carefull", "did you mean careful?"),
        ("zzz", "known: careful"),
        ("modular/careful", "does not solve reassembly puzzles"),
        ("careful[windwo=1]", "no parameter 'windwo'; did you mean window?"),
        ("careful[window=x]", "takes a int, not 'x'"),
        ("careful[window=1.5]", "takes a int, not 1.5"),
        ("careful[window=true]", "takes a int, not True"),
        ("careful[share=true]", "takes a float, not True"),
        ("careful[deep=1]", "takes a bool, not 1"),
        ("careful[word=1]", "takes a str, not 1"),
    ],
)
def test_wrong_names_and_parameters_are_one_line(text: str, message: str) -> None:
    register(family="reassembly", name="careful")(Careful)
    reference = parse_reference(text)

    def make() -> None:
        build_solver(find_solver(reference, "reassembly"), reference.parameters)

    with pytest.raises(SpecError) as caught:
        make()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


FILE = '''
class Solver:
    """Solve from a file."""
    def __init__(self, window: int = 8): self.window = window
    def solve(self, puzzle, context): return self.window

class Modular:
    family = "modular"
    def solve(self, puzzle, context): return 1

class NoSolver: pass

class Raises:
    def __init__(self): raise ValueError("no")

def function(puzzle, context):
    """Solve by a function."""
    return 7

builtin = max
number = 3
'''


@pytest.mark.usefixtures("_own_registry")
def test_solvers_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(FILE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def make(text: str) -> Any:
        reference = parse_reference(text)
        return build_solver(find_solver(reference, "reassembly"), reference.parameters)

    assert make("mine.py:Solver").solve(None, Context()) == 8
    assert make(f"{tmp_path}/mine.py:Solver[window=3]").solve(None, Context()) == 3
    assert make("mine.py:function").solve(None, Context()) == 7
    entry = find_solver(parse_reference("mine.py:function"), "reassembly")
    assert entry.summary == "Solve by a function."
    assert source_digest(entry) == source_digest(find_solver(parse_reference("mine.py:Solver"), "reassembly"))
    for text, error, message in (
        ("mine.py:Solvre", PluginError, "did you mean Solver"),
        ("mine.py:Modular", SpecError, "is for modular puzzles"),
        ("mine.py:NoSolver", PluginError, "has no method solve"),
        ("mine.py:Raises", PluginError, "ValueError: no"),
        ("mine.py:number", PluginError, "neither a class nor a function"),
        ("mine.py:builtin", PluginError, "could not be made"),
        ("mine.py:Solver[window=x]", SpecError, "takes a int"),
        ("nowhere.py:Solver", PluginError, "no Python file at"),
    ):
        with pytest.raises(error) as caught:
            make(text)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


class Point(metadata.EntryPoint):
    """An entry point of no installed package."""

    dist = None


@pytest.mark.usefixtures("_own_registry")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise ImportError('numba is missing')", "ImportError: numba is missing"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("x = 1", "AttributeError"),
        ("Solver = 1", "PluginError: 'theirs' is neither a class nor a function"),
    ],
)
def test_an_entry_point_that_fails_stays_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, reason: str
) -> None:
    module = f"their_solver_{abs(hash(text))}"
    (tmp_path / f"{module}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    point = Point("theirs", f"{module}:Solver", registry.ENTRY_POINTS)
    monkeypatch.setattr(metadata, "entry_points", lambda **_: (point,))
    registry._plugged_in.cache_clear()
    (entry,) = list_solvers("reassembly")
    assert (entry.name, entry.family, entry.factory) == ("theirs", None, None)
    assert entry.error.startswith(reason)
    with pytest.raises(PluginError, match="'theirs' is unavailable: "):
        build_solver(entry, {})


@pytest.mark.usefixtures("_own_registry")
def test_an_entry_point_that_works_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "their_working_solver.py").write_text(FILE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    point = Point("theirs", "their_working_solver:Solver", registry.ENTRY_POINTS)
    monkeypatch.setattr(metadata, "entry_points", lambda **_: (point,))
    registry._plugged_in.cache_clear()
    entry = find_solver(parse_reference("theirs"), "reassembly")
    assert build_solver(entry, {"window": 2}).solve(None, Context()) == 2
    assert entry.summary == "Solve from a file."


@pytest.mark.usefixtures("_own_registry")
def test_packages_of_one_solver_name_are_unavailable_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("package_a", "package_b"):
        (tmp_path / f"{name}.py").write_text(FILE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    register(family="reassembly", name="careful")(Careful)
    named = (("theirs", "package_a"), ("theirs", "package_b"), ("careful", "package_a"), ("alone", "package_a"))
    points = tuple(Point(name, f"{module}:Solver", registry.ENTRY_POINTS) for name, module in named)
    monkeypatch.setattr(metadata, "entry_points", lambda **_: points)
    registry._plugged_in.cache_clear()
    found = {(entry.name, entry.package): entry for entry in list_solvers("reassembly")}
    assert len(found) == 5
    assert found["careful", ""].factory is Careful
    assert found["alone", "package_a"].factory is not None
    for package, other in (("package_a", "package_b"), ("package_b", "package_a")):
        entry = found["theirs", package]
        assert entry.factory is None
        assert entry.error == f"{other}:Solver has a solver of the same name; uninstall {package} or rename its solver"
    assert found["careful", "package_a"].factory is None
    with pytest.raises(PluginError, match=r"'theirs' is unavailable: .* has a solver of the same name"):
        build_solver(find_solver(parse_reference("theirs"), "reassembly"), {})


def test_the_source_digest_follows_what_a_solver_imports(tmp_path: Path) -> None:
    entries = {entry.name: entry for entry in list_solvers("reassembly")}
    assert source_digest(entries["park"]) == source_digest(entries["park-frobenius"])  # one file
    assert source_digest(entries["park"]) != source_digest(entries["adjoint"])
    assert source_digest(SolverEntry("gone", None, None, error="why")) != source_digest(entries["park"])

    (tmp_path / "other.py").write_text("")
    (tmp_path / "tools.py").write_text("import torch\n")
    (tmp_path / "mine.py").write_text("from solvers.reassembly import pairing\nimport tools\n")
    before = digest_of_source(tmp_path / "mine.py")
    (tmp_path / "other.py").write_text("changed = 1\n")
    assert digest_of_source(tmp_path / "mine.py") == before
    (tmp_path / "tools.py").write_text("import torch  # changed\n")
    assert digest_of_source(tmp_path / "mine.py") != before
