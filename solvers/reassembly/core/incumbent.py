"""The incumbent: the best assembly so far of one attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from solvers.reassembly.core.assembly import Assembly

__all__ = ["Incumbent"]


class Incumbent:
    """Keep the best assembly of an attempt and report each better one.

    An attempt has one incumbent. Searches hold a reference to it and read or offer assemblies.
    """

    def __init__(self, start: Assembly, report: Callable[[Assembly], None]) -> None:
        """Report an unmeasured assembly, so that there is an answer from the start."""
        self._assembly = start
        self._report = report
        report(start)

    @property
    def assembly(self) -> Assembly:
        """The best assembly so far."""
        return self._assembly

    @property
    def measured(self) -> bool:
        """Whether any assembly was offered with a measured error."""
        return self._assembly.rows > 0

    def offer(self, assembly: Assembly) -> None:
        """Keep an assembly if it is better, and report it if its halves differ from the incumbent's.

        An error on more rows replaces an error on fewer rows, even a lower one.
        """
        held = self._assembly
        if assembly.rows < held.rows or (assembly.rows == held.rows and assembly.mse >= held.mse):
            return
        self._assembly = assembly
        if assembly.halves != held.halves:
            self._report(assembly)
