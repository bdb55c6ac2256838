"""Numerics that several solvers share: least squares, clustering, pruning, sign flips, certificates."""
