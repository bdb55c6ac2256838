"""From result rows to ranked tables and pictures."""
