"""What holds for every file of the five packages: the direction of imports, public names, no global randomness."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ORDER = ("generator", "solvers", "benchmark", "leaderboard", "netjigsaw")
"""Each package may import those before it."""
MOST_MODULES = 13
"""A dozen and the package's `__init__`."""
FILES = [path for package in ORDER for path in sorted((ROOT / package).rglob("*.py"))]

files = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def dotted(node: ast.AST) -> str:
    """Write `a.b.c` of an expression that is one."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def imported(tree: ast.Module) -> list[str]:
    """List every imported module; those for type checking, and those named to import_module and `late`, too."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in {"import_module", "late"}:
            names += [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return names


def called_late(tree: ast.Module) -> list[str]:
    """List what is named to `late`."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and dotted(node.func) == "late")
    arguments = (arg for call in calls for arg in call.args if isinstance(arg, ast.Constant))
    return [arg.value for arg in arguments if isinstance(arg.value, str)]


@files
def test_imports_point_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    above = ORDER[ORDER.index(package) + 1 :]
    tree = parsed(path)
    named = called_late(tree) if path.name == "record.py" else []  # a family names what is higher
    wrong = [name for name in imported(tree) if name.partition(".")[0] in above and name not in named]
    assert not wrong, f"{package} knows nothing of {above}"
    assert not [name for name in imported(tree) if name.partition(".")[0] == "tests"]


def graph() -> dict[str, set[str]]:
    """Map every module to the modules of the suite that it imports, those for type checking included."""
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}
    edges: dict[str, set[str]] = {}
    for module, path in modules.items():
        tree = parsed(path)
        late = called_late(tree)
        reached = set()
        for name in imported(tree):
            if name not in late:
                whole = name if name in modules else name.rpartition(".")[0]
                reached |= {whole} & modules.keys() - {module}
        edges[module] = reached
    return edges


def circle(edges: dict[str, set[str]]) -> list[str]:
    """Find some nodes that lead back to the first of them; none where there is no circle."""
    done: set[str] = set()

    def walk(node: str, path: list[str]) -> list[str]:
        if node in path:
            return path[path.index(node) :]
        if node in done:
            return []
        for after in sorted(edges.get(node, set())):
            if found := walk(after, [*path, node]):
                return found
        done.add(node)
        return []

    return next((found for node in sorted(edges) if (found := walk(node, []))), [])


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circle(graph()) == []


ROOMS = (
    "generator",
    "generator.reassembly",
    "solvers",
    "solvers.reassembly",
    "benchmark",
    "benchmark.isolation",
    "leaderboard",
    "netjigsaw.cli",
)
"""Packages whose sub-packages must not import each other in a circle."""


@pytest.mark.parametrize("house", ROOMS)
def test_no_rooms_of_a_package_import_each_other_in_a_circle(house: str) -> None:
    depth = house.count(".") + 2
    rooms = {path.parent.name for path in ROOT.joinpath(*house.split(".")).glob("*/__init__.py")}

    def room(module: str) -> str:
        parts = module.split(".")
        inside = module.startswith(f"{house}.") and len(parts) >= depth and parts[depth - 1] in rooms
        return parts[depth - 1] if inside else ""

    edges: dict[str, set[str]] = {}
    for module, reached in graph().items():
        edges.setdefault(room(module), set()).update({room(one) for one in reached} - {room(module), ""})
    edges.pop("", None)  # the package's own files stand beside its rooms
    assert circle(edges) == []


def test_circles_are_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert circle({"a": {"b", "c"}, "b": {"c"}}) == []


def test_no_folder_holds_more_than_a_dozen_modules() -> None:
    counts = {folder: len(list(folder.glob("*.py"))) for folder in {path.parent for path in FILES}}
    crowded = {str(folder.relative_to(ROOT)): n for folder, n in counts.items() if n > MOST_MODULES}
    assert crowded == {}


def test_this_test_sees_every_kind_of_import() -> None:
    tree = ast.parse(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from benchmark.results.trial import Row\n"
        "def f():\n    import leaderboard.page as p\n"
        "late('solvers.api:Context')\nimportlib.import_module('netjigsaw')\n"
    )
    assert sorted(imported(tree)) == [
        "benchmark.results.trial.Row",
        "leaderboard.page",
        "netjigsaw",
        "solvers.api:Context",
        "typing.TYPE_CHECKING",
    ]


@files
def test_public_names_are_sorted_and_there(path: Path) -> None:
    tree = parsed(path)
    lists = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and [dotted(target) for target in node.targets] == ["__all__"]
    ]
    code = [node for node in tree.body if not isinstance(node, ast.Expr | ast.ImportFrom | ast.Import)]
    if not lists:
        assert path.name == "__init__.py" or not code, "a module says what is public"
        return
    (names,) = lists
    assert names == sorted(set(names), key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    module = path.relative_to(ROOT).with_suffix("")
    if module.name == "__main__" or path.stem == "worker":
        return  # importing these is not free of effects
    parts = module.parts[:-1] if module.name == "__init__" else module.parts
    loaded = importlib.import_module(".".join(parts))
    for name in names:
        assert hasattr(loaded, name), f"{name} is not in {module}"


@files
def test_annotations_are_never_evaluated(path: Path) -> None:
    tree = parsed(path)
    if any(not isinstance(node, ast.Expr) for node in tree.body):
        futures = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
        assert [alias.name for node in futures for alias in node.names] == ["annotations"]


ALLOWED_RANDOM = {
    "np.random.Generator",
    "np.random.SeedSequence",
    "np.random.default_rng",
    "numpy.random.Generator",
    "numpy.random.SeedSequence",
    "numpy.random.default_rng",
    "np.random.PCG64",
    "np.random",
    "numpy.random",
}
FORBIDDEN = {"torch.manual_seed", "torch.seed", "torch.cuda.manual_seed", "torch.cuda.manual_seed_all", "random.seed"}
DRAWS = {"rand", "randn", "randint", "randperm", "normal", "bernoulli", "multinomial", "orthogonal_"}
"""Functions of torch that draw from the global generator unless told another."""


def random_faults(tree: ast.Module) -> list[str]:
    """Find every use of a global generator."""
    faults = []
    for node in ast.walk(tree):
        name = dotted(node)
        if name in FORBIDDEN or (name.startswith(("np.random", "numpy.random")) and name not in ALLOWED_RANDOM):
            faults.append(name)
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [str(node.module)]
            own_state = isinstance(node, ast.ImportFrom) and [alias.name for alias in node.names] == ["Random"]
            faults += [f"import {module}" for module in modules if module == "random" and not own_state]
        if isinstance(node, ast.Call):
            function = dotted(node.func)
            told = {keyword.arg for keyword in node.keywords}
            if function.startswith("torch.") and function.rpartition(".")[2] in DRAWS and "generator" not in told:
                faults.append(function)
    return faults


@files
def test_no_randomness_is_global(path: Path) -> None:
    assert not random_faults(parsed(path))


@pytest.mark.parametrize(
    "line",
    [
        "torch.manual_seed(1)",
        "np.random.seed(1)",
        "np.random.rand(3)",
        "numpy.random.shuffle(x)",
        "random.seed(1)",
        "import random",
        "from random import choice",
        "torch.randn(3)",
        "torch.randperm(3, device='cpu')",
    ],
)
def test_global_randomness_would_be_seen(line: str) -> None:
    assert random_faults(ast.parse(line))
    assert not random_faults(ast.parse("np.random.default_rng(1).random(3); torch.randn(3, generator=g)"))
    assert not random_faults(ast.parse("from random import Random"))


def python(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["generate", "--help"], ["families"]])
def test_help_does_not_wait_for_torch(tmp_path: Path, arguments: list[str]) -> None:
    program = (
        "import sys; from netjigsaw.__main__ import run\n"
        f"code = run({arguments!r})\n"
        "heavy = sorted({'torch', 'scipy', 'pandas', 'matplotlib'} & sys.modules.keys())\n"
        "sys.exit(f'imported {heavy}' if heavy else code)\n"
    )
    done = python("-c", program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder of somebody who has modules of our names."""
    for package in ("solvers", "generator"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(f"raise RuntimeError('their {package}')\n", encoding="utf-8")
    for module in ("benchmark", "leaderboard"):
        (tmp_path / f"{module}.py").write_text(f"raise RuntimeError('their {module}')\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("through_path", [False, True])
@pytest.mark.parametrize("arguments", [["--version"], ["solvers"]])
def test_modules_of_our_names_do_no_harm(hostile: Path, arguments: list[str], *, through_path: bool) -> None:
    environment = {"PYTHONPATH": str(hostile)} if through_path else {}
    done = python("-m", "netjigsaw", *arguments, cwd=ROOT if through_path else hostile, **environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_modules_of_our_names_do_no_harm_in_other_processes(hostile: Path) -> None:
    small = ["--depth", "2", "--width", "3", "--hidden", "4", "--rows", "20", "--steps", "3"]
    command = ["-m", "netjigsaw", "generate", "reassembly", *small, "--count", "2", "--jobs", "2", "--seed", "1"]
    done = python(*command, "--out", "many", cwd=hostile)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_the_script_does_as_the_module_does(hostile: Path) -> None:
    script = Path(sys.executable).with_name("netjigsaw")
    for command in ([str(script)], [sys.executable, "-m", "netjigsaw"]):
        done = subprocess.run([*command, "--version"], cwd=hostile, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout == importlib.import_module("generator.version").__version__ + "\n"


def test_a_foreign_package_that_came_first_is_named(hostile: Path) -> None:
    (hostile / "solvers/__init__.py").write_text("", encoding="utf-8")
    done = python("-c", "import solvers, netjigsaw", cwd=hostile)
    assert done.returncode == 1
    assert "netjigsaw needs its own package 'solvers'" in done.stderr
