"""Whatever way a command leads to a file, an edit of that file changes the digest, or the source is not covered."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from solvers.command import find_command

if TYPE_CHECKING:
    from solvers.program import Command

FILES = {
    "s.py": "import helper\nhelper.main()\n",
    "helper.py": "import numpy as np\ndef main(): print(1)\n",
    "s.pl": "print 1;\n",
    "lib/pkg/__init__.py": "",
    "lib/pkg/__main__.py": "from . import core\nfrom .deep import thing\n",
    "lib/pkg/core.py": "X = 1\n",
    "lib/pkg/deep/__init__.py": "from .thing import *\n",
    "lib/pkg/deep/thing.py": "from ..core import X\n",
    "lib/m.py": "import pkg.core\n",
    "dir/s.py": "print(2)\n",
    "dir/data.npz": "numbers",
    "dir/beside.py": "from pathlib import Path\nHERE = Path(__file__).resolve().parent\nopen(HERE / 'data.npz')\n",
    "dir/joined.py": "import os\nopen(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'data.npz'))\n",
    "dir/named.py": "open('data.npz')\n",
    "dir/late.py": "import importlib\nimportlib.import_module('s')\n",
    "dir/path.py": "import sys\nfrom pathlib import Path\n"
    "sys.path.insert(0, str(Path(__file__).parent.parent / 'lib'))\n"
    "import m\n",
    "dir/starts.py": "import subprocess, sys\nfrom pathlib import Path\n"
    "subprocess.run([sys.executable, str(Path(__file__).with_name('s.py'))])\n",
    "run.sh": '#!/bin/sh\nset -e\npython dir/s.py "$@"\n',
    "here.sh": "#!/usr/bin/env bash\n"
    'HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"\nexec python "$HERE/s.py" "$@"\n',
    "dirname.sh": '#!/bin/sh\n# a comment about "x\n'
    'python "$(dirname "$0")/dir/s.py" --seed "$NETJIGSAW_SEED" 2>/dev/null | tail -1\n',
    "outer.sh": '#!/bin/sh\nif true; then\n  sh "$(dirname $0)/here.sh"\nfi\n',
    "loop.sh": "for n in 1 2; do echo $n; done\n"
    'cat <<END > note\npython nothing.py\nEND\nOUT=$(python dir/s.py)\necho "$OUT"\n',
    "case.sh": 'case "$1" in\n  -f|--fast) python dir/s.py ;;\n  *) [[ -n "$1" ]] && python s.py ;;\nesac\n',
    "in.sh": "cd dir\n./s.py\n",
    "path.sh": "export PYTHONPATH=lib\npython -m m\n",
    "Makefile": "PY = python\nDIR := dir\n\nall: s.py\n\t@$(PY) $(DIR)/s.py --x $$HOME\n",
    "main.js": "const a = require('./part');\nconst fs = require('fs');\n",
    "part.js": "module.exports = 1;\n",
    "main.jl": 'using LinearAlgebra\ninclude("part.jl")\n',
    "part.jl": "x = 1\n",
    "main.rb": "require 'json'\nrequire_relative 'part'\n",
    "part.rb": "X = 1\n",
    "main.R": 'source("part.R")\n',
    "part.R": "x <- 1\n",
    "tool": "#!/usr/bin/env python3\nimport helper\n",
    "weights.bin": "w",
    "weights/a.bin": "a",
    "solver.bin": "\x7fELF\0",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with scripts of every kind, which is the current one."""
    home = tmp_path / "home"
    for name, text in FILES.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
        if text.startswith(("#!", "\x7fELF")) or name == "dir/s.py":
            (home / name).chmod(0o755)
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    return home


def command(text: str) -> Command:
    found = find_command(text).command
    assert found is not None
    return found


