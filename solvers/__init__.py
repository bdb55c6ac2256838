"""Puts networks back together: one sub-package per family, solvers composed from plain functions."""
