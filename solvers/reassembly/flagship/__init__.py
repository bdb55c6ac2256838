"""The suite's own solvers: `flagship` and `fast`."""
