"""The family record: what the suite knows of one kind of puzzle, and the list of families."""
