"""Does a solver keep to the contract? Trials of awkward puzzles in the real harness, and what they show."""
