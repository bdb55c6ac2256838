"""Commands that make, import and list puzzles."""
