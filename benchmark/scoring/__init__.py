"""Scoring, one pure module per family."""
