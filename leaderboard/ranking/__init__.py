"""From result rows to ranked records."""
