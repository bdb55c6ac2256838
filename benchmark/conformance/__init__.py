"""Test whether a solver keeps to the contract, by trials of unusual puzzles in the real harness."""
