"""The family record, which describes one kind of puzzle, and the list of families."""
