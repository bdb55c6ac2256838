"""The tutorials are followed from start to end, and what they show on the screen is what is seen there."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from generator.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

TUTORIALS = sorted((Path(__file__).parents[1] / "docs" / "tutorials").glob("*.md"))
GUARD = next(path for path in TUTORIALS if path.stem == "guard-a-heuristic")
OR_ELSE = ' || echo "exit code $?"'


def blocks(document: Path) -> list[tuple[str, str]]:
    """Take out the fenced blocks, each with its language."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def plain(line: str) -> str:
    """Leave out what differs between machines: digests, numbers but for counts such as 2/13, and spaces."""
    line = re.sub(r"\b[0-9a-f]{12,}\b", "#", line)
    line = re.sub(r"(\d+/\d+)|[+−-]?\d[\d.,:]*(?:e[+-]?\d+)?", lambda found: found[1] or "#", line)
    return " ".join(line.split())


def unseen(shown: str, seen: str) -> list[str]:
    """List the lines of a picture of the screen that were not seen; three dots stand for anything."""
    lines = [plain(line) for line in seen.splitlines()]
    patterns = {line: ".*".join(map(re.escape, plain(line).split("..."))) for line in shown.splitlines()}
    return [line for line, pattern in patterns.items() if not any(re.fullmatch(pattern, one) for one in lines)]


def follow(script: str, cli: Callable[..., tuple[int, str, str]]) -> str:
    """Type the lines one by one, the program's own in this process, and give all that is seen."""
    seen = ""
    for line in script.splitlines():
        if not line.startswith("netjigsaw "):
            subprocess.run(["bash", "-euc", line], check=True)  # noqa: S607 - the reader's own shell
            continue
        code, out, err = cli(*shlex.split(line.removesuffix(OR_ELSE))[1:])
        assert (code != 0) is line.endswith(OR_ELSE), (line, code, out, err)
        seen += out + err + (f"exit code {code}\n" if code else "")
    return seen


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_can_be_followed(
    tutorial: Path, cli: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    seen, pictures = "", 0
    for language, text in blocks(tutorial):
        named = re.match(r"# (\S+\.(?:py|yml))\n", text)
        if language == "sh":
            seen = follow(text, cli)
        elif language == "text":
            assert not unseen(text, seen), seen
            pictures += 1
        elif named:
            Path(named[1]).parent.mkdir(parents=True, exist_ok=True)
            Path(named[1]).write_text(text, encoding="utf-8")
    assert pictures


def test_a_picture_of_another_screen_is_noticed() -> None:
    seen = "tiny   mine  solved  0.31 s\n 1  mine  2/13  4–42  verdict: fine\n"
    assert not unseen("tiny mine solved 7.5 s\n...\n1 mine 2/13 1–99 ...\n", seen)
    assert unseen("tiny mine partial 0.31 s\n1 mine 3/13 4–42 verdict: fine\n", seen) == [
        "tiny mine partial 0.31 s",
        "1 mine 3/13 4–42 verdict: fine",
    ]


def test_the_workflow_does_what_was_tried() -> None:
    (text,) = [text for language, text in blocks(GUARD) if language == "yaml"]
    held = yaml.safe_load(text)
    assert set(held[True]) == {"pull_request", "push"}  # YAML reads the key `on` as a truth value
    assert held["env"]["NETJIGSAW"] == f"netjigsaw=={__version__}"
    assert held["permissions"] == {"contents": "read"}
    steps = held["jobs"]["gate"]["steps"]
    runs = [step["run"] for step in steps if "run" in step]
    tried = "".join(text for language, text in blocks(GUARD) if language == "sh").splitlines()
    gate = next(run for run in runs if "--strict" in run)
    assert gate in tried
    assert next(run for run in runs if run.startswith("netjigsaw run ")) in tried
    assert [step for step in steps if step.get("run") == gate and "if" not in step], "a gate must not be left out"
    assert "--fail-on none" in runs[-1], "only showing must not fail"
