"""A comparison as text for people, and as JSON for programs."""
