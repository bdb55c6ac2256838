"""The published solvers of the dropped residual network, as their authors composed them.

A leaderboard compares other solvers with them, so each published solver uses every step that its authors found to
help. The steps that several solvers share are in the modules next to this package.
"""
