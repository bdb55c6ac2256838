"""Test puzzles for solvers, and a template of a solver."""
