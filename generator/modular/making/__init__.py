"""Makes puzzles: networks from recipes, scrambled weights and symbols, the sealed truth."""