COVERED = [
    ("python s.py", "s.py"),
    ("python s.py", "helper.py"),
    ("sh -c 'python s.py'", "s.py"),
    ("sh -c 'python s.py'", "helper.py"),
    ("sh -c 'python ~/s.py'", "s.py"),
    ("sh -c 'python $HOME/s.py'", "s.py"),
    ("sh -c 'cd dir && python s.py'", "dir/s.py"),
    ("sh -c 'cd \"dir\" && exec ./s.py'", "dir/s.py"),
    ("sh -c '(cd dir; python ./s.py) | tail -n 1'", "dir/s.py"),
    ("sh -ec 'python dir/s.py; python s.py'", "helper.py"),
    ("sh -c 'cp dir/s.py copy.py && cp dir/late.py . && python late.py'", "dir/late.py"),
    ("bash -lc 'python dir/s.py --fast > log'", "dir/s.py"),
    ("bash -euo pipefail -c 'python dir/s.py'", "dir/s.py"),
    ("sh -c \"python 'dir/s.py' < weights.bin\"", "weights.bin"),
    ("sh -c 'python \"$1\"' sh dir/s.py", "dir/s.py"),
    ("nice -n 5 timeout 10 python s.py", "helper.py"),
    ("env A=1 python -u -X dev s.py", "helper.py"),
    ("env A=weights.bin python s.py", "weights.bin"),
    ("bash run.sh", "run.sh"),
    ("bash run.sh", "dir/s.py"),
    ("./run.sh --fast", "dir/s.py"),
    ("sh here.sh", "helper.py"),
    ("sh dirname.sh", "dir/s.py"),
    ("sh outer.sh", "helper.py"),
    ("sh loop.sh", "dir/s.py"),
    ("sh in.sh", "dir/s.py"),
    ("sh path.sh", "lib/m.py"),
    ("sh case.sh", "dir/s.py"),
    ("sh case.sh", "helper.py"),
    ("sh -c 'trap \"python dir/s.py\" EXIT'", "dir/s.py"),
    ("make -f Makefile", "dir/s.py"),
    ("node main.js", "part.js"),
    ("julia main.jl", "part.jl"),
    ("julia -e 'include(\"part.jl\")'", "part.jl"),
    ("perl s.pl", "s.pl"),
    ("ruby main.rb", "part.rb"),
    ("Rscript main.R", "part.R"),
    ("python -m helper", "helper.py"),
    ("python3 -m s", "helper.py"),
    ("env PYTHONPATH=lib python -m m", "lib/pkg/core.py"),
    ("env PYTHONPATH=lib python -m pkg", "lib/pkg/__main__.py"),
    ("env PYTHONPATH=lib python -m pkg", "lib/pkg/__init__.py"),
    ("env PYTHONPATH=lib python -m pkg", "lib/pkg/core.py"),
    ("env PYTHONPATH=lib python -m pkg", "lib/pkg/deep/thing.py"),
    ("env PYTHONPATH=lib python -m pkg.deep.thing", "lib/pkg/core.py"),
    ("python lib/pkg", "lib/pkg/__main__.py"),
    ("uv run python -m helper", "helper.py"),
    ("uv run s.py", "helper.py"),
    ("poetry run python s.py", "helper.py"),
    ("python -c 'import s; s.main()'", "helper.py"),
    ("python -c 'import sys; sys.path.insert(0, \"~/lib\"); import m'", "lib/m.py"),
    ("python dir/beside.py", "dir/data.npz"),
    ("python dir/joined.py", "dir/data.npz"),
    ("python dir/named.py", "dir/data.npz"),
    ("python dir/late.py", "dir/s.py"),
    ("python dir/path.py", "lib/pkg/core.py"),
    ("python dir/starts.py", "dir/s.py"),
    ("./tool", "helper.py"),
    ("./solver.bin", "solver.bin"),
    ("{home}/solver.bin", "solver.bin"),
    ("python s.py --weights=weights.bin", "weights.bin"),
    ("python s.py weights", "weights/a.bin"),
]


@pytest.mark.parametrize(("text", "name"), COVERED)
def test_an_edit_of_any_file_that_a_command_needs_changes_the_digest(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, name: str
) -> None:
    offer(tmp_path / "bin", monkeypatch, "node", "julia", "uv", "poetry", "make", "perl", "ruby", "Rscript")
    text = text.format(home=home)
    before = command(text)
    assert before.trace.gaps == ()
    assert home / name in before.trace.files
    digest = before.source
    assert command(text).source == digest
    (home / name).write_text((home / name).read_text() + "\n")
    assert command(text).source != digest


