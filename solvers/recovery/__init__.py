"""Solvers of the family `recovery`, and the numerics that they share."""
