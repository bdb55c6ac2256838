"""Which outgoing half belongs to which incoming half, by weights and by data."""
