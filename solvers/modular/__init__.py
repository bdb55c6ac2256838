"""Solvers of the family `modular`, and the numerics that they share."""
