"""Measures solvers: isolated trials, scoring, an append-only store."""