def offer(folder: Path, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Put programs on the PATH that may not be installed here."""
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"\x7fELF\0")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


GAPS = [
    ("python", "standard input"),
    ("python -", "standard input"),
    ("sh -c 'cat s.py | python'", "standard input"),
    ("sh -c 'python - < s.py'", "standard input"),
    ("bash", "standard input"),
    ("sh -c 'curl https://example.org/s.py | sh'", "runs curl"),
    ("docker run image", "runs docker"),
    ("ssh host python s.py", "runs ssh"),
    ("julia -e 'include(\"missing.jl\")'", "not found"),
    ("julia -e 'include(ARGS[1])'", "not found"),
    ("perl -e 'system(\"./x\")'", "runs a command"),
    ("sh -c 'python $NOWHERE'", "computed"),
    ("sh -c 'python $NOWHERE/s.py'", "computed"),
    ("sh -c 'python $(find . -name s.py)'", "computed"),
    ("sh -c '$TOOL s.py'", "computed"),
    ("sh -c 'for f in s; do python $f.py; done'", "computed"),
    ("sh -c 'eval \"python s.py\"'", "runs eval"),
    ("sh -c 'python *.py'", "computed"),
    ("sh -c 'cd $NOWHERE && python s.py'", "changes into"),
    ("sh -c 'cd missing && python s.py'", "changes into"),
    ("sh -c 'python missing.py'", "missing.py, which is not found"),
    ("sh -c '. ./path.sh; python -m m'", "sources path.sh"),
    ("sh -c 'PATH=dir:$PATH; s.py'", "sets PATH"),
    ("env PATH=dir python s.py", "sets PATH"),
    ("env -S 'python s.py'", "env -S"),
    ("env PYTHONPATH=elsewhere python -m m", "module m, which is not found"),
    ("python -m missing", "module missing, which is not found"),
    ("python -c 'import missing'", "missing, which is not found"),
    ("python -c 'import importlib; importlib.import_module(input())'", "computed"),
    ("python -c 'exec(open(\"s.py\").read())'", "executes a text"),
    ("python -c 'import os; os.system(input())'", "runs a command that is computed"),
    ("python -c 'import sys; sys.path.insert(0, input())'", "changes sys.path"),
    ("python broken.py", "cannot be parsed"),
    ("python listing.py", "uses the folder"),
    ("python computed.py", "uses the folder"),
    ("python argv.py", "asks for its own path"),
    ("python missing_module.py", "imports nowhere, which is not found"),
    ("make -f Variable.mk", "computed"),
    ("make -C dir", "makefile"),
    ("node dynamic.js", "computed"),
    ("unheard-of s.py", "no well-known tool"),
    ("xargs python", "runs xargs"),
    ("uv sync", "runs uv"),
    ("python -m http.server", "not followed"),
    ("python s.py {home}/weigh", "only begins like"),
    ("python s.py '{home}/weights/*.bin'", "only begins like"),
    ("python absolute.py", "computes a path"),
    ("sh -c 'trap \"python $X\" EXIT'", "computed"),
    ("./strange", "is run by strange-interpreter"),
    ("sh -c 'make -f $F'", "computed"),
    ("python /dev/null", "is no file that can be digested"),
    ("sh -c 'echo " + "$(" * 3000 + "'", "is nested too deeply to be read"),
]
DOUBTFUL = {
    "broken.py": "def f(:\n",
    "listing.py": "from pathlib import Path\nfor p in Path(__file__).parent.glob('*.npz'): print(p)\n",
    "computed.py": "import os\nprint(open(os.path.join(os.path.dirname(__file__), input())))\n",
    "argv.py": "import sys, os\nos.chdir(os.path.dirname(sys.argv[0]))\n",
    "missing_module.py": "import nowhere\n",
    "Variable.mk": "all:\n\tpython $(SCRIPT)\n",
    "dynamic.js": "const a = require(process.argv[2]);\n",
    "absolute.py": "import glob\nglob.glob('{home}/weights/*.bin')\n",
    "strange": "#!/opt/strange-interpreter\n",
}


@pytest.mark.parametrize(("text", "gap"), GAPS)
def test_what_cannot_be_followed_is_a_gap(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, gap: str
) -> None:
    names = ("node", "julia", "perl", "docker", "ssh", "unheard-of", "uv", "make", "xargs")
    offer(tmp_path / "bin", monkeypatch, *names)
    for name, content in DOUBTFUL.items():
        (home / name).write_text(content.replace("{home}", str(home)))
    (home / "strange").chmod(0o755)
    gaps = command(text.replace("{home}", str(home))).trace.gaps
    assert any(gap in one for one in gaps), gaps
    assert all(one.isprintable() and str(home) not in one for one in gaps)


@pytest.mark.parametrize(
    ("code", "covered"),
    [
        ("try:\n    import nowhere\nexcept ImportError:\n    nowhere = None\n", True),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from nowhere import X\n", True),
        ("import numpy, os.path, json as j\nfrom scipy import optimize\n", True),
        ("print(__file__)\n", True),
        ("from pathlib import Path\nPLACE = Path(__file__).parent\nprint(PLACE.name)\n", True),
        ("from pathlib import Path\nPLACE = Path(__file__).parent\ndef f(x=PLACE): return x\n", False),
        ("import subprocess\nsubprocess.run(['python', 'dir/s.py'], check=True)\n", True),
        ("import subprocess\nsubprocess.run('python dir/s.py', shell=True)\n", True),
        ("import subprocess, sys\nsubprocess.run(['python', sys.argv[1]])\n", False),
        ("from generator.puzzle.storage import load_puzzle\n", True),
        ("import netjigsaw\n", True),
    ],
)
def test_what_a_python_script_may_do(home: Path, code: str, *, covered: bool) -> None:
    (home / "mine.py").write_text(code)
    trace = command(f"{sys.executable} mine.py").trace
    assert (trace.gaps == ()) == covered, trace.gaps


def test_a_link_counts_by_the_content_of_its_target(home: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/solver.py").write_text("import part\n")
    (tmp_path / "real/part.py").write_text("X = 1\n")
    (home / "link.py").symlink_to(tmp_path / "real/solver.py")
    before = command("python link.py")
    first = before.source
    assert before.trace.gaps == ()
    (tmp_path / "real/part.py").write_text("X = 2\n")
    second = command("python link.py").source
    (tmp_path / "real/solver.py").write_text("import part  # changed\n")
    assert len({first, second, command("python link.py").source}) == 3


def environment(folder: Path) -> Path:
    """Make the skeleton of a virtual environment, and return its folder of packages."""
    packages = folder / "lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin/python").symlink_to(sys.executable)
    (folder / "bin/mine").write_text(
        f"#!{folder}/bin/python\nimport sys\nfrom mine.cli import main\nsys.exit(main())\n"
    )
    (folder / "bin/mine").chmod(0o755)
    return packages


@pytest.mark.parametrize("kind", ["path", "mapping", "installed"])
def test_a_console_script_leads_to_its_package(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    packages = environment(tmp_path / "venv")
    monkeypatch.setenv("PATH", f"{tmp_path}/venv/bin:{os.environ['PATH']}")
    source = packages if kind == "installed" else home / "src"
    (source / "mine").mkdir(parents=True)
    (source / "mine/__init__.py").write_text("")
    (source / "mine/cli.py").write_text("from mine.work import main\n")
    (source / "mine/work.py").write_text("def main(): pass\n")
    if kind == "path":
        (packages / "mine.pth").write_text(f"{home}/src\n")
    if kind == "mapping":
        text = f"import sys\nMAPPING: dict[str, str] = {{'mine': '{home}/src/mine'}}\nNAMESPACES = {{}}\n"
        (packages / "__editable___mine_1_0_finder.py").write_text(text)
    before = command("mine")
    digest = before.source
    assert before.trace.gaps == ()
    (source / "mine/work.py").write_text("def main(): print(1)\n")
    assert command("mine").source != digest


def test_a_script_on_the_path_is_the_users_own(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/solve-it").write_text(f"#!/bin/sh\npython {home}/dir/s.py\n")
    (tmp_path / "bin/solve-it").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    before = command("solve-it")
    digest = before.source
    assert before.trace.gaps == ()
    (home / "dir/s.py").write_text("print(3)\n")
    assert command("solve-it").source != digest


def test_a_folder_that_is_too_large_is_a_gap(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solvers.tracing.trace.MOST_FILES", 2)
    for name in "bcd":
        (home / f"weights/{name}.bin").touch()
    assert "the folder weights/ is too large to digest" in command("python dir/named.py weights").trace.gaps


def test_a_result_store_in_a_folder_does_not_count(home: Path) -> None:
    first = command("python s.py weights").source
    (home / "weights/results/raw").mkdir(parents=True)
    (home / "weights/results/rows-1.jsonl").touch()
    (home / "weights/results/raw/1.json").touch()
    assert command("python s.py weights").source == first


@pytest.mark.parametrize("name", ["run.sh", "here.sh", "dirname.sh", "outer.sh", "loop.sh", "path.sh"])
def test_files_that_a_script_does_not_name_do_not_count(home: Path, name: str) -> None:
    first = command(f"sh {name}").source
    (home / "new.txt").touch()
    (home / "dir/new.txt").touch()
    assert command(f"sh {name}").source == first


def test_any_file_of_the_folder_in_which_a_program_runs_counts(home: Path) -> None:
    first = command("sh in.sh").source
    (home / "new.txt").touch()
    assert command("sh in.sh").source == first
    (home / "dir/new.txt").touch()
    assert command("sh in.sh").source != first


def test_a_link_to_a_folder_in_a_folder_is_a_gap(home: Path) -> None:
    (home / "weights/more").symlink_to(home / "dir")
    assert command("python dir/named.py weights").trace.gaps == ("the folder weights/ has a link to a folder",)


def test_scripts_that_call_each_other_end(home: Path) -> None:
    (home / "a.sh").write_text("#!/bin/sh\nsh b.sh\n")
    (home / "b.sh").write_text("#!/bin/sh\ncd dir\nsh a.sh\n")
    assert {"a.sh", "b.sh", "data.npz"} <= {path.name for path in command("sh a.sh").trace.files}


@pytest.mark.parametrize("text", ["make", "gmake"])
def test_make_without_words_is_followed(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    offer(tmp_path / "bin", monkeypatch, text)
    (home / "s.py").write_text("print(1)\n")
    (home / "Makefile").write_text("all:\n\tpython s.py\n")
    monkeypatch.chdir(home)
    assert {path.name for path in command(text).trace.files} >= {"Makefile", "s.py"}
