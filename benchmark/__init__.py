"""Measure solvers: run isolated trials, score the answers, keep the rows in an append-only store."""
