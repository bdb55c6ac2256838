"""The questions of a puzzle: their names, the words of their answers, and the interventions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from generator.modular.measures.circles import isolate, knock_out
from generator.modular.network.circle import companion

if TYPE_CHECKING:
    import torch

    from generator.modular.network.model import ModularNetwork

__all__ = [
    "INTERVENTIONS",
    "KINDS",
    "LABELS",
    "PAIRS",
    "QUESTIONS",
    "Intervention",
    "correct_logits",
    "intervene",
]

LABELS = ("pizza", "clock", "hybrid", "other")
"""Labels of a network: how it adds, measured on its logits per frequency (Zhong et al. 2023, arXiv 2306.17844).

pizza: every key frequency is a pizza. clock: every key frequency is a clock. hybrid: some are pizzas and some are
clocks. other: the network adds in another way, or does not add. The label says how the logits depend on a - b, and not
how the weights are arranged; arXiv 2512.25060 and 2505.18266 find the arrangements of both algorithms alike.
"""
KINDS = ("pizza", "clock", "undecided")
"""Kinds of a key frequency in an answer."""
QUESTIONS = ("label", "frequencies", "kinds", "companions", "relabelling", "interventions", "explanation")
"""Entries of an answer."""
PAIRS = 128
"""Pairs of symbols at which the outcome of an intervention is asked. A larger value makes answers longer. Hand-set."""

Action = Literal["delete", "keep", "delete companion"]


@dataclass(frozen=True)
class Intervention:
    """A change of both embedding tables; the means of the tables are kept.

    Attributes:
        action: delete: remove circle k. keep: remove every circle but k. delete companion: remove circle 2 k.
        rank: the circle k has the rank-th largest amplitude in the logits, from 1.
    """

    action: Action
    rank: int


INTERVENTIONS = tuple(
    Intervention(action, rank) for rank in (1, 2) for action in ("delete", "keep", "delete companion")
)
"""The interventions of every puzzle. They do not depend on the network, so that they tell nothing about it."""


def intervene(network: ModularNetwork, action: Action, frequency: int) -> ModularNetwork:
    """Change the embedding tables of a network whose symbols are in the order of their residues.

    Args:
        network: rows of the tables in the order of the residues.
        action: what to do with the circle.
        frequency: k, in the names of those residues.
    """
    if action == "keep":
        return isolate(network, (frequency,))
    if action == "delete":
        return knock_out(network, (frequency,))
    return knock_out(network, (companion(frequency, network.modulus),))


def correct_logits(network: ModularNetwork, pairs: torch.Tensor) -> torch.Tensor:
    """Compute the correct logit minus the mean over all classes at pairs of residues, n x 2; n values."""
    first, second = pairs.unbind(dim=1)
    logits = network(network.first[first], network.second[second])
    correct = logits.gather(1, ((first + second) % network.modulus)[:, None])[:, 0]
    return correct - logits.mean(dim=1)
