"""Programs as solvers, from the command line: three styles of script, and what can go wrong with one."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from benchmark.results.store import Store
from benchmark.results.trial import Limits, Row, Status
from benchmark.running.planning.plan import plan
from generator.errors import SpecError
from generator.plugins import load_file
from generator.puzzle.storage import LoadedPuzzle, save_answer, save_puzzle
from generator.reassembly.making.generate import generate
from generator.reassembly.spec import PRESETS, ReassemblySpec
from netjigsaw.__main__ import run
from solvers.command import find_command
from solvers.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.puzzle.sealing import Made

TOP = Path(__file__).parents[2]
EXAMPLES = TOP / "docs/examples"
PYTHON = sys.executable


@pytest.fixture(scope="module")
def made() -> Made:
    return generate(ReassemblySpec.model_validate(PRESETS["tiny"]), name="p1", seed=1)


@pytest.fixture
def folder(made: Made, tmp_path: Path) -> Path:
    save_puzzle(made.puzzle, tmp_path / "p1")
    save_answer(made.sealed, tmp_path / "answers")
    return tmp_path


HOLD = "import time\nblock = b'x' * (350 << 20)\n"
SCRIPTS = {
    "look": "import os, pathlib, sys\n"
    "found = sorted(str(path) for path in pathlib.Path('.').rglob('*') if path.is_file())\n"
    "known = ['historical_data.csv', 'pieces/piece_0.pth', 'historical_data_and_pieces/historical_data.csv',\n"
    "         'historical_data_and_pieces/pieces/piece_12.pth', 'puzzle/manifest.json']\n"
    "assert set(known) < set(found) and len(found) == 2 * 14 + 3, found\n"
    "assert os.environ['NETJIGSAW_SEED'] == '0' and float(os.environ['NETJIGSAW_WALL_S']) == 3\n"
    "open('scratch', 'w').write('mine')\n"
    "sys.exit('all is well')\n",
    "fails": "import sys\nprint('0 1 2')\nprint('best [ANSWER]')\nsys.exit('alas')\n",
    "floods-late": "print('ANSWER')\nfor _ in range(17 << 4): print('x' * (1 << 16))\n",
    "hoards-late": "import os, time\nprint('ANSWER')\nfor _ in range(3): os.fork()\n"
    "block = b'x' * (150 << 20)\ntime.sleep(60)\n",
    "greedy-late": "print('ANSWER')\nblock = bytearray(1 << 36)\n",
    "aborts-late": "import os\nprint('ANSWER')\nos.abort()\n",
    "holds": f"{HOLD}time.sleep(60)\n",
    "holds-in-child": f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {HOLD + 'time.sleep(60)'!r}])\n",
    "held-in-child": "import subprocess, sys, time\n"
    f"subprocess.run([sys.executable, '-c', {HOLD!r}])\ntime.sleep(60)\n",
    "late": "import time\nprint('0 1 2')\nprint('best [ANSWER]')\ntime.sleep(60)\n",
    "parent": "import subprocess\nsubprocess.Popen(['sleep', '31.4159'], start_new_session=True)\nprint('ANSWER')\n",
    "flood": "while True: print('x' * 1000)\n",
    "greedy": "block = bytearray(1 << 36)\n",
    "from-one": "print([number + 1 for number in [ANSWER]])\n",
    "silent": "print('no idea')\n",
    "spy": "import os, sys\n"
    "seen = [place for place in ('answers', 'p1', 'results') if os.listdir(os.path.join('FOLDER', place))]\n"
    "sys.exit(f'seen {seen}')\n",
}


@pytest.fixture(scope="module")
def rows(made: Made, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """Run every script on the puzzle, and give the rows by its name."""
    home = tmp_path_factory.mktemp("scripts")
    save_puzzle(made.puzzle, home / "p1")
    save_answer(made.sealed, home / "answers")
    for name, code in SCRIPTS.items():
        (home / f"{name}.py").write_text(code.replace("ANSWER", answer_of(made)).replace("FOLDER", str(home)))
    commands = [part for name in SCRIPTS for part in _option(f"{name}={PYTHON} {name}.py")]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        assert run(["run", "p1", *commands, "--timeout", "3s", "--memory", "700MiB"]) == 0
    store = Store(home / "results")
    isolated = {session.isolation for session in store.sessions().values()} == {"namespaces"}
    found = {row.solver: row for row in store.rows()}
    if not isolated:  # without namespaces files are hidden by their names only
        del found["spy"]
    return found


def answer_of(made: Made) -> str:
    assert isinstance(made.sealed.answer, list)
    return ",".join(map(str, made.sealed.answer))


@pytest.mark.usefixtures("folder")
def test_three_styles_of_script_solve_and_are_in_the_table(cli: Callable[..., tuple[int, str, str]]) -> None:
    scripts = {
        "torch": "pieces_torch.py",
        "pandas": "nested_pandas.py",
        "json": "logging_json.py --data historical_data_and_pieces",
    }
    commands = [part for name, rest in scripts.items() for part in _option(f"{name}={PYTHON} {EXAMPLES}/{rest}")]
    code, out, err = cli("run", "p1", *commands, "--solver", "random")
    assert code == 0
    assert "3 solved" in out, err
    table = json.loads(cli("leaderboard", "--format", "json")[1])["tables"][0]["rows"]
    assert {row["solver"]: row["solved"] for row in table} == {"torch": 1, "pandas": 1, "json": 1, "random": 0}
    assert "4 held already" in cli("run", "p1", *commands, "--solver", "random")[2]


STYLES = {
    "shell text": "sh -c '{python} {folder}/dir/s.py'",
    "shell text in a folder": "sh -c 'cd {folder}/dir && {python} ./s.py'",
    "shell script": "bash run.sh",
    "module": "env PYTHONPATH=dir {python} -m s",
    "module of a package": "env PYTHONPATH={folder} {python} -m dir.s",
    "code": "env PYTHONPATH=dir {python} -c 'import s'",
}


@pytest.mark.parametrize("style", STYLES)
def test_an_edited_script_runs_again_however_the_command_names_it(
    folder: Path, made: Made, cli: Callable[..., tuple[int, str, str]], style: str
) -> None:
    (folder / "dir").mkdir()
    (folder / "dir/s.py").write_text(f"print('{answer_of(made)}')\n")
    (folder / "run.sh").write_text(
        f'#!/bin/sh\nHERE="$(cd "$(dirname "$0")" && pwd)"\nexec {PYTHON} "$HERE/dir/s.py"\n'
    )
    command = _option("mine=" + STYLES[style].format(python=PYTHON, folder=folder))
    assert "1 solved" in cli("run", "p1", *command)[1]
    assert "1 held already" in cli("run", "p1", *command)[2]
    (folder / "dir/s.py").write_text("print('no idea')\n")
    code, out, err = cli("run", "p1", *command)
    assert "1 trial planned, 0 held already" in err
    assert "not covered" not in err
    assert (code, "1 gave-up" in out) == (0, True)
    (row,) = json.loads(cli("leaderboard", "--format", "json")[1])["tables"][0]["rows"]
    assert (row["solver"], row["solved"]) == ("mine", 0)


def test_a_script_that_cannot_be_followed_runs_every_time(
    folder: Path, made: Made, cli: Callable[..., tuple[int, str, str]]
) -> None:
    (folder / "s.py").write_text(f"print('{answer_of(made)}')\n")
    text = f"mine=sh -c '{PYTHON} $NOWHERE{folder}/s.py'"
    code, _, err = cli("run", "p1", *_option(text), "--solver", "random")
    assert code == 0
    assert "mine: source not covered (the command runs a script whose name is computed)" in err
    (folder / "s.py").write_text("print('no idea')\n")
    code, _, err = cli("run", "p1", *_option(text), "--solver", "random")
    assert code == 0
    assert "2 trials planned, 1 held already" in err
    told = [line for line in err.splitlines() if "run again because the source is not covered" in line]
    why = "the command runs a script whose name is computed"
    assert told == [f"mine: the store holds 1 trial, run again because the source is not covered ({why})"]
    rows = {row.solver: row for row in Store(folder / "results").rows()}
    assert len(list(Store(folder / "results").lines())) == 3
    assert (rows["mine"].status, rows["random"].uncovered) == (Status.GAVE_UP, "")
    assert rows["mine"].uncovered == why
    table = json.loads(cli("leaderboard", "--format", "json")[1])["tables"][0]
    assert {row["solver"]: row["solved"] for row in table["rows"]} == {"mine": 0, "random": 0}
    assert "The digest does not cover the source, so rows may come from different versions: mine." in table["caption"]


@pytest.fixture
def beside(folder: Path, made: Made) -> str:
    """A script that answers the puzzle in its own folder, which is not the one that it is given."""
    home = folder / "published"
    (home / "pieces").mkdir(parents=True)
    (home / "historical_data.csv").touch()
    assert isinstance(made.sealed.answer, list)
    answer = list(map(str, made.sealed.answer))
    (home / "s.py").write_text(f"print('{','.join([*answer[2:4], *answer[:2], *answer[4:]])}')\n")
    return f"{PYTHON} published/s.py"


WARNING = (
    "pieces/ and historical_data.csv lie beside published/s.py; a script that reads its own folder answers that "
    "puzzle, not the one it is given. Let the script read the current folder, or copy it to a folder without them, or "
    "let the command copy it: sh -c 'cp "
)


def test_a_puzzle_beside_the_script_is_told_before_and_after(
    folder: Path, beside: str, cli: Callable[..., tuple[int, str, str]]
) -> None:
    code, _, err = cli("run", "p1", *_option(f"mine={beside}"))
    assert code == 0
    assert err.count(f"mine: {WARNING}") == 1
    (row,) = Store(folder / "results").rows()
    assert row.status == Status.PARTIAL
    remark = "pieces/ and historical_data.csv lie beside s.py: a script that reads its own folder answers that puzzle"
    assert row.reason == remark
    assert cli("score", "p1", "--results", "results")[0] == 0
    assert [one.reason for one in Store(folder / "results").rows()] == [remark]
    _, out, err = cli("solve", "p1", *_option(beside))
    assert err.count(WARNING) == 1
    assert remark in out


def test_check_warns_of_a_puzzle_beside_the_script(beside: str, cli: Callable[..., tuple[int, str, str]]) -> None:
    assert cli("check", "--family", "reassembly", *_option(beside))[2].count(WARNING) == 1


def test_a_script_by_itself_is_not_warned_of(
    folder: Path, beside: str, made: Made, cli: Callable[..., tuple[int, str, str]]
) -> None:
    assert beside
    copied = f"sh -c 'cp {folder}/published/s.py . && {PYTHON} s.py'"
    assert WARNING in cli("run", "p1", *_option(f"copied={copied}"))[2]  # nothing shows that the copy finds no puzzle
    (folder / "s.py").write_text(f"print('{answer_of(made)}')\n")
    assert "beside" not in cli("run", "p1", *_option(f"alone={PYTHON} s.py"))[2]


def _option(command: str) -> tuple[str, str]:
    return "--solver-command", command


def test_solve_shows_the_answer(folder: Path, made: Made, cli: Callable[..., tuple[int, str, str]]) -> None:
    (folder / "say.sh").write_text(f"#!/bin/sh\necho {answer_of(made)}\n")
    (folder / "say.sh").chmod(0o755)
    code, out, _ = cli("solve", "p1", "--solver-command", "./say.sh")
    assert code == 0
    assert out.splitlines()[-1] == answer_of(made)


def test_its_folder_holds_every_layout_and_nothing_else(rows: dict[str, Row]) -> None:
    assert rows["look"].status == Status.CRASHED
    assert rows["look"].reason.endswith("all is well")


def test_a_program_that_hangs_after_its_answer_is_judged_like_one_that_fails_after_it(rows: dict[str, Row]) -> None:
    for name in ("late", "fails"):
        row = rows[name]
        assert (row.status, row.from_report, row.metrics["exact_order"]) == (Status.SOLVED, False, 1.0), row.reason
    assert re.fullmatch(r"answered at \d\.\d s, did not end within 3 s", rows["late"].reason)
    assert re.fullmatch(r"answered at \d\.\d s, then ended with exit code 1: alas", rows["fails"].reason)
    late, fails = rows["late"].wall_s, rows["fails"].wall_s
    assert late is not None
    assert fails is not None
    assert fails < 3 <= late < 4  # both from go to the end of the program


def test_a_program_that_breaks_a_limit_after_its_answer_says_so(rows: dict[str, Row]) -> None:
    reasons = {
        "floods-late": r"answered at \d\.\d s, then stopped: printed more than 16 MiB",
        "hoards-late": r"answered at \d\.\d s, then stopped: took more than 700\.0 MiB beyond the libraries; "
        r"its largest process took \d+ MiB",
        "greedy-late": r"answered at \d\.\d s, then ended with exit code 1: MemoryError",
        "aborts-late": r"answered at \d\.\d s, then was killed by signal 6",
    }
    for name, reason in reasons.items():
        assert rows[name].status is Status.SOLVED, (name, rows[name].reason)
        assert re.fullmatch(reason, rows[name].reason), rows[name].reason


def test_the_peak_covers_killed_processes_and_awaited_ones(rows: dict[str, Row]) -> None:
    usual = rows["silent"].peak_mib
    assert usual is not None
    assert usual < 330
    for name in ("holds", "holds-in-child", "held-in-child"):
        peak = rows[name].peak_mib
        assert rows[name].status is Status.TIMEOUT
        assert peak is not None
        assert 330 < peak < 700, (name, peak)


def test_what_it_started_ends_with_it(rows: dict[str, Row]) -> None:
    assert rows["parent"].status == Status.SOLVED
    running = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert not [words for words in running if "31.4159" in words]


def test_a_flood_of_output_is_stopped(rows: dict[str, Row]) -> None:
    assert (rows["flood"].status, rows["flood"].reason) == (Status.CRASHED, "printed more than 16 MiB")


def test_too_much_memory_has_the_status_memory(rows: dict[str, Row]) -> None:
    assert rows["greedy"].status == Status.MEMORY


def test_a_list_from_one_is_a_wrong_format(rows: dict[str, Row]) -> None:
    assert rows["from-one"].status == Status.WRONG_FORMAT
    assert "from 1" in rows["from-one"].reason


def test_a_program_without_output_gives_up(rows: dict[str, Row]) -> None:
    assert rows["silent"].status == Status.GAVE_UP


def test_it_sees_neither_answers_nor_puzzles_nor_results(rows: dict[str, Row]) -> None:
    assert "spy" not in rows or rows["spy"].reason.endswith("seen []")


def test_a_family_without_a_layout_is_skipped() -> None:
    made = load_file(TOP / "tests/benchmark/toy.py").make_toy()
    (cell,) = plan([LoadedPuzzle(made.puzzle, made.sealed)], [find_command("echo 1")], [0], Limits())
    assert cell.settled == (Status.SKIPPED, "programs cannot solve toy puzzles; name a solver with --solver")


def test_a_label_is_one_solvers_own(made: Made) -> None:
    puzzles = [LoadedPuzzle(made.puzzle, made.sealed)]
    for references in (
        [find_command("x=echo 1"), find_command("x=echo 2")],
        [find_command("park=echo 1")],
        [find_command("x=echo 1"), parse_reference("x")],
    ):
        with pytest.raises(SpecError, match="label"):
            plan(puzzles, references, [0], Limits())
    assert len(plan(puzzles, [find_command("x=echo 1")] * 2, [0], Limits())) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("solve", "p1"), "give one solver"),
        (("solve", "p1", "--solver", "park", "--solver-command", "echo"), "give one solver"),
        (("run", "p1", "--solver-command", "nowhere.sh"), "no program 'nowhere.sh'"),
        (("run", "p1", "--solver-command", "cat answers"), "is hidden from solvers"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_mistakes_get_one_line(arguments: tuple[str, ...], complaint: str, fails: Callable[..., str]) -> None:
    assert complaint in fails(*arguments)
