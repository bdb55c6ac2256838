"""The flagship: it looks at what a puzzle offers and combines the other solvers."""
