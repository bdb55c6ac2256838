"""Solvers of the family `modular`."""
