"""Solvers that train students: networks fitted to the hidden network's outputs."""
