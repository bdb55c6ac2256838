"""`generate`, `import`, `export`, `solvers`, `families` and the front door, from the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest
import torch

import netjigsaw
from generator.puzzle.storage import find_answer, load_answer, load_puzzle, load_with_answer
from generator.reassembly.puzzle import view_puzzle
from generator.reassembly.spec import PRESETS, ReassemblySpec
from generator.version import __version__
from netjigsaw.cli.shared.quantities import parse_duration, parse_size, show_duration

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.puzzle.sealing import Made

    Cli = Callable[..., tuple[int, str, str]]

SMALL = ["--depth", "2", "--width", "3", "--hidden", "4", "--rows", "20", "--steps", "5", "--batch", "10"]
GENERATE = ["generate", "reassembly", *SMALL]


def test_a_puzzle_and_its_answer(cli: Cli, tmp_path: Path) -> None:
    code, out, _ = cli(*GENERATE, "--seed", 3, "--out", "p", "--biases", "false", "--clip", "0.5")
    assert code == 0
    puzzle = load_puzzle(tmp_path / "p")
    assert out.startswith(f"p  {puzzle.digest[:12]}  answer in ")
    sealed = find_answer(puzzle, tmp_path / "answers")
    assert sealed is not None
    assert sealed.seed == 3
    assert (sealed.spec["clip"], sealed.spec["biases"]) == (0.5, False)
    assert "seed" not in (tmp_path / "p/manifest.json").read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {"p", "answers"}


def test_repeating_a_command_keeps_the_puzzle(cli: Cli) -> None:
    assert cli(*GENERATE, "--seed", 3, "--out", "p")[1].endswith("/answers\n")
    assert cli(*GENERATE, "--seed", 3, "--out", "p")[1].endswith(", kept as it was\n")


def test_a_seed_of_the_system_is_kept_with_the_answer(cli: Cli, tmp_path: Path) -> None:
    assert cli(*GENERATE, "--out", "a")[0] == 0
    assert cli(*GENERATE, "--out", "b")[0] == 0
    a, b = (load_puzzle(tmp_path / name) for name in "ab")
    assert a.digest != b.digest
    seed = load_answer(a.digest, tmp_path / "answers").seed
    assert cli(*GENERATE, "--out", "again", "--seed", seed)[0] == 0
    assert load_puzzle(tmp_path / "again").digest == a.digest


def test_many_puzzles(cli: Cli, tmp_path: Path) -> None:
    code, out, _ = cli(*GENERATE, "--seed", 3, "--count", 11, "--jobs", 1, "--out", "many", "--answers", "elsewhere")
    assert code == 0
    assert len(out.splitlines()) == 11
    assert sorted(path.name for path in (tmp_path / "many").iterdir()) == [f"reassembly-{i:02d}" for i in range(11)]
    assert len(list((tmp_path / "elsewhere").iterdir())) == 11


def test_none_and_presets_are_read(cli: Cli, tmp_path: Path) -> None:
    assert (
        cli("generate", "reassembly", "--preset", "tiny", "--steps", 3, "--warmup", 0, "--clip", "None", "--seed", 1)[0]
        == 0
    )
    spec = load_puzzle(tmp_path / "tiny").manifest.spec
    assert spec == {
        **ReassemblySpec.model_validate(PRESETS["tiny"]).model_dump(mode="json"),
        "steps": 3,
        "warmup": 0,
        "clip": None,
    }


def test_warnings_go_to_stderr(cli: Cli) -> None:
    _, out, err = cli(*GENERATE, "--seed", 3, "--out", "p", "--steps", "0")
    assert "p: the network fits worse" in err
    assert len(out.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--depth", "0"], "depth: Input should be greater than or equal to 1"),
        (["--depth", "none"], "depth: "),
        (["--activation", "step"], "activation: Input should be 'relu', 'gelu', 'silu' or 'tanh'"),
        (["--task", "classes"], "a classification needs at least 2 outputs; raise outputs"),
        (["--preset", "tinny"], "no reassembly preset 'tinny'; did you mean tiny?"),
        (["--count", "0"], "--count must be at least 1"),
        (["--jobs", "-1"], "--jobs at least 0"),
        (["--seed", "-1"], "--seed must be 0 or larger"),
        (["--seed", "x"], "--seed"),
        (["--device", "cuda:99"], "device 'cuda:99' is not on this machine"),
        (["--nothing", "1"], "--nothing"),
        (
            ["--optimiser", "sgd", "--learning-rate", "10", "--momentum", "0.99", "--steps", "300"],
            "lower learning_rate",
        ),
        (["--out", "a\nb"], "cannot be a puzzle's name"),
        (["--out", "\udcff"], "cannot be a puzzle's name"),
        (["--out", "answers"], "the answers would lie in the puzzle's own folder"),
        (["--out", "q", "--answers", "q/answers"], "the answers would lie in the puzzle's own folder"),
        (["--out", "file"], "file/manifest.json"),
        (["--out", "file/p"], "cannot write"),
        (["--out", "q", "--answers", "file"], "cannot write"),
        (["--out", "x" * 300], "File name too long"),
        (["--out", "."], "no puzzle at manifest.json"),
    ],
)
def test_what_cannot_be_made_is_one_line(
    fails: Callable[..., str], tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "file").touch()
    if "--steps" not in arguments:
        arguments = ["--steps", "5", *arguments]
    assert message in fails("generate", "reassembly", "--width", 3, "--hidden", 4, "--rows", 20, *arguments)
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "file"]
    assert left == []


def test_a_damaged_answer_is_one_line(cli: Cli, fails: Callable[..., str], tmp_path: Path) -> None:
    again = [*GENERATE, "--seed", 3, "--out", "p"]
    cli(*again)
    (path,) = (tmp_path / "answers").iterdir()
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for change, message in (
        ({"answer": [0]}, "does not open its commitment"),
        ({"salt": "x"}, "salt: "),
        ({"digest": "0" * 64}, "the answer is for puzzle"),
    ):
        path.write_text(json.dumps({**value, **change}), encoding="utf-8")
        assert message in fails(*again)


def test_export_and_import(cli: Cli, tmp_path: Path, stored: Path, tiny: Made) -> None:
    code, out, err = cli("export", "janestreet", stored / "p", "--out", "layout", "--nested")
    assert (code, out, err) == (0, "layout\n", "")
    code, out, _ = cli("import", "janestreet", "layout")
    puzzle = load_puzzle(tmp_path / "layout-puzzle")
    assert code == 0
    assert out == f"layout-puzzle  {puzzle.digest[:12]}  22 tensors, 300 rows\n"
    assert puzzle.manifest.tensors == tiny.puzzle.manifest.tensors
    assert puzzle.manifest.commitment is None


def test_import_remarks_on_what_deviates_and_exits_with_zero(cli: Cli, tmp_path: Path, stored: Path) -> None:
    cli("export", "janestreet", stored / "p", "--out", "layout")
    (tmp_path / "layout/pieces/.DS_Store").touch()
    (tmp_path / "layout/historical_data.csv").rename(tmp_path / "layout/data.csv")
    code, out, err = cli("import", "janestreet", "layout", "--out", "q")
    assert code == 0
    assert out.startswith("q  ")
    assert err == "q: the table is layout/data.csv\nq: skipped in layout/pieces: .DS_Store\n"


def test_import_of_a_whole_network_seals_the_answer(cli: Cli, tmp_path: Path, stored: Path, tiny: Made) -> None:
    cli("export", "janestreet", stored / "p", "--out", "layout")
    state: dict[str, torch.Tensor] = {}
    for position, number in enumerate(tiny.sealed.answer):  # type: ignore[arg-type]  # a list
        path = tmp_path / f"layout/pieces/piece_{number}.pth"
        state |= {f"{position}.{kind}": value for kind, value in torch.load(path, weights_only=True).items()}
    shutil.rmtree(tmp_path / "layout/pieces")
    torch.save(state, tmp_path / "layout/model.pth")
    code, _, err = cli("import", "janestreet", "layout", "--out", "q")
    assert code == 0
    assert err.startswith("q: model.pth holds a whole network of 11 layers")
    loaded = load_with_answer(tmp_path / "q")
    assert loaded.sealed is not None
    found, wanted = view_puzzle(loaded.puzzle), view_puzzle(tiny.puzzle)
    assert torch.equal(found.assembled(loaded.sealed.answer).U, wanted.assembled(tiny.sealed.answer).U)


def test_export_says_what_the_layout_cannot_hold(cli: Cli, tmp_path: Path) -> None:
    cli(*GENERATE, "--activation", "gelu", "--seed", 1, "--out", "p")
    code, _, err = cli("export", "janestreet", "p", "--out", "layout")
    assert code == 0
    assert "this network's is gelu, not relu" in err
    assert cli("import", "janestreet", "layout", "--activation", "gelu", "--out", "q", "--hash", "A" * 64)[0] == 0
    manifest = load_puzzle(tmp_path / "q").manifest
    assert (manifest.spec, manifest.solution_sha256) == ({"activation": "gelu"}, "a" * 64)


def test_what_cannot_be_exported_or_imported_is_one_line(
    cli: Cli, fails: Callable[..., str], stored: Path, tmp_path: Path
) -> None:
    cli("export", "janestreet", stored / "p", "--out", "layout")
    (tmp_path / "empty").mkdir()
    for arguments, message in (
        (["export", "janestreet", "nowhere", "--out", "q"], "no puzzle at nowhere"),
        (["export", "janestreet", stored / "p", "--out", "layout"], "layout exists already"),
        (["export", "janestreet", stored / "p"], "--out"),
        (["import", "janestreet", "nowhere", "--out", "q"], "no folder at nowhere"),
        (["import", "janestreet", "empty", "--out", "q"], "holds neither pieces/"),
        (["import", "janestreet", "layout", "--out", "empty"], "empty exists already"),
        (["import", "janestreet", "layout", "--out", "."], "exists already"),
        (["import", "janestreet", "layout", "--out", "q", "--activation", "step"], "no activation 'step'"),
        (["import", "janestreet", "layout", "--out", "q", "--hash", "1"], "is no SHA-256"),
        (["import", "janestret", "layout"], "janestret"),
    ):
        assert message in fails(*arguments)
    assert not (tmp_path / "q").exists()
    assert list((tmp_path / "empty").iterdir()) == []


def test_an_interrupted_command_leaves_nothing(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("generator.puzzle.storage._save_tensors", interrupt)
    code, _, err = cli(*GENERATE, "--seed", 3, "--out", "p")
    assert code == 130
    assert err == "netjigsaw: interrupted; finished work is kept\n"
    assert [path for path in tmp_path.rglob("*") if path.name != "answers"] == []


def test_a_fault_in_a_file_from_a_real_process(tmp_path: Path, stored: Path) -> None:
    path = stored / "p/pieces.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    command = [sys.executable, "-m", "netjigsaw", "export", "janestreet", str(stored / "p"), "--out", "q"]
    plain, full = (
        subprocess.run([*command, *more], cwd=tmp_path, capture_output=True, text=True, check=False)
        for more in ([], ["--traceback"])
    )
    assert plain.returncode == full.returncode == 1
    assert plain.stdout == ""
    assert len(plain.stderr.splitlines()) == 1
    assert "pieces.safetensors is damaged or truncated" in plain.stderr
    assert "Traceback" in full.stderr
    assert full.stderr.endswith(plain.stderr)


def test_solvers_and_families_are_listed(cli: Cli, fails: Callable[..., str]) -> None:
    code, out, _ = cli("solvers", "--family", "reassembly")
    assert code == 0
    assert "reassembly/park[" in out
    assert "origin: solvers/reassembly/published/" in out
    code, out, _ = cli("families")
    assert code == 0
    assert "tiny, small" in out
    assert "no puzzle family 'reasembly'; did you mean reassembly?" in fails("solvers", "--family", "reasembly")


def test_version_help_mistyped_commands_and_public_names(cli: Cli, fails: Callable[..., str]) -> None:
    assert cli("--version")[:2] == (0, __version__ + "\n")
    assert cli("--help")[0] == 0
    assert "generte" in fails("generte")
    for name in netjigsaw.__all__:
        assert getattr(netjigsaw, name) is not None
    assert dir(netjigsaw) == netjigsaw.__all__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        netjigsaw.nothing  # noqa: B018 - the access is what is tested


def test_plug_ins(cli: Cli, fails: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.py").write_text("1 / 0\n", encoding="utf-8")
    (tmp_path / "good.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert "ZeroDivisionError" in fails("--plugin", "bad.py", "families")
    assert "ZeroDivisionError" in fails("families", "--plugin=bad.py")
    assert "no Python file" in fails("families", "--plugin", "nowhere.py")
    assert "--plugin needs" in fails("families", "--plugin")
    assert cli("families", "--plugin", "good.py")[0] == 0
    monkeypatch.setenv("NETJIGSAW_PLUGINS", os.pathsep.join(["good.py", "bad.py"]))
    assert "ZeroDivisionError" in fails("families")


def test_a_package_whose_families_fail_breaks_no_command(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "their_broken_families.py").write_text("raise ImportError('numba is missing')\n", encoding="utf-8")
    (tmp_path / "their_working_families.py").write_text("seen = True\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    points = {
        "netjigsaw.families": [
            metadata.EntryPoint(name, name, "netjigsaw.families")
            for name in ("their_broken_families", "their_working_families")
        ]
    }
    monkeypatch.setattr(metadata, "entry_points", lambda group: points.get(group, []))
    code, out, err = cli("families")
    assert code == 0
    assert "reassembly" in out
    assert err.count("\n") == 1
    assert "'their_broken_families' failed to import: ImportError: numba is missing" in err
    assert sys.modules.pop("their_working_families").seen


def test_a_spec_that_takes_our_options_is_one_line(
    fails: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.family.registry._FAMILIES", {})
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "clash.py").write_text(
        "from pydantic import BaseModel\n"
        "from netjigsaw import Family, register_family\n"
        "class Spec(BaseModel):\n    seed: int = 1\n"
        "register_family(Family('clash', '', Spec, {}, None, None, ()))\n",
        encoding="utf-8",
    )
    assert "family 'clash' has a field 'seed'" in fails("--plugin", "clash.py", "generate", "clash")


def test_durations() -> None:
    assert [parse_duration(text) for text in ("90s", "10m", "1.5 h", "250ms", "7", "none", " None ")] == [
        90.0,
        600.0,
        5400.0,
        0.25,
        7.0,
        None,
        None,
    ]
    assert [show_duration(value) for value in (0.42, 59.0, 75, 3599.7, 7300)] == [
        "0.42 s",
        "59 s",
        "1 min 15 s",
        "1 h 0 min",
        "2 h 1 min",
    ]


def test_sizes() -> None:
    assert [parse_size(text) for text in ("4GiB", "512M", "64", "2 t", "1024k", "none")] == [
        4096,
        512,
        64,
        2**21,
        1,
        None,
    ]


@pytest.mark.parametrize("text", ["", "s", "-1s", "0", "0.0m", "1d", "1e3", "inf", "nan", "1 2", "9" * 400])
def test_senseless_durations_are_refused(text: str) -> None:
    with pytest.raises(netjigsaw.NetjigsawError, match="cannot read the duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "g", "-1G", "0", "1x", "4b", "4ib", "inf", "9" * 400])
def test_senseless_sizes_are_refused(text: str) -> None:
    with pytest.raises(netjigsaw.NetjigsawError, match="cannot read the size"):
        parse_size(text)
