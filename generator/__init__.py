"""Makes puzzles: trains networks, breaks them, seals the answer, reads and writes puzzles."""
