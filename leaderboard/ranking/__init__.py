"""From result rows to ranked tables."""
