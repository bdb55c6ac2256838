"""Note the machines on which the times of a table were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from benchmark.results.session import Session

__all__ = ["MACHINE", "machine_notes", "with_machines"]

MACHINE = "machine"
"""Column with the machine of each row; a frame need not have it."""


def with_machines(frame: pd.DataFrame, sessions: Mapping[str, Session]) -> pd.DataFrame:
    """Add each row's machine; the frame needs the column `session`."""
    names = {name: _name(session) for name, session in sessions.items()}
    return frame.assign(**{MACHINE: frame["session"].astype(str).map(names)})


def _name(session: Session) -> str:
    memory = f"{session.memory_mib / 1024:.0f} GiB"
    return ", ".join(filter(None, [session.host, session.cpu, f"{session.cores} cores", memory]))


def machine_notes(live: pd.DataFrame) -> Iterator[str]:
    """Warn if the rows that count come from several machines, because times of two machines cannot be compared."""
    if MACHINE not in live.columns:
        return
    machines = live[MACHINE].dropna().nunique()
    if machines > 1:
        yield f"Times were measured on up to {machines} machines, so the times of two solvers may not be comparable."
