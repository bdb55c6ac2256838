"""Describe the machine and the settings of a run, once per session."""

from __future__ import annotations

import os
import platform
import secrets
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from benchmark.results.planned import SuiteUse  # noqa: TC001 - pydantic reads the annotation
from generator.home import HOME
from generator.version import __version__

__all__ = ["Session", "describe_session"]

_PACKAGES = ("torch", "numpy", "scipy", "safetensors")


class Session(BaseModel):
    """Machine, versions and settings that all rows of one run share."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    id: str
    """Starts with the time in UTC, so that sessions sort by it."""
    kind: Literal["run", "rescore"] = "run"
    started: str
    host: str
    system: str
    cpu: str
    cores: int
    memory_mib: int
    jobs: int
    threads: int
    isolation: str
    """`namespaces`, or `rlimits`: then solvers can reach the answers if they know the path."""
    versions: dict[str, str]
    blas: str
    commit: str | None = None
    """Git commit of netjigsaw's folder, with a plus if files differ from it; None outside a git repository."""
    plugins: tuple[str, ...] = ()
    suites: tuple[SuiteUse, ...] = ()
    """Cells of suites that this run planned. A planned cell without a row counts as missing."""


def describe_session(
    *,
    jobs: int,
    threads: int,
    isolation: str,
    plugins: tuple[str, ...] = (),
    kind: Literal["run", "rescore"] = "run",
    suites: tuple[SuiteUse, ...] = (),
) -> Session:
    """Read the machine's description and the versions of the installed packages."""
    now = datetime.now(UTC)
    versions = {"netjigsaw": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        versions[package] = metadata.version(package)
    return Session(
        id=f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}",
        kind=kind,
        started=now.isoformat(timespec="seconds"),
        host=platform.node(),
        system=platform.platform(),
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)),
        memory_mib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        jobs=jobs,
        threads=threads,
        isolation=isolation,
        versions=versions,
        blas=_blas(),
        commit=_commit(),
        plugins=plugins,
        suites=suites,
    )


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model")))
    return next(names, platform.processor() or platform.machine())


def _blas() -> str:
    import numpy as np  # noqa: PLC0415 - only this function needs it

    config = np.show_config(mode="dicts")
    blas = config.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def _commit() -> str | None:
    if not (HOME / ".git").exists():
        return None
    try:
        found = subprocess.run(  # noqa: S603 - constant arguments except this repository's folder
            ["git", "-C", str(HOME), "describe", "--always", "--dirty=+", "--abbrev=40", "--exclude=*"],  # noqa: S607 - the user's git
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()
