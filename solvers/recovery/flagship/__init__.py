"""The flagship: choose and combine the other solvers by the properties of the puzzle."""
