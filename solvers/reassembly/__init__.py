"""Solvers of reassembly puzzles."""
