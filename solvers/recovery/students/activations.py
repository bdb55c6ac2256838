"""Find a hidden activation: advance one search per activation in turn, until a certificate holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.recovery.network.activations import ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from solvers.recovery.students.reduction import Candidate

__all__ = ["in_turn", "possible_activations"]

SAME_FUNCTIONS = {"sigmoid": "tanh"}
"""Activations whose networks compute the same functions as networks of another activation with as many units:
sigmoid(z) = (1 + tanh(z / 2)) / 2. No data distinguish the two, so only the other activation is tried."""


def possible_activations(activation: str | None) -> tuple[str, ...]:
    """List the activations to try: the known one, or all activations that data can distinguish."""
    if activation is not None:
        return (activation,)
    return tuple(name for name in ACTIVATIONS if name not in SAME_FUNCTIONS)


def in_turn(activations: Iterable[str], search: Callable[[str], Iterator[Candidate]]) -> Iterator[Candidate]:
    """Run one search per activation, and yield one candidate of each search in turn.

    Args:
        activations: names of the activations.
        search: function that starts the search for one activation.
    """
    running = [search(name) for name in activations]
    while running:
        for one in list(running):
            try:
                yield next(one)
            except StopIteration:
                running.remove(one)
