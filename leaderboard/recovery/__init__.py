"""Describe and draw puzzles of the family `recovery`."""
