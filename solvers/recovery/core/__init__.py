"""Numerics that several solvers share: least squares, clustering, pruning, flips, certificates."""
