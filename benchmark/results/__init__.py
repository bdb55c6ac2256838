"""Trials, outcomes, rows, and the result store on disk."""
