"""A program that reads files by its own place: every file is found, or the source is not covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from solvers.source import gaps_of_source
from solvers.tracing.trace import trace_command

if TYPE_CHECKING:
    from pathlib import Path

    from solvers.tracing.trace import Trace

PLACE = "import os\nfrom pathlib import Path\nHERE = Path(__file__).parent\nD = os.path.dirname(__file__)\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "conf.py").write_text(PLACE)
    (tmp_path / "cfg.json").write_text(f'{{"weights": "{tmp_path}/w0.npz", "rows": 3}}')
    for name in ("w0.npz", "s.txt"):
        (tmp_path / name).write_text("content")
    return tmp_path


def trace(home: Path, code: str, name: str = "s.py", program: str = "python3") -> Trace:
    (home / name).write_text(code.replace("@", str(home)))
    return trace_command((program, name), home)


@pytest.mark.parametrize(
    "code",
    [
        "open(D + '/w' + str(0) + '.npz')",
        "open(Path(__file__).with_suffix('.txt'))",
        "open(Path(__file__).with_name(f'w{0}.npz'))",
        "open((HERE / 'w').with_suffix('.npz'))",
        "open(__file__.replace('s.py', 'w%d.npz' % 0))",
        "open(__file__[:-4] + 'w%d.npz' % 0)",
        "open(os.path.splitext(__file__)[0] + '.txt')",
        "open(os.fsencode(__file__)[:-4] + b'w0.npz')",
        "class A:\n    def __init__(self): self.d = HERE\n    def f(self, k): return open(self.d / f'w{k}.npz')",
        "class A:\n    place = HERE\n    def f(self, k): return open(self.place / f'w{k}.npz')",
        "P = {}\nP['d'] = D\nopen(P['d'] + '/w%d.npz' % 0)",
        "from conf import HERE as there\nopen(there / f'w{0}.npz')",
        "import conf\nopen(conf.HERE / f'w{0}.npz')",
        "import conf\nopen(conf.__file__[:-7] + 'w%d.npz' % 0)",
        "import importlib.util as u\nopen(u.find_spec('conf').origin[:-7] + 'w%d.npz' % 0)",
        "import glob\nglob.glob(D + '/*.npz')",
        "import sys\nopen(sys._getframe().f_code.co_filename[:-4] + 'w%d.npz' % 0)",
        "import sys\nopen(sys.modules['__main__'].__file__[:-4] + 'w%d.npz' % 0)",
        "from sys import argv\nopen(argv[0][:-4] + 'w%d.npz' % 0)",
        "import sys\nfor p in sys.path: open(p + '/w%d.npz' % 0)",
        "open('@/' + 'w%d.npz' % 0)",
        "from subprocess import run\nrun(f'cat {D}/w0.npz', shell=True)",
        "from subprocess import run\nrun('docker run mine', shell=True)",
        "import subprocess as s\ns.run('docker run mine', shell=True)",
        "from os import popen as p\np('docker run mine')",
    ],
)
def test_a_path_that_is_computed_is_a_gap(home: Path, code: str) -> None:
    assert trace(home, f"{PLACE}{code}\n").gaps
    if "docker" not in code and "subprocess" not in code:
        assert gaps_of_source(home / "s.py")


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("open(D + '/' + 'w0.npz')", "w0.npz"),
        ("open(f'{D}/w0.npz')", "w0.npz"),
        ("open(b'@/w0.npz')", "w0.npz"),
        ("WEIGHTS = HERE / 'w0.npz'\nif WEIGHTS.exists(): WEIGHTS.read_bytes()", "w0.npz"),
        ("print(open(HERE / 'w0.npz'), Path('x').name, os.path.basename(__file__), Path(__file__).stem)", "w0.npz"),
        ("import subprocess, sys\nsubprocess.run([sys.executable, __file__, '@/w0.npz'])", "w0.npz"),
        ("import json\njson.load(open(HERE / 'cfg.json'))", "w0.npz"),
        ("from subprocess import run\nrun('cat @/w0.npz', shell=True)", "w0.npz"),
        ("import sys\nsys.path.insert(0, D)\nimport conf", "conf.py"),
    ],
)
def test_a_path_that_is_known_is_followed(home: Path, code: str, needed: str) -> None:
    found = trace(home, f"{PLACE}{code}\n")
    assert found.gaps == ()
    assert home / needed in found.files


@pytest.mark.parametrize(
    "code",
    [
        "for i in 0; do head -c 9 @/w$i.npz; done",
        "for i in 0; do wc -c < @/w$i.npz; done",
        'printf -v X %s @/w0; head "$X.npz"',
        "cat <<END\n$(cat @/w0.npz)\nEND",
    ],
)
def test_a_word_of_a_shell_that_is_computed_is_a_gap(home: Path, code: str) -> None:
    assert trace(home, f"{code}\n", "s.sh", "sh").gaps


@pytest.mark.parametrize(
    "code",
    [
        "awk 'BEGIN { while ((getline l < \"@/w0.npz\") > 0) print l }'",
        "sed 's/a/b/' historical_data.csv | sed 'r @/w0.npz'",
        "head -n 2 @/w0.npz | sort -k 2 | grep -c x",
    ],
)
def test_texts_of_awk_and_sed_are_followed(home: Path, code: str) -> None:
    found = trace(home, f"{code}\n", "s.sh", "sh")
    assert found.gaps == ()
    assert home / "w0.npz" in found.files
