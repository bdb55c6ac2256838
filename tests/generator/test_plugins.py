from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from generator.errors import PluginError, SpecError
from generator.family.record import Family
from generator.family.registry import families, find_family, register_family
from generator.lazy import late
from generator.plugins import describe_failure, load_file, load_object, load_plugin
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _tidy() -> Iterator[None]:
    """Give search path and modules back as they were."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_imported_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.py", "things = []\n")
    first = load_file(path)
    first.things.append(1)
    (tmp_path / "sub").mkdir()
    assert load_file(tmp_path / "sub" / ".." / "a.py") is first
    assert load_object(path, "things") == [1]


def test_two_files_of_one_name_are_two_modules(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "a.py", f"who = {name!r}\n")
    assert [load_file(tmp_path / name / "a.py").who for name in ("x", "y")] == ["x", "y"]


def test_a_file_imports_its_neighbours_without_replacing_other_modules(tmp_path: Path) -> None:
    write(tmp_path / "neighbour_of_a.py", "value = 5\n")
    write(tmp_path / "generator.py", "raise RuntimeError('the wrong generator')\n")
    path = write(tmp_path / "a.py", "import neighbour_of_a, generator.errors\nvalue = neighbour_of_a.value\n")
    assert load_file(path).value == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("def f(:\n", "SyntaxError"),
        ("import a_module_that_is_not_there\n", "ModuleNotFoundError"),
        ("import sys\nsys.exit('enough')\n", "SystemExit: enough"),
        ("raise ValueError('two\\nlines')\n", "ValueError: two lines"),
        ("raise KeyError\n", "KeyError"),
        ("raise BaseException('bare')\n", "BaseException: bare"),
    ],
)
def test_a_file_that_fails_to_import_is_one_line_each_time(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "a.py", text)
    for _ in range(2):
        with pytest.raises(PluginError) as caught:
            load_plugin(str(path))
        assert str(caught.value).startswith(f"{path} failed to import: {message}")
        assert "\n" not in str(caught.value)


def test_an_interrupt_passes(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        load_file(write(tmp_path / "a.py", "raise KeyboardInterrupt\n"))


def test_what_is_no_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="no Python file at"):
        load_plugin(str(tmp_path / "nowhere.py"))
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(PluginError, match="no Python file at"):
        load_plugin(str(tmp_path / "folder.py"))
    with pytest.raises(PluginError, match="is not a Python file"):
        load_file(write(tmp_path / "a.txt", ""))


@pytest.mark.parametrize("name", ["no_such_module_at_all", "json.nothing", "", ".relative"])
def test_a_module_that_is_not_there_is_one_line(name: str) -> None:
    with pytest.raises(PluginError, match="failed to import"):
        load_plugin(name)


def test_a_module_that_exits_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "module_that_exits.py", "raise SystemExit(0)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError, match="SystemExit: 0"):
        load_plugin("module_that_exits")


def test_a_missing_object_suggests_others(tmp_path: Path) -> None:
    path = write(tmp_path / "a.py", "class Solver: pass\n_hidden = 1\n")
    with pytest.raises(PluginError, match="has no 'Sovler'; did you mean Solver"):
        load_object(path, "Sovler")


def test_suggestions() -> None:
    assert did_you_mean("park", ["parc", "flagship"]) == "; did you mean parc?"
    assert did_you_mean("zzz", ["b", "a"]) == "; known: a, b"
    assert did_you_mean("zzz", []) == "; known: none"


def test_failures_are_described_in_one_line() -> None:
    assert describe_failure(ValueError("a\n  b")) == "ValueError: a b"
    assert describe_failure(ValueError()) == "ValueError"


def test_late_functions_are_imported_at_their_first_call() -> None:
    function = late("json:dumps")
    assert function([1], indent=None) == "[1]"
    assert function.__name__ == "dumps"
    missing = late("no_such_module:f")
    with pytest.raises(ModuleNotFoundError):
        missing()


def test_a_family_s_name_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.family.registry._FAMILIES", {})
    monkeypatch.setattr("generator.family.registry.BUILT_IN", ())
    family = Family(name="f", summary="", spec=None, presets={}, generate=None, score=None, metrics=())  # type: ignore[arg-type]  # unused
    assert register_family(family) is family
    assert register_family(family) is family
    with pytest.raises(PluginError, match="registered already"):
        register_family(Family(**{**vars(family), "summary": "another"}))
    assert families() == (family,)
    assert find_family("f") is family
    with pytest.raises(SpecError, match="no puzzle family 'g'; known: f"):
        find_family("g")
