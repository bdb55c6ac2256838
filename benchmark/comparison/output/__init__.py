"""Output of a comparison: text for people, JSON for programs."""
