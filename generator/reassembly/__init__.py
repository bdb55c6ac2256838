"""Reassembly puzzles: the shuffled layers of a trained residual network."""

from __future__ import annotations

from generator.reassembly.network import ResidualNetwork
from generator.reassembly.puzzle import ReassemblyPuzzle, view_puzzle

__all__ = ["ReassemblyPuzzle", "ResidualNetwork", "view_puzzle"]
