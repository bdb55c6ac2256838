"""Compare two sets of results, BASE and NEW, by paired statistics; the gate fails if NEW is worse."""
