"""Reassembly puzzles: the shuffled layers of a trained residual network.

record.py      the family's record: everything that the rest of the suite knows of it
spec.py        recipes: fields, limits, presets
puzzle.py      the puzzle as a solver sees it, and the form of an answer
network/       the residual network as stacked tensors, its loss gradient, the tasks that it learns
making/        from a recipe and a seed to a puzzle: train, check, degrade, shuffle, seal
scoring/       score of an answer, exactness certificate, likelihood of assemblies of degraded puzzles
layout/        the published layout and other forms outside this suite: import, export, printed answers
examples/      small puzzles for `netjigsaw check`, and the starter solver
"""
