"""Local searches of the published solvers."""
