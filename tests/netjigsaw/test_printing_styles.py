"""Programs print their answer in many styles; each one solves the puzzle, or its row says what was wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from benchmark.results.store import Store
from benchmark.results.trial import Row, Status
from generator.puzzle.storage import save_answer, save_puzzle
from generator.reassembly.making.generate import generate
from generator.reassembly.spec import PRESETS, ReassemblySpec
from netjigsaw.__main__ import run

if TYPE_CHECKING:
    from generator.puzzle.sealing import Made

PRELUDE = """import json, sys
order = ORDER
pairs = [order[at : at + 2] for at in range(0, 12, 2)]
print("epoch 1/13 loss 0.5 in 3 s")
print("warming up 0 1 2", file=sys.stderr)
"""
SOLVED = {
    "remark": "print('Permutation:', ','.join(map(str, order)), '(mse=0.0)')",
    "full-stop": "print('the answer is ' + str(order) + '.')",
    "log": "print('2026-01-01 12:00:00 INFO solver: ' + ','.join(map(str, order)))",
    "one-a-line": "print(*order, sep='\\n')",
    "wrapped": "print(*order[:5]); print(*order[5:10]); print(*order[10:]); print('done')",
    "quoted": "print(','.join(f'\"{piece}\"' for piece in order))",
    "floats": "print([float(piece) for piece in order])",
    "pairs": "print([tuple(pair) for pair in pairs], order[-1], sep=', ')",
    "pair-a-line": "for pair in pairs: print(*pair)\nprint(order[-1])",
    "pairs-and-last": "print(json.dumps({'pairs': pairs, 'last': order[-1]}))",
    "indented": "print(json.dumps({'pairs': pairs, 'last': order[-1]}, indent=4))",
    "files": "print(', '.join(f'piece_{piece}.pth' for piece in order))",
    "arrows": "print(' -> '.join(map(str, order)))",
    "index-from-1": "for at, piece in enumerate(order, 1): print(f'{at}: {piece}')",
    "array": "import numpy\nprint(numpy.array(order))",
    "last-counts": "print(order[::-1])\nprint(order)\nprint(order[:-1])",
}
ELSEWHERE = {
    "standard-error": ("print(order, file=sys.stderr)", "the answer is from standard error"),
    "text-file": ("print(*order, file=open('solution.txt', 'w'))", "the answer is from solution.txt"),
    "json-file": ("json.dump(order, open('solution.json', 'w'), indent=1)", "the answer is from solution.json"),
    "conflict": (
        "print(order)\nprint(order[::-1], file=open('solution.csv', 'w'))",
        "solution.csv holds another answer than standard output, which counts",
    ),
}
REFUSED = {
    "twice": ("print([*order[:-1], order[0]])", "line 2 holds 13 numbers, but piece"),
    "blocks": ("print(*[5, 3, 0, 1, 2, 4])", "line 2 holds 6 numbers; an order of blocks is no answer"),
    "from-1": ("print([piece + 1 for piece in order])", "line 2 holds 13 numbers from 1 to 13"),
    "two-on-a-line": ("print(order, order[::-1])", "line 2 holds 2 different permutations"),
    "scientific": ("print(*[f'{piece:e}' for piece in order])", "scientific notation"),
    "index-from-0": ("for row in enumerate(order): print(*row)", "either number may be the piece"),
    "echo": ("print(f'Namespace(order={order})')", "among a program's arguments"),
    "bad-file": ("print(*order[1:], file=open('solution.txt', 'w'))", "solution.txt: line 1 holds only 12 of the 13"),
    "link": ("import os\nos.symlink('/etc/passwd', 'solution.txt')", "a link that leads out of the working folder"),
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """Run every program on one puzzle of 13 pieces, and give the rows by its name."""
    made: Made = generate(ReassemblySpec.model_validate(PRESETS["tiny"]), name="p1", seed=1)
    home = tmp_path_factory.mktemp("programs")
    save_puzzle(made.puzzle, home / "p1")
    save_answer(made.sealed, home / "answers")
    programs = {**SOLVED, **{name: code for name, (code, _) in {**ELSEWHERE, **REFUSED}.items()}}
    commands: list[str] = []
    for name, code in programs.items():
        (home / f"{name}.py").write_text(PRELUDE.replace("ORDER", str(made.sealed.answer)) + code + "\n")
        commands += ["--solver-command", f"{name}={sys.executable} {name}.py"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        assert run(["run", "p1", *commands, "--timeout", "30s"]) == 0
    return {row.solver: row for row in Store(home / "results").rows()}


@pytest.mark.parametrize("name", SOLVED)
def test_each_style_solves(rows: dict[str, Row], name: str) -> None:
    assert (rows[name].status, rows[name].reason) == (Status.SOLVED, "")


@pytest.mark.parametrize("name", ELSEWHERE)
def test_an_answer_outside_standard_output_solves_with_a_remark(rows: dict[str, Row], name: str) -> None:
    assert (rows[name].status, rows[name].reason) == (Status.SOLVED, ELSEWHERE[name][1])


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_explained(rows: dict[str, Row], name: str) -> None:
    assert rows[name].status is Status.WRONG_FORMAT, rows[name].reason
    assert rows[name].reason.startswith("printed no valid answer: ")
    assert REFUSED[name][1] in rows[name].reason
