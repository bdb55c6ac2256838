"""The published solvers of the residual-network puzzle, composed as their authors published them.

A leaderboard compares other solvers with them, so each published solver uses every step that its authors found to
help. The steps that several solvers share are in the modules next to this package.
"""
