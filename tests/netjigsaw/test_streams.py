"""Output streams of any encoding, and broken ones: every command ends with plain text or one line."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn

from generator.family.registry import families
from generator.puzzle.storage import save_answer, save_puzzle
from netjigsaw.__main__ import run
from netjigsaw.cli.app import COMMANDS, build_app
from netjigsaw.cli.shared import console
from netjigsaw.cli.shared.streams import PLAIN, prepare_streams

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.puzzle.sealing import Made

ENCODINGS = ("ascii", "latin-1", "cp1252")
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
MARKS = "–∞→…"
"""Characters that commands print and that ASCII lacks."""


class Ended(NamedTuple):
    code: int
    out: str
    err: str


def call(encoding: str, *arguments: str) -> Ended:
    """Run the command line in-process on streams of an encoding."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        code = run(list(arguments))
        texts = []
        for stream in (out, err):
            stream.flush()
            raw = stream.buffer
            assert isinstance(raw, io.BytesIO)
            texts.append(raw.getvalue().decode(encoding))
    return Ended(code, *texts)


def command_names() -> Iterator[tuple[str, ...]]:
    """Every command and sub-command; read from the built command line, so that new ones are covered."""

    def walk(command: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield path
        for name, below in getattr(command, "commands", {}).items():
            yield from walk(below, (*path, name))

    yield ()
    for name in COMMANDS:
        group: Any = typer.main.get_command(build_app(name, ()))
        yield from walk(group.commands[name], (name,))


@pytest.fixture(scope="module")
def _store(tiny: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("streams")
    save_puzzle(tiny.puzzle, home / "p")
    save_answer(tiny.sealed, home / "answers")
    (home / "mute.py").write_text("def solve(puzzle, context):\n    context.log('mute – ∞')\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETJIGSAW_HOME", str(home / "netjigsaw-home"))
        patch.chdir(home)
        assert run(["run", "p", "--solver", "random", "--solver", "mute.py:solve", "--results", "res"]) == 0
    return home


@pytest.fixture
def store(_store: Path, tmp_path: Path) -> Path:
    """A folder with a puzzle `p` and the results `res` of two solvers, one of them with an infinite time."""
    return Path(shutil.copytree(_store, tmp_path / "store"))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_commands_help_prints(encoding: str) -> None:
    names = list(command_names())
    assert len(names) > 15 + len(families())
    for path in names:
        ended = call(encoding, *path, "--help")
        assert (ended.code, ended.err) == (0, ""), path
        assert "Usage" in ended.out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_commands_print_tables_lists_and_errors(encoding: str, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(store)
    mute = "mute.py:solve"
    commands: list[tuple[int, tuple[str, ...]]] = [
        *((0, ("leaderboard", "--results", "res", "--format", style)) for style in ("plain", "github", "csv", "json")),
        (0, ("leaderboard", "--results", "res", "--by", "puzzle")),
        (0, ("leaderboard", "--results", "res", "--html", "page.html")),
        (0, ("compare", "random", mute, "--results", "res", "--fail-on", "none", "--json", "c.json")),
        (0, ("show", "p", "--out", "p.png")),
        (0, ("show", "res", "--puzzle", "p", "--out", "run.png")),
        (0, ("score", "p", "--results", "res")),
        (1, ("solve", "p", "--solver", mute)),
        (0, ("solvers",)),
        (0, ("families",)),
        (0, ("suite", "list")),
        (0, ("suite", "show", "mini")),
        (0, ("suite", "show", "mini", "--json")),
        (0, ("export", "janestreet", "p", "--out", "exported")),
        (0, ("new-solver", "mine")),
        (1, ("run", "–∞", "--solver", "random")),
        (2, ("leaderboard", "--–∞")),
        (1, ("check", "–∞")),
    ]
    for code, arguments in commands:
        ended = call(encoding, *arguments)
        assert ended.code == code, (arguments, ended)
        assert "Traceback" not in ended.err
    logged = call(encoding, "solve", "p", "--solver", mute).out
    assert f"mute {'–' if encoding == 'cp1252' else '-'} inf" in logged
    assert "charset" in Path("page.html").read_text(encoding="utf-8")
    assert json.loads(Path("c.json").read_text(encoding="utf-8"))


def test_plain_equivalents_stand_for_what_ascii_lacks(store: Path) -> None:
    rich = call("utf-8", "leaderboard", "--results", str(store / "res")).out
    plain = call("ascii", "leaderboard", "--results", str(store / "res")).out
    assert "∞" in rich
    assert "–" in rich
    assert plain == rich.replace("∞", "inf").replace("–", "-")
    windows = call("cp1252", "leaderboard", "--results", str(store / "res")).out
    assert windows == rich.replace("∞", "inf")  # that encoding has a dash


def test_what_has_no_equivalent_is_escaped() -> None:
    err = call("ascii", "run", "é–∞→×…“x”─│┼█⠋\udcff", "--solver", "random").err
    assert err.startswith(r"""netjigsaw: no puzzle at \xe9-inf->x..."x"-|+#*\udcff, and no suite of that name""")


def test_every_equivalent_is_ascii() -> None:
    assert all(plain.isascii() and plain for plain in PLAIN.values())
    assert not any(letter.isascii() for letter in PLAIN)
    assert set(MARKS) <= PLAIN.keys()


def test_progress_bars_print_on_a_plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stderr", stream)
    prepare_streams()
    terminal = Console(stderr=True, force_terminal=True, width=60, color_system=None)
    monkeypatch.setattr(console, "_err", lambda: terminal)
    with Progress(SpinnerColumn(), BarColumn(), console=terminal, auto_refresh=False) as bar:
        bar.update(bar.add_task("one", total=3), advance=1)
        bar.refresh()
        console.remark("– of ∞")
    stream.flush()
    told = raw.getvalue().decode("ascii")
    assert "---" in told
    assert "- of inf" in told


def process(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return shell(f'"{sys.executable}" -m netjigsaw ' + " ".join(arguments), **settings)


def shell(line: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell, in which `$N` is the command; streams are read as ASCII, so other bytes fail the test."""
    env = {**os.environ, "N": f"{sys.executable} -m netjigsaw", **settings}
    return subprocess.run(
        ["/bin/bash", "-c", line], capture_output=True, encoding="ascii", env=env, check=False, timeout=120
    )


@pytest.mark.parametrize("settings", [{"PYTHONIOENCODING": "ascii"}, C_LOCALE], ids=["ioencoding", "locale"])
def test_a_process_prints_plain_text_to_a_pipe_and_a_file(store: Path, settings: dict[str, str]) -> None:
    done = process("leaderboard", "--results", str(store / "res"), **settings)
    assert (done.returncode, done.stderr) == (0, "")
    assert "counts as infinite" in done.stdout
    assert "inf" in done.stdout.split("Order:")[0]
    page, table = store / "page.html", store / "table.txt"
    done = shell(f"$N leaderboard --results {store}/res > {table}; $N leaderboard --results {store}/res --html {page}",
                 **settings)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert table.read_text(encoding="ascii").startswith("reassembly")
    assert page.read_text(encoding="utf-8").endswith("</html>")


@pytest.mark.parametrize(
    ("redirection", "reason"),
    [(">&-", "it is closed"), (">/dev/full", "No space left on device"), ("2>&1 >&- <&-", "it is closed")],
)
def test_a_broken_stdout_is_reported_in_one_line(redirection: str, reason: str) -> None:
    line = f"netjigsaw: cannot write to standard output: {reason}\n"
    for arguments in ("--version", "generate --help"):
        done = shell(f"$N {arguments} {redirection}")
        assert (done.returncode, done.stdout + done.stderr) == (1, line), arguments


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_a_broken_stderr_stops_no_work(redirection: str, store: Path) -> None:
    done = shell(f"$N run {store}/p --solver random --results {store}/again {redirection}")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "1 trial: 1 partial")
    assert shell(f"$N nope {redirection}").returncode == 2


def test_a_reader_that_leaves_is_no_failure() -> None:
    for arguments in ("--help", "suite list"):
        done = shell(f"$N {arguments} | true; echo ${{PIPESTATUS[0]}}")
        assert (done.stdout, done.stderr) == ("0\n", "")
