"""Is NEW worse than BASE? Paired statistics of two sets of results, and the gate that fails on a regression."""
