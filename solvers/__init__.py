"""Solvers, one sub-package per family. Each solver is composed from plain functions."""
