"""Pictures of puzzles and of runs."""
