"""Make puzzles: train a network, split it into pieces, seal the answer, read and write puzzles."""
