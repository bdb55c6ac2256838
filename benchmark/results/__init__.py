"""Trials, outcomes, rows, and the folder that keeps them."""
