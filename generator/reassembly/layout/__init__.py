"""Puzzles outside the suite: the published layout, roles of pieces, printed answers."""
