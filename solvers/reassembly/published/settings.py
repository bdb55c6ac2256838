"""Checks of a solver's settings, made before anything runs."""

from __future__ import annotations

from generator.errors import SpecError
from generator.suggest import did_you_mean
from solvers.reassembly.ordering.seeding import PROXIES

__all__ = ["check_positive", "check_seed"]


def check_positive(**settings: float) -> None:
    """Check that settings are above zero.

    Raises:
        SpecError: if a setting is not above zero; the error names the first one.
    """
    for name, value in settings.items():
        if not value > 0:
            raise SpecError(f"{name} must be above 0, not {value}")


def check_seed(seed: str, *others: str) -> None:
    """Check the name of a seed order.

    Raises:
        SpecError: if it is neither a depth proxy nor one of `others`.
    """
    known = [*PROXIES, *others]
    if seed not in known:
        raise SpecError(f"no seed order {seed!r}{did_you_mean(seed, known)}")
