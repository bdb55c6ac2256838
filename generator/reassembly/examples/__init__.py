"""Puzzles to try solvers on, and the solver that people start from."""
