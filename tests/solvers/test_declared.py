"""The declarations read from the source equal the entries that the imported solvers make."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from generator.errors import PluginError
from generator.family.registry import built_in_families
from solvers import declared, registry
from solvers.declared import declared_solvers
from solvers.entry import make_entry
from solvers.registry import list_solvers

if TYPE_CHECKING:
    from pathlib import Path

DECLARED = [entry for family in built_in_families() for entry in declared_solvers(family.solvers)]


def test_every_solver_that_an_import_registers_is_declared() -> None:
    for family in built_in_families():
        for name in family.solvers:
            for module in declared._modules_in(name):
                import_module(module)
    ours = {key for key, entry in registry._REGISTERED.items() if entry.origin.startswith("solvers/")}
    assert ours == {(entry.family, entry.name) for entry in DECLARED}
    assert ours


@pytest.mark.parametrize("entry", DECLARED, ids=lambda entry: entry.name)
def test_a_declaration_equals_the_entry_of_the_imported_class(entry: registry.SolverEntry) -> None:
    imported = getattr(import_module(entry.module), entry.factory.target.partition(":")[2])  # type: ignore[union-attr]
    made = make_entry(imported, name=entry.name, family=entry.family, source=entry.source)
    for field in ("summary", "source", "origin", "parameters"):
        assert getattr(entry, field) == getattr(made, field), field


def test_listing_solvers_imports_no_torch() -> None:
    code = "import sys; from solvers.registry import list_solvers; assert list_solvers(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_every_declared_solver_is_listed_once() -> None:
    names = [(entry.family, entry.name) for entry in list_solvers() if entry.built_in]
    assert sorted(names) == sorted({(entry.family, entry.name) for entry in DECLARED})


def test_a_default_that_is_no_literal_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd.py").write_text(
        '@register(family="f", name="odd")\nclass Odd:\n    """Odd."""\n\n    rows: int = len("abc")\n'
    )
    monkeypatch.setattr(declared, "HOME", tmp_path)
    with pytest.raises(PluginError, match=r"odd\.py:2: Odd is not declared with literals"):
        declared_solvers(("odd",))
