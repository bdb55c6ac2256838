"""Find a hidden activation: run a search for each one in turn, and let the certificate decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.recovery.network.activations import ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from solvers.recovery.students.reduction import Candidate

__all__ = ["in_turn", "possible_activations"]

SAME_FUNCTIONS = {"sigmoid": "tanh"}
"""Activations whose networks are networks of another activation with the same units, since
sigmoid(z) = (1 + tanh(z / 2)) / 2. No data tell them apart, so one of each pair is tried."""


def possible_activations(activation: str | None) -> tuple[str, ...]:
    """List the activations to try: the known one, or all that data can tell apart."""
    if activation is not None:
        return (activation,)
    return tuple(name for name in ACTIVATIONS if name not in SAME_FUNCTIONS)


def in_turn(activations: Iterable[str], search: Callable[[str], Iterator[Candidate]]) -> Iterator[Candidate]:
    """Advance one search per activation, one candidate each in turn, and pass their candidates on.

    Args:
        activations: names.
        search: starts the search for one activation; it yields at least one candidate per ensemble.
    """
    running = [search(name) for name in activations]
    while running:
        for one in list(running):
            try:
                yield next(one)
            except StopIteration:
                running.remove(one)
