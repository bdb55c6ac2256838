"""The example of a results repository: its workflow is YAML. Every command in it and in the tutorials exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from generator.version import __version__
from netjigsaw.cli.app import build_app
from netjigsaw.cli.shared.plugins import take_plugins

TOP = Path(__file__).parents[2]
WORKFLOW = TOP / "examples" / "results-repository" / ".github" / "workflows" / "results.yml"
DOCUMENTS = (
    WORKFLOW,
    WORKFLOW.parents[2] / "README.md",
    TOP / "CONTRIBUTING.md",
    TOP / "docs" / "submitting.md",
    *sorted((TOP / "docs" / "tutorials").glob("*.md")),
)
OWN = "submit|verify|leaderboard|suite|run|compare|generate|show|solve|new-solver|check|export|import"


def workflow() -> dict[Any, Any]:
    held = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert isinstance(held, dict)
    return held


def steps(job: str) -> list[dict[str, Any]]:
    return list(workflow()["jobs"][job]["steps"])


def commands(text: str) -> list[list[str]]:
    """Take out the program's own commands, without redirections and with globs as a file."""
    joined = re.sub(r"\\\n\s*", " ", text)
    found = re.findall(r"(?:^|[\s`(])netjigsaw ((?:" + OWN + r") [^`\n]*)", joined)
    words = [shlex.split(re.split(r"\s(?:>>?|#|&&|\|\|?)\s", line)[0]) for line in found]
    return [[word.replace("*", "x") for word in line] for line in words]


def parse(arguments: list[str]) -> None:
    """Let the command's own parser read the arguments; nothing is run."""
    arguments, plugins = take_plugins(arguments)  # loads the families too, each of which is a command
    group: Any = typer.main.get_command(build_app(arguments[0], plugins))
    context = group.make_context("netjigsaw", list(arguments))
    name, *rest = arguments
    command = group.get_command(context, name)
    assert command is not None, name
    while hasattr(command, "commands"):
        command, rest = command.get_command(context, rest[0]), rest[1:]
        assert command is not None, arguments
    command.make_context(name, rest, parent=context)


def test_the_parser_refuses_what_does_not_exist() -> None:
    parse(["verify", "a.njz", "--rerun", "3"])
    with pytest.raises(typer.TyperException, match="--rerum"):
        parse(["verify", "a.njz", "--rerum", "3"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_parses(document: Path) -> None:
    if document == WORKFLOW:
        scripts = [str(step["run"]) for job in workflow()["jobs"] for step in steps(job) if "run" in step]
        text = "\n".join(scripts)
    else:
        text = document.read_text(encoding="utf-8")
    found = commands(text)
    assert found, document
    for arguments in found:
        parse([word for word in arguments if word != "--help"])


def test_a_pull_request_is_verified_and_publishes_nothing() -> None:
    held = workflow()
    triggers = held[True]  # YAML reads the key `on` as a truth value
    assert set(triggers) == {"pull_request", "push", "workflow_dispatch"}
    assert triggers["push"] == {"branches": ["main"]}
    assert held["permissions"] == {"contents": "read"}
    assert "permissions" not in held["jobs"]["verify"]
    assert any("netjigsaw verify bundles/*.njz" in str(step.get("run")) for step in steps("verify"))
    publish = held["jobs"]["publish"]
    assert publish["needs"] == "verify"
    assert "github.event_name != 'pull_request'" in publish["if"]
    assert publish["permissions"]["pages"] == "write"


def test_the_page_that_is_made_is_the_one_that_is_published() -> None:
    uses = [str(step.get("uses", "")).partition("@")[0] for step in steps("publish")]
    assert uses[:2] == ["actions/checkout", "actions/setup-python"]
    assert uses[-3:] == ["actions/configure-pages", "actions/upload-pages-artifact", "actions/deploy-pages"]
    (folder,) = [step["with"]["path"] for step in steps("publish") if "upload-pages" in str(step.get("uses"))]
    (script,) = [str(step["run"]) for step in steps("publish") if "leaderboard" in str(step.get("run"))]
    assert f"--html {folder}/index.html" in script


def test_the_version_is_this_one() -> None:
    assert workflow()["env"]["NETJIGSAW"] == f"netjigsaw=={__version__}"
    assert not [step for job in ("verify", "publish") for step in steps(job) if "--rerun" in str(step.get("run"))]
