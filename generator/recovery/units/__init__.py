"""Find hidden units that no query or table row shows, and remove them from the hidden network."""
