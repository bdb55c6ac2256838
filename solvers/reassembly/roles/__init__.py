"""Find which square halves are incoming, for puzzles with unknown roles."""
